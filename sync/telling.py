"""Mail about a first pull, to the person who waits for it: it takes minutes, and nobody stays."""

from smtplib import SMTPException

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse

from connectors.models import Connection
from sync.models import Run

log = structlog.get_logger(__name__)


def of_first_pull(run: Run, *, is_complete: bool) -> None:
    """After the run is committed. Says so once both sides are in, or what did not come through."""
    connection = run.connection
    if connection is None:
        return
    live = run.company.connections.exclude(state=Connection.State.DISCONNECTED)
    sides = {row.side: row.last_pulled_at is not None for row in live}
    if is_complete and (len(sides) < 2 or not all(sides.values())):
        return  # the other side is still to come
    page = "sync:first-drafts" if is_complete else "sync:first-pull"
    link = settings.PUBLIC_URL.rstrip("/") + reverse(page, args=[run.company.slug])
    subject = (
        f"{run.company}: the first pull is done"
        if is_complete
        else f"{run.company}: the first pull of {connection.get_system_display()} had problems"
    )
    context = {"run": run, "connection": connection, "is_complete": is_complete, "link": link}
    to = run.started_by or connection.in_charge
    try:
        send_mail(
            " ".join(subject.split()),
            render_to_string("sync/first_pull.txt", context),
            None,
            [to.email],
        )
    except (SMTPException, OSError) as error:
        log.warning("first_pull_not_mailed", run=run.pk, error=type(error).__name__)
