"""News for apps further left."""

from django.dispatch import Signal

# An admin signed in again: `connection`. Sent within the transaction that saved it.
reconnected = Signal()
