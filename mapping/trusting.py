"""What became of drafts: how often people agreed, at which confidence, and how long it took them.

Read from the trail, which keeps what a row said when somebody decided it. A draft counts by the
last decision on its row: accepted first and overridden a week later, it was wrong.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Sum
from django.db.models.functions import TruncMonth

from audit.models import Verb
from companies.models import Company
from mapping.models import Kind, kinds_in_use
from mapping.thresholds import Thresholds

BARS: Final = tuple(
    Decimal(each) for each in ("0.6", "0.7", "0.8", "0.85", "0.9", "0.95", "0.975", "0.99")
)
BINS: Final = tuple(
    Decimal(each) for each in ("0.5", "0.6", "0.7", "0.8", "0.85", "0.9", "0.95", "0.98", "1")
)
# Between two decisions of one person: longer, and they were doing something else.
LONGEST_DECISION_SECONDS: Final = 120
# Quicker than anybody decides: the next of a file's rows, or of many in one act.
SHORTEST_DECISION_SECONDS: Final = 0.3
DECISIONS: Final = [Verb.ACCEPTED, Verb.OVERRODE, Verb.LEFT, Verb.NO_MATCH]
OVERRIDDEN_SHOWN: Final = 50

# One line for each draft that somebody decided since then, by what became of it.
_OUTCOMES: Final = """
    WITH said AS (
        SELECT id, object_id, at, verb, user_id, before->>'state' AS state_before,
               (before->>'target')::bigint AS drafted, (after->>'target')::bigint AS chosen,
               (before->>'confidence')::numeric AS confidence,
               (before->>'suggestion')::bigint AS suggestion_id
        FROM audit_entry
        WHERE company_id = %(company)s AND user_id IS NOT NULL AND at >= %(since)s
          AND object_type = 'mapping.mapping' AND verb = ANY(%(verbs)s)
    ), of_drafts AS (
        SELECT DISTINCT ON (object_id) * FROM said
        WHERE state_before = 'draft' AND verb <> 'undid' ORDER BY object_id, id
    ), at_last AS (
        SELECT DISTINCT ON (object_id) * FROM said ORDER BY object_id, id DESC
    ), outcome AS (
        SELECT of_drafts.*, mapping.kind, mapping.source_id, at_last.chosen AS finally,
               at_last.user_id AS decided_by,
               coalesce(suggestion.ranker, 'local') AS ranker,
               CASE WHEN at_last.verb IN ('left', 'no_match') THEN at_last.verb
                    WHEN at_last.chosen = of_drafts.drafted THEN 'as_is'
                    ELSE 'overridden' END AS became
        FROM of_drafts
        JOIN at_last USING (object_id)
        JOIN mapping_mapping AS mapping ON mapping.id = of_drafts.object_id
        LEFT JOIN mapping_suggestion AS suggestion ON suggestion.id = of_drafts.suggestion_id
        WHERE at_last.verb <> 'undid'
    )
"""


@dataclass(frozen=True)
class Outcome:
    """So many drafts of one kind, month, ranker and confidence, and what became of them."""

    kind: Kind
    month: date
    ranker: str
    confidence: Decimal | None  # None: decided before the trail kept it
    became: str  # as_is, overridden, left, no_match
    drafts: int


@dataclass(frozen=True)
class Tally:
    """Drafts that were decided, by what became of them."""

    as_is: int = 0
    overridden: int = 0
    no_match: int = 0
    left: int = 0

    @property
    def decided(self) -> int:
        """Left for later says nothing of right or wrong."""
        return self.as_is + self.wrong

    @property
    def wrong(self) -> int:
        return self.overridden + self.no_match

    @property
    def share_right(self) -> float | None:
        return self.as_is / self.decided if self.decided else None


@dataclass(frozen=True)
class Month:
    kind: Kind
    first_day: date
    drafted: int
    tally: Tally

    @property
    def last_day(self) -> date:
        return (self.first_day + timedelta(days=31)).replace(day=1) - timedelta(days=1)


@dataclass(frozen=True)
class Bar:
    """What a threshold at `at` would have let through, and what waits above it now."""

    at: Decimal
    tally: Tally
    waiting: int
    is_high: bool
    is_medium: bool


@dataclass(frozen=True)
class Bin:
    """Drafts of about one confidence: what was said of them, and how many were right."""

    low: Decimal
    high: Decimal
    said: float
    tally: Tally


@dataclass(frozen=True)
class Overridden:
    """A draft that somebody found wrong."""

    source_id: int
    kind: Kind
    at: datetime
    source: str
    drafted: str
    chosen: str  # blank: none of them
    confidence: Decimal | None
    ranker: str
    who: str


@dataclass(frozen=True)
class Pace:
    """The time from one decision to the same person's next, in seconds: the median."""

    kind: Kind
    seconds: float
    decisions: int


@dataclass(frozen=True)
class KindTrust:
    """One kind's part of the page."""

    kind: Kind
    thresholds: Thresholds
    tally: Tally
    bars: Sequence[Bar]
    bins: Sequence[Bin]
    pace: Pace | None


def outcomes(company: Company, since: datetime) -> list[Outcome]:
    """What became of the drafts that people decided since then."""
    rows = _query(
        company,
        since,
        """
        SELECT kind, date_trunc('month', at AT TIME ZONE %(zone)s)::date, ranker, confidence,
               became, count(*)
        FROM outcome GROUP BY 1, 2, 3, 4, 5
        """,
    )
    return [
        Outcome(Kind(kind), month, ranker, confidence, became, drafts)
        for kind, month, ranker, confidence, became, drafts in rows
    ]


def overridden(company: Company, since: datetime) -> list[Overridden]:
    """The drafts behind the number of those that were wrong, the surest first."""
    rows = _query(
        company,
        since,
        """
        SELECT outcome.source_id, outcome.kind, outcome.at, source.name, drafted.name,
               coalesce(chosen.name, ''), outcome.confidence, outcome.ranker, person.name
        FROM outcome
        JOIN connectors_record AS source ON source.id = outcome.source_id
        JOIN connectors_record AS drafted ON drafted.id = outcome.drafted
        LEFT JOIN connectors_record AS chosen ON chosen.id = outcome.finally
        JOIN companies_user AS person ON person.id = outcome.decided_by
        WHERE became IN ('overridden', 'no_match')
        ORDER BY outcome.confidence DESC NULLS LAST, outcome.id DESC
        LIMIT %(shown)s
        """,
    )
    return [Overridden(row[0], Kind(row[1]), *row[2:]) for row in rows]


def paces(company: Company, since: datetime) -> dict[Kind, Pace]:
    """How long people take, by kind. Accepting many at once is one decision."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT mapping.kind, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds), count(*)
            FROM (
                SELECT object_id,
                       extract(epoch FROM at - lag(at) OVER (PARTITION BY user_id ORDER BY id))
                           AS seconds
                FROM audit_entry
                WHERE company_id = %(company)s AND user_id IS NOT NULL AND at >= %(since)s
                  AND object_type = 'mapping.mapping' AND verb = ANY(%(verbs)s) AND leads
            ) AS decision
            JOIN mapping_mapping AS mapping ON mapping.id = decision.object_id
            WHERE seconds BETWEEN %(shortest)s AND %(longest)s
            GROUP BY mapping.kind
            """,
            {
                "company": company.pk,
                "since": since,
                "verbs": [verb.value for verb in DECISIONS],
                "shortest": SHORTEST_DECISION_SECONDS,
                "longest": LONGEST_DECISION_SECONDS,
            },
        )
        return {
            Kind(kind): Pace(Kind(kind), float(seconds), decisions)
            for kind, seconds, decisions in cursor.fetchall()
        }


def months(company: Company, found: Iterable[Outcome], since: datetime) -> list[Month]:
    """By kind and month, the latest first: what was drafted and what people said."""
    drafted = {
        (run["kind"], run["month"].date()): run["total"]
        for run in company.suggestion_runs.filter(created_at__gte=since)
        .annotate(month=TruncMonth("created_at", tzinfo=ZoneInfo(company.settings.time_zone)))
        .values("kind", "month")
        .annotate(total=Sum("drafted"))
        .order_by()
    }
    tallies = tallied(found, lambda each: (each.kind.value, each.month))
    keys = sorted(drafted.keys() | tallies.keys(), key=lambda key: (key[1], key[0]), reverse=True)
    return [
        Month(
            Kind(kind),
            first_day,
            drafted.get((kind, first_day), 0),
            tallies.get((kind, first_day), Tally()),
        )
        for kind, first_day in keys
    ]


def by_kind(company: Company, found: Sequence[Outcome], since: datetime) -> list[KindTrust]:
    waiting = _undecided(company)
    pace = paces(company, since)
    result = []
    for kind in kinds_in_use(company.settings):
        own = [each for each in found if each.kind is kind]
        thresholds = Thresholds.of(kind, company.settings)
        result.append(
            KindTrust(
                kind,
                thresholds,
                _tally(own),
                _bars(own, thresholds, waiting.get(kind.value, [])),
                _bins(own),
                pace.get(kind),
            )
        )
    return result


def by_ranker(found: Iterable[Outcome]) -> dict[str, Tally]:
    return tallied(found, lambda each: each.ranker)


def tallied(found: Iterable[Outcome], key: Callable[[Outcome], Any]) -> dict[Any, Tally]:
    groups: dict[Hashable, list[Outcome]] = defaultdict(list)
    for each in found:
        groups[key(each)].append(each)
    return {name: _tally(those) for name, those in groups.items()}


def _tally(found: Iterable[Outcome]) -> Tally:
    counts: dict[str, int] = defaultdict(int)
    for each in found:
        counts[each.became] += each.drafts
    return Tally(**counts)


def _bars(
    found: Sequence[Outcome], thresholds: Thresholds, waiting: Sequence[Decimal]
) -> list[Bar]:
    """The usual bars and the two that are set, each with all that lies at or above it."""
    at = sorted({*BARS, thresholds.high, thresholds.medium}, reverse=True)
    return [
        Bar(
            bar,
            _tally(
                each for each in found if each.confidence is not None and each.confidence >= bar
            ),
            sum(score >= bar for score in waiting),
            bar == thresholds.high,
            bar == thresholds.medium,
        )
        for bar in at
    ]


def _bins(found: Sequence[Outcome]) -> list[Bin]:
    bins = []
    for low, high in pairwise(BINS):
        inside = [
            each
            for each in found
            if each.confidence is not None
            and (low <= each.confidence < high or each.confidence == high == 1)
            and each.became != "left"
        ]
        if tally := _tally(inside):
            said = sum(float(each.confidence or 0) * each.drafts for each in inside)
            if tally.decided:
                bins.append(Bin(low, high, said / tally.decided, tally))
    return bins


def _undecided(company: Company) -> dict[str, list[Decimal]]:
    scores: dict[str, list[Decimal]] = defaultdict(list)
    for kind, confidence in company.mappings.drafts().values_list("kind", "confidence"):
        if confidence is not None:
            scores[kind].append(confidence)
    return scores


def _query(company: Company, since: datetime, query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _OUTCOMES + query,
            {
                "company": company.pk,
                "since": since,
                "verbs": [*(verb.value for verb in DECISIONS), Verb.UNDID.value],
                "zone": company.settings.time_zone,
                "shown": OVERRIDDEN_SHOWN,
            },
        )
        return list(cursor.fetchall())
