"""A company's today."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def today(time_zone: str) -> date:
    return datetime.now(UTC).astimezone(ZoneInfo(time_zone)).date()
