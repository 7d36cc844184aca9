"""One bill: what holds it and the fix in place, its way, and settling what no machine can."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from audit.models import Entry, Verb
from connectors.tests.factories import ConnectionFactory, RecordFactory
from mapping import reviewing
from mapping.models import Mapping
from sync.models import Approval, Push
from sync.tests.factories import ApprovalFactory, BillFactory, PushFactory, map_record
from sync.tests.pages import HTMX, at, text_of
from sync.views.showing import readable

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(company, controller, client_for):
    ConnectionFactory(company=company)
    return client_for(controller)


def show(browser, bill, **headers):
    return browser.get(at("bill", bill.pk), headers=headers)


def sentences(answer):
    return [row.hold.sentence for row in answer.context["page"].holds]


def test_every_hold_is_told_with_its_sentence(company, browser):
    bill = BillFactory(company=company)

    assert sentences(show(browser, bill)) == [
        f"Vendor {bill.vendor} is unmapped.",
        f"Project {bill.project} is unmapped.",
        f"Cost code {bill.lines.get().cost_code} is unmapped.",
    ]


def test_a_bill_that_nothing_holds_offers_to_send_it(company, browser):
    bill = BillFactory(company=company, ready=True)

    assert at("send", bill.pk) in text_of(show(browser, bill))


def test_a_held_bill_does_not_offer_to_send_it(company, browser):
    bill = BillFactory(company=company)

    assert at("send", bill.pk) not in text_of(show(browser, bill))


def test_an_accountant_is_told_who_can_send(company, accountant, client_for):
    ConnectionFactory(company=company)
    bill = BillFactory(company=company, ready=True)

    assert "can send bills" in text_of(show(client_for(accountant), bill))


@pytest.mark.parametrize("told", [{}, {"ready": True}, {"drafted": True}])
def test_the_page_stays_within_its_queries(company, browser, django_assert_max_num_queries, told):
    bill = BillFactory(company=company, **told)
    show(browser, bill)

    with django_assert_max_num_queries(12):
        show(browser, bill)


@pytest.mark.parametrize("state", ["posted", "set_aside", "failed"])
def test_the_page_of_a_bill_with_a_delivery_stays_within_its_queries(
    company, browser, django_assert_max_num_queries, state
):
    bill = PushFactory(bill=BillFactory(company=company, ready=True), **{state: True}).bill
    show(browser, bill)

    with django_assert_max_num_queries(12):
        show(browser, bill)


def test_the_ledger_number_leads_into_the_ledger(company, browser):
    push = PushFactory(bill=BillFactory(company=company, ready=True), posted=True)

    assert push.answer["url"] in text_of(show(browser, push.bill))


def test_what_was_sent_is_shown_digit_by_digit():
    assert '"TotalAmt": 1204.50' in readable('{"TotalAmt":1204.50}')


# --- While it is on its way -----------------------------------------------------------------------


@pytest.mark.parametrize("state", [{}, {"sending": True}, {"unknown": True}])
def test_a_bill_on_its_way_asks_again_after_two_seconds(company, browser, state):
    push = PushFactory(bill=BillFactory(company=company, ready=True), **state)

    assert 'hx-trigger="load delay:2s"' in text_of(show(browser, push.bill, **HTMX))


def test_after_a_minute_it_asks_every_ten(company, browser):
    push = PushFactory(
        bill=BillFactory(company=company, ready=True),
        asked_at=timezone.now() - timedelta(minutes=2),
    )

    assert 'hx-trigger="load delay:10s"' in text_of(show(browser, push.bill, **HTMX))


def test_a_bill_that_arrived_does_not_ask_again(company, browser):
    push = PushFactory(bill=BillFactory(company=company, ready=True), posted=True)

    assert "load delay" not in text_of(show(browser, push.bill, **HTMX))


def test_the_history_opened_directly_is_on_the_page(company, browser):
    bill = BillFactory(company=company)

    answer = browser.get(at("bill-history", bill.pk))

    assert answer["Location"] == at("bill", bill.pk) + "?history=1#history"


def test_the_history_tells_who_asked_to_send(company, controller, browser):
    bill = BillFactory(company=company, ready=True)
    browser.post(at("send", bill.pk))

    history = text_of(browser.get(at("bill-history", bill.pk), headers=HTMX))

    assert "Asked to send it" in history
    assert controller.name in history


# --- Sending --------------------------------------------------------------------------------------


def test_sending_queues_the_bill(company, browser):
    bill = BillFactory(company=company, ready=True)

    browser.post(at("send", bill.pk), {"version": 1})

    assert bill.pushes.get().state == Push.State.QUEUED


def test_sending_without_scripts_goes_back_to_the_bill(company, browser):
    bill = BillFactory(company=company, ready=True)

    assert browser.post(at("send", bill.pk))["Location"] == at("bill", bill.pk)


def test_sending_with_htmx_answers_with_the_bill(company, browser):
    bill = BillFactory(company=company, ready=True)

    answer = browser.post(at("send", bill.pk), headers=HTMX)

    assert 'id="bill"' in text_of(answer)
    assert answer["HX-Retarget"] == "#bill"


def test_a_held_bill_is_not_sent_and_says_why(company, browser):
    bill = BillFactory(company=company)

    answer = browser.post(at("send", bill.pk), headers=HTMX)

    assert answer.status_code == 422
    assert "cannot be sent" in text_of(answer)


def test_a_bill_changed_since_it_was_looked_at_is_not_sent(company, browser):
    bill = BillFactory(company=company, ready=True, version=2)

    assert browser.post(at("send", bill.pk), {"version": 1}, headers=HTMX).status_code == 409


def test_sending_twice_sends_once(company, browser):
    bill = BillFactory(company=company, ready=True)
    browser.post(at("send", bill.pk))

    assert browser.post(at("send", bill.pk), headers=HTMX).status_code == 409


def test_a_failed_bill_can_be_sent_again(company, browser):
    push = PushFactory(bill=BillFactory(company=company, ready=True), failed=True)

    browser.post(at("send", push.bill_id))

    push.refresh_from_db()
    assert (push.state, push.chain) == (Push.State.QUEUED, 2)


# --- Set aside ------------------------------------------------------------------------------------


def test_a_bill_set_aside_shows_what_was_found(company, browser):
    push = PushFactory(bill=BillFactory(company=company, ready=True), set_aside=True)

    assert 'value="881"' in text_of(show(browser, push.bill))


def test_sending_again_needs_a_reason(company, browser):
    push = PushFactory(bill=BillFactory(company=company, ready=True), set_aside=True)

    answer = browser.post(at("send-again", push.bill_id), {"reason": " "}, headers=HTMX)

    assert answer.status_code == 422
    assert "Say why" in text_of(answer)


def test_sending_again_queues_it_under_the_same_key(company, browser):
    push = PushFactory(bill=BillFactory(company=company, ready=True), set_aside=True)

    browser.post(at("send-again", push.bill_id), {"reason": "I looked, it is not there."})

    key = push.key
    push.refresh_from_db()
    assert (push.state, push.key) == (Push.State.QUEUED, key)


def test_linking_needs_a_choice(company, browser):
    push = PushFactory(bill=BillFactory(company=company, ready=True), set_aside=True)

    answer = browser.post(at("link", push.bill_id), headers=HTMX)

    assert "Choose the bill in the ledger" in text_of(answer)


def test_what_is_not_set_aside_any_more_is_not_settled_twice(company, browser):
    push = PushFactory(bill=BillFactory(company=company, ready=True), posted=True)

    answer = browser.post(at("send-again", push.bill_id), {"reason": "It is not there"})

    assert answer.status_code == 409


# --- Approval -------------------------------------------------------------------------------------


@pytest.fixture
def limit(company):
    company.settings.approval_amount = Decimal(1000)
    company.settings.save()


def test_a_bill_above_the_limit_offers_to_approve_it(company, browser, limit):
    bill = BillFactory(company=company, ready=True)

    assert at("approve", bill.pk) in text_of(show(browser, bill))


def test_approving_is_written_down(company, controller, browser, limit):
    bill = BillFactory(company=company, ready=True)

    browser.post(at("approve", bill.pk), {"version": 1})

    assert Entry.objects.get(verb=Verb.APPROVED).user == controller


def test_a_rejection_needs_a_reason(company, browser, limit):
    bill = BillFactory(company=company, ready=True)

    answer = browser.post(at("reject", bill.pk), {"note": ""}, headers=HTMX)

    assert (answer.status_code, Approval.objects.count()) == (422, 0)


def test_who_approved_it_does_not_send_it(company, controller, browser, limit):
    bill = ApprovalFactory(bill=BillFactory(company=company, ready=True), by=controller).bill

    assert sentences(show(browser, bill)) == ["You approved it, so somebody else has to send it."]


def test_a_version_nobody_looked_at_is_not_approved(company, browser, limit):
    bill = BillFactory(company=company, ready=True, version=2)

    browser.post(at("approve", bill.pk), {"version": 1})

    assert not bill.approvals.exists()


# --- The fix in place -----------------------------------------------------------------------------


def test_accepting_the_draft_answers_with_the_bill_as_it_is_now(company, browser):
    bill = BillFactory(company=company, drafted=True)

    answer = browser.post(at("accept", bill.pk, bill.vendor_id), headers=HTMX)

    assert f"Vendor {bill.vendor} is accepted, not published." in sentences(answer)


def test_accepting_and_publishing_lifts_the_hold(company, browser):
    bill = BillFactory(company=company, drafted=True)

    answer = browser.post(at("accept", bill.pk, bill.vendor_id), {"publish": "1"}, headers=HTMX)

    assert not [text for text in sentences(answer) if text.startswith("Vendor")]


def test_publishing_the_accepted_mapping_lifts_the_hold(company, browser):
    bill = BillFactory(company=company, accepted=True)

    browser.post(at("publish", bill.pk, bill.vendor_id))

    assert Mapping.objects.get(source=bill.vendor).state == Mapping.State.PUBLISHED


def test_a_draft_changed_meanwhile_is_not_accepted(company, browser):
    bill = BillFactory(company=company, drafted=True)

    answer = browser.post(at("accept", bill.pk, bill.vendor_id), {"version": 99}, headers=HTMX)

    assert answer.status_code == 409


def test_another_record_can_be_chosen(company, browser):
    bill = BillFactory(company=company)
    target = RecordFactory(company=company, in_ledger=True)

    browser.post(at("choose", bill.pk, bill.vendor_id), {"target": target.pk})

    assert Mapping.objects.get(source=bill.vendor).target == target


def test_a_record_of_another_company_cannot_be_chosen(company, browser):
    bill = BillFactory(company=company)
    theirs = RecordFactory(in_ledger=True)

    answer = browser.post(at("choose", bill.pk, bill.vendor_id), {"target": theirs.pk})

    assert answer.status_code == 409


def test_none_of_these_can_be_chosen(company, browser):
    bill = BillFactory(company=company)

    browser.post(at("choose", bill.pk, bill.vendor_id), {"target": "none", "note": "new"})

    mapping = Mapping.objects.get(source=bill.vendor)
    assert (mapping.state, mapping.note) == (Mapping.State.NO_MATCH, "new")


def test_a_record_can_be_chosen_and_published_in_one_step(company, browser):
    bill = BillFactory(company=company)
    target = RecordFactory(company=company, in_ledger=True)

    browser.post(at("choose", bill.pk, bill.vendor_id), {"target": target.pk, "publish": "1"})

    assert Mapping.objects.get(source=bill.vendor).is_in_force


def test_what_a_colleague_decided_meanwhile_is_not_overridden(company, browser, admin):
    bill = BillFactory(company=company)
    url = at("choose", bill.pk, bill.vendor_id)
    box = browser.get(url, headers=HTMX).content.decode()
    one, other = RecordFactory.create_batch(2, company=company, in_ledger=True)
    reviewing.override(bill.vendor, one, by=admin)

    answer = browser.post(url, {"target": other.pk, "version": 0}, headers=HTMX)

    assert 'name="version" value="0"' in box
    assert answer.status_code == 409
    assert Mapping.objects.get(source=bill.vendor).target == one


@pytest.mark.parametrize(
    "sent", [{"q": "delto"}, {"target": "²"}, {"target": "9" * 25}, {"target": "a\x00b"}]
)
def test_saving_without_a_choice_keeps_the_box_open(sent, company, browser):
    bill = BillFactory(company=company)

    answer = browser.post(at("choose", bill.pk, bill.vendor_id), sent, headers=HTMX)

    assert answer.status_code == 422
    assert answer["HX-Retarget"] == f"#choose-at-{bill.vendor_id}"


def test_without_scripts_choosing_happens_on_the_mapping_pages(company, browser):
    bill = BillFactory(company=company)

    assert "/mappings/" in browser.get(at("choose", bill.pk, bill.vendor_id))["Location"]


def test_a_line_shows_its_ledger_target(company, browser):
    bill = BillFactory(company=company)
    mapping = map_record(bill.lines.get().cost_code)

    assert mapping.target.label in text_of(show(browser, bill))


# --- One project that differs ---------------------------------------------------------------------


def test_a_line_that_lacks_a_mapping_may_get_one_for_its_project_only(company, browser):
    bill = BillFactory(company=company)
    code = bill.lines.get().cost_code

    page = text_of(show(browser, bill))

    assert f"{at('choose', bill.pk, code.pk)}?only=1" in page
    assert f"Only in {bill.project.name}" in page
    assert f"{at('choose', bill.pk, bill.vendor_id)}?only=1" not in page


def test_what_is_chosen_for_its_project_holds_for_no_other(company, browser):
    bill = BillFactory(company=company)
    code, target = bill.lines.get().cost_code, RecordFactory(company=company, account=True)
    other = BillFactory(company=company, cost_code=code)

    box = text_of(browser.get(at("choose", bill.pk, code.pk), {"only": "1"}, headers=HTMX))
    sent = {"target": target.pk, "only": "1", "publish": "1"}
    browser.post(at("choose", bill.pk, code.pk), sent)

    assert '<input type="hidden" name="only" value="1">' in box
    own = Mapping.objects.get(kind="override")
    assert (own.target, own.state, own.source.part_project) == (target, "published", bill.project)
    assert not any("Cost code" in said for said in sentences(show(browser, bill)))
    assert f"Cost code {code} is unmapped." in sentences(show(browser, other))


def test_a_project_cannot_go_by_no_record_at_all(company, browser):
    bill = BillFactory(company=company)
    code = bill.lines.get().cost_code
    sent = {"target": "none", "only": "1"}

    answer = browser.post(at("choose", bill.pk, code.pk), sent, headers=HTMX)

    assert (answer.status_code, Mapping.objects.filter(kind="override").exists()) == (422, False)


def test_without_scripts_a_project_differs_on_a_page_of_its_own(company, browser):
    bill = BillFactory(company=company)
    code = bill.lines.get().cost_code

    answer = browser.get(at("choose", bill.pk, code.pk), {"only": "1"})

    assert f"/projects/?project={bill.project_id}" in answer["Location"]
    page = browser.get(answer["Location"])
    assert f'<option value="{bill.project_id}" selected>' in page.text


def test_a_vendor_is_chosen_for_all_projects_whatever_is_asked(company, browser):
    bill = BillFactory(company=company)
    target = RecordFactory(company=company, in_ledger=True)

    browser.post(at("choose", bill.pk, bill.vendor_id), {"target": target.pk, "only": "1"})

    assert Mapping.objects.get().source == bill.vendor
