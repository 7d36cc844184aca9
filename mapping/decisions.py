"""What every decision has in common: how it is said on a row, kept, and told to others."""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import trail
from audit.models import Verb
from common.errors import Conflict
from common.templatetags.format import ago
from companies.models import Company, User
from connectors.models import Record
from mapping import refusing
from mapping.models import Kind, Mapping
from mapping.signals import mappings_changed

State = Mapping.State


@dataclass(frozen=True)
class Decision:
    """What a person says about one source record."""

    verb: Verb
    state: State
    target: Record | None
    is_override: bool = False
    note: str = ""


def what_happened(mapping: Mapping, *, by: User) -> str:
    """ "Dana accepted this 2 min ago. Yours was not saved." """
    if mapping.state == State.NO_DRAFT:
        return "This was undone or withdrawn meanwhile. Yours was not saved."
    if mapping.decided_by is None or mapping.decided_at is None:
        return "The draft changed meanwhile. Yours was not saved. Look at it again."
    who = "You" if mapping.decided_by_id == by.pk else str(mapping.decided_by)
    did = {
        State.ACCEPTED: "overrode this" if mapping.is_override else "accepted this",
        State.LEFT: "left this for later",
        State.NO_MATCH: "marked this as no match",
        State.PUBLISHED: "published this",
    }[State(mapping.state)]
    return f"{who} {did} {ago(mapping.decided_at)}. Yours was not saved."


def choice(mapping: Mapping, target: Record, note: str) -> Decision:
    drafted = mapping.suggestion.target_id if mapping.suggestion else None
    is_override = target.pk != drafted
    verb = Verb.OVERRODE if is_override else Verb.ACCEPTED
    return Decision(verb, State.ACCEPTED, target, is_override, note)


def new_row(source: Record, company: Company) -> Mapping:
    return Mapping(company=company, kind=Kind(source.kind), source=source, version=0)


def say(
    mapping: Mapping, decision: Decision, *, by: User, at: datetime | None = None
) -> trail.Change:
    """Write the decision onto the row, which is not saved yet."""
    before, stood = (mapping.as_values() if mapping.pk else None), mapping.target_id
    if decision.target != mapping.target or decision.is_override:
        mapping.confidence = None
    mapping.target, mapping.state = decision.target, decision.state
    if decision.state != State.ACCEPTED:
        mapping.ride_alone()
    mapping.is_override, mapping.note = decision.is_override, decision.note.strip()
    mapping.decided_by, mapping.decided_at = by, at or timezone.now()
    mapping.version += 1
    refusing.remember(mapping, stood, by=by)
    return trail.Change(mapping, before, mapping.as_values())


def save(mapping: Mapping) -> None:
    try:
        with transaction.atomic():
            mapping.save()
    except IntegrityError:
        # Two people opened a record without a mapping; the other one's row is there now.
        raise Conflict("Somebody decided this just now. Yours was not saved.") from None


def tell(company: Company, sources: list[int]) -> None:
    mappings_changed.send(Mapping, company=company, sources=sources, publication=None)
