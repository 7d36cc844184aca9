"""Drafting: how fast, how much memory, how often right. Prints one JSON object.

    python -m benchmarks.drafting

The labelled sets lie beside the project, in `../shared/data`; without them it says so and prints
nothing else, for there is nothing true to measure on.
"""

import csv
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rapidfuzz import fuzz, process

from mapping.matching.candidates import CandidateIndex
from mapping.matching.names import Candidate, normalise
from mapping.matching.suggesting import suggest

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
EXPENSE_TYPES = {"Cost of Goods Sold", "Expenses", "Service"}


@dataclass(frozen=True)
class LabelledSet:
    """Sources, targets, and for each source's key the keys that are right (none: abstain)."""

    name: str
    kind: str
    sources: list[Candidate]
    targets: list[Candidate]
    right: dict[int, set[int]]
    ignored: frozenset[tuple[int, int]] = frozenset()  # pairs that count neither way


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def candidate(key: int, row: dict[str, str]) -> Candidate:
    name = row["name"]
    return Candidate(
        key,
        name,
        code=row.get("number", ""),
        path=name if ":" in name else "",
        other_names=tuple(filter(None, [row.get("dba", "")])),
        city=row.get("city", ""),
        state=row.get("state", ""),
        postcode=row.get("zip", ""),
    )


def matching_set(name: str, kind: str, a: Path, b: Path, truth: Path | None) -> LabelledSet:
    sources, targets = rows(a), rows(b)
    key_of = {row["id"]: key for key, row in enumerate(targets)}
    answers = {
        row["a_id" if truth else "id"]: row["b_id"] for row in (rows(truth) if truth else sources)
    }
    return LabelledSet(
        name,
        kind,
        [candidate(key, row) for key, row in enumerate(sources)],
        [candidate(key, row) for key, row in enumerate(targets)],
        {
            key: {key_of[each] for each in answers[row["id"]].split("/") if each in key_of}
            for key, row in enumerate(sources)
        },
    )


def folder_set(name: str, kind: str, folder: Path) -> LabelledSet:
    return matching_set(name, kind, folder / "a.csv", folder / "b.csv", folder / "truth.csv")


def line_item_set(name: str, chart: str, column: str) -> LabelledSet:
    """A cell is a key, `none`, or `?k1/k2`: any of them is defensible and counts neither way."""
    folder = DATA / "lineitems_gold"
    targets = [row for row in rows(folder / chart) if row["type"] in EXPENSE_TYPES]
    key_of = {row["key"]: key for key, row in enumerate(targets)}
    sources, right, ignored = [], {}, set()
    for key, row in enumerate(rows(folder / "cost_codes.csv")):
        sources.append(Candidate(key, row["name"], code=row["code"], type=row["cost_type"]))
        cell = row[column]
        wanted = {key_of[each] for each in cell.lstrip("?").split("/") if each in key_of}
        if cell.startswith("?"):
            ignored |= {(key, each) for each in wanted}
            wanted = set()
        right[key] = wanted
    return LabelledSet(
        name,
        "cost_code",
        sources,
        [replace(candidate(key, row), type=row["type"]) for key, row in enumerate(targets)],
        right,
        frozenset(ignored),
    )


# --- How often right ------------------------------------------------------------------------------


def figures(labelled: LabelledSet, picks: Sequence[int | None]) -> dict[str, Any]:
    """Precision is right / drafted over the whole set, recall is right / rows with an answer."""
    drafted = right = 0
    for source, pick in zip(labelled.sources, picks, strict=True):
        if pick is None or (source.key, pick) in labelled.ignored:
            continue
        drafted += 1
        right += pick in labelled.right[source.key]
    answerable = sum(bool(keys) for keys in labelled.right.values())
    return {
        "drafted": drafted,
        "wrong": drafted - right,
        "precision": round(right / drafted, 4) if drafted else None,
        "recall": round(right / answerable, 4) if answerable else None,
    }


def ours(labelled: LabelledSet) -> list[int | None]:
    return [
        suggestion.target.key if suggestion.target else None
        for suggestion in suggest(labelled.kind, labelled.sources, labelled.targets)
    ]


def by_wratio(labelled: LabelledSet) -> list[int | None]:
    """What is usually coded: rapidfuzz's WRatio of normalised names, the best from 90 on."""
    names = [normalise(target.name) for target in labelled.targets]
    picks: list[int | None] = []
    for source in labelled.sources:
        best = process.extractOne(
            normalise(source.name), names, scorer=fuzz.WRatio, score_cutoff=90
        )
        picks.append(best[2] if best else None)
    return picks


def by_equal_name(labelled: LabelledSet) -> list[int | None]:
    first: dict[str, int] = {}
    for target in labelled.targets:
        first.setdefault(normalise(target.name), target.key)
    return [first.get(normalise(source.name)) for source in labelled.sources]


def quality(labelled: LabelledSet) -> dict[str, Any]:
    return {
        "set": labelled.name,
        "kind": labelled.kind,
        "sources": len(labelled.sources),
        "targets": len(labelled.targets),
        "with_an_answer": sum(bool(keys) for keys in labelled.right.values()),
        "tieout": figures(labelled, ours(labelled)),
        "wratio_90": figures(labelled, by_wratio(labelled)),
        "equal_name": figures(labelled, by_equal_name(labelled)),
    }


def labelled_sets() -> Iterator[LabelledSet]:
    yield folder_set("vendors_h2b", "vendor", DATA / "vendors_h2b")
    yield folder_set("vendors_goc", "vendor", DATA / "vendors_goc")
    for name in ("titles", "scope"):
        folder = DATA / "projects_nyc"
        yield matching_set(
            f"projects_nyc {name}",
            "project",
            folder / f"{name}_a.csv",
            folder / "titles_b.csv",
            None,
        )
    yield line_item_set("items", "items.csv", "gold_items")
    yield line_item_set("builder's chart", "chart_builder.csv", "gold_chart_builder")
    yield line_item_set("contractor's chart by type", "chart_gc.csv", "gold_chart_gc")


# --- How fast -------------------------------------------------------------------------------------


def made_set(kind: str, sources: int, targets: int, folder: Path) -> LabelledSet:
    subprocess.run(  # noqa: S603  our own data's generator
        [
            sys.executable,
            str(DATA / "make_scale.py"),
            f"{kind}s",
            "--n",
            str(sources),
            "--m",
            str(targets),
            "--out",
            str(folder),
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return folder_set(f"made {kind}s", kind, folder)


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def speed(kind: str, sources: int, targets: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        labelled = made_set(kind, sources, targets, Path(folder))
    before = peak_mib()
    started = time.perf_counter()
    picks = ours(labelled)
    seconds = time.perf_counter() - started
    return {
        "kind": kind,
        "sources": len(labelled.sources),
        "targets": len(labelled.targets),
        "seconds": round(seconds, 2),
        "extra_mib": round(peak_mib() - before),
        **figures(labelled, picks),
    }


def search_speed(targets: Sequence[Candidate]) -> dict[str, Any]:
    """Beginnings of names and names with a letter changed, as somebody types them."""
    started = time.perf_counter()
    index = CandidateIndex(targets)
    index.search("warm up")
    built = time.perf_counter() - started
    took = []
    for number, target in enumerate(targets[:: max(1, len(targets) // 500)]):
        name = target.name
        typed = name[: 1 + number % max(1, len(name))] if number % 2 else name[:4] + "x" + name[5:]
        started = time.perf_counter()
        index.search(typed)
        took.append(time.perf_counter() - started)
    took.sort()
    return {
        "targets": len(targets),
        "build_seconds": round(built, 2),
        "searches": len(took),
        "p50_ms": round(took[len(took) // 2] * 1000, 1),
        "p95_ms": round(took[len(took) * 95 // 100] * 1000, 1),
    }


def main() -> None:
    if not DATA.is_dir():
        print(json.dumps({"drafting": None, "notice": "../shared/data is not there"}))
        return
    jobs = [
        ("vendor", 300, 1_500),
        ("vendor", 2_000, 10_000),
        ("vendor", 2_000, 20_000),
        ("vendor", 2_000, 50_000),
        ("project", 1_500, 3_000),
    ]
    # A fresh process each, so that the peak is the job's own.
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        drafted = [pool.apply(speed, job) for job in jobs]
    with tempfile.TemporaryDirectory() as folder:
        many = made_set("vendor", 300, 50_000, Path(folder)).targets
    print(
        json.dumps(
            {
                "drafting": drafted,
                "search": search_speed(many),
                "quality": [quality(each) for each in labelled_sets()],
                "notice": (
                    "The weights were fitted on the vendor and project sets and the lexicon was "
                    "written beside the line items, so these figures flatter; mapping/matching/weights.toml "
                    "says how. A set never seen is the judge."
                ),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
