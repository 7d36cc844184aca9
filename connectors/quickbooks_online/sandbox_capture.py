"""Change data capture: what changed since a moment. Source: section 6.2 of the reference sheet."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from connectors.quickbooks_online import sandbox_faults as faults
from connectors.quickbooks_online.sandbox_books import Books
from connectors.quickbooks_online.sandbox_faults import Refusal
from connectors.sandboxing import Doc

LOOKS_BACK = timedelta(days=30)
MOST = 1000
NOT_CAPTURED = {"JournalCode", "TaxAgency", "TimeActivity", "TaxCode", "TaxRate"}


def captured(
    books: Books, entities: Iterable[str], since: str | None, now: datetime
) -> list[dict[str, Any]]:
    """One group for each entity asked for, changed rows before deleted ones; blank without any.

    Raises:
        Refusal: the moment is missing, unreadable or more than 30 days back.
    """
    start = _start(since, now)
    groups: list[dict[str, Any]] = []
    room = MOST
    for entity in entities:
        changed = sorted((doc for doc in books.all(entity) if _changed(doc) >= start), key=_changed)
        rows = [books.shown(entity, doc) for doc in changed[:room]]
        stubs = [stub for stub in books.deleted(entity) if _changed(stub) >= start]
        rows += stubs[: room - len(rows)]
        room -= len(rows)
        group = {entity: rows, "startPosition": 1, "maxResults": len(rows)}
        groups.append(group if rows else {})
    return groups


def _start(since: str | None, now: datetime) -> datetime:
    if not since:
        raise faults.missing("changedSince")
    try:
        start = datetime.fromisoformat(since)
    except ValueError:
        start = None
    if start is None or start.tzinfo is None:
        raise Refusal(2060, "Invalid Date", f"Invalid Date : {since}", element="changedSince")
    if start < now - LOOKS_BACK:
        raise Refusal(
            2190,
            "Invalid Date Range",
            "Invalid Date Range : changedSince is more than 30 days ago",
            element="changedSince",
        )
    return start


def _changed(doc: Doc) -> datetime:
    return datetime.fromisoformat(doc["MetaData"]["LastUpdatedTime"])
