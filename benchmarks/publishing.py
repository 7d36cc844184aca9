"""Publishing one mapping that 10,000 bills wait for, and taking it back. Prints one JSON object.

    python -m benchmarks.publishing            five times each
    python -m benchmarks.publishing --short    once

After every step each of the 50,000 stored answers is compared with one worked out here, in
Python, from the mappings alone. `wrong` has to be 0.
"""

import json
import statistics
import sys
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from benchmarks import scratch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companies.models import Company, User
    from mapping.models import Mapping

TIMES = 5
READERS = 2
BUDGET_SECONDS = 1.0


def main(arguments: list[str]) -> None:
    times = 1 if "--short" in arguments else TIMES
    with scratch.database() as database:
        print(json.dumps(_report(database, times), indent=1))


def _report(database: dict[str, Any], times: int) -> dict[str, Any]:
    from benchmarks import scale
    from companies.models import Company, User

    before = scratch.machine()
    company = Company.objects.select_related("settings").get(slug=scale.LARGE.slug)
    controller, admin = (User.objects.get(email=f"{n}@bench.test") for n in ("dana", "priya"))
    run = _Run(company, controller, admin)
    waited_for = scale.dependants(scale.LARGE)
    growth = {str(number): run.cycles(each, times) for number, each in waited_for.items()}
    largest = max(waited_for)
    with _reading(company) as read:
        while_read = run.cycles(waited_for[largest], times)
    alone = growth[str(largest)]
    wrong = sum(each["wrong"] for each in (*growth.values(), while_read))
    slowest = max(alone["publish_seconds"]["median"], alone["unpublish_seconds"]["median"])
    return {
        "by_dependants": growth,
        "while_two_read_the_bills": while_read | {"pages": _spread(read, 1000, "ms")},
        "wrong": wrong,
        "budget": {"seconds": BUDGET_SECONDS, "wrong": 0},
        "ok": wrong == 0 and slowest < BUDGET_SECONDS,
        "database": database,
        "machine": before | {"load_after": scratch.machine()["load"]},
    }


class _Run:
    def __init__(self, company: "Company", controller: "User", admin: "User") -> None:
        self.company, self.controller, self.admin = company, controller, admin

    def cycles(self, mapping: "Mapping", times: int) -> dict[str, Any]:
        """Publish and unpublish, so often; the company is afterwards as it was before."""
        from mapping import publishing

        took: dict[str, list[float]] = {"publish": [], "unpublish": []}
        used: dict[str, list[float]] = {"publish": [], "unpublish": []}
        changed: dict[str, set[int]] = {"publish": set(), "unpublish": set()}
        wrong = 0
        for _ in range(times):
            for act in took:
                before = _stored(self.company)
                processor = scratch.Processor()
                started = time.perf_counter()
                if act == "publish":
                    publishing.publish(self.company, by=self.controller, only=[mapping.pk])
                else:
                    publishing.unpublish([mapping], by=self.admin, reason="A benchmark's")
                took[act].append(time.perf_counter() - started)
                used[act].append(processor.seconds())
                after = _stored(self.company)
                changed[act].add(sum(after[pk] != word for pk, word in before.items()))
                wrong += _wrong(self.company, after)
        return {
            "publish_seconds": _spread(took["publish"], 1),
            "unpublish_seconds": _spread(took["unpublish"], 1),
            "publish_processor_seconds": round(statistics.median(used["publish"]), 2),
            "unpublish_processor_seconds": round(statistics.median(used["unpublish"]), 2),
            "bills_that_became_ready": sorted(changed["publish"]),
            "bills_that_are_held_again": sorted(changed["unpublish"]),
            "wrong": wrong,
        }


# --- Is it right? -------------------------------------------------------------------------------


def _stored(company: "Company") -> dict[int, str]:
    return dict(company.bills.order_by().values_list("pk", "readiness"))


def _wrong(company: "Company", stored: dict[int, str]) -> int:
    """How many stored answers differ from the rule, written here a second time and naively."""
    from sync.models import BillNeed

    said = {
        source: "in force" if state == "published" and not stale else state
        for source, state, stale in company.mappings.values_list("source_id", "state", "stale")
    }
    needs: dict[int, list[str]] = defaultdict(list)
    rows = BillNeed.objects.filter(company=company, rules=True)
    for bill, record in rows.values_list("bill_id", "record_id").iterator():
        needs[bill].append(said.get(record, "none"))
    return sum(word != _naive(needs[pk]) for pk, word in stored.items())


def _naive(needs: list[str]) -> str:
    for each in needs:
        if each in ("none", "left", "no_match"):
            return "unmapped"
    for each in needs:
        if each != "in force":
            return "needs_publishing"
    return "ready"


# --- People who read meanwhile ------------------------------------------------------------------


@contextmanager
def _reading(company: "Company") -> "Iterator[list[float]]":
    """Two people turn to the list of bills again and again; yields the seconds of each page."""
    from django.db import connection
    from django.test import Client

    from companies.models import User

    took: list[float] = []
    over = threading.Event()

    def read() -> None:
        client = Client(SERVER_NAME="localhost")
        client.force_login(User.objects.get(email="dana@bench.test"))
        while not over.is_set():
            started = time.perf_counter()
            answer = client.get(f"/c/{company.slug}/bills/?tab=needs_publishing")
            took.append(time.perf_counter() - started)
            assert answer.status_code == 200, answer.status_code
        connection.close()

    readers = [threading.Thread(target=read) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    try:
        yield took
    finally:
        over.set()
        for reader in readers:
            reader.join()


def _spread(took: list[float], factor: float, unit: str = "") -> dict[str, Any]:
    if not took:
        return {"times": 0}
    ordered = sorted(each * factor for each in took)
    after = f"_{unit}" if unit else ""
    return {
        f"best{after}": round(ordered[0], 3),
        f"median{after}": round(statistics.median(ordered), 3),
        f"p95{after}": round(ordered[len(ordered) * 95 // 100], 3),
        "times": len(ordered),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
