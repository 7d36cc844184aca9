"""How far a language model's word goes: measured by what people decided, never believed."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from companies.models import Company
from mapping.matching.opinions import MODEL_AT_MOST
from mapping.models import Kind, Mapping, Suggestion
from mapping.thresholds import Thresholds

# Before anybody decided, a model counts as right in nine of ten, and that weighs as much as twenty
# decisions: one lucky or unlucky answer says little.
PRIOR_SHARE: Final = MODEL_AT_MOST
PRIOR_WEIGHT: Final = 20
ENOUGH: Final = 30  # decisions, from which on it may be shown surer than that
DECIDED: Final = (Mapping.State.ACCEPTED, Mapping.State.PUBLISHED, Mapping.State.NO_MATCH)


@dataclass(frozen=True)
class TrackRecord:
    """Of the records that a model named a target for and people decided on, how many were right."""

    decided: int
    right: int

    @property
    def share(self) -> float:
        return (self.right + PRIOR_SHARE * PRIOR_WEIGHT) / (self.decided + PRIOR_WEIGHT)


def record_of(company: Company, kind: Kind, model: str) -> TrackRecord:
    """Its latest word on each record counts, whether or not it was drafted."""
    pairs = (
        Suggestion.objects.filter(
            company=company,
            run__kind=kind,
            model=model[:120],
            model_target__isnull=False,
            source__mappings__state__in=DECIDED,
        )
        .order_by("source_id", "-pk")
        .distinct("source_id")
        .values_list("model_target_id", "source__mappings__target_id")
    )
    outcomes = [said == decided for said, decided in pairs]
    return TrackRecord(len(outcomes), sum(outcomes))


def surest(company: Company, kind: Kind, model: str) -> float:
    """How sure a draft of this model is shown at most; below "high" until there is enough."""
    record = record_of(company, kind, model)
    if record.decided >= ENOUGH:
        return record.share
    below_high = Thresholds.of(kind, company.settings).high - Decimal("0.001")
    return min(record.share, MODEL_AT_MOST, max(0.0, float(below_high)))
