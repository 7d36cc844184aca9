"""Fits weights, the decision and the curve of how sure a draft is. Needs the tools to develop with.

Every figure and every threshold comes from rows the weights were not fitted on: five folds, drawn
by firm or project so that no spelling of one lies on both sides.
"""

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from mapping.matching.candidates import CandidateIndex
from mapping.matching.ranking import LOOKED_INTO, Ranker
from mapping.matching.weighing import NO_RIVAL, decision_features, logistic
from mapping.training.sets import TrainingSet

FOLDS: Final = 5
SHRINK: Final = 0.2  # L2, for each set counting as one
NEGLIGIBLE: Final = 0.03
LOWEST_POINT, HIGHEST_POINT, CLOSEST_POINTS = -6.0, 8.1, 0.5  # of the curve, in logits
# What a feature's name promises: a firm is never likelier to be right for a word it has alone.
AGAINST: Final = frozenset(
    {
        "name_only_source", "name_only_target", "names_differ", "trades_differ", "works_differ",
        "open_both", "letters_amiss", "guessed", "guess_in_use", "guess_short", "guess_beginning",
        "other_name", "other_both", "parts", "state_differs", "city_differs", "postcode_differs",
        "twins", "twins_open", "claimed", "form_differs", "words_more", "no_name_shared",
        "address_other_work", "address_on_one_side", "number_on_one_side", "above_others",
        "place_asked_again", "has_name_only_source", "has_name_only_target",
        "has_trade_only_source", "has_trade_only_target", "has_number_only_source",
        "has_number_only_target", "has_work_only_source", "has_work_only_target",
        "has_generic_only_source", "has_generic_only_target", "has_common_only_source",
        "has_common_only_target", "has_place_only_source", "has_place_only_target",
        "has_initial_only_source", "has_initial_only_target",
        "work_is_target", "short_name",
    }
)  # fmt: skip
EITHER_WAY: Final = frozenset({"postcode_near", "initials", "cut", "contains", "work_is_source"})
# Not in any labelled set, so set by hand.
BY_HAND: Final[Mapping[str, Mapping[str, float]]] = {
    "vendor_located": {"same_contact": 3.0},
    "vendor_named": {"same_contact": 3.0, "other_name": -1.0},
}
# In labelled sets a record is there once; in a construction system often twice.
LEFT_OUT: Final = {"vendor": frozenset({"claimed"}), "project": frozenset({"same_street"})}

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Measured:
    """Every pair of a set: one row each."""

    of: TrainingSet
    names: list[str]
    values: Floats  # rows × features
    source: NDArray[np.int64]
    right: Flags
    conflicts: Flags
    doubts: Flags
    certain: Flags
    fold: NDArray[np.int64]

    @property
    def same_address(self) -> Flags:
        if "same_street" not in self.names:
            return np.zeros(len(self.right), dtype=bool)
        found: Flags = self.values[:, self.names.index("same_street")] > 0
        return found

    @property
    def answerable(self) -> int:
        return sum(bool(self.of.right[source.key]) for source in self.of.sources)


@dataclass(frozen=True)
class Fitted:
    pair: dict[str, float]  # with "bias"
    decision: dict[str, float]


@dataclass(frozen=True)
class Best:
    """The best candidate of each source that has one: what was decided of it, and rightly?"""

    logit: Floats
    right: Flags
    doubts: Flags
    certain: Flags
    addressed: Flags  # both are at one street address

    @staticmethod
    def of(parts: Sequence["Best"]) -> "Best":
        return Best(
            np.concatenate([part.logit for part in parts]),
            np.concatenate([part.right for part in parts]),
            np.concatenate([part.doubts for part in parts]),
            np.concatenate([part.certain for part in parts]),
            np.concatenate([part.addressed for part in parts]),
        )

    def only(self, kept: Flags) -> "Best":
        return Best(
            self.logit[kept],
            self.right[kept],
            self.doubts[kept],
            self.certain[kept],
            self.addressed[kept],
        )

    def drafted(self, logit: float) -> Flags:
        found: Flags = (self.certain | (self.logit >= logit)) & ~self.doubts
        return found


def measure(labelled: TrainingSet) -> Measured:
    index = CandidateIndex(labelled.targets, labelled.kind)
    ranker = Ranker(labelled.kind, index, labelled.sources)
    rows: list[list[float]] = []
    facts: list[tuple[int, bool, bool, bool, bool, int]] = []
    names: list[str] = []
    for source in labelled.sources:
        right = labelled.right[source.key]
        fold = _fold(labelled, source.key)
        for pair in ranker.pairs(source, index.find(source)[:LOOKED_INTO]):
            names = names or list(pair.features)
            rows.append(list(pair.features.values()))
            facts.append(
                (
                    source.key,
                    pair.found.candidate.key in right,
                    bool(pair.conflicts),
                    bool(pair.doubts),
                    pair.is_certain,
                    fold,
                )
            )
    table = np.array(facts, dtype=np.int64)
    return Measured(
        labelled,
        names,
        np.array(rows, dtype=np.float64),
        table[:, 0],
        right=table[:, 1].astype(bool),
        conflicts=table[:, 2].astype(bool),
        doubts=table[:, 3].astype(bool),
        certain=table[:, 4].astype(bool),
        fold=table[:, 5],
    )


def _fold(labelled: TrainingSet, source: int) -> int:
    """By who is meant, so that all spellings of one are on one side; the same in all sets."""
    answer = labelled.right[source]
    named = labelled.targets[min(answer)].name if answer else labelled.sources_by_key[source].name
    return zlib.crc32(f"{labelled.origin}|{named}".encode()) % FOLDS


# --- Weights --------------------------------------------------------------------------------------


def fit(sets: Sequence[Measured], rows: Sequence[Flags]) -> Fitted:
    """Weights of the pair first, then of the decision about each source's best."""
    names, kind = sets[0].names, sets[0].of.kind
    kept = [at for at, name in enumerate(names) if name not in LEFT_OUT[kind]]
    used = [chosen & ~each.conflicts for each, chosen in zip(sets, rows, strict=True)]
    found = _regress(
        np.concatenate(
            [each.values[chosen][:, kept] for each, chosen in zip(sets, used, strict=True)]
        ),
        np.concatenate([each.right[chosen] for each, chosen in zip(sets, used, strict=True)]),
        _shares(sets, [int(chosen.sum()) for chosen in used]),
        [_bounds(names[at]) for at in kept],
    )
    pair = {"bias": found[0], **dict(zip([names[at] for at in kept], found[1:], strict=True))}
    decided = [_best(each, pair, chosen) for each, chosen in zip(sets, rows, strict=True)]
    features = np.concatenate([values for values, _ in decided])
    right = np.concatenate([each.right[at] for each, (_, at) in zip(sets, decided, strict=True)])
    weights = _shares(sets, [len(at) for _, at in decided])
    free = [(None, None)] * features.shape[1]
    decision = _regress(features, right, weights, free)
    return Fitted(pair, dict(zip(["bias", *decision_features(0, 0)], decision, strict=True)))


def _shares(sets: Sequence[Measured], sizes: Sequence[int]) -> Floats:
    """Each set counts as its weight says, however long it is."""
    shares = np.concatenate(
        [
            np.full(size, each.of.weight / max(1, size))
            for each, size in zip(sets, sizes, strict=True)
        ]
    )
    return np.asarray(shares * len(shares) / shares.sum())


def _bounds(name: str) -> tuple[float | None, float | None]:
    if name in EITHER_WAY:
        return None, None
    return (None, 0.0) if name in AGAINST else (0.0, None)


def _regress(values: Floats, right: Flags, shares: Floats, bounds: Sequence[Any]) -> list[float]:
    """Logistic regression with an L2 penalty, each weight held to its side of nought."""
    signs = np.where(right, 1.0, -1.0)

    def loss(weights: Floats) -> tuple[float, Floats]:
        margins = signs * (weights[0] + values @ weights[1:])
        missed = shares * -signs / (1 + np.exp(np.clip(margins, -30, 30)))
        penalty = SHRINK * weights
        penalty[0] = 0.0
        slope = np.concatenate([[missed.sum()], values.T @ missed]) + penalty
        total = (shares * np.logaddexp(0, -margins)).sum() + 0.5 * (penalty @ weights)
        return float(total), slope

    start = np.zeros(values.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(None, None), *bounds])
    return [float(weight) for weight in found.x]


def _best(
    each: Measured, pair: Mapping[str, float], chosen: Flags
) -> tuple[Floats, NDArray[np.int64]]:
    """What is decided about each source's best candidate, and its row."""
    weights = np.array([pair.get(name, 0.0) for name in each.names])
    likeness = each.values @ weights + pair["bias"]
    usable = np.flatnonzero(chosen & ~each.conflicts)
    order = usable[np.lexsort((-likeness[usable], each.source[usable]))]
    firsts = np.flatnonzero(np.r_[True, np.diff(each.source[order]) != 0]) if len(order) else order
    values = []
    for at, following in zip(firsts, np.r_[firsts[1:], len(order)], strict=True):
        rival = likeness[order[at + 1]] if following - at > 1 else NO_RIVAL
        values.append(list(decision_features(likeness[order[at]], rival).values()))
    return np.array(values).reshape(len(firsts), -1), order[firsts]


def decide(each: Measured, fitted: Fitted, chosen: Flags) -> Best:
    values, rows = _best(each, fitted.pair, chosen)
    weights = np.array([fitted.decision[name] for name in decision_features(0, 0)])
    return Best(
        values @ weights + fitted.decision["bias"],
        each.right[rows],
        each.doubts[rows],
        each.certain[rows],
        each.same_address[rows],
    )


def out_of_fold(sets: Sequence[Measured]) -> list[Best]:
    """Each set's sources, decided by weights fitted without them."""
    parts: list[list[Best]] = [[] for _ in sets]
    for fold in range(FOLDS):
        fitted = fit(sets, [each.fold != fold for each in sets])
        for part, each in zip(parts, sets, strict=True):
            part.append(decide(each, fitted, each.fold == fold))
    return [Best.of(part) for part in parts]


def without(sets: Sequence[Measured], origin: str) -> Fitted:
    """Fitted on the sets of all other origins."""
    others = [each for each in sets if each.of.origin != origin]
    return fit(others, [np.ones(len(each.right), dtype=bool) for each in others])


# --- Thresholds and the curve ---------------------------------------------------------------------


def threshold(best: Best, precision: float) -> float:
    """From which logit on this many of the drafts made are right: between the last of them and
    the next below, and no bar where there is none below.
    """
    usable = ~best.doubts
    sure = best.certain & usable
    order = np.flatnonzero(usable & ~best.certain)
    order = order[np.argsort(-best.logit[order])]
    right = best.right[sure].sum() + np.cumsum(best.right[order])
    shares = right / (sure.sum() + np.arange(1, len(order) + 1))
    enough = np.flatnonzero(shares >= precision)
    if not len(enough):
        return 30.0
    last, following = enough[-1], order[enough[-1] + 1 :]
    if not len(following):
        return -math.inf
    return float(best.logit[order[last]] + best.logit[following[0]]) / 2


def curve(best: Best) -> list[tuple[float, float]]:
    """How many are right at each logit: a rising curve of two numbers, never quite none or all."""
    usable = ~best.doubts & ~best.certain
    logits, right = best.logit[usable], best.right[usable]
    held = [(0.0, None)]
    base, slope = _regress(logits[:, None], right, np.ones(len(logits)), held)
    return [
        (at, round(float(np.clip(logistic(base + slope * at), 0.01, 0.99)), 3))
        for at in np.arange(LOWEST_POINT, HIGHEST_POINT, CLOSEST_POINTS).round(2).tolist()
    ]


def figures(each: Measured, best: Best, logit: float) -> dict[str, Any]:
    drafted = best.drafted(logit)
    right = int((best.right & drafted).sum())
    without_answer = sum(not each.of.right[source.key] for source in each.of.sources)
    return {
        "set": each.of.name,
        "sources": len(each.of.sources),
        "targets": len(each.of.targets),
        "answerable": each.answerable,
        "drafted": int(drafted.sum()),
        "wrong": int(drafted.sum()) - right,
        "precision": round(right / max(1, int(drafted.sum())), 4),
        "recall": round(right / max(1, each.answerable), 4),
        "without_an_answer": without_answer,
    }
