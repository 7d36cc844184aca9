"""Pausing, resuming, handing over."""

import pytest
from django.urls import reverse

from audit.models import Entry, Verb
from common.choices import Way
from common.errors import Conflict
from companies.models import Role
from companies.tests.factories import MembershipFactory
from connectors import condition, keeping, registry
from connectors.errors import CredentialsExpired
from connectors.models import Connection
from connectors.tests.factories import ConnectionFactory

pytestmark = pytest.mark.django_db(transaction=True)
State = Connection.State


@pytest.fixture
def connection(company, admin):
    return ConnectionFactory(company=company, connected_by=admin)


@pytest.fixture
def heir(company):
    return MembershipFactory(company=company, role=Role.ADMIN, user__name="Zoe Quinn").user


def url(name, connection):
    return reverse(f"connectors:{name}", args=[connection.company.slug, connection.pk])


def test_a_paused_connection_keeps_its_sign_in_and_is_not_opened(connection, admin):
    row = keeping.pause(connection, by=admin)

    assert row.state == State.PAUSED
    assert row.credentials == connection.credentials
    with pytest.raises(CredentialsExpired, match="is paused"):
        registry.live_connection(connection.company, "ledger")


def test_pausing_and_resuming_are_in_the_trail(connection, admin):
    keeping.resume(keeping.pause(connection, by=admin), by=admin)

    connection.refresh_from_db()
    assert connection.state == State.CONNECTED
    said = Entry.objects.filter(verb__in=[Verb.PAUSED, Verb.RESUMED]).order_by("pk")
    assert [(line.verb, line.user) for line in said] == [("paused", admin), ("resumed", admin)]


@pytest.mark.parametrize("state", [State.PAUSED, State.NEEDS_CONSENT, State.WAITING])
def test_only_what_works_can_be_paused(state, connection, admin):
    Connection.objects.update(state=state)

    with pytest.raises(Conflict, match="It can be paused while it works"):
        keeping.pause(connection, by=admin)


def test_what_is_not_paused_is_not_resumed(connection, admin):
    with pytest.raises(Conflict, match="Only a paused connection"):
        keeping.resume(connection, by=admin)


def test_the_page_says_who_paused_it_and_an_admin_resumes(connection, admin, client_for):
    browser = client_for(admin)
    page = browser.post(url("pause", connection), follow=True).content.decode()

    assert "Paused by Priya Shah" in page
    browser.post(url("resume", connection))
    connection.refresh_from_db()
    assert connection.state == State.CONNECTED


def test_the_dialog_says_what_rests_and_what_stays(connection, admin, client_for):
    for headers in ({}, {"HX-Request": "true"}):
        page = client_for(admin).get(url("pause", connection), headers=headers).content.decode()
        assert "Rests at once" in page
        assert "Nobody has to sign in again" in page


def test_a_connection_is_handed_over_and_says_by_whom_it_was_made(
    connection, admin, heir, client_for
):
    page = client_for(admin).post(url("owner", connection), {"to": heir.pk}, follow=True)

    connection.refresh_from_db()
    assert (connection.in_charge, connection.connected_by) == (heir, admin)
    assert "Zoe Quinn" in page.content.decode()
    line = Entry.objects.get(verb=Verb.HANDED_OVER)
    assert (line.before, line.after) == ({"owner": "Priya Shah"}, {"owner": "Zoe Quinn"})


def test_only_another_admin_of_the_company_takes_it_over(
    connection, admin, controller, outsider, heir, client_for
):
    for user in (controller, outsider, admin):
        with pytest.raises(Conflict, match="cannot take over"):
            keeping.hand_over(connection, to=user, by=admin)
        answer = client_for(admin).post(url("owner", connection), {"to": user.pk})
        assert answer.status_code == 422

    connection.refresh_from_db()
    assert connection.owner is None


def test_a_lone_admin_is_told_to_make_another(connection, admin, client_for):
    page = client_for(admin).get(url("owner", connection)).content.decode()

    assert "There is no other admin" in page


@pytest.mark.parametrize("name", ["pause", "resume", "owner"])
def test_others_change_none_of_it(name, connection, controller, outsider, client_for, client):
    assert client_for(controller).post(url(name, connection)).status_code == 403
    assert client_for(outsider).post(url(name, connection)).status_code == 404
    assert client.post(url(name, connection)).status_code == 302
    connection.refresh_from_db()
    assert connection.state == State.CONNECTED


@pytest.mark.parametrize(
    ("changed", "status", "sentence"),
    [
        ({}, "working", ""),
        ({"state": State.WAITING}, "waiting_for_call", "has not called yet. Start its connector"),
        ({"state": State.PAUSED}, "paused", "until an admin resumes it"),
        ({"state": State.NEEDS_CONSENT}, "needs_sign_in", "An admin has to reconnect it"),
        ({"problem": "It lapsed."}, "halted", "It lapsed."),
        ({"way": Way.CONNECTOR_FILE}, "silent", "See that the computer"),
    ],
)
def test_each_state_says_what_to_do(changed, status, sentence, connection):
    for name, value in changed.items():
        setattr(connection, name, value)

    said = condition.of(connection)

    assert said.status == status
    assert sentence in said.sentence
    assert bool(said.sentence) is (status != "working")
