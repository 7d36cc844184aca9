"""Questions about the trail."""

from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Count, Max, Min

if TYPE_CHECKING:
    from audit.models import Entry


class EntryQuerySet(models.QuerySet["Entry"]):
    def folded(self) -> Self:
        """One line for each act; every other line stands for itself."""
        return self.filter(leads=True)

    def of_the_act_of(self, entry: "Entry") -> Self:
        """The lines that `entry` speaks for, itself among them, in the order they were written."""
        same = self.filter(company_id=entry.company_id, act=entry.act, verb=entry.verb)
        return (same if entry.act else self.filter(pk=entry.pk)).order_by("pk")

    def sizes_of_acts(self, entries: "list[Entry]") -> dict[tuple[Any, str], dict[str, Any]]:
        """(act, verb) to how many lines it has; the first and last name, type and reason."""
        acts = {entry.act for entry in entries if entry.act}
        if not acts:
            return {}
        found = (
            self.filter(company_id=entries[0].company_id, act__in=acts)
            .order_by()
            .values("act", "verb")
            .annotate(
                lines=Count("pk"),
                first=Min("object_name"),
                last=Max("object_name"),
                first_type=Min("object_type"),
                last_type=Max("object_type"),
                first_reason=Min("reason"),
                last_reason=Max("reason"),
            )
        )
        return {(row["act"], row["verb"]): dict(row) for row in found}
