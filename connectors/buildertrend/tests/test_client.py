"""The client against the served sandbox: what it reads, tells, and makes of refusals."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from common.choices import RecordKind
from connectors.base import (
    ListsChangedBills,
    ListsChanges,
    Rereads,
    RereadsBills,
    Source,
    TakesPayments,
)
from connectors.buildertrend.client import BuildertrendClient
from connectors.buildertrend.tests.conftest import (
    ACCOUNT,
    BILL,
    FRAMER,
    JOB,
    LOOSE_BILL,
    ORDER,
    TILER,
)
from connectors.errors import (
    AccessDenied,
    CredentialsExpired,
    NotSent,
    RateLimited,
    Refused,
    UnexpectedPayload,
    Unreachable,
)
from connectors.records import PaidBill, PulledBill, PulledCommitment, Removed, Unreadable

KIND = PulledBill.Kind.BILL
ENVELOPE = {"data": [], "page": {"limit": 200, "nextCursor": None}, "asOf": "2026-03-01T00:00:00Z"}


def ids(rows):
    return [row.external_id for row in rows]


def later(buildertrend):
    """A moment after all that was written so far: stamps there are whole seconds."""
    buildertrend.sandbox.clock_offset += timedelta(minutes=10)
    return datetime.now(UTC) + timedelta(minutes=5)


def test_it_is_a_source_that_tells_changes_and_takes_payments(client):
    source: Source = client

    assert source.company().external_id == str(ACCOUNT)
    for ability in (ListsChanges, ListsChangedBills, Rereads, RereadsBills, TakesPayments):
        assert issubclass(BuildertrendClient, ability)


# --- Lists ----------------------------------------------------------------------------------------


def test_the_company_bears_the_name_that_a_person_gave_it(client):
    assert client.company().name == "Aspen Ridge Homes"


def test_every_list_is_read(client):
    found = {kind: ids(client.records(kind)) for kind in client.kinds}

    assert found == {
        RecordKind.VENDOR: ["92", "93"],
        RecordKind.PROJECT: ["111", "112"],
        RecordKind.COST_CODE: ["5", "6", "7", "8"],  # the payment is none
        RecordKind.COST_TYPE: ["1", "3"],
    }


def test_a_deleted_row_is_left_out_of_the_list_and_told_as_a_change(buildertrend, client):
    since = later(buildertrend)
    buildertrend.delete("vendors", TILER)

    assert ids(client.records(RecordKind.VENDOR)) == [str(FRAMER)]
    assert list(client.changes(RecordKind.VENDOR, since)) == [
        Removed(kind=RecordKind.VENDOR, external_id=str(TILER))
    ]


def test_only_what_changed_since_is_told(buildertrend, client):
    since = later(buildertrend)
    buildertrend.screen(f"vendors/{FRAMER}/rename", {"name": "Ridge Framing Inc"})

    (changed,) = client.changes(RecordKind.VENDOR, since)

    assert changed.name == "Ridge Framing Inc"


def test_a_vendor_entered_again_has_another_id(buildertrend, client):
    buildertrend.screen(f"vendors/{TILER}/re-create")

    assert [(row.external_id, row.name) for row in client.records(RecordKind.VENDOR)] == [
        ("92", "Ridge Framing LLC"),
        ("94", "Tile & Stone"),
    ]
    assert client.record(RecordKind.VENDOR, str(TILER)) is None


@pytest.mark.parametrize(
    ("kind", "external_id", "name"),
    [
        (RecordKind.VENDOR, "92", "Ridge Framing LLC"),
        (RecordKind.PROJECT, "111", "Lot 17 Aspen Ridge"),
        (RecordKind.COST_CODE, "6", "Shower doors and mirrors"),
        (RecordKind.COST_TYPE, "3", "Subcontractor"),
    ],
)
def test_one_row_is_read_again(client, kind, external_id, name):
    assert client.record(kind, external_id).name == name
    assert client.record(kind, "999") is None


def test_a_list_of_several_pages_comes_whole(buildertrend, client):
    buildertrend.write(
        "vendors", *({"id": n, "company_name": f"Vendor {n}"} for n in range(1000, 1450))
    )

    found = ids(client.records(RecordKind.VENDOR))

    assert found == ["92", "93", *map(str, range(1000, 1450))]
    assert sum("/v1/vendors" in path for _method, path in buildertrend.sandbox.requests_seen) == 3


def test_a_list_that_moves_under_the_paging_loses_and_doubles_nothing(buildertrend, client):
    buildertrend.write(
        "vendors", *({"id": n, "company_name": f"Vendor {n}"} for n in range(1000, 1450))
    )
    rows = client.records(RecordKind.VENDOR)
    first = [next(rows) for _ in range(150)]
    # While we read: one is renamed, one deleted, one entered, one that we have had is touched.
    buildertrend.screen("vendors/1300/rename", {"name": "Renamed"})
    buildertrend.delete("vendors", 1400)
    buildertrend.write("vendors", {"id": 2000, "company_name": "New"})
    buildertrend.screen("vendors/1001/rename", {"name": "Late"})

    found = ids([*first, *rows])

    assert len(found) == len(set(found))
    assert set(found) == {"92", "93", "2000", *map(str, range(1000, 1450))} - {"1400"}


def test_a_row_that_comes_on_two_pages_counts_once(buildertrend, client):
    rows = [{"vendorId": 1, "companyName": "One"}]
    for cursor in ("a", None):
        body = {**ENVELOPE, "data": rows, "page": {"limit": 200, "nextCursor": cursor}}
        buildertrend.misbehave("answer", path="/v1/vendors", status=200, body=json.dumps(body))

    assert ids(client.records(RecordKind.VENDOR)) == ["1"]


def test_pages_that_lead_in_a_circle_are_left(buildertrend, client):
    body = {**ENVELOPE, "page": {"limit": 200, "nextCursor": "a"}}
    buildertrend.misbehave(
        "answer", path="/v1/vendors", status=200, body=json.dumps(body), times=99
    )

    with pytest.raises(UnexpectedPayload, match="not a page of a list"):
        list(client.records(RecordKind.VENDOR))


@pytest.mark.parametrize(
    "body",
    [[], {}, {"data": []}, {"page": {}}, {**ENVELOPE, "data": [1]}, {**ENVELOPE, "data": {}}, "x"],
)
def test_what_is_no_page_is_no_empty_list(buildertrend, client, body):
    buildertrend.misbehave("answer", path="/v1/vendors", status=200, body=json.dumps(body))

    with pytest.raises(UnexpectedPayload):
        list(client.records(RecordKind.VENDOR))


def test_one_row_that_cannot_be_read_keeps_no_other_from_coming(buildertrend, client):
    rows = [{"vendorId": 1}, {"vendorId": 2, "companyName": "Two"}]
    body = json.dumps({**ENVELOPE, "data": rows})
    buildertrend.misbehave("answer", path="/v1/vendors", status=200, body=body)

    bad, good = client.records(RecordKind.VENDOR)

    assert bad == Unreadable(
        sentence="Buildertrend's vendor 1 has no name. Name it there.",
        payload={"vendorId": 1},
        kind=RecordKind.VENDOR,
        external_id="1",
    )
    assert good.external_id == "2"


# --- Purchase orders and bills --------------------------------------------------------------------


def test_a_purchase_order_is_a_commitment(client):
    (order,) = client.commitments(str(JOB))

    assert order.external_id == str(ORDER)
    assert order.kind == PulledCommitment.Kind.PURCHASE_ORDER
    assert (order.number, order.vendor_id, order.is_approved) == ("0015", str(FRAMER), True)
    assert order.revised_amount == Decimal("25000.00")
    assert [(line.cost_code_id, line.cost_type_id) for line in order.lines] == [("5", "3")]


def test_changed_purchase_orders_are_told_with_those_that_are_gone(buildertrend, client):
    row = {"id": 8002, "job_id": JOB, "number": "0016", "amount": "10.00"}
    buildertrend.write("purchase_orders", row)
    since = later(buildertrend)
    buildertrend.screen("purchase_orders/8002/approve")
    buildertrend.delete("purchase_orders", ORDER)

    gone, approved = client.changed_commitments(str(JOB), since)

    assert gone == Removed(kind=PulledCommitment.Kind.PURCHASE_ORDER, external_id=str(ORDER))
    assert (approved.external_id, approved.status) == ("8002", "Internally Approved")


def test_a_bill_comes_with_its_lines_and_its_purchase_order(client):
    ordered, loose = client.bills(str(JOB))

    assert (ordered.commitment_id, ordered.number) == (str(ORDER), "RF-1")
    assert ordered.total == Decimal("12301.08")
    assert [(line.amount, line.cost_type_id) for line in ordered.lines] == [
        (Decimal("12000.33"), "3"),
        (Decimal("300.75"), "1"),
    ]
    assert (ordered.bill_date, ordered.due_date) == (date(2026, 3, 1), date(2026, 3, 31))
    assert (loose.commitment_id, loose.total) == ("", Decimal("-40.10"))
    assert ordered.is_approved
    assert loose.is_approved


def test_changed_bills_are_told_with_those_that_are_gone(buildertrend, client):
    since = later(buildertrend)
    buildertrend.screen(f"bills/{BILL}", {"status": "Void"})
    buildertrend.delete("bills", LOOSE_BILL)

    voided, gone = client.changed_bills(str(JOB), since)

    assert (voided.external_id, voided.is_approved) == (str(BILL), False)
    assert gone == Removed(kind=KIND, external_id=str(LOOSE_BILL))


def test_a_bill_keeps_its_kind_when_its_purchase_order_is_taken_off(buildertrend, client):
    before = client.reread_bill(KIND, str(BILL), str(JOB))
    buildertrend.screen(f"bills/{BILL}", {"purchase_order_id": ""})

    after = client.reread_bill(KIND, str(BILL), str(JOB))

    assert (before.commitment_id, after.commitment_id) == (str(ORDER), "")
    assert before.kind == after.kind


def test_a_bill_with_several_codes_and_no_split_names_none(buildertrend, client):
    codes = "Tile Labor; 5620 - Shower doors and mirrors"
    row = {"id": 9005, "job_id": JOB, "vendor_id": TILER, "status": "Approved",
           "invoice_date": "2026-03-09", "amount": "80.00", "cost_codes": codes}  # fmt: skip
    buildertrend.write("bills", row)

    bill = client.reread_bill(KIND, "9005", str(JOB))

    assert [(line.cost_code_id, line.amount) for line in bill.lines] == [("", Decimal("80.00"))]


def test_a_bill_that_is_gone_reads_as_none(buildertrend, client):
    buildertrend.delete("bills", BILL)

    assert client.reread_bill(KIND, str(BILL), str(JOB)) is None
    assert client.reread_bill(KIND, "12345", str(JOB)) is None


def test_an_id_that_is_an_address_leads_nowhere_else(buildertrend, client):
    assert client.record(RecordKind.VENDOR, "92/../../v1/jobs?x=1") is None

    path = buildertrend.calls[0].path
    assert path == "/v1/vendors/92%2F..%2F..%2Fv1%2Fjobs%3Fx%3D1"


# --- What we tell ---------------------------------------------------------------------------------


def paid(**changes):
    values = {
        "kind": KIND, "external_id": str(BILL), "project_id": str(JOB), "commitment_id": "",
        "number": "RF-1", "paid": Decimal("100.00"), "is_paid_in_full": False,
        "paid_date": date(2026, 4, 2), "payments": (), "ledger": "Sage Intacct",
        "ledger_bill_id": "4711", "ledger_url": "https://ledger.example/4711",
    }  # fmt: skip
    return PaidBill(**values | changes)


@pytest.mark.parametrize(
    ("changes", "state", "amount"),
    [
        ({}, "partly_paid", "100.00"),
        ({"is_paid_in_full": True, "paid": Decimal("12301.08")}, "paid", "12301.08"),
        ({"paid": Decimal("0.00"), "paid_date": None}, "posted", "0.00"),
    ],
)
def test_the_builder_sees_where_a_bill_is_and_what_is_paid(
    buildertrend, client, changes, state, amount
):
    client.tell_payment(paid(**changes))

    link = buildertrend.sandbox.store.get("accounting_links", BILL)
    assert (link["system"], link["externalId"]) == ("sage_intacct", "4711")
    assert (link["state"], link["amountPaid"]) == (state, amount)


def test_a_payment_of_a_bill_that_is_not_there_is_denied(client):
    with pytest.raises(AccessDenied, match="does not have this"):
        client.tell_payment(paid(external_id="12345"))


def test_a_to_do_is_entered_once_for_its_key(buildertrend, client):
    said = {"notes": "See the bill", "due": date(2026, 4, 1), "assignee_id": "7", "key": "k-1"}

    first = client.create_todo(str(JOB), "Split bill RF-1", **said)
    again = client.create_todo(str(JOB), "Split bill RF-1", **said)

    assert first == again
    (todo,) = buildertrend.get("/todos").json()["data"]
    assert (todo["title"], todo["dueDate"]) == ("Split bill RF-1", "2026-04-01")


def test_a_to_do_whose_answer_is_lost_is_not_sent_again_by_itself(buildertrend, client):
    client.company()
    buildertrend.misbehave("drop_after", method="POST", path="/v1/todos")

    with pytest.raises(Unreachable) as error:
        client.create_todo(str(JOB), "Split it", key="k-2")

    assert not error.value.surely_not_done
    assert len(buildertrend.get("/todos").json()["data"]) == 1


def test_a_to_do_for_an_unknown_job_is_refused_with_its_reason(client):
    with pytest.raises(Refused, match=r"There is no such job\. \(jobId: unknown\)") as error:
        client.create_todo("999", "Split it", key="k-3")

    assert (error.value.code, error.value.field) == ("validation_failed", "jobId")


def test_we_subscribe_once_for_an_address(buildertrend, client):
    first = client.subscribe("https://tieout.example/news/1", "a" * 32)
    second = client.subscribe("https://tieout.example/news/1", "b" * 32)
    other = client.subscribe("https://tieout.example/news/2", "a" * 32)

    assert first == second != other
    listed = buildertrend.get("/webhook-subscriptions").json()["data"]
    assert [row["url"][-1] for row in listed] == ["1", "2"]
    assert "secret" not in listed[0]


# --- Signing in -----------------------------------------------------------------------------------


def test_one_token_serves_many_clients(buildertrend):
    buildertrend.client().company()
    buildertrend.client().company()

    asked = [path for method, path in buildertrend.sandbox.requests_seen if path == "/oauth/token"]
    assert len(asked) == 1


def test_a_token_that_is_over_is_renewed_once(buildertrend, client):
    client.company()
    buildertrend.sandbox.clock_offset += timedelta(hours=2)

    assert client.company().external_id == str(ACCOUNT)
    assert [call.status for call in buildertrend.calls] == [200, 401, 200]


def test_a_secret_that_was_changed_there_needs_a_person(buildertrend):
    given_up = []
    tokens = buildertrend.tokens()
    tokens.given_up = lambda: given_up.append(True)
    client = buildertrend.client(tokens=tokens)
    client.company()
    buildertrend.sandbox.client_secret = "another"
    buildertrend.sandbox.forget_tokens()

    with pytest.raises(CredentialsExpired, match="client id and secret"):
        client.company()

    assert given_up


def test_a_token_that_is_refused_for_ever_needs_a_person(buildertrend, client):
    client.company()
    buildertrend.misbehave("answer", path="/v1/*", status=401, times=99)

    with pytest.raises(CredentialsExpired):
        client.company()


def test_a_write_that_met_an_old_token_was_surely_not_done(buildertrend, client):
    client.company()
    buildertrend.sandbox.forget_tokens()

    with pytest.raises(NotSent):
        client.tell_payment(paid())

    client.tell_payment(paid())
    assert buildertrend.sandbox.store.get("accounting_links", BILL)


@pytest.mark.parametrize("status", [500, 503, 429, 403, 400, 200])
def test_signing_in_that_gets_no_answer_is_tried_later(buildertrend, client, status):
    buildertrend.misbehave("answer", path="/oauth/token", status=status, body="<html>", times=99)

    with pytest.raises(Unreachable):
        client.company()


def test_no_secret_and_no_token_is_written_down(buildertrend, client):
    client.company()
    client.subscribe("https://tieout.example/news/1", "correct horse battery")
    token = client.http.tokens.access()

    written = " ".join(map(str, buildertrend.calls))
    assert "correct horse battery" not in written
    assert token not in written
    assert "tieout-sandbox-secret" not in f"{written} {client.http.tokens.app!r}"


# --- Refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "body", "wait"),
    [
        ({"Retry-After": "17"}, '{"error":{"code":"rate_limited","message":"slow"}}', 17),
        ({"Retry-After": "30"}, "", 30),
        ({}, "<html>Too many</html>", 60),
    ],
)
def test_too_many_calls_whatever_the_body(buildertrend, client, headers, body, wait):
    client.company()
    buildertrend.misbehave("answer", path="/v1/*", status=429, headers=headers, body=body)

    with pytest.raises(RateLimited) as error:
        client.company()

    assert error.value.wait == timedelta(seconds=wait)


def test_the_minute_of_the_contract_is_kept(buildertrend, client):
    buildertrend.sandbox.minute.limit = 60
    for _ in range(60):
        client.company()

    with pytest.raises(RateLimited) as error:
        client.company()

    assert timedelta(0) < error.value.wait <= timedelta(seconds=61)


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_maintenance_page_is_asked_for_again(buildertrend, client, status):
    client.company()
    page = "<html><h1>Be right back</h1></html>"
    buildertrend.misbehave("answer", path="/v1/*", status=status, body=page, times=2)

    assert client.company().external_id == str(ACCOUNT)


def test_a_maintenance_page_that_says_200_is_no_list(buildertrend, client):
    client.company()
    page = "<html><h1>Be right back</h1></html>"
    buildertrend.misbehave("answer", path="/v1/*", status=200, body=page, times=9)

    with pytest.raises(Unreachable):
        list(client.records(RecordKind.VENDOR))


def test_a_body_that_is_cut_is_asked_for_again(buildertrend, client):
    client.company()
    buildertrend.misbehave("truncate", path="/v1/vendors")

    assert ids(client.records(RecordKind.VENDOR)) == ["92", "93"]


def test_an_account_that_is_closed_to_us_is_denied_and_does_not_look_empty(buildertrend, client):
    buildertrend.screen("closed", method="PUT")

    with pytest.raises(AccessDenied, match="does not let our app see this"):
        list(client.records(RecordKind.VENDOR))
    with pytest.raises(AccessDenied, match="does not let our app see this"):
        client.record(RecordKind.VENDOR, "92")
    with pytest.raises(AccessDenied, match="does not let our app see this"):
        client.reread_bill(KIND, str(BILL), str(JOB))


def test_another_account_is_denied(buildertrend):
    with pytest.raises(AccessDenied):
        buildertrend.client(account_id="501").company()
