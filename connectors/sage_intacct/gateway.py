"""Speaks to the XML gateway for one company: signs in, stays signed in, asks and sends.

Sections are those of the reference sheet of Sage Intacct. A session lives at an address of its own
(3.4): it is called there and nowhere else, and only if it lies at Sage, or at the very machine
that our settings name.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import urlsplit
from uuid import uuid4
from xml.etree.ElementTree import Element

from connectors.errors import ConnectorError, CredentialsExpired, NotSent, RateLimited, Unreachable
from connectors.http import Answer, CallMade, Wire, retry_after
from connectors.records import JSON
from connectors.sage_intacct import envelope, refusals
from connectors.sage_intacct.envelope import Login, Sender, made, text_in
from connectors.sage_intacct.refusals import SYSTEM

SAGE = ".intacct.com"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# A session that is about to end is not used for another call.
ENDS_SOON = timedelta(minutes=1)
# Used when the answer does not say how long a session lives, which it always should (3.4).
SHORT_SESSION = timedelta(minutes=15)


@dataclass(frozen=True)
class Session:
    id: str
    endpoint: str
    until: datetime

    def __repr__(self) -> str:
        return f"Session({self.endpoint}, until {self.until})"

    @property
    def is_good(self) -> bool:
        return self.until - datetime.now(UTC) > ENDS_SOON


class Sessions(Protocol):
    """Where a connection's sign-in and its current session are kept."""

    def login(self) -> Login: ...

    def current(self) -> Session | None:
        """The session to use; None when there is none or it is over."""

    def keep(self, session: Session) -> None: ...

    def forget(self, refused: Session) -> None:
        """This session was refused; a newer one is left alone."""

    def give_up(self, error: CredentialsExpired) -> None:
        """No sign-in is let in any more: a person has to look."""


class XmlWire(Wire):
    """The gateway speaks XML. What is logged holds no password and no session."""

    def parse(self, body: bytes) -> JSON:
        return envelope.parsed(body)

    def redact(self, body: bytes) -> str:
        return envelope.redacted(body)


class Gateway:
    def __init__(
        self,
        *,
        url: str,
        sender: Sender,
        sessions: Sessions,
        record: Callable[[CallMade], None] = lambda _call: None,
    ) -> None:
        self.url = url
        self.sender = sender
        self.sessions = sessions
        self._record = record
        self._wires: dict[str, XmlWire] = {}

    # --- What may be asked --------------------------------------------------------------------

    def ask(self, call: Element) -> Element:
        """Read: the data of the one result. Tried again when waiting a moment may help, and once
        more after signing in again.
        """
        content = envelope.function(f"ask-{uuid4().hex}", call)
        session = self._session()
        try:
            return self._asked(content, session)
        except refusals.SignInRefused:
            self.sessions.forget(session)
        session = self._session()
        try:
            return self._asked(content, session)
        except refusals.SignInRefused as error:
            self.sessions.give_up(error)
            raise

    def send(self, function: Element, *, what: str) -> Element:
        """Write, once, in a transaction and under the function's own control id (6).

        Raises:
            NotSent: the session was over. There is a new one now; sending is the caller's decision.
        """
        session = self._session()
        body = envelope.request(
            self.sender, session.id, function, is_unique=True, is_transaction=True
        )
        try:
            answer = self._exchange(session.endpoint, body)
            return self._data(answer, function, what=what, sends=True)
        except refusals.SignInRefused as error:
            self.sessions.forget(session)
            self._session()
            raise NotSent(
                f"{SYSTEM} asked us to sign in again. It will be sent again shortly.",
                request_id=error.request_id,
            ) from error

    def sign_in(self) -> Session:
        """A new session, where the login says (3.4).

        Raises:
            SignInRefused: with the step of the setup that is missing.
        """
        login = self.sessions.login()
        call = envelope.function(f"sign-in-{uuid4().hex}", made("getAPISession"))
        body = envelope.request(self.sender, login, call)
        root = self._root(self._wire(self.url).patiently(lambda: self._exchange(self.url, body)))
        data = self._data_of(root, call, what="our sign-in", entity=login.entity_id)
        api = data.find("api")
        session_id, endpoint = text_in(api, "sessionid"), text_in(api, "endpoint")
        if not session_id or not endpoint:
            raise Unreachable(f"{SYSTEM} signed us in without saying where to go on.")
        self._check_endpoint(endpoint)
        session = Session(session_id, endpoint, _ends(root))
        self.sessions.keep(session)
        return session

    # --- One exchange -------------------------------------------------------------------------

    def _asked(self, content: Element, session: Session) -> Element:
        body = envelope.request(self.sender, session.id, content)
        wire = self._wire(session.endpoint)

        def once() -> Answer:
            answer = self._exchange(session.endpoint, body)
            self._root(answer)  # raises here what waiting may cure
            return answer

        return self._data(wire.patiently(once), content, what="our question")

    def _session(self) -> Session:
        """The one that is kept, or a new one. Without any nothing left: a write may be repeated."""
        session = self.sessions.current()
        if session is not None:
            self._check_endpoint(session.endpoint)
            return session
        try:
            return self.sign_in()
        except refusals.SignInRefused as error:
            self.sessions.give_up(error)
            raise
        except Unreachable as error:
            raise NotSent(str(error), request_id=error.request_id) from error

    def _exchange(self, url: str, body: bytes) -> Answer:
        parts = urlsplit(url)
        sent = {"Content-Type": "application/xml", "Accept": "application/xml, text/xml"}
        answer = self._wire(url).exchange("POST", parts.path, None, body, sent)
        if answer.status == 429:
            raise RateLimited(
                f"{SYSTEM} asked us to slow down.",
                wait=retry_after(answer.headers),
                request_id=answer.request_id,
            )
        return answer

    def _root(self, answer: Answer) -> Element:
        """The answer's root, its first level of failure raised (4.2).

        Anything but the gateway's XML says nothing of what was done: 5xx, a maintenance page.
        """
        root = answer.data
        if answer.status == 401 and isinstance(root, Element):
            found = envelope.complaints(root) or [envelope.Complaint("XMLGW_JPP0002", "", "")]
            raise refusals.sign_in_refusal(found)
        if answer.status >= 300 or not isinstance(root, Element) or root.tag != "response":
            raise Unreachable(
                f"{SYSTEM} is not answering properly (HTTP {answer.status}). Try again later.",
                request_id=answer.request_id,
            )
        if _status(root, "control/status") != "success":
            error = refusals.control_refusal(
                envelope.complaints(root), envelope.support_id(root) or answer.request_id
            )
            raise error
        return root

    def _data(self, answer: Answer, content: Element, *, what: str, sends: bool = False) -> Element:
        return self._data_of(self._root(answer), content, what=what, sends=sends)

    def _data_of(
        self, root: Element, content: Element, *, what: str, sends: bool = False, entity: str = ""
    ) -> Element:
        """The data of the one result, its second and third level of failure raised."""
        operation = root.find("operation")
        request_id = envelope.support_id(operation)
        if operation is None:
            raise Unreachable(f"{SYSTEM} did not say whether it did what was asked.")
        if _status(operation, "authentication/status") != "success":
            found = envelope.complaints(operation)
            raise refusals.sign_in_refusal(found, entity=entity, request_id=request_id)
        results = operation.findall("result")
        mine = [each for each in results if text_in(each, "controlid") == content.get("controlid")]
        if len(results) != 1 or not mine:
            raise Unreachable(f"{SYSTEM} answered something else than what was asked.")
        result = mine[0]
        # "aborted" too means that nothing was done (4.1).
        if _status(result, "status") != "success":
            raise self._refused(result, what, sends, request_id)
        data = result.find("data")
        return data if data is not None else result

    def _refused(self, result: Element, what: str, sends: bool, request_id: str) -> ConnectorError:
        found = envelope.complaints(result)
        return refusals.refusal(found, what=what, sends=sends, request_id=request_id)

    # --- Where --------------------------------------------------------------------------------

    def _wire(self, url: str) -> XmlWire:
        parts = urlsplit(url)
        base = f"{parts.scheme}://{parts.netloc}"
        if base not in self._wires:
            self._wires[base] = XmlWire(system=SYSTEM, base_url=base, record=self._record)
        return self._wires[base]

    def _check_endpoint(self, endpoint: str) -> None:
        """An answer may not send our session to somebody else's machine."""
        ours, theirs = urlsplit(self.url), urlsplit(endpoint)
        is_sage = theirs.scheme == "https" and f".{theirs.hostname or ''}".endswith(SAGE)
        is_sandbox = ours.hostname in LOOPBACK and (theirs.scheme, theirs.netloc) == (
            ours.scheme,
            ours.netloc,
        )
        if not (is_sage or is_sandbox) or not re.fullmatch(r"[\w./\-]*", theirs.path):
            raise Unreachable(
                f"{SYSTEM} named a session address that is not Sage's. Nothing was sent there."
            )


@dataclass
class HeldSession:
    """Satisfies Sessions in memory: for a first sign-in, before there is a connection."""

    the_login: Login
    session: Session | None = None

    def login(self) -> Login:
        return self.the_login

    def current(self) -> Session | None:
        return self.session if self.session is not None and self.session.is_good else None

    def keep(self, session: Session) -> None:
        self.session = session

    def forget(self, refused: Session) -> None:
        if self.session == refused:
            self.session = None

    def give_up(self, error: CredentialsExpired) -> None:
        """There is no connection yet that could lose its sign-in."""


def _status(holder: Element, path: str) -> str:
    """success, failure or aborted (4.1). An answer that says none of them refuses nothing."""
    said = text_in(holder, path)
    if said not in {"success", "failure", "aborted"}:
        raise Unreachable(f"{SYSTEM} did not say whether it did what was asked.")
    return said


def _ends(root: Element) -> datetime:
    """When the session ends; both moments are of Sage's clock, so their distance counts (3.4)."""
    who = root.find("operation/authentication")
    try:
        began = datetime.fromisoformat(text_in(who, "sessiontimestamp"))
        over = datetime.fromisoformat(text_in(who, "sessiontimeout"))
        lasts = over - began
    except (ValueError, TypeError):
        lasts = SHORT_SESSION
    return datetime.now(UTC) + lasts
