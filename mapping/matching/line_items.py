"""Ranks items and accounts for a cost code or cost type: by what they are about, not by spelling.

Every target is scored, there is no shortlist: a chart has some hundred rows. `subjects` reads names
into concepts of the trade; cost types choose among the chart's labor, material and subcontract
accounts. Right or absent, as in `ranking`.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz

from mapping.matching.charts import Chart
from mapping.matching.lexicon import FARTHEST, NO_TRADES, OFFICE, broader
from mapping.matching.names import Candidate
from mapping.matching.numbering import UNNUMBERED, Numbering
from mapping.matching.ranking import SHOWN, Ranking, Scored
from mapping.matching.subjects import Subject

NEEDED: Final = 0.775
CLOSE: Final = 0.07
CERTAIN: Final = 0.99
AT_MOST: Final = 0.98

NARROWER: Final = 0.5  # the source says less than the target: often more than one fits
UNRELATED: Final = 0.4
IN_CONTEXT: Final = 0.03  # what stands beside is what the row is about, or its category
OVERHEAD: Final = 0.9  # the cost of a job goes to cost of goods sold where it can
FALLBACK: Final = 0.88  # "Materials - Other", and the one account of a cost type
HEAD: Final = 0.6
UNASKED: Final = 0.15  # of "Survey & Soil Tests", the soil tests for a survey
AMBIGUOUS: Final = 0.85  # a sprinkler is for a lawn or for a fire; one of them has a row
SHOWN_ONLY: Final = 0.09  # at most, for what fills up the five: related, or takes what is left over
OF_ANOTHER_TYPE: Final = 0.45  # at most, for a row of a cost type the source is not of

STAFF: Final = frozenset({"supervision", "project_management", "management", "clerical"})


# --- How well a row fits --------------------------------------------------------------------------


@lru_cache(maxsize=100_000)
def _closeness(mine: str, theirs: str) -> float:
    if mine == theirs:
        return 1.0
    if mine.startswith("=") or theirs.startswith("="):
        return 0.9 if mine[0] == theirs[0] and fuzz.ratio(mine, theirs) > 88 else 0.0
    above = broader(mine)
    if theirs in above:
        return above[theirs]
    return NARROWER if broader(theirs).get(mine, 0.0) >= FARTHEST else 0.0


@lru_cache(maxsize=100_000)
def _nearest(meant: frozenset[str], concepts: frozenset[str]) -> float:
    return max((_closeness(mine, theirs) for mine in meant for theirs in concepts), default=0.0)


def _cover(source: Subject, target: Subject) -> float:
    """How much of what the source is about the target is about too."""
    whole = sum(weight for _, weight in source.parts)
    if not whole or not target.parts:
        return 0.0
    return sum(_nearest(meant, target.heads) * weight for meant, weight in source.parts) / whole


def _target_cover(source: Subject, target: Subject) -> float:
    """How much of the target the source asks for; a list of several things asks for any."""
    asked = source.concepts | source.context
    whole = met = 0.0
    for theirs, weight in target.parts:
        is_met = _either_way(asked, theirs)
        worth = weight if is_met or weight < HEAD else weight * UNASKED
        whole += worth
        met += worth if is_met else 0.0
    return met / whole if whole else 0.0


@lru_cache(maxsize=100_000)
def _either_way(asked: frozenset[str], theirs: frozenset[str]) -> bool:
    return any(_closeness(mine, each) for mine in asked for each in theirs)


def _type_fits(source: Subject, target: Subject, chart: Chart) -> bool:
    if not target.type or target.type == "other":
        return True
    if target.type == "equipment" and source.type != "labor" and _names_it(source, target):
        return True  # a crane is a crane, whoever bills for it
    if not source.type or _is_either(source, chart):
        return not chart.splits
    if source.type == target.type:
        return True
    pair = {source.type, target.type}
    if pair == {"labor", "subcontract"}:
        return not chart.has_subcontracts
    if target.type == "labor" and not chart.splits and not target.is_type_told:
        return True  # "Superintendent" is one of itself, whoever bills for it
    return pair == {"other", "equipment"}


def _names_it(source: Subject, target: Subject) -> bool:
    return any(_nearest(meant, target.heads) > NARROWER for meant in source.meanings)


def _is_either(source: Subject, chart: Chart) -> bool:
    """Labor in a name, not in a field, may be our own people's or a subcontractor's."""
    return source.type == "labor" and not source.is_type_told and chart.has_subcontracts


def _fits(source: Subject, at: int, chart: Chart) -> bool:
    """Whether the row may be drafted for what it is: the firm's expenses are not a job's cost."""
    if chart.has_costs and chart.roles[at] == "overhead":
        if chart.splits and source.type not in {"", "other"}:
            return False  # what is costed by type is the cost of a job
        if source.is_known and not source.heads & OFFICE:
            return False
    return _type_fits(source, chart.subjects[at], chart)


def _score(source: Subject, at: int, chart: Chart) -> float:
    """How sure it is that the row is the right one; a row of another cost type stays low."""
    target = chart.subjects[at]
    if chart.roles[at] == "never" or {source.place, target.place} == {"interior", "exterior"}:
        return 0.0
    fits = _fits(source, at, chart)
    if fits and source.text and source.text == target.text and chart.names[target.text] == 1:
        return CERTAIN
    score = _cover(source, target) * (0.8 + 0.2 * _target_cover(source, target))
    if score and target.context & (source.concepts | source.context):
        score += IN_CONTEXT
    if score and target.concepts & source.context:
        score += IN_CONTEXT
    if chart.roles[at] == "overhead":
        score *= OVERHEAD
    if any(_is_ambiguous(meant, target.concepts) for meant in source.meanings):
        score *= AMBIGUOUS
    return min(score, AT_MOST) if fits else min(score / 2, OF_ANOTHER_TYPE)


@lru_cache(maxsize=100_000)
def _is_ambiguous(meant: frozenset[str], theirs: frozenset[str]) -> bool:
    """Whether a word means several unlike things and the row is about some of them only."""
    roots = [frozenset(broader(each)) for each in meant]
    if len(meant) < 2 or any(frozenset.intersection(*roots)):
        return False
    return not all(_nearest(frozenset({each}), theirs) for each in meant)


# --- Rows that take what has none of its own ------------------------------------------------------


def _fallback(source: Subject, chart: Chart, scores: Sequence[float]) -> int | None:
    """ "Materials - Other" for a trade without an account, or the one account of a cost type."""
    rows = chart.rests.get(source.type, [])
    if len(rows) != 1 or not chart.splits or _is_either(source, chart):
        return None
    row = rows[0]
    if source.type == "labor":
        return None if source.heads & STAFF and _has_own(source, chart) else row
    if source.type == "equipment":
        return None  # owned, rented or its fuel: only a name can tell
    if max(scores) > UNRELATED:
        return None
    if source.heads & NO_TRADES and not _is_bought_whole(source, chart, row):
        return None
    return row if source.is_known or chart.subjects[row].is_whole else None


def _is_bought_whole(source: Subject, chart: Chart, row: int) -> bool:
    """Where all subcontractors have one account, a flagger who bills is one of them."""
    return source.type == "subcontract" and source.is_type_told and chart.subjects[row].is_whole


def _has_own(source: Subject, chart: Chart) -> bool:
    """Salaries of project managers among the overhead, beside direct labor."""
    return any(
        chart.roles[at] != "never" and source.heads & subject.heads
        for at, subject in enumerate(chart.subjects)
    )


def _machine_row(source: Subject, chart: Chart, scores: Sequence[float]) -> int | None:
    """Where a machine at work is costed, if the chart has one such row and none for the work."""
    rows = [
        at
        for at, subject in enumerate(chart.subjects)
        if chart.roles[at] in chart.costed
        and subject.heads & {"equipment_rental", "owned_equipment"}
    ]
    is_work = (
        chart.splits
        and source.type == "equipment"
        and source.is_known
        and not source.heads & NO_TRADES
    )
    return rows[0] if is_work and len(rows) == 1 and max(scores) <= UNRELATED else None


def _fill(source: Subject, chart: Chart, scores: Sequence[float]) -> dict[int, float]:
    """Low scores for rows a person may want where nothing better is found."""
    roots = {above for each in source.concepts | source.context for above in broader(each)}
    filled = {}
    for at, subject in enumerate(chart.subjects):
        if scores[at] or chart.roles[at] == "never":
            continue
        same_type = subject.type == source.type
        worth = 0.0
        if any(above in roots for each in subject.concepts for above in broader(each)):
            worth += 0.4
        if (subject.is_rest or subject.is_whole) and (same_type or not source.type):
            worth += 0.35
        if "miscellaneous" in subject.concepts and chart.roles[at] == "cost":
            worth += 0.3
        if subject.type and source.type and not same_type:
            worth *= 0.3
        worth += 0.001 * fuzz.token_set_ratio(source.text, subject.text)
        worth *= 1.0 if chart.roles[at] == "cost" else 0.5
        filled[at] = SHOWN_ONLY * min(worth, 1.0)
    return filled


# --- The answer -----------------------------------------------------------------------------------


def rank_line_item(
    source: Candidate, chart: Chart, *, numbering: Numbering = UNNUMBERED, shown: int = SHOWN
) -> Ranking:
    """The best of the chart for a cost code or cost type, one of them drafted or none.

    `numbering` is that of the list the code stands in.
    """
    if not len(chart):
        return Ranking((), None, 0.0, "nothing in the list")
    if source.is_heading:
        return Ranking((), None, 0.0, "a heading: the codes below it are mapped, not it")
    subject = numbering.read(source)
    scores = [_score(subject, at, chart) for at in range(len(chart))]
    is_anything = any(scores)
    fitting = [score if _fits(subject, at, chart) else 0.0 for at, score in enumerate(scores)]
    fallback = _fallback(subject, chart, fitting)
    if fallback is None:
        fallback = _machine_row(subject, chart, fitting)
    if fallback is not None:
        scores[fallback] = max(scores[fallback], FALLBACK)
    filled = _fill(subject, chart, scores) if sum(map(bool, scores)) < shown else {}
    weighed = [score or filled.get(at, 0.0) for at, score in enumerate(scores)]
    order = sorted(range(len(weighed)), key=lambda at: (-weighed[at], at))[:shown]
    best = tuple(
        Scored(chart.targets[at], weighed[at], _reasons(subject, chart, at, fallback))
        for at in order
        if chart.roles[at] != "never"
    )
    if fallback is None and not is_anything:
        return Ranking(best, None, 0.0, "nothing in the list is about this")
    if refusal := _refusal(subject, chart, [scored.score for scored in best]):
        return Ranking(best, None, best[0].score, refusal)
    return Ranking(best, 0, best[0].score, "; ".join(best[0].reasons))


def _refusal(subject: Subject, chart: Chart, scores: Sequence[float]) -> str:
    if scores[0] < NEEDED:
        if chart.splits and (not subject.type or _is_either(subject, chart)):
            return "the list splits by cost type and the source has none"
        return "no candidate is sure enough"
    if len(scores) > 1 and scores[0] - scores[1] < CLOSE:
        return "two candidates fit about as well"
    if any(_is_two_minded(meant, subject, chart) for meant in subject.meanings):
        return "the name can mean two things, and each has a row"
    if _rows_apart(subject, chart):
        return "the source names two things, and each has a row of its own"
    return ""


def _is_two_minded(meant: frozenset[str], subject: Subject, chart: Chart) -> bool:
    """Such as "sprinklers" beside a row for lawns and a row for fire."""
    if len(meant) < 2 or any(frozenset.intersection(*(frozenset(broader(m)) for m in meant))):
        return False
    rows = [
        frozenset(
            at
            for at, target in enumerate(chart.subjects)
            if _nearest(frozenset({each}), target.heads) >= FARTHEST and _fits(subject, at, chart)
        )
        for each in meant
    ]
    rows = [each for each in rows if each]
    return len(rows) > 1 and not frozenset.intersection(*rows)


def _rows_apart(subject: Subject, chart: Chart) -> bool:
    """Such as "plaster & drywall" beside a row for plaster and a row for drywall."""
    if subject.type == "labor" and chart.rests.get("labor"):
        return False
    rows = [
        {
            at
            for at, target in enumerate(chart.subjects)
            if target.heads & meant
            and chart.roles[at] != "never"
            and _type_fits(subject, target, chart)
        }
        for meant, weight in subject.parts
        if weight == 1.0
    ]
    exact = [each for each in rows if each]
    return len(exact) > 1 and not set.intersection(*exact)


def _reasons(source: Subject, chart: Chart, at: int, fallback: int | None) -> tuple[str, ...]:
    target = chart.subjects[at]
    if at == fallback:
        if target.is_rest or not target.is_whole:
            return (f"no {source.type} row of its own in the list",)
        return (f"{target.type} account for a {source.type} code",)
    if source.text and source.text == target.text:
        return ("same name",)
    shared = sorted(
        {
            theirs.lstrip("=").replace("_", " ")
            for mine in source.concepts
            for theirs in target.concepts
            if _closeness(mine, theirs)
        }
    )
    reasons = [f"both about {', '.join(shared[:3])}"] if shared else []
    if source.type and source.type == target.type:
        reasons.append(f"{target.type} account for a {source.type} code")
    elif reasons and source.type and target.type:
        reasons.append(f"but for {target.type}")
    return tuple(reasons)
