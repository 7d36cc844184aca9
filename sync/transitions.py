"""What a push becomes: every change of its state, with the line in the trail that belongs to it.

The caller holds the push's row. Each of these ends the claim: the lease is given back.
"""

import secrets
from datetime import datetime, timedelta

from django.conf import settings

from audit import trail
from audit.models import Verb
from common.dates import database_now
from sync.models import Push

CONSENT_CHECK = timedelta(minutes=5)


def new_key() -> str:
    """Random, and short enough for every ledger (at most 24 characters)."""
    return secrets.token_hex(10)


def become_unknown(push: Push, sentence: str, *, starts: int = 0) -> None:
    push.was_unknown = True
    push.state = Push.State.UNKNOWN
    push.cause, push.sentence = Push.Cause.NO_ANSWER, sentence
    push.not_found, push.looked_at = 0, None
    first_look = timedelta(seconds=settings.SENDING["first_look"])
    _release(push, due_at=database_now() + first_look, starts=starts)
    trail.record(Verb.UNKNOWN, push, by=None, machine="Sender", reason=sentence)


def requeue(push: Push, wait: timedelta, cause: Push.Cause, sentence: str) -> None:
    push.state = Push.State.QUEUED
    push.cause, push.sentence = cause, sentence
    _release(push, due_at=database_now() + wait)
    trail.record(Verb.REQUEUED, push, by=None, machine="Sender", reason=sentence)


def wait(push: Push, until: datetime, cause: Push.Cause, sentence: str) -> None:
    """The state stays; only the next moment to act moves. Not worth a line in the trail."""
    push.cause, push.sentence = cause, sentence
    _release(push, due_at=until)


def fail(push: Push, cause: Push.Cause, sentence: str) -> None:
    """It is surely not in the ledger, and a person has to act before it may go.

    Where an answer was lost and the ledger has not clearly refused this key since, nobody is that
    sure: what failed may go again under another key, so a person has to look first.
    """
    if push.was_unknown:
        set_aside(
            push,
            Push.Cause.NOT_FOUND,
            f"An answer was lost, and it was not sent again: {sentence} Look in the ledger, then"
            " say whether the bill is there.",
        )
        return
    end(push, Push.State.FAILED, cause, sentence)
    trail.record(Verb.FAILED, push, by=None, machine="Sender", reason=sentence)


def set_aside(push: Push, cause: Push.Cause, sentence: str) -> None:
    end(push, Push.State.SET_ASIDE, cause, sentence)
    trail.record(Verb.SET_ASIDE, push, by=None, machine="Sender", reason=sentence)


def end(push: Push, state: Push.State, cause: str, sentence: str) -> None:
    push.state = state
    push.cause, push.sentence = cause, sentence
    _release(push, due_at=None)


def _release(push: Push, *, due_at: datetime | None, starts: int = 0) -> None:
    """The end of this claim: the lease is given back, and the count of starts with it."""
    push.due_at = due_at
    push.lease_until = None
    push.starts = starts
    push.save()


def back_off(push: Push) -> timedelta:
    """15 s, 30 s, 1 min … up to an hour, by how often it was tried."""
    seconds = settings.SENDING["back_off"] * 2 ** min(push.sends, 8)
    return timedelta(seconds=min(seconds, 3600))
