"""The log of calls: what we asked another system, and what it said, without secrets."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

import structlog
from django.db import DatabaseError, models
from django.db.models.functions import Now

from companies.models import Company
from connectors.http import CallMade
from connectors.models import Call, Connection

KEEP_LISTS = timedelta(days=30)
LONGEST_REQUEST_ID = 120

log = structlog.get_logger(__name__)
_serves: ContextVar[tuple[str, int] | None] = ContextVar("serves", default=None)


@contextmanager
def serving(subject_type: str, subject_id: int) -> Iterator[None]:
    """Calls made inside belong to this document, e.g. `serving("sync.push", push.pk)`."""
    token = _serves.set((subject_type, subject_id))
    try:
        yield
    finally:
        _serves.reset(token)


def recorder(connection: Connection) -> Callable[[CallMade], None]:
    """What a client of this connection is given as `record`."""

    def store(call: CallMade) -> None:
        subject_type, subject_id = _serves.get() or ("", None)
        try:
            # Autocommit: clients are used outside of transactions, so the line stays whatever
            # becomes of the work.
            Call.objects.create(
                company_id=connection.company_id,
                connection_id=connection.pk,
                subject_type=subject_type,
                subject_id=subject_id,
                made_at=call.made_at,
                method=call.method,
                path=_text(call.path),
                status=call.status,
                duration_ms=call.duration_ms,
                request_id=_text(call.request_id)[:LONGEST_REQUEST_ID],
                request_body=_text(call.request_body),
                response_body=_text(call.response_body),
                error=_text(call.error),
            )
        except DatabaseError:
            # The answer matters more than its line: raising here would lose what the system said.
            log.exception("call not stored", connection=connection.pk, status=call.status)

    return store


def of_document(
    company: Company, subject_type: str, subject_id: int
) -> "models.QuerySet[Call, Call]":
    """The calls that served one document, newest first."""
    return company.calls.filter(subject_type=subject_type, subject_id=subject_id).select_related(
        "company", "connection"
    )


def prune() -> int:
    """Delete the calls that read lists and are older than 30 days; a document's calls stay."""
    old = Call.objects.filter(subject_type="", made_at__lt=Now() - KEEP_LISTS)
    return old.delete()[0]


def _text(value: str) -> str:
    """PostgreSQL keeps no NUL in text."""
    return value.replace("\x00", "\N{REPLACEMENT CHARACTER}")
