"""Drafts for a list of records: what was found, what is proposed, and why. Needs no database."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from mapping.matching.candidates import CandidateIndex
from mapping.matching.charts import Chart
from mapping.matching.known import Known
from mapping.matching.line_items import rank_line_item
from mapping.matching.names import Candidate
from mapping.matching.numbering import Numbering
from mapping.matching.opinions import Opinion
from mapping.matching.questions import SENTENCES, Answer, Question, Reason
from mapping.matching.ranking import Ranker, Ranking, Scored

LINE_ITEM_KINDS: Final = frozenset({"cost_code", "cost_type", "pair"})
SURE_ENOUGH: Final = 0.8  # of the model, by its own word
# A second candidate this near is a close one: the draft is asked about, and not accepted in bulk.
CLOSE: Final = Decimal("0.05")
LEANS_FROM: Final = 0.5  # where it drafts nothing, from here on it still says what it would
HELD_AT_MOST: Final = 200  # suggestions that wait until the model has been asked


@dataclass(frozen=True, slots=True)
class Said:
    """What a language model said about a record, by its own word."""

    model: str
    target: Candidate | None  # None: none fits, or it is not sure
    confidence: float
    reason: Reason
    is_cached: bool = False


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the machine has to say about one source record."""

    source: Candidate
    candidates: tuple[Scored, ...]  # best first, five at most
    target: Candidate | None  # None: it abstains
    confidence: float
    reason: str
    ranker: str  # "local", or the model that was asked
    local: Candidate | None = None  # what the local ranker drafts, or leans to
    said: Said | None = None

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
    decided: Collection[int] = frozenset(),
) -> Iterator[Suggestion]:
    """One suggestion for each source, in their order, as soon as it is known.

    `kind` is vendor, project, cost_code or cost_type. Accounts and items that a bill may not use
    are left out by the caller. A cost code's cost type goes into `Candidate.type`. What is `known`
    of the pairs goes before what their names say, and before the model, which is not asked about
    sources whose keys are among the `decided`.
    """
    ranked = _ranker(kind, sources, targets)
    rankings = ((source, _settled(source, ranked(source), known)) for source in sources)
    if opinion is None:
        return (_local(source, ranking) for source, ranking in rankings)
    # Nor is a draft put in question that people's own decisions made.
    settled = known.evidence.keys() if known else frozenset[int]()

    def offered(source: Candidate, ranking: Ranking) -> list[Candidate]:
        is_close = source.key not in settled and has_close_second(ranking)
        if source.key in decided or not (ranking.is_doubtful or is_close):
            return []
        # What a rule forbids is not offered: whoever says so, it would not be drafted.
        return [each.candidate for each in ranking.candidates if not each.is_blocked]

    return _with_second_opinions(kind, rankings, offered, opinion)


def _settled(source: Candidate, ranking: Ranking, known: Known | None) -> Ranking:
    return ranking if known is None else known.settle(source, ranking)


def _ranker(
    kind: str, sources: Sequence[Candidate], targets: Sequence[Candidate]
) -> Callable[[Candidate], Ranking]:
    if kind in LINE_ITEM_KINDS:
        chart, numbering = Chart(targets), Numbering.of(sources)
        return lambda source: rank_line_item(source, chart, numbering=numbering)
    index = CandidateIndex(targets, kind)
    ranker = Ranker(kind, index, sources)
    return lambda source: ranker.rank(source, index.find(source))


def _local(source: Candidate, ranking: Ranking) -> Suggestion:
    picked = None if ranking.pick is None else ranking.candidates[ranking.pick].candidate
    return Suggestion(
        source,
        ranking.candidates,
        picked,
        ranking.confidence,
        ranking.reason,
        "local",
        local=picked or _leaning(ranking),
    )


def _leaning(ranking: Ranking) -> Candidate | None:
    """What is ahead of the others, though not sure enough to be drafted."""
    if not ranking.candidates:
        return None
    best, *others = ranking.candidates
    rival = max((each.score for each in others if not each.is_blocked), default=0.0)
    leads = best.score >= LEANS_FROM and best.score - rival >= CLOSE
    return best.candidate if leads and not best.is_blocked else None


# --- The second opinion ---------------------------------------------------------------------------


def _with_second_opinions(
    kind: str,
    rankings: Iterable[tuple[Candidate, Ranking]],
    offered: Callable[[Candidate, Ranking], list[Candidate]],
    opinion: Opinion,
) -> Iterator[Suggestion]:
    """In their order: those behind a doubtful one wait until it has been asked about."""
    held: list[Suggestion] = []
    doubtful: dict[int, list[Candidate]] = {}  # place in `held` to what is offered
    for source, ranking in rankings:
        if offer := offered(source, ranking):
            doubtful[len(held)] = offer
        held.append(_local(source, ranking))
        if not doubtful or len(doubtful) == opinion.at_once or len(held) == HELD_AT_MOST:
            yield from _asked(kind, held, doubtful, opinion)
            held, doubtful = [], {}
    yield from _asked(kind, held, doubtful, opinion)


def has_close_second(ranking: Ranking) -> bool:
    """It has a draft, and another that may be drafted is nearly as good."""
    if ranking.pick is None:
        return False
    others = (each for at, each in enumerate(ranking.candidates) if at != ranking.pick)
    needed = ranking.confidence - float(CLOSE)
    return any(each.score >= needed and not each.is_blocked for each in others)


def _asked(
    kind: str, held: list[Suggestion], doubtful: dict[int, list[Candidate]], opinion: Opinion
) -> list[Suggestion]:
    """`held`, the doubtful ones weighed with what the model says."""
    if not doubtful:
        return held
    questions = [
        Question(kind, held[at].source, tuple(offered)) for at, offered in doubtful.items()
    ]
    weighed = list(held)
    for at, question, answer in zip(doubtful, questions, opinion.ask(questions), strict=True):
        if answer is not None:
            said = _said(answer, question, opinion.name)
            weighed[at] = weigh(held[at], said, opinion.surest)
    return weighed


def _said(answer: Answer, question: Question, model: str) -> Said:
    """An answer that contradicts itself, or that it is not sure of, names nobody."""
    named = None if answer.choice is None else question.candidates[answer.choice]
    reason = answer.reason
    if answer.confidence < SURE_ENOUGH or (named is None) != (reason is Reason.NONE_FITS):
        named, reason = None, Reason.NOT_SURE
    if reason is Reason.NOT_SURE:
        named = None
    return Said(model, named, answer.confidence, reason, answer.is_cached)


def weigh(first: Suggestion, said: Said, surest: float) -> Suggestion:
    """Both agree, or only one has an opinion: a draft. They differ: a person has to choose."""
    first = replace(first, said=said)
    if said.reason is Reason.NOT_SURE or (said.target is None and first.target is None):
        return first
    if said.target is None or (first.local is not None and first.local is not said.target):
        return replace(first, target=None, reason="the language model and the local ranker differ")
    if first.target is not None:
        return replace(first, reason=f"{first.reason}; the language model agrees")
    return replace(
        first,
        target=said.target,
        confidence=min(said.confidence, surest),
        reason=f"the language model says: {SENTENCES[said.reason]}",
        ranker=said.model,
    )
