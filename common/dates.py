"""The clock that all hosts share, and a company's today."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from django.db import connection


def today(time_zone: str) -> date:
    return datetime.now(UTC).astimezone(ZoneInfo(time_zone)).date()


def database_now() -> datetime:
    """What waits, leases and pauses are measured by: a host's own clock may be minutes off."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
