"""Consent, rotation, expiry and disconnecting, over real HTTP."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from common.choices import RecordKind
from connectors.errors import CredentialsExpired, NotSent, Unreachable
from connectors.quickbooks_online.tests.conftest import REALM, HeldTokens, app_at, client_at, post

RETURN = "http://localhost:8000/connections/callback/"


def consent(url: str, decision: str = "connect", redirect_uri: str = RETURN) -> dict[str, str]:
    """What comes back to us after a person pressed a button."""
    asked = urlsplit(app_at(url).consent_url(state="s-1", redirect_uri=redirect_uri)).query
    fields = {name: values[0] for name, values in parse_qs(asked).items()}
    answer = requests.post(
        f"{url}/connect/oauth2",
        data={**fields, "decision": decision},
        allow_redirects=False,
        timeout=5,
    )
    returned = urlsplit(answer.headers["Location"])
    return {name: values[0] for name, values in parse_qs(returned.query).items()}


def wait(order, **time: int) -> None:
    order("clock", seconds=time.get("days", 0) * 86400 + time.get("hours", 0) * 3600)


def test_consent_brings_back_code_state_and_company(served):
    returned = consent(served.url)

    assert returned.keys() == {"code", "state", "realmId"}
    assert (returned["state"], returned["realmId"]) == ("s-1", REALM)


def test_consent_page_asks_without_scripts(served):
    url = app_at(served.url).consent_url(state="<x>", redirect_uri=RETURN)

    page = requests.get(url, timeout=5).text

    assert "Fernwood Builders" in page
    assert "<script" not in page
    assert 'value="&lt;x&gt;"' in page


def test_cancel_brings_back_access_denied(served):
    assert consent(served.url, "cancel") == {"error": "access_denied", "state": "s-1"}


def test_unknown_app_sends_nobody_anywhere(served):
    url = app_at(served.url, client_id="somebody").consent_url(state="s", redirect_uri=RETURN)

    answer = requests.get(url, allow_redirects=False, timeout=5)

    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_code_becomes_tokens_that_open_the_company(served):
    pair = app_at(served.url).exchange(consent(served.url)["code"], redirect_uri=RETURN)
    tokens = HeldTokens(served.url)
    tokens.current = pair.access

    assert client_at(served.url, tokens=tokens).company().name == "Fernwood Builders"


def test_code_works_once(served):
    code = consent(served.url)["code"]
    app_at(served.url).exchange(code, redirect_uri=RETURN)

    with pytest.raises(CredentialsExpired):
        app_at(served.url).exchange(code, redirect_uri=RETURN)


def test_code_is_bound_to_its_redirect_address(served):
    code = consent(served.url)["code"]

    with pytest.raises(CredentialsExpired):
        app_at(served.url).exchange(code, redirect_uri="http://localhost:8000/elsewhere/")


def test_wrong_client_secret_gets_no_tokens(served):
    code = consent(served.url)["code"]

    with pytest.raises(Unreachable):
        app_at(served.url, client_secret="guess").exchange(code, redirect_uri=RETURN)


def test_refresh_within_a_day_returns_the_same_refresh_token(served):
    tokens = HeldTokens(served.url)

    assert tokens.app.refresh(tokens.refresh).refresh == tokens.refresh


def test_refresh_after_a_day_rotates_and_the_old_value_is_dead(served, order):
    tokens = HeldTokens(served.url)
    wait(order, hours=25)

    pair = tokens.app.refresh(tokens.refresh)

    assert pair.refresh != tokens.refresh
    with pytest.raises(CredentialsExpired):
        tokens.app.refresh(tokens.refresh)
    assert tokens.app.refresh(pair.refresh).access


def test_refresh_token_dies_after_100_idle_days(served, order):
    tokens = HeldTokens(served.url)
    wait(order, days=101)

    with pytest.raises(CredentialsExpired):
        tokens.app.refresh(tokens.refresh)


def test_reading_renews_an_access_token_that_ran_out(served, order):
    tokens = HeldTokens(served.url)
    client = client_at(served.url, tokens=tokens)
    wait(order, hours=2)

    vendors = list(client.records(RecordKind.VENDOR))

    assert len(vendors) == 3
    assert tokens.renewals == 1


def test_posting_with_a_stale_token_sends_nothing_and_renews(served, order, bills):
    tokens = HeldTokens(served.url)
    client = client_at(served.url, tokens=tokens)
    wait(order, hours=2)

    with pytest.raises(NotSent):
        post(client)

    assert bills() == []
    assert post(client).external_id == bills()[0]["id"]


def test_disconnecting_ends_both_tokens(served):
    tokens = HeldTokens(served.url)
    client = client_at(served.url, tokens=tokens)

    tokens.app.revoke(tokens.refresh)

    with pytest.raises(CredentialsExpired):
        client.company()


def test_disconnecting_twice_is_no_error(served):
    tokens = HeldTokens(served.url)

    tokens.app.revoke(tokens.refresh)
    tokens.app.revoke(tokens.refresh)


def test_disconnecting_that_fails_there_is_said(served, order):
    tokens = HeldTokens(served.url)
    order("faults", kind="answer", path="/v2/*", status=503)

    with pytest.raises(Unreachable):
        tokens.app.revoke(tokens.refresh)


def test_tokens_of_one_company_do_not_open_another(served):
    client = client_at(served.url, realm_id="9130350000000099")

    with pytest.raises(CredentialsExpired):
        client.company()
