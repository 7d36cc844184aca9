"""Deciding on several records at once: rows ticked, a whole band, rows that look like one another.

All rows are locked before the first is changed. `seen` are the versions the person looked at, by
mapping id; one that changed since refuses them all.
"""

from collections.abc import Collection
from collections.abc import Mapping as Dict
from datetime import datetime
from typing import Protocol
from uuid import uuid4

from django.db import models, transaction
from django.utils import timezone

from audit import trail
from audit.models import Verb
from common.choices import RIDERS
from common.errors import Conflict
from companies.models import Company, User
from connectors.models import Record
from mapping import drafts, refusing, targets
from mapping.decisions import choice, new_row, save, say, tell, what_happened
from mapping.matching.names import code_key, normalise
from mapping.models import UNDECIDED, Kind, Mapping

State = Mapping.State
LIKE_AT_MOST = 50
# What `Mapping.redraft` may change.
REDRAFTED = (
    "state", "target", "confidence", "runner_up", "suggestion", "is_override", "note",
    *RIDERS, "decided_by", "decided_at", "version", "updated_at",
)  # fmt: skip


class DecideMany(Protocol):
    def __call__(self, company: Company, seen: Dict[int, int], *, by: User) -> list[Mapping]: ...


@transaction.atomic
def accept_many(company: Company, seen: Dict[int, int], *, by: User) -> list[Mapping]:
    """Accept these drafts together; `seen` are the versions the person looked at, by mapping id.

    Raises:
        Conflict: one of them is no draft any more, or another one; nothing is saved.
    """
    rows = _locked_drafts(company, seen)
    targets.attach_ends(company, rows)
    for mapping in rows:
        targets.check(_target_of(mapping), Kind(mapping.kind), company)
    return _decide_all(rows, Verb.ACCEPTED, State.ACCEPTED, by=by)


@transaction.atomic
def leave_many(company: Company, seen: Dict[int, int], *, by: User) -> list[Mapping]:
    """Leave these drafts together. Raises Conflict as `accept_many` does."""
    return _decide_all(_locked_drafts(company, seen), Verb.LEFT, State.LEFT, by=by)


@transaction.atomic
def undo_together(company: Company, at: datetime, *, by: User) -> list[Mapping]:
    """Take back what `by` decided in one go at that moment, as far as it still stands.

    Raises:
        Conflict: nothing of it stands any more.
    """
    rows = list(
        company.mappings.filter(state__in=[State.ACCEPTED, State.LEFT], publication_lines=None)
        .with_records()
        .filter(decided_by=by, decided_at=at)
        .order_by("pk")
        .select_for_update(of=("self",))
    )
    if not rows:
        raise Conflict("Nothing of that is left to undo. Undo each row by itself.")
    refusing.take_back_all(rows)
    latest = drafts.latest_of(company, [row.source_id for row in rows])
    changes = []
    for row in rows:
        before = row.as_values()
        row.redraft(latest.get(row.source_id))
        row.updated_at = timezone.now()
        changes.append(trail.Change(row, before, row.as_values()))
    Mapping.objects.bulk_update(rows, REDRAFTED, batch_size=500)
    trail.record_all(Verb.UNDID, changes, by=by)
    tell(company, [row.source_id for row in rows])
    return rows


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
    rows = [standing.get(pk) or new_row(source, company) for pk, source in like.items()]
    rows = [row for row in rows if row.is_undecided]
    if not rows:
        raise Conflict("The others were decided meanwhile, so nothing was applied to them.")
    changes: dict[Verb, list[trail.Change]] = {}
    now = timezone.now()  # one moment for all: by it they are undone together
    for row in rows:
        decision = choice(row, first.target, first.note)
        changes.setdefault(decision.verb, []).append(say(row, decision, by=by, at=now))
        save(row)
    act = uuid4()
    for verb, lines in changes.items():
        trail.record_all(verb, lines, by=by, reason=first.note, act=act)
    tell(company, [row.source_id for row in rows])
    return rows


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
    tell(company, [row.source_id for row in drafts])
    return drafts


def _target_of(mapping: Mapping) -> Record:
    if mapping.target is None:  # the database refuses such a draft
        raise Conflict("The draft names no record any more. Look again.")
    return mapping.target
