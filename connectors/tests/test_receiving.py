"""News from other systems: who may bring it, and that it is kept once and as it came."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django_q.models import OrmQ

from common.choices import System
from connectors import receiving
from connectors.models import Connection, InboxEvent, RefusedNews
from connectors.procore.webhooks import header
from connectors.quickbooks_online.webhooks import signature
from connectors.tests.factories import ConnectionFactory
from connectors.vault import seal

SECRET = "a-secret-of-this-connection-only"
VERIFIER = "demo-verifier-0001"


@pytest.fixture
def procore(company):
    connection = ConnectionFactory(company=company, source=True, external_company_id="8089")
    seal(connection, "hook_secret", {"secret": SECRET})
    connection.save()
    return connection


@pytest.fixture
def quickbooks(company, settings):
    settings.QUICKBOOKS_ONLINE = {**settings.QUICKBOOKS_ONLINE, "verifier_token": VERIFIER}
    return ConnectionFactory(company=company, external_company_id="4620816365")


def event(**changes):
    return {
        "id": 913377120,
        "ulid": "01JQZ4T8W6M2F7K9X3V5B1N0CD",
        "timestamp": datetime.now(UTC).isoformat(),
        "company_id": 8089,
        "project_id": None,
        "api_version": "v2.0",
        "event_type": "update",
        "resource_name": "Company Vendors",
        "resource_id": 11,
        **changes,
    }


def tell(connection, body, secret=SECRET, **headers):
    """Deliver as Procore does; what we answered."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    if secret:
        headers["Authorization"] = header(secret)
    address = reverse("hooks:connection", args=[connection.row_key])
    return Client().post(
        address, raw, content_type="application/json", headers=headers
    ).status_code  # fmt: skip


def vendor_changed(realm="4620816365", key="91"):
    entity = {"name": "Vendor", "id": key, "operation": "Update",
              "lastUpdated": datetime.now(UTC).isoformat()}  # fmt: skip
    return {"realmId": realm, "dataChangeEvent": {"entities": [entity]}}


def tell_intuit(body, *, verifier=VERIFIER, given=None):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (
        Client()
        .post(
            reverse("hooks:system", args=["quickbooks-online"]),
            raw,
            content_type="application/json",
            headers={"intuit-signature": signature(raw, verifier) if given is None else given},
        )
        .status_code
    )


def bells():
    return OrmQ.objects.count()


# --- One address a connection ---------------------------------------------------------------------


def test_news_is_kept_as_it_came_and_rings(procore):
    body = json.dumps(event()).encode()

    assert tell(procore, body) == 200

    row = InboxEvent.objects.get(connection=procore)
    assert bytes(row.body) == body
    assert (row.event_id, row.state) == ("01JQZ4T8W6M2F7K9X3V5B1N0CD", InboxEvent.State.RECEIVED)
    assert bells() == 1


def test_what_proves_the_sender_is_not_kept(procore):
    tell(procore, event(), **{"X-Request-Id": "r-1"})

    kept = InboxEvent.objects.get().headers
    assert kept["x-request-id"] == "r-1"
    assert not any(SECRET in value for value in kept.values())


def test_a_repeat_is_kept_once_and_answered_all_the_same(procore):
    answers = [tell(procore, event()) for _ in range(3)]

    assert answers == [200, 200, 200]
    assert (InboxEvent.objects.count(), bells()) == (1, 1)


@pytest.mark.parametrize("secret", ["", "wrong", SECRET + "x", SECRET[:-1], SECRET.upper()])
def test_who_cannot_prove_it_is_counted_and_not_kept(procore, secret):
    assert tell(procore, event(), secret=secret) == 401

    assert not InboxEvent.objects.exists()
    assert RefusedNews.objects.get(connection=procore).count == 1


def test_a_flood_of_forgeries_is_one_row_a_day(procore):
    for number in range(5):
        tell(procore, event(ulid=f"forged-{number}"), secret="wrong")

    assert RefusedNews.objects.get().count == 5


def test_the_secret_of_another_connection_proves_nothing(procore, outsider):
    other = ConnectionFactory(company=outsider.memberships.get().company, source=True)
    seal(other, "hook_secret", {"secret": "another"})
    other.save()

    assert tell(procore, event(), secret="another") == 401


def test_the_secret_before_holds_for_a_day(procore):
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    held = {"secret": "new", "previous": SECRET, "previous_until": soon}
    seal(procore, "hook_secret", held)
    procore.save()

    assert tell(procore, event()) == 200


def test_the_secret_before_does_not_hold_for_ever(procore):
    past = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    held = {"secret": "new", "previous": SECRET, "previous_until": past}
    seal(procore, "hook_secret", held)
    procore.save()

    assert tell(procore, event()) == 401


def test_a_connection_without_a_secret_takes_nothing(company):
    bare = ConnectionFactory(company=company, source=True)

    assert tell(bare, event(), secret="") == 401
    assert tell(bare, event(), secret="None") == 401


@pytest.mark.parametrize(
    "moment", [timedelta(days=-16), timedelta(minutes=6)], ids=["long ago", "in the future"]
)
def test_what_cannot_be_of_today_is_set_aside(procore, moment):
    assert tell(procore, event(timestamp=(datetime.now(UTC) + moment).isoformat())) == 200

    assert InboxEvent.objects.get().state == InboxEvent.State.SET_ASIDE
    assert bells() == 0


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"not json", b'{"resource_id": 7}', b"\xff\xfe", b"[" * 5000,
     json.dumps(event(resource_id="1 OR 1=1")).encode()],
    ids=range(8),
)  # fmt: skip
def test_what_cannot_be_understood_is_set_aside(procore, body):
    assert tell(procore, body) == 200

    assert InboxEvent.objects.get().state == InboxEvent.State.SET_ASIDE


def test_more_than_two_megabytes_is_not_taken(procore):
    assert tell(procore, b" " * (receiving.LARGEST + 1)) == 413
    assert not InboxEvent.objects.exists()


def test_more_than_a_form_may_have_is_taken(procore):
    large = json.dumps(event(related_resources=["x" * 1_200_000])).encode()

    assert tell(procore, large) == 200
    assert InboxEvent.objects.get().state == InboxEvent.State.RECEIVED


def test_nobody_reads_there(procore):
    assert Client().get(reverse("hooks:connection", args=[procore.row_key])).status_code == 405


def test_an_unknown_address_is_not_there(db):
    row_key = "00000000-0000-4000-8000-000000000000"

    assert Client().post(reverse("hooks:connection", args=[row_key])).status_code == 404


def test_a_disconnected_one_takes_nothing(procore):
    procore.state = Connection.State.DISCONNECTED
    procore.save()

    assert tell(procore, event()) == 404


def test_a_paused_one_keeps_what_it_is_told(procore):
    procore.state = Connection.State.PAUSED
    procore.save()

    assert tell(procore, event()) == 200
    assert InboxEvent.objects.count() == 1


def test_what_is_old_is_forgotten(procore):
    tell(procore, event())
    InboxEvent.objects.update(received_at=datetime.now(UTC) - timedelta(days=31))

    assert receiving.forget_old() == 1


# --- One address for all companies ----------------------------------------------------------------


def test_intuits_news_goes_to_the_company_it_names(quickbooks):
    assert tell_intuit({"eventNotifications": [vendor_changed()]}) == 200

    assert InboxEvent.objects.get().connection == quickbooks


def test_each_company_gets_its_own_part_only(quickbooks, outsider):
    company = outsider.memberships.get().company
    other = ConnectionFactory(company=company, external_company_id="77")

    tell_intuit({"eventNotifications": [vendor_changed(), vendor_changed("77", "5")]})

    parts = {row.connection_id: bytes(row.body) for row in InboxEvent.objects.all()}
    assert parts.keys() == {quickbooks.pk, other.pk}
    assert b"4620816365" not in parts[other.pk]
    assert b'"77"' not in parts[quickbooks.pk]


def test_news_of_a_company_that_nobody_tied_is_dropped(quickbooks):
    assert tell_intuit({"eventNotifications": [vendor_changed("999")]}) == 200

    assert not InboxEvent.objects.exists()


@pytest.mark.parametrize("given", ["", "AAAA", "not base64 at all", "é"])
def test_a_wrong_signature_is_counted_and_not_kept(quickbooks, given):
    raw = json.dumps({"eventNotifications": [vendor_changed()]}).encode()
    address = reverse("hooks:system", args=["quickbooks-online"])
    answer = Client().post(
        address, raw, content_type="application/json", headers={"intuit-signature": given}
    )

    assert answer.status_code == 401
    assert not InboxEvent.objects.exists()
    assert RefusedNews.objects.get(system=System.QUICKBOOKS_ONLINE).count == 1


def test_one_altered_byte_is_noticed(quickbooks):
    raw = json.dumps({"eventNotifications": [vendor_changed()]}).encode()

    assert tell_intuit(raw.replace(b'"91"', b'"92"'), given=signature(raw, VERIFIER)) == 401


def test_without_a_verifier_nothing_is_taken(quickbooks, settings):
    settings.QUICKBOOKS_ONLINE = {**settings.QUICKBOOKS_ONLINE, "verifier_token": ""}

    assert tell_intuit({"eventNotifications": [vendor_changed()]}, verifier="") == 401


def test_a_system_with_an_address_a_connection_has_none_for_all(procore):
    address = reverse("hooks:system", args=["procore"])

    assert Client().post(address, b"{}", content_type="application/json").status_code == 401


def test_an_unknown_system_is_not_there(db):
    assert Client().post(reverse("hooks:system", args=["nobody"])).status_code == 404


def test_news_of_intuit_cannot_be_told_at_a_connections_own_address(quickbooks):
    body = {"eventNotifications": [vendor_changed()]}
    raw = json.dumps(body).encode()
    answer = Client().post(
        reverse("hooks:connection", args=[quickbooks.row_key]),
        raw,
        content_type="application/json",
        headers={"intuit-signature": signature(raw, VERIFIER)},
    )

    assert answer.status_code == 401
