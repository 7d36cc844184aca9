"""A real supervisor, a real cluster: what freezes or ends is replaced, and nothing is left over."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta

import psutil
import pytest
from django.conf import settings as project
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from sync import supervising
from sync.models import WorkerMark
from sync.tests.clocks import database_clock

pytestmark = pytest.mark.django_db(transaction=True)

# The real thing, with its times shortened.
SUPERVISE = """
import django
django.setup()
from django.conf import settings
from sync import supervising
supervising.HEARTBEAT_SECONDS = 1
supervising.Supervisor(manage=settings.BASE_DIR / "manage.py", still_seconds=15).run()
"""


class Supervised:
    def __init__(self):
        base = connection.settings_dict
        url = f"postgres://{base['USER']}:{base['PASSWORD']}@/{base['NAME']}?host={base['HOST']}"
        if base["PORT"]:
            url += f"&port={base['PORT']}"
        self.process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISE],
            cwd=project.BASE_DIR,
            env={
                **os.environ,
                "DATABASE_URL": url,
                "DJANGO_SETTINGS_MODULE": "config.settings_test",
                "QUEUE_LOG_LEVEL": "CRITICAL",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def cluster(self):
        """The parent of the cluster that runs now."""
        wait_until(lambda: self._clusters())
        return self._clusters()[0]

    def _clusters(self):
        return [
            child
            for child in psutil.Process(self.process.pid).children()
            if child.status() != psutil.STATUS_ZOMBIE
        ]

    def stop(self):
        with suppress(psutil.NoSuchProcess):
            below = psutil.Process(self.process.pid).children(recursive=True)
            self.process.kill()
            for process in below:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        self.process.wait()


@pytest.fixture
def supervised():
    running = Supervised()
    try:
        wait_until_something_starts()
        yield running
    finally:
        running.stop()


def wait_until(happened, seconds=60):
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def wait_until_something_starts(group=None):
    """A task was started, where a group is given by one of its processes."""

    def started():
        marks = WorkerMark.objects.values_list("pid", flat=True)
        return any(group is None or group_of(pid) == group for pid in marks)

    wait_until(started)


def group_of(pid):
    with suppress(ProcessLookupError):
        return os.getpgid(pid)
    return None


def members(group):
    """Who lives in a process group; what is dead and only waits to be counted does not."""
    return [
        process
        for process in psutil.process_iter(["status"])
        if group_of(process.pid) == group and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def stopped_while_idle(group):
    """Stop everything below the parent; in the middle of a task would be another matter."""
    below = [process for process in members(group) if process.pid != group]
    for process in below:
        process.send_signal(signal.SIGSTOP)
    pids = [process.pid for process in below]
    if not WorkerMark.objects.filter(pid__in=pids, ended_at=None).exists():
        return True
    for process in below:
        process.send_signal(signal.SIGCONT)
    return False


def test_an_ended_cluster_is_started_again(supervised):
    first = supervised.cluster().pid

    os.kill(first, signal.SIGKILL)

    wait_until(lambda: not members(first))  # its orphans are ended as well
    wait_until(lambda: supervised.cluster().pid != first)
    wait_until_something_starts(group=supervised.cluster().pid)


def test_a_frozen_cluster_is_replaced(supervised):
    first = supervised.cluster().pid

    wait_until(lambda: stopped_while_idle(first))

    wait_until(lambda: not members(first))
    wait_until_something_starts(group=supervised.cluster().pid)


def test_progress_of_a_worker_that_is_gone_counts():
    """All workers may be new at one moment, killed or recycled: that is no frozen cluster."""
    supervisor = supervising.Supervisor(manage=project.BASE_DIR / "manage.py", still_seconds=8)
    supervisor.born_at = timezone.now()
    supervisor.cluster = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        supervisor.started_at = supervisor.now() - 30
        assert supervisor._is_frozen(), "nothing was started for longer than that"

        mark = WorkerMark.objects.create(
            host=socket.gethostname(),
            pid=supervisor.cluster.pid,
            started_at=timezone.now(),
            ended_at=timezone.now(),
        )
        assert not supervisor._is_frozen()
        mark.delete()  # as if its process were gone: only those that live are asked
        assert not supervisor._is_frozen()
    finally:
        supervisor._kill()


def test_what_an_earlier_process_with_the_same_id_left_open_does_not_count():
    supervisor = supervising.Supervisor(manage=project.BASE_DIR / "manage.py")
    supervisor.born_at = timezone.now()
    supervisor.started_at = supervisor.now()
    supervisor.cluster = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        WorkerMark.objects.create(
            host=socket.gethostname(),
            pid=supervisor.cluster.pid,
            started_at=timezone.now() - timedelta(days=1),
        )

        assert supervisor._is_frozen() == ""
    finally:
        supervisor._kill()


def test_sigterm_ends_every_process_of_the_group(supervised):
    group = supervised.cluster().pid

    supervised.process.send_signal(signal.SIGTERM)

    assert supervised.process.wait(60) == 0
    assert members(group) == []


@pytest.mark.parametrize("apart", ["10 minutes", "-10 minutes"])
def test_a_host_whose_clock_is_wrong_leaves_a_busy_cluster_alone(apart):
    """Workers mark their starts by the database's clock, so that one judges them."""
    supervisor = supervising.Supervisor(manage=project.BASE_DIR / "manage.py", still_seconds=8)
    supervisor.cluster = subprocess.Popen(["sleep", "60"], start_new_session=True)
    supervisor.started_at = supervisor.now()
    try:
        with database_clock(apart):
            assert supervisor._is_frozen() == ""
            mark = WorkerMark.objects.create(
                host=socket.gethostname(), pid=supervisor.cluster.pid, started_at=Now()
            )
            assert supervisor._is_frozen() == "", "it is at work"
            WorkerMark.objects.filter(pk=mark.pk).update(ended_at=Now())
            supervisor.started_at -= 30
            assert supervisor._is_frozen() == "", "it has just been at work"

            mark.delete()
            supervisor.moved_at -= timedelta(seconds=20)
            assert "no task started" in supervisor._is_frozen()
    finally:
        supervisor._kill()
