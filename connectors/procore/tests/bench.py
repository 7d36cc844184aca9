"""Procore's bench for the contract."""

from decimal import Decimal

import pytest
import requests

from common.choices import System
from connectors.contract.benches import SourceBench
from connectors.procore.sandbox import ProcoreSandbox
from connectors.procore.tests.conftest import JOB, MASON, SEED, Procore, SignedIn, write_seed
from connectors.sandboxing import serve

BILLS = {
    "commitments": [
        {
            "id": 701, "type": "subcontract", "number": "SC-1", "title": "Masonry",
            "project_id": JOB, "vendor_id": MASON, "status": "Approved",
            "retainage_percent": "10.0", "contract_date": "2026-07-01",
        }
    ],
    "commitment_lines": [
        {
            "id": 711, "commitment_id": 701, "position": 1, "code": "04-210", "cost_type_id": 61,
            "description": "Brick", "amount": "50000.00",
        }
    ],
    "requisitions": [
        {
            "id": 721, "commitment_id": 701, "number": 1, "invoice_number": "OM-100",
            "billing_date": "2026-08-31", "period_start": "2026-08-01",
            "period_end": "2026-08-31", "status": "approved",
        }
    ],
    "requisition_items": [
        {
            "requisition_id": 721, "commitment_line_id": 711, "work_this_period": "12000.33",
            "stored_now": "0.00", "retained_this_period": "1200.03",
            "released_this_period": "0.00", "stored_retained": "0.00",
        }
    ],
    "direct_costs": [
        {
            "id": 731, "project_id": JOB, "vendor_id": MASON, "type": "invoice",
            "status": "approved", "date": "2026-09-02", "invoice_number": "D-7",
            "description": "Block", "terms": "Net 30", "amount": "",
        }
    ],
    "direct_cost_lines": [
        {
            "id": 741, "direct_cost_id": 731, "position": 1, "code": "04-220",
            "cost_type_id": 62, "description": "Block", "amount": "250.10",
        }
    ],
}  # fmt: skip


class ProcoreBench(SourceBench):
    system = System.PROCORE
    project_id = str(JOB)
    vendor_id = str(MASON)
    direct_costs = ("731",)
    bill_total = {"721": "10800.30", "731": "250.10"}

    def __init__(self, folder):
        self.served = serve(ProcoreSandbox(seed=write_seed(folder, {**SEED, **BILLS})))
        self.hands = Procore(self.served.sandbox, self.served.url)
        self.tokens = SignedIn(self.hands.app, self.hands.sign_in())
        self.client = self.hands.client(tokens=self.tokens)

    def _edit(self, table, wanted, **changes):
        row = next(row for row in {**SEED, **BILLS}[table] if row["id"] == wanted)
        self.hands.write(table, {**row, **changes})

    def rename_vendor(self, external_id, name):
        self._edit("vendors", int(external_id), name=name)

    def inactivate_vendor(self, external_id):
        self._edit("vendors", int(external_id), active="false")

    def end_consent(self):
        self.hands.app.revoke(self.tokens.pair.refresh)
        self.hands.app.revoke(self.tokens.pair.access)

    def paid_over_there(self, bill):
        if bill in self.direct_costs:
            row = self.served.sandbox.store.get("direct_costs", bill)
            return "paid" if row.get("payment_date") else "not paid"
        where = {"project_id": JOB, "contract_id": 701}
        rows = self.hands.get("/rest/v1.0/contract_payments", **where).json()
        return sum((Decimal(row["amount"]) for row in rows), Decimal(0))

    def as_shown(self, bill, paid):
        """A direct cost has a day on which it was paid, and nothing else."""
        if bill in self.direct_costs:
            return "paid" if paid >= Decimal(self.bill_total[bill]) else "not paid"
        return paid

    def touch_bill(self):
        self._edit("direct_costs", 731, description="Block, delivered")
        return "731"

    def delete_bill(self):
        url = f"{self.served.url}/_sandbox/rows/direct_costs/731"
        requests.delete(url, timeout=5).raise_for_status()
        return "731"


@pytest.fixture
def procore_bench(tmp_path):
    bench = ProcoreBench(tmp_path)
    yield bench
    bench.stop()
