"""News for apps further left."""

from django.dispatch import Signal

# Sent inside the transaction that saves: company, and changed, the set of names that differ.
settings_changed = Signal()

# Asked before anything is saved, with company and changed as above. A receiver answers with
# sentences about what would happen; the person reads them and says it again.
settings_weighed = Signal()

# Asked when settings are shown, with company: what an earlier change of them still leaves to do. A
# receiver answers with how far that is, or None.
settings_settling = Signal()
