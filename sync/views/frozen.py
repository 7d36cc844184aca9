"""What a bill that was sent rests on: frozen with its push, whatever is decided since."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from companies.access import Action, CompanyRequest, may
from connectors.models import Record
from mapping import combining
from mapping.models import Kind, PublicationLine
from sync.models import Push

PARTS = ("part_project", "part_code", "part_type")


@dataclass(frozen=True)
class Part:
    """What one line was sent with, or the bill itself: the mapping that decided, as published."""

    record: Record
    target: str
    along: str  # class and location, in words
    version: int
    publication: int | None  # its number
    url: str = ""  # the mapping's page
    publication_url: str = ""

    @property
    def where_from(self) -> str:
        return f"{combining.where_from(self.record)}, version {self.version}"


class Frozen:
    """Read with two questions, however many lines there are."""

    def __init__(self, request: CompanyRequest, push: Push) -> None:
        self.slug, self.sees = request.company.slug, may(request.membership, Action.SEE_MAPPINGS)
        basis: list[dict[str, Any]] = push.rests_on
        ids = {each[name] for each in basis for name in ("record", "target")}
        heavy = [f"{part}__{name}" for part in PARTS for name in ("payload", "search_text")]
        records = Record.objects.filter(company=request.company, pk__in=ids)
        records = records.select_related(*PARTS).defer("payload", "search_text", *heavy)
        self._known = {record.pk: record for record in records}
        self._lines = _publication_lines(request, basis)
        self._parts = [(each, self._part(each)) for each in basis]

    def of_line(self, position: int) -> Part | None:
        return next((part for each, part in self._parts if each["line"] == position), None)

    def of_record(self, record: int | None) -> Part | None:
        """Of the vendor or the project."""
        found = (
            part for each, part in self._parts if (each["line"], each["record"]) == (0, record)
        )
        return next(found, None)

    def _part(self, basis: dict[str, Any]) -> Part:
        record, target = self._known[basis["record"]], self._known[basis["target"]]
        # Going stale and coming back raise a version; what was published stays the last before.
        line = max(
            (
                line
                for line in self._lines
                if line.mapping_id == basis["mapping"] and line.mapping_version <= basis["version"]
            ),
            key=lambda line: line.mapping_version,
            default=None,
        )
        number = line.publication.number if line else None
        kind = Kind(record.kind)
        return Part(
            record,
            line.target_label if line else target.label,
            line.riding_label if line else "",
            basis["version"],
            number,
            reverse("mapping:detail", args=[self.slug, kind, record.pk]) if self.sees else "",
            reverse("mapping:publication", args=[self.slug, number])
            if self.sees and number
            else "",
        )


def _publication_lines(
    request: CompanyRequest, basis: list[dict[str, Any]]
) -> list[PublicationLine]:
    mappings = {each["mapping"] for each in basis}
    lines = PublicationLine.objects.filter(company=request.company, mapping__in=mappings)
    return list(lines.select_related("publication"))
