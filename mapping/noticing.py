"""What the machine finds for a record after a person decided on it: a note, never a change."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import OuterRef, Subquery
from django.db.models.functions import JSONObject

from common.templatetags.format import confidence_percent
from mapping.models import UNDECIDED, Mapping, Suggestion


@dataclass(frozen=True)
class Better:
    """A candidate that came up since, for a row that stays as it was decided."""

    name: str
    confidence: Decimal

    @property
    def sentence(self) -> str:
        percent = confidence_percent(self.confidence)
        return f"Found since: {self.name} {percent}. Your decision stands."


def found_since() -> Subquery:
    """For annotate() on mappings: the latest find as JSON, where it is newer than the decision."""
    newer = Suggestion.objects.filter(source=OuterRef("source"), target__isnull=False)
    newer = newer.filter(run__created_at__gt=OuterRef("decided_at"))
    named = JSONObject(target="target", name="target__name", confidence="confidence")
    return Subquery(newer.order_by("-pk").annotate(found=named).values("found")[:1])


def better(mapping: Mapping | None) -> Better | None:
    """What `found_since` found, unless it is what stands there or is less sure than that."""
    found = getattr(mapping, "found_since", None)
    if mapping is None or not found or mapping.state in UNDECIDED or mapping.stale:
        return None
    confidence = Decimal(str(found["confidence"]))
    drafted = mapping.suggestion.target_id if mapping.suggestion else None
    if found["target"] in (mapping.target_id, drafted):
        return None  # stands there, or was turned down with the decision
    if mapping.confidence is not None and confidence <= mapping.confidence:
        return None
    return Better(found["name"], confidence)
