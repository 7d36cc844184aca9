"""A system is asked for its news once it is connected, and told another secret when reconnected."""

from datetime import timedelta

import pytest
import requests
from django.utils import timezone

from common.choices import System
from connectors import receiving, subscribing
from connectors.models import Connection
from connectors.procore.webhooks import header
from connectors.tests.conftest import signed_in
from connectors.vault import unseal


@pytest.fixture
def connection(db, procore):
    url = f"{procore.url}/_sandbox/rows/projects"
    requests.post(url, json=[{"id": 21, "name": "Clinic"}], timeout=5).raise_for_status()
    return signed_in(System.PROCORE)


def hooks(procore):
    return procore.sandbox.store.all("hooks")


def proofs(procore):
    return {hook["destination_headers"]["Authorization"] for hook in hooks(procore)}


def secret_of(connection):
    connection.refresh_from_db()
    return unseal(connection, "hook_secret")


def test_a_new_connection_is_asked_for_and_then_no_more(connection, procore):
    assert list(subscribing.due()) == [connection.pk]

    assert subscribing.ask(connection)

    connection.refresh_from_db()
    assert connection.hooks_set_at is not None
    assert list(subscribing.due()) == []


def test_the_hooks_lead_here_and_carry_our_secret(connection, procore):
    subscribing.ask(connection)

    assert {hook["destination_url"] for hook in hooks(procore)} == {receiving.address(connection)}
    assert proofs(procore) == {header(secret_of(connection)["secret"])}
    assert len(secret_of(connection)["secret"]) >= 32


def test_asked_again_the_secret_stays(connection, procore):
    subscribing.ask(connection)
    before = secret_of(connection)

    subscribing.ask(connection)

    assert secret_of(connection) == before
    assert len(hooks(procore)) == 2


def test_a_reconnection_changes_the_secret_and_the_one_before_holds_a_day(connection, procore):
    subscribing.ask(connection)
    before = secret_of(connection)["secret"]
    Connection.objects.update(connected_at=timezone.now() + timedelta(seconds=1))
    connection.refresh_from_db()

    subscribing.ask(connection)

    held = secret_of(connection)
    assert held["previous"] == before != held["secret"]
    assert proofs(procore) == {header(held["secret"])}


def test_a_system_that_says_no_is_asked_again_later(connection, procore):
    requests.post(
        f"{procore.url}/_sandbox/faults",
        json={"kind": "answer", "path": "/rest/v1.0/webhooks/*", "status": 403, "body": "{}"},
        timeout=5,
    )

    assert not subscribing.ask(connection)

    connection.refresh_from_db()
    assert connection.hooks_set_at is None
    assert subscribing.ask(connection)


def test_a_paused_connection_is_not_asked_for(connection):
    Connection.objects.update(state=Connection.State.PAUSED)

    assert list(subscribing.due()) == []
