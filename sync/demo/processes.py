"""The processes of a demo: sandboxes, workers, web server. Started together, stopped together."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandError

MANAGE = settings.BASE_DIR / "manage.py"
START_SECONDS = 60
STOP_SECONDS = 20


@contextmanager
def running(*arguments: str, log: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """Run `manage.py <arguments>` in a session of its own until the block ends."""
    with run_program([sys.executable, str(MANAGE), *arguments], log=log) as process:
        yield process


@contextmanager
def run_program(command: list[str], *, log: Path) -> "Iterator[subprocess.Popen[bytes]]":
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  # our own commands
            command, stdout=output, stderr=output, start_new_session=True, env=os.environ
        )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        _end_group(process)


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def wait_for_port(url: str, process: "subprocess.Popen[bytes]", *, name: str, log: Path) -> None:
    """Until something listens at `url`.

    Raises:
        CommandError: the process ended, or a minute went by.
    """
    parts = urlsplit(url)
    assert parts.hostname and parts.port  # noqa: S101, PT018  # our own addresses
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex((parts.hostname, parts.port)) == 0:
                return
        time.sleep(0.1)
    tail = log.read_text(errors="replace")[-1500:] if log.exists() else ""
    raise CommandError(f"{name} did not start at {url}. Its last words:\n{tail}")


def refuse_a_taken_port(url: str, *, name: str) -> None:
    """A clear sentence instead of talking to somebody else's server."""
    parts = urlsplit(url)
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((parts.hostname or "127.0.0.1", parts.port or 80)) == 0:
            raise CommandError(
                f"Something listens at {url} already, where {name} should. Stop it (is another"
                " demo running?) and start again."
            )


def interrupt(*_signal: object) -> None:
    """A handler of SIGTERM: end as Ctrl-C does, so that every child is stopped on the way out."""
    raise KeyboardInterrupt
