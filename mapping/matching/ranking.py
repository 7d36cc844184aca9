"""Decides whether one of the targets found is good enough to be drafted, and says why.

Right or absent: hard rules first, then a plain weighted sum whose weights are in `weights.toml`,
and no pick where the best is not well ahead of what lists of this make and length need.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from mapping.matching.candidates import CandidateIndex, Found
from mapping.matching.names import Candidate, legal_form
from mapping.matching.pairs import Comparison, Pair, Side
from mapping.matching.projects import ProjectComparison
from mapping.matching.vendors import VendorComparison
from mapping.matching.weighing import NO_RIVAL, Weights, logistic, weights_for
from mapping.matching.wording import Rarity

SHOWN = 5
LOOKED_INTO = 7  # of the candidates found, the first ones in turn by both orders
CERTAIN = 0.99
BLOCKED_AT_MOST = 0.5  # the score shown of what a rule forbids
CLOSE_SCORES = 0.5  # logits: a runner-up nearer than this is a reason to ask
SHORT_LIST = 500  # rows: where few compete, one may stand alone without a high score
STANDS_ALONE = 0.9  # how sure that is
FAR_BEHIND = -1.4  # the likeness below which another is no rival then
LOOKED_AT = 2_000  # rows, to see of which make a list is
HAVE_ADDRESSES = 0.3  # of the targets: as many must have one to be compared by it
MANY = 100  # names, to say that none has a mark
HAVE_FORMS = 0.03  # of the names with a legal form: fewer, and somebody has taken them out

COMPARISONS: Final[dict[str, type[Comparison]]] = {
    "vendor": VendorComparison,
    "project": ProjectComparison,
}


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate as a reviewer sees it: how sure, 0 to 1, and what speaks for and against."""

    candidate: Candidate
    score: float
    reasons: tuple[str, ...] = ()
    is_blocked: bool = False  # a hard rule forbids to draft it, whoever says so


@dataclass(frozen=True, slots=True)
class Ranking:
    """The best five, and which of them is drafted: an index into `candidates`, or None."""

    candidates: tuple[Scored, ...]
    pick: int | None
    confidence: float
    reason: str

    @property
    def is_doubtful(self) -> bool:
        """Nothing is drafted, and not because a rule forbids it: a second opinion may help."""
        return self.pick is None and bool(self.candidates) and not self.candidates[0].is_blocked


class Ranker:
    """Ranks vendors or projects of one list against those of another."""

    def __init__(self, kind: str, index: CandidateIndex, sources: Sequence[Candidate] = ()) -> None:
        self.index = index
        self._compare = COMPARISONS[kind]
        self._rarity = Rarity(index.rarity, len(index), kind)
        self._others = Side(sources, kind)
        self._make = make_of(kind, sources, index.targets)

    def weights(self, source: Candidate) -> Weights:
        if self._make == "vendor_located" and not _is_located(source):
            return weights_for("vendor_named")
        return weights_for(self._make)

    def pairs(self, source: Candidate, found: Sequence[Found]) -> list[Pair]:
        """Every pair with its features and what rules say of it, in the order given."""
        comparison = self._compare(source, self.index, self._rarity, self._others)
        return [pair for each in found if (pair := comparison.pair(each))]

    def rank(self, source: Candidate, found: Sequence[Found]) -> Ranking:
        """The best five of `found`, one of them drafted or none."""
        weights = self.weights(source)
        pairs = self.pairs(source, found[:LOOKED_INTO])
        for pair in pairs:
            pair.likeness = weights.likeness(pair.features)
        # What cannot be the one is no rival either: unit B stands alone, whatever unit A is like.
        pairs.sort(key=lambda pair: (bool(pair.conflicts), -pair.likeness, pair.found.position))
        if not pairs:
            return Ranking((), None, 0.0, "nothing alike in the list")
        best = pairs[0]
        runner_up = next((pair.likeness for pair in pairs[1:] if not pair.conflicts), NO_RIVAL)
        if best.features.get("same_street"):  # and not "5 Boro Relocation"
            weights = weights_for("project_addressed")
        logit = weights.in_a_list_of(len(self.index), weights.decide(best.likeness, runner_up))
        confidence = weights.share(logit)
        if best.is_certain:
            confidence = max(confidence, CERTAIN)
        stands_alone = self._stands_alone(pairs, logit >= weights.logit)
        if stands_alone:
            confidence = max(confidence, STANDS_ALONE)
        self._score(pairs, confidence)
        shown = tuple(
            Scored(
                pair.found.candidate,
                pair.score,
                tuple(pair.reasons),
                bool(pair.conflicts or pair.doubts),
            )
            for pair in pairs[:SHOWN]
        )
        if stands_alone:
            said = ["the only one of a short list that says as much", *best.reasons[:3]]
            return Ranking(shown, 0, best.score, "; ".join(said))
        refusal = _refusal(pairs, logit, weights.logit)
        if refusal:
            return Ranking(shown, None, best.score, refusal)
        return Ranking(shown, 0, best.score, "; ".join(best.reasons[:3]))

    def _stands_alone(self, pairs: Sequence[Pair], is_sure: bool) -> bool:
        """Not sure enough by its score, yet no other row of a short list of jobs can be meant."""
        best, others = pairs[0], [pair for pair in pairs[1:] if not pair.conflicts]
        return (
            len(self.index) <= SHORT_LIST
            and not is_sure
            and best.says_as_much
            and not (best.conflicts or best.doubts or best.is_certain)
            and not any(pair.says_as_much for pair in others)
            and all(pair.likeness < FAR_BEHIND for pair in others)
        )

    def _score(self, pairs: Sequence[Pair], confidence: float) -> None:
        """The best one's share of right drafts; the others by likeness, never above it."""
        best = pairs[0]
        best.score = confidence
        for pair in pairs:
            if pair is not best:
                pair.score = min(logistic(pair.likeness), max(0.0, confidence))
            if pair.conflicts:
                pair.score = min(pair.score, BLOCKED_AT_MOST)


def rank(source: Candidate, found: Sequence[Found], kind: str, index: CandidateIndex) -> Ranking:
    """`source` by itself, where the other sources are not known."""
    return Ranker(kind, index, [source]).rank(source, found)


def _refusal(pairs: Sequence[Pair], logit: float, needed: float) -> str:
    """Why the best is not drafted; empty when it is."""
    best, others = pairs[0], [pair for pair in pairs[1:] if not pair.conflicts]
    if best.conflicts or best.doubts:
        return [*best.conflicts, *best.doubts][0]
    if sum(pair.is_certain for pair in pairs) > 1:
        return "more than one in the list fits exactly"
    if best.is_certain:
        return ""
    if any(pair.is_certain for pair in others):
        return "another in the list fits exactly"
    if logit < needed:
        return "no candidate is sure enough"
    if others and best.likeness - others[0].likeness < CLOSE_SCORES:
        return f"too close to call: {others[0].found.candidate.name}"
    return ""


# --- Of which make the lists are ------------------------------------------------------------------


def make_of(kind: str, sources: Sequence[Candidate], targets: Sequence[Candidate]) -> str:
    """Which weights fit: by address where both sides have one; names only; names somebody stripped.

    A list of names without any legal form or mark is one that was cleaned by somebody: what is left
    of two names for a firm differs by more than in names as they are on papers.
    """
    if kind != "vendor":
        return kind
    if _share(targets, _is_located) >= HAVE_ADDRESSES:
        return "vendor_located"
    names = [*islice(sources, LOOKED_AT), *islice(targets, LOOKED_AT)]
    if (
        len(names) >= MANY
        and all(map(_is_stripped, names))
        and _share(names, _has_form) < HAVE_FORMS
    ):
        return "vendor_stripped"
    return "vendor_named"


def _share(rows: Sequence[Candidate], test: Callable[[Candidate], bool]) -> float:
    looked_at = list(islice(rows, LOOKED_AT))
    return sum(map(test, looked_at)) / max(1, len(looked_at))


def _is_located(candidate: Candidate) -> bool:
    return bool(candidate.state or candidate.postcode or candidate.city)


def _has_form(candidate: Candidate) -> bool:
    return bool(legal_form(candidate.name))


def _is_stripped(candidate: Candidate) -> bool:
    return all(sign.isalnum() or sign == " " for sign in candidate.name)
