"""QuickBooks Online's bench for the contract."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import requests

from common.choices import System
from connectors.contract.benches import LedgerBench
from connectors.quickbooks_online.sandbox import QuickBooksOnlineSandbox
from connectors.quickbooks_online.tests.conftest import BILL, SEED, HeldTokens, client_at
from connectors.sandboxing import serve


class QuickBooksOnlineBench(LedgerBench):
    system = System.QUICKBOOKS_ONLINE
    good_bill = BILL
    other_bill = replace(BILL, number="LC-1045", key="another-key-2")
    closed_date = date(2026, 1, 31)

    def __init__(self):
        self.served = serve(QuickBooksOnlineSandbox(seed=SEED))
        self.tokens = HeldTokens(self.served.url)
        self.client = client_at(self.served.url, tokens=self.tokens)

    def _console(self, what, **said):
        answer = requests.post(f"{self.served.url}/_sandbox/{what}", json=said, timeout=5)
        assert answer.ok, answer.text
        return answer.json()

    def rename_vendor(self, external_id, name):
        self._console(f"vendor/{external_id}/rename", name=name)

    def inactivate_vendor(self, external_id):
        self._console(f"vendor/{external_id}/inactivate")

    def end_consent(self):
        self.tokens.app.revoke(self.tokens.refresh)

    def bills_in_the_books(self):
        listed = requests.get(f"{self.served.url}/_sandbox/bills", timeout=5).json()
        return [(bill["key"], Decimal(bill["total"])) for bill in listed]

    def pay(self, shares, *, day, number):
        said = {"bills": {bill: str(amount) for bill, amount in shares.items()}}
        return self._console("pay", **said, date=day.isoformat(), number=number)["Id"]

    def void(self, payment):
        self._console(f"billpayment/{payment}/void")


@pytest.fixture
def quickbooks_online_bench():
    bench = QuickBooksOnlineBench()
    yield bench
    bench.stop()
