"""Posting a bill, finding it again, and what happens when something goes wrong on the way."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from connectors.errors import NumberTaken, Refused, TargetInactive, Unreachable
from connectors.quickbooks_online import client as client_module
from connectors.quickbooks_online.tests.conftest import (
    BILL,
    COST_LINE,
    bill_of,
    client_at,
    post,
    sought,
)
from connectors.quickbooks_online.writing import written
from connectors.records import OutgoingLine, PostedLine


def test_posted_bill_comes_back_with_id_total_key_and_link(client):
    posted = post(client)

    assert posted.total == Decimal("20000.00")
    assert (posted.number, posted.vendor_id, posted.key) == ("LC-1044", "56", "k7Qd2vX9")
    assert posted.bill_date == date(2026, 2, 27)
    assert posted.version == "0"
    assert posted.url.endswith(f"/app/bill?txnId={posted.external_id}")


def test_posted_bill_reads_back_the_same(client):
    posted = post(client)

    read = client.bill(posted.external_id)

    assert (read.total, read.number, read.key) == (posted.total, posted.number, posted.key)


def test_bill_keeps_each_amount_to_the_cent(client):
    amounts = [Decimal("0.01"), Decimal("123456789.10"), Decimal("-0.07"), Decimal("33.33")]

    posted = post(client, bill_of(*[replace(COST_LINE, amount=amount) for amount in amounts]))

    assert [line["Amount"] for line in posted.payload["Line"]] == amounts
    assert posted.total == Decimal("123456822.37")


def test_retainage_is_one_more_line_and_the_payable_is_net(client, sandbox):
    held = OutgoingLine(
        amount=Decimal("-2000.00"),
        description="Retainage held",
        account_id="71",
        customer_id="131",
    )

    posted = post(client, bill_of(COST_LINE, held))

    assert posted.total == Decimal("18000.00")
    assert sandbox.entities.moved("71") == Decimal("-2000.00")
    assert sandbox.entities.moved("33") == Decimal("-18000.00") - Decimal("1250.00")


def test_a_location_is_on_the_bill_and_a_class_on_the_line(client):
    posted = post(client, bill_of(COST_LINE, location_id="2"))

    kept = client.bill(posted.external_id).payload
    detail = kept["Line"][0]["AccountBasedExpenseLineDetail"]
    assert kept["DepartmentRef"]["value"] == "2"
    assert detail["ClassRef"]["value"] == COST_LINE.class_id


def test_item_line_posts_to_the_items_account(client, sandbox):
    before = sandbox.entities.moved("64")
    item = OutgoingLine(amount=Decimal("250.50"), description="Pour", item_id="19")

    post(client, bill_of(item))

    assert sandbox.entities.moved("64") - before == Decimal("250.50")


def test_the_same_key_again_gets_the_same_answer_and_no_second_bill(client, bills):
    first = post(client)
    second = post(client)

    assert first == second
    assert len(bills()) == 1


def test_a_request_the_network_repeats_makes_one_bill(client, order, bills):
    order("faults", kind="twice", method="POST", path="*/bill")

    post(client)

    assert len(bills()) == 1


def test_lost_answer_is_an_unknown_outcome_and_the_bill_is_found_by_its_key(client, order):
    order("faults", kind="drop_after", method="POST", path="*/bill")

    with pytest.raises(Unreachable) as caught:
        post(client)

    assert not caught.value.surely_not_done
    (found,) = client.find_bills(sought())
    assert (found.key, found.total) == (BILL.key, BILL.total)


def test_half_an_answer_is_an_unknown_outcome(client, order, bills):
    order("faults", kind="truncate", method="POST", path="*/bill")

    with pytest.raises(Unreachable) as caught:
        post(client)

    assert not caught.value.surely_not_done
    assert len(bills()) == 1


def test_bill_without_number_is_found_by_its_key(client):
    bill = replace(BILL, number="")
    post(client, bill)

    assert [found.key for found in client.find_bills(sought(bill))] == [BILL.key]


def test_bill_whose_number_and_day_a_person_changed_is_found_by_its_key(client, call):
    posted = post(client)
    changed = {**posted.payload, "DocNumber": "other", "TxnDate": "2026-03-20"}
    call("POST", "bill", data=written(changed).encode())

    assert [found.number for found in client.find_bills(sought())] == ["other"]


def test_bill_with_our_number_but_another_key_is_found_as_well(client):
    found = client.find_bills(sought(number="LC-0900", key="new"))

    assert [(bill.external_id, bill.key) for bill in found] == [("300", "")]


@pytest.mark.parametrize("spelling", ["Invoice No. 900", "#0900", "INV-900"])
def test_our_number_in_another_spelling_is_found_as_well(client, spelling):
    post(client, replace(BILL, number=spelling, key="by-hand"))

    found = client.find_bills(sought(number="900", key="new"))

    assert [bill.number for bill in found] == [spelling]


def test_bill_found_by_both_ways_is_listed_once(client):
    post(client)

    assert len(client.find_bills(sought())) == 1


def test_same_number_of_another_vendor_is_not_ours(client):
    post(client)

    assert client.find_bills(sought(vendor_id="57", key="other")) == []


def test_nothing_there_is_an_empty_list(client):
    assert client.find_bills(sought()) == []


@pytest.mark.parametrize("number", ["O'Brien", "A&B: #7", "50%", "Nº 7", "back\\slash", "\\'"])
def test_number_with_awkward_signs_is_found(client, number):
    post(client, replace(BILL, number=number, memo="", key="a"))

    found = client.find_bills(sought(number=client.stored_number(number), key="b"))

    assert [bill.number for bill in found] == [number]


def test_failing_look_up_raises_instead_of_finding_nothing(client, order):
    client._reading.sleep = lambda _seconds: None
    order("faults", kind="answer", path="*/query", times=3, status=500)

    with pytest.raises(Unreachable):
        client.find_bills(sought())


def test_look_up_is_tried_again_over_a_short_outage(client, order):
    post(client)
    client._reading.sleep = lambda _seconds: None
    order("faults", kind="answer", path="*/query", times=2, status=503)

    assert len(client.find_bills(sought())) == 1


def test_posting_is_never_tried_again_by_itself(client, order, bills, sandbox):
    order("faults", kind="answer", method="POST", path="*/bill", status=503)

    with pytest.raises(Unreachable):
        post(client)

    assert bills() == []


def test_deleted_bill_reads_as_none(client, call):
    posted = post(client)
    body = {"Id": posted.external_id, "SyncToken": posted.version}
    call("POST", "bill?operation=delete", json=body)

    assert client.bill(posted.external_id) is None


def test_unknown_bill_reads_as_none(client):
    assert client.bill("987654") is None


def test_number_already_used_may_be_ours(client):
    with pytest.raises(NumberTaken, match="TxnId=300") as caught:
        post(client, replace(BILL, number="lc-0900"))

    assert not caught.value.surely_not_done
    assert caught.value.code == "6140"


def test_without_the_warning_the_same_number_is_taken_twice(client, order, bills):
    order("company", warn_duplicate_bill_number=False)

    post(client, replace(BILL, number="LC-0900"))

    assert len(bills()) == 1


def test_refusal_under_a_key_is_repeated_so_a_new_try_needs_a_new_key(client, order):
    order("vendor/56/inactivate")
    with pytest.raises(TargetInactive):
        post(client)
    order("vendor/56/reactivate")

    with pytest.raises(TargetInactive):
        post(client)
    assert post(client, replace(BILL, key="second")).key == "second"


def test_every_call_is_recorded_without_tokens(served):
    calls = []
    client = client_at(served.url, record=calls.append)

    posted = post(client)

    (made,) = calls
    assert (made.method, made.status) == ("POST", 200)
    assert made.request_id.startswith("1-sandbox-")
    assert posted.external_id in made.response_body


def test_currency_the_company_does_not_keep_is_refused(client):
    with pytest.raises(Refused, match="EUR"):
        post(client, replace(BILL, currency="EUR"))


def test_eight_calls_at_once_under_one_key_make_one_bill(served, bills):
    def send(_n: int) -> str:
        return post(client_at(served.url)).external_id

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(send, range(8)))

    assert ids == {bill["id"] for bill in bills()}
    assert len(ids) == 1


# --- The bills that are there already


def test_listed_bills_come_with_their_lines(client):
    posted = post(client, bill_of(COST_LINE, replace(COST_LINE, amount=Decimal("12.30"))))

    listed = {bill.external_id: bill for bill in client.bills(date(2026, 2, 1))}

    line = PostedLine(amount=Decimal("12.30"), account_id="64", customer_id="131")
    assert listed[posted.external_id].lines[1] == line


def test_item_of_a_listed_line_is_told(client):
    line = OutgoingLine(amount=Decimal("5.00"), description="Pour", item_id="19")
    posted = post(client, bill_of(line))

    listed = {bill.external_id: bill for bill in client.bills(date(2026, 2, 1))}

    assert listed[posted.external_id].lines[0].item_id == "19"


def test_bills_before_the_day_are_not_listed(client):
    posted = post(client)

    assert posted.external_id not in {bill.external_id for bill in client.bills(date(2026, 2, 28))}


def test_a_bill_that_we_sent_is_listed_with_our_key(client):
    posted = post(client)

    (ours,) = [one for one in client.bills(date(2026, 2, 1)) if one.key]
    assert (ours.external_id, ours.key) == (posted.external_id, BILL.key)


def test_bills_are_listed_page_by_page(client, monkeypatch):
    monkeypatch.setattr(client_module, "PAGE", 2)  # so that five bills are three pages
    made = {
        post(client, replace(BILL, number=f"N-{n}", key=f"key-{n}")).external_id for n in range(5)
    }

    assert {bill.external_id for bill in client.bills(date(2026, 2, 27))} >= made
