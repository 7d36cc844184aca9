"""Keeps a queue cluster alive: starts it, watches that it moves, replaces it when it does not.

A cluster whose one idle worker dies at the wrong moment freezes for ever, and a killed parent
leaves orphans that go on working. So it runs in a process group of its own, a heartbeat task is
queued every ten seconds, and what counts is progress: the last start of any task.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import psutil
import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django_q.models import OrmQ
from django_q.tasks import async_task

from common.dates import database_now
from sync import sweeping
from sync.models import WorkerMark

log = structlog.get_logger()

HEARTBEAT_SECONDS = 10
SWEEP_SECONDS = 30
STILL_SECONDS = 45  # nobody busy and nothing started for so long: frozen
HEARTBEAT = "sync.tasks.heartbeat"


@dataclass
class Supervisor:
    """One host's cluster. `still_seconds` is shortened by tests."""

    manage: Path
    still_seconds: float = STILL_SECONDS
    sweep_seconds: float = SWEEP_SECONDS
    now: Callable[[], float] = time.monotonic
    stopping: bool = False
    cluster: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    # By the database's clock, as marks are: those of an earlier process with the same id say
    # nothing. None until the database was first asked about this cluster.
    born_at: datetime | None = None
    # The last start of a task by any worker of this cluster, also by those that are gone.
    moved_at: datetime | None = None
    replaced: int = 0
    _done_at: dict[str, float] = field(default_factory=dict)

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        self._start()
        try:
            while not self.stopping:
                self._tick()
                time.sleep(0.5)
        finally:
            self._end()

    def _tick(self) -> None:
        try:
            close_old_connections()
            if self._is_time("heartbeat", HEARTBEAT_SECONDS):
                self._beat()
            if self._is_time("sweep", self.sweep_seconds):
                sweeping.sweep()
            frozen = self._is_frozen()
        except DatabaseError:
            # Without the database nothing can be judged, and nothing is lost: it goes on after.
            log.warning("supervisor waits for the database")
            time.sleep(1)
            return
        if frozen:
            log.warning("cluster replaced", reason=frozen)
            self._kill()
            self.replaced += 1
            self._start()

    def _is_time(self, job: str, seconds: float) -> bool:
        now = self.now()
        if now - self._done_at.get(job, -seconds) < seconds:
            return False
        self._done_at[job] = now
        return True

    def _beat(self) -> None:
        """At most a few heartbeats lie in the queue, however long it stands still."""
        if OrmQ.objects.filter(key=settings.Q_CLUSTER["name"]).count() < 1000:
            async_task(HEARTBEAT)

    def _is_frozen(self) -> str:
        """Why the cluster has to be replaced; blank while it moves."""
        assert self.cluster is not None  # noqa: S101  # started before the first tick
        if self.cluster.poll() is not None:
            return "the cluster ended"
        now = database_now()
        self.born_at = self.born_at or now
        marks = list(
            WorkerMark.objects.filter(
                host=socket.gethostname(), pid__in=self._pids(), started_at__gte=self.born_at
            )
        )
        busy = [mark for mark in marks if mark.ended_at is None]
        too_long = timedelta(seconds=settings.Q_CLUSTER["timeout"] + 30)
        if any(now - mark.started_at > too_long for mark in busy):
            return "a task ran far beyond its time limit"
        starts = [mark.started_at for mark in marks]
        self.moved_at = max([*starts, self.moved_at] if self.moved_at else starts, default=None)
        still = self.now() - self.started_at
        if self.moved_at is not None:
            still = min(still, (now - self.moved_at).total_seconds())
        if not busy and still > self.still_seconds:
            return f"no task started for {still:.0f} seconds"
        return ""

    def _pids(self) -> list[int]:
        """Every process of the cluster's group: workers come and go below it."""
        assert self.cluster is not None  # noqa: S101
        return [pid for pid in psutil.pids() if _group_of(pid) == self.cluster.pid]

    def _start(self) -> None:
        self.born_at = None
        self.cluster = subprocess.Popen(  # noqa: S603  # our own command, no outside input
            [sys.executable, str(self.manage), "qcluster"], start_new_session=True
        )
        self.started_at = self.now()
        self.moved_at = None

    def _kill(self) -> None:
        assert self.cluster is not None  # noqa: S101
        with suppress(ProcessLookupError):
            os.killpg(self.cluster.pid, signal.SIGKILL)
        self.cluster.wait()

    def _end(self) -> None:
        """Let running tasks finish, then end what is left of the group."""
        assert self.cluster is not None  # noqa: S101
        self.cluster.terminate()
        try:
            self.cluster.wait(settings.Q_CLUSTER["timeout"] + 10)
        except subprocess.TimeoutExpired:
            log.warning("cluster did not stop in time")
        self._kill()

    def _stop(self, *_signal: object) -> None:
        self.stopping = True


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return -1
