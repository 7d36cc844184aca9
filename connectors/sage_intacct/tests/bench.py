"""Sage Intacct's bench for the contract."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import requests

from common.choices import System
from connectors.contract.benches import LedgerBench
from connectors.sage_intacct.sandbox import SageIntacctSandbox
from connectors.sage_intacct.tests.conftest import BILL, SEED, USER, client_at
from connectors.sandboxing import serve


class SageIntacctBench(LedgerBench):
    system = System.SAGE_INTACCT
    good_bill = BILL
    other_bill = replace(BILL, number="RF-7782", key="another-key-2")
    closed_date = date(2026, 1, 31)

    def __init__(self):
        self.served = serve(SageIntacctSandbox(seed=SEED))
        self.client = client_at(self.served.url)
        # What a connection has from its sign-in: faults are then met by the calls themselves.
        self.client.gateway.sign_in()

    def _console(self, what, **said):
        answer = requests.post(f"{self.served.url}/_sandbox/{what}", json=said, timeout=5)
        assert answer.ok, answer.text
        return answer.json()

    def rename_vendor(self, external_id, name):
        self._console("row/vendor", key=[external_id], NAME=name)

    def inactivate_vendor(self, external_id):
        self._console("row/vendor", key=[external_id], STATUS="inactive")

    def end_consent(self):
        self._console("user", user_id=USER, password="another-one")
        self._console("sessions/end")

    def bills_in_the_books(self):
        listed = requests.get(f"{self.served.url}/_sandbox/bills", timeout=5).json()
        return [(bill["key"], Decimal(bill["total"])) for bill in listed]

    def pay(self, shares, *, day, number):
        said = {"bills": {bill: str(amount) for bill, amount in shares.items()}}
        return self._console("pay", **said, date=day.isoformat(), number=number)["id"]

    def void(self, payment):
        self._console("void", payment=payment)


@pytest.fixture
def sage_intacct_bench():
    bench = SageIntacctBench()
    yield bench
    bench.stop()
