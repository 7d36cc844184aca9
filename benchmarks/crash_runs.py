"""The crash test itself: plans, what goes wrong on order, and the count at the end."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings
from django.db import DatabaseError, close_old_connections, transaction
from django_q.models import OrmQ
from werkzeug.wrappers import Request

from audit.models import Entry, Verb
from benchmarks import crash_database
from common import work
from connectors.sandboxing import Fault
from sync import sending
from sync.models import Bill, Push
from sync.steps import Step
from sync.supervising import Supervisor
from sync.tests import world as building

MUST_BE_ZERO = ("lost", "duplicated", "cents_off", "missed", "trail_gaps")
MOVING = (Push.State.QUEUED, Push.State.SENDING, Push.State.UNKNOWN)
AT_ONCE = 20  # pushes on their way at the same time
LONGEST = 540.0  # seconds; what is not at rest by then is lost
LEASE = 3.0
DELAY = LEASE + 1  # later than the lease, earlier than the first look-up and the time-out

# What becomes of the answer to the first request that posts a bill.
FATES: dict[str, dict[str, Any]] = {
    "none": {},
    "lost before": {"kind": "drop_before"},
    "lost after": {"kind": "drop_after"},
    "arrives late": {"kind": "delay_before", "seconds": DELAY},
    "answered late": {"kind": "delay_after", "seconds": DELAY},
    "twice": {"kind": "twice"},
    "truncated": {"kind": "truncate"},
    "500 after the work": {"kind": "answer_after", "status": 500, "body": "<html>oops</html>"},
    "429 once": {"kind": "answer", "status": 429, "headers": {"Retry-After": "1"}},
}
# These alone make the outcome unknown; after the others a look-up needs a worker that died.
LEADS_TO_A_LOOK = {"lost before", "lost after", "truncated", "500 after the work"}
LOOKS = tuple(step for step in Step if step.name.startswith("LOOK"))

World: Any = building.World


@dataclass(frozen=True)
class Plan:
    """One bill, the steps at which its worker dies, and what the network does to it."""

    fate: str
    kills: tuple[Step, ...] = ()

    @classmethod
    def of(cls, step: Step, fate: str) -> "Plan":
        if step in LOOKS and fate not in LEADS_TO_A_LOOK:
            return cls(fate, (Step.ANSWERED, step))
        return cls(fate, (step,))


@dataclass
class OfOneBill(Fault):
    """A fault for the requests that carry one key."""

    key: str = ""

    def matches(self, request: Request) -> bool:
        return super().matches(request) and request.args.get("requestid") == self.key


def run(folder: Path, data: Path, *, short: bool) -> dict[str, Any]:
    started = time.monotonic()
    plans = _short_plans() if short else _all_plans()
    disasters = [] if short else list(DISASTERS)
    per_disaster = 20
    with _builder(folder, len(plans) + per_disaster * len(disasters)) as world:
        harness = Harness(folder, data, world, list(_bills(world)))
        try:
            harness.start()
            harness.carry_out(plans)
            for disaster in disasters:
                harness.live_through(disaster, per_disaster)
        finally:
            harness.stop()
        report = harness.report()
    return {
        "points": [step.name for step in Step],
        "fates": list({plan.fate: None for plan in plans}),
        **report,
        "seconds": round(time.monotonic() - started, 1),
    }


def _all_plans() -> list[Plan]:
    """Twice each, but for the step that lies in the web process: each of those is a process."""
    once = [Plan.of(step, fate) for step in Step for fate in FATES]
    return once + [plan for plan in once if Step.QUEUED not in plan.kills]


def _short_plans() -> list[Plan]:
    lost = [Plan.of(step, "lost after") for step in (Step.INTENT_KEPT, Step.ANSWERED)]
    return [Plan.of(step, "none") for step in Step] + lost


# --- The company --------------------------------------------------------------------------------


@contextmanager
def _builder(folder: Path, bills: int) -> Iterator[Any]:
    """A company on both sandboxes, everything published, with this many bills more to send."""
    first = date(2026, 9, 1)
    costs, lines = [building.PROCORE["direct_costs"]], [building.PROCORE["direct_cost_lines"]]
    for n in range(bills):
        day, number = first + timedelta(days=n % 60), 1000 + n
        costs.append(
            f"{number},{21 + n % 2},{11 + n % 2},invoice,approved,{day},C-{number},,Net 30,"
        )
        lines.append(f"{2 * number},{number},1,09-250,32,Boards,{100 + n}.{n % 100:02}")
        lines.append(f"{2 * number + 1},{number},2,03-300,31,Anchors,0.0{n % 9 + 1}")
    procore = {
        **building.PROCORE,
        "direct_costs": "\n".join(costs),
        "direct_cost_lines": "\n".join(lines),
    }
    world = World(folder / "seeds", settings, procore=procore)
    try:
        # The worker processes read these.
        os.environ["PROCORE_LOGIN_URL"] = os.environ["PROCORE_API_URL"] = world.procore.url
        os.environ["QBO_API_URL"] = world.quickbooks.url
        os.environ["QBO_TOKEN_URL"] = f"{world.quickbooks.url}/oauth2/v1/tokens/bearer"
        world.pull()
        world.map_all()
        OrmQ.objects.all().delete()  # the bells of the pull, which was done here
        yield world
    finally:
        world.stop()


def _bills(world: Any) -> Iterator[Bill]:
    ready = Bill.objects.filter(company=world.company, number__startswith="C-")
    yield from ready.select_related("company__settings").sendable(world.company).order_by("pk")


# --- What runs in processes of its own ----------------------------------------------------------


def supervise() -> None:
    """The real supervisor, in a hurry."""
    work.RING_AGAIN = timedelta(seconds=5)
    Supervisor(manage=settings.BASE_DIR / "manage.py", sweep_seconds=0.5).run()


def click(bill_id: int) -> None:
    """A person sends one bill, in a web process that may be killed."""
    bill = Bill.objects.select_related("company__settings").get(pk=bill_id)
    by = bill.company.memberships.get(role="controller").user
    sending.send(bill, by=by)


# --- The harness --------------------------------------------------------------------------------


@dataclass
class Harness:
    folder: Path
    data: Path  # of the database
    world: Any
    bills: list[Bill]
    supervisor: "subprocess.Popen[bytes] | None" = None
    sent: list[Bill] = field(default_factory=list)
    planned: list[str] = field(default_factory=list)  # names of the kills that have to happen
    group_kills: int = 0
    runs: int = 0
    skipped: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        self.supervisor = subprocess.Popen(  # our own module, no outside input
            [sys.executable, "-m", "benchmarks.crash", "supervise"],
            cwd=settings.BASE_DIR,
            stdout=sys.stderr.fileno(),  # ours is kept for the report
        )

    def stop(self) -> None:
        """Nothing that was started here outlives this, whatever went wrong."""
        if self.supervisor is None:
            return
        below = _below(self.supervisor.pid)
        self.supervisor.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.supervisor.wait(15)
        for process in below:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.supervisor.kill()
        self.supervisor.wait()

    # --- Every step with every fate -------------------------------------------------------------

    def carry_out(self, plans: list[Plan]) -> None:
        waiting = [plan for plan in plans if Step.QUEUED not in plan.kills]
        clicks = [plan for plan in plans if Step.QUEUED in plan.kills]
        self.runs += len(plans)
        clicking: tuple[Plan, Bill, subprocess.Popen[bytes]] | None = None
        try:
            while waiting or clicks or clicking or _moving():
                if clicking is None and clicks:
                    clicking = self._click(clicks.pop())
                elif clicking is not None and clicking[2].poll() is not None:
                    self._after_click(*clicking)
                    clicking = None
                room = AT_ONCE - _moving()
                for _ in range(min(room, len(waiting))):
                    self.send(self.bills.pop(), waiting.pop(0))
                if self._out_of_time():
                    return
                time.sleep(0.1)
        finally:
            if clicking is not None:
                clicking[2].kill()
                clicking[2].wait()

    def send(self, bill: Bill, plan: Plan) -> None:
        with transaction.atomic():
            push = sending.send(bill, by=self.world.controller)
            for step in plan.kills:
                if step is not Step.QUEUED:
                    self._arm(f"push-{push.pk}", step)
            if fault := FATES[plan.fate]:
                self._order(OfOneBill(key=push.key, method="POST", path="*/bill", **fault))
        self.sent.append(bill)

    def _click(self, plan: Plan) -> "tuple[Plan, Bill, subprocess.Popen[bytes]]":
        bill = self.bills.pop()
        subject = f"bill-{bill.pk}"
        self._arm(subject, Step.QUEUED)
        process = subprocess.Popen(  # noqa: S603  # our own module, no outside input
            [sys.executable, "-m", "benchmarks.crash", "send", str(bill.pk)],
            cwd=settings.BASE_DIR,
            env={**os.environ, "CRASH_SUBJECT": subject},
        )
        return plan, bill, process

    def _after_click(self, plan: Plan, bill: Bill, process: "subprocess.Popen[bytes]") -> None:
        """The web process died before its commit: nothing may be left, and a second click works."""
        if process.returncode != -signal.SIGKILL or bill.pushes.exists():
            self.wrong.append(f"a click that was killed left something of {bill}")
            return
        self.send(bill, plan)

    def _arm(self, subject: str, step: Step) -> None:
        name = f"{subject}.{step.name}"
        (self.folder / "armed" / name).touch()
        self.planned.append(name)

    def _order(self, fault: Fault) -> None:
        faults = self.world.quickbooks.sandbox.faults
        faults[:] = [old for old in faults if old.times > 0] + [fault]

    def live_through(self, disaster: Callable[["Harness"], None], bills: int) -> None:
        """Send many bills, let it happen while they are on their way, and wait."""
        self.runs += 1
        chosen = [self.bills.pop() for _ in range(bills)]
        fates = [*FATES, *["none"] * 3]
        for number, bill in enumerate(chosen):
            self.send(bill, Plan(fates[number % len(fates)]))
        self._wait_for(lambda: Push.objects.filter(state=Push.State.SENDING).exists(), 30)
        disaster(self)
        self._wait_for(lambda: not _moving(), 120)

    # --- What can happen to everything at once ----------------------------------------------------

    def kill_the_group(self) -> None:
        """Parent, guard, pusher, monitor and workers at one stroke."""
        os.killpg(self.cluster().pid, signal.SIGKILL)
        self.group_kills += 1

    def kill_the_parent(self) -> None:
        """What is left of the cluster goes on working until the supervisor ends it."""
        self.cluster().kill()
        self.group_kills += 1

    def empty_the_queue(self) -> None:
        for _ in range(3):
            OrmQ.objects.all().delete()
            time.sleep(0.2)

    def restart_the_database(self) -> None:
        crash_database.control(self.data, "-m", "fast", "restart")

    def crash_the_database(self) -> None:
        """No checkpoint: what was committed has to come back from the log."""
        crash_database.control(self.data, "-m", "immediate", "restart")
        self.group_kills += 1

    def cluster(self) -> psutil.Process:
        assert self.supervisor is not None
        self._wait_for(lambda: bool(_children(self.supervisor)), 30)
        return _children(self.supervisor)[0]

    def _wait_for(self, happened: Callable[[], bool], seconds: float) -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and not self._out_of_time():
            with suppress(DatabaseError):
                close_old_connections()
                if happened():
                    return
            time.sleep(0.1)

    def _out_of_time(self) -> bool:
        return time.monotonic() - self.began > LONGEST

    # --- The count ------------------------------------------------------------------------------

    def report(self) -> dict[str, Any]:
        done = [path.name.rpartition(".")[::2] for path in (self.folder / "done").iterdir()]
        happened = {name for name, pid in done if not psutil.pid_exists(int(pid))}
        missed = sorted(set(self.planned) - happened)
        pushes = list(Push.objects.select_related("bill"))
        books = self.world.books()
        states = Counter(push.state for push in pushes)
        lost = [*_lost(pushes, books), *self._never_asked(pushes), *self.wrong]
        duplicated = _duplicated(books)
        gaps = _trail_gaps(pushes)
        _explain(missed=missed, lost=lost, duplicated=duplicated, trail_gaps=gaps)
        at_rest_badly = (push for push in pushes if push.state in ("failed", "set_aside"))
        return {
            "runs": self.runs,
            "kills": len(happened) + self.group_kills,
            "missed": len(missed),
            "documents": len(pushes),
            "posted": states["posted"],
            "set_aside": states["set_aside"],
            "failed": states["failed"],
            "reasons": dict(Counter(f"{push.state}: {push.cause}" for push in at_rest_badly)),
            "lost": len(lost),
            "duplicated": len(duplicated),
            "cents_off": _cents_off(pushes, books),
            "trail_gaps": len(gaps),
            "skipped": self.skipped,
        }

    def _never_asked(self, pushes: list[Push]) -> list[str]:
        known = {push.bill_id for push in pushes}
        return [f"{bill} was sent and has no push" for bill in self.sent if bill.pk not in known]


DISASTERS = (
    Harness.kill_the_group,
    Harness.kill_the_parent,
    Harness.empty_the_queue,
    Harness.restart_the_database,
    Harness.crash_the_database,
)


# --- Counting -----------------------------------------------------------------------------------


def _moving() -> int:
    return Push.objects.filter(state__in=MOVING).count()


def _lost(pushes: list[Push], books: list[dict[str, Any]]) -> list[str]:
    """Posted and not there, there and not accounted for, or at rest nowhere."""
    there = {row["id"]: row for row in books}
    lost = []
    for push in pushes:
        if push.state == Push.State.POSTED:
            if there.get(push.external_id, {}).get("key") != push.key:
                lost.append(f"{push} is posted, and the ledger has no such bill")
        elif push.state in MOVING:
            lost.append(f"{push} is still {push.state}")
        elif not push.cause or not push.sentence:
            lost.append(f"{push} is {push.state} without a reason")
    ids = {push.external_id for push in pushes} | {""}
    aside = {push.key for push in pushes if push.state == Push.State.SET_ASIDE}
    lost += [
        f"the ledger has no. {row['number']} that no push knows of"
        for row in books
        if row["id"] not in ids and row["key"] not in aside
    ]
    return lost


def _duplicated(books: list[dict[str, Any]]) -> list[str]:
    keys = Counter(row["key"] for row in books)
    numbers = Counter((row["vendor_id"], row["number"]) for row in books)
    return [str(each) for each, count in (keys | numbers).items() if count > 1]


def _cents_off(pushes: list[Push], books: list[dict[str, Any]]) -> int:
    totals = {row["key"]: Decimal(row["total"]) for row in books}
    off = sum(
        (abs(totals[push.key] - push.bill.total) for push in pushes if push.key in totals),
        Decimal(0),
    )
    return int(off * 100)


def _trail_gaps(pushes: list[Push]) -> list[str]:
    """Every push that was posted says so once, and was claimed before."""
    lines = Counter(Entry.objects.filter(object_type="sync.push").values_list("object_id", "verb"))
    return [
        f"{push}: {lines[push.pk, Verb.CLAIMED]} claims, {lines[push.pk, Verb.POSTED]} postings"
        for push in pushes
        if push.state == Push.State.POSTED
        and (lines[push.pk, Verb.POSTED] != 1 or not lines[push.pk, Verb.CLAIMED])
    ]


def _explain(**trouble: list[str]) -> None:
    for name, found in trouble.items():
        for each in found[:20]:
            print(f"{name}: {each}", file=sys.stderr)


def _children(process: "subprocess.Popen[bytes] | None") -> list[psutil.Process]:
    return psutil.Process(process.pid).children() if process else []


def _below(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
