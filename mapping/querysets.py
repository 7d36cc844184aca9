"""Named questions about mappings."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Max

from common.choices import RIDERS

if TYPE_CHECKING:
    from companies.models import Company, User
    from mapping.models import Mapping, Publication  # noqa: F401  # named in a base class


class MappingQuerySet(models.QuerySet["Mapping"]):
    def drafts(self) -> Self:
        return self.filter(state="draft")

    def accepted(self) -> Self:
        """Decided by a person, waiting to be published."""
        return self.filter(state="accepted")

    def published(self) -> Self:
        return self.filter(state="published")

    def in_force(self) -> Self:
        """Published, and the target is still what it was when it was published."""
        return self.filter(state="published", stale="")

    def versions(self) -> dict[int, int]:
        """By id: what somebody who is shown these looks at."""
        return dict(self.order_by().values_list("pk", "version"))

    def with_records(self) -> Self:
        """With what a row shows; without the raw payloads, which are large."""
        return self.select_related(
            "source", "target", "publication", "decided_by", "suggestion",
            *RIDERS,
        ).defer(
            "source__payload", "source__search_text", "target__payload", "target__search_text",
            *(f"{end}__{name}" for end in RIDERS for name in ("payload", "search_text")),
        )  # fmt: skip

    def with_targets(self) -> Self:
        """With what says whether the target can be taken, and its label: for thousands."""
        return (
            self.select_related(None)
            .select_related("source", "target", *RIDERS)
            .only(
                "company", "kind", "state", "version", "decided_by", "source__name",
                "target__code", "target__name", "target__path", "target__type",  # as published
                "target__kind", "target__connection", "target__is_active",
                "target__is_selectable", "target__gone_at",
                *(
                    f"{end}__{name}"
                    for end in RIDERS
                    for name in ("kind", "code", "name", "path", "connection", "is_active",
                                 "is_selectable", "gone_at")
                ),
            )
        )  # fmt: skip


class PublicationQuerySet(models.QuerySet["Publication"]):
    def next_for(self, company: "Company", *, by: "User") -> "Publication":
        """Make the next numbered publication. The caller holds the company's row lock."""
        last = self.filter(company=company).aggregate(last=Max("number"))["last"] or 0
        return self.create(company=company, number=last + 1, by=by)
