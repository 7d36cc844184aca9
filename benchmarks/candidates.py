"""Candidates: seconds, memory and recall@10 as lists grow, beside what else finds names.

    python -m benchmarks.candidates            300 x 2,000 to 10,000 x 200,000; some ten minutes
    python -m benchmarks.candidates --short    up to 2,000 x 10,000
    python -m benchmarks.candidates tieout     only what is named: tieout, token_sort, tfidf, wratio

Prints one JSON object, and its progress to stderr. Every measurement has a process of its own, so
that its peak of memory is its own; seconds are of one core, the index built included. The sets are
made by `../shared/data/make_scale.py`; without it there is nothing true to measure on.
"""

import csv
import gc
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from mapping.matching.candidates import SHORTLIST, CandidateIndex
from mapping.matching.names import Candidate, normalise

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
SIZES = ((300, 2_000), (2_000, 10_000), (10_000, 50_000), (10_000, 200_000))
SHORT = SIZES[:2]
BUDGET = {
    (10_000, 50_000): {"recall": 0.997, "seconds": 10, "mib": 150},
    (10_000, 200_000): {"recall": 0.997, "seconds": 25, "mib": 150},
}
# Pairs that a method may look at in a reasonable time: WRatio takes some 8 microseconds for each.
MOST_PAIRS = {"wratio": 50_000_000}
ROWS_AT_ONCE = 100  # of a matrix of scores, which would not fit into memory as a whole
REPEATED = 3  # times for ours, of which the median counts; the others are too far apart to matter

Names = tuple[list[Candidate], list[Candidate], dict[int, set[int]]]


@dataclass(frozen=True)
class Job:
    method: str
    name: str  # of the set
    kind: str
    folder: str
    files: tuple[str, str, str] = ("a.csv", "b.csv", "truth.csv")


# --- Methods: for each source the positions of ten targets, best first ----------------------------


def tieout(kind: str, sources: Sequence[Candidate], targets: Sequence[Candidate]) -> list[Any]:
    index = CandidateIndex(targets, kind)
    return [[found.position for found in index.find(source)] for source in sources]


def token_sort(_kind: str, sources: Sequence[Candidate], targets: Sequence[Candidate]) -> list[Any]:
    from rapidfuzz import fuzz

    return _every_pair(fuzz.token_sort_ratio, sources, targets)


def wratio(_kind: str, sources: Sequence[Candidate], targets: Sequence[Candidate]) -> list[Any]:
    from rapidfuzz import fuzz

    return _every_pair(fuzz.WRatio, sources, targets)


def _every_pair(
    scorer: Callable[..., float], sources: Sequence[Candidate], targets: Sequence[Candidate]
) -> list[Any]:
    import numpy as np
    from rapidfuzz import process

    names = [normalise(target.name) for target in targets]
    asked = [normalise(source.name) for source in sources]
    found: list[Any] = []
    for start in range(0, len(asked), ROWS_AT_ONCE):
        scores = process.cdist(
            asked[start : start + ROWS_AT_ONCE], names, scorer=scorer, dtype=np.uint8, workers=1
        )
        ten = np.argpartition(scores, -SHORTLIST, axis=1)[:, -SHORTLIST:]
        order = np.argsort(-np.take_along_axis(scores, ten, axis=1).astype(int), axis=1)
        found += np.take_along_axis(ten, order, axis=1).tolist()
    return found


def tfidf(_kind: str, sources: Sequence[Candidate], targets: Sequence[Candidate]) -> list[Any]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sparse_dot_topn import sp_matmul_topn

    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(3, 3))
    theirs = vectorizer.fit_transform(normalise(target.name) or " - " for target in targets)
    ours = vectorizer.transform(normalise(source.name) for source in sources)
    best = sp_matmul_topn(ours, theirs.T.tocsr(), top_n=SHORTLIST, sort=True, n_threads=1)
    return [
        best.indices[best.indptr[row] : best.indptr[row + 1]].tolist()
        for row in range(len(sources))
    ]


METHODS: dict[str, Callable[..., list[Any]]] = {
    "tieout": tieout,
    "token_sort": token_sort,
    "tfidf": tfidf,
    "wratio": wratio,
}


# --- One measurement, in a process of its own -----------------------------------------------------


def measured(job: Job) -> dict[str, Any]:
    sources, targets, right = names(job)
    if job.method == "tfidf":
        import sklearn.feature_extraction.text  # noqa: F401  not part of what is measured
        import sparse_dot_topn  # noqa: F401
    gc.collect()
    before = _resident_mib()
    load = os.getloadavg()[0]
    started, processor = time.perf_counter(), time.process_time()
    found = METHODS[job.method](job.kind, sources, targets)
    seconds, processor = time.perf_counter() - started, time.process_time() - processor
    answerable = [(at, keys) for at, keys in right.items() if keys]
    hits = sum(bool(keys & set(found[at][:SHORTLIST])) for at, keys in answerable)
    return {
        "method": job.method,
        "set": job.name,
        "kind": job.kind,
        "sources": len(sources),
        "targets": len(targets),
        "seconds": round(seconds, 2),
        "processor_seconds": round(processor, 2),
        "extra_mib": round(_peak_mib() - before),
        "recall_at_10": round(hits / len(answerable), 4),
        "load": round(load, 1),
    }


def names(job: Job) -> Names:
    """Both lists, and for the position of each source the positions of its right targets."""
    a, b, truth = ([*_rows(Path(job.folder) / file)] for file in job.files)
    place = {row["id"]: at for at, row in enumerate(b)}
    answers = {row.get("a_id") or row["id"]: row["b_id"] for row in truth}
    right = {
        at: {place[each] for each in answers[row["id"]].split("/") if each in place}
        for at, row in enumerate(a)
    }
    return [*map(_candidate, range(len(a)), a)], [*map(_candidate, range(len(b)), b)], right


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _candidate(key: int, row: dict[str, str]) -> Candidate:
    return Candidate(
        key,
        row["name"],
        code=row.get("number", ""),
        path=row["name"] if ":" in row["name"] else "",
        other_names=tuple(filter(None, [row.get("dba", "")])),
        city=row.get("city", ""),
        state=row.get("state", ""),
        postcode=row.get("zip", ""),
    )


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# --- All of them ----------------------------------------------------------------------------------


def main(arguments: list[str]) -> None:
    if not (DATA / "make_scale.py").is_file():
        notice = "../shared/data is not there, so no candidates were looked for."
        print(json.dumps({"candidates": None, "notice": notice}))
        return
    sizes = SHORT if "--short" in arguments else SIZES
    wanted = {*METHODS} & {*arguments} or {*METHODS}
    with tempfile.TemporaryDirectory() as folder:
        jobs = [*_made(sizes, Path(folder)), *_labelled()]
        results = [_result(job) for job in jobs if job.method in wanted]
    print(
        json.dumps(
            {
                "candidates": results,
                "left_out": [
                    f"{method} above {most:,} pairs: it looks at every one, in some 8 microseconds "
                    f"each, which is hours for the largest set"
                    for method, most in MOST_PAIRS.items()
                ],
                "growth": _growth(results),
                "missed": _missed(results),
                "machine": {"cores": os.cpu_count(), "load_after": os.getloadavg()},
            },
            indent=1,
        )
    )


def _result(job: Job) -> dict[str, Any]:
    """Ours several times, of which the median is kept."""
    times = REPEATED if job.method == "tieout" else 1
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        runs = [pool.apply(measured, [job]) for _ in range(times)]
    runs.sort(key=lambda each: float(each["seconds"]))
    result = runs[times // 2] | {"seconds_of_all": [each["seconds"] for each in runs]}
    print(json.dumps(result), file=sys.stderr, flush=True)
    return result


def _made(sizes: Sequence[tuple[int, int]], folder: Path) -> Iterator[Job]:
    for kind in ("vendor", "project"):
        for sources, targets in sizes:
            out = folder / f"{kind}s-{sources}-{targets}"
            sizes_asked = ["--n", str(sources), "--m", str(targets), "--out", str(out)]
            subprocess.run(  # noqa: S603  our own data's generator
                [sys.executable, str(DATA / "make_scale.py"), f"{kind}s", *sizes_asked],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            for method in METHODS if kind == "vendor" else ["tieout"]:
                if sources * targets <= MOST_PAIRS.get(method, math.inf):
                    yield Job(method, out.name, kind, str(out))


def _labelled() -> Iterator[Job]:
    for method in METHODS:
        for name in ("vendors_h2b", "vendors_goc"):
            yield Job(method, name, "vendor", str(DATA / name))
        for name in ("titles", "scope"):
            files = (f"{name}_a.csv", "titles_b.csv", f"{name}_a.csv")
            yield Job(method, f"projects_nyc {name}", "project", str(DATA / "projects_nyc"), files)


def _growth(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Processor seconds a thousand sources, and the power of the list's length they grow with."""
    growth: dict[str, Any] = {}
    for method in METHODS:
        points = {
            each["targets"]: 1000 * each["processor_seconds"] / each["sources"]
            for each in results
            if each["method"] == method and each["set"].startswith("vendors-")
        }
        if len(points) < 2:
            continue
        shortest, longest = min(points), max(points)
        times = points[longest] / points[shortest]
        growth[method] = {
            "processor_seconds_a_thousand": {
                targets: round(seconds, 2) for targets, seconds in points.items()
            },
            "power": round(math.log(times) / math.log(longest / shortest), 2),
        }
    return growth


def _missed(results: Sequence[dict[str, Any]]) -> list[str]:
    missed = []
    for (sources, targets), budget in BUDGET.items():
        for each in results:
            if (each["method"], each["set"]) == ("tieout", f"vendors-{sources}-{targets}"):
                missed += [
                    f"{each['set']}: {what}"
                    for what, kept in (
                        ("recall_at_10", each["recall_at_10"] >= budget["recall"]),
                        ("seconds", each["seconds"] < budget["seconds"]),
                        ("extra_mib", each["extra_mib"] < budget["mib"]),
                    )
                    if not kept
                ]
    return missed


if __name__ == "__main__":
    main(sys.argv[1:])
