"""The one way out, against a small server on loopback that misbehaves on request."""

import json
import os
import re
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from werkzeug.wrappers import Response

from connectors import http
from connectors.errors import (
    AccessDenied,
    ConnectorError,
    CredentialsExpired,
    NotSent,
    RateLimited,
    Refused,
    Unreachable,
)
from connectors.http import Http, redacted, redacted_query
from connectors.sandboxing import Fault, Sandbox, json_response, serve

CANARY = "canary-7f3a"
PAGE = "<html><body>Bad gateway</body></html>"


class Shop(Sandbox):
    """Lists things, takes things, and looks at the token."""

    routes = [
        ("GET|POST", "/things", "things"),
        ("GET", "/pages/<int:number>", "pages"),
        ("GET", "/large", "large"),
        ("GET", "/slow", "slow"),
        ("GET", "/echo", "echo"),
        ("GET", "/not-a-number", "not_a_number"),
    ]
    good_token = "first"
    base_url = ""

    def things(self, request):
        if request.headers.get("Authorization") != f"Bearer {self.good_token}":
            return json_response({"error": "who are you"}, 401)
        return json_response({"ok": True}, x_request_id="shop-1")

    def pages(self, request, number):
        response = json_response([number])
        if number < 3:
            response.headers["Link"] = f'<{self.base_url}/pages/{number + 1}>; rel="next"'
        return response

    def large(self, request):
        def chunks():
            yield b'["'
            for _megabyte in range(21):
                yield b"x" * 1024 * 1024
            yield b'"]'

        return Response(chunks(), mimetype="application/json")

    def slow(self, request):
        def chunks():
            yield b"["
            for _second in range(20):
                time.sleep(0.1)
                yield b" "
            yield b"]"

        return Response(chunks(), mimetype="application/json")

    def echo(self, request):
        return json_response(dict(request.headers))

    def not_a_number(self, request):
        return Response('{"amount": NaN}', mimetype="application/json")


@dataclass
class Tokens:
    current: str = "first"
    renewed: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)

    def access(self):
        return self.current

    def renew(self, refused):
        self.renewed.append(refused)
        self.current = "second"
        return self.current

    def give_up(self, refused):
        self.given_up.append(refused)


@pytest.fixture
def shop():
    served = serve(Shop())
    served.sandbox.base_url = served.url
    yield served
    served.stop()


@pytest.fixture
def talk(shop):
    return talker(shop.url)


def talker(url, **more):
    """An Http that keeps its calls in `.made` and its pauses in `.slept`."""
    made, slept = [], []
    session = Http(
        system="Shop",
        base_url=url,
        tokens=Tokens(),
        refusal=lambda answer: Refused(f"no: {answer.status}", request_id=answer.request_id),
        record=made.append,
        sleep=slept.append,
        **more,
    )
    session.made, session.slept = made, slept
    return session


def asked(shop, path="/things"):
    return [seen for seen in shop.sandbox.requests_seen if seen[1].startswith(path)]


# --- Answers --------------------------------------------------------------------------------------


def test_an_answer_is_parsed_and_its_request_id_kept(talk):
    answer = talk.get("/things")

    assert (answer.status, answer.data, answer.request_id) == (200, {"ok": True}, "shop-1")


def test_one_call_is_one_line(talk):
    talk.post("/things", b'{"name": "bolt"}', {"requestid": "k1"})

    (call,) = talk.made
    assert (call.method, call.path, call.status) == ("POST", "/things?requestid=k1", 200)
    assert (call.request_body, call.request_id) == ('{"name": "bolt"}', "shop-1")
    assert call.error == ""


@pytest.mark.parametrize("body", [PAGE, "", "not json", '{"a": ', "[1, 2"])
def test_a_body_that_is_no_json_is_no_answer(body, shop, talk):
    shop.sandbox.faults.append(Fault("answer", path="/things", status=200, body=body, times=9))

    with pytest.raises(Unreachable) as error:
        talk.post("/things", b"{}")

    assert not error.value.surely_not_done


def test_nan_is_no_json(talk):
    with pytest.raises(Unreachable):
        talk.get("/not-a-number")


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_leaves_a_write_unknown(status, shop, talk):
    shop.sandbox.faults.append(Fault("answer_after", path="/things", status=status, body=PAGE))

    with pytest.raises(Unreachable, match=f"HTTP {status}") as error:
        talk.post("/things", b"{}")

    assert not error.value.surely_not_done


def test_a_refusal_is_worded_by_the_connector(shop, talk):
    shop.sandbox.faults.append(Fault("answer", path="/things", status=422, body="{}"))

    with pytest.raises(Refused, match="no: 422"):
        talk.get("/things")


def test_a_403_that_the_connector_has_no_word_for_is_access_denied(shop):
    talk = talker(shop.url)
    talk.refusal = lambda answer: ConnectorError("hidden")
    shop.sandbox.faults.append(Fault("answer", path="/things", status=403, body="{}"))

    with pytest.raises(AccessDenied, match="hidden"):
        talk.get("/things")


# --- No answer ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "truncate"])
def test_a_broken_connection_leaves_a_write_unknown_and_is_not_repeated(kind, shop, talk):
    shop.sandbox.faults.append(Fault(kind, path="/things"))

    with pytest.raises(Unreachable, match="broke before its answer") as error:
        talk.post("/things", b"{}")

    assert not error.value.surely_not_done
    assert len(talk.made) == 1
    assert talk.made[0].status is None


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "truncate"])
def test_a_read_is_tried_again(kind, shop, talk):
    shop.sandbox.faults.append(Fault(kind, path="/things", times=2))

    assert talk.get("/things").status == 200
    assert len(talk.made) == 3
    assert talk.slept == [0.5, 1.0]


def test_a_read_is_tried_three_times_at_most(shop, talk):
    shop.sandbox.faults.append(Fault("answer", path="/things", status=503, times=99))

    with pytest.raises(Unreachable):
        talk.get("/things")

    assert len(talk.made) == 3


def test_an_answer_that_comes_too_late_is_unknown(shop, talk, monkeypatch):
    monkeypatch.setattr(http, "READ_SECONDS", 0.2)
    shop.sandbox.faults.append(Fault("delay_after", path="/things", seconds=0.6))

    with pytest.raises(Unreachable, match="did not answer in time") as error:
        talk.post("/things", b"{}")

    assert not error.value.surely_not_done
    assert len(asked(shop)) == 1


def test_an_answer_that_drips_is_cut_off_after_a_minute(shop, talk, monkeypatch):
    monkeypatch.setattr(http, "CALL_SECONDS", 0.3)
    monkeypatch.setattr(http, "READ_TRIES", 1)

    with pytest.raises(Unreachable, match="longer than a minute"):
        talk.get("/slow")


def test_a_body_over_the_limit_is_not_read_to_its_end(talk, monkeypatch):
    monkeypatch.setattr(http, "READ_TRIES", 1)

    with pytest.raises(Unreachable, match="more than 20 MB"):
        talk.get("/large")

    assert talk.made[0].response_body == ""


def test_a_refused_connection_is_surely_not_done():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        talk = talker(f"http://127.0.0.1:{nobody.getsockname()[1]}")

        with pytest.raises(NotSent, match="cannot be reached") as error:
            talk.post("/things", b"{}")

    assert error.value.surely_not_done


def test_a_name_that_does_not_resolve_is_surely_not_done():
    with pytest.raises(NotSent):
        talker("http://nobody.invalid").post("/things", b"{}")


def test_tls_that_fails_is_surely_not_done(shop):
    with pytest.raises(NotSent):
        talker(shop.url.replace("http:", "https:")).post("/things", b"{}")


def test_tls_that_fails_after_the_request_left_may_be_done(tmp_path):
    certificate = self_signed(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        received = []

        def serve_once():
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            with context.wrap_socket(listening.accept()[0], server_side=True) as talking:
                received.append(talking.recv(64 * 1024))
                os.write(talking.fileno(), b"This is no record of TLS at all.")

        server = threading.Thread(target=serve_once, daemon=True)
        server.start()
        talk = talker(f"https://localhost:{listening.getsockname()[1]}")
        talk._session.verify = str(certificate)

        with pytest.raises(Unreachable) as error:
            talk.post("/things", b"{}")
        server.join(5)

    assert received[0].startswith(b"POST /things")
    assert not error.value.surely_not_done


def self_signed(folder):
    """A certificate for this machine with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "localhost.pem"
    file.write_bytes(
        certificate.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return file


# --- Redirects and other servers ------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_redirects_are_not_followed(method, status, shop, talk):
    elsewhere = {"Location": f"{shop.url}/echo"}
    shop.sandbox.faults.append(
        Fault("answer", path="/things", status=status, headers=elsewhere, times=9)
    )

    with pytest.raises(Unreachable, match=f"HTTP {status}"):
        talk.get("/things") if method == "GET" else talk.post("/things", b"{}")

    assert asked(shop, "/echo") == []


def test_pages_are_followed_to_the_end(talk):
    assert [answer.data for answer in talk.link_pages("/pages/1")] == [[1], [2], [3]]


@pytest.mark.parametrize("suffix", [".attacker.test", "@attacker.test", "0"])
def test_a_next_page_on_another_server_is_not_asked_for(suffix, shop, talk):
    shop.sandbox.base_url = shop.url + suffix

    with pytest.raises(Unreachable, match="another server"):
        list(talk.link_pages("/pages/1"))


def test_proxies_and_netrc_of_the_machine_are_not_used(shop, talk, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    assert talk.get("/echo").data["Authorization"] == "Bearer first"


# --- Sign-in --------------------------------------------------------------------------------------


def test_a_refused_token_is_renewed_once_and_the_read_goes_on(shop, talk):
    shop.sandbox.good_token = "second"

    assert talk.get("/things").status == 200
    assert talk.tokens.renewed == ["first"]


def test_a_refused_token_is_renewed_but_a_write_is_left_to_its_caller(shop, talk):
    shop.sandbox.good_token = "second"

    with pytest.raises(NotSent, match="sign in again"):
        talk.post("/things", b"{}")

    assert talk.tokens.renewed == ["first"]
    assert len(asked(shop)) == 1


def test_a_renewed_token_that_is_refused_as_well_needs_a_person(shop, talk):
    shop.sandbox.good_token = "third"

    with pytest.raises(CredentialsExpired, match="An admin has to reconnect"):
        talk.get("/things")

    assert len(asked(shop)) == 2
    assert talk.tokens.given_up == ["second"]


def test_who_may_not_see_one_thing_keeps_the_consent(shop, talk):
    shop.sandbox.faults.append(Fault("answer", path="/things", status=403, body="{}"))

    with pytest.raises(Refused):
        talk.get("/things")

    assert talk.tokens.given_up == []


# --- Too fast -------------------------------------------------------------------------------------


def test_a_short_wait_is_waited_by_a_read(shop, talk):
    shop.sandbox.faults.append(
        Fault("answer", path="/things", status=429, headers={"Retry-After": "3"}, body=PAGE)
    )

    assert talk.get("/things").status == 200
    assert talk.slept == [3.0]


def test_a_write_is_not_repeated_even_when_the_wait_is_short(shop, talk):
    shop.sandbox.faults.append(
        Fault("answer", path="/things", status=429, headers={"Retry-After": "1"}, body=PAGE)
    )

    with pytest.raises(RateLimited) as error:
        talk.post("/things", b"{}")

    assert error.value.surely_not_done
    assert error.value.wait == timedelta(seconds=1)
    assert talk.slept == []


def in_seconds(seconds):
    return datetime.now(UTC) + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60),
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": "99999999"}, 3600),
        ({"Retry-After": "soon"}, 60),
        ({"Retry-After": "-5"}, 60),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 -0000"}, 0),
    ],
)
def test_how_long_to_wait_is_read_with_care(headers, seconds, shop, talk):
    shop.sandbox.faults.append(
        Fault("answer", method="POST", path="/things", status=429, headers=headers, body=PAGE)
    )

    with pytest.raises(RateLimited) as error:
        talk.post("/things", b"{}")

    assert error.value.wait == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Retry-After", lambda moment: format_datetime(moment, usegmt=True)),
        ("X-Rate-Limit-Reset", lambda moment: str(int(moment.timestamp()))),
    ],
)
def test_a_moment_to_wait_for_is_measured_from_now(name, written, shop, talk):
    headers = {name: written(in_seconds(90))}
    shop.sandbox.faults.append(Fault("answer", path="/things", status=429, headers=headers))

    with pytest.raises(RateLimited) as error:
        talk.get("/things")

    assert timedelta(seconds=60) < error.value.wait <= timedelta(seconds=91)


# --- What is written down -------------------------------------------------------------------------

SECRETS = [
    "access_token",
    "refresh_token",
    "client_secret",
    "password",
    "Authorization",
    "TaxIdentifier",
    "tax_id",
    "ssn",
    "AcctNum_account_number",
    "routing_number",
    "BankAccountNumber",
    "EmployerId",
    "employer_id",
    "code",
]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_not_written_down_however_deep_it_lies(name):
    body = json.dumps({"a": [{"b": {name: CANARY, "name": "Delta"}}]}).encode()

    written = redacted(body)

    assert CANARY not in written
    assert "Delta" in written


@pytest.mark.parametrize("name", ["access_token", "code", "client_secret", "password"])
def test_a_secret_in_the_query_is_not_written_down(name):
    assert CANARY not in redacted_query(f"/x?{name}={CANARY}&page=2")
    assert "page=2" in redacted_query(f"/x?{name}={CANARY}&page=2")


@pytest.mark.parametrize("body", [CANARY.encode(), f"<token>{CANARY}</token>".encode(), b"\xff"])
def test_a_body_that_is_no_json_is_only_counted(body):
    assert re.fullmatch(r"\(\d+ bytes that are not JSON\)", redacted(body))


def test_a_body_is_cut_to_a_sensible_length():
    assert len(redacted(json.dumps(["x" * 200_000]).encode())) == http.LOGGED_BODY


def test_no_token_and_no_secret_is_in_any_line(shop, talk):
    shop.sandbox.good_token = talk.tokens.current = CANARY
    talk.get("/things", {"refresh_token": CANARY})
    talk.post("/things", json.dumps({"password": CANARY}).encode())
    shop.sandbox.faults.append(
        Fault("answer", path="/things", status=400, body=json.dumps({"secret": CANARY}))
    )

    with pytest.raises(Refused) as error:
        talk.get("/things")

    assert CANARY not in repr(talk.made) + repr(error.value)


# --- A storm, and a system that is being looked after ---------------------------------------------

JSON_429 = '{"fault": {"error": [{"code": "3001"}], "type": "SERVICE"}}'
XML_429 = '<IntuitResponse><Fault type="SERVICE"><Error code="3001"/></Fault></IntuitResponse>'
BODIES = [JSON_429, XML_429, PAGE, "", "\x00\xff", "[" * 5000]


@pytest.mark.parametrize("body", BODIES, ids=["json", "xml", "html", "empty", "bytes", "deep"])
@pytest.mark.parametrize("method", ["get", "post", "patch", "delete"])
def test_too_fast_is_too_fast_whatever_the_body(method, body, shop, talk):
    shop.sandbox.faults.append(
        Fault("answer", path="/things", status=429, headers={"Retry-After": "90"}, body=body)
    )

    with pytest.raises(RateLimited) as caught:
        getattr(talk, method)("/things", *([b"{}"] if method in {"post", "patch"} else []))

    assert caught.value.wait == timedelta(seconds=90)
    assert caught.value.surely_not_done


@pytest.mark.parametrize("body", BODIES, ids=["json", "xml", "html", "empty", "bytes", "deep"])
def test_a_storm_ends_a_read_after_three_tries(body, shop, talk):
    headers = {"Retry-After": "1"}
    shop.sandbox.faults.append(
        Fault("answer", path="/things", status=429, headers=headers, body=body, times=99)
    )

    with pytest.raises(RateLimited):
        talk.get("/things")

    assert shop.sandbox.faults[0].times == 99 - http.READ_TRIES


@pytest.mark.parametrize("status", [200, 500, 502, 503])
@pytest.mark.parametrize("method", ["get", "post", "patch", "delete"])
def test_a_page_of_maintenance_is_no_answer_and_leaves_a_write_unknown(method, status, shop, talk):
    shop.sandbox.faults.append(
        Fault("answer", path="/things", status=status, body=PAGE, times=http.READ_TRIES)
    )

    with pytest.raises(Unreachable) as caught:
        getattr(talk, method)("/things", *([b"{}"] if method in {"post", "patch"} else []))

    assert not caught.value.surely_not_done


def test_an_empty_answer_to_a_deletion_is_an_answer(shop, talk):
    shop.sandbox.faults.append(Fault("answer", method="DELETE", path="/things", status=204))

    assert talk.delete("/things").data is None


def test_each_call_waits_for_its_turn(talk):
    turns = []
    token = http.before_call.set(lambda: turns.append(len(turns)))
    try:
        talk.get("/things")
        talk.post("/things", b"{}")
    finally:
        http.before_call.reset(token)

    assert turns == [0, 1]
