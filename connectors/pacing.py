"""How fast we may call: one queue of slots per connection, shared by all workers and hosts.

Slots are evenly spaced and none is handed out ahead of time. QuickBooks Online allows 500 calls
a minute, which is 8.3 a second, and refuses more than ten within one second (reference sheet of
QuickBooks Online, 3.5): a burst would break the second limit, so there is none. Evenly spaced
calls do not arrive evenly; 4 % stay unused for those that the network pushes together.
"""

from datetime import datetime, timedelta
from typing import Protocol

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest, Now

from connectors.models import Connection

USED_SHARE = 0.96
# A slot further away than this is not reserved: its worker has better things to do than to wait.
NEAR = timedelta(seconds=5)


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


def pause(connection: Connection, wait: timedelta) -> datetime:
    """Nobody calls for `wait`: the system said that we are too fast. Until when."""
    row = Connection.objects.filter(pk=connection.pk)
    row.update(next_free_at=Greatest(F("next_free_at"), Now() + wait))
    until = row.values_list("next_free_at", flat=True).get()
    assert until is not None  # noqa: S101 - just written, never taken back
    return until


def spacing(traits: Paced) -> timedelta:
    return timedelta(seconds=60 / (traits.calls_per_minute * USED_SHARE))
