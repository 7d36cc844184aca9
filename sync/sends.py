"""Sending runs: a view of their pushes, closed when none of them moves by itself any more."""

from django.db.models import Case, Exists, OuterRef, Value, When
from django.db.models.functions import Now

from sync.models import Push, Run


def close_finished(run_id: int | None = None) -> int:
    """Close one run if it is over, or all that are. How many were closed."""
    moving = [Push.State.QUEUED, Push.State.SENDING, Push.State.UNKNOWN]
    running = Run.objects.filter(kind=Run.Kind.SEND, state=Run.State.RUNNING)
    if run_id is not None:
        running = running.filter(pk=run_id)
    over = running.exclude(pushes__state__in=moving)
    problems = Push.objects.filter(
        run=OuterRef("pk"), state__in=[Push.State.FAILED, Push.State.SET_ASIDE]
    )
    # One statement, which sees every bill as of one moment.
    return over.update(
        state=Case(
            When(Exists(problems), then=Value(Run.State.PARTLY)), default=Value(Run.State.DONE)
        ),
        finished_at=Now(),
    )
