"""Rows that stand for work to be done: the row remembers, the queue only rings the bell.

Source of the rules: docs/decisions/0003-queue.md.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Self, TypeVar

from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Greatest, Now
from django_q.tasks import async_task

RING_AGAIN = timedelta(minutes=10)


M = TypeVar("M", bound="Work")


class WorkQuerySet(models.QuerySet[M]):
    def due(self) -> Self:
        """Something is to be done now, and nobody holds a lease on it."""
        return self.filter(due_at__lte=Now()).exclude(lease_until__gt=Now())

    def unrung(self) -> Self:
        """Due rows whose bell has not rung since they fell due, or not for ten minutes."""
        fell_due = Greatest(F("due_at"), Coalesce(F("lease_until"), F("due_at")))
        return self.due().filter(
            Q(rung_at=None) | Q(rung_at__lt=fell_due) | Q(rung_at__lt=Now() - RING_AGAIN)
        )

    def ring(self, task: str, ids: Collection[int] | None = None) -> int:
        """Queue `task` once for each row, in this transaction; how many bells rang."""
        rows = self if ids is None else self.filter(pk__in=ids)
        with transaction.atomic():
            # No key: a row that another one is just about to point to is no row to skip.
            locked = rows.select_for_update(skip_locked=True, no_key=True)
            found = list(locked.values_list("pk", flat=True))
            self.model._default_manager.filter(pk__in=found).update(rung_at=Now())
            for pk in found:
                async_task(task, pk)
        return len(found)


class Work(models.Model):
    """What a row needs so that a worker may take it, lose it, and another take it up."""

    due_at = models.DateTimeField(null=True, blank=True, db_index=True)  # null: nothing to do
    rung_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    # Raised by every claim; later writes name it, so a worker that overslept changes nothing.
    fence = models.PositiveIntegerField(default=0)
    # Claims since the last orderly end: what kills its worker again and again shows here.
    starts = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True
