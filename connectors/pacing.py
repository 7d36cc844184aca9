"""How fast we may call: one queue of slots per connection, shared by all workers and hosts.

Slots are evenly spaced and none is handed out ahead of time. QuickBooks Online allows 500 calls
a minute, which is 8.3 a second, and refuses more than ten within one second (reference sheet of
QuickBooks Online, 3.5): a burst would break the second limit, so there is none. Evenly spaced
calls do not arrive evenly; 4 % stay unused for those that the network pushes together.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Protocol

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest, Now

from common.choices import Way
from common.dates import database_now
from connectors import registry
from connectors.errors import RateLimited
from connectors.http import before_call
from connectors.models import Connection

USED_SHARE = 0.96
# A slot further away than this is not reserved: its worker has better things to do than to wait.
NEAR = timedelta(seconds=5)
SLACK = timedelta(seconds=1)  # clocks of hosts differ


class Paced(Protocol):
    """The part of `LedgerTraits` that is read here."""

    @property
    def calls_per_minute(self) -> int: ...


def next_slot(connection: Connection, traits: Paced, *, calls: int = 1) -> datetime:
    """The moment from which `calls` calls may be made, one after the other.

    When it is at most five seconds away, these calls are now ours and nobody else's. When it is
    further away, nothing was reserved: come back at that moment and ask again. May be called
    within a transaction, which then holds the connection's row until it ends.
    """
    with transaction.atomic():
        # NO KEY: rows that refer to the connection may be written meanwhile.
        now, at = (
            Connection.objects.select_for_update(no_key=True)
            .annotate(now=Now(), at=Greatest(Now(), Coalesce("next_free_at", Now())))
            .values_list("now", "at")
            .get(pk=connection.pk)
        )
        if at <= now + NEAR:
            following = at + spacing(traits) * calls
            Connection.objects.filter(pk=connection.pk).update(next_free_at=following)
    slot: datetime = at
    return slot


@contextmanager
def taking_turns(connection: Connection) -> Iterator[None]:
    """Each call that is made inside takes a slot of its own, as those of other workers do.

    For reading a ledger; who sends a bill has reserved its slots before. Sources tell their limits
    in each answer, and their own session heeds them.
    """
    kind = registry.package_of(connection).client_of(Way(connection.way))
    traits: Paced | None = getattr(kind, "traits", None)
    if traits is None:
        yield
        return
    token = before_call.set(partial(_wait_for_slot, connection, traits))
    try:
        yield
    finally:
        before_call.reset(token)


@contextmanager
def spaced(connection: Connection, traits: Paced, not_before: float) -> Iterator[None]:
    """The calls made inside keep to the slots that were reserved for them, one after the other.

    `not_before` is the first one's, by the monotonic clock. Three calls at once for each of three
    bills would be nine in one moment, and with a late one more than a second admits; so a call
    whose slot went by, because its worker was held up, takes another. Where the first slot has
    come already when we start, nobody else is in a hurry, and neither are we.
    """
    step = spacing(traits).total_seconds()
    slots = (not_before + number * step for number in count())
    is_busy = not_before > time.monotonic()

    def wait() -> None:
        ahead = next(slots) - time.monotonic()
        if ahead < -step:
            _wait_for_slot(connection, traits)
        elif is_busy:
            time.sleep(max(0.0, ahead))

    token = before_call.set(wait)
    try:
        yield
    finally:
        before_call.reset(token)


def _wait_for_slot(connection: Connection, traits: Paced) -> None:
    slot = next_slot(connection, traits)
    ahead = slot - database_now()  # slots are by the clock that all hosts share
    if ahead > NEAR + SLACK:
        name = connection.get_system_display()
        raise RateLimited(f"{name} is to be left alone for a moment.", wait=ahead)
    time.sleep(max(0.0, ahead.total_seconds()))


def pause(connection: Connection, wait: timedelta) -> datetime:
    """Nobody calls for `wait`: the system said that we are too fast. Until when."""
    row = Connection.objects.filter(pk=connection.pk)
    row.update(next_free_at=Greatest(F("next_free_at"), Now() + wait))
    until = row.values_list("next_free_at", flat=True).get()
    assert until is not None  # noqa: S101 - just written, never taken back
    return until


def spacing(traits: Paced) -> timedelta:
    return timedelta(seconds=60 / (traits.calls_per_minute * USED_SHARE))
