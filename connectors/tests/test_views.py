"""The pages of connections: what they show, and the three fences of each."""

from html import unescape
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from common.choices import Side, System
from connectors import calls, linking, registry
from connectors.models import Call, Connection, ConsentRequest
from connectors.sandboxing import Fault
from connectors.tests.conftest import SAY_YES, press, signed_in
from connectors.tests.factories import ConnectionFactory
from connectors.tests.test_calls import made

pytestmark = pytest.mark.django_db


def url(name, company, *args):
    return reverse(f"connectors:{name}", args=[company.slug, *args])


@pytest.fixture
def connection(company, admin):
    return ConnectionFactory(company=company, connected_by=admin)


@pytest.fixture
def call(connection):
    with calls.serving("connectors.connection", connection.pk):
        calls.recorder(connection)(
            made(response_body='{"a": 1}', error="It broke.", path="/v3/bill", status=None)
        )
    return Call.objects.get()


@pytest.fixture
def pages(company, connection, call):
    """Every page, and whether it is an admin's."""
    consent = ConsentRequest.objects.create(
        company=company,
        user=connection.connected_by,
        system=System.PROCORE,
        state_sha256="s",
        session_sha256="s",
        expires_at=timezone.now(),
    )
    return {
        url("connections", company): False,
        url("detail", company, connection.pk): False,
        url("call", company, call.pk): False,
        url("calls", company, call.subject_type, call.subject_id): False,
        url("connect", company, "procore"): True,
        url("choose", company, consent.pk): True,
        url("disconnect", company, connection.pk): True,
        url("choose-system", company, "source"): True,
        url("connect-by", company, "procore", "consent"): True,
        url("pause", company, connection.pk): True,
        url("owner", company, connection.pk): True,
    }


# --- Fences ---------------------------------------------------------------------------------------


def test_who_is_signed_out_is_sent_to_sign_in(pages, client):
    for page in [*pages, reverse("connect-callback")]:
        answer = client.get(page)

        assert answer.status_code == 302, page
        assert answer["Location"].startswith(reverse("account_login")), page


def test_another_companys_admin_finds_nothing(pages, outsider, client_for):
    browser = client_for(outsider)
    for page in pages:
        assert browser.get(page).status_code == 404, page
        assert browser.post(page).status_code == 404, page


def test_another_companys_rows_are_not_reached_through_ones_own(
    connection, call, outsider, client_for
):
    browser, own = client_for(outsider), outsider.memberships.get().company
    for page in (
        url("detail", own, connection.pk),
        url("disconnect", own, connection.pk),
        url("pause", own, connection.pk),
        url("owner", own, connection.pk),
        url("call", own, call.pk),
        url("calls", own, call.subject_type, call.subject_id),
    ):
        assert browser.get(page).status_code == 404, page


@pytest.mark.parametrize("role", ["controller", "accountant", "viewer"])
def test_others_read_and_only_an_admin_changes(role, pages, client_for, request):
    browser = client_for(request.getfixturevalue(role))
    for page, is_admins in pages.items():
        assert browser.get(page).status_code == (403 if is_admins else 200), page


def test_a_project_manager_reads_none_of_it(pages, project_manager, client_for):
    browser = client_for(project_manager)
    for page in pages:
        assert browser.get(page).status_code == 403, page


def test_a_post_that_only_an_admin_may_make_changes_nothing(connection, controller, client_for):
    answer = client_for(controller).post(url("disconnect", connection.company, connection.pk))

    connection.refresh_from_db()
    assert answer.status_code == 403
    assert connection.state == Connection.State.CONNECTED


# --- The list -------------------------------------------------------------------------------------


def test_a_new_company_sees_the_steps(company, admin, client_for):
    page = client_for(admin).get(url("connections", company)).content.decode()

    assert 'aria-label="Setting up"' in page
    for step in ("Source", "Ledger", "First pull", "First drafts"):
        assert step in page
    assert url("choose-system", company, "source") in page
    assert url("choose-system", company, "ledger") in page


def test_the_list_says_how_each_connection_is(company, connection, admin, client_for):
    Connection.objects.update(state="needs_consent", problem="An admin has to reconnect it.")

    page = client_for(admin).get(url("connections", company)).content.decode()

    for words in ("Needs sign-in", "An admin has to reconnect it.", "Acme Builders Inc", "Priya"):
        assert words in page
    assert url("disconnect", company, connection.pk) in page


def test_a_connection_whose_system_takes_nothing_is_stopped(company, connection, admin, client_for):
    Connection.objects.update(problem="Its owner has to look at the subscription.")

    for page in ("connections", "detail"):
        where = [connection.pk] if page == "detail" else []
        shown = client_for(admin).get(url(page, company, *where)).content.decode()
        assert "Stopped" in shown
        assert "look at the subscription" in shown


def test_a_controller_reads_who_may_change_it(company, connection, controller, admin, client_for):
    page = client_for(controller).get(url("connections", company)).content.decode()

    assert "Only an admin can manage connections. Ask Priya Shah." in page
    assert "Disconnect" not in page


def test_an_earlier_connection_is_still_named(company, admin, client_for):
    ConnectionFactory(company=company, disconnected=True, name="Old Books", connected_by=admin)

    page = client_for(admin).get(url("connections", company)).content.decode()

    assert "1 earlier connection" in page
    assert "Old Books" in page


def test_the_list_asks_the_database_little(
    company, connection, admin, client_for, django_assert_max_num_queries
):
    ConnectionFactory(company=company, source=True, connected_by=admin)
    browser = client_for(admin)
    browser.get(url("connections", company))

    with django_assert_max_num_queries(12):
        browser.get(url("connections", company))


def test_no_page_shows_a_credential(pages, connection, admin, client_for):
    browser = client_for(admin)
    for page in pages:
        assert "canary" not in browser.get(page).content.decode(), page
        assert connection.credentials not in browser.get(page).content.decode(), page


# --- There and back -------------------------------------------------------------------------------


def consent_url(browser, company, system):
    page = browser.get(url("connect", company, system)).content.decode()
    link = page.split('id="go" href="')[1].split('"')[0]
    return page, unescape(link)


def back_to_us(browser, consent, system):
    return browser.get(reverse("connect-callback"), press(consent, SAY_YES[system]))


def test_a_person_connects_by_a_plain_link_and_comes_back(
    company, admin, client_for, system, served
):
    browser = client_for(admin)
    page, link = consent_url(browser, company, system)
    assert "What we read" in page
    assert "What we write" in page
    assert "<form" not in page.split('id="main"')[1].split("</main>")[0]

    answer = back_to_us(browser, link, system)

    assert answer.status_code == 302
    side = registry.PACKAGES[system].side
    missing = Side.LEDGER if side == Side.SOURCE else Side.SOURCE
    assert answer["Location"] == url("choose-system", company, missing), "the next step"
    landed = browser.get(answer["Location"]).content.decode()
    assert f"{system.label} is connected to Acme Builders" in landed
    assert Connection.objects.get().connected_by == admin


def test_the_consent_link_leads_to_the_system_of_the_settings(company, admin, client_for, procore):
    _page, link = consent_url(client_for(admin), company, System.PROCORE)

    assert link.startswith(f"{procore.url}/oauth/authorize?")


def test_a_no_is_told_on_the_list(company, admin, client_for, procore):
    browser = client_for(admin)
    _page, link = consent_url(browser, company, System.PROCORE)

    answer = browser.get(reverse("connect-callback"), press(link, "deny"), follow=True)

    assert "was not connected, because the consent was refused" in answer.content.decode()
    assert not Connection.objects.exists()


def test_a_callback_in_another_browser_connects_nothing(company, admin, client_for, procore):
    _page, link = consent_url(client_for(admin), company, System.PROCORE)

    answer = back_to_us(client_for(admin), link, System.PROCORE)

    assert answer.status_code == 409
    assert "began in another" in answer.content.decode()
    assert not Connection.objects.exists()


def test_a_callback_without_a_state_connects_nothing(admin, client_for):
    assert client_for(admin).get(reverse("connect-callback"), {"code": "x"}).status_code == 409


def test_a_sign_in_with_several_companies_asks_which(company, admin, client_for, procore):
    procore.sandbox.faults.append(
        Fault(
            "answer",
            path="/rest/v1.0/companies",
            status=200,
            times=9,
            body='[{"id": 8089, "name": "Acme Builders"}, {"id": 8090, "name": "Acme <b>Homes"}]',
        )
    )
    browser = client_for(admin)
    _page, link = consent_url(browser, company, System.PROCORE)

    answer = back_to_us(browser, link, System.PROCORE)
    page = browser.get(answer["Location"]).content.decode()
    done = browser.post(answer["Location"], {"company": "8090"})

    assert "Acme &lt;b&gt;Homes" in page
    assert done["Location"] == url("choose-system", company, "ledger")
    assert Connection.objects.get().external_company_id == "8090"


def test_a_choice_belongs_to_one_person(company, admin, client_for, outsider, procore):
    other = ConsentRequest.objects.create(
        company=company,
        user=outsider,
        system=System.PROCORE,
        state_sha256="s",
        session_sha256="s",
        expires_at=timezone.now(),
    )

    assert client_for(admin).get(url("choose", company, other.pk)).status_code == 404


@pytest.mark.parametrize("system", ["sage", "PROCORE"])
def test_an_unknown_system_is_not_found(system, company, admin, client_for):
    assert client_for(admin).get(url("connect", company, system)).status_code == 404


def test_reconnecting_says_which_company_to_choose(company, connection, admin, client_for):
    page = client_for(admin).get(url("connect", company, connection.system)).content.decode()

    assert "Reconnect QuickBooks Online" in page
    assert "Sign in to the same company as before: Acme Builders Inc." in page


def test_the_dialog_says_what_stops_and_what_stays(company, connection, admin, client_for):
    page = url("disconnect", company, connection.pk)
    for headers in ({}, {"HX-Request": "true"}):
        text = client_for(admin).get(page, headers=headers).content.decode()

        assert "Stops at once" in text
        assert "Stays:" in text
        assert text.startswith("<!DOCTYPE html>") is (not headers)


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])
def test_an_admin_disconnects(headers, company, admin, client_for, procore):
    connection = signed_in(System.PROCORE, company=company, connected_by=admin)

    answer = client_for(admin).post(url("disconnect", company, connection.pk), headers=headers)

    target = answer["HX-Redirect"] if headers else answer["Location"]
    assert urlsplit(target).path == url("connections", company)
    connection.refresh_from_db()
    assert connection.state == Connection.State.DISCONNECTED


def test_a_disconnect_that_was_not_heard_says_what_to_do_there(company, admin, client_for, procore):
    connection = signed_in(System.PROCORE, company=company, connected_by=admin)
    procore.sandbox.faults.append(Fault("drop_before", path="/oauth/revoke"))

    answer = client_for(admin).post(url("disconnect", company, connection.pk), follow=True)

    assert "It is disconnected here." in answer.content.decode()
    assert "Remove Tieout from the connected apps" in answer.content.decode()


def test_the_way_there_is_bound_to_the_browser_session(company, admin, client_for, procore):
    browser = client_for(admin)
    _page, _link = consent_url(browser, company, System.PROCORE)

    assert ConsentRequest.objects.get().session_sha256 == linking._hash(browser.session.session_key)


# --- Calls ----------------------------------------------------------------------------------------


def test_a_call_shows_what_was_sent_and_what_came(call, admin, client_for):
    page = client_for(admin).get(call.get_absolute_url()).content.decode()

    for words in ("GET /v3/bill", "12 ms", "r-1", "It broke.", "&quot;a&quot;: 1", "No body."):
        assert words in page


def test_a_call_leads_back_to_its_document(company, connection, call, viewer, client_for):
    page = client_for(viewer).get(call.get_absolute_url()).content.decode()

    assert "All its calls" in page
    assert url("calls", company, call.subject_type, call.subject_id) in page


def test_a_call_that_served_a_list_leads_back_to_its_connection(connection, viewer, client_for):
    calls.recorder(connection)(made())

    page = client_for(viewer).get(Call.objects.get().get_absolute_url()).content.decode()

    assert url("detail", connection.company, connection.pk) in page


def test_the_calls_of_a_document_are_listed(company, connection, call, viewer, client_for):
    page = client_for(viewer).get(url("calls", company, call.subject_type, call.subject_id))

    assert call.get_absolute_url() in page.content.decode()


@pytest.mark.parametrize("subject", ["connectors.nothing", "nothing", "companies.user", "a.b.c"])
def test_calls_of_what_does_not_exist_are_not_found(subject, company, viewer, client_for):
    assert client_for(viewer).get(url("calls", company, subject, 1)).status_code == 404


def test_many_calls_come_in_pages(connection, viewer, client_for):
    record = calls.recorder(connection)
    for number in range(51):
        record(made(path=f"/list/{number}"))
    page = url("detail", connection.company, connection.pk)

    browser = client_for(viewer)

    assert "Older calls" in browser.get(page).content.decode()
    assert "/list/0<" in browser.get(page, {"page": 2}).content.decode()
