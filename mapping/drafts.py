"""The one way in which a machine's drafts are written, whichever machine it is.

What a person decided is guarded here: a draft is replaced only under the row's lock and only while
nobody decided, a new one gives way to whatever is there already, and a pair that was refused is
not drafted, however lately it was.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.models import Verb
from companies.models import Company, User
from connectors.models import Record
from mapping import refusing, targets
from mapping.models import Kind, Mapping, Suggestion, SuggestionRun
from mapping.signals import mappings_changed

BATCH = 200
# What SuggestionRun.ranker and Suggestion.ranker say of drafts that no ranker made.
FROM_FILE, FROM_COMPANY = "file", "other company"
BROUGHT_IN = (FROM_FILE, FROM_COMPANY)


@dataclass(frozen=True)
class Proposal:
    """A pair that some machine wants drafted; `reason` is shown beside it."""

    source: Record
    target: Record  # with its connection
    confidence: Decimal
    reason: str


@dataclass(frozen=True)
class BroughtIn:
    """What became of proposals. Rows that a person decided are in neither number nor list."""

    run: SuggestionRun
    drafted: int
    left_out: tuple[tuple[Proposal, str], ...]  # and why, as a sentence


@dataclass
class Changes:
    """What one writing did to mappings, for the trail and for others."""

    lines: list[trail.Change] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    drafted: int = 0


@transaction.atomic
def bring_in(
    company: Company,
    kind: Kind,
    proposals: Sequence[Proposal],
    *,
    ranker: str,
    by: User | None,
    machine: str,
) -> BroughtIn:
    """Draft these pairs, of a file or another company, where nobody has decided yet.

    `ranker` is one of `BROUGHT_IN`: later runs of the ranker keep such drafts in mind. `machine`
    is who the trail says did it. Call it again for what was left out, nothing doubles.
    """
    refused = refusing.of(company, [each.source.pk for each in proposals])
    good, left_out = dict[int, Proposal](), list[tuple[Proposal, str]]()
    for each in proposals:
        if wrong := _why_not(each, kind, company, refused):
            left_out.append((each, wrong))
        else:
            good[each.source.pk] = each
    now = timezone.now()
    run = SuggestionRun.objects.create(
        company=company,
        kind=kind,
        started_by=by,
        state=SuggestionRun.State.DONE,
        finished_at=now,
        ranker=ranker,
        to_look_at=len(proposals),
        looked_at=len(proposals),
    )
    changes = write(run, [_as_row(run, each) for each in good.values()])
    announce(run, changes, machine=machine, act=uuid4())
    run.drafted = changes.drafted
    run.save(update_fields=["drafted"])
    return BroughtIn(run, changes.drafted, tuple(left_out))


def _why_not(proposal: Proposal, kind: Kind, company: Company, refused: set[refusing.Pair]) -> str:
    source, target = proposal.source, proposal.target
    if source.company_id != company.pk or target.company_id != company.pk:
        return "That record does not exist here."
    if source.kind != kind.value:
        return f"{source.name} is not a {kind.singular}."
    if (source.pk, target.pk) in refused:
        return f"{target.name} was refused for {source.name} by a person."
    if wrong := targets.problem(target, kind, company):
        return f"{target.name} {wrong}."
    return ""


def _as_row(run: SuggestionRun, proposal: Proposal) -> Suggestion:
    target, reason = proposal.target, proposal.reason[:300]
    return Suggestion(
        company=run.company,
        run=run,
        source=proposal.source,
        target=target,
        confidence=proposal.confidence,
        reason=reason,
        ranker=run.ranker,
        candidates=[
            {
                "record": target.pk,
                "name": target.name[:200],
                "score": float(proposal.confidence),
                "reasons": [reason],
            }
        ],
    )


def latest(mapping: Mapping, *, without: int | None = None) -> Suggestion | None:
    """What a machine found last for a record, unless it may not be offered now.

    `without` is the id of a target that is being refused just now.
    """
    found = latest_of(mapping.company, [mapping.source_id]).get(mapping.source_id)
    return None if found is None or found.target_id == without else found


def latest_of(company: Company, sources: Collection[int]) -> dict[int, Suggestion]:
    """What a machine found last for each of these records, where it may be offered now."""
    found = (
        Suggestion.objects.filter(company=company, source_id__in=sources)
        .order_by("source", "-pk")
        .distinct("source")
        .select_related("source", "target__connection")
        .defer("source__payload", "target__payload")
    )
    refused = refusing.of(company, sources)
    return {
        each.source_id: each
        for each in found
        if each.target is not None
        and (each.source_id, each.target_id) not in refused
        and not targets.problem(each.target, Kind(each.source.kind), company)
    }


def write(run: SuggestionRun, found: Iterable[Suggestion]) -> Changes:
    """Keep suggestions and bring the drafts of their records in line. In a transaction."""
    kept = Suggestion.objects.bulk_create(found, batch_size=1000)
    by_source = {each.source_id: each for each in kept}
    changes = Changes()
    standing = list(
        run.company.mappings.with_records()
        .filter(source_id__in=by_source)
        .order_by("pk")
        .select_for_update(of=("self",))
    )
    undecided = [row for row in standing if row.is_undecided]  # now, under its lock
    # Asked behind the locks: whoever refused a pair held the row's.
    refused = refusing.of(run.company, list(by_source))
    wanted = {
        pk: each
        for pk, each in by_source.items()
        if each.target_id and (pk, each.target_id) not in refused
    }
    targets_by_id = Record.objects.defer("payload", "search_text").in_bulk(
        {each.target_id for each in wanted.values() if each.target_id}
    )
    for mapping in undecided:
        _redraft(mapping, wanted.get(mapping.source_id), targets_by_id, changes)
    Mapping.objects.bulk_update(
        undecided,
        ["state", "target", "confidence", "runner_up", "suggestion", "version", "updated_at"],
        batch_size=BATCH,
    )
    taken = {mapping.source_id for mapping in standing}
    _insert(run, [each for pk, each in wanted.items() if pk not in taken], changes)
    return changes


def announce(run: SuggestionRun, changes: Changes, *, machine: str, act: UUID) -> None:
    """Into the trail, as one act of a machine, and to whoever listens."""
    if not changes.lines:
        return
    trail.record_all(Verb.DRAFTED, changes.lines, by=None, machine=machine, act=act)
    mappings_changed.send(Mapping, company=run.company, sources=changes.sources, publication=None)


def _redraft(
    mapping: Mapping,
    suggestion: Suggestion | None,
    targets_by_id: dict[int, Record],
    changes: Changes,
) -> None:
    """Renewed; withdrawn where nothing is sure enough any more or can still be used."""
    before, version = mapping.as_values(), mapping.version
    if suggestion is not None and suggestion.target_id:
        suggestion.target = targets_by_id[suggestion.target_id]
    mapping.redraft(suggestion)
    mapping.updated_at = timezone.now()
    if mapping.version == version:
        return
    changes.drafted += mapping.state == Mapping.State.DRAFT
    changes.sources.append(mapping.source_id)
    changes.lines.append(trail.Change(mapping, before, mapping.as_values()))


def _insert(run: SuggestionRun, wanted: Sequence[Suggestion], changes: Changes) -> None:
    """Rows for records that had none. A person may be inserting the same: then theirs stands."""
    Mapping.objects.bulk_create(
        [
            Mapping(
                company=run.company,
                kind=run.kind,
                source_id=each.source_id,
                target_id=each.target_id,
                confidence=each.confidence,
                runner_up=each.runner_up,
                suggestion=each,
            )
            for each in wanted
        ],
        ignore_conflicts=True,
        batch_size=1000,
    )
    for mapping in run.company.mappings.with_records().filter(suggestion__in=wanted).order_by("pk"):
        changes.lines.append(trail.Change(mapping, None, mapping.as_values()))
        changes.sources.append(mapping.source_id)
        changes.drafted += 1
