"""A sandbox on a port, and our client signed in to it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import requests

from connectors.quickbooks_online.client import QuickBooksOnlineClient
from connectors.quickbooks_online.connecting import oauth_app
from connectors.quickbooks_online.sandbox import QuickBooksOnlineSandbox
from connectors.records import OutgoingBill, OutgoingLine, SoughtBill
from connectors.sandboxing import Served, serve

SEED = Path(__file__).parent / "seed"
REALM = "9130357900000417"


class HeldTokens:
    """Tokens as the product keeps them, in memory: renewed when the old one was refused."""

    def __init__(self, url: str) -> None:
        granted = requests.post(f"{url}/_sandbox/connect", timeout=5).json()
        self.app = app_at(url)
        self.current = granted["access_token"]
        self.refresh = granted["refresh_token"]
        self.renewals = 0

    def access(self) -> str:
        return self.current

    def renew(self, refused: str) -> str:
        pair = self.app.refresh(self.refresh)
        self.current, self.refresh = pair.access, pair.refresh
        self.renewals += 1
        return self.current

    def give_up(self, refused):
        self.given_up = refused


def app_at(url: str, **changes: str):
    return oauth_app(
        {
            "authorize_url": f"{url}/connect/oauth2",
            "token_url": f"{url}/oauth2/v1/tokens/bearer",
            "revoke_url": f"{url}/v2/oauth2/tokens/revoke",
            "client_id": "tieout-sandbox",
            "client_secret": "tieout-sandbox-secret",
            **changes,
        }
    )


def client_at(url: str, **changes) -> QuickBooksOnlineClient:
    settings = {"tokens": HeldTokens(url), "realm_id": REALM, **changes}
    return QuickBooksOnlineClient(base_url=url, app_url=f"{url}/app", **settings)


@pytest.fixture
def served() -> Iterator[Served]:
    served = serve(QuickBooksOnlineSandbox(seed=SEED))
    yield served
    served.stop()


@pytest.fixture
def sandbox(served) -> QuickBooksOnlineSandbox:
    return served.sandbox


@pytest.fixture
def client(served) -> QuickBooksOnlineClient:
    return client_at(served.url)


@pytest.fixture
def order(served):
    """Tell the sandbox to do something: order("vendor/56/rename", name="…")."""

    def order(what: str, /, **said):
        answer = requests.post(f"{served.url}/_sandbox/{what}", json=said, timeout=5)
        answer.raise_for_status()
        return answer.json()

    return order


@pytest.fixture
def bills(served):
    """The bills that are in the books now, beside the one that was there before us."""

    def bills():
        listed = requests.get(f"{served.url}/_sandbox/bills", timeout=5).json()
        return [bill for bill in listed if bill["id"] != "300"]

    return bills


@pytest.fixture
def call(served):
    """A bare call to the REST interface, signed in: call("POST", "bill", json={…})."""
    token = HeldTokens(served.url).access()

    def call(method: str, path: str, **said) -> requests.Response:
        return requests.request(
            method,
            f"{served.url}/v3/company/{REALM}/{path}",
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=5,
            **said,
        )

    return call


COST_LINE = OutgoingLine(
    amount=Decimal("20000.00"),
    description="Footings, pay application 4",
    account_id="64",
    customer_id="131",
    class_id="5000000000000000012",
)
BILL = OutgoingBill(
    vendor_id="56",
    number="LC-1044",
    bill_date=date(2026, 2, 27),
    due_date=date(2026, 3, 29),
    term_id="3",
    currency="USD",
    memo="Pay application 4",
    key="k7Qd2vX9",
    total=Decimal("20000.00"),
    lines=(COST_LINE,),
)


def bill_of(*lines: OutgoingLine, **changes) -> OutgoingBill:
    """The usual bill with other lines and whatever else is said."""
    total = sum((line.amount for line in lines), Decimal("0.00"))
    return replace(BILL, **{"lines": lines, "total": total, **changes})


def post(client: QuickBooksOnlineClient, bill: OutgoingBill = BILL):
    return client.post_bill(client.write_bill(bill), key=bill.key)


def sought(bill: OutgoingBill = BILL, **changes) -> SoughtBill:
    looked_for = SoughtBill(
        key=bill.key,
        vendor_id=bill.vendor_id,
        number=bill.number,
        bill_date=bill.bill_date,
        total=bill.total,
    )
    return replace(looked_for, **changes)
