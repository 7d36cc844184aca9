"""Our client sends bills to the sandbox and finds them again, whatever happens on the way."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from common.choices import RecordKind
from connectors.errors import NumberTaken, RateLimited, Refused, TargetInactive, Unreachable
from connectors.records import OutgoingLine, Unreadable
from connectors.sage_intacct.envelope import Login
from connectors.sage_intacct.gateway import HeldSession, Session
from connectors.sage_intacct.sandbox import OF_SESSIONS
from connectors.sage_intacct.tests.conftest import (
    BILL,
    COMPANY,
    COST_LINE,
    PASSWORD,
    USER,
    bill_of,
    client_at,
    post,
    sought,
)
from connectors.sandboxing import Fault

GOOD_CONTROL = "<response><control><status>success</status></control>{}</response>"
FAILED_CONTROL = (
    "<response><control><status>failure</status></control><errormessage><error><errorno>{}"
    "</errorno><description2>{}</description2></error></errormessage></response>"
)
NO_PERMISSION = FAILED_CONTROL.format("PL04000005", "You do not have permission for API read")
RATE_LIMIT = FAILED_CONTROL.format("GW-0010", "API rate limit exceeded")

# --- Bills ----------------------------------------------------------------------------------------


def test_a_draft_waits_for_somebody_there(client, bills):
    posted = post(client, replace(BILL, is_draft=True))

    assert bills()[0]["state"] == "D"
    assert posted.payload["STATE"] == "Draft"


def test_with_approvals_a_bill_is_submitted(client, bills, order):
    order("company", approvals=True)

    post(client)

    assert bills()[0]["state"] == "S"


def test_a_bill_carries_every_dimension_of_its_line(client, sandbox):
    post(client, bill_of(replace(COST_LINE, class_id="SPEC")))

    line = sandbox.entities.all("APBILLITEM")[-1]
    assert {name: line[name] for name in ("PROJECTID", "TASKID", "COSTTYPEID", "LOCATIONID",
                                          "DEPARTMENTID", "CLASSID", "ACCOUNTNO")} == {
        "PROJECTID": "24-017", "TASKID": "03-110", "COSTTYPEID": "SUB", "LOCATIONID": "E100",
        "DEPARTMENTID": "CON", "CLASSID": "SPEC", "ACCOUNTNO": "5010",
    }  # fmt: skip


def test_retainage_comes_back_as_the_line_it_was(client):
    held = OutgoingLine(
        amount=Decimal("-1250.00"), description="Retainage held", account_id="2050",
        customer_id="24-017",
    )  # fmt: skip
    posted = post(client, bill_of(COST_LINE, held))

    assert posted.total == Decimal("11250.00")
    (listed,) = [each for each in client.bills(date(2026, 3, 1)) if each.key == BILL.key]
    assert [(line.account_id, line.amount, line.customer_id) for line in listed.lines] == [
        ("5010", Decimal("12500.00"), "24-017"),
        ("2050", Decimal("-1250.00"), "24-017"),
    ]


def test_what_the_company_keeps_of_retainage_comes_along_when_a_bill_is_read(client, sandbox):
    posted = post(client)
    row = sandbox.entities.get("APBILL", posted.external_id)
    with sandbox.store.transaction():
        changed = {**row, "TRX_TOTALRETAINED": Decimal("1250.00")}
        sandbox.entities.put("APBILL", changed, sandbox.now())

    assert client.bill(posted.external_id).payload["TRX_TOTALRETAINED"] == "1250"


def test_the_same_control_id_again_is_looked_at_and_not_believed(client, bills):
    post(client)
    again = replace(BILL, number="RF-9999")

    with pytest.raises(NumberTaken) as taken:
        post(client, again)

    assert not taken.value.surely_not_done
    assert len(bills()) == 1
    assert [found.key for found in client.find_bills(sought(again))] == [BILL.key]


def test_a_request_that_the_network_repeats_makes_one_bill_and_says_look(client, sandbox, bills):
    client.gateway.sign_in()
    sandbox.faults.append(Fault(kind="twice"))

    with pytest.raises(NumberTaken) as refused:
        post(client)

    assert not refused.value.surely_not_done
    assert len(bills()) == 1
    assert [found.key for found in client.find_bills(sought())] == [BILL.key]


def test_a_bill_takes_four_calls(client, sandbox):
    client.gateway.sign_in()
    sandbox.requests_seen.clear()

    client.find_bills(sought())
    post(client)

    assert len(sandbox.requests_seen) == client.traits.calls_to_find + 2


def test_a_lost_answer_is_found_by_the_key(client, sandbox):
    sandbox.faults.append(Fault(kind="drop_after", skip=1))

    with pytest.raises(Unreachable) as lost:
        post(client)

    assert not lost.value.surely_not_done
    assert [each.key for each in client.find_bills(sought(number="other"))] == [BILL.key]


def test_a_number_spelled_otherwise_is_recognised(client):
    post(client)

    found = client.find_bills(sought(key="another", number="rf 7781"))

    assert [each.number for each in found] == ["RF-7781"]


def test_a_bill_that_was_taken_back_is_not_listed(client, sandbox):
    posted = post(client)
    row = sandbox.entities.get("APBILL", posted.external_id)
    with sandbox.store.transaction():
        sandbox.entities.put("APBILL", {**row, "STATE": "V"}, sandbox.now())

    assert [bill.number for bill in client.bills(date(2026, 1, 1))] == ["LC-900"]


def test_bills_of_several_batches_keep_their_lines(client, sandbox):
    now = sandbox.now()
    (before,) = sandbox.entities.all("APBILL")
    with sandbox.store.transaction():
        for n in range(620):
            bill = {**before, "RECORDID": f"N-{n}"}
            bill.pop("RECORDNO")
            number = sandbox.entities.put("APBILL", bill, now)["RECORDNO"]
            line = {"RECORDKEY": number, "TRX_AMOUNT": Decimal("8400.00"), "ACCOUNTNO": "5010"}
            sandbox.entities.put("APBILLITEM", line, now)

    listed = list(client.bills(date(2026, 1, 1)))

    assert len(listed) == 621
    assert all(len(bill.lines) == 1 for bill in listed)


def test_a_draft_without_a_vendor_is_told_as_unreadable(client, sandbox):
    with sandbox.store.transaction():
        row = {"STATE": "D", "WHENCREATED": "2026-03-05", "TOTALENTERED": Decimal("1.00"),
               "TOTALPAID": Decimal(0), "TOTALSELECTED": Decimal(0)}  # fmt: skip
        sandbox.entities.put("APBILL", row, sandbox.now())

    (strange,) = [each for each in client.bills(date(2026, 3, 1)) if isinstance(each, Unreadable)]

    assert "VENDORID" in strange.sentence


@pytest.mark.parametrize(
    ("bill", "error", "words"),
    [
        (replace(BILL, vendor_id="V-1046"), TargetInactive, "Activate the vendor"),
        (bill_of(replace(COST_LINE, task_id="99")), TargetInactive, "Invalid Task"),
        (bill_of(replace(COST_LINE, task_id="")), Refused, "Cost Code dimension"),
        (bill_of(replace(COST_LINE, account_id="label/SUBS")), Refused, "GL accounts"),
        (replace(BILL, vendor_id="V-1043", number="LC-900"), NumberTaken, "LC-900"),
    ],
)
def test_a_refused_bill_says_why(client, bills, bill, error, words):
    with pytest.raises(error, match=words):
        post(client, bill)

    assert bills() == []


# --- What goes wrong on the way -------------------------------------------------------------------


def test_the_rate_limit_is_surely_not_done(client, order, bills):
    client.gateway.sign_in()
    order("company", rate_limited=1)

    with pytest.raises(RateLimited):
        post(client)

    assert bills() == []
    post(client)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="answer", status=503, body="<html>Maintenance</html>"),
        Fault(kind="answer", status=200, body="<html>Sign in</html>"),
        Fault(kind="answer", status=200, body=""),
        Fault(kind="answer", status=524, body="timeout"),
        Fault(kind="answer", status=302, headers={"Location": "https://elsewhere.example"}),
        Fault(kind="truncate"),
        Fault(kind="answer", status=200, body="<response><control/></response>"),
        Fault(kind="answer", status=200, body=GOOD_CONTROL.format("")),
        Fault(kind="answer", status=200, body=GOOD_CONTROL.format("<operation/>")),
        Fault(kind="answer", status=200, body="<a>" * 20_000 + "</a>" * 20_000),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_what_is_no_answer_leaves_the_outcome_open(client, sandbox, fault):
    client.gateway.sign_in()
    sandbox.faults.append(fault)

    with pytest.raises(Unreachable) as lost:
        post(client)

    assert not lost.value.surely_not_done


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="answer", skip=1, status=429, headers={"Retry-After": "60"}),
        Fault(kind="answer", skip=1, status=200, body=NO_PERMISSION),
        Fault(kind="answer", skip=1, status=200, body=RATE_LIMIT),
    ],
    ids=["too many calls", "no permission", "rate limit"],
)
def test_a_bill_that_was_taken_and_cannot_be_shown_leaves_the_outcome_open(
    client, sandbox, bills, fault
):
    """Said to be surely not done it would go again, and one without a number unrecognised."""
    client.gateway.sign_in()
    sandbox.faults.append(fault)

    with pytest.raises(Unreachable) as lost:
        post(client)

    assert not lost.value.surely_not_done
    assert len(bills()) == 1


def test_a_read_is_tried_again(client, sandbox):
    sandbox.faults.append(Fault(kind="answer", path=OF_SESSIONS, status=500, body="<html/>"))

    assert len(list(client.records(RecordKind.VENDOR))) == 8


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://intacct.com.evil.example/ia/xml/xmlgw.phtml",
        "http://na12.intacct.com/ia/xml/xmlgw.phtml",
        "http://127.0.0.1:9/ia/xml/xmlgw.phtml",
        "https://evilintacct.com/x",
    ],
)
def test_a_session_is_taken_to_no_other_machine(served, endpoint):
    until = datetime.now(UTC) + timedelta(hours=1)
    held = HeldSession(Login(COMPANY, USER, PASSWORD), Session("s", endpoint, until))

    with pytest.raises(Unreachable, match="not Sage's"):
        list(client_at(served.url, sessions=held).records(RecordKind.CLASS))
