"""Procore's webhooks: what we ask for, what it sends, and that a forged one proves nothing."""

import json
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from common.choices import RecordKind
from connectors.procore.tests.conftest import JOB
from connectors.procore.webhooks import COMPANY, PROJECT, header, is_genuine, read, subscribe
from connectors.records import PulledBill, PulledCommitment
from connectors.sandbox_deliveries import Mischief

V2 = {
    "id": 913377120,
    "ulid": "01JQZ4T8W6M2F7K9X3V5B1N0CD",
    "timestamp": "2026-03-31T21:04:56.118204Z",
    "metadata": {"source_user_id": 20114},
    "company_id": 562949953421877,
    "project_id": 1840221,
    "api_version": "v2.0",
    "event_type": "update",
    "resource_name": "Work Order Contracts",
    "resource_id": 3382710,
}


class Listener:
    """An address that takes what is sent to it, or answers as it is told to."""

    def __init__(self):
        self.got, self.status = [], "200 OK"
        self.server = make_server("127.0.0.1", 0, self, handler_class=Quiet)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks/"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {"authorization": environ.get("HTTP_AUTHORIZATION", "")}
        self.got.append((headers, body))
        start_response(self.status, [])
        return [b""]

    def genuine(self):
        return [body for headers, body in self.got if is_genuine(headers, body, "s3cret")]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_args):
        """A test does not print its requests."""


@pytest.fixture
def listener():
    listener = Listener()
    yield listener
    listener.server.shutdown()
    listener.server.server_close()


@pytest.fixture
def hooked(procore, client, listener):
    """Our hooks are made; the sandbox sends when it is told to."""
    assert list(subscribe(client, listener.url, "s3cret", ())) == ["company", str(JOB)]
    return procore


def send(procore):
    return procore.sandbox.deliveries.send_due()


def heard(listener):
    return [read({}, body)[0] for body in listener.genuine()]


def test_the_payload_of_the_sheet():
    (news,) = read({}, json.dumps(V2).encode())

    assert (news.event_id, news.kind) == (V2["ulid"], PulledCommitment.Kind.SUBCONTRACT)
    assert (news.external_id, news.project_id) == ("3382710", "1840221")
    assert news.happened_at.isoformat() == "2026-03-31T21:04:56.118204+00:00"


def test_the_fourth_version():
    said = {"id": "01J", "timestamp": V2["timestamp"], "reason": "delete", "project_id": "7",
            "resource_type": "Direct Costs", "resource_id": "12"}  # fmt: skip

    (news,) = read({}, json.dumps(said).encode())

    assert (news.kind, news.external_id) == (PulledBill.Kind.DIRECT_COST, "12")
    assert news.is_removal


def test_the_news_of_a_line_names_no_document():
    said = {**V2, "resource_name": "Work Order Contract Line Items"}

    assert read({}, json.dumps(said).encode())[0].external_id == ""


@pytest.mark.parametrize("given", ["", "s3cret", "Bearer", "Bearer s3cre", "bearer s3cret", "é"])
def test_only_our_own_header_is_genuine(given):
    assert is_genuine({"authorization": header("s3cret")}, b"", "s3cret")
    assert not is_genuine({"authorization": given}, b"", "s3cret")


def test_hooks_are_made_once(hooked, client, listener):
    list(subscribe(client, listener.url, "s3cret", ()))

    hooks = hooked.sandbox.store.all("hooks")
    assert len(hooks) == 2
    triggers = [len(hooked.sandbox.store.all(f"triggers/{hook['id']}")) for hook in hooks]
    assert triggers == [3 * len(COMPANY), 3 * len(PROJECT)]


def test_another_secret_is_told_to_the_hooks_that_are_there(hooked, client, listener):
    list(subscribe(client, listener.url, "another", ()))

    proofs = {hook["destination_headers"]["Authorization"] for hook in hooked.sandbox.store.all("hooks")}  # fmt: skip # noqa: E501
    assert proofs == {"Bearer another"}


def test_what_is_done_is_not_done_again(procore, client, listener):
    assert list(subscribe(client, listener.url, "s3cret", ("company",))) == [str(JOB)]


def test_a_change_is_told(hooked, listener):
    hooked.write("vendors", {"id": 77, "name": "Late Roofing"})
    send(hooked)

    assert [(n.kind, n.external_id) for n in heard(listener)] == [(RecordKind.VENDOR, "77")]


def test_no_invoice_is_told(hooked, listener):
    hooked.write("commitments", {"id": 801, "type": "subcontract", "number": "SC-1",
                 "project_id": JOB, "status": "Approved"})  # fmt: skip
    hooked.write("requisitions", {"id": 901, "commitment_id": 801, "number": 1,
                 "status": "draft"})  # fmt: skip
    send(hooked)

    assert [n.kind for n in heard(listener)] == [PulledCommitment.Kind.SUBCONTRACT]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("duplicate", ["1", "1", "2"]), ("lose", ["2"]), ("forge", ["1", "2"]),
     ("reorder", ["2", "1"])],
)  # fmt: skip
def test_deliveries_go_wrong_as_ordered(hooked, listener, kind, expected):
    hooked.sandbox.deliveries.mischief.append(Mischief(kind))
    hooked.write("vendors", {"id": 1, "name": "One"})
    hooked.write("vendors", {"id": 2, "name": "Two"})
    send(hooked)

    told = [news.external_id for news in heard(listener)]
    assert (told if kind == "reorder" else sorted(told)) == expected


def test_a_failure_holds_back_what_comes_after_and_is_tried_again(hooked, listener):
    listener.status = "503 Busy"
    hooked.write("vendors", {"id": 1, "name": "One"})
    hooked.write("vendors", {"id": 2, "name": "Two"})
    assert send(hooked) == 1

    listener.status = "200 OK"
    listener.got.clear()
    hooked.sandbox.clock_offset += hooked.sandbox.deliveries.retries[0]
    send(hooked)

    assert [news.external_id for news in heard(listener)] == ["1", "2"]
