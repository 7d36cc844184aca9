"""Trains the local ranker: which sets make which weights, and the files they are written to."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from mapping.matching import weighing, wording
from mapping.matching.weighing import MOST_HALVINGS
from mapping.training.fitting import (
    BY_HAND,
    NEGLIGIBLE,
    Best,
    Fitted,
    Measured,
    curve,
    decide,
    figures,
    fit,
    measure,
    out_of_fold,
    threshold,
    without,
)
from mapping.training.sets import TrainingSet, training_sets, word_counts

WEIGHTS_HEAD: Final = """\
# What speaks for and against a pair of vendors or projects, as `ranking` weighs it. Written by
# `manage.py train_ranker`; the tables' figures come from rows and sources not fitted on.
#
# weights: every feature lies in 0..1; a weight is how far it moves the logit of "this is the right
# target". Logistic regression, L2 = 0.2, each set counting as the command says, each weight held to
# the side of nought that its name promises. Features not named weigh nothing.
# decision: about the best of a source's candidates, by its likeness and its lead over the next.
# curve: [logit of the decision, share of such drafts that are right], out of fold: two numbers
# fitted to every draft no rule had settled.
# threshold: the logit from which on a draft is made, in a list of `list_size` targets.
#
# Provenance: vendors_h2b (US contractors, two spellings of one business), vendors_goc (government
# vendors), projects_nyc (a city's projects named twice), lists made of names_pool and of these
# titles by make_scale.py, and jobs at invented addresses (mapping/training/job_names.py).
# By hand: same_contact, which no labelled set has, and what a doubling of the list adds.
"""
WORDS_HEAD: Final = """\
# In how many names of so many a word stands, in the form the comparison sees: what is common at
# large is common in a short list too. Written by `manage.py train_ranker --words`.
# Provenance: vendor, names_pool (US Department of Labor disclosure data, public domain); project,
# projects_nyc titles (New York City open data).
"""


@dataclass(frozen=True)
class Make:
    """Lists of one make, the sets their weights come from, and the precision they must have."""

    name: str
    fitted_on: tuple[str, ...]  # beginnings of the sets' names
    judged_on: tuple[str, ...]
    precision: float
    logit_per_doubling: float
    list_size: int
    calibrated_on: tuple[str, ...]
    like: str = ""  # the weights of another make
    addressed: bool | None = None  # of pairs at one street address, of all others, or of any
    least_logit: float = -math.inf  # for a threshold, where the sets are easier than life


MAKES: Final = (
    Make(
        "vendor_located",
        fitted_on=("US contractors",),
        judged_on=("US contractors",),
        precision=0.9955,
        logit_per_doubling=0.15,
        list_size=2_500,
        calibrated_on=("US contractors",),
    ),
    Make(
        "vendor_named",
        fitted_on=("US contractors, names only", "government", "made vendors"),
        judged_on=("US contractors, names only",),
        precision=0.9955,
        logit_per_doubling=0.15,
        list_size=2_500,
        calibrated_on=("US contractors, names only", "made vendors"),
    ),
    Make(
        "vendor_stripped",
        fitted_on=(),
        judged_on=("government",),
        precision=0.992,
        logit_per_doubling=0.3,
        list_size=300,
        calibrated_on=("government",),
        like="vendor_named",
    ),
    Make(
        "project",
        fitted_on=("project", "made"),
        judged_on=("project titles",),
        precision=0.9955,
        logit_per_doubling=0.15,
        list_size=2_000,
        calibrated_on=("project titles", "made"),
        addressed=False,
    ),
    Make(
        "project_addressed",
        fitted_on=(),
        judged_on=("made addresses, 1800",),
        precision=0.9955,
        logit_per_doubling=0.15,
        list_size=2_000,
        calibrated_on=("project titles", "made addresses"),
        like="project",
        addressed=True,
        least_logit=0.3,
    ),
)


def train(
    data: Path, *, only: str | None, words: bool, left_out: bool, write: bool
) -> Iterator[str]:
    """Line by line what came out, each a JSON object; the files are written at the end."""
    if words and write:
        wording.COUNTS.write_text(_words_file(data), encoding="utf-8")
        yield json.dumps({"written": wording.COUNTS.name, "now": "run again for the weights"})
        return
    sets = [measure(each) for each in training_sets(data) if only in (None, each.kind)]
    tables: dict[str, list[str]] = {}
    known: dict[str, tuple[list[Measured], list[Best], Fitted]] = {}
    for make in MAKES:
        if only not in (None, make.name.split("_")[0]):
            tables[make.name] = _standing(make.name)
            continue
        if not make.like:
            known[make.name] = _fitted(make, sets)
        used, best, fitted = known[make.like or make.name]
        # As if each list had the usual size, which threshold and curve are for.
        best = [_concerned(make, each, found) for each, found in zip(used, best, strict=True)]
        judged = [at for at, each in enumerate(used) if _is_one(each.of, make.judged_on)]
        pooled = Best.of(
            [best[at] for at, each in enumerate(used) if _is_one(each.of, make.calibrated_on)]
        )
        logit = max(make.least_logit, *(threshold(best[at], make.precision) for at in judged))
        for each, decided in zip(used, best, strict=True):
            yield json.dumps(
                {"make": make.name, "how": "out of fold", **figures(each, decided, logit)}
            )
        if left_out and (not make.like or make.addressed):
            yield from _left_out(make, used, logit)
        tables[make.name] = _table(make, fitted, logit, curve(pooled))
    if write:
        lines = [line for make in MAKES for line in tables[make.name]]
        weighing.WEIGHTS.write_text(WEIGHTS_HEAD + "\n".join(lines) + "\n", encoding="utf-8")
        yield json.dumps({"written": weighing.WEIGHTS.name})


def _fitted(make: Make, sets: Sequence[Measured]) -> tuple[list[Measured], list[Best], Fitted]:
    used = [
        each
        for each in sets
        if _is_one(each.of, make.fitted_on) and each.of.kind == make.name.split("_")[0]
    ]
    if make.name == "vendor_located":  # the names-only copy has no address to learn from
        used = [each for each in used if "names only" not in each.of.name]
    everything = [np.ones(len(each.right), dtype=bool) for each in used]
    return used, out_of_fold(used), fit(used, everything)


def _concerned(make: Make, each: Measured, best: Best) -> Best:
    if make.addressed is not None:
        best = best.only(best.addressed == make.addressed)
    return _in_usual_size(make, each, best)


def _in_usual_size(make: Make, each: Measured, best: Best) -> Best:
    doublings = math.log2(len(each.of.targets) / make.list_size)
    return replace(
        best, logit=best.logit - make.logit_per_doubling * max(-MOST_HALVINGS, doublings)
    )


def _is_one(labelled: TrainingSet, beginnings: Iterable[str]) -> bool:
    return any(labelled.name.startswith(beginning) for beginning in beginnings)


def _left_out(make: Make, used: Sequence[Measured], logit: float) -> Iterator[str]:
    """Each origin decided by weights that never saw it, at the threshold that ships."""
    if len({each.of.origin for each in used}) < 2:
        return
    for each in used:
        fitted = without(used, each.of.origin)
        best = decide(each, fitted, np.ones(len(each.right), dtype=bool))
        best = _concerned(make, each, best)
        yield json.dumps(
            {"make": make.name, "how": "source left out", **figures(each, best, logit)}
        )


# --- Writing --------------------------------------------------------------------------------------


def _table(
    make: Make, fitted: Fitted, logit: float, points: Sequence[tuple[float, float]]
) -> list[str]:
    lines = ["", f"[{make.name}]"]
    if make.like:
        lines.append(f'like = "{make.like}"')
    lines.append("curve = [")
    lines += [f"  [{at:.2f}, {share:.3f}]," for at, share in points]
    lines += ["]", "", f"[{make.name}.threshold]", f"logit = {logit:.2f}"]
    lines.append(f"logit_per_doubling = {make.logit_per_doubling}")
    lines.append(f"list_size = {make.list_size}")
    if make.like:
        return lines
    lines += ["", f"[{make.name}.decision]", *_numbers(fitted.decision, least=0.0)]
    weights = {**fitted.pair, **BY_HAND.get(make.name, {})}
    return [*lines, "", f"[{make.name}.weights]", *_numbers(weights, least=NEGLIGIBLE)]


def _numbers(numbers: Mapping[str, float], *, least: float) -> list[str]:
    kept = {name: value for name, value in numbers.items() if abs(value) >= least}
    order = sorted(kept, key=lambda name: (name != "bias", -abs(kept[name]), name))
    return [f"{name} = {kept[name]:.2f}" for name in order]


def _standing(name: str) -> list[str]:
    """A make's tables as they stand in the file."""
    found: list[str] = []
    inside = False
    for line in weighing.WEIGHTS.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            inside = line[1:-1].split(".")[0] == name
        if inside:
            found.append(line)
    return ["", *"\n".join(found).rstrip().splitlines()]


def _words_file(data: Path) -> str:
    lines: list[str] = []
    for kind, counted in word_counts(data).items():
        lines += ["", f"[{kind}]", f"names = {counted.names}", f"at_least = {counted.at_least}"]
        lines += [
            "",
            f"[{kind}.counts]",
            *(f'"{word}" = {n}' for word, n in counted.counts.items()),
        ]
    return WORDS_HEAD + "\n".join(lines) + "\n"
