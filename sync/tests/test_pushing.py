"""What becomes of a bill on its way, for each thing that can happen to it."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from audit.models import Entry, Verb
from common.choices import RecordKind, Side
from common.errors import Conflict
from connectors import pacing
from connectors.models import Connection
from connectors.quickbooks_online.client import QuickBooksOnlineClient
from connectors.quickbooks_online.writing import note
from mapping import publishing
from sync import sending, tasks
from sync.gate import BillHeld
from sync.models import Push
from sync.tests.clocks import database_clock
from sync.tests.world import POST_BILL, QUERY


def test_a_ready_bill_reaches_the_ledger_to_the_cent(world):
    push = world.send(world.ready_bill())

    world.work(push)

    assert push.state == Push.State.POSTED
    (posted,) = world.books()
    assert Decimal(posted["total"]) == push.bill.total == Decimal("10800.30")


def test_retainage_is_one_negative_line_on_its_account(world):
    push = world.work(world.send(world.ready_bill()))

    lines = json.loads(bytes(push.payload), parse_float=Decimal)["Line"]
    assert [line["Amount"] for line in lines] == [Decimal("12000.33"), Decimal("-1200.03")]


def test_posting_is_written_to_the_trail_with_the_mappings_used(world):
    push = world.work(world.send(world.ready_bill()))

    claimed = Entry.objects.get(verb=Verb.CLAIMED)
    assert claimed.after["mappings"] == push.mapping_versions
    assert Entry.objects.filter(verb=Verb.POSTED, object_id=push.pk).count() == 1


def test_a_posted_bill_is_not_sent_again(world):
    bill = world.ready_bill()
    world.work(world.send(bill))

    with pytest.raises(Conflict, match="posted already"):
        world.send(bill)
    assert len(world.books()) == 1


def test_a_second_click_finds_the_bill_on_its_way(world):
    bill = world.ready_bill()
    world.send(bill)

    with pytest.raises(Conflict, match="queued already"):
        world.send(bill)


def test_an_answer_lost_after_the_bill_was_made_is_found_by_our_key(world):
    push = world.send(world.ready_bill())
    world.fault(Side.LEDGER, kind="drop_after", **POST_BILL)

    world.work(push)
    assert push.state == Push.State.UNKNOWN
    world.work(push)

    assert push.state == Push.State.POSTED
    assert len(world.books()) == 1


def test_a_request_lost_on_the_way_is_sent_again_under_the_same_key_when_surely_absent(world):
    push = world.send(world.ready_bill())
    key = push.key
    world.fault(Side.LEDGER, kind="drop_before", **POST_BILL)

    world.work(push)
    assert push.state == Push.State.UNKNOWN
    world.work(push)
    assert push.state == Push.State.UNKNOWN, "one look is not enough to be sure"
    world.let_time_pass(push, seconds=400)
    world.work(push)
    assert push.state == Push.State.QUEUED
    world.work(push)

    assert push.state == Push.State.POSTED
    assert push.key == key
    assert len(world.books()) == 1


def test_a_worker_that_never_came_back_leaves_an_unknown_outcome(world):
    push = world.send(world.ready_bill())
    Push.objects.filter(pk=push.pk).update(
        state=Push.State.SENDING, payload=b"{}", sends=1, fence=1, starts=1
    )
    world.let_lease_run_out(push)

    world.work(push)

    assert push.state == Push.State.UNKNOWN


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_is_unknown_not_failed(world, status):
    push = world.send(world.ready_bill())
    world.fault(Side.LEDGER, kind="answer", status=status, body="<html>busy</html>", **POST_BILL)

    world.work(push)

    assert push.state == Push.State.UNKNOWN


def test_throttling_puts_the_bill_back_and_pauses_the_connection(world):
    push = world.send(world.ready_bill())
    world.fault(
        Side.LEDGER,
        kind="answer",
        status=429,
        headers={"Retry-After": "7"},
        body="slow",
        **POST_BILL,
    )

    world.work(push)

    assert (push.state, push.cause) == (Push.State.QUEUED, Push.Cause.BUSY)
    world.ledger.refresh_from_db()
    assert world.ledger.next_free_at > push.last_sent_at


def test_throttling_without_a_time_waits_a_minute(world):
    push = world.send(world.ready_bill())
    world.fault(Side.LEDGER, kind="answer", status=429, body="", **POST_BILL)

    world.work(push)

    assert (push.due_at - push.last_sent_at).total_seconds() == pytest.approx(60, abs=5)


def test_a_closed_period_in_the_ledger_fails_with_a_sentence(world):
    bill = world.ready_bill()
    push = world.send(bill)
    world.fault(
        Side.LEDGER,
        kind="answer",
        status=400,
        body=json.dumps(
            {"Fault": {"type": "ValidationFault", "Error": [
                {"Message": "Account Period Closed", "Detail": "closed", "code": "6200"}
            ]}}
        ),
        **POST_BILL,
    )  # fmt: skip

    world.work(push)

    assert (push.state, push.cause) == (Push.State.FAILED, Push.Cause.PERIOD_CLOSED)
    assert "books are closed" in push.sentence


def test_a_vendor_made_inactive_between_publish_and_send_is_refused_and_named(world):
    bill = world.ready_bill()
    world.change("vendor", "101", "inactivate")

    push = world.work(world.send(bill))

    assert (push.state, push.cause) == (Push.State.FAILED, Push.Cause.TARGET_INACTIVE)
    assert world.books() == []


def test_a_repaired_bill_goes_out_under_a_new_key(world):
    bill = world.ready_bill()
    world.change("vendor", "101", "inactivate")
    push = world.work(world.send(bill))
    first_key = push.key
    world.change("vendor", "101", "reactivate", name="Keystone Concrete")

    world.work(world.send(bill))

    push.refresh_from_db()
    assert push.state == Push.State.POSTED
    assert push.key != first_key


def test_unpublishing_before_the_claim_holds_the_bill(world):
    bill = world.ready_bill()
    push = world.send(bill)
    mapping = world.mapping(RecordKind.VENDOR, "11")
    publishing.unpublish([mapping], by=world.admin, reason="wrong branch")

    world.work(push)

    assert (push.state, push.cause) == (Push.State.FAILED, Push.Cause.HELD)
    assert world.books() == []


def test_a_bill_that_was_there_before_us_is_set_aside_as_possible_duplicate(world):
    bill = world.ready_bill()
    _post_by_hand(world, number="KC-100")

    push = world.work(world.send(bill))

    assert (push.state, push.cause) == (Push.State.SET_ASIDE, Push.Cause.POSSIBLE_DUPLICATE)
    assert len(world.books()) == 1


def test_a_person_links_the_bill_that_is_there(world):
    bill = world.ready_bill()
    existing = _post_by_hand(world, number="KC-100")
    push = world.work(world.send(bill))

    sending.link(push, existing, by=world.controller)

    push.refresh_from_db()
    assert (push.state, push.external_id) == (Push.State.POSTED, existing)


def test_a_bill_that_the_ledger_keeps_in_another_currency_is_posted_and_says_so(world):
    push = world.send(world.ready_bill())
    world.fault(Side.LEDGER, kind="drop_after", **POST_BILL)
    world.work(push)
    sandbox = world.quickbooks.sandbox
    (there,) = sandbox.entities.all("Bill")
    sandbox.entities.put("Bill", {**there, "CurrencyRef": {"value": "CAD"}}, sandbox.now())

    push = world.work(push)

    assert (push.state, push.cause) == (Push.State.POSTED, Push.Cause.DIFFERS)
    assert "shows CA$10,800.30, and $10,800.30 was sent" in push.sentence


def _give_terms(world, *, active=True):
    """The vendors of the ledger have thirty days."""
    sandbox = world.quickbooks.sandbox
    term = {"Id": "3", "Name": "Net 30", "Type": "STANDARD", "DueDays": 30, "Active": active}
    sandbox.entities.put("Term", term, sandbox.now())
    for vendor in sandbox.entities.all("Vendor"):
        sandbox.entities.put("Vendor", {**vendor, "TermRef": {"value": "3"}}, sandbox.now())


def test_the_due_date_of_the_source_is_carried(world):
    _give_terms(world)

    world.work(world.send(world.ready_bill("D-7")))

    (there,) = world.quickbooks.sandbox.entities.all("Bill")
    assert (there["TxnDate"], there["DueDate"]) == ("2026-09-02", "2026-10-02")
    assert "SalesTermRef" not in there


def test_a_bill_without_a_due_date_goes_by_the_ledgers_term_of_its_vendor(world):
    _give_terms(world)

    world.work(world.send(world.ready_bill("KC-100")))

    (there,) = world.quickbooks.sandbox.entities.all("Bill")
    assert (there["TxnDate"], there["DueDate"]) == ("2026-08-31", "2026-09-30")
    assert there["SalesTermRef"]["value"] == "3"


def test_a_term_that_is_no_longer_used_in_the_ledger_is_not_sent(world):
    _give_terms(world, active=False)

    push = world.work(world.send(world.ready_bill("KC-100")))

    (there,) = world.quickbooks.sandbox.entities.all("Bill")
    assert push.state == Push.State.POSTED
    assert "SalesTermRef" not in there


def test_a_bill_keyed_by_hand_under_another_spelling_is_not_paid_again(world):
    bill = world.ready_bill()
    existing = _post_by_hand(world, number="Inv. No. KC 100")

    push = world.work(world.send(bill))

    assert (push.state, push.cause) == (Push.State.SET_ASIDE, Push.Cause.POSSIBLE_DUPLICATE)
    assert "the number Inv. No. KC 100" in push.sentence
    assert [row["id"] for row in world.books()] == [existing]


def test_what_was_sent_for_another_bill_is_not_linked(world):
    """The other one's answer was lost: it is found by its key soon, and is no bill of this one."""
    bill = world.ready_bill()
    existing = _post_by_hand(world, number="KC-100")
    push = world.work(world.send(bill))
    other = world.send(world.bill("D-7"))
    sandbox = world.quickbooks.sandbox
    there = sandbox.entities.get("Bill", existing)
    sandbox.entities.put("Bill", {**there, "PrivateNote": note("", other.key)}, sandbox.now())

    with pytest.raises(Conflict, match="sent for another bill"):
        sending.link(push, existing, by=world.controller)


def test_a_person_says_they_are_two_bills_and_it_is_sent(world):
    bill = world.ready_bill()
    _post_by_hand(world, number="KC-100")
    _allow_duplicate_numbers(world)
    push = world.work(world.send(bill))

    sending.send_again(push, by=world.controller, reason="another delivery")
    world.work(push)

    assert push.state == Push.State.POSTED
    assert len(world.books()) == 2


def test_a_document_that_keeps_killing_its_worker_is_set_aside(world):
    push = world.send(world.ready_bill())
    Push.objects.filter(pk=push.pk).update(
        state=Push.State.SENDING, payload=b"{}", sends=1, starts=5
    )

    world.work(push)

    assert (push.state, push.cause) == (Push.State.SET_ASIDE, Push.Cause.KILLS_WORKERS)


def test_a_held_bill_says_everything_that_holds_it(world):
    world.pull()
    world.map_all(but=("11", "03-300"))

    with pytest.raises(BillHeld) as held:
        world.send(world.bill("KC-100"))
    assert "Vendor Keystone Concrete LLC is unmapped." in str(held.value)
    assert "Cost code 03-300" in str(held.value)


def test_calls_lead_back_to_the_push_they_served(world):
    push = world.work(world.send(world.ready_bill()))

    calls = world.company.calls.filter(subject_type="sync.push", subject_id=push.pk)
    assert {call.method for call in calls} == {"GET", "POST"}


def test_a_look_up_that_fails_changes_nothing_but_its_time(world):
    push = world.send(world.ready_bill())
    world.fault(Side.LEDGER, kind="drop_after", **POST_BILL)
    world.work(push)
    world.fault(Side.LEDGER, kind="answer", status=503, times=3, **QUERY)

    world.work(push)

    assert push.state == Push.State.UNKNOWN
    assert push.not_found == 0


def test_a_resend_that_is_held_never_gets_another_key(world):
    """Its answer was lost and the bookkeeper moved it, so that no look-up finds it."""
    push = world.send(world.ready_bill())
    key = push.key
    _lose_the_answer_and_move_the_bill(world, push)
    mapping = world.mapping(RecordKind.VENDOR, "11")
    publishing.unpublish([mapping], by=world.admin, reason="a look at it")

    world.work(push)
    assert push.state == Push.State.SET_ASIDE, "nobody knows that it is not in the ledger"
    publishing.publish(world.company, by=world.controller)
    with pytest.raises(Conflict):
        world.send(push.bill)
    sending.send_again(push, by=world.controller, reason="I do not see it")
    world.work(push)

    assert (push.state, push.key) == (Push.State.POSTED, key)
    assert len(world.books()) == 1


def test_a_person_who_is_wrong_and_a_hold_afterwards_make_no_second_bill(world):
    push = world.send(world.ready_bill())
    _lose_the_answer_and_move_the_bill(world, push)
    mapping = world.mapping(RecordKind.VENDOR, "11")
    publishing.unpublish([mapping], by=world.admin, reason="a look at it")
    world.work(push)
    publishing.publish(world.company, by=world.controller)
    sending.send_again(push, by=world.controller, reason="I do not see it")
    publishing.unpublish([world.mapping(RecordKind.VENDOR, "11")], by=world.admin, reason="again")

    world.work(push)

    assert push.state == Push.State.SET_ASIDE
    assert len(world.books()) == 1


def test_a_later_version_waits_until_a_person_looked_for_the_lost_one(world):
    world.pull()
    world.map_all()
    push = world.send(world.bill("D-8"))
    _lose_the_answer_and_move_the_bill(world, push)
    world.edit_source("direct_cost_lines", {"id": "83", "direct_cost_id": "72", "amount": "300.00"})
    world.pull(Side.SOURCE)

    world.work(push)
    assert push.state == Push.State.SET_ASIDE
    with pytest.raises(BillHeld, match="earlier version"):
        world.send(world.bill("D-8"))
    sending.send_again(push, by=world.controller, reason="it is not there")
    world.work(push)

    assert push.state == Push.State.FAILED, "this version is not sent any more"
    assert world.send(world.bill("D-8")).version == 2


def test_a_clear_refusal_of_a_resend_frees_the_bill_for_another_key(world):
    bill = world.ready_bill()
    push = world.send(bill)
    key = push.key
    world.fault(Side.LEDGER, kind="drop_before", **POST_BILL)
    _find_nothing_twice(world, push)
    world.change("vendor", "101", "inactivate")
    world.work(push)
    assert (push.state, push.cause) == (Push.State.FAILED, Push.Cause.TARGET_INACTIVE)
    world.change("vendor", "101", "reactivate")

    world.work(world.send(bill))

    push.refresh_from_db()
    assert push.state == Push.State.POSTED
    assert push.key != key


def test_a_send_takes_as_many_slots_of_the_pace_as_it_makes_calls(world):
    push = world.work(world.send(world.ready_bill()))

    calls = world.company.calls.filter(subject_type="sync.push", subject_id=push.pk)
    assert calls.count() == QuickBooksOnlineClient.traits.calls_to_find + 1


def test_a_look_up_waits_for_its_turn_as_well(world):
    push = world.send(world.ready_bill())
    world.fault(Side.LEDGER, kind="drop_after", **POST_BILL)
    world.work(push)
    pacing.pause(world.ledger, timedelta(seconds=40))

    world.work(push)

    assert push.state == Push.State.UNKNOWN
    assert push.due_at == Connection.objects.get(pk=world.ledger.pk).next_free_at


def test_a_look_up_that_is_throttled_pauses_the_connection(world):
    push = world.send(world.ready_bill())
    world.fault(Side.LEDGER, kind="drop_after", **POST_BILL)
    world.work(push)
    headers = {"Retry-After": "40"}
    world.fault(Side.LEDGER, kind="answer", status=429, headers=headers, body="", **QUERY)

    world.work(push)

    paused_until = Connection.objects.get(pk=world.ledger.pk).next_free_at
    assert paused_until - timezone.now() > timedelta(seconds=30)


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (400, {"Message": "QueryParserError", "code": "4000"}, Push.Cause.REFUSED),
        (403, {"Message": "Not allowed", "code": "5020"}, Push.Cause.REFUSED),
    ],
)
def test_a_question_that_waiting_does_not_cure_is_not_asked_for_ever(world, status, body, cause):
    push = world.send(world.ready_bill())
    answer = json.dumps({"Fault": {"type": "ValidationFault", "Error": [body]}})
    world.fault(Side.LEDGER, kind="answer", status=status, body=answer, **QUERY)

    world.work(push)

    assert (push.state, push.cause) == (Push.State.FAILED, cause)
    assert body["Message"] in push.sentence
    assert world.books() == []


@pytest.fixture(params=["10 minutes", "-10 minutes"])
def other_clock(request, world):
    """Once a bill is ready, the database's clock differs from this host's."""
    world.ready_bill()
    # Of the time before: nobody's clock is put back by ten minutes.
    Connection.objects.update(next_free_at=None)
    with database_clock(request.param):
        yield


def test_a_host_whose_clock_is_wrong_sends_at_once(world, other_clock):
    push = world.send(world.bill("KC-100"))

    tasks.push(push.pk)

    push.refresh_from_db()
    assert push.state == Push.State.POSTED


def test_how_long_ago_it_was_sent_is_told_by_the_clock_all_hosts_share(world, other_clock):
    push = world.send(world.bill("KC-100"))
    world.fault(Side.LEDGER, kind="drop_before", **POST_BILL)

    tasks.push(push.pk)
    tasks.push(push.pk)

    push = Push.objects.annotate(now=Now()).get(pk=push.pk)
    assert push.state == Push.State.UNKNOWN
    assert push.now - push.last_sent_at < timedelta(seconds=30)
    assert push.now - push.looked_at < timedelta(seconds=30)
    assert push.due_at > push.now


def _post_by_hand(world, *, number):
    """Somebody keyed the bill into QuickBooks before us."""
    from connectors import registry
    from connectors.records import OutgoingBill, OutgoingLine

    bill = world.bill("KC-100")
    ledger = registry.open_ledger(world.ledger)
    written = ledger.write_bill(
        OutgoingBill(
            vendor_id="101",
            number=number,
            bill_date=bill.bill_date,
            due_date=None,
            term_id="",
            currency="USD",
            memo="keyed by hand",
            key="",
            total=Decimal("10.00"),
            lines=(OutgoingLine(amount=Decimal("10.00"), description="x", account_id="301"),),
        )
    )
    return ledger.post_bill(written, key="by-hand").external_id


def _allow_duplicate_numbers(world):
    import requests

    requests.post(
        f"{world.quickbooks.url}/_sandbox/company",
        json={"warn_duplicate_bill_number": False},
        timeout=5,
    ).raise_for_status()


def _lose_the_answer_and_move_the_bill(world, push):
    """It was made, the answer never came, and then the bookkeeper gave it to another vendor."""
    world.fault(Side.LEDGER, kind="drop_after", **POST_BILL)
    world.work(push)
    sandbox = world.quickbooks.sandbox
    (bill,) = sandbox.entities.all("Bill")
    sandbox.entities.put("Bill", {**bill, "VendorRef": {"value": "103"}}, sandbox.now())
    _find_nothing_twice(world, push)


def _find_nothing_twice(world, push):
    if push.state == Push.State.QUEUED:
        world.work(push)
    world.work(push)
    world.let_time_pass(push, seconds=400)
    world.work(push)
    assert push.state == Push.State.QUEUED, "it is surely not there, by all we can see"


LOCKED_OUT = (
    '<IntuitResponse><Fault type="AuthenticationFault"><Error code="120"><Message>Authorization'
    " Failure</Message><Detail>You do not have access to use QuickBooks Online</Detail></Error>"
    "</Fault></IntuitResponse>"
)


def test_a_user_whom_the_ledger_locked_out_stops_the_queue_of_the_connection(world):
    """The refresh works and every call is refused: one sentence on the connection, no calls."""
    world.ready_bill()
    first, second = world.send(world.bill("KC-100")), world.send(world.bill("D-7"))
    world.fault(Side.LEDGER, kind="answer", status=401, times=99, path="/v3/*", body=LOCKED_OUT)

    world.work(first)
    calls = len(world.quickbooks.sandbox.requests_seen)
    world.work(second)

    world.ledger.refresh_from_db()
    assert world.ledger.state == Connection.State.NEEDS_CONSENT
    assert "An admin has to reconnect it" in world.ledger.problem
    assert len(world.quickbooks.sandbox.requests_seen) == calls
    assert {push.cause for push in (first, second)} == {Push.Cause.CONSENT}
    assert {push.state for push in (first, second)} == {Push.State.QUEUED}


def _subscribe(world, *, is_subscribed):
    world.quickbooks.sandbox.entities.change_company(is_subscribed=is_subscribed)


def test_a_lapsed_subscription_pauses_the_connection_and_fails_no_bill(world):
    world.ready_bill()
    first, second = world.send(world.bill("KC-100")), world.send(world.bill("D-7"))
    _subscribe(world, is_subscribed=False)

    world.work(first)
    calls = len(world.quickbooks.sandbox.requests_seen)
    world.work(second)

    world.ledger.refresh_from_db()
    assert "look at the subscription" in world.ledger.problem
    assert len(world.quickbooks.sandbox.requests_seen) == calls
    for push in (first, second):
        assert (push.state, push.cause) == (Push.State.QUEUED, Push.Cause.SUSPENDED)
        assert push.sentence == world.ledger.problem


def test_sending_goes_on_once_the_subscription_is_renewed(world):
    push = world.send(world.ready_bill())
    _subscribe(world, is_subscribed=False)
    world.work(push)
    _subscribe(world, is_subscribed=True)
    Connection.objects.filter(pk=world.ledger.pk).update(next_free_at=None)

    world.work(push)

    world.ledger.refresh_from_db()
    assert (push.state, world.ledger.problem) == (Push.State.POSTED, "")
