"""The one way out to another system: time limits, retry of reads, sign-in, and a line per call.

Source of the limits: docs/architecture.md, "Sending"; connect 5 s, read 30 s, whole call 60 s,
20 MB, no redirects, no proxies from the environment.
"""

import json
import re
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import urlencode

import requests

from connectors.errors import (
    AccessDenied,
    ConnectorError,
    CredentialsExpired,
    NotSent,
    RateLimited,
    Unreachable,
)
from connectors.records import JSON

CONNECT_SECONDS = 5
READ_SECONDS = 30
CALL_SECONDS = 60
LARGEST_BODY = 20 * 1024 * 1024
LOGGED_BODY = 64 * 1024
READ_TRIES = 3
# A read waits this long at most when told to slow down; longer is the caller's to plan.
LONGEST_PAUSE = timedelta(seconds=5)
DEFAULT_WAIT = timedelta(seconds=60)

SECRET_NAMES = re.compile(
    r"token|secret|password|authorization|^code$|tax_?id|employer_?id|identifier|ssn"
    r"|account_?number|routing",
    re.IGNORECASE,
)


# Waits until a call may be made, where calls of one connection take turns: connectors/pacing.py.
before_call: ContextVar[Callable[[], None] | None] = ContextVar("before_call", default=None)


@dataclass(frozen=True, kw_only=True)
class CallMade:
    """One request and what came back, fit to be stored: no header, no secret."""

    made_at: datetime
    method: str
    path: str
    status: int | None  # None when no answer came
    duration_ms: int
    request_id: str
    request_body: str
    response_body: str
    error: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A complete answer. `data` is parsed JSON, or None when the body is no JSON."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    data: JSON
    request_id: str


class Tokens(Protocol):
    """Where the current access token comes from, and how to get a newer one."""

    def access(self) -> str: ...

    def renew(self, refused: str) -> str:
        """A token other than `refused`. Raises CredentialsExpired or Unreachable."""

    def give_up(self, refused: str) -> None:
        """Note that no token of this sign-in is let in any more: a person has to sign in again."""


@dataclass(kw_only=True)
class Wire:
    """Carries one request there and its answer back, within the limits, with a line in the log.

    It knows nothing of signing in, and speaks JSON unless `parse` and `redact` are replaced.
    """

    system: str  # as a person knows it, for the sentences
    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    record: Callable[[CallMade], None] = lambda _call: None
    request_id_header: str = "x-request-id"
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        self._session = requests.Session()
        self._session.trust_env = False

    def parse(self, body: bytes) -> JSON:
        return parse_json(body)

    def redact(self, body: bytes) -> str:
        return redacted(body)

    def patiently(self, ask: Callable[[], Answer]) -> Answer:
        """A read, tried again up to three times when waiting a moment may help."""
        for attempt in range(1, READ_TRIES + 1):
            try:
                return ask()
            except RateLimited as error:
                if attempt == READ_TRIES or error.wait > LONGEST_PAUSE:
                    raise
                self.sleep(error.wait.total_seconds())
            except Unreachable:
                if attempt == READ_TRIES:
                    raise
                self.sleep(0.5 * 2 ** (attempt - 1))
        raise AssertionError("the last try either answers or raises")

    def exchange(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> Answer:
        """One request, one line in the log of calls."""
        if (wait := before_call.get()) is not None:
            wait()
        made_at, started = datetime.now(UTC), time.monotonic()
        answer: Answer | None = None
        problem = ""
        try:
            answer = self._exchange(method, path, params, body, headers, started)
            return answer
        except ConnectorError as error:
            problem = str(error)
            raise
        finally:
            query = "?" + urlencode(params, doseq=True) if params else ""
            self.record(
                CallMade(
                    made_at=made_at,
                    method=method,
                    path=redacted_query(path + query),
                    status=answer.status if answer else None,
                    duration_ms=int((time.monotonic() - started) * 1000),
                    request_id=answer.request_id if answer else "",
                    request_body=self.redact(body or b""),
                    response_body=self.redact(answer.body if answer else b""),
                    error=problem,
                )
            )

    def _exchange(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        body: bytes | None,
        headers: Mapping[str, str],
        started: float,
    ) -> Answer:
        try:
            response = self._session.request(
                method,
                self.base_url + path,
                params=params,
                data=body,
                headers={**self.headers, **headers},
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
                stream=True,
            )
            with response:
                content = self._body(response, started)
        except requests.RequestException as error:
            raise self._no_answer(error) from error
        return Answer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=content,
            data=self.parse(content),
            request_id=response.headers.get(self.request_id_header, ""),
        )

    def _body(self, response: requests.Response, started: float) -> bytes:
        content = bytearray()
        for chunk in response.iter_content(64 * 1024):
            content += chunk
            if len(content) > LARGEST_BODY:
                raise Unreachable(f"{self.system} sent more than 20 MB in one answer.")
            if time.monotonic() - started > CALL_SECONDS:
                raise Unreachable(f"{self.system} took longer than a minute to answer.")
        return bytes(content)

    def _no_answer(self, error: requests.RequestException) -> Unreachable:
        if (
            isinstance(error, requests.ConnectTimeout)
            or (isinstance(error, requests.exceptions.SSLError) and _never_shook_hands(error))
            or (isinstance(error, requests.ConnectionError) and _never_connected(error))
        ):
            return NotSent(f"{self.system} cannot be reached. We keep trying.")
        if isinstance(error, requests.Timeout):
            return Unreachable(f"{self.system} did not answer in time.")
        return Unreachable(f"The connection to {self.system} broke before its answer was complete.")


@dataclass(kw_only=True)
class Http(Wire):
    """Speaks JSON to one system for one connection. Made after a worker forks, never at import."""

    tokens: Tokens
    # Turns a 4xx answer the session does not know itself into the error that says what it means.
    refusal: Callable[[Answer], ConnectorError]

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """Read. Tried again up to three times when waiting a moment may help."""
        return self.patiently(lambda: self._signed("GET", path, params, None, {}))

    def post(
        self,
        path: str,
        body: bytes,
        params: Mapping[str, Any] | None = None,
        *,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Write, once. A refused token is renewed, but sending again is the caller's decision."""
        sent = {"Content-Type": content_type, **(headers or {})}
        return self._signed("POST", path, params, body, sent)

    def put(self, path: str, body: bytes, *, headers: Mapping[str, str] | None = None) -> Answer:
        """As `post`, for what stands at an address of its own."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        return self._signed("PUT", path, None, body, sent)

    def patch(self, path: str, body: bytes, params: Mapping[str, Any] | None = None) -> Answer:
        """Change, once, as `post` writes."""
        return self._signed("PATCH", path, params, body, {"Content-Type": "application/json"})

    def delete(self, path: str, params: Mapping[str, Any] | None = None) -> Answer:
        """Take away, once. The answer may be empty."""
        return self._signed("DELETE", path, params, None, {})

    def link_pages(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[Answer]:
        """Pages joined by the Link header's rel="next" (RFC 8288)."""
        answer = self.get(path, params)
        yield answer
        while following := requests.utils.parse_header_links(answer.headers.get("link", "")):
            target = next((link["url"] for link in following if link.get("rel") == "next"), None)
            if target is None:
                return
            if not target.startswith(f"{self.base_url}/"):
                raise Unreachable(
                    f"{self.system} named a next page on another server. Nothing was read from it."
                )
            answer = self.get(target.removeprefix(self.base_url))
            yield answer

    def _signed(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> Answer:
        token = self.tokens.access()
        answer = self._call(method, path, params, body, headers, token)
        if answer.status == 401:
            token = self.tokens.renew(token)
            if method != "GET":
                raise NotSent(
                    f"{self.system} asked us to sign in again. It will be sent again shortly.",
                    request_id=answer.request_id,
                )
            answer = self._call(method, path, params, body, headers, token)
        if answer.status >= 300:
            error = self._meaning(answer)
            if isinstance(error, CredentialsExpired):
                self.tokens.give_up(token)
            raise error
        if answer.data is None and (answer.body or method != "DELETE"):
            raise Unreachable(
                f"{self.system} answered with something that cannot be read.",
                request_id=answer.request_id,
            )
        return answer

    def _meaning(self, answer: Answer) -> ConnectorError:
        request_id = answer.request_id
        match answer.status:
            case 429:
                return RateLimited(
                    f"{self.system} asked us to slow down.",
                    wait=retry_after(answer.headers),
                    request_id=request_id,
                )
            case 401:
                return CredentialsExpired(
                    f"{self.system} no longer accepts our sign-in. An admin has to reconnect it.",
                    request_id=request_id,
                )
            case status if status < 400 or status >= 500:
                return Unreachable(
                    f"{self.system} is not answering properly (HTTP {status}). Try again later.",
                    request_id=request_id,
                )
        error = self.refusal(answer)
        if answer.status == 403 and type(error) is ConnectorError:
            return AccessDenied(str(error), request_id=request_id)
        return error

    def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        body: bytes | None,
        headers: Mapping[str, str],
        token: str,
    ) -> Answer:
        signed = {"Accept": "application/json", "Authorization": f"Bearer {token}"}
        return self.exchange(method, path, params, body, {**signed, **self.headers, **headers})


def parse_json(body: bytes) -> JSON:
    """JSON with exact numbers; None when the body is not JSON or holds NaN or infinity."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def redacted(body: bytes) -> str:
    """A body fit to be stored: secrets and tax numbers out, cut to a sensible length."""
    if not body:
        return ""
    data = parse_json(body)
    if data is None:
        return f"({len(body)} bytes that are not JSON)"
    return json.dumps(_without_secrets(data), default=str)[:LOGGED_BODY]


def redacted_query(path: str) -> str:
    return re.sub(
        r"([?&])([^=&]*(?:token|secret|password|code)[^=&]*)=[^&]*", r"\1\2=…", path, flags=re.I
    )


def _without_secrets(data: JSON) -> JSON:
    if isinstance(data, dict):
        return {
            key: "…" if SECRET_NAMES.search(key) and value else _without_secrets(value)
            for key, value in data.items()
        }
    if isinstance(data, list):
        return [_without_secrets(value) for value in data]
    return data


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _never_connected(error: requests.ConnectionError) -> bool:
    """True when the failure is urllib3's "new connection" error: no byte was sent."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return type(reason).__name__ in {"NewConnectionError", "NameResolutionError"}


def _never_shook_hands(error: BaseException | None) -> bool:
    """True when TLS failed as the connection was made. Later, the request may have arrived.

    Both raise the same classes, so it shows in the frames only: urllib3 shakes hands in
    `_validate_conn`, before it writes a byte of the request. Not found there means not sure.
    """
    while error is not None:
        frames = traceback.walk_tb(error.__traceback__)
        if any(frame.f_code.co_name == "_validate_conn" for frame, _line in frames):
            return True
        error = error.__context__
    return False


def retry_after(headers: Mapping[str, str]) -> timedelta:
    """Seconds or an HTTP date (RFC 9110, 10.2.3); a minute when absent or unreadable.

    Procore names the second in which its limit resets, and Retry-After only sometimes.
    """
    value, reset = headers.get("retry-after", ""), headers.get("x-rate-limit-reset", "")
    if not value and reset.isdecimal():
        wait = timedelta(seconds=int(reset) - time.time())
        return max(timedelta(seconds=1), min(wait, timedelta(hours=1)))
    if value.isdecimal():
        return timedelta(seconds=min(int(value), 3600))
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return DEFAULT_WAIT
    if moment.tzinfo is None:  # "-0000" means UTC of an unknown clock
        moment = moment.replace(tzinfo=UTC)
    return max(timedelta(0), min(moment - datetime.now(UTC), timedelta(hours=1)))
