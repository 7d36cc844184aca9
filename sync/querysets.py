"""Named questions about bills and pushes."""

from typing import Self

from django.db import models

from common.work import WorkQuerySet


class BillQuerySet(models.QuerySet["Bill"]):
    pass


class PushQuerySet(WorkQuerySet):
    def needing_a_person(self) -> Self:
        """What no machine will move again."""
        return self.filter(state__in=["failed", "set_aside"])
