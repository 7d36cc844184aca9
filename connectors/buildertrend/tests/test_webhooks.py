"""News from Buildertrend: proved, read, and sent by the sandbox as well and as badly as told."""

import hashlib
import hmac
import json
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from common.choices import RecordKind
from connectors.buildertrend import webhooks
from connectors.buildertrend.sandbox import BuildertrendSandbox
from connectors.buildertrend.tests.conftest import (
    ACCOUNT,
    BILL,
    FRAMER,
    JOB,
    ORDER,
    TILER,
    Buildertrend,
    write_seed,
)
from connectors.records import News, PulledBill, PulledCommitment
from connectors.sandboxing import serve

OLD, NEW = "the old secret of this hook", "the new secret of this hook"


class Receiver:
    """A stock server that takes webhooks, and answers with the next of `answers`, else 202."""

    def __init__(self):
        self.taken, self.answers = [], []
        taken, answers = self.taken, self.answers

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                taken.append((dict(self.headers), body))
                self.send_response(answers.pop(0) if answers else 202)
                self.end_headers()

            def log_message(self, *_args):
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/news"
        self.thread = Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def news(self):
        return [each for headers, body in self.taken for each in webhooks.read(headers, body)]


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.stop()


@pytest.fixture
def told(buildertrend, receiver):
    """Both sides, tied: what happens over there is told here when it is sent."""
    buildertrend.client().subscribe(receiver.url, OLD)
    return buildertrend


def signed(body=b"{}", secret=OLD, at=None):
    stamp = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"x-bt-timestamp": stamp, "x-bt-signature": f"v1={digest}", "x-bt-delivery": "d-1"}


# --- Proof ----------------------------------------------------------------------------------------


def test_what_is_signed_with_the_secret_is_genuine():
    assert webhooks.is_genuine(signed(), b"{}", OLD)


def test_names_of_headers_may_be_written_in_any_case():
    shouted = {name.upper(): value for name, value in signed().items()}

    assert webhooks.is_genuine(shouted, b"{}", OLD)


@pytest.mark.parametrize(
    "changes",
    [
        {"x-bt-signature": ""},
        {"x-bt-signature": "v1="},
        {"x-bt-signature": "v2=" + "0" * 64},
        {"x-bt-signature": "v1=" + "0" * 64},
        {"x-bt-signature": "v1=" + "\N{LATIN SMALL LETTER E WITH ACUTE}" * 64},
        {"x-bt-timestamp": ""},
        {"x-bt-timestamp": "soon"},
        {"x-bt-timestamp": "-1"},
        {"x-bt-timestamp": "\N{ARABIC-INDIC DIGIT ONE}"},
    ],
)
def test_a_forged_header_proves_nothing(changes):
    assert not webhooks.is_genuine(signed() | changes, b"{}", OLD)


def test_no_header_proves_nothing():
    assert not webhooks.is_genuine({}, b"{}", OLD)


def test_an_empty_secret_proves_nothing():
    assert not webhooks.is_genuine(signed(secret=""), b"{}", "")


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_only_the_very_bytes_that_were_signed_are_genuine(body, other):
    assert webhooks.is_genuine(signed(body), body, OLD)
    assert webhooks.is_genuine(signed(body), other, OLD) is (body == other)


@pytest.mark.parametrize(
    ("seconds", "is_genuine"), [(-301, False), (-290, True), (290, True), (310, False)]
)
def test_a_clock_may_differ_by_five_minutes(seconds, is_genuine):
    late = signed(at=time.time() + seconds)

    assert webhooks.is_genuine(late, b"{}", OLD) is is_genuine


# --- What it says ---------------------------------------------------------------------------------


def event(name="purchase_order.approved", resource="purchase_order", number=8001, **changes):
    said = {
        "id": "2b0f", "event": name, "occurredAt": "2026-02-12T16:20:00Z", "accountId": ACCOUNT,
        "data": {"resource": resource, "id": number, "jobId": 111},
        "sample": {"projectId": 999, "amount": "1.00"},
    }  # fmt: skip
    return json.dumps(said | changes).encode()


def test_the_event_of_the_sheet_says_what_to_read_again():
    assert webhooks.read({"X-BT-Delivery": "d-1"}, event()) == [
        News(
            event_id="d-1",
            kind=PulledCommitment.Kind.PURCHASE_ORDER,
            external_id="8001",
            project_id="111",
            happened_at=datetime(2026, 2, 12, 16, 20, tzinfo=UTC),
        )
    ]


@pytest.mark.parametrize(
    ("spelled", "meant"),
    [
        ("PurchaseOrder.Approved", "purchase_order.approved"),
        ("purchase_order.approved", "purchase_order.approved"),
        ("Budget.Updated", "budget.updated"),
        ("CostItem.Created", "cost_item.created"),
        ("change_order.signed", "change_order.signed"),
    ],
)
def test_both_spellings_of_an_event_are_one(spelled, meant):
    assert webhooks.canonical(spelled) == meant
    assert meant in webhooks.EVENTS


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("PurchaseOrder.Approved", {"id": 1}, PulledCommitment.Kind.PURCHASE_ORDER),
        ("bill.paid", {"resource": "Bill", "id": 1}, PulledBill.Kind.BILL),
        ("cost_item.updated", {"resource": "bill", "id": 1}, PulledBill.Kind.BILL),
        ("vendor.updated", {"resource": "vendor", "id": 1}, RecordKind.VENDOR),
        ("job.created", {"resource": "job", "id": 1}, RecordKind.PROJECT),
        ("change_order.signed", {"resource": "change_order", "id": 1}, ""),
        ("budget.updated", {"resource": "budget", "id": 1}, ""),
        ("moon.rose", {"resource": "moon", "id": 1}, ""),
    ],
)
def test_what_is_told_of_what_we_read_has_a_kind(name, data, kind):
    (news,) = webhooks.read({"x-bt-delivery": "d-1"}, event(name, data=data))

    assert (news.kind, news.external_id) == (kind, "1")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, event()),
        ({"x-bt-delivery": "d"}, b""),
        ({"x-bt-delivery": "d"}, b"<xml/>"),
        ({"x-bt-delivery": "d"}, b"[]"),
        ({"x-bt-delivery": "d"}, b"{}"),
        ({"x-bt-delivery": "d"}, event(event=None)),
        ({"x-bt-delivery": "d"}, event(data=None)),
    ],
)
def test_what_is_no_event_is_a_value_error(headers, body):
    with pytest.raises(ValueError, match="Buildertrend's"):
        webhooks.read(headers, body)


@given(st.binary(max_size=80) | st.recursive(
    st.none() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["event", "data", "id", "resource", "occurredAt", "x"]), inner),
    max_leaves=9,
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_any_body_is_news_or_a_value_error(body):
    try:
        news = webhooks.read({"x-bt-delivery": "d"}, body)
    except ValueError:
        news = []

    assert all(isinstance(each, News) for each in news)


# --- The sandbox as the sender --------------------------------------------------------------------


def test_what_people_do_there_is_told_to_whoever_subscribed(told, receiver):
    told.screen(f"purchase_orders/{ORDER}/approve")
    told.screen("change_orders/71/sign")
    told.screen(f"bills/{BILL}", {"status": "Paid"})
    told.screen(f"vendors/{FRAMER}/rename", {"name": "Ridge"})
    told.sandbox.hooks.send_due()

    assert [headers["X-BT-Event"] for headers, _body in receiver.taken] == [
        "purchase_order.approved",
        "change_order.signed",
        "bill.paid",
        "vendor.updated",
    ]
    assert [(news.kind, news.external_id) for news in receiver.news] == [
        (PulledCommitment.Kind.PURCHASE_ORDER, str(ORDER)),
        ("", "71"),
        (PulledBill.Kind.BILL, str(BILL)),
        (RecordKind.VENDOR, str(FRAMER)),
    ]
    assert {news.project_id for news in receiver.news} == {str(JOB), ""}


def test_a_vendor_entered_again_is_told_as_two_that_changed(told, receiver):
    told.screen(f"vendors/{TILER}/re-create")
    told.sandbox.hooks.send_due()

    assert [news.external_id for news in receiver.news] == ["93", "94"]


def test_a_webhook_that_is_lost_changes_the_books_all_the_same(told, receiver):
    told.write("vendors", {"id": FRAMER, "company_name": "Ridge"})
    told.sandbox.hooks.send_due()

    assert receiver.taken == []
    assert told.get(f"/vendors/{FRAMER}").json()["companyName"] == "Ridge"


def test_a_stock_receiver_proves_the_signature_by_the_sheets_text_alone(told, receiver):
    """8.4: `v1=<hex HMAC-SHA256(secret, timestamp + "." + raw body)>`, with nothing of ours."""
    told.screen(f"purchase_orders/{ORDER}/approve")
    told.sandbox.hooks.send_due()

    ((headers, body),) = receiver.taken
    text = headers["X-BT-Timestamp"] + "." + body.decode()
    expected = hmac.new(OLD.encode(), text.encode(), hashlib.sha256).hexdigest()
    assert headers["X-BT-Signature"] == "v1=" + expected
    assert abs(int(headers["X-BT-Timestamp"]) - time.time()) < 60
    assert len(headers["X-BT-Delivery"]) == 36
    said = json.loads(body)
    assert said["event"] == headers["X-BT-Event"] == "purchase_order.approved"
    assert said["data"] == {"resource": "purchase_order", "id": ORDER, "jobId": JOB}
    assert said["sample"]["costCode"] == "03-110"


def test_who_does_not_take_it_is_told_again_after_a_minute_and_more(told, receiver):
    receiver.answers += [500, 503, 404, 302, 500]
    told.screen(f"bills/{BILL}", {"title": "Changed"})
    waits = [timedelta(0), *(timedelta(minutes=m) for m in (1, 5, 30, 120))]
    for wait in waits:
        told.sandbox.clock_offset += wait - timedelta(seconds=5)
        told.sandbox.hooks.send_due()  # five seconds early: nothing but the first leaves
        told.sandbox.clock_offset += timedelta(seconds=6)
        told.sandbox.hooks.send_due()

    assert len(receiver.taken) == 5
    assert len({headers["X-BT-Delivery"] for headers, _body in receiver.taken}) == 1
    assert told.sandbox.store.count("deliveries") == 0, "given up"


def test_every_try_is_stamped_anew_so_that_a_late_one_is_genuine(told, receiver):
    receiver.answers += [500]
    told.screen(f"bills/{BILL}", {"title": "Changed"})
    told.sandbox.hooks.send_due()
    told.sandbox.clock_offset += timedelta(seconds=61)
    told.sandbox.hooks.send_due()

    first, second = (int(headers["X-BT-Timestamp"]) for headers, _body in receiver.taken)
    assert second - first >= 61
    assert webhooks.is_genuine(*receiver.taken[1], OLD)


def test_while_secrets_change_what_waited_is_signed_with_the_old_one(told, receiver):
    told.screen(f"bills/{BILL}", {"title": "Before"})
    told.client().subscribe(receiver.url, NEW)
    told.screen(f"bills/{BILL}", {"title": "After"})
    told.sandbox.hooks.send_due()

    proved = [
        [webhooks.is_genuine(headers, body, secret) for secret in (OLD, NEW)]
        for headers, body in receiver.taken
    ]
    assert proved == [[True, False], [False, True]]


def test_told_to_double_a_delivery_it_keeps_its_id(told, receiver):
    told.screen("mischief", {"kind": "duplicate"})
    told.screen(f"bills/{BILL}", {"title": "Changed"})
    told.sandbox.hooks.send_due()

    assert len(receiver.taken) == 2
    assert len({news.event_id for news in receiver.news}) == 1


def test_told_to_reorder_it_sends_the_later_one_first(told, receiver):
    told.screen("mischief", {"kind": "reorder"})
    told.screen(f"bills/{BILL}", {"title": "First"})
    assert told.sandbox.hooks.send_due() == 0
    told.screen(f"vendors/{FRAMER}/rename", {"name": "Second"})
    told.sandbox.hooks.send_due()

    kinds = [news.kind for news in receiver.news]
    assert kinds == [RecordKind.VENDOR, PulledBill.Kind.BILL]


def test_told_to_delay_it_waits(told, receiver):
    told.screen("mischief", {"kind": "delay", "seconds": 3600})
    told.screen(f"bills/{BILL}", {"title": "Late"})

    assert told.sandbox.hooks.send_due() == 0
    told.sandbox.clock_offset += timedelta(seconds=3601)
    assert told.sandbox.hooks.send_due() == 1


def test_told_to_corrupt_it_proves_nothing(told, receiver):
    told.screen("mischief", {"kind": "corrupt"})
    told.screen(f"bills/{BILL}", {"title": "Changed"})
    told.sandbox.hooks.send_due()

    ((headers, body),) = receiver.taken
    assert not webhooks.is_genuine(headers, body, OLD)


def test_a_thiefs_replay_is_the_same_to_the_byte_and_bears_the_same_id(told, receiver):
    told.screen(f"bills/{BILL}", {"title": "Changed"})
    told.sandbox.hooks.send_due()
    told.sandbox.hooks.replay(told.sandbox.hooks.sent[0])

    (first, body), (second, again) = receiver.taken
    assert body == again
    assert first["X-BT-Delivery"] == second["X-BT-Delivery"]
    assert first["X-BT-Signature"] == second["X-BT-Signature"]


def test_left_to_itself_it_sends_soon_and_stops_when_all_is_told(tmp_path, receiver):
    served = serve(BuildertrendSandbox(seed=write_seed(tmp_path)))
    try:
        there = Buildertrend(served.sandbox, served.url)
        there.client().subscribe(receiver.url, OLD)
        there.screen(f"bills/{BILL}", {"title": "Changed"})
        deadline = time.monotonic() + 10
        while not receiver.taken and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(receiver.taken) == 1
    finally:
        served.stop()


def test_nobody_at_the_address_stops_nothing(buildertrend):
    buildertrend.client().subscribe("http://127.0.0.1:9/news", OLD)

    buildertrend.screen(f"bills/{BILL}", {"title": "Changed"})

    assert buildertrend.sandbox.hooks.send_due() == 1
    assert buildertrend.sandbox.hooks.sent[0].status is None
    assert requests.get(f"{buildertrend.url}/_sandbox/faults", timeout=5).ok
