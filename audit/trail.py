"""Writing the trail, in the transaction of the change it tells of."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.db import models

from audit.models import Entry, Verb
from common import requests

if TYPE_CHECKING:
    from companies.models import User

Values = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """One object's part in an act."""

    thing: models.Model
    before: Values | None = None
    after: Values | None = None
    name: str = field(default="")
    reason: str = ""  # where each has its own; otherwise the act's


def record(
    verb: Verb,
    thing: models.Model,
    *,
    by: "User | None",
    before: Values | None = None,
    after: Values | None = None,
    reason: str = "",
    machine: str = "Tieout",
    act: UUID | None = None,
) -> None:
    """Write one line. `thing` has a `company`, or is one. `by` is None for a machine."""
    change = Change(thing, before, after)
    goes_on = act is not None
    _write(verb, [change], by=by, reason=reason, machine=machine, act=act, goes_on=goes_on)


def record_all(
    verb: Verb,
    changes: Iterable[Change],
    *,
    by: "User | None",
    reason: str = "",
    machine: str = "Tieout",
    act: UUID | None = None,
) -> None:
    """Write a line for each object of one act; the lines share the act's id."""
    # An act that goes on has its first line already, unless this verb is new to it.
    goes_on = act is not None
    act = act or uuid4()
    _write(verb, changes, by=by, reason=reason, machine=machine, act=act, goes_on=goes_on)


def _write(
    verb: Verb,
    changes: Iterable[Change],
    *,
    by: "User | None",
    reason: str,
    machine: str,
    act: UUID | None,
    goes_on: bool,
) -> None:
    request_id = requests.current()
    changes = list(changes)
    has_lead = goes_on and bool(changes) and _has_lead(changes[0].thing, verb, act)
    Entry.objects.bulk_create(
        (
            Entry(
                company_id=_company_id(change.thing),
                user=by,
                who=str(by) if by else machine,
                verb=verb,
                object_type=change.thing._meta.label_lower,
                object_id=change.thing.pk,
                object_name=(change.name or str(change.thing))[:600],
                before=change.before,
                after=change.after,
                reason=change.reason or reason,
                request_id=request_id,
                act=act,
                leads=not number and not has_lead,
            )
            for number, change in enumerate(changes)
        ),
        batch_size=1000,
    )


def _company_id(thing: models.Model) -> int:
    found: int = getattr(thing, "company_id", None) or thing.pk
    return found


def _has_lead(thing: models.Model, verb: Verb, act: UUID | None) -> bool:
    return Entry.objects.filter(company_id=_company_id(thing), act=act, verb=verb).exists()
