"""Takes in what other systems tell us by themselves: proves it, keeps it, rings the bell.

Nothing is read into it here. News is no data: what it leads to is that a record is read again
(sync/hearing.py). Source: docs/architecture.md, "News comes in".
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from common.choices import System
from connectors import registry
from connectors.models import Connection, InboxEvent, RefusedNews
from connectors.packages import Webhooks
from connectors.records import News
from connectors.vault import unseal

TASK = "sync.tasks.hear"
LARGEST = 2 * 1024 * 1024
OLDEST = timedelta(days=15)
MOST_AHEAD = timedelta(minutes=5)
# Longer than OLDEST: a repeat of what was forgotten is too old to be taken.
KEEP = timedelta(days=30)
LONGEST_ID = 120
MOST_HEADERS, LONGEST_HEADER = 40, 500
NOT_KEPT = re.compile(r"authoriz|cookie|secret|token|password|signature|api-?key", re.IGNORECASE)


def address(connection: Connection) -> str:
    """Where a system that lets us choose an address tells us news of this connection."""
    path = reverse("hooks:connection", args=[connection.row_key])
    return f"{settings.PUBLIC_URL.rstrip('/')}{path}"


def receive(connection: Connection, headers: Mapping[str, str], body: bytes) -> bool:
    """Keep what this connection's own address was told. False: it is not from there."""
    webhooks = registry.package_of(connection).webhooks
    if webhooks is None or webhooks.by_company is not None:
        return False
    headers = _lower(headers)
    if not any(webhooks.is_genuine(headers, body, secret) for secret in _secrets(connection)):
        _count_refused(System(connection.system), connection)
        return False
    _keep(connection, webhooks, headers, body)
    return True


def receive_for_all(system: System, headers: Mapping[str, str], body: bytes) -> bool:
    """Keep what a system tells of all its companies at one address, each its own part.

    Whose news it is says the company inside, and only to a connection that is tied to it.
    """
    webhooks = registry.PACKAGES[system].webhooks
    if webhooks is None or webhooks.by_company is None:
        return False
    headers, secret = _lower(headers), webhooks.app_secret()
    if not secret or not webhooks.is_genuine(headers, body, secret):
        _count_refused(system, None)
        return False
    try:
        parts = webhooks.by_company(body)
    except ValueError:
        return True  # from there, and nothing we know: the sender is not to try again
    tied = Connection.objects.filter(system=system, external_company_id__in=parts)
    for connection in tied.exclude(state=Connection.State.DISCONNECTED):
        _keep(connection, webhooks, headers, parts[connection.external_company_id])
    return True


def forget_old() -> int:
    """Drop what was told long ago, heard or not; the records themselves are read every night."""
    return InboxEvent.objects.filter(received_at__lt=timezone.now() - KEEP).delete()[0]


def is_timely(happened_at: datetime | None, received_at: datetime) -> bool:
    """Neither a replay of long ago nor from a clock that nobody has."""
    if happened_at is None:
        return True
    return received_at - OLDEST <= happened_at <= received_at + MOST_AHEAD


def _secrets(connection: Connection) -> Iterator[str]:
    """The connection's own, and for a day after a change the one before it."""
    held = unseal(connection, "hook_secret") or {}
    if held.get("secret"):
        yield held["secret"]
    until = held.get("previous_until")
    if held.get("previous") and until and datetime.fromisoformat(until) > timezone.now():
        yield held["previous"]


def _keep(
    connection: Connection, webhooks: Webhooks, headers: Mapping[str, str], body: bytes
) -> None:
    received_at = timezone.now()
    note, news = "", list[News]()
    try:
        news = webhooks.read(headers, body)
    except ValueError as error:
        note = f"This cannot be understood: {error}"
    if news and not any(is_timely(each.happened_at, received_at) for each in news):
        note = "This is too old, or from the future, so it was not followed up."
    with transaction.atomic():
        row, is_new = InboxEvent.objects.get_or_create(
            connection=connection,
            event_id=_event_id(news, body),
            defaults={
                "company_id": connection.company_id,
                "body": body,
                "headers": _kept(headers),
                "received_at": received_at,
                "state": InboxEvent.State.SET_ASIDE if note else InboxEvent.State.RECEIVED,
                "note": note,
                "due_at": None if note else Now(),
            },
        )
        if is_new and not note:
            InboxEvent.objects.ring(TASK, [row.pk])


def _event_id(news: list[News], body: bytes) -> str:
    """The sender's own where it tells one thing at a time; else a hash that its repeat has too."""
    ids = sorted(each.event_id for each in news)
    if len(ids) == 1 and 0 < len(ids[0]) <= LONGEST_ID:
        return ids[0]
    said = "\n".join(ids).encode() if ids and all(ids) else body
    return hashlib.sha256(said).hexdigest()


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    fit = ((name, value) for name, value in headers.items() if not NOT_KEPT.search(name))
    return {name: value[:LONGEST_HEADER] for name, value in list(fit)[:MOST_HEADERS]}


def _count_refused(system: System, connection: Connection | None) -> None:
    """How often somebody knocked who could not prove where they come from. What they said is gone.

    A row a day, so that a flood makes the table no longer.
    """
    row, _made = RefusedNews.objects.get_or_create(
        system=system, connection=connection, day=timezone.now().date()
    )
    RefusedNews.objects.filter(pk=row.pk).update(count=F("count") + 1)
