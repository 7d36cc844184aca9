"""What was in force after a publication, and how two of them differ."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from audit.models import Entry, Verb
from companies.models import Company
from mapping.models import Kind, Mapping, Publication, PublicationLine


@dataclass(frozen=True)
class Difference:
    """What became of one mapping between two publications. Blank: it was not in force."""

    mapping: Mapping
    source: str
    before: str
    after: str

    @property
    def kind(self) -> Kind:
        return Kind(self.mapping.kind)

    @property
    def what(self) -> str:
        if not self.before:
            return "added"
        return "changed target" if self.after else "taken back"


def after(company: Company, publication: Publication) -> dict[int, PublicationLine]:
    """The line under which each mapping was in force at that moment, by the mapping's id."""
    taken_back = Entry.objects.filter(
        company=company,
        verb=Verb.UNPUBLISHED,
        object_type=Mapping._meta.label_lower,
        object_id=OuterRef("mapping_id"),
        at__gt=OuterRef("publication__at"),
        at__lte=publication.at,
    )
    lines = (
        PublicationLine.objects.filter(company=company, publication__number__lte=publication.number)
        .filter(~Exists(taken_back))
        .order_by("mapping", "-publication__number")
        .distinct("mapping")
        .only("mapping_id", "target_id", "source_label", "target_label")
    )
    return {line.mapping_id: line for line in lines}


def differences(company: Company, first: Publication, second: Publication) -> list[Difference]:
    """By kind, then what happened, then name. A target that only was renamed is a change too."""
    was, now = after(company, first), after(company, second)
    changed = {pk: (was.get(pk), now.get(pk)) for pk in was.keys() | now.keys()}
    changed = {pk: pair for pk, pair in changed.items() if _says(pair[0]) != _says(pair[1])}
    mappings = company.mappings.select_related("source").defer(
        "source__payload", "source__search_text"
    )
    found = list(_told(mappings.in_bulk(list(changed)), changed))
    order = {kind: place for place, kind in enumerate(Kind)}
    found.sort(key=lambda each: (order[each.kind], each.what, each.source, each.mapping.pk))
    for each in found:
        each.mapping.company = company
    return found


def _told(
    mappings: dict[int, Mapping],
    changed: dict[int, tuple[PublicationLine | None, PublicationLine | None]],
) -> Iterator[Difference]:
    for pk, (before, now) in changed.items():
        line = now or before
        yield Difference(
            mappings[pk],
            line.source_label if line else "",
            before.target_label if before else "",
            now.target_label if now else "",
        )


def _says(line: PublicationLine | None) -> tuple[int, str] | None:
    return (line.target_id, line.target_label) if line else None
