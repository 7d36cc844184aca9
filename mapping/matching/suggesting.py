"""Drafts for a list of records: what was found, what is proposed, and why. Needs no database."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from mapping.matching.candidates import CandidateIndex
from mapping.matching.known import Known
from mapping.matching.line_items import Chart, rank_line_item
from mapping.matching.names import Candidate
from mapping.matching.opinions import SENTENCES, Opinion, Reason
from mapping.matching.ranking import Ranking, Scored, rank

LINE_ITEM_KINDS: Final = frozenset({"cost_code", "cost_type", "pair"})
SURE_ENOUGH: Final = 0.8  # of the model
# A model's word is never shown as surer than this: what it says was not measured here.
MODEL_AT_MOST: Final = 0.9
NO_ANSWER: Final = frozenset({Reason.NONE_FITS, Reason.NOT_SURE})


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the machine has to say about one source record."""

    source: Candidate
    candidates: tuple[Scored, ...]  # best first, five at most
    target: Candidate | None  # None: it abstains
    confidence: float
    reason: str
    ranker: str  # "local", or the model that was asked

    def draft(self, medium: Decimal) -> Candidate | None:
        """What is drafted where `medium` is the least confidence that a draft needs."""
        return self.target if three_digits(self.confidence) >= medium else None


def three_digits(share: float) -> Decimal:
    """Rounded down, so that a draft just below a threshold stays below it."""
    exact = Decimal(str(min(max(share, 0.0), 1.0)))
    return exact.quantize(Decimal("0.001"), rounding=ROUND_FLOOR)


def suggest(
    kind: str,
    sources: Sequence[Candidate],
    targets: Sequence[Candidate],
    *,
    opinion: Opinion | None = None,
    known: Known | None = None,
) -> Iterator[Suggestion]:
    """One suggestion for each source, in their order, as soon as it is known.

    `kind` is vendor, project, cost_code or cost_type. Accounts and items that a bill may not use
    are left out by the caller. A cost code's cost type goes into `Candidate.type`. What is `known`
    of the pairs goes before what their names say, and before the model.
    """
    ranked = _ranker(kind, targets)
    for source in sources:
        ranking = ranked(source)
        if known is not None:
            ranking = known.settle(source, ranking)
        suggestion = _local(source, ranking)
        if opinion is not None and ranking.is_doubtful:
            suggestion = _second(kind, suggestion, opinion)
        yield suggestion


def _ranker(kind: str, targets: Sequence[Candidate]) -> Callable[[Candidate], Ranking]:
    if kind in LINE_ITEM_KINDS:
        chart = Chart(targets)
        return lambda source: rank_line_item(source, chart)
    index = CandidateIndex(targets, kind)
    return lambda source: rank(source, index.find(source), kind, index)


def _local(source: Candidate, ranking: Ranking) -> Suggestion:
    picked = None if ranking.pick is None else ranking.candidates[ranking.pick].candidate
    return Suggestion(
        source, ranking.candidates, picked, ranking.confidence, ranking.reason, "local"
    )


def _second(kind: str, first: Suggestion, opinion: Opinion) -> Suggestion:
    """`first`, or with a target that the model is sure of; what a rule forbids is not offered."""
    offered = [scored.candidate for scored in first.candidates if not scored.is_blocked]
    answer = opinion.ask(kind, first.source, offered)
    if answer is None or answer.choice is None or answer.reason in NO_ANSWER:
        return first
    if answer.confidence < SURE_ENOUGH:
        return first
    return Suggestion(
        first.source,
        first.candidates,
        offered[answer.choice],
        min(answer.confidence, MODEL_AT_MOST),
        f"the language model says: {SENTENCES[answer.reason]}",
        opinion.name,
    )
