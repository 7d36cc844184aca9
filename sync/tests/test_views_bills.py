"""The list: tabs, filters, blockers, and sending what is ready."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest

from common.seen import fingerprint
from companies.tests.factories import MembershipFactory
from connectors.tests.factories import ConnectionFactory, RecordFactory
from mapping.tests.factories import MappingFactory
from sync.counting import Place, Total
from sync.models import Push, Run
from sync.tests.factories import ApprovalFactory, BillFactory, PushFactory, map_record
from sync.tests.pages import HTMX, at, text_of

pytestmark = pytest.mark.django_db
ONE = Total(1, Decimal("1204.50"))


@pytest.fixture
def page(controller, client_for):
    ConnectionFactory(company=controller.memberships.get().company)
    browser = client_for(controller)

    def get(query="", **headers):
        return browser.get(at("bills") + query, headers=headers)

    return get


def totals(response):
    return response.context["listing"].totals


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ({"ready": True}, Place.READY),
        ({"accepted": True}, Place.NEEDS_PUBLISHING),
        ({}, Place.UNMAPPED),
        ({"ready": True, "fault": "not_approved"}, Place.HELD),
    ],
)
def test_a_bill_never_sent_is_counted_where_it_is_held(company, page, told, place):
    BillFactory(company=company, **told)

    assert totals(page())[place] == ONE


@pytest.mark.parametrize(
    ("state", "place"),
    [
        ({}, Place.ON_ITS_WAY),
        ({"sending": True}, Place.ON_ITS_WAY),
        ({"unknown": True}, Place.ON_ITS_WAY),
        ({"posted": True}, Place.SENT),
        ({"failed": True}, Place.FAILED),
        ({"set_aside": True}, Place.FAILED),
    ],
)
def test_a_bill_once_asked_to_be_sent_is_counted_by_its_delivery(company, page, state, place):
    PushFactory(bill=BillFactory(company=company, ready=True), **state)

    assert totals(page())[place] == ONE


@pytest.mark.parametrize("place", list(Place))
def test_each_tab_lists_what_it_counts(company, page, place):
    BillFactory(company=company, ready=True)
    BillFactory(company=company, accepted=True)
    BillFactory(company=company)
    BillFactory(company=company, ready=True, fault="gone")
    for state in ({}, {"posted": True}, {"failed": True}):
        PushFactory(bill=BillFactory(company=company, ready=True), **state)

    answer = page(f"?tab={place.value}")

    assert [row.place for row in answer.context["rows"]] == [place] * totals(answer)[place].bills


def test_a_refusal_of_an_earlier_version_says_nothing_about_this_one(company, page):
    bill = BillFactory(company=company, ready=True, version=2)
    PushFactory(bill=bill, version=1, failed=True)

    assert totals(page())[Place.READY] == ONE


def test_a_bill_in_a_closed_period_is_held(company, page):
    BillFactory(company=company, ready=True, bill_date=date(2026, 6, 30))
    company.settings.closed_through = date(2026, 6, 30)
    company.settings.save()

    answer = page("?tab=held")

    assert answer.context["rows"][0].held_by.text == "the period is closed"


def test_a_bill_above_the_limit_waits_for_approval(company, page):
    BillFactory(company=company, ready=True)
    company.settings.approval_amount = Decimal(1000)
    company.settings.save()

    assert totals(page())[Place.HELD] == ONE


def test_an_approved_bill_is_ready(company, page):
    ApprovalFactory(bill=BillFactory(company=company, ready=True))
    company.settings.approval_amount = Decimal(1000)
    company.settings.save()

    assert totals(page("?tab=ready"))[Place.READY] == ONE


def test_the_first_thing_that_holds_a_bill_is_its_vendor(company, page):
    bill = BillFactory(company=company)

    held = page("?tab=unmapped").context["rows"][0].held_by

    assert (held.text, held.more) == (f"vendor {bill.vendor.name}, unmapped", 2)


def test_what_was_undone_holds_as_unmapped(company, page):
    bill = BillFactory(company=company)
    MappingFactory(company=company, source=bill.vendor, no_draft=True)

    held = page("?tab=unmapped").context["rows"][0].held_by

    assert held.text == f"vendor {bill.vendor.name}, unmapped"


def test_what_is_in_force_does_not_hold(company, page):
    bill = BillFactory(company=company)
    map_record(bill.vendor)

    held = page("?tab=unmapped").context["rows"][0].held_by

    assert held.text == f"project {bill.project.name}, unmapped"


def test_a_failed_bill_says_its_cause(company, page):
    PushFactory(bill=BillFactory(company=company, ready=True), failed=True)

    assert page("?tab=failed").context["rows"][0].held_by.text == "The period is closed"


def test_the_link_to_what_waits_for_approval_lists_just_that(company, page):
    waiting = BillFactory(company=company, ready=True)
    BillFactory(company=company, ready=True, fault="gone")
    company.settings.approval_amount = Decimal(1000)
    company.settings.save()

    rows = page("?tab=held&by=approval").context["rows"]

    assert [row.bill for row in rows] == [waiting]


def test_tabs_name_money_in_the_companys_currency(company, page):
    company.settings.currency = "CAD"
    company.settings.save()
    BillFactory(company=company, total=Decimal("1000.00"), currency="CAD")

    shown = page("?tab=all").content.decode()

    tabs = shown[shown.index('class="tabs"') :]
    assert "CA$1,000.00" in tabs[: tabs.index("</nav>")]


@pytest.mark.parametrize("what", ["number", "vendor", "project"])
def test_search_finds_a_bill_by(company, page, what):
    bill = BillFactory(company=company, number="KC-77")
    BillFactory(company=company, number="ZZ-1")
    words = {"number": "kc-77", "vendor": bill.vendor.name, "project": bill.project.name}[what]

    found = page(f"?tab=all&q={words}").context["rows"]

    assert [row.bill for row in found] == [bill]


@pytest.mark.parametrize("name", ["vendor", "project", "record"])
def test_filters_narrow_to_one_record(company, page, name):
    bill = BillFactory(company=company)
    BillFactory(company=company)
    pk = bill.project_id if name == "project" else bill.vendor_id

    assert [row.bill for row in page(f"?tab=all&{name}={pk}").context["rows"]] == [bill]


@pytest.mark.parametrize("sort", ["-total", "total", "vendor", "number", "bill_date"])
def test_each_sort_lists_every_bill(company, page, sort):
    BillFactory.create_batch(3, company=company)

    assert len(page(f"?tab=all&sort={sort}").context["rows"]) == 3


def test_the_largest_bill_comes_first_when_asked(company, page):
    BillFactory(company=company)
    large = BillFactory(company=company, line_amounts=(Decimal(9000),))

    assert page("?tab=all&sort=-total").context["rows"][0].bill == large


def test_what_the_address_does_not_know_counts_as_not_asked_for(page):
    assert page("?tab=nowhere&vendor=x&sort=y&page=-3").status_code == 200


def test_htmx_gets_the_results_only(page):
    assert "<html" not in text_of(page(**HTMX))


def test_the_list_stays_within_its_queries(company, page, django_assert_max_num_queries):
    for _ in range(5):
        BillFactory(company=company)
    page()

    with django_assert_max_num_queries(12):
        page("?tab=unmapped")


# --- By blocker -----------------------------------------------------------------------------------


def test_a_blocker_says_how_many_bills_and_how_much_money_it_holds(company, page):
    vendor = RecordFactory(company=company)
    BillFactory.create_batch(2, company=company, vendor=vendor)

    first = page("?view=blocker").context["blockers"][0]

    assert (first.need.record, first.bills, first.amount) == (vendor.pk, 2, Decimal("2409.00"))


def test_a_blocker_leads_to_the_bills_it_holds(company, page):
    bill = BillFactory(company=company)
    BillFactory(company=company)
    blocker = next(
        row
        for row in page("?view=blocker").context["blockers"]
        if row.need.record == bill.vendor_id
    )

    found = page("?" + blocker.bills_url.partition("?")[2]).context["rows"]

    assert [row.bill for row in found] == [bill]


def test_a_bill_that_was_sent_is_held_by_nothing(company, page):
    PushFactory(bill=BillFactory(company=company), posted=True)

    assert page("?view=blocker").context["blockers"] == []


# --- Sending what is ready ------------------------------------------------------------------------


@pytest.fixture
def browser(controller, client_for):
    ConnectionFactory(company=controller.memberships.get().company)
    return client_for(controller)


def seen(browser, *ticked):
    """What the dialog showed, as its form says it."""
    page = browser.get(at("send-all"), {"ids": [bill.pk for bill in ticked]}, headers=HTMX)
    return page.context["seen"]


def test_before_sending_count_and_total_are_shown(company, browser):
    BillFactory.create_batch(2, company=company, ready=True)

    page = text_of(browser.get(at("send-all"), headers=HTMX))

    assert "Send 2 bills" in page
    assert "$2,409.00" in page


def test_what_is_ticked_is_sent(company, browser):
    chosen, _other = BillFactory.create_batch(2, company=company, ready=True)

    browser.post(at("send-all"), {"ids": [chosen.pk], "seen": seen(browser, chosen)})

    assert [push.bill for push in Push.objects.all()] == [chosen]


def test_all_that_is_ready_is_sent(company, browser):
    BillFactory.create_batch(2, company=company, ready=True)
    BillFactory(company=company)

    browser.post(at("send-all"), {"seen": seen(browser)})

    assert Push.objects.count() == 2


def test_sending_without_scripts_leads_to_the_run(company, browser):
    BillFactory(company=company, ready=True)

    answer = browser.post(at("send-all"), {"seen": seen(browser)})

    assert answer["Location"] == at("run", Run.objects.get().pk)


def test_sending_with_htmx_leads_to_the_run(company, browser):
    BillFactory(company=company, ready=True)

    answer = browser.post(at("send-all"), {"seen": seen(browser)}, headers=HTMX)

    assert answer["HX-Redirect"] == at("run", Run.objects.get().pk)


def test_when_a_bill_changed_meanwhile_nothing_is_sent_and_the_dialog_comes_anew(company, browser):
    bill, _other = BillFactory.create_batch(2, company=company, ready=True)
    looked_at = seen(browser)
    bill.version += 1
    bill.save()

    answer = browser.post(at("send-all"), {"seen": looked_at}, headers=HTMX)

    assert not Push.objects.exists()
    assert (answer.status_code, answer["HX-Retarget"]) == (409, "#dialog")
    assert "The bills changed meanwhile. Now 2 can be sent." in text_of(answer)


def test_another_bill_in_the_place_of_one_that_was_shown_is_not_sent(company, browser):
    bill = BillFactory(company=company, ready=True)
    looked_at = seen(browser)
    bill.delete()
    BillFactory(company=company, ready=True)

    browser.post(at("send-all"), {"seen": looked_at}, headers=HTMX)

    assert not Push.objects.exists()


def test_a_bill_of_another_company_is_not_among_those_sent(company, browser):
    theirs = BillFactory(ready=True)

    browser.post(at("send-all"), {"ids": [theirs.pk], "seen": fingerprint([(theirs.pk, 1)])})

    assert not Push.objects.exists()


def test_a_bill_that_waits_for_approval_is_not_sent_with_the_others(company, browser):
    BillFactory(company=company, ready=True)
    company.settings.approval_amount = Decimal(1000)
    company.settings.save()

    assert "Nothing to send" in text_of(browser.get(at("send-all"), headers=HTMX))


# --- As a file ------------------------------------------------------------------------------------


def test_the_file_has_a_row_for_each_bill_shown(company, browser):
    bill = BillFactory(company=company)
    PushFactory(bill=BillFactory(company=company, ready=True), posted=True)

    answer = browser.get(at("export") + "?tab=unmapped")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))

    assert [row[0] for row in rows[1:]] == [bill.number]


def test_a_member_of_two_companies_sees_one_at_a_time(company, controller, browser):
    other = MembershipFactory(user=controller).company
    theirs = BillFactory(company=other)

    assert theirs.number not in text_of(browser.get(at("bills") + "?tab=all"))
