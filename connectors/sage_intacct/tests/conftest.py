"""A sandbox on a port, and plain questions to its gateway."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, tostring

import pytest
import requests
from defusedxml.ElementTree import fromstring

from connectors.records import OutgoingBill, OutgoingLine, SoughtBill
from connectors.sage_intacct.client import SageIntacctClient
from connectors.sage_intacct.envelope import Login, Sender
from connectors.sage_intacct.gateway import Gateway, HeldSession
from connectors.sage_intacct.sandbox import GATEWAY, SageIntacctSandbox
from connectors.sandboxing import Served, serve

SEED = Path(__file__).parent / "seed"
COMPANY, USER, PASSWORD = "acme-homes", "xml_tieout", "user-canary-81"
SENDER = ("tieout-sandbox", "tieout-sandbox-secret")


@pytest.fixture
def served() -> Iterator[Served]:
    served = serve(SageIntacctSandbox(seed=SEED))
    yield served
    served.stop()


@pytest.fixture
def sandbox(served) -> SageIntacctSandbox:
    return served.sandbox


@pytest.fixture
def order(served):
    """Tell the sandbox to do something: order("company", approvals=True)."""

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
        return [bill for bill in listed if bill["number"] != "LC-900"]

    return bills


class Caller:
    """Writes envelopes by hand, so that the sandbox is asked things no client of ours asks."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.login = {"userid": USER, "companyid": COMPANY, "password": PASSWORD}
        self.sender = SENDER
        self.session = ""
        self.endpoint = url + GATEWAY
        self.count = 0

    def open(self, location: str | None = None) -> "Caller":
        """Sign in and stay: later calls go to the session's endpoint."""
        place = "" if location is None else f"<locationid>{location}</locationid>"
        api = self.one(f"<getAPISession>{place}</getAPISession>").find("data/api")
        self.session, self.endpoint = api.findtext("sessionid"), api.findtext("endpoint")
        return self

    def envelope(self, *calls: str, unique: str = "false", transaction: str = "false", ids=()):
        request = Element("request")
        control = SubElement(request, "control")
        for tag, text in (
            ("senderid", self.sender[0]),
            ("password", self.sender[1]),
            ("controlid", "test"),
            ("uniqueid", unique),
            ("dtdversion", "3.0"),
            ("includewhitespace", "false"),
        ):
            SubElement(control, tag).text = text
        operation = SubElement(request, "operation", transaction=transaction)
        who = SubElement(operation, "authentication")
        if self.session:
            SubElement(who, "sessionid").text = self.session
        else:
            login = SubElement(who, "login")
            for tag, text in self.login.items():
                SubElement(login, tag).text = text
        content = SubElement(operation, "content")
        for at, call in enumerate(calls):
            self.count += 1
            controlid = ids[at] if ids else f"call-{self.count}"
            SubElement(content, "function", controlid=controlid).append(fromstring(call))
        return tostring(request)

    def post(self, body: bytes, content_type: str = "application/xml") -> requests.Response:
        return requests.post(
            self.endpoint, data=body, headers={"Content-Type": content_type}, timeout=5
        )

    def ask(self, *calls: str, **how) -> Element:
        """The whole response."""
        return fromstring(self.post(self.envelope(*calls, **how)).content)

    def all(self, *calls: str, **how) -> list[Element]:
        return self.ask(*calls, **how).findall("operation/result")

    def one(self, call: str, **how) -> Element:
        """The only result."""
        response = self.ask(call, **how)
        (result,) = response.findall("operation/result")
        return result


@pytest.fixture
def caller(served) -> Caller:
    return Caller(served.url)


@pytest.fixture
def session(caller) -> Caller:
    """Signed in at the top level."""
    return caller.open()


def complaints(element: Element) -> list[tuple[str, str]]:
    """(number, sentence without its support id) of every error below."""
    return [
        (error.findtext("errorno"), error.findtext("description2").partition(" [Support ID")[0])
        for error in element.iter("error")
    ]


def query(kind: str, *fields: str, where: str = "", rest: str = "") -> str:
    select = "".join(f"<field>{field}</field>" for field in fields)
    condition = f"<filter>{where}</filter>" if where else ""
    return f"<query><object>{kind}</object><select>{select}</select>{condition}{rest}</query>"


def column(result: Element, name: str) -> list[str]:
    return [element.text for element in result.iter(name)]


# --- Our own client -------------------------------------------------------------------------------


def client_at(url: str, sessions=None, login=None, **how) -> SageIntacctClient:
    gateway = Gateway(
        url=url + GATEWAY,
        sender=Sender(*SENDER),
        sessions=sessions or HeldSession(login or Login(COMPANY, USER, PASSWORD)),
        record=how.pop("record", lambda _call: None),
    )
    return SageIntacctClient(gateway=gateway, company_id=COMPANY, app_url=url, **how)


@pytest.fixture
def client(served) -> SageIntacctClient:
    return client_at(served.url)


COST_LINE = OutgoingLine(
    amount=Decimal("12500.00"),
    description="Framing labor",
    account_id="5010",
    customer_id="24-017",
    department_id="CON",
    task_id="03-110",
    cost_type_id="SUB",
)
BILL = OutgoingBill(
    vendor_id="V-1042",
    number="RF-7781",
    bill_date=date(2026, 3, 2),
    due_date=date(2026, 4, 1),
    term_id="",
    currency="USD",
    memo="Lot 17 framing draw 2",
    key="k7Qd2vX9",
    total=Decimal("12500.00"),
    lines=(COST_LINE,),
    location_id="E100",
)


def bill_of(*lines: OutgoingLine, **changes) -> OutgoingBill:
    """The usual bill with other lines and whatever else is said."""
    total = sum((line.amount for line in lines), Decimal("0.00"))
    return replace(BILL, **{"lines": lines, "total": total, **changes})


def post(client: SageIntacctClient, bill: OutgoingBill = BILL):
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
