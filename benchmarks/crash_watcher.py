"""Ends the process at a step of sending, when the crash test has armed that step.

Named by SENDING_WATCHER in `config/settings_crash.py`. Arming is a file, so that every process of
a cluster sees it, and taking it away is one rename, so that exactly one of them dies of it.
"""

import inspect
import os
import signal
from pathlib import Path

from sync.steps import Step


def watch(step: Step) -> None:
    folder = os.environ.get("CRASH_FOLDER")
    if not folder:
        return
    name = f"{_subject()}.{step.name}"
    try:
        (Path(folder) / "armed" / name).rename(Path(folder) / "done" / f"{name}.{os.getpid()}")
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def _subject() -> str:
    """Whose step this is: the push that the running task was given, or what the caller says."""
    frame = inspect.currentframe()
    while frame is not None:
        if "push_id" in frame.f_locals:
            return f"push-{frame.f_locals['push_id']}"
        frame = frame.f_back
    return os.environ.get("CRASH_SUBJECT", "nobody")
