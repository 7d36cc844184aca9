"""What happens beside the path: Back, an ended session, a dead ledger, two people, a slow line."""

import time

import pytest
from playwright.sync_api import expect

from mapping import reviewing
from mapping.models import Mapping
from tests.browser.hands import (
    counted,
    counts,
    focused,
    held_back,
    listened_in,
    main_of,
    rows,
    settled,
    tab_to,
    undecided,
)


@pytest.fixture(scope="module")
def vendors(builder):
    return f"{builder.at}/mappings/vendors/"


@pytest.fixture
def page(builder, open_window):
    page = listened_in(open_window(builder.controller))
    yield page
    page.context.close()


def test_filters_are_in_the_address_and_back_returns_a_whole_page(page, vendors):
    page.goto(vendors)
    page.keyboard.press("/")
    page.keyboard.type("harbor")
    page.wait_for_url("**q=harbor**")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    page.locator("#tab-2").click()
    page.wait_for_url("**tab=accepted**")

    page.go_back()

    page.wait_for_url("**q=harbor**")
    page.locator("header.top").wait_for()
    expect(page.locator("tr[data-row]")).to_have_count(1)
    assert page.locator("h1").inner_text() == "Vendors"
    assert page.locator("input[type=search]").input_value() == "harbor"
    page.go_back()
    page.locator("header.top").wait_for()
    page.locator("tr[data-row]").nth(5).wait_for()
    assert page.complaints == []


def test_the_address_of_a_filter_opens_the_same_list_elsewhere(page, vendors):
    page.goto(f"{vendors}?q=harbor&sort=confidence")

    assert len(rows(page)) == 1
    assert page.locator("input[type=search]").input_value() == "harbor"


def test_back_returns_a_whole_page_to_bills_too(page, builder):
    page.goto(f"{builder.at}/bills/")
    page.locator("#tab-3").click()
    page.wait_for_url("**tab=unmapped**")
    page.locator("#view-blocker").click()
    page.wait_for_url("**view=blocker**")

    page.go_back()

    page.wait_for_url("**tab=unmapped**")
    page.locator("#filters").wait_for()
    assert page.locator("header.top").count() == 1
    assert page.locator("h1").count() == 1


def test_a_session_that_ended_leads_to_sign_in_and_back_to_where_one_was(page, builder, vendors):
    page.goto(f"{vendors}?q=cedar")
    row = undecided(page)[0]
    tab_to(page, main_of(page, row))
    page.context.clear_cookies(name="session")

    page.keyboard.press("a")

    page.wait_for_url("**/account/login/**")
    page.locator("#id_login").fill(builder.controller.email)
    page.locator("#id_password").fill(builder.password)
    page.locator("#id_password").press("Enter")
    page.wait_for_url(f"**{vendors}?q=cedar")
    assert row in undecided(page)


def test_two_people_accept_the_same_row_and_the_second_is_told(page, builder, vendors):
    row = f"mapping-{builder.record('vendor', '1002').pk}"
    page.goto(vendors)
    reviewing.accept(builder.mapping("vendor", "1002"), by=builder.admin)
    page.locator(f"#{row}-main").focus()

    with page.expect_response("**/accept/") as answer:
        page.keyboard.press("a")
    settled(page)

    assert answer.value.status == 409
    text = page.locator(f"#{row}").inner_text()
    assert "Priya Shah" in text
    assert "Yours was not saved" in text
    assert "Accepted, not published" in text
    page.locator("#announce", has_text="Priya Shah").wait_for()


def test_an_error_of_the_server_leaves_the_row_as_it_was(page, builder, vendors):
    page.goto(vendors)
    row = undecided(page)[0]
    page.route("**/accept/", lambda route: route.fulfill(status=503, body=""))
    page.locator(f"#{main_of(page, row)}").focus()

    page.keyboard.press("a")
    settled(page)

    assert row in undecided(page)
    page.locator("#alerts", has_text="Not saved. Try again.").wait_for()


def test_the_line_being_dead_is_said(page, vendors):
    page.goto(vendors)
    row = undecided(page)[0]
    page.route("**/accept/", lambda route: route.abort())
    page.locator(f"#{main_of(page, row)}").focus()

    page.keyboard.press("a")
    settled(page)

    assert row in undecided(page)
    page.locator("#alerts", has_text="No connection. Nothing was saved.").wait_for()


def test_a_slow_line_loses_no_key_of_a_fast_series(page, builder, vendors):
    def late(route):
        time.sleep(0.15)
        route.continue_()

    page.goto(vendors)
    wanted = [
        row
        for row in undecided(page)
        if page.locator(f"#{row} [data-key=a]").count()
    ][:20]  # fmt: skip
    assert len(wanted) == 20
    before = counts(page)["Accepted"]
    page.route("**/accept/", late)
    page.locator(f"#{wanted[0]}-main").focus()

    for row in wanted:
        assert focused(page) == f"{row}-main"
        page.keyboard.press("a")
    settled(page)

    pks = [int(row.removeprefix("mapping-")) for row in wanted]
    accepted = Mapping.objects.filter(source_id__in=pks, state=Mapping.State.ACCEPTED)
    assert accepted.count() == 20
    counted(page, "Accepted", before + 20)
    assert page.complaints == []


def test_what_is_typed_ahead_of_the_override_box_lands_in_it(page, vendors):
    page.goto(vendors)
    row, below = undecided(page)[:2]
    page.locator(f"#{main_of(page, row)}").focus()

    with held_back(page, "**/override/"):
        page.keyboard.press("o")
        page.keyboard.type("all")
        page.keyboard.press("Backspace")

    page.locator(f"#{row}-pick").wait_for()
    assert page.locator(f"#{row}-pick").input_value() == "al"
    page.locator(f"#{row}-pick-list [role=option]").first.wait_for()
    assert [row, below] == undecided(page)[:2]


def test_a_number_pressed_ahead_of_the_candidates_takes_one_of_them(page, vendors):
    page.goto(vendors)
    row = next(row for row in undecided(page) if page.locator(f"#{row} [data-key=a]").count())
    page.locator(f"#{row}-main").focus()

    with held_back(page, "**/compare/"):
        page.keyboard.press("e")
        page.keyboard.press("1")

    expect(page.locator(f"#{row}[data-undecided]")).to_have_count(0)


def test_what_is_pressed_on_a_row_that_is_being_saved_waits_for_it(page, vendors):
    page.goto(vendors)
    row, below = undecided(page)[:2]
    page.locator(f"#{main_of(page, row)}").focus()

    with held_back(page, "**/leave/"):
        page.keyboard.press("l")
        page.keyboard.press("Control+z")
        assert page.locator(f"#{row}[aria-busy]").count() == 1

    expect(page.locator(f"#{row}[data-undecided]:not([aria-busy])")).to_have_count(1)
    settled(page)
    assert [row, below] == undecided(page)[:2]
    assert focused(page) == main_of(page, row)


def test_p_leads_to_publishing_also_from_a_row_that_is_being_saved(page, builder, vendors):
    page.goto(vendors)
    page.locator(f"#{main_of(page, undecided(page)[0])}").focus()
    page.keyboard.press("l")
    settled(page)
    page.keyboard.press("k")
    page.route("**/undo/", lambda route: None)  # no answer comes

    page.keyboard.press("u")
    page.keyboard.press("p")

    page.wait_for_url(f"**{builder.at}/mappings/publish/")
    page.unroute_all(behavior="ignoreErrors")


def test_undo_with_control_z_takes_the_last_decision_back(page, vendors):
    page.goto(vendors)
    row = undecided(page)[0]
    page.locator(f"#{main_of(page, row)}").focus()
    page.keyboard.press("l")
    settled(page)

    page.keyboard.press("Control+z")
    settled(page)

    assert row in undecided(page)


def test_a_dead_ledger_is_said_on_the_bill_and_nothing_is_lost(page, builder):
    builder.map_all()
    bill = builder.bill("D-7")
    page.goto(bill.get_absolute_url())
    builder.quickbooks.stop()
    page.locator("#send").click()
    page.locator("dialog[open] button[type=submit]").click()
    page.locator("#delivery").wait_for()

    builder.work(bill.pushes.get(), times=1)
    page.goto(bill.get_absolute_url())

    assert "QuickBooks" in page.locator("#delivery").inner_text()
    push = bill.pushes.get()
    assert push.sentence in page.locator("#delivery").inner_text()
    assert push.state in {"queued", "sending", "unknown"}
    assert push.due_at is not None
