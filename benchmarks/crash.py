"""`make crash`: kills real processes at every step of sending and counts what the ledger holds.

On a PostgreSQL of its own in a temporary folder, with the sandboxes in this process and a real
supervisor, cluster and workers beside it. Prints one JSON object; ends with 1 when a bill was
lost, made twice or is a cent off, or when a planned kill did not happen.

    python -m benchmarks.crash           every step with every network fate, then whole clusters,
                                         the queue and the database
    python -m benchmarks.crash --short   every step once
"""

import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from benchmarks import crash_database

# Seconds, but in the proportions of the real times.
TIMES = {
    "SENDING_LEASE": "3",
    "SENDING_ENOUGH_LEASE": "1",
    "SENDING_SETTLED_AFTER": "3",
    "SENDING_BETWEEN_LOOKS": "1",
    "SENDING_FIRST_LOOK": "2",
    "SENDING_BACK_OFF": "0.2",
    "WORKERS": "4",
    "QUEUE_LOG_LEVEL": "CRITICAL",
}


def main(arguments: list[str]) -> int:
    if arguments[:1] in (["supervise"], ["send"]):
        return _child(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything is cleared away
    folder = Path(tempfile.mkdtemp(prefix="tieout-crash-"))
    folder.chmod(0o755)  # the embedded server may run as a user of its own
    try:
        return _run(folder, short="--short" in arguments)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(folder: Path, *, short: bool) -> int:
    os.environ.pop("DATABASE_URL", None)
    os.environ.update(TIMES)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings_crash"
    os.environ["VAR_DIR"] = str(folder)
    os.environ["CRASH_FOLDER"] = str(folder)
    for name in ("armed", "done"):
        (folder / name).mkdir()
    data = folder / "postgres"
    try:
        _set_up()  # starts the server under VAR_DIR
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        from benchmarks import crash_runs

        report = crash_runs.run(folder, data, short=short)
    finally:
        crash_database.control(data, "-m", "immediate", "stop")
    print(json.dumps(report, indent=1))
    return 1 if any(report[name] for name in crash_runs.MUST_BE_ZERO) else 0


def _child(arguments: list[str]) -> int:
    """What runs in a process of its own: the supervisor, or a person's click."""
    _set_up()
    from benchmarks import crash_runs

    if arguments[0] == "supervise":
        crash_runs.supervise()
    else:
        crash_runs.click(int(arguments[1]))
    return 0


def _set_up() -> None:
    import django

    django.setup()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
