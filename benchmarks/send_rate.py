"""How fast bills leave for a ledger that refuses whoever is faster than its limit.

The QuickBooks sandbox keeps the published limits (500 calls a minute, 10 a second: section 3.5 of
its sheet) and is asked over HTTP by as many workers as the ledger takes calls at once, through the
whole way of a bill: gate, claim, look-up, post, settle. Prints JSON: calls a minute as a fraction
of the limit, and how many were refused, which by design is none.

    python -m benchmarks.send_rate [--seconds 120]
"""

import json
import sys
import threading
import time
from typing import Any

from benchmarks import company
from benchmarks.scratch import machine

LIMIT = 500
LEFT_OUT_SECONDS = 5  # until the workers are warm


def main(arguments: list[str]) -> int:
    seconds = int(arguments[arguments.index("--seconds") + 1]) if "--seconds" in arguments else 120
    # Three calls a bill; more than can leave in that time.
    bills = int(seconds / 60 * LIMIT / 3 * 1.1) + 20
    with company.world(more=_seeds(bills)) as made:
        report = _measure(made, seconds)
    print(json.dumps({**report, "machine": machine()}, indent=1))
    return 1 if report["refused"] else 0


def _seeds(bills: int) -> dict[str, str]:
    """The little company's source, with so many direct costs that are ready to go."""
    numbers = range(1, bills + 1)
    costs = [
        f"{n + 1000},21,12,invoice,approved,2026-09-02,R-{n},Board,Net 30,1.00" for n in numbers
    ]
    lines = [f"{n + 9000},{n + 1000},1,09-250,32,Boards,1.00" for n in numbers]
    head = "id,project_id,vendor_id,type,status,date,invoice_number,description,terms,amount"
    line_head = "id,direct_cost_id,position,code,cost_type_id,description,amount"
    return {
        "direct_costs": "\n".join([head, *costs]),
        "direct_cost_lines": "\n".join([line_head, *lines]),
    }


def _measure(made: Any, seconds: int) -> dict[str, Any]:
    from connectors.quickbooks_online.client import QuickBooksOnlineClient
    from sync import sending
    from sync.models import Push

    made.pull()
    made.map_all()
    ready = made.company.bills.sendable(made.company)
    sending.send_all(made.company, dict(ready.values_list("pk", "version")), by=made.controller)
    sandbox = made.quickbooks.sandbox
    time.sleep(1)  # the pull before was not paced by what is measured
    sandbox.is_throttling = True
    at_once = QuickBooksOnlineClient.traits.calls_at_once
    over = threading.Event()
    workers = [threading.Thread(target=_work, args=(over,)) for _ in range(at_once)]
    for worker in workers:
        worker.start()
    time.sleep(LEFT_OUT_SECONDS)
    before, started = len(sandbox.requests_seen), time.monotonic()
    posted_before = _posted(Push)
    time.sleep(seconds)
    took = time.monotonic() - started
    calls = len(sandbox.requests_seen) - before
    posted = _posted(Push) - posted_before
    over.set()
    for worker in workers:
        worker.join()
    refused = made.ledger.calls.filter(status=429).count()
    return {
        "seconds": round(took, 1),
        "workers": at_once,
        "calls_a_minute": round(calls / took * 60, 1),
        "limit": LIMIT,
        "fraction_of_limit": round(calls / took * 60 / LIMIT, 3),
        "bills_a_minute": round(posted / took * 60, 1),
        "refused": refused,
        "made_twice": len(made.books()) - len({bill["key"] for bill in made.books()}),
    }


def _posted(pushes: Any) -> int:
    return int(pushes.objects.filter(state=pushes.State.POSTED).count())


def _work(over: threading.Event) -> None:
    """A worker: whatever push is due, until the time is over."""
    from django.db import connection

    from sync import tasks
    from sync.models import Push

    while not over.is_set():
        due = Push.objects.due().order_by("due_at", "?").values_list("pk", flat=True).first()
        if due is None:
            time.sleep(0.05)
            continue
        tasks.push(due)
    connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
