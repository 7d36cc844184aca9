"""A day of polls, webhooks and sweeps between a source and a ledger that change and misbehave.

Both sandboxes stand behind real HTTP, the inbox behind a real web server, all rows in a real
database. Time goes by in ticks: instead of moving every clock ahead, each tick moves all that was
written a little further into the past, in the database and in the sandboxes' books. In each tick
people change things on both sides, webhooks are doubled, reordered, delayed, forged or lost, and
answers are refused, cut or lost. Prints JSON: every change has to arrive, none twice, and the
worst staleness says how long one of each kind took. The seed repeats it.

    python -m benchmarks.day_in_the_life [--hours 24] [--tick 5] [--seed 7]
"""

import json
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from benchmarks import company
from benchmarks.scratch import machine

VERIFIER = "a-verifier-of-the-benchmark"
CHANGE_CHANCE, PULL_FAULT_CHANCE, NEWS_FAULT_CHANCE = 0.5, 0.15, 0.5
NEWS_FAULTS: tuple[Any, ...] = ("duplicate", "reorder", "delay", "forge", "lose")
PULL_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "answer", "status": 503, "body": "<html>Maintenance</html>"},
    {"kind": "answer", "status": 429, "headers": {"Retry-After": "1"}, "body": ""},
    {"kind": "drop_before"},
    {"kind": "drop_after"},
    {"kind": "truncate"},
    {"kind": "answer", "status": 503, "times": 4},  # too many to be waited out
)
STAMPED = ("created_at", "updated_at", "CreateTime", "LastUpdatedTime", "due")


def main(arguments: list[str]) -> int:
    told = dict(zip(arguments[::2], arguments[1::2], strict=False))
    hours, tick = float(told.get("--hours", 24)), float(told.get("--tick", 5))
    seed = int(told.get("--seed", time.time()))
    with company.world() as made:
        report = Day(made, timedelta(minutes=tick), random.Random(seed)).live(hours)
    print(json.dumps({"seed": seed, **report, "machine": machine()}, indent=1))
    return 1 if report["lost"] or report["twice"] else 0


@dataclass
class Change:
    what: str
    at: timedelta  # since the day began
    has_come: Callable[[], bool]
    came_at: timedelta | None = None


@dataclass
class Day:
    made: Any  # sync.tests.world.World
    tick: timedelta
    dice: random.Random
    now: timedelta = timedelta(0)
    changes: list[Change] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    numbers: Counter[str] = field(default_factory=Counter)
    # What stands in the source of each bill and vendor, to compare at the end.
    amounts: dict[str, int] = field(default_factory=dict)

    def live(self, hours: float) -> dict[str, Any]:
        server = self._begin()
        try:
            while self.now < timedelta(hours=hours):
                self._one_tick()
            lived, sweeps = self.now, self.made.company.runs.filter(looks_back=None).count()
            # The night after: one sweep finds what only a sweep can find.
            self.made.source.runs.update(looks_back=timedelta(minutes=1))
            self.made.ledger.runs.update(looks_back=timedelta(minutes=1))
            for _ in range(12):
                self._one_tick(quiet=True)
            return self._report(lived, sweeps)
        finally:
            server.shutdown()
            server.server_close()

    # --- The day ------------------------------------------------------------------------------

    def _begin(self) -> WSGIServer:
        from django.conf import settings
        from django.core.wsgi import get_wsgi_application

        from connectors import subscribing
        from connectors.quickbooks_online.client import QuickBooksOnlineClient

        # The day goes by some hundred times as fast, and so does the ledger's minute.
        QuickBooksOnlineClient.traits = replace(
            QuickBooksOnlineClient.traits, calls_per_minute=100_000
        )
        server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=_Quiet)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        settings.PUBLIC_URL = f"http://127.0.0.1:{server.server_port}"
        settings.QUICKBOOKS_ONLINE = {**settings.QUICKBOOKS_ONLINE, "verifier_token": VERIFIER}
        self.made.pull()
        subscribing.ask(self.made.source)
        address = f"{settings.PUBLIC_URL}/hooks/quickbooks-online/"
        self.made.quickbooks.sandbox.tell_at(address, VERIFIER, is_new_form=True)
        return server

    def _one_tick(self, *, quiet: bool = False) -> None:
        self._let_time_pass()
        if not quiet:
            for _ in range(self.dice.choice((0, 1, 1, 2))):
                if self.dice.random() < CHANGE_CHANCE:
                    self.dice.choice(CHANGES)(self)
            self._misbehave()
        for served in (self.made.procore, self.made.quickbooks):
            served.sandbox.deliveries.send_due()
        self._work()
        for change in self.changes:
            if change.came_at is None and change.has_come():
                change.came_at = self.now

    def _misbehave(self) -> None:
        for served in (self.made.procore, self.made.quickbooks):
            if self.dice.random() < NEWS_FAULT_CHANCE:
                from connectors.sandbox_deliveries import Mischief

                seconds = self.dice.choice((60, 3600, 4 * 3600))
                one = Mischief(self.dice.choice(NEWS_FAULTS), seconds=seconds)
                served.sandbox.deliveries.mischief.append(one)
                self.faults[f"webhook {one.kind}"] += 1
            if self.dice.random() < PULL_FAULT_CHANCE:
                from connectors.sandboxing import Fault

                fault = self.dice.choice(PULL_FAULTS)
                skip = self.dice.randrange(12)
                served.sandbox.faults.append(Fault(method="GET", skip=skip, **fault))
                self.faults[f"{fault['kind']} {fault.get('status', '')}".strip()] += 1

    def _work(self) -> None:
        """What supervisor and workers do: ring for what is due, then take it up."""
        from django_q.models import OrmQ

        from connectors.models import InboxEvent
        from sync import pulling, tasks
        from sync.models import PullStep

        for connection in (self.made.source, self.made.ledger):
            connection.refresh_from_db()
            connection.company.settings.refresh_from_db()
            pulling.start_if_due(connection)
        for _ in range(400):
            step = PullStep.objects.filter(run__state="running").due().first()
            event = InboxEvent.objects.filter(state="received").due().first()
            if step is None and event is None:
                break
            if event is not None:
                tasks.hear(event.pk)
            if step is not None:
                tasks.pull_step(step.pk)
        OrmQ.objects.all().delete()  # the bells: every row was looked at itself

    # --- Time ---------------------------------------------------------------------------------

    def _let_time_pass(self) -> None:
        from django.apps import apps
        from django.db import connection
        from django.db.models import DateTimeField

        self.now += self.tick
        seconds = self.tick.total_seconds()
        with connection.cursor() as cursor:
            for model in [*apps.get_app_config("sync").get_models(),
                          *apps.get_app_config("connectors").get_models()]:  # fmt: skip
                columns = [
                    each.column
                    for each in model._meta.concrete_fields
                    if isinstance(each, DateTimeField) and each.column != "token_expires_at"
                ]
                if columns and model._meta.model_name != "call":
                    moved = ", ".join(f"{c} = {c} - make_interval(secs => %s)" for c in columns)
                    cursor.execute(
                        f"UPDATE {model._meta.db_table} SET {moved}",  # noqa: S608 - our tables
                        [seconds] * len(columns),
                    )
        for served in (self.made.procore, self.made.quickbooks):
            self._age(served.sandbox)
        self._set_the_hour()

    def _age(self, sandbox: Any) -> None:
        """The books' own stamps, as if they had been written so much earlier."""
        with sandbox._books, sandbox.store.transaction():
            rows = sandbox.store._db.execute("SELECT kind, id, body FROM doc").fetchall()
            for kind, key, body in rows:
                if any(name in body for name in STAMPED) and "token" not in kind:
                    older = json.dumps(_older(json.loads(body), self.tick))
                    sandbox.store._db.execute(
                        "UPDATE doc SET body = ? WHERE kind = ? AND id = ?", (older, kind, key)
                    )
        if hasattr(sandbox, "entities"):
            sandbox.entities.forget()

    def _set_the_hour(self) -> None:
        """The company moves round the earth, so that it is night there when it is night."""
        wanted = int((timedelta(hours=8) + self.now) / timedelta(hours=1)) % 24
        ahead = (wanted - datetime.now(UTC).hour + 12) % 24 - 12
        zone = "UTC" if ahead == 0 else f"Etc/GMT{-ahead:+d}"
        settings = self.made.company.settings
        type(settings).objects.filter(pk=settings.pk).update(time_zone=zone)

    # --- What people do -----------------------------------------------------------------------

    def _noted(self, what: str, has_come: Callable[[], bool]) -> None:
        self.changes.append(Change(what, self.now, has_come))

    def _number(self, what: str, start: int) -> int:
        self.numbers[what] += 1
        return start + self.numbers[what]

    def rename_vendor(self) -> None:
        key = self.dice.choice(("11", "12", "13"))
        name = f"Vendor {key} no. {self._number('rename', 0)}"
        self.made.edit_source("vendors", {"id": int(key), "name": name})
        self._supersede(f"source vendor {key}")
        self._noted(f"source vendor {key}", lambda: self._name("vendor", key) == name)

    def rename_ledger_vendor(self) -> None:
        key = self.dice.choice(("101", "102", "103"))
        name = f"Payee {key} no. {self._number('rename', 0)}"
        self.made.change("vendor", key, "rename", name=name)
        self._supersede(f"ledger vendor {key}")
        self._noted(
            f"ledger vendor {key}",
            lambda: self.made.ledger.records.get(kind="vendor", external_id=key).name == name,
        )

    def new_cost(self) -> None:
        key, amount = self._number("cost", 5000), self.dice.randrange(100, 99999)
        self._write_cost(key, amount)
        self._noted(f"cost {key}", lambda: self._total(key) == amount)

    def change_cost(self) -> None:
        known = [key for key, amount in self.amounts.items() if amount]
        if not known:
            return
        key, amount = self.dice.choice(known), self.dice.randrange(100, 99999)
        self._write_cost(int(key), amount)
        self._supersede(f"cost {key}")
        self._noted(f"cost {key}", lambda: self._total(int(key)) == amount)

    def delete_cost(self) -> None:
        known = [key for key, amount in self.amounts.items() if amount]
        if len(known) < 4:
            return
        key = self.dice.choice(known)
        self.amounts[key] = 0
        self.made.delete_in_source("direct_costs", key)
        self._supersede(f"cost {key}")
        self._noted(f"deletion of cost {key}", lambda: self._is_gone(key))

    def new_invoice(self) -> None:
        """No webhook tells of these: only polls do."""
        number = self._number("invoice", 1)
        amount = self.dice.randrange(100, 9999)
        key = 600 + number
        self.made.edit_source(
            "requisitions",
            {"id": key, "commitment_id": 41, "number": number, "invoice_number": f"KC-{key}",
             "billing_date": "2026-09-30", "status": "approved"},
        )  # fmt: skip
        self.made.edit_source(
            "requisition_items",
            {"requisition_id": key, "commitment_line_id": 51,
             "work_this_period": f"{amount / 100:.2f}"},
        )  # fmt: skip
        self._noted(f"invoice {key}", lambda: self._total(key) == amount)

    def pay(self) -> None:
        number = self._number("bill", 0)
        self.made.enter_bill(
            vendor="101", number=f"H-{number}", date="2026-09-02", amount="25.00", account="301"
        )
        bill = next(one for one in self.made.books() if one["number"] == f"H-{number}")
        key = self.made.pay({bill["id"]: None})
        self._noted(f"payment {key}", lambda: self._is_paid(key))

    def _write_cost(self, key: int, amount: int) -> None:
        self.amounts[str(key)] = amount
        self.numbers[f"writes of {key}"] += 1
        self.made.edit_source(
            "direct_costs",
            {"id": key, "project_id": 22, "vendor_id": 12, "type": "invoice",
             "status": "approved", "date": "2026-09-05", "invoice_number": f"C-{key}"},
        )  # fmt: skip
        self.made.edit_source(
            "direct_cost_lines",
            {"id": key + 5000, "direct_cost_id": key, "position": 1, "code": "09-250",
             "cost_type_id": 32, "description": "Boards", "amount": f"{amount / 100:.2f}"},
        )  # fmt: skip

    def _supersede(self, what: str) -> None:
        """A change that came about before the one before it was seen stands for both."""
        self.changes = [
            each for each in self.changes if each.what != what or each.came_at is not None
        ]

    # --- What is here -------------------------------------------------------------------------

    def _name(self, kind: str, key: str) -> str:
        return str(self.made.source.records.get(kind=kind, external_id=key).name)

    def _total(self, key: int) -> int | None:
        bill = self.made.company.bills.filter(external_id=str(key), gone_at=None).first()
        return int(bill.total * 100) if bill else None

    def _is_gone(self, key: str) -> bool:
        return not self.made.company.bills.filter(external_id=key, gone_at=None).exists()

    def _is_paid(self, key: str) -> bool:
        from sync.models import LedgerPayment

        return LedgerPayment.objects.filter(external_id=key).exists()

    def _report(self, lived: timedelta, sweeps: int) -> dict[str, Any]:
        from connectors.models import Call, InboxEvent, RefusedNews
        from sync.models import LedgerPayment, Run

        worst: dict[str, timedelta] = {}
        for change in self.changes:
            if change.came_at is not None:
                kind = " ".join(word for word in change.what.split() if not word.isdecimal())
                worst[kind] = max(worst.get(kind, timedelta(0)), change.came_at - change.at)
        runs = Run.objects.filter(kind="pull")
        bills = list(self.made.company.bills.values_list("kind", "external_id"))
        payments = list(LedgerPayment.objects.values_list("external_id", flat=True))
        return {
            "simulated_hours": round(lived.total_seconds() / 3600, 1),
            "changes": len(self.changes),
            "by_kind": Counter(" ".join(w for w in c.what.split() if not w.isdecimal())
                               for c in self.changes),
            "lost": [c.what for c in self.changes if c.came_at is None],
            "twice": len(bills) - len(set(bills)) + len(payments) - len(set(payments))
            + self._versions_too_many(),
            "worst_staleness_minutes": {
                kind: round(late.total_seconds() / 60) for kind, late in sorted(worst.items())
            },
            "faults": self.faults,
            "polls": runs.exclude(looks_back=None).count(),
            "sweeps": sweeps + runs.filter(looks_back=None).count(),
            "calls": Call.objects.count(),
            "news": Counter(InboxEvent.objects.values_list("state", flat=True)),
            "forgeries_refused": sum(RefusedNews.objects.values_list("count", flat=True)),
        }  # fmt: skip

    def _versions_too_many(self) -> int:
        """A bill has no more versions than it had changes: what came twice made none."""
        bills = self.made.company.bills.filter(external_id__in=self.amounts)
        return sum(
            max(0, bill.version - self.numbers[f"writes of {bill.external_id}"]) for bill in bills
        )


CHANGES = (
    Day.rename_vendor, Day.rename_ledger_vendor, Day.new_cost, Day.change_cost, Day.delete_cost,
    Day.new_invoice, Day.pay,
)  # fmt: skip


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_args: object) -> None:
        """A benchmark prints JSON and nothing else."""


def _older(value: Any, by: timedelta, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _older(each, by, key) for key, each in value.items()}
    if isinstance(value, list):
        return [_older(each, by, name) for each in value]
    if name in STAMPED and isinstance(value, str):
        moment = datetime.fromisoformat(value) - by
        return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if value.endswith("Z") else moment.isoformat()
    return value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
