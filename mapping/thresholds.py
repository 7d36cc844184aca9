"""From which confidence on a draft is high or medium: the company's own bars, by kind."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from companies.models import CompanySettings
from mapping.models import Kind


@dataclass(frozen=True)
class Thresholds:
    high: Decimal
    medium: Decimal

    @classmethod
    def of(cls, kind: Kind, settings: CompanySettings) -> "Thresholds":
        name = kind.value if kind in (Kind.VENDOR, Kind.PROJECT) else "line"
        return cls(getattr(settings, f"{name}_high"), getattr(settings, f"{name}_medium"))

    def band(self, confidence: Decimal | None) -> str:
        if confidence is None:
            return ""
        return (
            "high" if confidence >= self.high else "medium" if confidence >= self.medium else "low"
        )

    def condition(self, band: str) -> Q:
        """On a source record's draft."""
        score = "mappings__confidence"
        return {
            "high": Q(**{f"{score}__gte": self.high}),
            "medium": Q(**{f"{score}__gte": self.medium, f"{score}__lt": self.high}),
            "low": Q(**{f"{score}__lt": self.medium}),
            "none": Q(**{f"{score}__isnull": True}),
        }[band]
