"""Both sandboxes on loopback ports, and connections that are signed in to them."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from common.choices import System, Way
from connectors import registry
from connectors.procore.sandbox import ProcoreSandbox
from connectors.quickbooks_online.sandbox import QuickBooksOnlineSandbox
from connectors.sandboxing import serve
from connectors.tests.factories import ConnectionFactory

BACK = "http://localhost:8000/connect/callback/"
PROCORE_COMPANY = "id,name\n8089,Acme Builders\n"
REALM = "9130357900000417"
QUICKBOOKS_COMPANY = (
    "id,name,book_close_date,warn_duplicate_bill_number,class_tracking,"
    "projects_enabled,use_account_numbers\n"
    f"{REALM},Acme Builders Inc,2026-06-30,true,none,true,true\n"
)


def seed(folder, company):
    folder.mkdir()
    (folder / "company.csv").write_text(company, encoding="utf-8")
    return folder


@pytest.fixture
def procore(tmp_path, settings):
    served = serve(ProcoreSandbox(seed=seed(tmp_path / "procore", PROCORE_COMPANY)))
    settings.PROCORE = {**settings.PROCORE, "login_url": served.url, "api_url": served.url}
    yield served
    served.stop()


@pytest.fixture
def quickbooks(tmp_path, settings):
    served = serve(QuickBooksOnlineSandbox(seed=seed(tmp_path / "qbo", QUICKBOOKS_COMPANY)))
    settings.QUICKBOOKS_ONLINE = {
        **settings.QUICKBOOKS_ONLINE,
        "authorize_url": f"{served.url}/connect/oauth2",
        "token_url": f"{served.url}/oauth2/v1/tokens/bearer",
        "revoke_url": f"{served.url}/v2/oauth2/tokens/revoke",
        "api_url": served.url,
    }
    yield served
    served.stop()


ASK_CONSENT = [each.system for each in registry.PACKAGES.values() if Way.CONSENT in each.ways]


@pytest.fixture(params=ASK_CONSENT)
def system(request):
    """Each system that asks for consent in turn, its sandbox being served."""
    request.getfixturevalue(SANDBOXES[request.param])
    return System(request.param)


@pytest.fixture
def served(system, request):
    """The sandbox of `system`."""
    return request.getfixturevalue(SANDBOXES[system])


SANDBOXES = {System.PROCORE: "procore", System.QUICKBOOKS_ONLINE: "quickbooks"}
SAY_YES = {System.PROCORE: "allow", System.QUICKBOOKS_ONLINE: "connect"}


def press(url, decision):
    """Answer a consent page as a person does; what the browser is sent back with."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    answer = requests.post(
        url.partition("?")[0], {**asked, "decision": decision}, allow_redirects=False, timeout=5
    )
    assert answer.status_code == 302, answer.text
    back = parse_qs(urlsplit(answer.headers["Location"]).query)
    return {name: values[0] for name, values in back.items()}


def grant(system):
    app = registry.PACKAGES[system].oauth_app()
    back = press(app.consent_url(state="s", redirect_uri=BACK), SAY_YES[system])
    return app.exchange(back["code"], redirect_uri=BACK)


def signed_in(system, *, expires_in=timedelta(hours=1), **fields):
    """A connection with tokens that the sandbox of `system` gave out."""
    pair = grant(system)
    if system == System.PROCORE:
        fields = {"source": True, "external_company_id": "8089"} | fields
    else:
        fields = {"external_company_id": REALM} | fields
    return ConnectionFactory(
        secret={"access": pair.access, "refresh": pair.refresh},
        token_expires_at=datetime.now(UTC) + expires_in,
        **fields,
    )


SOON = timedelta(minutes=2)  # within the five minutes before the end: refreshed when used
