"""Rings the bell for every row that is due and was not rung: losing the whole queue loses no work.

Run every 30 seconds by the supervisor (`manage.py work`), not by a schedule of the queue.
"""

from datetime import timedelta

from django.core.cache import cache
from django.utils import timezone
from django_q.models import Failure
from django_q.tasks import async_task

from connectors import calls, file_tasks, linking, receiving, registry, subscribing
from connectors.file_models import SourceFile
from connectors.models import Connection, InboxEvent
from mapping import drafting, importing
from mapping.models import MappingFile, SuggestionRun
from sync import creating, hearing, judging, paying, polling, pulling, sending, sends
from sync.models import Judging, PaidNotice, PullStep, Push, RecordCreation, Run

KEEP_FAILURES = timedelta(days=30)


def sweep() -> dict[str, int]:
    """Ring what is due, start pulls whose time has come, close runs that are through."""
    done = {
        "pushes": Push.objects.unrung().ring(sending.TASK),
        "pull_steps": PullStep.objects.filter(run__state=Run.State.RUNNING)
        .unrung()
        .ring(pulling.TASK),
        "news": InboxEvent.objects.filter(
            state=InboxEvent.State.RECEIVED, connection__state=Connection.State.CONNECTED
        )
        .unrung()
        .ring(hearing.TASK),
        "paid_notices": PaidNotice.objects.unrung().ring(paying.TASK),
        "creations": RecordCreation.objects.unrung().ring(creating.TASK),
        "suggestion_runs": SuggestionRun.objects.unrung().ring(drafting.TASK),
        "mapping_files": MappingFile.objects.unrung().ring(importing.TASK),
        "source_files": SourceFile.objects.unrung().ring(file_tasks.TASK),
        "judgings": Judging.objects.unrung().ring(judging.TASK),
        "asked_for_news": ask_for_news(),
        "pulls_started": start_due_pulls(),
        "runs_closed": sends.close_finished(),
    }
    keep_house()  # last: no bell waits for it, or stays silent because of it
    return done


def keep_house() -> None:
    """Once a day, on whichever host comes first: old calls, old consent trips, old failures."""
    today = timezone.now().date()
    if not cache.add(f"house-kept-{today}", 1, timeout=2 * 24 * 3600):
        return
    calls.prune()
    linking.forget_expired()
    receiving.forget_old()
    polling.forget_old()
    for package in registry.PACKAGES.values():
        if package.prune is not None:
            package.prune()
    Failure.objects.filter(stopped__lt=timezone.now() - KEEP_FAILURES).delete()


def ask_for_news() -> int:
    """Have the systems asked that can tell us what happens there."""
    asked = list(subscribing.due())
    for connection_id in asked:
        async_task(subscribing.TASK, connection_id)
    return len(asked)


def start_due_pulls() -> int:
    """Each working connection is pulled as often as its company wants."""
    started = 0
    for connection in Connection.objects.filter(
        state=Connection.State.CONNECTED, company__settings__isnull=False
    ).select_related("company__settings"):
        # Who sleeps is pulled when it calls.
        if not registry.is_asleep(connection):
            started += pulling.start_if_due(connection)
    return started
