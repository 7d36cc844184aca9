"""The steps of sending, named, so that the crash test can stop a worker at every one of them.

`docs/sending.md` numbers the same points. A new step without its place here is not tested.
"""

from enum import StrEnum

from django.conf import settings
from django.utils.module_loading import import_string


class Step(StrEnum):
    QUEUED = "the push is written, its transaction not committed"
    STARTED = "the task has started"
    LOCKED = "mappings, bill and push are locked, nothing is written"
    CLAIMED = "the claim is written, not committed"
    INTENT_KEPT = "the claim is committed, nothing was asked"
    ASKED_FIRST = "the ledger said that it has no such bill, nothing is sent"
    ANSWERED = "the ledger answered the bill, nothing is written"
    SETTLED = "the answer is written, not committed"
    SETTLE_KEPT = "the answer is committed, the task has not ended"
    LOOK_CLAIMED = "the claim for a look-up is written, not committed"
    LOOK_KEPT = "the claim for a look-up is committed, nothing was asked"
    LOOKED = "the look-up was answered, nothing is written"
    LOOK_SETTLED = "what the look-up saw is written, not committed"
    LOOK_SETTLE_KEPT = "what the look-up saw is committed, the task has not ended"


def reached(step: Step) -> None:
    """Nothing, except under test: then the watcher may end this process here and now."""
    if settings.SENDING_WATCHER:
        import_string(settings.SENDING_WATCHER)(step)
