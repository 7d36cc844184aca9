"""The Web Connector's side of the line: its sessions, the questions it takes, what it brings back.

`service.py` gives these the words of the protocol. Sections are those of the reference sheet.
"""

import time
from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from connectors.models import Connection
from connectors.quickbooks_desktop import qbxml
from connectors.quickbooks_desktop.models import WebConnectorQuestion, WebConnectorSession
from connectors.safe_xml import BadXml
from connectors.signals import connector_asks

POLL_SECONDS = 0.1
LONGEST_MESSAGE = 2000
State = WebConnectorQuestion.State


# --- Opening and closing --------------------------------------------------------------------------


def waits(connection: Connection, *, is_open: bool) -> int:
    """How much waits for this connection, which is on the line already or not."""
    answers = connector_asks.send(Connection, connection=connection, is_open=is_open)
    return sum(int(count or 0) for _receiver, count in answers)


def begin(connection: Connection) -> str | None:
    """Open a session; its ticket, or None while another one is open.

    One that was silent for a while is over: a Web Connector that was ended comes back anew.
    """
    ticket = str(uuid4())
    for session in WebConnectorSession.objects.filter(connection=connection, closed_at=None):
        silent = timedelta(seconds=settings.QUICKBOOKS_DESKTOP["silent_after"])
        if session.heard_at > timezone.now() - silent:
            return None
        end(session)
    try:
        with transaction.atomic():
            WebConnectorSession.objects.create(
                company_id=connection.company_id,
                connection=connection,
                ticket_sha256=_hash(ticket),
                opened_at=Now(),
                heard_at=Now(),
            )
    except IntegrityError:
        return None  # another machine was faster by a moment
    return ticket


def find(connection: Connection, ticket: str) -> WebConnectorSession | None:
    """The session of a ticket, open or over. None: we gave out no such ticket here."""
    rows = WebConnectorSession.objects.filter(connection=connection, ticket_sha256=_hash(ticket))
    return rows.select_related("connection__company__settings").first()


def is_alive(session: WebConnectorSession) -> bool:
    """Notes that it was heard; False when it is over, as it is after ten minutes of silence."""
    silence = timedelta(seconds=settings.QUICKBOOKS_DESKTOP["ends_after"])
    alive = WebConnectorSession.objects.filter(
        pk=session.pk,
        closed_at=None,
        heard_at__gt=Now() - silence,
        opened_at__gte=session.connection.connected_at,  # not with a password before this one
    ).update(heard_at=Now())
    if not alive:
        end(session)
        return False
    note_heard(session.connection)
    return True


def note_heard(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).update(last_heard_at=Now())


def end(session: WebConnectorSession) -> None:
    """Nobody is on the line from here on: what waits is withdrawn, what was asked is broken off."""
    WebConnectorSession.objects.filter(pk=session.pk, closed_at=None).update(closed_at=Now())
    _break_off(session)
    WebConnectorQuestion.objects.filter(
        connection=session.connection_id, state=State.WAITING
    ).update(state=State.WITHDRAWN)


def stop(session: WebConnectorSession, problem: str) -> None:
    """End it with a sentence for the Web Connector's log."""
    WebConnectorSession.objects.filter(pk=session.pk).update(problem=problem)
    session.problem = problem
    end(session)


def note_problem(connection: Connection, problem: str) -> None:
    """A blank one when all is well again."""
    rows = Connection.objects.filter(pk=connection.pk)
    rows.exclude(problem=problem).update(problem=problem)


# --- Questions and answers ------------------------------------------------------------------------


def hand_out(session: WebConnectorSession) -> str:
    """The next question, waited for a few seconds; "" when there is none.

    It is committed as handed out before it leaves, and nobody is ever given it again.
    """
    # A Web Connector does one thing at a time: what it was given before will not be answered.
    _break_off(session)
    deadline = time.monotonic() + settings.QUICKBOOKS_DESKTOP["holds_call"]
    while (question := _take(session)) is None:
        if time.monotonic() > deadline or not _is_open(session):
            return ""
        time.sleep(POLL_SECONDS)
    WebConnectorSession.objects.filter(pk=session.pk).update(asked_at=Now())
    return question.body


def take_answer(session: WebConnectorSession, response: str, hresult: str, message: str) -> bool:
    """Keep what came back with the question it belongs to; False when it belongs to none.

    An answer that comes late, or again, is harmless: the first one stands.
    """
    question = _answered_by(session, response)
    if question is None:
        return False
    first = WebConnectorQuestion.objects.filter(pk=question.pk).exclude(state=State.ANSWERED)
    stored = first.update(
        state=State.ANSWERED,
        answered_at=Now(),
        answer=_text(response),
        hresult=hresult[:40],
        message=_text(message)[:LONGEST_MESSAGE],
    )
    WebConnectorQuestion.objects.filter(pk=question.pk).update(
        times_answered=F("times_answered") + 1
    )
    if stored:
        WebConnectorSession.objects.filter(pk=session.pk).update(done=F("done") + 1)
    return True


def percent_done(session: WebConnectorSession, waiting: int) -> int:
    """0 to 99 while anything waits, 100 when nothing does (1.3)."""
    questions = WebConnectorQuestion.objects.filter(
        connection=session.connection_id, state=State.WAITING
    ).count()
    pending = max(waiting, questions)
    if not pending:
        return 100
    session.refresh_from_db(fields=["done"])
    return min(99, 100 * session.done // (session.done + pending))


def gives_up(session: WebConnectorSession) -> bool:
    """Work is said to wait, but for minutes nobody asked anything: the next run will do."""
    session.refresh_from_db(fields=["asked_at", "opened_at"])
    quiet = timezone.now() - (session.asked_at or session.opened_at)
    return quiet > timedelta(seconds=settings.QUICKBOOKS_DESKTOP["gives_up_after"])


def _take(session: WebConnectorSession) -> WebConnectorQuestion | None:
    with transaction.atomic():
        waiting = WebConnectorQuestion.objects.select_for_update(of=("self",), skip_locked=True)
        question = (
            waiting.filter(connection=session.connection_id, state=State.WAITING)
            .order_by("pk")
            .first()
        )
        if question is not None:
            question.state, question.session, question.handed_at = State.HANDED, session, Now()
            question.save(update_fields=["state", "session", "handed_at"])
    return question


def _break_off(session: WebConnectorSession) -> None:
    session.questions.filter(state=State.HANDED).update(state=State.BROKEN_OFF)


def _is_open(session: WebConnectorSession) -> bool:
    return WebConnectorSession.objects.filter(pk=session.pk, closed_at=None).exists()


def _answered_by(session: WebConnectorSession, response: str) -> WebConnectorQuestion | None:
    """By the mark in the answer, for a late one may come while another question is out."""
    asked = session.questions.order_by("-handed_at", "-pk")
    try:
        marks = qbxml.marks(response) if response else set()
    except BadXml:
        marks = set()  # cut or garbled: it can only be the answer to the last question
    if marks:
        mine = WebConnectorQuestion.objects.filter(connection=session.connection_id, mark__in=marks)
        return mine.exclude(handed_at=None).order_by("-handed_at", "-pk").first()
    return asked.first()


def _text(value: str) -> str:
    """PostgreSQL keeps no NUL in text."""
    return value.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _hash(ticket: str) -> str:
    return sha256(ticket.encode()).hexdigest()
