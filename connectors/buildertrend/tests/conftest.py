"""A small builder on a served sandbox, and a client that is signed in to it."""

import csv
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from connectors.buildertrend.client import BuildertrendClient
from connectors.buildertrend.sandbox import BuildertrendSandbox
from connectors.buildertrend.signing_in import App, ClientCredentials
from connectors.http import CallMade
from connectors.sandboxing import Fault, serve

ACCOUNT, JOB, OTHER_JOB, FRAMER, TILER = 500, 111, 112, 92, 93
ORDER, BILL, LOOSE_BILL = 8001, 9001, 9002
ID, SECRET = "tieout-sandbox", "tieout-sandbox-secret"

SEED = {
    "company": [{"id": ACCOUNT, "name": "Aspen Ridge Homes"}],
    "jobs": [
        {"id": JOB, "name": "24-017 Lot 17 Aspen Ridge", "status": "Open", "city": "Boise"},
        {"id": OTHER_JOB, "name": "1204 Juniper Way", "status": "Closed"},
    ],
    "vendors": [
        {
            "id": FRAMER, "company_name": "Ridge Framing LLC", "contact_name": "Ana Ruiz",
            "email": "office@ridge.example", "tax_id": "82-1234567", "active": "true",
        },
        {"id": TILER, "company_name": "Tile & Stone", "active": "true"},
    ],
    "cost_codes": [
        {"id": 5, "number": "03-110", "title": "Rough Carpentry", "category_name": "Framing"},
        {"id": 6, "title": "5620 - Shower doors and mirrors", "category_name": "Finishes"},
        {"id": 7, "title": "Tile Labor:", "category_name": "Finishes", "active": "false"},
        {"id": 8, "title": "Buildertrend Flat Rate", "category_name": "Buildertrend Default"},
        {"id": 9, "title": "Customer Payment"},
    ],
    "cost_types": [{"id": 1, "name": "Labor"}, {"id": 3, "name": "Subcontractor"}],
    "purchase_orders": [
        {
            "id": ORDER, "job_id": JOB, "number": "0015", "title": "Framing labor",
            "vendor_id": FRAMER, "approval_status": "Sub/Vendor Approved",
            "date_added": "2026-02-10",
        }
    ],
    "purchase_order_lines": [
        {
            "id": 1, "purchase_order_id": ORDER, "position": 1, "title": "Framing labor",
            "cost_code_id": 5, "cost_type": "Subcontractor", "amount": "25000.00",
        }
    ],
    "bills": [
        {
            "id": BILL, "job_id": JOB, "vendor_id": FRAMER, "purchase_order_id": ORDER,
            "number": "RF-1", "title": "First half", "status": "Approved",
            "invoice_date": "2026-03-01", "due_date": "2026-03-31",
        },
        {
            "id": LOOSE_BILL, "job_id": JOB, "vendor_id": TILER, "number": "", "title": "Tile",
            "status": "Ready for Payment", "invoice_date": "2026-03-05",
        },
    ],
    "bill_lines": [
        {
            "id": 11, "bill_id": BILL, "position": 1, "title": "Walls", "cost_code_id": 5,
            "cost_type": "Subcontractor", "amount": "12000.33",
        },
        {
            "id": 12, "bill_id": BILL, "position": 2, "title": "Roof", "cost_code_id": 5,
            "cost_type": "Labor", "quantity": "3", "unit_cost": "100.25", "unit": "hr",
        },
        {
            "id": 13, "bill_id": LOOSE_BILL, "position": 1, "title": "Tile", "cost_code_id": 7,
            "amount": "-40.10",
        },
    ],
    "change_orders": [{"id": 71, "job_id": JOB, "number": "CO-0001", "title": "Bigger deck"}],
    "change_order_lines": [
        {
            "id": 81, "change_order_id": 71, "title": "Deck", "cost_code_id": 5,
            "amount": "900.00", "owner_price": "1100.00",
        }
    ],
    "budgets": [{"job_id": JOB, "cost_code_id": 5, "original": "30000.00", "revised": "30900.00"}],
    "attachments": [{"id": 41, "content_type": "text/plain", "content": "scan of RF-1"}],
}  # fmt: skip


@dataclass
class Buildertrend:
    """The served sandbox, as a test's hands on the other side."""

    sandbox: BuildertrendSandbox
    url: str
    calls: list[CallMade] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def app(self, secret=SECRET):
        return App(token_url=f"{self.url}/oauth/token", client_id=ID, client_secret=secret)

    def tokens(self):
        return ClientCredentials(self.app())

    def client(self, *, account_id=str(ACCOUNT), tokens=None):
        return BuildertrendClient(
            base_url=self.url,
            tokens=tokens or self.tokens(),
            account_id=account_id,
            company_name="Aspen Ridge Homes",
            record=self.calls.append,
            sleep=self.pauses.append,
        )

    def ask(self, method, path, *, account=str(ACCOUNT), token=None, headers=None, **how):
        """A bare request, as the contract wants it."""
        sent = {"Authorization": f"Bearer {token or self.app().sign_in().access}"}
        if account:
            sent["X-BT-Account"] = account
        url = f"{self.url}/v1{path}"
        return requests.request(method, url, headers=sent | (headers or {}), timeout=5, **how)

    def get(self, path, **params):
        return self.ask("GET", path, params=params)

    def write(self, table, *rows):
        self.screen(f"rows/{table}", list(rows))

    def delete(self, table, number, **params):
        url = f"{self.url}/_sandbox/rows/{table}/{number}"
        requests.delete(url, params=params, timeout=5).raise_for_status()

    def screen(self, path, body=None, method="POST"):
        """What a person does in Buildertrend."""
        url = f"{self.url}/_sandbox/{path}"
        answer = requests.request(method, url, json=body or {}, timeout=5)
        answer.raise_for_status()
        return answer.json()

    def misbehave(self, kind, **how):
        self.sandbox.faults.append(Fault(kind, **how))


def write_seed(folder: Path, tables=SEED):
    for table, rows in tables.items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
    return folder


@pytest.fixture
def buildertrend(tmp_path):
    served = serve(BuildertrendSandbox(seed=write_seed(tmp_path), sends_by_itself=False))
    yield Buildertrend(served.sandbox, served.url)
    served.stop()


@pytest.fixture
def client(buildertrend):
    return buildertrend.client()
