"""Signing in, joining, and one's own account, through the pages themselves."""

import time

import pytest
from django.core.cache import cache
from django.urls import reverse

from companies import inviting
from companies.models import ApiToken, CompanySettings, Role, User
from companies.tests.factories import PASSWORD, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
LOGIN = "/account/login/"


@pytest.fixture(autouse=True)
def _forget_failures():
    cache.clear()


def sign_in(client, email, password=PASSWORD, **more):
    return client.post(LOGIN, {"login": email, "password": password, **more})


# --- Signing in


def test_address_and_password_open_the_door(company, admin, client):
    response = sign_in(client, "PRIYA@acme.test")

    assert response.status_code == 302
    assert client.get("/", follow=False)["Location"] == "/c/acme/"


def test_the_session_gets_a_new_key_at_sign_in(company, admin, client):
    client.get(LOGIN)
    before = client.cookies.get("session") and client.cookies["session"].value
    sign_in(client, admin.email)

    assert client.cookies["session"].value != before


def test_sign_in_leads_back_to_where_one_wanted_to_go(company, admin, client):
    wanted = reverse("companies:people", args=["acme"]) + "?a=1"
    response = client.get(wanted)

    response = sign_in(client, admin.email, next=wanted)

    assert response["Location"] == wanted


def test_sign_in_leads_nowhere_else(company, admin, client):
    response = sign_in(client, admin.email, next="https://evil.test/")

    assert response["Location"] == "/"


def test_a_wrong_password_and_an_unknown_address_are_told_alike(admin, client):
    wrong = sign_in(client, admin.email, "not the password at all")
    unknown = sign_in(client, "nobody@acme.test", "not the password at all")

    said = "This address and this password do not go together."
    for response in (wrong, unknown):
        assert said in response.content.decode()
    shape = [
        r.content.decode().split("<main")[1].replace(email, "…")
        for r, email in ((wrong, admin.email), (unknown, "nobody@acme.test"))
    ]
    strip = [text.split("csrfmiddlewaretoken")[0] for text in shape]
    assert strip[0] == strip[1]


@pytest.mark.parametrize("address", ["priya@acme.test", "nobody@acme.test"])
def test_five_failures_ask_for_a_wait_in_a_sentence(admin, client, address):
    for _ in range(5):
        assert "do not go together" in sign_in(client, address, "wrong").content.decode()

    sixth = sign_in(client, address, PASSWORD)

    assert sixth.status_code == 200
    assert "Too many wrong tries. Wait five minutes" in sixth.content.decode()


def test_the_wait_is_for_one_address_and_ends(admin, controller, client, monkeypatch):
    for _ in range(6):
        sign_in(client, admin.email, "wrong")
    assert sign_in(client, controller.email).status_code == 302
    client.logout()

    later = time.time() + 301
    monkeypatch.setattr(time, "time", lambda: later)

    assert sign_in(client, admin.email).status_code == 302


def test_a_shut_account_stays_out(admin, client):
    admin.is_active = False
    admin.save()

    sign_in(client, admin.email)

    assert client.get("/").status_code == 302
    assert "_auth_user_id" not in client.session


def test_nobody_signs_up_without_an_invitation(client):
    response = client.post(
        "/account/signup/",
        {"email": "new@acme.test", "password1": PASSWORD, "password2": PASSWORD},
    )

    assert "invitation" in response.content.decode()
    assert not User.objects.exists()


# --- Sessions


def test_a_session_ends_after_an_idle_hour(company, admin, client_for, monkeypatch):
    client = client_for(admin)
    assert client.get("/c/acme/settings/people/").status_code == 200

    session = client.session
    session["seen"] = int(time.time()) - 3601
    session.save()
    response = client.get("/c/acme/settings/people/")

    assert response.status_code == 302
    assert response["Location"].startswith(LOGIN)


def test_a_session_in_use_goes_on(company, admin, client_for):
    client = client_for(admin)
    client.get("/c/acme/settings/people/")
    session = client.session
    session["seen"] = int(time.time()) - 3500
    session.save()

    assert client.get("/c/acme/settings/people/").status_code == 200
    assert client.session["seen"] > time.time() - 10


# --- Joining


def link(company, admin, email="tom@acme.test", role=Role.ACCOUNTANT):
    return inviting.invite(company, email=email, role=role, by=admin).link.split("8000")[1]


def test_a_new_person_joins_and_is_signed_in(company, admin, client):
    url = link(company, admin)
    assert "tom@acme.test" in client.get(url).content.decode()

    response = client.post(url, {"name": "Tom Weiss", "password": PASSWORD})

    assert response["Location"] == "/c/acme/"
    assert client.get("/c/acme/settings/people/").status_code == 200


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("zhort", "at least 12 characters"),
        ("password1234", "too common"),
        ("tom@acme.test", "too similar"),
    ],
)
def test_a_weak_password_is_refused_and_the_name_kept(company, admin, client, password, words):
    response = client.post(link(company, admin), {"name": "Tom Weiss", "password": password})

    assert response.status_code == 422
    assert words in response.content.decode()
    assert "Tom Weiss" in response.content.decode()
    assert password not in response.content.decode().replace("tom@acme.test", "")


def test_somebody_with_an_account_signs_in_first_and_then_joins(company, admin, client):
    user = UserFactory(email="tom@acme.test")
    url = link(company, admin)

    response = client.get(url)
    assert response["Location"] == f"{LOGIN}?next={url}"
    assert "Sign in as tom@acme.test" in client.get(response["Location"]).content.decode()
    assert sign_in(client, user.email, next=url)["Location"] == url
    assert client.post(url)["Location"] == "/c/acme/"
    assert company.memberships.get(user=user).role == Role.ACCOUNTANT


def test_looking_at_the_link_joins_nobody(company, admin, client_for):
    user = UserFactory(email="tom@acme.test")

    client_for(user).get(link(company, admin))

    assert not user.memberships.exists()


def test_the_wrong_person_is_told_whose_invitation_it_is(company, admin, outsider, client_for):
    url = link(company, admin)

    page = client_for(outsider).get(url)
    post = client_for(outsider).post(url)

    assert page.status_code == 403
    assert "This invitation is for <b>tom@acme.test</b>" in page.content.decode()
    assert post.status_code == 403
    assert not company.memberships.filter(user=outsider).exists()


def test_the_token_of_an_open_door_is_not_logged(company, admin, outsider, client, caplog):
    url = link(company, admin)

    client.post(url, {"name": "", "password": ""})
    client.force_login(outsider)
    client.get(url)
    client.post(url)

    assert not caplog.records


def test_a_used_or_unknown_link_says_so(company, admin, client):
    url = link(company, admin)
    client.post(url, {"name": "Tom Weiss", "password": PASSWORD})
    client.logout()

    for path in (url, "/join/never-made/"):
        response = client.get(path)
        assert response.status_code == 410
        assert "used up or was replaced" in response.content.decode()


# --- Home, preferences, tokens


def test_home_leads_to_the_only_company(company, admin, client_for):
    assert client_for(admin).get("/")["Location"] == "/c/acme/"


def test_home_lists_companies_of_which_there_are_several(company, admin, client_for):
    other = MembershipFactory(user=admin, company__name="Pier Partners").company
    MembershipFactory(company__name="Not Theirs")

    page = client_for(admin).get("/").content.decode()

    assert other.get_absolute_url() in page
    assert "Not Theirs" not in page


def test_home_tells_somebody_without_a_company_what_to_do(client_for):
    page = client_for(UserFactory()).get("/").content.decode()

    assert "Ask an admin" in page


@pytest.mark.parametrize("name", ["home", "preferences", "tokens"])
def test_ones_own_pages_need_sign_in(client, name):
    response = client.get(reverse(name))

    assert response["Location"].startswith(LOGIN)


def test_preferences_are_ones_own(admin, controller, client_for):
    client = client_for(admin)

    client.post(
        reverse("preferences"),
        {"name": "Priya S", "theme": "dark", "density": "compact", "time_zone": "Asia/Tokyo"},
    )

    admin.refresh_from_db()
    controller.refresh_from_db()
    assert (admin.theme, admin.density, admin.shortcuts) == ("dark", "compact", False)
    assert controller.theme == "system"
    assert 'data-theme="dark"' in client.get("/account/preferences/").content.decode()


def test_times_show_in_the_persons_zone_or_else_the_companys(company, admin, client_for):
    company.settings.time_zone = "America/New_York"
    company.settings.save()
    client, url = client_for(admin), "/c/acme/audit/"
    link(company, admin)
    assert "Times are in America/New_York" in client.get(url).content.decode()

    User.objects.filter(pk=admin.pk).update(time_zone="Asia/Tokyo")

    assert "Times are in Asia/Tokyo" in client.get(url).content.decode()


@pytest.mark.parametrize("whose", ["persons", "companys"])
def test_a_zone_no_longer_known_breaks_no_page(company, admin, client_for, whose):
    if whose == "persons":
        User.objects.filter(pk=admin.pk).update(time_zone="Mars/Base")
    else:
        CompanySettings.objects.filter(company=company).update(time_zone="Mars/Base")

    assert client_for(admin).get("/c/acme/audit/").status_code == 200


def test_a_token_is_shown_once_and_works(company, admin, client_for):
    client = client_for(admin)

    page = client.post(reverse("tokens"), {"company": company.pk, "name": "export"})

    text = page.content.decode().split('value="tieout_')[1].split('"')[0]
    assert "tieout_" + text not in client.get(reverse("tokens")).content.decode()
    assert "tieout_" + text not in str(ApiToken.objects.values().get())


def test_a_token_is_for_a_company_of_ones_own(company, admin, outsider, client_for):
    response = client_for(outsider).post(
        reverse("tokens"), {"company": company.pk, "name": "export"}
    )

    assert response.status_code == 422
    assert not ApiToken.objects.exists()


def test_only_its_owner_revokes_a_token(company, admin, controller, client_for):
    client_for(admin).post(reverse("tokens"), {"company": company.pk, "name": "export"})
    token = ApiToken.objects.get()
    url = reverse("revoke-token", args=[token.pk])

    assert client_for(controller).post(url).status_code == 404
    client_for(admin).post(url)

    token.refresh_from_db()
    assert token.revoked_at
    assert client_for(admin).post(url).status_code == 409
