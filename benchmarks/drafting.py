"""Drafting: how often right beside what is usually coded, how fast, how much memory. Prints JSON.

    python -m benchmarks.drafting            everything
    python -m benchmarks.drafting --short    the labelled sets only

The labelled sets lie beside the project, in `../shared/data`; without them it says so and prints
nothing else, for there is nothing true to measure on.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import django
from rapidfuzz import fuzz, process

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from mapping import evaluating  # noqa: E402  the settings come first
from mapping.evaluating import Labelled  # noqa: E402
from mapping.matching.names import normalise  # noqa: E402
from mapping.models import Kind  # noqa: E402

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def labelled_sets() -> Iterator[tuple[str, Labelled]]:
    for name in ("vendors_h2b", "vendors_goc"):
        yield name, folder_set(Kind.VENDOR, DATA / name)
    projects, line_items = DATA / "projects_nyc", DATA / "lineitems_gold"
    for name in ("titles", "scope"):
        yield (
            f"projects_nyc {name}",
            evaluating.load(
                Kind.PROJECT, projects / f"{name}_a.csv", projects / "titles_b.csv", gold="b_id"
            ),
        )
    for name, chart, column in (
        ("items", "items.csv", "gold_items"),
        ("builder's chart", "chart_builder.csv", "gold_chart_builder"),
        ("contractor's chart by type", "chart_gc.csv", "gold_chart_gc"),
    ):
        yield (
            name,
            evaluating.load(
                Kind.COST_CODE, line_items / "cost_codes.csv", line_items / chart, gold=column
            ),
        )


def folder_set(kind: Kind, folder: Path) -> Labelled:
    return evaluating.load(kind, folder / "a.csv", folder / "b.csv", truth=folder / "truth.csv")


# --- How often right ------------------------------------------------------------------------------


def figures(labelled: Labelled, picks: Sequence[int | None]) -> dict[str, Any]:
    """Precision is right / drafted over the whole set, recall is right / rows with an answer."""
    right_keys = labelled.right or {}
    drafted = right = 0
    for source, pick in zip(labelled.sources, picks, strict=True):
        if pick is None or (source.key, pick) in labelled.ignored:
            continue
        drafted += 1
        right += pick in right_keys[source.key]
    answerable = sum(bool(keys) for keys in right_keys.values())
    return {
        "drafted": drafted,
        "wrong": drafted - right,
        "precision": round(right / drafted, 4) if drafted else None,
        "recall": round(right / answerable, 4) if answerable else None,
    }


def by_wratio(labelled: Labelled) -> list[int | None]:
    """What is usually coded: rapidfuzz's WRatio of normalised names, the best from 90 on."""
    names = [normalise(target.name) for target in labelled.targets]
    picks: list[int | None] = []
    for source in labelled.sources:
        best = process.extractOne(
            normalise(source.name), names, scorer=fuzz.WRatio, score_cutoff=90
        )
        picks.append(labelled.targets[best[2]].key if best else None)
    return picks


def by_equal_name(labelled: Labelled) -> list[int | None]:
    first: dict[str, int] = {}
    for target in labelled.targets:
        first.setdefault(normalise(target.name), target.key)
    return [first.get(normalise(source.name)) for source in labelled.sources]


def by_tfidf(labelled: Labelled) -> list[int | None]:
    """The nearest by TF-IDF of three-letter pieces, however near it is."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # a peer, for development only
    from sparse_dot_topn import sp_matmul_topn

    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3))
    targets = vectors.fit_transform([normalise(target.name) for target in labelled.targets])
    sources = vectors.transform([normalise(source.name) for source in labelled.sources])
    nearest = sp_matmul_topn(sources, targets.T.tocsr(), top_n=1, sort=True)
    return [
        labelled.targets[nearest.indices[start]].key if end > start else None
        for start, end in zip(nearest.indptr, nearest.indptr[1:], strict=False)
    ]


def quality(name: str, labelled: Labelled) -> dict[str, Any]:
    result, judged = evaluating.evaluate(labelled)
    return {
        "set": name,
        "tieout": result,
        "wratio_90": figures(labelled, by_wratio(labelled)),
        "equal_name": figures(labelled, by_equal_name(labelled)),
        "tfidf_char_3_top_1": figures(labelled, by_tfidf(labelled)),
        "not_drafted_because": dict(
            Counter(
                each.reason.split(":")[0] for each in judged if each.verdict == "missed"
            ).most_common()
        ),
        "wrong": [
            {
                "source": f"{each.source.code} {each.source.name}".strip(),
                "drafted": each.drafted.path or each.drafted.name,
                "confidence": round(each.confidence, 3),
                "reason": each.reason,
            }
            for each in judged
            if each.verdict == "wrong" and each.drafted
        ],
    }


# --- How fast -------------------------------------------------------------------------------------


def made_set(kind: Kind, sources: int, targets: int, folder: Path) -> Labelled:
    subprocess.run(  # noqa: S603  our own data's generator
        [
            sys.executable,
            str(DATA / "make_scale.py"),
            f"{kind.value}s",
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
    return folder_set(kind, folder)


def speed(kind: Kind, sources: int, targets: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        labelled = made_set(kind, sources, targets, Path(folder))
    result, _ = evaluating.evaluate(labelled)
    return result


# One threshold does not hold as lists grow: from a small firm's to a payer of a whole state.
JOBS = (
    (Kind.VENDOR, 300, 300),
    (Kind.VENDOR, 300, 1_500),
    (Kind.VENDOR, 2_000, 10_000),
    (Kind.VENDOR, 2_000, 50_000),
    (Kind.VENDOR, 2_000, 200_000),
    (Kind.PROJECT, 300, 600),
    (Kind.PROJECT, 1_500, 3_000),
)


def main() -> None:
    if not DATA.is_dir():
        print(json.dumps({"drafting": None, "notice": "../shared/data is not there"}))
        return
    result: dict[str, Any] = {"quality": [quality(*each) for each in labelled_sets()]}
    if "--short" not in sys.argv:
        # A fresh process each, so that the peak is the job's own.
        with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            result["by_list_size"] = [pool.apply(speed, job) for job in JOBS]
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
