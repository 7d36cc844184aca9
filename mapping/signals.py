"""News for apps further left."""

from django.dispatch import Signal

# Which source records are mapped, published or stale has changed. Sent inside the transaction of
# the change, after it, with `company`, `sources` (ids of source records) and `publication`
# (or None). A receiver may set the publication's `bills_unblocked` and `amount_unblocked`.
mappings_changed = Signal()

# A source record was put together that bills may need: `company` and `record`. Sent inside the
# transaction that makes it, before anything is decided on it.
record_made = Signal()
