"""The wizard by keyboard alone, in each way a system can be tied, against the sandboxes.

With WIZARD_PICTURES set to a folder, what is seen is kept there as pictures.
"""

import os
from contextlib import ExitStack
from pathlib import Path
from threading import Thread

import pytest
import requests
from django.core import mail
from playwright.sync_api import expect

from common.choices import Side, System
from companies.models import Role
from companies.tests.factories import CompanyFactory, MembershipFactory
from connectors.models import Connection
from connectors.quickbooks_desktop.sandbox import QuickBooksDesktopSandbox
from connectors.sage_intacct.sandbox import SageIntacctSandbox
from connectors.sandboxing import serve
from mapping import drafting
from sync import tasks
from sync.models import RecordCreation, Run
from tests.browser.builder import Settings, a_builder
from tests.browser.hands import settled, tab_to
from tests.browser.test_axe import AXE, SIDEWAYS, Walk, told

PACKAGES = Path(__file__).parents[2] / "connectors"
SEEDS = {
    SageIntacctSandbox: PACKAGES / "sage_intacct" / "tests" / "seed",
    QuickBooksDesktopSandbox: PACKAGES / "quickbooks_desktop" / "tests" / "sandbox_seed",
}
PICTURES = os.environ.get("WIZARD_PICTURES", "")


@pytest.fixture(scope="module")
def world(db, site):
    """The sandboxes; nobody is connected to them but one builder of others' tests."""
    with a_builder() as builder, ExitStack() as stack:
        changed = Settings(stack)
        changed.PUBLIC_URL = site
        intacct = serve(SageIntacctSandbox(seed=SEEDS[SageIntacctSandbox]))
        desktop = serve(
            QuickBooksDesktopSandbox(seed=SEEDS[QuickBooksDesktopSandbox], pause_seconds=0.2)
        )
        stack.callback(intacct.stop)
        stack.callback(desktop.stop)
        changed.SAGE_INTACCT = {
            **changed.SAGE_INTACCT,
            "api_url": f"{intacct.url}/ia/xml/xmlgw.phtml",
            "app_url": intacct.url,
        }
        builder.intacct, builder.desktop = intacct, desktop
        yield builder


@pytest.fixture(scope="module")
def look():
    """Axe in four ways, sideways scrolling, complaints of the browser; and a picture of each."""
    walk = Walk()
    yield walk
    assert not walk.axe, told(walk.axe)
    assert not walk.sideways, told(walk.sideways)
    assert not walk.complaints, told(walk.complaints)


@pytest.fixture
def newcomer(world):
    """An admin of a company that has nothing yet."""
    company = CompanyFactory(name="Cobalt Ridge Builders")
    admin = MembershipFactory(company=company, role=Role.ADMIN, user__name="Priya Shah").user
    admin.company, admin.at = company, f"/c/{company.slug}"
    return admin


@pytest.fixture
def page(newcomer, open_window):
    page = open_window(newcomer)
    page.context.add_init_script(AXE)
    return page


def see(page, look, name):
    # A form that is answered by 422, and the sandbox's pages, which have no picture of their own.
    page.complaints[:] = [each for each in page.complaints if "Failed to load" not in each]
    look.look(page, name)
    assert page.evaluate(SIDEWAYS) == ""
    if PICTURES:
        for width, height in ((1280, 900), (375, 800)):
            page.set_viewport_size({"width": width, "height": height})
            page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)
        page.set_viewport_size({"width": 1280, "height": 900})


def press(page, wanted):
    tab_to(page, wanted)
    page.keyboard.press("Enter")


def type_in(page, wanted, text):
    tab_to(page, wanted)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def consent(page, newcomer, button, comes_back_to):
    """Over there and back."""
    press(page, "go")
    page.wait_for_url("http://127.0.0.1:*/**")
    page.get_by_role("button", name=button).first.press("Enter")
    page.wait_for_url(f"**{newcomer.at}{comes_back_to}")


def pulled(world, company):
    """What the worker does."""
    for run in Run.objects.filter(company=company, state=Run.State.RUNNING).order_by("-pk"):
        world.finish_pull(run)
    for run in company.suggestion_runs.filter(state="waiting"):
        drafting.draft(run)


def test_consent_on_both_sides_leads_to_the_first_drafts(world, newcomer, page, look):
    at = newcomer.at
    page.goto(f"{at}/settings/connections/")
    see(page, look, "connections-new")
    press(page, "set-up")
    page.wait_for_url(f"**{at}/settings/connections/set-up/source/")
    see(page, look, "choose-source")
    press(page, "procore-choose")
    see(page, look, "consent-procore")
    consent(page, newcomer, "Allow", "/settings/connections/set-up/ledger/")
    see(page, look, "choose-ledger")

    page.go_back()
    page.goto(f"{at}/settings/connections/set-up/")
    expect(page).to_have_url(f"{page.url.split('/c/')[0]}{at}/settings/connections/set-up/ledger/")

    press(page, "quickbooks_online-choose")
    see(page, look, "consent-quickbooks-online")
    consent(page, newcomer, "Connect", "/settings/connections/set-up/pull/")
    see(page, look, "first-pull")
    press(page, "pull-now")
    expect(page.locator("#first-pull")).to_contain_text("we mail you when it is done")
    see(page, look, "first-pull-under-way")
    mail.outbox.clear()
    page.goto(f"{at}/")  # leaving is safe
    pulled(world, newcomer.company)

    assert [message.to for message in mail.outbox] == [[newcomer.email]]
    assert "first pull is done" in mail.outbox[0].subject
    page.goto(f"{at}/settings/connections/set-up/")
    page.wait_for_url(f"**{at}/settings/connections/set-up/drafts/")
    see(page, look, "first-drafts")
    press(page, "review-vendors")
    page.wait_for_url(f"**{at}/mappings/vendors/")
    page.goto(f"{at}/settings/connections/")
    see(page, look, "connections-healthy")

    press(page, "source-pause")
    page.locator("dialog[open]").wait_for()
    see(page, look, "pause")
    press(page, "pause-now")
    expect(page.locator("#source")).to_contain_text("Paused by Priya Shah")
    Connection.objects.filter(company=newcomer.company, side=Side.LEDGER).update(
        state=Connection.State.NEEDS_CONSENT, problem=""
    )
    page.goto(f"{at}/settings/connections/")
    see(page, look, "connections-broken")
    press(page, "source-resume")
    settled(page)
    expect(page.locator("#source")).to_contain_text("Working")


def test_credentials_are_tried_and_the_setup_is_checked(world, newcomer, page, look):
    at = newcomer.at
    page.goto(f"{at}/settings/connections/set-up/ledger/")
    press(page, "sage_intacct-choose")
    see(page, look, "credentials-intacct")
    type_in(page, "id_company_id", "acme-homes")
    type_in(page, "id_user_id", "xml_tieout")
    type_in(page, "id_password", "wrong")
    press(page, "try")
    page.locator(".form-errors").wait_for()
    see(page, look, "credentials-intacct-wrong")
    assert page.locator("#id_user_id").input_value() == "xml_tieout"
    assert page.locator("#id_password").input_value() == ""

    type_in(page, "id_password", "user-canary-81")
    press(page, "try")
    page.wait_for_url(f"**{at}/settings/connections/set-up/source/")
    connection = newcomer.company.connections.get()
    assert connection.system == System.SAGE_INTACCT
    page.goto(f"{at}/settings/connections/{connection.pk}/check/")
    press(page, "check-now")
    page.locator(".checks").wait_for()
    see(page, look, "check-intacct")


def test_a_connector_file_waits_for_its_first_call(world, newcomer, page, look):
    at = newcomer.at
    page.goto(f"{at}/settings/connections/set-up/ledger/")
    press(page, "quickbooks_desktop-choose")
    see(page, look, "make-connector")
    press(page, "make")
    page.locator("#the-password").wait_for()
    see(page, look, "connector-password")
    password = page.locator("#the-password").inner_text()
    tab_to(page, "download")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    qwc = Path(download.value.path()).read_text(encoding="utf-8")
    assert password not in qwc

    page.goto(f"{at}/settings/connections/set-up/ledger/")
    press(page, "go-on")
    expect(page.locator("#heard")).to_contain_text("Waiting for its first call")
    assert page.locator("#the-password").count() == 0
    see(page, look, "connector-waiting")
    console = f"{world.desktop.url}/_sandbox"
    added = requests.post(
        f"{console}/applications", json={"qwc": qwc, "password": password}, timeout=60
    )
    assert added.status_code == 200, added.text
    # It stays on the line for a while, as the real one does while work may come.
    run = Thread(target=requests.post, args=(f"{console}/run",), kwargs={"json": {}})
    run.start()

    # The page looks again by itself.
    expect(page.locator("#heard")).to_contain_text("Last heard", timeout=20_000)
    run.join(timeout=200)
    assert not run.is_alive()
    press(page, "go-on")
    page.wait_for_url(f"**{at}/settings/connections/set-up/source/")


def test_two_ways_say_what_each_means(world, newcomer, page, look):
    at = newcomer.at
    page.goto(f"{at}/settings/connections/set-up/source/")
    press(page, "buildertrend-choose")
    see(page, look, "two-ways")
    press(page, "files-choose")
    see(page, look, "files")
    type_in(page, "id_name", "Cobalt Ridge")
    press(page, "name-files")
    page.wait_for_url(lambda there: "/connect/files/" not in there)
    assert newcomer.company.connections.get().name == "Cobalt Ridge"
    see(page, look, "files-named")


def test_what_the_ledger_lacks_is_created_by_keyboard(world, open_window, look):
    world.pull_and_draft()
    page = open_window(world.controller)
    page.context.add_init_script(AXE)
    source = world.record("vendor", "13")
    page.goto(f"{world.at}/mappings/vendors/{source.pk}/")
    see(page, look, "mapping-without-counterpart")
    press(page, "create")
    page.locator("#check").wait_for()
    see(page, look, "create")
    type_in(page, "id_name", "Alder Health")
    press(page, "check")
    expect(page.locator("h1")).to_contain_text("has this name already")
    see(page, look, "create-name-taken")
    press(page, "change")
    page.locator("#check").wait_for()
    type_in(page, "id_name", "Nowhere Supply")
    press(page, "check")
    page.locator("#create-now").wait_for()
    see(page, look, "create-preview")
    press(page, "create-now")
    page.wait_for_url("**/creations/*/")
    see(page, look, "creation-waiting")
    tasks.create_record(RecordCreation.objects.get().pk)
    # The page looks again by itself.
    expect(page.locator("#creation")).to_contain_text("accepted as the counterpart")
    see(page, look, "creation-done")
    press(page, "back")
    page.wait_for_url(f"**/mappings/vendors/{source.pk}/")
    expect(page.locator("main")).to_contain_text("Overridden, not published")
