"""Buildertrend's bench for the contract, by the assumed interface."""

import csv
from datetime import timedelta

import pytest
import requests

from common.choices import System
from connectors.buildertrend.client import BuildertrendClient
from connectors.buildertrend.sandbox import BuildertrendSandbox
from connectors.buildertrend.signing_in import ClientCredentials, app_of
from connectors.contract.benches import SourceBench
from connectors.sandboxing import serve

ACCOUNT, JOB, FRAMER = 500, 111, 92
ROWS = {
    "company": [{"id": ACCOUNT, "name": "Aspen Ridge Homes"}],
    "jobs": [{"id": JOB, "name": "24-017 Lot 17 Aspen Ridge", "status": "Open"}],
    "vendors": [{"id": FRAMER, "company_name": "Ridge Framing LLC", "active": "true"}],
    "cost_codes": [
        {"id": 5, "number": "03-110", "title": "Rough Carpentry", "category_name": "Framing"},
        {"id": 6, "number": "09-250", "title": "Drywall", "category_name": "Finishes"},
    ],
    "cost_types": [{"id": 1, "name": "Subcontractor"}, {"id": 2, "name": "Material"}],
    "purchase_orders": [
        {
            "id": 8001, "job_id": JOB, "number": "0015", "title": "Framing labor",
            "vendor_id": FRAMER, "approval_status": "Sub/Vendor Approved",
            "approved_at": "2026-02-12T16:20:00Z", "date_added": "2026-02-01",
        }
    ],
    "purchase_order_lines": [
        {
            "id": 1, "purchase_order_id": 8001, "position": 1, "title": "Framing labor",
            "cost_code_id": 5, "cost_type": "Subcontractor", "amount": "25000.00",
        }
    ],
    "bills": [
        {
            "id": 9001, "job_id": JOB, "vendor_id": FRAMER, "purchase_order_id": 8001,
            "number": "RF-7781", "title": "Framing draw 1", "status": "Approved",
            "invoice_date": "2026-03-02", "due_date": "2026-04-01",
        },
        {
            "id": 9002, "job_id": JOB, "vendor_id": FRAMER, "number": "RF-7790",
            "title": "Nails", "status": "Ready for Payment", "invoice_date": "2026-03-09",
        },
    ],
    "bill_lines": [
        {
            "id": 1, "bill_id": 9001, "position": 1, "title": "Framing", "cost_code_id": 5,
            "cost_type": "Subcontractor", "amount": "12500.00",
        },
        {
            "id": 2, "bill_id": 9002, "position": 1, "title": "Nails", "cost_code_id": 6,
            "cost_type": "Material", "amount": "250.10",
        },
    ],
}  # fmt: skip


class BuildertrendBench(SourceBench):
    system = System.BUILDERTREND
    project_id = str(JOB)
    vendor_id = str(FRAMER)
    bill_total = {"9001": "12500.00", "9002": "250.10"}

    def __init__(self, folder):
        for table, rows in ROWS.items():
            columns = list(dict.fromkeys(column for row in rows for column in row))
            with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(rows)
        self.served = serve(BuildertrendSandbox(seed=folder))
        app = app_of({"api_url": self.served.url}, "tieout-sandbox", "tieout-sandbox-secret")
        self.client = BuildertrendClient(
            base_url=self.served.url,
            tokens=ClientCredentials(app),
            account_id=str(ACCOUNT),
            company_name="Aspen Ridge Homes",
        )

    def _console(self, method, what, **said):
        answer = requests.request(
            method, f"{self.served.url}/_sandbox/{what}", json=said, timeout=5
        )
        assert answer.ok, answer.text

    def rename_vendor(self, external_id, name):
        self._console("POST", f"vendors/{external_id}/rename", name=name)

    def inactivate_vendor(self, external_id):
        url = f"{self.served.url}/_sandbox/rows/vendors"
        requests.post(url, json=[{"id": external_id, "active": "false"}], timeout=5)

    def end_consent(self):
        """The secret is changed; the tokens that the old one got run out."""
        self.served.sandbox.client_secret = "another one"
        self.served.sandbox.clock_offset += timedelta(hours=2)

    def touch_bill(self):
        self._console("POST", "bills/9002", title="Nails, galvanised")
        return "9002"

    def delete_bill(self):
        self._console("DELETE", "rows/bills/9002")
        return "9002"

    def paid_over_there(self, bill):
        link = self.served.sandbox.store.get("accounting_links", bill)
        return link["state"] if link else "not told"

    def as_shown(self, bill, paid):
        """The link says how a bill stands, and has no place for an amount."""
        return "paid" if str(paid) == self.bill_total[bill] else "partly_paid"


@pytest.fixture
def buildertrend_bench(tmp_path):
    bench = BuildertrendBench(tmp_path)
    yield bench
    bench.stop()
