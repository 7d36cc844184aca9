"""Systems that call us: what waits for one of them, and letting it go while it is on the line.

A push or a list that meets a sleeping system is not tried and not counted as a try: it waits, and
the first call of the next session makes it due. The oldest goes first.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from common.work import WorkQuerySet
from connectors.models import Connection
from sync import creating, pulling, sending
from sync.models import PullStep, Push, RecordCreation, Run

# Work that falls due so soon is worth keeping a session open for.
SOON = timedelta(seconds=30)


def let_go(connection: Connection) -> None:
    """It is on the line: what waited for that is due now, and a pull begins if it is time."""
    pulling.start_if_due(connection)
    pushes = Push.objects.filter(connection=connection).exclude(lease_until__gt=Now())
    # Look-ups first: what may be there already is settled before anything new is sent.
    unknown = pushes.filter(state=Push.State.UNKNOWN).order_by("pk")
    unknown.update(due_at=Now())
    unknown.ring(sending.TASK)
    pushes.filter(state=Push.State.QUEUED).update(due_at=Now())
    Push.objects.ring_next(connection, sending.TASK, unrung_for=None)
    steps = _steps(connection).filter(state=PullStep.State.WAITING).exclude(due_at=None)
    steps.update(due_at=Now())
    steps.ring(pulling.TASK)
    asked_for = creations(connection)
    asked_for.update(due_at=Now())
    asked_for.ring(creating.TASK)


def waiting(connection: Connection, *, is_open: bool) -> int:
    """How many things would go if it came on the line, or stayed there for half a minute more."""
    soon, turns = Q(due_at__lte=Now() + SOON), Q(cause__in=["", Push.Cause.BUSY])
    queued, unknown = Q(state=Push.State.QUEUED), Q(state=Push.State.UNKNOWN)
    if is_open:
        queued, unknown = queued & (soon | turns), unknown & soon
    else:
        between = timedelta(seconds=settings.SENDING["between_looks"])
        unknown &= Q(looked_at=None) | Q(looked_at__lte=Now() - between)
    pushes = Push.objects.filter(queued | unknown | Q(state=Push.State.SENDING))
    count = pushes.filter(connection=connection).count()
    asked_for = creations(connection)
    if is_open:
        asked_for = asked_for.filter(due_at__lte=Now() + SOON)
    return count + asked_for.count() + _steps(connection).count() + pulling.is_due(connection)


def creations(connection: Connection) -> WorkQuerySet[RecordCreation]:
    """What people asked to have created there, and is not settled."""
    under_way = RecordCreation.objects.filter(state__in=RecordCreation.UNDER_WAY)
    return under_way.filter(connection=connection, due_at__isnull=False)


def _steps(connection: Connection) -> WorkQuerySet[PullStep]:
    running = PullStep.objects.filter(run__connection=connection, run__state=Run.State.RUNNING)
    return running.filter(state__in=[PullStep.State.WAITING, PullStep.State.RUNNING])
