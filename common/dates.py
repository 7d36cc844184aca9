"""The clock that all hosts share, and a company's today."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from django.db import connection

# Days near enough that a time zone can still be applied to them.
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2999, 12, 31)


def today(time_zone: str) -> date:
    return datetime.now(UTC).astimezone(ZoneInfo(time_zone)).date()


def database_now() -> datetime:
    """What waits, leases and pauses are measured by: a host's own clock may be minutes off."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now
