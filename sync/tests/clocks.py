"""A database whose clock is not this host's."""

from contextlib import contextmanager

from django.db import connection


@contextmanager
def database_clock(apart):
    """`apart` is an interval, e.g. "10 minutes" or "-10 minutes"; on this connection only."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA other_clock")
        cursor.execute(
            "CREATE FUNCTION other_clock.statement_timestamp() RETURNS timestamptz LANGUAGE sql"
            " STABLE AS 'SELECT pg_catalog.statement_timestamp()"
            f" + interval ''{apart}'''"
        )
        # Named last, the built-in function gives way to ours.
        cursor.execute('SET search_path = other_clock, "$user", public, pg_catalog')
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET search_path")
            cursor.execute("DROP SCHEMA other_clock CASCADE")
