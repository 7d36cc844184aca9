"""What a person decides about one source record: accept, override, leave, no match, undo, comment.

Every decision takes the version of the row that the person looked at (0 where there was none) and
raises Conflict when somebody was there first. A published row is never touched here.
"""

from django.db import transaction

from audit import trail
from audit.models import Verb
from common.choices import Side
from common.errors import AppError, Conflict
from companies import access
from companies.models import User
from connectors.models import Record
from mapping import drafts, publishing, refusing, targets
from mapping.decisions import Decision, choice, new_row, save, say, tell, what_happened
from mapping.models import Kind, Mapping

State = Mapping.State


@transaction.atomic
def accept(mapping: Mapping, *, by: User, version: int | None = None) -> Mapping:
    """Agree with the draft. Doing it twice does no harm."""
    mapping = _locked(mapping, by=by, version=version, wanted=State.ACCEPTED)
    if mapping.state == State.ACCEPTED:
        return mapping
    if mapping.state == State.NO_MATCH or mapping.target is None:
        raise Conflict("There is no draft to accept any more. Override chooses a record.")
    targets.check(mapping.target, Kind(mapping.kind), mapping.company)
    decision = Decision(Verb.ACCEPTED, State.ACCEPTED, mapping.target, mapping.is_override)
    return _decide(mapping, decision, by=by)


@transaction.atomic
def override(
    thing: Mapping | Record,
    target: Record,
    *,
    by: User,
    note: str = "",
    version: int | None = None,
) -> Mapping:
    """Accept another record than the draft's, or the first one where there was no draft."""
    mapping = _row(thing, by=by, version=version)
    targets.check(target, Kind(mapping.kind), mapping.company)
    return _decide(mapping, choice(mapping, target, note), by=by)


@transaction.atomic
def override_and_publish(
    thing: Mapping | Record,
    target: Record,
    *,
    by: User,
    note: str = "",
    version: int | None = None,
) -> Mapping:
    """Choose another record and put it in force in one step, by somebody who may publish.

    Where the company wants a second person, it is only chosen: that person puts it in force.
    """
    access.check(publishing.membership_of(thing.company, by), access.Action.PUBLISH)
    publishing.lock_company(thing.company)
    mapping = override(thing, target, by=by, note=note, version=version)
    if not thing.company.settings.second_person_publishes:
        publishing.publish(thing.company, by=by, only=[mapping.pk])
        mapping.refresh_from_db()
    return mapping


def choose(
    thing: Mapping | Record,
    target: Record | None,
    *,
    by: User,
    publish: bool = False,
    note: str = "",
    version: int | None = None,
) -> Mapping:
    """What an override box says: this record, in force at once where asked; or none of them."""
    if target is None:
        return no_match(thing, by=by, note=note, version=version)
    act = override_and_publish if publish else override
    return act(thing, target, by=by, note=note, version=version)


@transaction.atomic
def leave(
    thing: Mapping | Record, *, by: User, note: str = "", version: int | None = None
) -> Mapping:
    """Decide later. The draft's target stays in sight, so that it can still be accepted."""
    mapping = _row(thing, by=by, version=version)
    decision = Decision(Verb.LEFT, State.LEFT, mapping.target, note=note)
    return _decide(mapping, decision, by=by)


@transaction.atomic
def no_match(
    thing: Mapping | Record, *, by: User, note: str = "", version: int | None = None
) -> Mapping:
    """The ledger has nothing for this record."""
    mapping = _row(thing, by=by, version=version)
    return _decide(mapping, Decision(Verb.NO_MATCH, State.NO_MATCH, None, note=note), by=by)


@transaction.atomic
def undo(mapping: Mapping, *, by: User, version: int | None = None) -> Mapping:
    """Take a decision back: a draft again where the machine has one, else no draft.

    What the decision refused may be offered again; what a colleague had accepted may not.

    What was published once stays a person's business, so it is left for later and not handed
    back to the machine.
    """
    mapping = _locked(mapping, by=by, version=version)
    if mapping.is_undecided:
        return mapping
    before = mapping.as_values()
    refusing.take_back(mapping)
    if mapping.publication_lines.exists():
        if mapping.state == State.LEFT:
            return mapping
        return _decide(mapping, Decision(Verb.UNDID, State.LEFT, mapping.target), by=by)
    stood = mapping.target_id if _is_anothers_yes(mapping, by) else None
    mapping.redraft(drafts.latest(mapping, without=stood))
    if stood is not None:
        refusing.remember(mapping, stood, by=by)
    mapping.save()
    trail.record(Verb.UNDID, mapping, by=by, before=before, after=mapping.as_values())
    tell(mapping.company, [mapping.source_id])
    return mapping


@transaction.atomic
def comment(thing: Mapping | Record, text: str, *, by: User) -> Mapping | Record:
    """Leave a note for colleagues. It decides nothing, so it may stand on a published row too."""
    if not (text := text.strip()):
        raise AppError("The note is empty. Write something first.")
    trail.record(Verb.COMMENTED, thing, by=by, reason=text[:2000])
    return thing


# --- What all of them share ---------------------------------------------------------------------


def _row(thing: Mapping | Record, *, by: User, version: int | None) -> Mapping:
    """The record's mapping, locked; a new one, not yet saved, where it has none."""
    if isinstance(thing, Mapping):
        return _locked(thing, by=by, version=version)
    found = Mapping.objects.filter(source=thing, company_id=thing.company_id).first()
    if found:
        return _locked(found, by=by, version=version)
    if thing.connection.side != Side.SOURCE or thing.kind not in Kind.values:
        raise AppError(
            f"{thing.name} is not a record that bills come with, so it needs no mapping."
        )
    return new_row(thing, thing.company)


def _locked(
    mapping: Mapping, *, by: User, version: int | None, wanted: State | None = None
) -> Mapping:
    """The row as it is now, locked. Raises Conflict when it is not what the person looked at."""
    row = (
        Mapping.objects.with_records()
        .select_related("company__settings", "target__connection", "publication__by")
        .select_for_update(of=("self",))
        .get(pk=mapping.pk)
    )
    if row.state == State.PUBLISHED:
        raise Conflict("It is published. Ask an admin to unpublish it first.")
    done_already = wanted is not None and row.state == wanted and row.decided_by_id == by.pk
    if version is not None and row.version != version and not done_already:
        raise Conflict(what_happened(row, by=by))
    return row


def _decide(mapping: Mapping, decision: Decision, *, by: User) -> Mapping:
    change = say(mapping, decision, by=by)
    save(mapping)
    trail.record(
        decision.verb,
        mapping,
        by=by,
        before=change.before,
        after=change.after,
        reason=mapping.note,
    )
    tell(mapping.company, [mapping.source_id])
    return mapping


def _is_anothers_yes(mapping: Mapping, by: User) -> bool:
    """Undoing what a colleague accepted turns it down; undoing one's own only takes it back."""
    return mapping.state == State.ACCEPTED and mapping.decided_by_id != by.pk
