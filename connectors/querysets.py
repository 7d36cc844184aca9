"""Questions about mirrored rows."""

from typing import TYPE_CHECKING, Self

from django.db import models

from common.choices import RecordKind, Side

if TYPE_CHECKING:
    from connectors.models import Record  # noqa: F401  # named in the base class below


class RecordQuerySet(models.QuerySet["Record"]):
    def on(self, side: Side) -> Self:
        return self.filter(connection__side=side).exclude(connection__state="disconnected")

    def of(self, *kinds: RecordKind) -> Self:
        return self.filter(kind__in=kinds)

    def usable(self) -> Self:
        """Rows that a document sent today may refer to."""
        return self.filter(is_active=True, is_selectable=True, gone_at=None)
