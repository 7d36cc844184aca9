"""The machine's part: drafts for records nobody has decided on, and nothing else.

A run is a row that a worker claims for a while. What a person decided is guarded where drafts are
written, in `mapping/drafts.py`.
"""

import time
from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from common.errors import AppError
from companies.models import Company, User
from connectors.models import Record
from mapping import drafts, learning, publishing, searching, worklist
from mapping.asking import Asking
from mapping.matching import suggesting
from mapping.matching.names import Candidate
from mapping.models import (
    UNDECIDED,
    Kind,
    Suggestion,
    SuggestionRun,
    act_of,
    drafted_kinds,
)
from mapping.targets import Systems
from mapping.thresholds import Thresholds

State = SuggestionRun.State
TASK = "mapping.tasks.draft"
MACHINE = "Drafting"
BATCH = 200
LEASE = timedelta(seconds=180)
# A task ends within 90 s: after this long it hands the rest to the next bell. What it is in the
# middle of then, one question to a model, takes 40 s at most.
WORKS_FOR_SECONDS = 45.0
MOST_STARTS = 5
SAVE_EVERY_SECONDS = 10.0
LINE_KINDS = frozenset({Kind.COST_CODE, Kind.COST_TYPE, Kind.PAIR})


@transaction.atomic
def start(company: Company, kind: Kind, *, by: User | None) -> SuggestionRun:
    """Ask for drafts of one kind. While a run is under way, that run is the answer."""
    if kind not in drafted_kinds(company.settings):
        raise AppError(f"{kind.label} need no mapping here, so none were drafted.")
    publishing.lock_company(company)
    under_way = company.suggestion_runs.filter(
        kind=kind, state__in=[State.WAITING, State.RUNNING]
    ).first()
    if under_way is not None:
        return under_way
    run = SuggestionRun.objects.create(
        company=company, kind=kind, started_by=by, due_at=timezone.now()
    )
    SuggestionRun.objects.ring(TASK, [run.pk])
    return run


def draft(run: SuggestionRun) -> None:
    """Work on a run for a while. Safe to run twice, and by two workers at once."""
    fence = _claim(run)
    if fence is None:
        return
    if run.starts > MOST_STARTS:
        _end(run, fence, State.FAILED, "It broke off five times in a row. Tell an operator.")
        return
    until = time.monotonic() + WORKS_FOR_SECONDS
    asking = Asking(run)
    kind = Kind(run.kind)
    systems = Systems.of(run.company)
    headings = _headings(kind, systems) if kind in LINE_KINDS else ()
    sources = [_candidate(record, headings) for record in _left_to_look_at(run, systems)]
    targets = [_candidate(record) for record in searching.draftable(run.company, kind, systems)]
    _note_size(run, fence, len(sources))
    known = learning.recall(run.company, kind, sources, targets)
    found = suggesting.suggest(
        kind.value,
        sources,
        list(known.targets.values()),
        opinion=asking.opinion,
        known=known,
        decided=_decided(run),
    )
    thresholds = Thresholds.of(kind, run.company.settings)
    done = 0
    for batch in _batches(found, until):
        if not _store(run, fence, batch, thresholds):
            return  # the lease was lost: another worker goes on
        done += len(batch)
        if time.monotonic() > until and done < len(sources):
            _pause(run, fence, asking.notice)
            return
    _end(run, fence, State.DONE, asking.notice or run.notice)


def _batches(
    found: Iterator[suggesting.Suggestion], until: float
) -> Iterator[list[suggesting.Suggestion]]:
    """A couple of hundred at a time; fewer when each takes long, so that nothing found is lost."""
    batch: list[suggesting.Suggestion] = []
    started = time.monotonic()
    for suggestion in found:
        batch.append(suggestion)
        now = time.monotonic()
        if len(batch) == BATCH or now > until or now - started > SAVE_EVERY_SECONDS:
            yield batch
            batch, started = [], now
    if batch:
        yield batch


# --- The run's row --------------------------------------------------------------------------------


def _claim(run: SuggestionRun) -> int | None:
    """Take the run for a while; its fence, or None when it is not due or somebody has it."""
    claimed = (
        SuggestionRun.objects.filter(pk=run.pk, state__in=[State.WAITING, State.RUNNING])
        .due()
        .update(
            lease_until=Now() + LEASE,
            fence=F("fence") + 1,
            starts=F("starts") + 1,
            state=State.RUNNING,
        )
    )
    if not claimed:
        return None
    run.refresh_from_db(fields=["fence", "starts", "state", "notice"])
    return run.fence


def _ours(run: SuggestionRun, fence: int) -> QuerySet[SuggestionRun]:
    return SuggestionRun.objects.filter(pk=run.pk, fence=fence, state=State.RUNNING)


def _note_size(run: SuggestionRun, fence: int, left: int) -> None:
    _ours(run, fence).update(to_look_at=F("looked_at") + left)


def _pause(run: SuggestionRun, fence: int, notice: str) -> None:
    """An orderly stop half way: due again at once."""
    with transaction.atomic():
        stopped = _ours(run, fence).update(
            lease_until=None,
            starts=0,
            due_at=Now(),
            rung_at=None,
            notice=notice or run.notice,
        )
        if stopped:
            SuggestionRun.objects.ring(TASK, [run.pk])


def _end(run: SuggestionRun, fence: int, state: SuggestionRun.State, notice: str) -> None:
    _ours(run, fence).update(
        state=state,
        notice=notice,
        finished_at=timezone.now(),
        due_at=None,
        lease_until=None,
        starts=0,
    )


# --- What goes in ---------------------------------------------------------------------------------


def _left_to_look_at(run: SuggestionRun, systems: Systems) -> QuerySet[Record]:
    """Records nobody has decided on, or that are decided and have no record, that this run has not
    looked at. What was decided stays: what is found for it is a note.
    """
    return (
        worklist.sources(systems, Kind(run.kind))
        .filter(worklist.TO_REVIEW | worklist.NEEDS_ANOTHER | worklist.WITHOUT_A_RECORD)
        .exclude(suggestions__run=run)
        .defer("payload", "search_text")
        .order_by("pk")
    )


def _decided(run: SuggestionRun) -> set[int]:
    """Sources that are looked at for a note only: nobody pays to hear more about those."""
    decided = run.company.mappings.filter(kind=run.kind).exclude(state__in=UNDECIDED)
    return set(decided.values_list("source_id", flat=True))


def _headings(kind: Kind, systems: Systems) -> set[str]:
    """Codes with codes below them: bills are costed to those, never to the division itself."""
    below = worklist.sources(systems, kind).exclude(parent_external_id="")
    return set(below.values_list("parent_external_id", flat=True))


def _candidate(record: Record, headings: Collection[str] = ()) -> Candidate:
    return Candidate(
        key=record.pk,
        name=record.name,
        code=record.code,
        path=record.path,
        other_names=tuple(record.other_names),
        address=record.address,
        city=record.city,
        state=record.state,
        postcode=record.postcode,
        email=record.email,
        phone=record.phone,
        tax_id=record.tax_id,
        type=record.type,
        is_heading=record.external_id in headings,
    )


# --- What comes out -------------------------------------------------------------------------------


@transaction.atomic
def _store(
    run: SuggestionRun,
    fence: int,
    batch: list[suggesting.Suggestion],
    thresholds: Thresholds,
) -> bool:
    """Keep what was found for a batch of records; False when the run is no longer ours."""
    ours = _ours(run, fence)
    if not ours.select_for_update(no_key=True).exists():
        return False
    changes = drafts.write(run, [_as_row(run, each, thresholds) for each in batch])
    act = act_of(run.pk)
    drafts.announce(run, changes, machine=MACHINE, act=act)
    rankers = {each.ranker for each in batch} - {"local"}
    ours.update(
        looked_at=F("looked_at") + len(batch),
        drafted=F("drafted") + changes.drafted,
        lease_until=Now() + LEASE,
        **({"ranker": rankers.pop()[:80]} if rankers else {}),
    )
    return True


def _as_row(run: SuggestionRun, found: suggesting.Suggestion, thresholds: Thresholds) -> Suggestion:
    """What is kept: the target first among the candidates; none below the medium threshold."""
    confidence = suggesting.three_digits(found.confidence)
    target = found.draft(thresholds.medium)
    weighed = sorted(found.candidates, key=lambda each: each.candidate is not target)
    return Suggestion(
        company=run.company,
        run=run,
        source_id=found.source.key,
        target_id=target.key if target else None,
        confidence=confidence,
        reason=found.reason[:300],
        ranker=found.ranker[:80],
        local_target_id=found.local.key if found.local else None,
        **_said(found.said),
        candidates=[
            {
                "record": each.candidate.key,
                "name": each.candidate.name[:200],
                "score": float(suggesting.three_digits(each.score)),
                "reasons": list(each.reasons),
            }
            for each in weighed[:5]
        ],
    )


def _said(said: suggesting.Said | None) -> dict[str, Any]:
    """What the language model said, by its own word."""
    if said is None:
        return {}
    return {
        "model": said.model[:120],
        "model_target_id": said.target.key if said.target else None,
        "model_reason": said.reason.value,
        "model_confidence": suggesting.three_digits(said.confidence),
        "model_is_cached": said.is_cached,
    }
