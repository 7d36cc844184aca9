"""The main path in a browser that runs no scripts: every decision is a real form."""

import pytest

from sync.models import Push
from tests.browser.builder import OTHERS
from tests.browser.hands import counts


@pytest.fixture(scope="module")
def page(builder, open_window):
    return open_window(builder.controller, java_script_enabled=False)


@pytest.fixture(scope="module")
def vendors(builder):
    return f"{builder.at}/mappings/vendors/"


def test_a_draft_is_accepted(page, builder, vendors):
    page.goto(vendors)
    row = f"#mapping-{builder.record('vendor', '1000').pk}"

    page.locator(f"{row}-main").click()

    page.wait_for_url(f"**{vendors}**")
    assert counts(page)["Accepted"] == 1
    assert "accepted" in page.locator("#messages").inner_text()


def test_a_draft_is_overridden_on_a_page_of_its_own(page, builder, vendors):
    page.goto(vendors)
    page.locator(f"#mapping-{builder.record('vendor', '1006').pk}-override").click()
    page.locator("input[type=search]").fill("bright")
    page.locator("input[type=search]").press("Enter")

    page.get_by_role("radio", name=OTHERS).check()
    page.get_by_role("button", name="Save override").click()

    mapping = builder.mapping("vendor", "1006")
    assert (mapping.state, mapping.target.name) == ("accepted", OTHERS)


def test_saving_an_override_without_a_pick_says_what_is_missing(page, builder):
    page.goto(f"{builder.at}/mappings/vendors/{builder.record('vendor', '1007').pk}/override/")

    page.get_by_role("button", name="Save override").click()

    assert "Choose a vendor" in page.locator(".form-errors").inner_text()


def test_what_was_decided_is_published(page, builder):
    builder.accept_all()
    page.goto(f"{builder.at}/mappings/publish/")

    page.locator("#publish-now").click()

    page.wait_for_url("**/mappings/publications/1/")
    assert "published as no. 1" in page.locator("#messages").inner_text()


def test_ready_bills_are_sent(page, builder):
    page.goto(f"{builder.at}/bills/?tab=ready")
    ready = counts(page)["Ready"]
    page.locator("#send-all").click()

    page.get_by_role("button", name=f"Send {ready} bills").click()

    page.wait_for_url("**/runs/*/")
    for push in Push.objects.all():
        builder.work(push, times=3)
    page.reload()
    assert f"{ready} of {ready} bills" in page.locator("#run").inner_text()
    assert page.locator("#run .panel .status").inner_text() == "Done"
    assert len(builder.books()) == ready
