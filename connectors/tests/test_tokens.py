"""One refresh at a time, saved before it is used, and no consent lost by accident."""

import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from audit.models import Entry, Verb
from common.choices import System
from connectors import registry
from connectors.errors import CredentialsExpired, NotSent
from connectors.models import Connection
from connectors.quickbooks_online import sandbox_oauth
from connectors.sandboxing import Fault
from connectors.tests.conftest import SOON, signed_in
from connectors.tests.factories import ConnectionFactory
from connectors.tokens import ConnectionTokens
from connectors.vault import seal, unseal

TOKEN_PATHS = {System.PROCORE: "/oauth/token", System.QUICKBOOKS_ONLINE: "/oauth2/v1/tokens/bearer"}


def tokens_of(connection, **how):
    return ConnectionTokens(
        connection, registry.PACKAGES[System(connection.system)].oauth_app(), **how
    )


def refreshes(served):
    return sum(path in TOKEN_PATHS.values() for _method, path in served.sandbox.requests_seen)


def asked_since(served, before):
    return refreshes(served) - before


def secret_of(connection):
    connection.refresh_from_db()
    return unseal(connection, "credentials")


@pytest.mark.django_db
def test_a_token_that_lives_is_used_as_it_is(system, served):
    connection = signed_in(system)
    before = refreshes(served)

    access = tokens_of(connection).access()

    assert access == secret_of(connection)["access"]
    assert asked_since(served, before) == 0


@pytest.mark.django_db
def test_a_token_that_ends_within_five_minutes_is_renewed_and_saved(system, served):
    connection = signed_in(system, expires_in=SOON)
    old = secret_of(connection)

    access = tokens_of(connection).access()

    saved = secret_of(connection)
    assert access == saved["access"] != old["access"]
    assert connection.token_version == 1
    assert connection.refresh_until is None
    assert connection.token_expires_at > timezone.now() + timedelta(minutes=50)


@pytest.mark.django_db
def test_a_refused_token_is_renewed_only_while_it_is_still_ours(system, served):
    connection = signed_in(system)
    refused = secret_of(connection)["access"]
    before = refreshes(served)

    newer = tokens_of(connection).renew(refused)
    again = tokens_of(connection).renew(refused)

    assert newer == again != refused
    assert asked_since(served, before) == 1


@pytest.mark.django_db
def test_the_previous_refresh_token_is_kept_for_a_day(procore):
    connection = signed_in(System.PROCORE, expires_in=SOON)
    old = secret_of(connection)["refresh"]

    tokens_of(connection).access()

    secret = secret_of(connection)
    assert secret["previous_refresh"] == old
    until = datetime.fromisoformat(secret["previous_until"])
    assert timedelta(hours=23) < until - datetime.now(UTC) <= timedelta(days=1)


def with_dead_refresh(connection, *, previous_until):
    """The newest refresh token is dead, the one before it lives."""
    secret = secret_of(connection)
    secret = {
        "access": secret["access"],
        "refresh": "never-arrived",
        "previous_refresh": secret["refresh"],
        "previous_until": previous_until.isoformat(),
    }
    seal(connection, "credentials", secret)
    connection.save()


@pytest.mark.django_db
def test_the_previous_refresh_token_is_tried_before_a_person_is_asked(system, served):
    connection = signed_in(system, expires_in=SOON)
    with_dead_refresh(connection, previous_until=datetime.now(UTC) + timedelta(hours=1))

    access = tokens_of(connection).access()

    assert access == secret_of(connection)["access"]
    assert connection.state == Connection.State.CONNECTED


@pytest.mark.django_db
def test_the_previous_refresh_token_is_not_tried_after_its_day(system, served):
    connection = signed_in(system, expires_in=SOON)
    with_dead_refresh(connection, previous_until=datetime.now(UTC) - timedelta(hours=1))
    before = refreshes(served)

    with pytest.raises(CredentialsExpired):
        tokens_of(connection).access()

    assert asked_since(served, before) == 1


@pytest.mark.django_db
def test_a_rejected_refresh_asks_for_consent_and_says_so_once(system, served):
    connection = signed_in(system, expires_in=SOON)
    registry.PACKAGES[system].oauth_app().revoke(secret_of(connection)["refresh"])

    for _attempt in range(3):
        with pytest.raises(CredentialsExpired, match="no longer accepts our sign-in"):
            tokens_of(connection).access()

    connection.refresh_from_db()
    assert connection.state == Connection.State.NEEDS_CONSENT
    assert connection.problem.endswith("An admin has to reconnect it under Settings.")
    assert Entry.objects.filter(verb=Verb.LOST_CONSENT).count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fault",
    [
        Fault("answer", path="*oken*", status=503, body="<html>down</html>"),
        Fault("answer", path="*oken*", status=429, body="<html>slow down</html>"),
        Fault("answer", path="*oken*", status=401, body='{"error": "invalid_client"}'),
        Fault("answer", path="*oken*", status=200, body='{"hello": 1}'),
        Fault("answer", path="*oken*", status=302, headers={"Location": "http://127.0.0.1:1/"}),
        Fault("drop_before", path="*oken*"),
    ],
    ids=["503", "429", "invalid_client", "no tokens", "redirect", "dropped"],
)
def test_no_clear_answer_gives_the_lease_back_and_keeps_the_tokens(fault, system, served):
    connection = signed_in(system, expires_in=SOON)
    old = secret_of(connection)
    served.sandbox.faults.append(replace(fault))

    with pytest.raises(NotSent):
        tokens_of(connection).access()

    assert secret_of(connection) == old
    assert connection.refresh_until is None
    assert connection.state == Connection.State.CONNECTED
    assert tokens_of(connection).access() == secret_of(connection)["access"]


@pytest.mark.django_db
def test_an_answer_lost_on_the_way_may_cost_the_consent_but_never_more(procore):
    """Procore burns the refresh token with the request: only a person can help then."""
    connection = signed_in(System.PROCORE, expires_in=SOON)
    procore.sandbox.faults.append(Fault("drop_after", path="/oauth/token"))

    with pytest.raises(NotSent):
        tokens_of(connection).access()
    with pytest.raises(CredentialsExpired):
        tokens_of(connection).access()

    connection.refresh_from_db()
    assert connection.state == Connection.State.NEEDS_CONSENT


@pytest.mark.django_db
def test_a_rejection_is_forgotten_when_the_row_holds_a_newer_pair(procore):
    connection = signed_in(System.PROCORE, expires_in=SOON)
    tokens = tokens_of(connection)
    stale = tokens._read()
    newest = tokens.access()

    assert tokens._refreshed(stale) == newest
    connection.refresh_from_db()
    assert connection.state == Connection.State.CONNECTED


@pytest.mark.django_db
def test_an_answer_that_comes_after_the_lease_is_still_taken(procore):
    connection = signed_in(System.PROCORE, expires_in=SOON)
    tokens = tokens_of(connection)
    held = tokens._read()
    pair = (
        registry.PACKAGES[System.PROCORE].oauth_app().refresh(held.refresh)
    )  # slow: not saved yet
    with pytest.raises(CredentialsExpired):
        tokens.access()  # somebody else, after the lease ran out

    access = tokens._save(held, pair)

    assert access == pair.access
    connection.refresh_from_db()
    assert connection.state == Connection.State.CONNECTED
    assert connection.problem == ""


@pytest.mark.django_db
def test_who_waits_gives_up_when_the_lease_never_ends(procore, monkeypatch):
    connection = signed_in(System.PROCORE, expires_in=SOON)
    connection.refresh_until = timezone.now() + timedelta(minutes=1)
    connection.save()
    monkeypatch.setattr("connectors.tokens.WAIT_SECONDS", 0.3)

    with pytest.raises(NotSent, match="takes long to sign us in"):
        tokens_of(connection).access()


@pytest.mark.django_db
def test_the_lease_of_a_dead_process_runs_out(procore):
    connection = signed_in(System.PROCORE, expires_in=SOON)
    connection.refresh_until = timezone.now() + timedelta(seconds=0.5)
    connection.save()

    assert tokens_of(connection).access() == secret_of(connection)["access"]


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["needs_consent", "disconnected"])
def test_a_connection_that_is_not_connected_gives_no_token(state, quickbooks):
    connection = signed_in(System.QUICKBOOKS_ONLINE, state=state, problem="")

    with pytest.raises(CredentialsExpired, match="QuickBooks Online is not connected"):
        tokens_of(connection).access()


@pytest.mark.django_db
def test_tokens_are_not_printed(quickbooks):
    tokens = tokens_of(ConnectionFactory())

    assert "canary" not in repr(tokens) + repr(tokens._read()) + repr(tokens.app)


@pytest.mark.django_db(transaction=True)
def test_a_refresh_inside_a_transaction_is_a_bug(procore):
    connection = signed_in(System.PROCORE, expires_in=SOON)

    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        tokens_of(connection).access()


@pytest.mark.django_db(transaction=True)
def test_eight_threads_with_own_connections_refresh_once(system, served):
    connection = signed_in(system, expires_in=SOON)
    start = threading.Barrier(8)
    before = refreshes(served)

    def work(_number):
        try:
            start.wait()
            return tokens_of(connection).access()
        finally:
            database.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(work, range(8)))

    assert set(answers) == {secret_of(connection)["access"]}
    assert asked_since(served, before) == 1


WORKER = """
import json, os, sys
import django
django.setup()
from connectors import registry
from connectors.errors import ConnectorError
from connectors.models import Connection
from connectors.quickbooks_online import sandbox_oauth
from django.conf import settings
settings.PROCORE.update(json.loads(os.environ["PROCORE_TEST"]))
settings.QUICKBOOKS_ONLINE.update(json.loads(os.environ["QBO_TEST"]))
connection = Connection.objects.get(pk=int(sys.argv[1]))
lost = 0
print("ready", flush=True)
sys.stdin.readline()
for _call in range(30):
    try:
        registry.open_client(connection).company()
    except ConnectorError as error:
        print(error, file=sys.stderr)
        lost += 1
print(lost)
"""


@pytest.mark.django_db(transaction=True)
def test_eight_processes_lose_no_call_while_tokens_run_out(system, served, settings, monkeypatch):
    """480 calls for both systems; without one refresher at a time, 30 of them were lost."""
    monkeypatch.setattr(sandbox_oauth, "ROTATES_AFTER", timedelta(0))  # the harshest Intuit
    connection = signed_in(system, expires_in=SOON)
    before = refreshes(served)
    workers = [worker(connection, settings) for _number in range(8)]
    for process in workers:
        assert process.stdout.readline() == "ready\n"

    for process in workers:
        process.stdin.write("go\n")
        process.stdin.flush()
    while any(process.poll() is None for process in workers):
        Connection.objects.update(token_expires_at=timezone.now() + SOON)
        time.sleep(0.1)
    ends = [process.communicate() for process in workers]

    assert [out.strip() for out, _err in ends] == ["0"] * 8, [err for _out, err in ends]
    connection.refresh_from_db()
    assert connection.state == Connection.State.CONNECTED
    assert connection.token_version == asked_since(served, before) >= 3


def worker(connection, settings):
    options = database.settings_dict
    url = f"postgres://{options['USER']}@/{options['NAME']}?host={options['HOST']}"
    if options["PASSWORD"] or options["PORT"]:
        user = f"{options['USER']}:{options['PASSWORD']}"
        url = f"postgres://{user}@{options['HOST']}:{options['PORT'] or 5432}/{options['NAME']}"
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(connection.pk)],
        cwd=settings.BASE_DIR,
        env={
            "PATH": "",
            "DATABASE_URL": url,
            "VAR_DIR": str(settings.VAR_DIR),
            "TIEOUT_KEYS": settings.TIEOUT_KEYS,
            "DJANGO_SETTINGS_MODULE": "config.settings_test",
            "PROCORE_TEST": json.dumps(settings.PROCORE),
            "QBO_TEST": json.dumps(settings.QUICKBOOKS_ONLINE),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.django_db
def test_a_pair_that_is_refused_when_new_asks_for_consent(system, served):
    connection = signed_in(system)
    tokens = tokens_of(connection)

    tokens.give_up(tokens.access())

    connection.refresh_from_db()
    assert connection.state == Connection.State.NEEDS_CONSENT
    assert Entry.objects.filter(verb=Verb.LOST_CONSENT).count() == 1


@pytest.mark.django_db
def test_a_pair_that_somebody_renewed_meanwhile_keeps_the_consent(system, served):
    connection = signed_in(system)
    tokens = tokens_of(connection)
    refused = tokens.access()
    tokens.renew(refused)

    tokens.give_up(refused)

    connection.refresh_from_db()
    assert connection.state == Connection.State.CONNECTED
