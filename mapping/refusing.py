"""Pairs that people turned down, so that no machine offers them again.

A row that is decided is safe from machines anyway; this holds once it is open again. Taking back
one's own "yes" refuses nothing: the draft stands as before. Taking back a colleague's does.
"""

from collections.abc import Collection

from django.db.models import F, QuerySet

from companies.models import Company, User
from mapping.models import Mapping, Refusal

Pair = tuple[int, int]  # ids of a source and a target


def remember(mapping: Mapping, stood: int | None, *, by: User) -> None:
    """Note what a decision says about the pair that stood there, and about the one it chose.

    `stood` is the id of the target before. Called with the decision on the row, under its lock.
    """
    if stood is not None and stood != mapping.target_id:
        refusal = Refusal(
            company_id=mapping.company_id,
            source_id=mapping.source_id,
            target_id=stood,
            by=by,
            mapping_version=mapping.version,
        )
        Refusal.objects.bulk_create(
            [refusal],
            update_conflicts=True,
            unique_fields=["source", "target"],
            update_fields=["by", "at", "mapping_version"],
        )
    if mapping.target_id is not None:
        Refusal.objects.filter(source_id=mapping.source_id, target_id=mapping.target_id).delete()


def take_back(mapping: Mapping) -> None:
    """Forget what the decision that stands on this row refused. Called before it is undone."""
    Refusal.objects.filter(source_id=mapping.source_id, mapping_version=mapping.version).delete()


def take_back_all(mappings: Collection[Mapping]) -> None:
    """As `take_back`, for many rows that stand as they were decided."""
    Refusal.objects.filter(
        source_id__in=[mapping.source_id for mapping in mappings],
        mapping_version=F("source__mappings__version"),
    ).delete()


def of(company: Company, sources: Collection[int]) -> set[Pair]:
    """Every pair of these sources that is refused now."""
    found = Refusal.objects.filter(company=company, source_id__in=sources)
    return set(found.values_list("source_id", "target_id"))


def told_of(company: Company, source_id: int) -> QuerySet[Refusal]:
    """One record's, with who refused it."""
    return Refusal.objects.filter(company=company, source=source_id).select_related("by")
