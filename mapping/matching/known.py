"""What is known of pairs beyond what two names say: who decided, what was posted, what was refused.

Known things go before the ranker's opinion. Two that contradict each other are both shown and
neither is drafted. Needs no database: `mapping/learning.py` fills it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from mapping.matching.names import Candidate
from mapping.matching.ranking import Ranking, Scored

SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason to take `target`, and how sure it makes us when nothing speaks against it."""

    target: int
    confidence: float  # 0 to 1
    reason: str


@dataclass(frozen=True, slots=True)
class Known:
    """Of the sources of one run, by their keys. `targets` are the list to choose from, by key."""

    targets: Mapping[int, Candidate] = field(default_factory=dict)
    evidence: Mapping[int, Sequence[Evidence]] = field(default_factory=dict)  # the strongest first
    refused: Mapping[int, frozenset[int]] = field(default_factory=dict)

    def settle(self, source: Candidate, ranking: Ranking) -> Ranking:
        """The ranker's five with what is known in front, what was refused behind."""
        refused = self.refused.get(source.key, frozenset())
        if refused:
            ranking = _without(ranking, refused)
        said = [each for each in self.evidence.get(source.key, ()) if each.target not in refused]
        return _with(ranking, said, self.targets) if said else ranking


def _without(ranking: Ranking, refused: frozenset[int]) -> Ranking:
    """Refused candidates stay in sight, last and worth nothing; none of them is drafted."""
    kept = tuple(each for each in ranking.candidates if each.candidate.key not in refused)
    out = tuple(
        replace(each, score=0.0, is_blocked=True)
        for each in ranking.candidates
        if each.candidate.key in refused
    )
    if not out:
        return ranking
    picked = None if ranking.pick is None else ranking.candidates[ranking.pick]
    if picked is not None and picked in kept:
        return replace(ranking, candidates=(*kept, *out), pick=kept.index(picked))
    confidence = kept[0].score if kept else 0.0
    reason = ranking.reason if picked is None else "the best candidate was refused by a person"
    return Ranking((*kept, *out), None, confidence, reason)


def _with(ranking: Ranking, said: Sequence[Evidence], targets: Mapping[int, Candidate]) -> Ranking:
    """`said` in front of the ranker's: drafted when it all points to one target."""
    by_target: dict[int, list[Evidence]] = {}
    for each in said:
        if each.target in targets:
            by_target.setdefault(each.target, []).append(each)
    if not by_target:
        return ranking
    contradicts = len(by_target) > 1
    ranked = {each.candidate.key: each for each in ranking.candidates}
    known = [
        _known(targets[key], found, ranked.get(key), is_blocked=contradicts)
        for key, found in by_target.items()
    ]
    known.sort(key=lambda each: -each.score)
    others = [each for each in ranking.candidates if each.candidate.key not in by_target]
    candidates = tuple([*known, *others][:SHOWN])
    best = candidates[0]
    if contradicts:
        return Ranking(candidates, None, best.score, "what is known points to more than one record")
    named = None if ranking.pick is None else ranking.candidates[ranking.pick]
    if named is not None and named.candidate is not best.candidate and named.score > best.score:
        return Ranking(
            candidates, None, best.score, f"what is known says this, the names say {_name(named)}"
        )
    return Ranking(candidates, 0, best.score, next(iter(by_target.values()))[0].reason)


def _name(scored: Scored) -> str:
    return scored.candidate.name[:80]


def _known(
    target: Candidate, found: Sequence[Evidence], ranked: Scored | None, *, is_blocked: bool
) -> Scored:
    score = max(each.confidence for each in found)
    if ranked is not None and not is_blocked and not ranked.is_blocked:
        score = max(score, ranked.score)
    reasons = (*(each.reason for each in found), *(ranked.reasons if ranked else ()))
    return Scored(target, score, tuple(dict.fromkeys(reasons)), is_blocked)
