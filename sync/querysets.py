"""Named questions about bills and pushes."""

from datetime import timedelta
from typing import TYPE_CHECKING, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Now
from django.utils import timezone

from common.choices import Side
from common.work import WorkQuerySet
from companies.models import Company, Membership, Role
from connectors.models import Connection

if TYPE_CHECKING:
    from sync.models import Bill, Push  # noqa: F401  # named in the base classes below


class BillQuerySet(models.QuerySet["Bill"]):
    def visible_to(self, membership: Membership) -> Self:
        """A project manager sees the bills of own projects, everybody else all of the company's."""
        if membership.role != Role.PROJECT_MANAGER:
            return self
        return self.filter(project__team__membership=membership)

    def versions(self) -> dict[int, int]:
        """By id: what a page showed, to be compared with what is there when its form comes back."""
        return dict(self.values_list("pk", "version"))

    def with_delivery(self) -> Self:
        """Adds `delivery`: the state of this version's push, or of the one that may be in the
        ledger; null when it was never sent."""
        weightiest = (
            _pushes()
            # What was refused in an earlier version says nothing about this one.
            .filter(~Q(state="failed") | Q(version=OuterRef("version")))
            # What may be in the ledger says more than a failed try of a later version.
            .order_by(models.Case(models.When(state="failed", then=1), default=0), "-version")
        )
        return self.annotate(delivery=Subquery(weightiest.values("state")[:1]))

    def never_sent(self) -> Self:
        """Nothing of it is in the ledger, on its way, or not known to be absent."""
        return self.exclude(Exists(_pushes().exclude(state="failed")))

    def in_open_period(self, company: Company) -> Self:
        ledger = company.connections.filter(side=Side.LEDGER).exclude(state="disconnected").first()
        days = [company.settings.closed_through, ledger and ledger.books_closed_through]
        closed = max((day for day in days if day), default=None)
        return self.filter(bill_date__gt=closed) if closed else self

    def sendable(self, company: Company) -> Self:
        """Ready by what the lists know; the gate has the last word on each."""
        return self.filter(readiness="ready", fault="").never_sent().in_open_period(company)


def _pushes() -> "PushQuerySet":
    pushes: PushQuerySet = apps.get_model("sync", "Push").objects.filter(bill=OuterRef("pk"))
    return pushes


class PushQuerySet(WorkQuerySet["Push"]):
    def perhaps_in_the_ledger(self) -> Self:
        """Posted, being sent, or not known to be absent: a second one would be one too many."""
        return self.exclude(state__in=["queued", "failed"])

    def ring_next(self, connection: Connection, task: str, *, unrung_for: timedelta | None) -> int:
        """Where a ledger takes one at a time: now is the turn of the oldest that waits.

        Not while one is being sent, whose end rings the next; nor where that one's bell rang less
        than `unrung_for` ago, so that two that wait for each other do not ring without end.
        """
        if self.filter(connection=connection, state="sending", lease_until__gt=Now()).exists():
            return 0
        waits = self.filter(connection=connection, state="queued").exclude(lease_until__gt=Now())
        waits = waits.filter(Q(due_at__lte=Now()) | Q(cause="busy"))
        first = waits.order_by("asked_at", "pk").values_list("pk", "rung_at").first()
        if first is None:
            return 0
        pk, rung_at = first
        if unrung_for and rung_at and rung_at > timezone.now() - unrung_for:
            return 0
        self.filter(pk=pk, state="queued").update(due_at=Now())
        return self.ring(task, [pk])

    def needing_a_person(self) -> Self:
        """What no machine will move again."""
        return self.filter(state__in=["failed", "set_aside"])
