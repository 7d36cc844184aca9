"""What a company's own past says about the records nobody has decided on.

Nothing here decides. It is derived from what people decided, from the ledger's own bills and from
what was brought in, read anew for each run, and never leaves the company. How sure each makes us
was set by judgement, not measured: see docs/decisions/0010-learning.md.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction

from common.templatetags.format import day
from companies.models import Company
from mapping import combining, publishing, refusing
from mapping.drafts import BROUGHT_IN
from mapping.matching.known import Evidence, Known
from mapping.matching.names import Candidate, code_key, legal_form, normalise
from mapping.models import Kind, Mapping, Precedent, Suggestion

LINE_KINDS: Final = frozenset({Kind.COST_CODE, Kind.COST_TYPE, Kind.PAIR})
# A record of the same name (and code, where it has one) was mapped by a person.
DECIDED = 0.97
# Only the name or only the code of a cost code is the same, or it is what one project says of it.
DECIDED_IN_PART = 0.85
# One precedent alone may be a coincidence: 3 in 100 for a vendor, whose bill's number and amount
# agree, 12 where only amounts do. Each further one divides the doubt.
DOUBT = {Kind.VENDOR: 0.03}
DOUBT_BY_AMOUNT = 0.12
MOST_SURE = 0.995
# A target that more names than these were mapped to is a collection ("One-time vendors"), and
# what is like one of its names need not belong to it.
MOST_ALIASES = 5


@dataclass(frozen=True, slots=True)
class Decided:
    """A mapping that a person stands behind, as far as others can learn from it."""

    source: Candidate
    target: int
    who: str
    at: datetime

    def reason(self, time_zone: str) -> str:
        when = day(self.at.astimezone(ZoneInfo(time_zone)).date())
        label = f"{self.source.code} {self.source.name}".strip()
        return f"{label[:160]} was mapped to this by {self.who} on {when}"


@dataclass(frozen=True, slots=True)
class Found:
    """One precedent, as whoever compared both sides' bills found it."""

    kind: Kind
    source: int
    target: int
    times: int
    first_date: date
    last_date: date


def recall(
    company: Company, kind: Kind, sources: Sequence[Candidate], targets: Iterable[Candidate]
) -> Known:
    """Everything known of these sources, and the targets with their further spellings.

    Five questions to the database at most, however many sources there are.
    """
    decided = list(_decided(company, kind))
    by_key = {target.key: target for target in targets}
    if kind not in LINE_KINDS:
        for key, names in _aliases(decided).items():
            if key in by_key:
                target = by_key[key]
                by_key[key] = replace(target, other_names=(*target.other_names, *names))
    evidence: dict[int, list[Evidence]] = {}
    wanted = {source.key for source in sources if not source.is_heading}
    for key, said in (
        *_precedents(company, kind),
        *_brought_in(company, kind),
        *_decided_alike(decided, sources, kind, company.settings.time_zone),
        *_as_in_projects(company, kind),
    ):
        if key in wanted:
            evidence.setdefault(key, []).append(said)
    refused: dict[int, set[int]] = {}
    for source, target_id in refusing.of(company, wanted):
        refused.setdefault(source, set()).add(target_id)
    return Known(by_key, evidence, {key: frozenset(those) for key, those in refused.items()})


# --- What people decided --------------------------------------------------------------------------


def _decided(company: Company, kind: Kind) -> Iterator[Decided]:
    """The oldest first, so that the latest says why."""
    rows = (
        company.mappings.filter(
            kind=kind, state__in=[Mapping.State.ACCEPTED, Mapping.State.PUBLISHED]
        )
        .order_by("decided_at")
        .values_list(
            "source_id", "source__name", "source__code", "source__state", "source__type",
            "target_id", "decided_by__name", "decided_at",
        )
    )  # fmt: skip
    for key, name, code, state, type_, target, who, at in rows.iterator(chunk_size=2000):
        if target is not None and at is not None:  # so the database holds of what is decided
            source = Candidate(key, name, code, state=state, type=type_)
            yield Decided(source, target, who, at)


def _aliases(decided: Collection[Decided]) -> dict[int, tuple[str, ...]]:
    """By target: what people showed to be other spellings of it."""
    names: dict[int, dict[str, str]] = {}
    for each in decided:
        names.setdefault(each.target, {}).setdefault(normalise(each.source.name), each.source.name)
    return {
        target: tuple(those.values())
        for target, those in names.items()
        if len(those) <= MOST_ALIASES
    }


def _decided_alike(
    decided: Collection[Decided], sources: Sequence[Candidate], kind: Kind, time_zone: str
) -> Iterator[tuple[int, Evidence]]:
    """What was decided about other records of the same name or code."""
    by_name: dict[str, list[Decided]] = {}
    by_code: dict[str, list[Decided]] = {}
    for each in decided:
        if name := normalise(each.source.name):
            by_name.setdefault(name, []).append(each)
        if kind in LINE_KINDS and (code := code_key(each.source.code)):
            by_code.setdefault(code, []).append(each)
    for source in sources:
        same_name = by_name.get(normalise(source.name), [])
        same_code = by_code.get(code_key(source.code), []) if kind in LINE_KINDS else []
        alike = [each for each in same_name if _is_same(source, each.source, kind)]
        confidence = DECIDED
        if not alike:
            confidence = DECIDED_IN_PART
            alike = [
                each
                for each in (*same_name, *same_code)
                if kind in LINE_KINDS and each.source.type == source.type
            ]
        for each in {each.target: each for each in alike}.values():
            yield source.key, Evidence(each.target, confidence, each.reason(time_zone))


def _is_same(mine: Candidate, theirs: Candidate, kind: Kind) -> bool:
    """Of two sources whose names are the same once normalised: may one speak for the other?

    The same firm name in two states, or as Inc and as LLC, may be two firms; the same name under
    two numbers is two jobs, and two cost codes.
    """
    if kind is Kind.VENDOR:
        pairs = (
            (mine.state.casefold(), theirs.state.casefold()),
            (legal_form(mine.name), legal_form(theirs.name)),
        )
        return not any(one and other and one != other for one, other in pairs)
    return code_key(mine.code) == code_key(theirs.code) and mine.type == theirs.type


def _as_in_projects(company: Company, kind: Kind) -> Iterator[tuple[int, Evidence]]:
    """What single projects say of a code, a type or a pair, for those that say nothing yet.

    What a person decided for the record itself is decided, so this never meets it.
    """
    if kind not in LINE_KINDS:
        return
    rows = (
        company.mappings.filter(
            kind=Kind.OVERRIDE, state__in=[Mapping.State.ACCEPTED, Mapping.State.PUBLISHED]
        )
        .filter(
            source__part_code__isnull=kind is Kind.COST_TYPE,
            source__part_type__isnull=kind is Kind.COST_CODE,
        )
        .order_by("decided_at")
        .values_list(
            "source__part_code", "source__part_type", "source__part_project__name",
            "target_id", "decided_by__name", "decided_at",
        )
    )  # fmt: skip
    pairs = combining.pairs_of(company) if kind is Kind.PAIR else {}
    latest: dict[tuple[int, int], str] = {}
    for code, type_, project, target, who, at in rows:
        source = pairs.get((code, type_)) if kind is Kind.PAIR else code or type_
        if source is not None and target is not None and at is not None:
            when = day(at.astimezone(ZoneInfo(company.settings.time_zone)).date())
            latest[source, target] = f"as in project {project}, mapped by {who} on {when}"
    for (source, target), reason in latest.items():
        yield source, Evidence(target, DECIDED_IN_PART, reason)


# --- What the ledger's bills and other lists say --------------------------------------------------


def _precedents(company: Company, kind: Kind) -> Iterator[tuple[int, Evidence]]:
    rows: dict[int, list[tuple[int, int, str]]] = {}
    for source, target, name, times, first, last in (
        company.precedents.filter(kind=kind)
        .order_by("-times", "pk")
        .values_list("source_id", "target_id", "target__name", "times", "first_date", "last_date")
    ):
        rows.setdefault(source, []).append((target, times, _told(kind, name, times, first, last)))
    for source, those in rows.items():
        total = sum(times for _, times, _ in those)
        for target, times, reason in those:
            yield source, Evidence(target, how_sure(kind, times) * times / total, reason)


def how_sure(kind: Kind, times: int) -> float:
    """Of a precedent that nothing contradicts."""
    return min(MOST_SURE, 1 - DOUBT.get(kind, DOUBT_BY_AMOUNT) / times)


def _told(kind: Kind, name: str, times: int, first: date, last: date) -> str:
    bills, was = ("1 bill", "was") if times == 1 else (f"{times:,} bills", "were")
    whose = f"{bills} {'with' if kind in LINE_KINDS else 'of'} this {kind.singular}"
    when = f"on {day(first)}" if first == last else f"between {day(first)} and {day(last)}"
    return f"{whose} {was} posted to {name[:120]} {when}"


@transaction.atomic
def keep_precedents(company: Company, found: Collection[Found]) -> bool:
    """Put these in place of what was known of the ledger's bills; was there anything new?"""
    publishing.lock_company(company)
    before = set(
        company.precedents.values_list(
            "kind", "source_id", "target_id", "times", "first_date", "last_date"
        )
    )
    now = {
        (each.kind.value, each.source, each.target, each.times, each.first_date, each.last_date)
        for each in found
    }
    if now == before:
        return False
    company.precedents.all().delete()
    Precedent.objects.bulk_create(
        (
            Precedent(
                company=company,
                kind=each.kind,
                source_id=each.source,
                target_id=each.target,
                times=each.times,
                first_date=each.first_date,
                last_date=each.last_date,
            )
            for each in found
        ),
        batch_size=1000,
    )
    return True


def _brought_in(company: Company, kind: Kind) -> Iterator[tuple[int, Evidence]]:
    """The latest that a file or another company said of each record: a run keeps it in mind."""
    rows = Suggestion.objects.filter(
        company=company,
        run__in=company.suggestion_runs.filter(kind=kind, ranker__in=BROUGHT_IN),
        target__isnull=False,
    ).order_by("pk")
    latest = {
        source: (target, float(confidence or 0), reason)
        for source, target, confidence, reason in rows.values_list(
            "source_id", "target_id", "confidence", "reason"
        )
    }
    for source, (target, confidence, reason) in latest.items():
        yield source, Evidence(target, confidence, reason)
