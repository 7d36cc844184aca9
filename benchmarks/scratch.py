"""A server of its own for the benchmarks, under var/bench: built once, then used again.

The developer's database is never touched. When the builder changed, it is emptied and built anew;
migrations that came since are applied to it as they are to a firm's. `make clean` removes it.
"""

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "var" / "bench"
DONE = FOLDER / "built-from"


@contextmanager
def database() -> Iterator[dict[str, Any]]:
    """Django on the scratch server, with both companies in it. Says how long that took."""
    fresh = not DONE.exists() or DONE.read_text() != _fingerprint()
    FOLDER.mkdir(parents=True, exist_ok=True)
    os.environ.pop("DATABASE_URL", None)
    os.environ |= {
        "VAR_DIR": str(FOLDER),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEBUG": "0",
        "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
    }
    _set_up()  # starts the server
    try:
        seconds = _build() if fresh else None
        _catch_up()
        yield {"built_in_seconds": seconds, "used_again": not fresh}
    finally:
        _stop()


def _set_up() -> None:
    import django

    django.setup()


def _stop() -> None:
    from django.db import connections

    from benchmarks import crash_database

    connections.close_all()
    crash_database.control(FOLDER / "postgres", "-m", "fast", "stop")


def _build() -> float:
    """Both companies in an empty database. Seconds, without the migrations."""
    from django.core.management import call_command
    from django.db import connection

    from benchmarks import scale

    DONE.unlink(missing_ok=True)
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    call_command("migrate", verbosity=0)
    started = time.perf_counter()
    scale.build()
    seconds = time.perf_counter() - started
    DONE.write_text(_fingerprint())
    return round(seconds, 1)


def _catch_up() -> None:
    """Migrations that came since, and the static files as a server sends them: compressed.

    The last publishing run left its dead rows; autovacuum would have cleared them long ago.
    """
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _fingerprint() -> str:
    return hashlib.sha256((ROOT / "benchmarks" / "scale.py").read_bytes()).hexdigest()


class Processor:
    """Processor time of this process and of its database session: on a machine that others use
    as well, it says more than the clock does."""

    def __init__(self) -> None:
        import psutil
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            pid = cursor.fetchone()[0]
        self._processes = [psutil.Process(), psutil.Process(pid)]
        self._started = self._now()

    def _now(self) -> float:
        return sum(sum(each.cpu_times()[:2]) for each in self._processes)

    def seconds(self) -> float:
        """Since this object was made."""
        return self._now() - self._started


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    import platform

    import psutil

    return {
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load": [round(each, 2) for each in os.getloadavg()],
        "python": platform.python_version(),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
