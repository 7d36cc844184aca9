"""How much each feature counts, from which sum on a draft is made, and how sure that is.

The numbers are data, in `weights.toml`, with where they come from; `manage.py train_ranker` writes
them. A plain weighted sum says how likely a pair is by itself; a second, short one decides about
the best of a source's candidates by how far it leads; a curve turns that into a share of cases.
"""

import math
import tomllib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

WEIGHTS: Final = Path(__file__).with_name("weights.toml")
LIKENESS_LIMIT: Final = 8.0
LEAD_LIMIT: Final = 8.0
CLOSE: Final = 3.0
MOST_HALVINGS: Final = 4.0  # a list shorter still is no surer
NO_RIVAL: Final = -12.0


@dataclass(frozen=True, slots=True)
class Weights:
    """What holds for lists of one make: vendors with addresses, bare names, projects."""

    pair: Mapping[str, float]  # feature → how far it moves the logit
    bias: float
    decision: Mapping[str, float]  # bias, likeness, lead, close, runner_up
    curve: Sequence[tuple[float, float]]  # logit of the decision → share right, rising
    logit: float  # from here on a draft is made, in a list of `list_size`
    logit_per_doubling: float
    list_size: int

    def likeness(self, features: Mapping[str, float]) -> float:
        """A logit: how much speaks for the pair, the other candidates left aside."""
        weights = self.pair
        return self.bias + sum(
            weights[name] * value for name, value in features.items() if value and name in weights
        )

    def decide(self, likeness: float, runner_up: float) -> float:
        """A logit: that the best candidate, this far ahead of the next, is the right one."""
        weights = self.decision
        return weights["bias"] + sum(
            weights[name] * value for name, value in decision_features(likeness, runner_up).items()
        )

    def in_a_list_of(self, size: int, logit: float) -> float:
        """The same decision where more rows look alike, or fewer: what it would be at `list_size`.

        So one threshold and one curve hold for short lists and long ones.
        """
        doublings = math.log2(max(size, 1) / self.list_size)
        return logit - self.logit_per_doubling * max(-MOST_HALVINGS, doublings)

    def share(self, logit: float) -> float:
        """How many of a hundred such drafts are right, as a share."""
        at = bisect_right(self.curve, (logit, math.inf))
        if at == 0:
            return self.curve[0][1]
        if at == len(self.curve):
            return self.curve[-1][1]
        (low, below), (high, above) = self.curve[at - 1], self.curve[at]
        return below + (above - below) * (logit - low) / (high - low)


def decision_features(likeness: float, runner_up: float) -> dict[str, float]:
    """What the decision looks at, each around one in size; `runner_up` is a likeness too."""
    runner_up = max(runner_up, NO_RIVAL)
    lead = max(0.0, likeness - runner_up)
    return {
        "likeness": _within(likeness) / 4,
        "lead": min(lead, LEAD_LIMIT) / 4,
        "close": min(lead, CLOSE) / CLOSE,
        "runner_up": _within(runner_up) / 4,
    }


def _within(logit: float) -> float:
    return max(-LIKENESS_LIMIT, min(LIKENESS_LIMIT, logit))


def logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))


@cache
def weights_for(make: str) -> Weights:
    """The weights of a make of lists; `like` in the file borrows another's for the pair."""
    found = _file()[make]
    pair: dict[str, float] = dict(_file()[found.get("like", make)]["weights"])
    decision: dict[str, float] = _file()[found.get("like", make)]["decision"]
    bias = pair.pop("bias")
    threshold = found["threshold"]
    return Weights(
        pair,
        bias,
        decision,
        [(logit, share) for logit, share in found["curve"]],
        threshold["logit"],
        threshold["logit_per_doubling"],
        threshold["list_size"],
    )


@cache
def _file() -> dict[str, Any]:
    return tomllib.loads(WEIGHTS.read_text(encoding="utf-8"))
