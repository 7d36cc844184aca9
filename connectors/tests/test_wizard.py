"""The wizard: each step by itself, found again, and what stops it said in a sentence."""

import pytest
from django.urls import reverse
from django.utils import timezone

from common.choices import Side, System, Way
from connectors import registry
from connectors.models import Connection
from connectors.sage_intacct.sandbox import SageIntacctSandbox
from connectors.sage_intacct.tests.conftest import SEED
from connectors.sandboxing import Fault, serve
from connectors.tests.factories import ConnectionFactory
from connectors.vault import unseal

pytestmark = pytest.mark.django_db(transaction=True)
TYPED = {"company_id": "acme-homes", "user_id": "xml_tieout", "password": "user-canary-81"}


@pytest.fixture
def intacct(settings):
    served = serve(SageIntacctSandbox(seed=SEED))
    settings.SAGE_INTACCT = {
        **settings.SAGE_INTACCT,
        "api_url": f"{served.url}/ia/xml/xmlgw.phtml",
        "app_url": served.url,
    }
    yield served
    served.stop()


@pytest.fixture
def browser(admin, client_for):
    return client_for(admin)


def url(name, company, *args):
    return reverse(f"connectors:{name}", args=[company.slug, *args])


def by(company, system, way):
    return url("connect-by", company, system, way)


def shown(browser, page):
    return browser.get(page).content.decode()


# --- Step by step ---------------------------------------------------------------------------------


def test_it_goes_on_where_it_was_left(company, admin, browser):
    def goes_on():
        return browser.get(url("set-up", company))["Location"]

    assert goes_on() == url("choose-system", company, "source")
    ConnectionFactory(company=company, source=True, connected_by=admin)
    assert goes_on() == url("choose-system", company, "ledger")
    ledger = ConnectionFactory(company=company, connected_by=admin)
    assert goes_on() == reverse("sync:first-pull", args=[company.slug])
    company.connections.update(last_pulled_at=timezone.now())
    assert goes_on() == reverse("sync:first-drafts", args=[company.slug])
    Connection.objects.filter(pk=ledger.pk).update(state="waiting")
    assert goes_on() == url("choose-system", company, "ledger"), "nobody has called yet"


@pytest.mark.parametrize("side", list(Side))
def test_every_system_of_a_side_can_be_chosen(side, company, browser):
    page = shown(browser, url("choose-system", company, side))

    for system in registry.systems(side):
        assert system.label in page
        assert url("connect", company, system) in page


def test_an_unknown_side_or_way_is_not_found(company, browser):
    for page in (url("choose-system", company, "left"), by(company, "procore", "files")):
        assert browser.get(page).status_code == 404


def test_a_step_that_is_done_says_so_and_how_to_change_it(company, admin, browser):
    ConnectionFactory(company=company, connected_by=admin)

    page = shown(browser, url("choose-system", company, "ledger"))

    assert "Connected to Acme Builders Inc" in page
    assert "disconnect QuickBooks Online first" in page
    assert url("connect", company, "sage_intacct") not in page


def test_another_system_beside_the_first_is_refused(company, admin, browser, intacct):
    ConnectionFactory(company=company, connected_by=admin)

    page = shown(browser, url("connect", company, "sage_intacct"))
    answer = browser.post(by(company, "sage_intacct", "credentials"), TYPED)

    for said in (page, answer.content.decode()):
        assert "QuickBooks Online is connected as the ledger. Disconnect it first" in said
        assert "<form" not in said.split('id="main"')[1].split("</main>")[0]
    assert Connection.objects.count() == 1


def test_two_ways_say_what_each_means(company, browser):
    page = shown(browser, url("connect", company, "buildertrend"))

    package = registry.PACKAGES[System.BUILDERTREND]
    for way in package.ways:
        assert package.ways_mean[way] in page
        assert by(company, "buildertrend", way) in page
    assert package.assumption in page


@pytest.mark.parametrize("system", list(registry.PACKAGES))
def test_what_is_read_written_and_allowed_is_said_before(system, company, browser):
    package = registry.PACKAGES[system]
    way = next(way for way in package.ways if way != Way.FILES)

    page = browser.get(by(company, system, way)).content.decode()

    for words in (package.writes, *package.reads, *(scope.name for scope in package.scopes)):
        assert words.replace("'", "&#x27;") in page


# --- Credentials ----------------------------------------------------------------------------------


def test_credentials_that_let_us_in_are_kept_encrypted(company, browser, intacct):
    answer = browser.post(by(company, "sage_intacct", "credentials"), TYPED)

    connection = Connection.objects.get()
    assert answer["Location"] == url("choose-system", company, "source")
    assert (connection.way, connection.state) == (Way.CREDENTIALS, "connected")
    assert unseal(connection, "credentials")["password"] == "user-canary-81"
    assert "user-canary-81" not in str(connection.options)


def test_wrong_credentials_say_so_and_keep_what_is_no_secret(company, browser, intacct):
    answer = browser.post(
        by(company, "sage_intacct", "credentials"), {**TYPED, "password": "canary-wrong"}
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="xml_tieout"' in page
    assert "canary-wrong" not in page
    assert 'class="form-errors"' in page
    assert not Connection.objects.exists()


def test_a_server_that_does_not_answer_is_said(company, browser, intacct):
    intacct.sandbox.faults.append(Fault("answer", path="*.phtml", status=503, times=9))

    answer = browser.post(by(company, "sage_intacct", "credentials"), TYPED)

    assert answer.status_code == 422
    assert "Sage Intacct" in answer.content.decode().split("form-errors")[1].split("</div>")[0]


def test_a_missing_field_is_said_at_the_field(company, browser, intacct):
    answer = browser.post(by(company, "sage_intacct", "credentials"), {**TYPED, "user_id": ""})

    assert answer.status_code == 422
    assert 'id="id_user_id_error"' in answer.content.decode()


def test_a_secret_is_never_shown_again_and_stays_when_left_blank(company, browser, intacct):
    page = by(company, "sage_intacct", "credentials")
    browser.post(page, TYPED)

    form = shown(browser, page)
    answer = browser.post(page, {**TYPED, "password": "", "default_location": "E100"})

    assert "Set, ends with y-81. Leave it blank to keep it." in form
    assert "user-canary-81" not in form
    assert answer.status_code == 302
    connection = Connection.objects.get()
    assert unseal(connection, "credentials")["password"] == "user-canary-81"
    assert connection.options["default_location"] == "E100"


def test_a_reconnect_to_another_company_is_refused(company, admin, browser, intacct):
    ConnectionFactory(
        company=company,
        system=System.SAGE_INTACCT,
        way=Way.CREDENTIALS,
        external_company_id="other-homes",
        name="Other Homes",
        connected_by=admin,
    )

    answer = browser.post(by(company, "sage_intacct", "credentials"), TYPED)

    assert answer.status_code == 422
    assert "this company is connected to “Other Homes”" in answer.content.decode()
    assert Connection.objects.get().external_company_id == "other-homes"


def test_the_setup_is_tried_step_by_step(company, browser, intacct):
    browser.post(by(company, "sage_intacct", "credentials"), TYPED)
    page = url("check", company, Connection.objects.get().pk)

    assert "Works" not in shown(browser, page), "nothing is tried before somebody asks"
    tried = browser.post(page).content.decode()

    assert "The Web Services subscription is on" in tried
    assert "Works" in tried


def test_a_system_without_such_steps_has_no_such_page(company, admin, browser):
    connection = ConnectionFactory(company=company, connected_by=admin)

    assert browser.get(url("check", company, connection.pk)).status_code == 404


# --- A connector file -----------------------------------------------------------------------------


@pytest.fixture
def made(company, browser):
    """The answer that shows the password."""
    return browser.post(by(company, "quickbooks_desktop", "connector_file"))


def password_in(answer):
    return answer.content.decode().split('id="the-password">')[1].split("<")[0]


def test_the_password_is_shown_once(company, browser, made):
    password = password_in(made)
    connection = Connection.objects.get()

    assert made["Cache-Control"] == "no-store"
    assert connection.state == "waiting"
    again = shown(browser, url("connector", company, connection.pk))
    assert password not in again
    assert "never shown again" in again


def test_the_file_is_kept_and_holds_no_password(company, browser, made):
    answer = browser.get(url("connector-file", company, Connection.objects.get().pk))

    assert answer["Content-Disposition"].startswith('attachment; filename="tieout-')
    assert password_in(made).encode() not in answer.content


def test_the_page_looks_again_until_somebody_calls(company, browser, made):
    connection = Connection.objects.get()
    page = url("connector", company, connection.pk)

    waiting = browser.get(page, headers={"HX-Request": "true"}).content.decode()
    assert "hx-get" in waiting
    assert "<html" not in waiting
    Connection.objects.update(state="connected", last_heard_at=timezone.now())
    called = browser.get(page, headers={"HX-Request": "true"}).content.decode()
    assert "hx-get" not in called
    assert "Last heard" in called
    assert url("choose-system", company, "source") in called


def test_the_list_says_that_it_waits(company, browser, made):
    page = shown(browser, url("connections", company))

    assert "Waiting for its first call" in page
    assert "Start its connector on the computer" in page


def test_only_an_admin_sees_the_connector(company, made, controller, outsider, client_for, client):
    connection = Connection.objects.get()
    for name in ("connector", "connector-file"):
        page = url(name, company, connection.pk)
        assert client_for(controller).get(page).status_code == 403
        assert client_for(outsider).get(page).status_code == 404
        assert client.get(page).status_code == 302


# --- Files ----------------------------------------------------------------------------------------


def test_files_are_tied_by_the_builders_name_and_stay_one_connection(company, browser):
    page = by(company, "buildertrend", "files")
    browser.post(page, {"name": "Cobalt Ridge"})
    browser.post(page, {"name": "Cobalt Ridge LLC"})

    connection = Connection.objects.get()
    assert (connection.name, connection.way) == ("Cobalt Ridge LLC", Way.FILES)


def test_files_need_a_name(company, browser):
    assert browser.post(by(company, "buildertrend", "files"), {"name": " "}).status_code == 422
    assert not Connection.objects.exists()


@pytest.mark.parametrize("role", ["controller", "accountant", "viewer"])
def test_the_wizard_is_an_admins(role, company, client_for, request):
    browser = client_for(request.getfixturevalue(role))
    pages = [url("set-up", company)]
    pages += [by(company, "sage_intacct", "credentials"), by(company, "buildertrend", "files")]
    for page in pages:
        assert browser.get(page).status_code == 403
        assert browser.post(page, TYPED).status_code in {403, 405}
    assert not Connection.objects.exists()
