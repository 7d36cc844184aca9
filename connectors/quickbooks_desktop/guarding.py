"""Lets a Web Connector in: its name and password, and the wait that grows with wrong ones."""

import hmac
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from connectors import waiting
from connectors.models import Connection
from connectors.quickbooks_desktop.connector_file import user_name

FREE_FAILURES = 5
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(minutes=30)


def lets_in(connection: Connection, user: str, password: str) -> bool:
    """Is it the connector that this connection's admin set up?

    After five failures in a row nobody is asked for a while, which grows up to half an hour: never
    for good, or whoever knows the address could shut the right one out.
    """
    with transaction.atomic():
        # Locked, so that guesses sent at once are counted one by one.
        row = Connection.objects.select_for_update(of=("self",), no_key=True).get(pk=connection.pk)
        if (until := _shut_until(row)) and until > timezone.now():
            return False
        # Both are compared whatever the other says: the time tells nothing.
        known = hmac.compare_digest(user.encode(), user_name(row).encode())
        right = waiting.lets_in(row, password)
        if known and right:
            if row.options.pop("sign_in", None):
                row.save(update_fields=["options"])
            return True
        failures = _failures(row).get("count", 0) + 1
        row.options["sign_in"] = {
            "count": failures,
            "at": timezone.now().isoformat(),
            "shut_until": _shut(failures),
        }
        row.save(update_fields=["options"])
    return False


def _shut(failures: int) -> str:
    if failures < FREE_FAILURES:
        return ""
    wait = min(FIRST_WAIT * 2 ** min(failures - FREE_FAILURES, 10), LONGEST_WAIT)
    until: datetime = timezone.now() + wait
    return until.isoformat()


def _shut_until(row: Connection) -> datetime | None:
    return parse_datetime(_failures(row).get("shut_until", ""))


def _failures(row: Connection) -> dict[str, Any]:
    """The failures in a row so far. A new password forgets them."""
    kept: dict[str, Any] = row.options.get("sign_in", {})
    at = parse_datetime(kept.get("at", ""))
    return kept if at and at > row.connected_at else {}
