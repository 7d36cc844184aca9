"""Fixtures every app uses."""

import os

import pytest
from django.db import connection

# Browser tests share a process with the live server.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


@pytest.fixture(autouse=True)
def _trail_can_be_cleaned(request):
    """Tests that commit are cleaned by TRUNCATE, which the trail refuses: as owner, lift it then.

    Set up after the database fixture, so torn down before it empties the tables.
    """
    if "transactional_db" not in request.fixturenames and not (
        (marker := request.node.get_closest_marker("django_db")) and marker.kwargs.get("transaction")
    ):
        yield
        return
    request.getfixturevalue("transactional_db")
    _triggers("ENABLE")
    yield
    _triggers("DISABLE")


def _triggers(verb: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE audit_entry {verb} TRIGGER USER")
