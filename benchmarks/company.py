"""A small company on real sandboxes over HTTP and a PostgreSQL of its own, for the benchmarks.

The folder and everything in it is removed at the end.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def world(more: Mapping[str, str] | None = None) -> Iterator[Any]:
    """`sync.tests.world.World`: both sandboxes, a company that is signed in to them, its people.

    `more` are files that stand instead of the source's own.
    """
    folder = Path(tempfile.mkdtemp(prefix="tieout-bench-"))
    folder.chmod(0o755)  # the embedded server may run as a user of its own
    os.environ.pop("DATABASE_URL", None)
    os.environ |= {
        "VAR_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEBUG": "0",
        "SENDING_BACK_OFF": "1",
        "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
    }
    try:
        with _server(folder):
            from django.conf import settings

            from sync.tests.world import PROCORE, World

            world_of: Any = World  # tests carry no types

            made = world_of(folder / "seeds", settings, procore={**PROCORE, **(more or {})})
            try:
                yield made
            finally:
                made.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server(folder: Path) -> Iterator[None]:
    import django

    django.setup()  # starts the server
    from django.core.management import call_command
    from django.db import connections

    from benchmarks import crash_database

    try:
        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        yield
    finally:
        connections.close_all()
        crash_database.control(folder / "postgres", "-m", "immediate", "stop")
