"""The labelled sets the local ranker is trained on, where they lie, and made ones beside them."""

import csv
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from mapping import evaluating
from mapping.matching.names import (
    Candidate,
    normalise,
    own_name,
    project_words,
    spellings,
    split_code,
    vendor_words,
)
from mapping.models import Kind
from mapping.training.job_names import made_jobs

SEED: Final = 5
COUNTED_FROM: Final = {"vendor": 10, "project": 4}  # rows that must have a word for it to be kept
_STREET = re.compile(r"\b([A-Z][A-Za-z]{3,})\s+(?:St|Street|Ave|Avenue|Blvd|Road|Rd|Place)\b")


@dataclass(frozen=True)
class TrainingSet:
    """A list beside another with what is right, and how much it counts beside the other sets."""

    name: str
    kind: str
    sources: Sequence[Candidate]
    targets: Sequence[Candidate]
    right: Mapping[int, frozenset[int]]
    weight: float
    origin: str  # sets of one origin are left out together

    @cached_property
    def sources_by_key(self) -> dict[int, Candidate]:
        return {source.key: source for source in self.sources}


def training_sets(data: Path) -> Iterator[TrainingSet]:
    h2b = _folder("US contractors", "vendor", data / "vendors_h2b", 1.0)
    yield h2b
    yield _without_addresses(h2b)
    yield _folder("government vendors", "vendor", data / "vendors_goc", 1.0)
    for sources, targets, weight in ((300, 1_500, 0.2), (1_500, 5_000, 0.5)):
        yield made(data, "vendor", sources, targets, weight)
    yield _project_titles(data, "titles", 1.0)
    yield _project_titles(data, "scope", 0.15)
    streets = _streets(data)
    for sources, targets, weight in ((700, 1_800, 1.0), (80, 250, 0.3)):
        asking, found, right = made_jobs(streets, sources, targets, SEED)
        name = f"made addresses, {targets}"
        yield TrainingSet(name, "project", asking, found, right, weight, "made addresses")
    for sources, targets, weight in ((1_000, 2_500, 0.3), (100, 300, 0.2)):
        yield made(data, "project", sources, targets, weight)


def _folder(name: str, kind: str, folder: Path, weight: float) -> TrainingSet:
    found = evaluating.load(
        Kind(kind), folder / "a.csv", folder / "b.csv", truth=folder / "truth.csv"
    )
    return _set(name, kind, found, weight, name)


def _set(
    name: str, kind: str, found: evaluating.Labelled, weight: float, origin: str
) -> TrainingSet:
    return TrainingSet(name, kind, found.sources, found.targets, found.right or {}, weight, origin)


def _without_addresses(full: TrainingSet) -> TrainingSet:
    """Names alone. Where only the state told two firms apart, nobody could know: left out."""

    def bare(rows: Sequence[Candidate]) -> list[Candidate]:
        return [replace(row, other_names=(), city="", state="", postcode="") for row in rows]

    named: dict[str, set[int]] = {}
    for target in full.targets:
        named.setdefault(normalise(target.name), set()).add(target.key)
    sources = [
        source
        for source in bare(full.sources)
        if named.get(normalise(source.name), full.right[source.key]) == full.right[source.key]
        or not named.get(normalise(source.name))
    ]
    name = f"{full.name}, names only"
    return replace(full, name=name, sources=sources, targets=bare(full.targets))


def _project_titles(data: Path, which: str, weight: float) -> TrainingSet:
    folder = data / "projects_nyc"
    found = evaluating.load(
        Kind.PROJECT, folder / f"{which}_a.csv", folder / "titles_b.csv", gold="b_id"
    )
    return _set(f"project {which}", "project", found, weight, "projects_nyc")


def made(data: Path, kind: str, sources: int, targets: int, weight: float) -> TrainingSet:
    """By `make_scale.py`, which lies with the data."""
    with tempfile.TemporaryDirectory() as folder:
        script = [sys.executable, str(data / "make_scale.py"), f"{kind}s"]
        sizes = ["--n", str(sources), "--m", str(targets), "--seed", str(SEED), "--out", folder]
        subprocess.run([*script, *sizes], check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        name = f"made {kind}s, {targets}"
        return _answered(replace(_folder(name, kind, Path(folder), weight), origin=f"made {kind}s"))


def _answered(full: TrainingSet) -> TrainingSet:
    """Without the sources said to have no answer that have a name with a target in common.

    "Jerope, Inc." and "JEROPE, INC. D/B/A ARNOLD'S" are two rows of the pool, and one firm.
    """
    named = {shape.text for target in full.targets for shape in spellings(target, full.kind)}
    sources = [
        source
        for source in full.sources
        if full.right[source.key]
        or full.kind == "project"
        or named.isdisjoint(shape.text for shape in spellings(source, full.kind))
    ]
    return replace(full, sources=sources)


def _streets(data: Path) -> list[str]:
    """Names of streets in projects' titles, and words of firms' names that might be one."""
    titles = " | ".join(_names(data / "projects_nyc" / "titles_b.csv"))
    words = Counter(
        word.title()
        for name in _names(data / "names_pool" / "org_names.csv")
        for word in re.findall(r"[A-Za-z]{4,}", name)
    )
    return sorted(
        {found.title() for found in _STREET.findall(titles)}
        | {word for word, count in words.items() if 4 <= count <= 120}
    )


def _names(path: Path) -> list[str]:
    with path.open(newline="", encoding="utf-8") as file:
        return [row["name"] for row in csv.DictReader(file)]


# --- How common words are -------------------------------------------------------------------------


@dataclass(frozen=True)
class WordCounts:
    """In how many of `names` names each word stands, of those in `at_least` as many."""

    names: int
    at_least: int
    counts: Mapping[str, int]


def word_counts(data: Path) -> dict[str, WordCounts]:
    """By kind: of organisations' names for vendors, of a city's titles for projects."""
    return {
        "vendor": _counted(
            _names(data / "names_pool" / "org_names.csv"),
            lambda name: vendor_words(normalise(split_code(name)[1])),
            COUNTED_FROM["vendor"],
        ),
        "project": _counted(
            _names(data / "projects_nyc" / "titles_b.csv"),
            lambda name: project_words(normalise(own_name(name))),
            COUNTED_FROM["project"],
        ),
    }


def _counted(
    names: Sequence[str], words_of: Callable[[str], Sequence[str]], at_least: int
) -> WordCounts:
    counts = Counter(word for name in names for word in set(words_of(name)))
    kept = {word: count for word, count in sorted(counts.items()) if count >= at_least}
    return WordCounts(len(names), at_least, kept)
