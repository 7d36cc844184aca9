"""Every page, walked once: what axe finds, what scrolls sideways, what the browser complains of.

Pages come from the resolver, so a new one joins by itself. Each is looked at light and dark, wide
and narrow.
"""

import json
import time
from collections import defaultdict
from itertools import product
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.template.loader import render_to_string
from django.test import Client

from audit.models import Entry
from common.choices import System
from companies import inviting, tokens
from companies.models import Role
from connectors import linking
from connectors.management.commands._walk import press_allow
from connectors.sandboxing import Fault
from mapping import files, importing
from mapping.models import Kind
from sync.models import Push, RecordCreation
from tests.browser.hands import listened_in
from tests.probe import routes

AXE = next((Path(__file__).parents[1] / "vendor").glob("axe-core-*/axe.min.js")).read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDE, NARROW, NARROWEST = (1280, 900), (375, 800), (320, 800)
RUN = """async () => {
  const found = await axe.run(document, {
    runOnly: {type: "tag", values: TAGS}, resultTypes: ["violations"]});
  return found.violations.map(each => each.id + ": " + each.nodes.slice(0, 3).map(
    node => node.target.join(" ") + " (" + node.failureSummary.split("\\n").pop().trim() + ")"
  ).join("; "));
}""".replace("TAGS", repr(TAGS))
# What reaches past the edge, and whether the page can be pushed there.
SIDEWAYS = """() => {
  if (document.documentElement.scrollWidth <= innerWidth) return "";
  const wide = [...document.querySelectorAll("body *")].filter(it =>
    it.getBoundingClientRect().right > innerWidth + 1 && it.checkVisibility());
  return `${document.documentElement.scrollWidth} px: ` + wide.slice(0, 3).map(it =>
    it.tagName.toLowerCase() + (it.id ? "#" + it.id : "." + it.className)).join(", ");
}"""
# Answers with something else than a page, or leads on to one that is walked under its own name.
NO_PAGE = {"connectors:choose": "needs a consent under way, which `choosing` begins"}


@pytest.fixture(scope="module")
def lived_in(builder):
    """A builder with something of everything: published, sent, failed, set aside, invited."""
    run = builder.company.suggestion_runs.first()
    words = {"prompt": '{"kind": "vendor"}', "answer": '{"answers": []}', "error": "it was cut"}
    run.exchanges.create(company=run.company, model="small-1", **words)
    builder.decide("vendor", "1000", "vendor", "2000")
    builder.decide("vendor", "1001", "vendor", "2001")
    builder.map_all()
    builder.decide("vendor", "1002", "vendor", "2002")
    for number in ("KC-100", "D-7", "D-8"):
        builder.work(builder.send(builder.bill(number)), times=3)
    Push.objects.filter(bill__number="D-7").update(
        state=Push.State.FAILED,
        cause=Push.Cause.REFUSED,
        sentence="QuickBooks refused bill D-7: the period is closed. Change the date.",
    )
    Push.objects.filter(bill__number="D-8").update(
        state=Push.State.SET_ASIDE,
        cause=Push.Cause.POSSIBLE_DUPLICATE,
        sentence="A bill with this number is there already.",
    )
    builder.manage(builder.project_manager, "21")
    builder.admin.is_staff = True
    builder.admin.save()
    builder.invited = inviting.invite(
        builder.company, email="new@acme.test", role=Role.VIEWER, by=builder.admin
    )
    heads = b"Source id,Source name,Ledger id\n"
    lines = files.read(heads + b"13,,2002\n14,,no-such-id\n")
    differences = importing.compare(builder.company, Kind.VENDOR, lines)
    builder.file = importing.keep(
        builder.company, Kind.VENDOR, "vendors.csv", differences, by=builder.admin
    )
    builder.creation = RecordCreation.objects.create(
        company=builder.company,
        connection=builder.ledger,
        source=builder.record("vendor", "13"),
        kind="vendor",
        wanted={"kind": "vendor", "name": "Nowhere Supply"},
        payload=b'{"DisplayName": "Nowhere Supply"}',
        key="new-1",
        state=RecordCreation.State.FAILED,
        sentence="The ledger has this name already. Choose another name.",
        mapping_version=1,
        asked_by=builder.admin,
    )
    membership = builder.admin.memberships.get()
    builder.token, _text = tokens.make(membership, name="Month end")
    return builder


@pytest.fixture(scope="module")
def values(lived_in):
    """What stands for a parameter of an address: by route, then by app, then by name."""
    company, call = lived_in.company, lived_in.company.calls.latest("pk")
    bill = lived_in.bill("D-8")
    return {
        "company": company.slug,
        "kind": "vendors",
        "number": company.publications.first().number,
        "record": lived_in.record("vendor", "13").pk,
        "system": "procore",
        "side": "source",
        "way": "consent",
        "subject_type": "sync.push",
        "subject_id": Push.objects.get(bill=bill).pk,
        "token": lived_in.invited.link.rstrip("/").rpartition("/")[2],
        "key": "no-such-key",
        "row_key": lived_in.ledger.row_key,
        "uidb36": "1",
        "mapping:pk": lived_in.record("vendor", "1000").pk,
        "mapping:run:pk": company.suggestion_runs.first().pk,
        "mapping:asked:pk": company.suggestion_runs.first().pk,
        "mapping:file:pk": lived_in.file.pk,
        "sync:pk": bill.pk,
        "sync:create:pk": lived_in.record("vendor", "13").pk,
        "sync:creation:pk": lived_in.creation.pk,
        "sync:run:pk": company.runs.first().pk,
        "sync:pull:pk": lived_in.ledger.pk,
        "connectors:pk": lived_in.ledger.pk,
        "connectors:call:pk": call.pk,
        "companies:pk": lived_in.accountant.memberships.get().pk,
        "audit:pk": Entry.objects.filter(company=company).first().pk,
        "api:pk": 1,
        "pk": lived_in.token.pk,
    }


def address(route, values):
    app = route.name.rpartition(":")[0]
    filled = {}
    for name in route.kwargs:
        keys = (f"{route.name}:{name}", f"{app}:{name}", name)
        known = [values[key] for key in keys if key in values]
        assert known, f"{route.name} takes {name}, for which this test has no value. Add one."
        filled[name] = known[0]
    return route.template % filled


@pytest.fixture(scope="module")
def pages(lived_in, values):
    """(who, address) of every page there is."""
    found, seen = [], set()
    for who in (lived_in.admin, None):
        client = Client()
        if who:
            client.force_login(who)
            vouch(client, who)
        for route in routes():
            if route.is_api or route.name in NO_PAGE or route.name == "account_logout":
                continue
            path = address(route, values)
            answer = client.get(path)
            is_page = answer.status_code == 200 and "html" in answer["Content-Type"]
            if is_page and b"<html" in answer.content and route.name not in seen:
                seen.add(route.name)
                found.append((who, path))
    return found


def vouch(client, user):
    """As somebody who has typed the password a moment ago, so that nothing asks for it again."""
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time(), "email": user.email}
    ]
    session.save()


class Walk:
    """What was found, by page."""

    def __init__(self):
        self.axe, self.sideways, self.complaints = (defaultdict(list) for _ in range(3))
        self.walked = []

    def look(self, page, name):
        """At what the page shows now, in all four ways."""
        self.walked.append(name)
        for scheme, size in product(("light", "dark"), (WIDE, NARROW)):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size({"width": size[0], "height": size[1]})
            # The whole page: a bar that sticks would cover whatever is behind.
            height = page.evaluate("document.documentElement.scrollHeight")
            page.set_viewport_size({"width": size[0], "height": max(size[1], min(height, 20_000))})
            for finding in page.evaluate(RUN):
                self.axe[f"{name}, {scheme}, {size[0]} px"].append(finding)
        for width, height in (NARROWEST, NARROW):
            page.set_viewport_size({"width": width, "height": height})
            if wide := page.evaluate(SIDEWAYS):
                self.sideways[f"{name}, {width} px"].append(wide)
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        if page.complaints:
            self.complaints[name] += page.complaints
            page.complaints.clear()


@pytest.fixture(scope="module")
def walk(lived_in, pages, open_window, site):
    windows = {
        None: open_window(),
        lived_in.admin: listened_in(open_window(lived_in.admin)),
        lived_in.accountant: open_window(lived_in.accountant),
    }
    for page in windows.values():
        page.context.add_init_script(AXE)
    walk = Walk()
    for who, path in pages:
        page = windows[who]
        page.goto(path)
        walk.look(page, path)
    admin = windows[lived_in.admin]
    open_states(walk, admin, lived_in)
    error_pages(walk, windows, lived_in)
    for path in ("/app/", "/app/vendors", "/app/accounts", "/app/bill?txnId=1", "/app/bill"):
        admin.goto(lived_in.quickbooks.url + path)
        admin.complaints[:] = [each for each in admin.complaints if "404" not in each]
        walk.look(admin, f"sandbox {path}")
    choosing(walk, admin, lived_in)
    return walk


def open_states(walk, page, lived_in):
    """The same pages with something open in them."""
    vendors = f"{lived_in.at}/mappings/vendors/?q=st"
    for name, path, button, wanted in (
        ("compare open", vendors, "[data-key=e]", "[data-panel=compare] table"),
        ("combobox open", vendors, "[data-row] [data-key=o]", "[role=combobox]"),
        ("accept many", vendors, "#accept-band", "dialog[open]"),
        ("keys", vendors, "#help", "dialog[open]"),
        ("send", f"{lived_in.at}/bills/?tab=ready", "#send-all", "dialog[open]"),
        ("by blocker", f"{lived_in.at}/bills/", "#view-blocker", "#view-blocker[aria-current]"),
        ("menu", f"{lived_in.at}/", "header details.end summary", "header details[open]"),
    ):
        page.goto(path)
        page.locator(button).first.click()
        page.locator(wanted).first.wait_for()
        if name == "combobox open":
            page.locator("[role=combobox]").press_sequentially("ston")
            page.locator("[role=option]").first.wait_for()
        walk.look(page, f"{path} with {name}")
    for rest in ("", "&tab=published", "&tab=accepted", "&tab=left", "&tab=all"):
        page.goto(vendors + rest)
        walk.look(page, vendors + rest)
    for number in ("KC-100", "D-7", "N-1"):
        page.goto(lived_in.bill(number).get_absolute_url())
        walk.look(page, f"bill {number}")


def choosing(walk, page, lived_in):
    """A new sign-in that sees two companies: which one is meant? The last page: it disconnects."""
    linking.disconnect(lived_in.source, by=lived_in.admin)
    seen = [{"id": 8089, "name": "Acme Builders"}, {"id": 8090, "name": "Acme Homes"}]
    lived_in.procore.sandbox.faults.append(
        Fault("answer", path="/rest/v1.0/companies", status=200, times=99, body=json.dumps(seen))
    )
    session = {"by": lived_in.admin, "session_key": "walk"}
    url = linking.start_consent(lived_in.company, system=System.PROCORE, **session)
    back = dict(parse_qsl(urlsplit(press_allow(url, "allow")).query))
    consent = linking.take_up(back["state"], **session)
    linking.finish_consent(consent, back)
    page.goto(f"{lived_in.at}/settings/connections/choose/{consent.pk}/")
    page.locator("#choose-company").wait_for()
    walk.look(page, "which company")


def error_pages(walk, windows, lived_in):
    admin, accountant, nobody = (
        windows[who] for who in (lived_in.admin, lived_in.accountant, None)
    )
    admin.goto(f"{lived_in.at}/nothing-here/")
    walk_error(walk, admin, "404")
    accountant.goto(f"{lived_in.at}/mappings/unpublish/")
    walk_error(walk, accountant, "403")
    broken = render_to_string("500.html", {"request_id": "4f1c2a"})
    admin.route("**/broken/", lambda route: route.fulfill(body=broken, content_type="text/html"))
    admin.goto(f"{lived_in.at}/broken/")
    walk_error(walk, admin, "500")
    admin.unroute("**/broken/")
    nobody.goto("/account/login/")
    nobody.evaluate("document.querySelector('[name=csrfmiddlewaretoken]').value = 'x'")
    nobody.locator("#id_login").fill("a@b.test")
    nobody.locator("#id_password").fill("x")
    with nobody.expect_navigation():
        nobody.locator("button.primary").press("Enter")
    walk_error(walk, nobody, "sign-in with a worn-out form")


def walk_error(walk, page, name):
    page.complaints[:] = [each for each in page.complaints if "Failed to load" not in each]
    walk.look(page, name)


def told(found):
    return "\n".join(f"{where}\n    " + "\n    ".join(what) for where, what in found.items())


def test_the_pages_of_the_site_are_walked(walk):
    assert len(walk.walked) > 50, walk.walked


def test_axe_finds_nothing(walk):
    assert not walk.axe, told(walk.axe)


def test_nothing_scrolls_sideways_on_the_narrowest_screen(walk):
    assert not walk.sideways, told(walk.sideways)


def test_the_browser_complains_of_nothing(walk):
    assert not walk.complaints, told(walk.complaints)
