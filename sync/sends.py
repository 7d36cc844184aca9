"""Sending runs: a view of their pushes, closed when none of them moves by itself any more."""

from django.db.models.functions import Now

from sync.models import Push, Run


def close_finished(run_id: int | None = None) -> int:
    """Close one run if it is over, or all that are. How many were closed."""
    moving = [Push.State.QUEUED, Push.State.SENDING, Push.State.UNKNOWN]
    running = Run.objects.filter(kind=Run.Kind.SEND, state=Run.State.RUNNING)
    if run_id is not None:
        running = running.filter(pk=run_id)
    over = running.exclude(pushes__state__in=moving)
    with_problems = over.filter(pushes__state__in=[Push.State.FAILED, Push.State.SET_ASIDE])
    partly = Run.objects.filter(pk__in=with_problems.values("pk")).update(
        state=Run.State.PARTLY, finished_at=Now()
    )
    done = Run.objects.filter(pk__in=over.values("pk")).update(
        state=Run.State.DONE, finished_at=Now()
    )
    return partly + done
