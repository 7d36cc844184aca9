"""What a person decides about one source record: accept, override, leave, no match, undo, comment.

Every decision takes the version of the row that the person looked at (0 where there was none) and
raises Conflict when somebody was there first. A published row is never touched here.
"""

from collections.abc import Collection
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from uuid import uuid4

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from audit import trail
from audit.models import Verb
from common.choices import Side
from common.errors import AppError, Conflict
from common.templatetags.format import ago
from companies import access
from companies.models import Company, User
from connectors.models import Record
from mapping import drafts, publishing, refusing, targets
from mapping.matching.names import code_key, normalise
from mapping.models import UNDECIDED, Kind, Mapping
from mapping.signals import mappings_changed

State = Mapping.State
LIKE_AT_MOST = 50


@dataclass(frozen=True)
class Decision:
    """What a person says about one source record."""

    verb: Verb
    state: State
    target: Record | None
    is_override: bool = False
    note: str = ""


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
    return _decide(mapping, _choice(mapping, target, note), by=by)


@transaction.atomic
def override_and_publish(
    thing: Mapping | Record,
    target: Record,
    *,
    by: User,
    note: str = "",
    version: int | None = None,
) -> Mapping:
    """Choose another record and put it in force in one step, by somebody who may publish."""
    access.check(publishing.membership_of(thing.company, by), access.Action.PUBLISH)
    publishing.lock_company(thing.company)
    mapping = override(thing, target, by=by, note=note, version=version)
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
def override_like(
    mapping: Mapping, sources: Collection[int], *, by: User, version: int | None = None
) -> list[Mapping]:
    """Give rows that look like this one the same target. Rows decided meanwhile are left alone.

    All of them are locked before the first is changed, and changed before anybody hears of it:
    what hears of it takes locks that come after the mappings'.

    Raises:
        Conflict: this one points elsewhere by now, or every other one was decided.
    """
    company = mapping.company
    like = {row.pk: row for row in like_rows(mapping) if row.pk in set(sources)}
    standing = {
        row.source_id: row
        for row in company.mappings.with_records()
        .select_related("target__connection")
        .filter(source__in=[mapping.source_id, *like])
        .order_by("pk")
        .select_for_update(of=("self",))
    }
    first = standing.pop(mapping.source_id)
    if version is not None and first.version != version:
        raise Conflict(what_happened(first, by=by))
    if first.target is None or first.state not in (State.ACCEPTED, State.PUBLISHED):
        raise Conflict("This was undone meanwhile, so nothing was applied to the others.")
    targets.check(first.target, Kind(first.kind), company)
    rows = [standing.get(pk) or _new(source, company) for pk, source in like.items()]
    rows = [row for row in rows if row.is_undecided]
    if not rows:
        raise Conflict("The others were decided meanwhile, so nothing was applied to them.")
    changes: dict[Verb, list[trail.Change]] = {}
    for row in rows:
        decision = _choice(row, first.target, first.note)
        changes.setdefault(decision.verb, []).append(_say(row, decision, by=by))
        _save(row)
    act = uuid4()
    for verb, lines in changes.items():
        trail.record_all(verb, lines, by=by, reason=first.note, act=act)
    _tell(company, [row.source_id for row in rows])
    return rows


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
    _tell(mapping.company, [mapping.source_id])
    return mapping


@transaction.atomic
def comment(thing: Mapping | Record, text: str, *, by: User) -> Mapping | Record:
    """Leave a note for colleagues. It decides nothing, so it may stand on a published row too."""
    if not (text := text.strip()):
        raise AppError("The note is empty. Write something first.")
    trail.record(Verb.COMMENTED, thing, by=by, reason=text[:2000])
    return thing


@transaction.atomic
def accept_many(company: Company, seen: Dict[int, int], *, by: User) -> list[Mapping]:
    """Accept these drafts together; `seen` are the versions the person looked at, by mapping id.

    Raises:
        Conflict: one of them is no draft any more, or another one; nothing is saved.
    """
    drafts = _locked_drafts(company, seen)
    targets.attach_ends(company, drafts)
    for mapping in drafts:
        targets.check(_target_of(mapping), Kind(mapping.kind), company)
    return _decide_all(drafts, Verb.ACCEPTED, State.ACCEPTED, by=by)


@transaction.atomic
def leave_many(company: Company, seen: Dict[int, int], *, by: User) -> list[Mapping]:
    """Leave these drafts together. Raises Conflict as `accept_many` does."""
    return _decide_all(_locked_drafts(company, seen), Verb.LEFT, State.LEFT, by=by)


def like_rows(mapping: Mapping) -> list[Record]:
    """Undecided source records of the same kind whose name is the same once normalised."""
    source = mapping.source
    name = normalise(source.name)
    longest = max(name.split(), key=len, default="")
    if not longest:
        return []
    others = (
        Record.objects.filter(
            connection_id=source.connection_id,
            kind=source.kind,
            gone_at=None,
            search_text__contains=longest,
        )
        .exclude(pk=source.pk)
        .exclude(mappings__state__in=[s for s in State if s not in UNDECIDED])
        .defer("payload")
        .order_by("pk")[:1000]
    )
    like = [row for row in others if normalise(row.name) == name]
    if mapping.kind in (Kind.COST_CODE, Kind.COST_TYPE):
        like = [row for row in like if code_key(row.code) == code_key(source.code)]
    return like[:LIKE_AT_MOST]


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
    return _new(thing, thing.company)


def _new(source: Record, company: Company) -> Mapping:
    return Mapping(company=company, kind=Kind(source.kind), source=source, version=0)


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


def _choice(mapping: Mapping, target: Record, note: str) -> Decision:
    drafted = mapping.suggestion.target_id if mapping.suggestion else None
    is_override = target.pk != drafted
    verb = Verb.OVERRODE if is_override else Verb.ACCEPTED
    return Decision(verb, State.ACCEPTED, target, is_override, note)


def _decide(mapping: Mapping, decision: Decision, *, by: User) -> Mapping:
    change = _say(mapping, decision, by=by)
    _save(mapping)
    trail.record(
        decision.verb,
        mapping,
        by=by,
        before=change.before,
        after=change.after,
        reason=mapping.note,
    )
    _tell(mapping.company, [mapping.source_id])
    return mapping


def _say(mapping: Mapping, decision: Decision, *, by: User) -> trail.Change:
    """Write the decision onto the row, which is not saved yet."""
    before, stood = (mapping.as_values() if mapping.pk else None), mapping.target_id
    if decision.target != mapping.target or decision.is_override:
        mapping.confidence = None
    mapping.target, mapping.state = decision.target, decision.state
    mapping.is_override, mapping.note = decision.is_override, decision.note.strip()
    mapping.decided_by, mapping.decided_at = by, timezone.now()
    mapping.version += 1
    refusing.remember(mapping, stood, by=by)
    return trail.Change(mapping, before, mapping.as_values())


def _locked_drafts(company: Company, seen: Dict[int, int]) -> list[Mapping]:
    if not seen:
        raise Conflict("There is no draft left to decide here.")
    drafts = list(
        company.mappings.drafts()
        .with_records()
        .filter(pk__in=list(seen))
        .order_by("pk")
        .select_for_update(of=("self",))
    )
    if changed := len(seen) - sum(row.version == seen[row.pk] for row in drafts):
        these = "1 of these was" if changed == 1 else f"{changed:,} of these were"
        raise Conflict(f"{these} changed meanwhile. Nothing was saved. Look again.")
    return drafts


def _decide_all(drafts: list[Mapping], verb: Verb, state: State, *, by: User) -> list[Mapping]:
    """One statement and one act for thousands of drafts, each with the target it has."""
    company, now = drafts[0].company, timezone.now()
    changes = []
    for mapping in drafts:
        before = mapping.as_values()
        mapping.state, mapping.decided_by, mapping.decided_at = state, by, now
        mapping.version += 1
        mapping.updated_at = now
        changes.append(trail.Change(mapping, before, mapping.as_values()))
    company.mappings.filter(pk__in=[row.pk for row in drafts]).update(
        state=state,
        decided_by=by,
        decided_at=now,
        updated_at=now,
        version=models.F("version") + 1,
    )
    trail.record_all(verb, changes, by=by)
    _tell(company, [row.source_id for row in drafts])
    return drafts


def _save(mapping: Mapping) -> None:
    try:
        with transaction.atomic():
            mapping.save()
    except IntegrityError:
        # Two people opened a record without a mapping; the other one's row is there now.
        raise Conflict("Somebody decided this just now. Yours was not saved.") from None


def _is_anothers_yes(mapping: Mapping, by: User) -> bool:
    """Undoing what a colleague accepted turns it down; undoing one's own only takes it back."""
    return mapping.state == State.ACCEPTED and mapping.decided_by_id != by.pk


def _target_of(mapping: Mapping) -> Record:
    if mapping.target is None:  # the database refuses such a draft
        raise Conflict("The draft names no record any more. Look again.")
    return mapping.target


def _tell(company: Company, sources: list[int]) -> None:
    mappings_changed.send(Mapping, company=company, sources=sources, publication=None)
