import pytest
import requests

from connectors.errors import AccessDenied, CredentialsExpired
from connectors.procore.tests.conftest import REDIRECT, SignedIn


def test_consent_page_works_without_scripts(procore):
    page = requests.get(procore.app.consent_url(state="s-1", redirect_uri=REDIRECT), timeout=5)

    assert 'value="allow">Allow' in page.text
    assert 'value="deny">Deny' in page.text
    assert "<script" not in page.text


def test_consent_page_escapes_what_it_was_given(procore):
    url = procore.app.consent_url(state='"><script>', redirect_uri=REDIRECT)

    assert "<script" not in requests.get(url, timeout=5).text


def test_allowing_brings_a_code_and_our_state_back(procore):
    back = procore.consent(state="s-42")

    assert back["state"] == "s-42"
    assert back["code"]


def test_denying_brings_the_reason_back(procore):
    back = procore.consent("deny")

    assert (back["error"], "code" in back) == ("access_denied", False)


def test_consent_for_an_unknown_app_is_refused(procore):
    url = procore.app.consent_url(state="s", redirect_uri=REDIRECT)

    answer = requests.get(url.replace("tieout-sandbox", "somebody"), timeout=5)

    assert answer.status_code == 400


def test_consent_never_sends_a_code_to_plain_http_elsewhere(procore):
    url = procore.app.consent_url(state="s", redirect_uri="http://elsewhere.example/")

    assert requests.get(url, timeout=5).status_code == 400


def test_a_code_works_once(procore):
    code = procore.consent()["code"]
    procore.app.exchange(code, redirect_uri=REDIRECT)

    with pytest.raises(CredentialsExpired):
        procore.app.exchange(code, redirect_uri=REDIRECT)


def test_a_code_dies_after_ten_minutes(procore):
    code = procore.consent()["code"]
    requests.post(f"{procore.url}/_sandbox/clock", json={"seconds": 601}, timeout=5)

    with pytest.raises(CredentialsExpired):
        procore.app.exchange(code, redirect_uri=REDIRECT)


def test_a_code_is_bound_to_its_redirect(procore):
    code = procore.consent()["code"]

    with pytest.raises(CredentialsExpired):
        procore.app.exchange(code, redirect_uri=REDIRECT + "/")


def test_refreshing_rotates_both_tokens(procore):
    first = procore.sign_in()

    second = procore.app.refresh(first.refresh)

    assert {second.access, second.refresh}.isdisjoint({first.access, first.refresh})


def test_a_used_refresh_token_is_dead_at_once(procore):
    first = procore.sign_in()
    procore.app.refresh(first.refresh)

    with pytest.raises(CredentialsExpired):
        procore.app.refresh(first.refresh)


def test_a_refresh_whose_answer_is_lost_burns_the_token(procore):
    pair = procore.sign_in()
    procore.misbehave("drop_after", path="/oauth/token")
    with pytest.raises(Exception, match="cannot be reached"):
        procore.app.refresh(pair.refresh)

    with pytest.raises(CredentialsExpired):
        procore.app.refresh(pair.refresh)


def test_an_access_token_lives_ninety_minutes(procore):
    token = procore.sign_in().access
    requests.post(f"{procore.url}/_sandbox/clock", json={"seconds": 5401}, timeout=5)

    assert procore.get("/rest/v1.0/me", token=token).status_code == 401


def test_the_client_signs_in_again_when_its_token_has_expired(procore):
    client = procore.client()
    requests.post(f"{procore.url}/_sandbox/clock", json={"seconds": 5401}, timeout=5)

    assert client.company().name == "Larkspur Builders"


def test_token_info_says_how_long_a_token_lives(procore):
    info = procore.get("/oauth/token/info").json()

    assert 5390 <= info["expires_in_seconds"] <= 5400


def test_revoking_kills_both_tokens(procore):
    pair = procore.sign_in()

    procore.app.revoke(pair.access)

    assert procore.get("/rest/v1.0/me", token=pair.access).status_code == 401
    with pytest.raises(CredentialsExpired):
        procore.app.refresh(pair.refresh)


def test_revoking_an_unknown_token_succeeds(procore):
    procore.app.revoke("nobody-knows-me")


def test_a_wrong_secret_gives_no_tokens(procore):
    answer = requests.post(
        f"{procore.url}/oauth/token",
        data={
            "grant_type": "refresh_token",
            "refresh_token": procore.sign_in().refresh,
            "client_id": "tieout-sandbox",
            "client_secret": "guessed",
        },
        timeout=5,
    )

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_consent_that_is_gone_asks_for_a_reconnect(procore):
    pair = procore.sign_in()
    client = procore.client(tokens=SignedIn(procore.app, pair))
    procore.app.revoke(pair.access)

    with pytest.raises(CredentialsExpired, match="reconnect"):
        client.company()


def test_a_company_that_the_user_cannot_see_is_denied(procore):
    with pytest.raises(AccessDenied, match="no longer shows"):
        procore.client(company_id="9999").company()
