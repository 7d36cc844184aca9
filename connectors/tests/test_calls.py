"""The log of calls: which document they served, what is kept, and what never lands in it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from common.choices import System
from connectors import calls, registry
from connectors.http import CallMade
from connectors.models import Call
from connectors.sandboxing import Fault
from connectors.tests.conftest import signed_in
from connectors.tests.factories import ConnectionFactory
from connectors.vault import unseal

pytestmark = pytest.mark.django_db


def made(**fields):
    usual = {
        "made_at": timezone.now(),
        "method": "GET",
        "path": "/vendors",
        "status": 200,
        "duration_ms": 12,
        "request_id": "r-1",
        "request_body": "",
        "response_body": "[]",
        "error": "",
    }
    return CallMade(**(usual | fields))


def test_every_call_of_a_client_is_stored(system, served):
    connection = signed_in(system)

    registry.open_client(connection).company()

    call = Call.objects.first()
    assert (call.company, call.connection) == (connection.company, connection)
    assert (call.method, call.status, call.subject_type) == ("GET", 200, "")
    assert call.request_id


def test_no_token_is_stored_with_a_call(system, served):
    connection = signed_in(system)
    secret = unseal(connection, "credentials")

    registry.open_client(connection).company()

    stored = "".join(str(vars(call)) for call in Call.objects.all())
    assert stored
    assert not any(token in stored for token in secret.values())


def test_a_call_that_got_no_answer_is_stored_too(procore):
    connection = signed_in(System.PROCORE)
    procore.sandbox.faults.append(Fault("drop_before", path="/rest/*"))

    registry.open_client(connection).company()

    failed = Call.objects.get(status=None)
    assert "broke before its answer" in failed.error
    assert failed.outcome == failed.error


def test_calls_belong_to_the_document_they_serve():
    connection = ConnectionFactory()
    record = calls.recorder(connection)

    with calls.serving("sync.push", 12):
        record(made(path="/inner"))
        with calls.serving("sync.push", 13):
            record(made(path="/innermost"))
    record(made(path="/outer"))

    found = calls.of_document(connection.company, "sync.push", 12)
    assert [call.path for call in found] == ["/inner"]
    assert Call.objects.get(path="/innermost").subject_id == 13
    assert Call.objects.get(path="/outer").subject_id is None


def test_a_document_of_another_company_has_no_calls_here():
    with calls.serving("sync.push", 12):
        calls.recorder(ConnectionFactory())(made())

    assert not calls.of_document(ConnectionFactory().company, "sync.push", 12).exists()


def test_a_document_that_failed_no_longer_names_what_comes_after():
    record = calls.recorder(ConnectionFactory())

    with pytest.raises(ZeroDivisionError), calls.serving("sync.push", 12):
        raise ZeroDivisionError
    record(made())

    assert Call.objects.get().subject_type == ""


def test_a_line_with_anything_in_it_can_be_stored():
    odd = {"path": "/a\x00b", "request_id": "x" * 500, "error": "\x00", "response_body": "\x00"}

    calls.recorder(ConnectionFactory())(made(**odd))

    assert Call.objects.get().path == "/a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.django_db(transaction=True)
def test_a_line_that_cannot_be_stored_does_not_cost_the_answer():
    connection = ConnectionFactory()
    record = calls.recorder(connection)

    record(made(status=99_999))  # does not fit its column

    assert not Call.objects.exists()


def test_old_calls_that_read_lists_are_pruned_and_those_of_documents_stay():
    record = calls.recorder(ConnectionFactory())
    old = timezone.now() - timedelta(days=31)
    record(made(made_at=old, path="/old-list"))
    record(made(path="/new-list"))
    with calls.serving("sync.push", 12):
        record(made(made_at=old, path="/old-document"))

    assert calls.prune() == 1

    assert set(Call.objects.values_list("path", flat=True)) == {"/new-list", "/old-document"}
