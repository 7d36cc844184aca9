"""QuickBooks Desktop's bench for the contract: its Web Connector calls our live server."""

import re
import time
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from common.choices import System
from connectors import registry, waiting
from connectors.contract.benches import LedgerBench
from connectors.models import Connection
from connectors.quickbooks_desktop.connector_file import connector_file
from connectors.quickbooks_desktop.line import open_sessions
from connectors.quickbooks_desktop.sandbox import QuickBooksDesktopSandbox
from connectors.quickbooks_desktop.sandbox_seed import list_id
from connectors.records import OutgoingBill, OutgoingLine
from connectors.sandboxing import serve
from connectors.signals import connector_asks

SEED = Path(__file__).parent / "sandbox_seed"
BILL = OutgoingBill(
    vendor_id=list_id("50"),
    number="RC-10442",
    bill_date=date(2026, 2, 27),
    due_date=date(2026, 3, 29),
    term_id=list_id("2"),
    currency="USD",
    memo="Pay application 4",
    key="k7Qd2vX9",
    total=Decimal("20000.00"),
    lines=(
        OutgoingLine(
            amount=Decimal("20000.00"),
            description="Footings pour",
            account_id=list_id("14"),
            customer_id=list_id("61"),
            class_id=list_id("30"),
        ),
    ),
)
# What a fault of the network is on a machine that calls us.
TROUBLES = {"drop_after": "lose_answer", "drop_before": "stop_after_send"}


def _always_at_work(sender, **_said):
    """Something waits, so that a session stays open for questions."""
    return 1


class QuickBooksDesktopBench(LedgerBench):
    system = System.QUICKBOOKS_DESKTOP
    good_bill = BILL
    other_bill = OutgoingBill(**{**BILL.__dict__, "number": "RC-10443", "key": "another-key-2"})
    closed_date = date(2025, 12, 31)

    def __init__(self, company, admin):
        sandbox = QuickBooksDesktopSandbox(seed=SEED, calls_every=0.1, pause_seconds=0.05)
        self.served = serve(sandbox)
        self.connection, password = waiting.begin(company, self.system, by=admin)
        connector_asks.connect(_always_at_work)
        said = {"qwc": connector_file(self.connection).content.decode(), "password": password}
        self._console("applications", **said)
        self._wait_for_a_session()
        self.connection.refresh_from_db()

    def stop(self):
        connector_asks.disconnect(_always_at_work)
        # A run goes on while a pull is due, and nobody pulls here: it ends when we let go.
        Connection.objects.filter(pk=self.connection.pk).update(state=Connection.State.DISCONNECTED)
        self.served.sandbox.hang_up()
        super().stop()

    @property
    def client(self):
        self._wait_for_a_session()
        return registry.open_client(self.connection)

    def _wait_for_a_session(self):
        until = time.monotonic() + 20
        while not open_sessions(self.connection).exists():
            assert time.monotonic() < until, "the Web Connector does not call"
            time.sleep(0.05)

    def order(self, kind, **how):
        if kind not in TROUBLES:
            pytest.skip("Nobody asks QuickBooks Desktop over the network: it has no such answer")
        self.served.sandbox.connector.troubles.clear()
        self._console("troubles", kind=TROUBLES[kind])

    def calm(self):
        requests.delete(f"{self.served.url}/_sandbox/troubles", timeout=5)

    def _console(self, what, **said):
        answer = requests.post(f"{self.served.url}/_sandbox/{what}", json=said, timeout=20)
        assert answer.ok, answer.text
        return answer.json()

    def rename_vendor(self, external_id, name):
        self._console(f"vendor/{external_id}/rename", name=name)

    def inactivate_vendor(self, external_id):
        self._console(f"vendor/{external_id}/inactivate")

    def end_consent(self):
        pytest.skip("QuickBooks Desktop gives no consent that could end: the password is ours")

    def bills_in_the_books(self):
        listed = requests.get(f"{self.served.url}/_sandbox/bills", timeout=5).json()
        keys = [re.search(r"\[tieout:([^\]]+)\]", bill["memo"]) for bill in listed]
        return [
            (key[1] if key else "", Decimal(bill["total"]))
            for key, bill in zip(keys, listed, strict=True)
        ]

    def pay(self, shares, *, day, number):
        said = {"bills": {bill: str(amount) for bill, amount in shares.items()}}
        return self._console("pay", **said, date=day.isoformat(), number=number)["id"]

    def void(self, payment):
        self._console(f"billpaymentcheck/{payment}/void")


@pytest.fixture
def quickbooks_desktop_bench(live_server, company, admin, settings):
    settings.PUBLIC_URL = live_server.url
    settings.QUICKBOOKS_DESKTOP = {
        **settings.QUICKBOOKS_DESKTOP, "taken_within": 5, "answered_within": 2, "holds_call": 0.5,
        "silent_after": 1.5,
    }  # fmt: skip
    bench = QuickBooksDesktopBench(company, admin)
    yield bench
    bench.stop()
