"""The line to QuickBooks Desktop, which exists only while its Web Connector is in session.

We cannot call QuickBooks. A question is a row; the Web Connector takes it (`sessions.py`), and
whoever asked waits for the row to be answered, with no transaction open.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection as database
from django.db.models import QuerySet
from django.db.models.functions import Now

from connectors.errors import Asleep, ConnectorError, NotSent, Unreachable
from connectors.http import LOGGED_BODY, CallMade
from connectors.models import Connection
from connectors.quickbooks_desktop import qbxml, refusals
from connectors.quickbooks_desktop.models import WebConnectorQuestion, WebConnectorSession
from connectors.quickbooks_desktop.qbxml import Request
from connectors.quickbooks_desktop.redacting import redacted
from connectors.safe_xml import BadXml

KEEP = timedelta(days=30)
POLL_SECONDS = 0.1
State = WebConnectorQuestion.State


@dataclass(frozen=True)
class Line:
    """Asks one company file. `record` is told of every question, and of its answer."""

    connection: Connection
    record: Callable[[CallMade], None] = lambda _call: None

    def ask(self, *requests: Request) -> qbxml.Answer:
        """Ask a question that changes nothing.

        Raises:
            Asleep: no Web Connector is in session.
            ConnectorError: see `send`.
        """
        self.check_open()
        ref = f"{secrets.token_hex(8)}-"
        return self._exchange(qbxml.write(requests, ref=ref), f"{ref}1", _names(requests))

    def send(self, body: str, *, mark: str, what: str) -> qbxml.Answer:
        """Ask with a message set that is written already and carries `mark` as its id, once.

        Raises:
            Asleep: no Web Connector is in session.
            NotSent: nobody took it in time; surely not done.
            Unreachable: it was handed out, and no answer came; it may have been done.
            ConnectorError: QuickBooks could not run it (1.6).
        """
        self.check_open()
        return self._exchange(body, mark, what)

    def check_open(self) -> None:
        """Raises Asleep unless a Web Connector is in session and knows the right company file."""
        if not open_sessions(self.connection).exists():
            raise Asleep(asleep(self.connection))

    def _exchange(self, body: str, mark: str, what: str) -> qbxml.Answer:
        if database.in_atomic_block:
            raise RuntimeError("nobody sees a question before its transaction is over")
        made_at, started = datetime.now(UTC), time.monotonic()
        asked = WebConnectorQuestion.objects.create(
            company_id=self.connection.company_id, connection=self.connection, mark=mark, body=body
        )
        problem = ""
        try:
            return self._answer(asked)
        except ConnectorError as error:
            problem = str(error)
            raise
        finally:
            self.record(
                CallMade(
                    made_at=made_at,
                    method="QBXML",
                    path=what,
                    status=None,
                    duration_ms=int((time.monotonic() - started) * 1000),
                    request_id=mark,
                    request_body=redacted(body)[:LOGGED_BODY],
                    response_body=redacted(asked.answer)[:LOGGED_BODY],
                    error=problem,
                )
            )

    def _answer(self, asked: WebConnectorQuestion) -> qbxml.Answer:
        self._wait(asked)
        if asked.state == State.WITHDRAWN:
            if open_sessions(self.connection).exists():
                raise NotSent("QuickBooks was busy with something else. We keep trying.")
            raise Asleep(asleep(self.connection))
        if asked.state != State.ANSWERED:
            raise Unreachable("QuickBooks was asked, and its Web Connector brought no answer back.")
        # With an answer beside it, QuickBooks did run the question (1.3): the answer counts.
        if asked.hresult and not asked.answer.strip():
            raise refusals.could_not_run(asked.hresult, asked.message)
        try:
            return qbxml.read_answer(asked.answer)
        except BadXml as error:
            raise Unreachable(f"QuickBooks sent an answer that cannot be read: {error}.") from error

    def _wait(self, asked: WebConnectorQuestion) -> None:
        """Until it is answered, or will not be; `asked` is then as it stands."""
        deadline = time.monotonic() + settings.QUICKBOOKS_DESKTOP["taken_within"]
        while self._stands(asked) == State.WAITING:
            if time.monotonic() > deadline and _withdraw(asked):
                return
            time.sleep(POLL_SECONDS)
        deadline = time.monotonic() + settings.QUICKBOOKS_DESKTOP["answered_within"]
        while self._stands(asked) == State.HANDED:
            if time.monotonic() > deadline:
                return
            time.sleep(POLL_SECONDS)
        if asked.state == State.ANSWERED:
            asked.refresh_from_db()

    def _stands(self, asked: WebConnectorQuestion) -> str:
        rows = WebConnectorQuestion.objects.filter(pk=asked.pk)
        asked.state = rows.values_list("state", flat=True).get()
        return asked.state


def open_sessions(connection: Connection) -> QuerySet[WebConnectorSession]:
    """The one session in which a question may be asked now, if there is one."""
    silent = timedelta(seconds=settings.QUICKBOOKS_DESKTOP["silent_after"])
    return WebConnectorSession.objects.filter(
        connection=connection, closed_at=None, is_recognised=True, heard_at__gt=Now() - silent
    )


def asleep(connection: Connection) -> str:
    """What to tell people while nobody is on the line."""
    heard = Connection.objects.only("last_heard_at").get(pk=connection.pk).last_heard
    return (
        f"QuickBooks Desktop waits for its Web Connector, {heard}. What waits goes on by itself at"
        " its next run. If none comes, start the Web Connector on that computer."
    )


def prune() -> int:
    """Delete questions older than 30 days, and the sessions that they belonged to."""
    old = WebConnectorQuestion.objects.filter(asked_at__lt=Now() - KEEP)
    deleted = old.delete()[0]
    sessions = WebConnectorSession.objects.filter(opened_at__lt=Now() - KEEP, questions=None)
    return deleted + sessions.exclude(closed_at=None).delete()[0]


def _withdraw(asked: WebConnectorQuestion) -> bool:
    """Take a question back, unless the Web Connector was faster."""
    waiting = WebConnectorQuestion.objects.filter(pk=asked.pk, state=State.WAITING)
    if waiting.update(state=State.WITHDRAWN):
        asked.state = State.WITHDRAWN
        return True
    return False


def _names(requests: Sequence[Request]) -> str:
    return ", ".join(dict.fromkeys(request.name for request in requests))
