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
    _write(verb, [Change(thing, before, after)], by=by, reason=reason, machine=machine, act=act)


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
    _write(verb, changes, by=by, reason=reason, machine=machine, act=act or uuid4())


def _write(
    verb: Verb,
    changes: Iterable[Change],
    *,
    by: "User | None",
    reason: str,
    machine: str,
    act: UUID | None,
) -> None:
    request_id = requests.current()
    Entry.objects.bulk_create(
        (
            Entry(
                company_id=getattr(change.thing, "company_id", None) or change.thing.pk,
                user=by,
                who=str(by) if by else machine,
                verb=verb,
                object_type=change.thing._meta.label_lower,
                object_id=change.thing.pk,
                object_name=(change.name or str(change.thing))[:600],
                before=change.before,
                after=change.after,
                reason=reason,
                request_id=request_id,
                act=act,
            )
            for change in changes
        ),
        batch_size=1000,
    )
