"""News for apps further left."""

from django.dispatch import Signal

# Sent inside the transaction that saves: company, and changed, the set of names that differ.
settings_changed = Signal()
