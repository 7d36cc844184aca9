"""One source record as pages show it: what it is called in the ledger, and what can be done."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import (
    Exists,
    OuterRef,
)
from django.urls import reverse

from common.choices import Side
from common.templatetags.format import confidence_percent, money
from companies.models import Company
from connectors.models import Record
from mapping import combining, comparing, noticing, successors, waiting
from mapping.matching.suggesting import CLOSE
from mapping.models import Kind, Mapping, PublicationLine
from mapping.noticing import Better
from mapping.successors import Proposal
from mapping.thresholds import Thresholds
from mapping.waiting import Waits


@dataclass
class Row:
    """One source record as the table shows it."""

    source: Record
    mapping: Mapping | None
    thresholds: Thresholds
    waits: Waits = field(default_factory=Waits)
    problem: str = ""  # why what somebody just tried was not saved
    like: int = 0  # how many more look the same, after an override
    url: str = ""  # its own page; the forms post below it
    bills_url: str = ""  # the bills that wait
    is_fresh: bool = False  # decided just now, in this answer
    proposal: Proposal | None = None  # what to do about a stale one
    better: Better | None = None  # what the machine found since it was decided

    @property
    def dom(self) -> str:
        """What the ids of its elements begin with."""
        return f"mapping-{self.source.pk}"

    @property
    def detail(self) -> str:
        return combining.in_words(self.source) or comparing.detail_of(self.source)

    @property
    def lets_go(self) -> str:
        """What publishing this one alone does, in the money of the company."""
        waits = self.waits
        if not waits.alone or (self.mapping and self.mapping.is_in_force):
            return ""
        if waits.alone == waits.bills:
            which = "it" if waits.bills == 1 else "all"
            return f"Publish this and {which} can go"
        currency = self.source.company.settings.currency
        return f"Publish this and {waits.alone:,}, {money(waits.amount_alone, currency)}, can go"

    @property
    def target_detail(self) -> str:
        return (
            comparing.detail_of(self.mapping.target) if self.mapping and self.mapping.target else ""
        )

    @property
    def state(self) -> str:
        """The word of `{% status %}`."""
        if self.mapping is None:
            return Mapping.State.NO_DRAFT.value
        if self.mapping.stale:
            return "stale"
        if self.mapping.state == Mapping.State.ACCEPTED and self.mapping.is_override:
            return "overridden"
        return str(self.mapping.state)

    @property
    def is_undecided(self) -> bool:
        return self.mapping is None or self.mapping.is_undecided

    @property
    def has_draft(self) -> bool:
        return self.mapping is not None and self.mapping.state == Mapping.State.DRAFT

    @property
    def can_be_undone(self) -> bool:
        """What was in force once goes back to "left for later", and no further."""
        if self.is_undecided or self.state in ("published", "stale"):
            return False
        return self.state != Mapping.State.LEFT or not getattr(self.mapping, "was_published", False)

    @property
    def can_be_decided(self) -> bool:
        return self.mapping is None or self.mapping.state != Mapping.State.PUBLISHED

    @property
    def published_words(self) -> str:
        publication = self.mapping.publication if self.mapping else None
        return f"Published, no. {publication.number}" if publication else "Published"

    @property
    def stale_words(self) -> str:
        return f"Published, but it {self.trouble}"

    @property
    def can_be_confirmed(self) -> bool:
        return self.mapping is not None and successors.can_be_confirmed(self.mapping)

    @property
    def successor(self) -> Record | None:
        """Another record, proposed in the place of the one that changed."""
        record = self.proposal.record if self.proposal else None
        return None if self.mapping and record == self.mapping.target else record

    @property
    def take_words(self) -> str:
        return f"Take {self.successor.name}" if self.successor else ""

    @property
    def take_and_publish_words(self) -> str:
        return f"{self.take_words}: publish"

    @property
    def take_values(self) -> dict[str, object]:
        """What the button that takes the proposed record sends."""
        return {"target": self.successor.pk, "publish": "1"} if self.successor else {}

    @property
    def can_be_replaced(self) -> bool:
        """By an admin, in one step: unpublished, another record chosen, published."""
        return self.state == "stale"

    @property
    def version(self) -> int:
        return self.mapping.version if self.mapping else 0

    @property
    def band(self) -> str:
        return self.thresholds.band(self.mapping.confidence if self.mapping else None)

    @property
    def reason(self) -> str:
        suggestion = self.mapping.suggestion if self.mapping else None
        return suggestion.reason if suggestion and self.has_draft else ""

    @cached_property
    def close_second(self) -> dict[str, Any] | None:
        """The candidate that the draft barely beat: {"name", "percent"}."""
        if not (self.has_draft and self.mapping and self.mapping.suggestion):
            return None
        runner_up, confidence = self.mapping.runner_up, self.mapping.confidence
        if runner_up is None or confidence is None or runner_up < confidence - CLOSE:
            return None
        name = next((each["name"] for each in self.mapping.suggestion.candidates[1:2]), "")
        return {"name": name or "another record", "percent": confidence_percent(runner_up)}

    @cached_property
    def trouble(self) -> str:
        """Why the target cannot be taken any more, or what happened to a published one."""
        mapping = self.mapping
        if mapping is None or mapping.target is None:
            return ""
        if mapping.stale:
            return Mapping.Stale(mapping.stale).label
        if mapping.target.gone_at:
            return "is no longer in the list"
        if not mapping.target.is_active:
            return "is inactive"
        return "" if mapping.target.is_selectable else "cannot be used on a bill"


def one(company: Company, kind: Kind, pk: int) -> Row | None:
    """One row as it is now; None when the company has no such record.

    Found also when the source lists the record no more: a bill that names it needs it still.
    """
    return next(iter(these(company, kind, [pk])), None)


def these(company: Company, kind: Kind, pks: Sequence[int]) -> list[Row]:
    """These rows as they are now, found as `row` finds one."""
    records = Record.objects.filter(company=company, kind=kind, connection__side=Side.SOURCE)
    found = list(records.defer("payload", "search_text").filter(pk__in=pks).order_by("pk"))
    return of_records(company, found, Thresholds.of(kind, company.settings))


def of_records(company: Company, records: Sequence[Record], thresholds: Thresholds) -> list[Row]:
    """The records with their mappings and what waits for them."""
    ids = [record.pk for record in records]
    for record in records:
        record.company = company  # known already
    mappings = {
        mapping.source_id: mapping
        for mapping in company.mappings.with_records()
        .annotate(
            was_published=Exists(PublicationLine.objects.filter(mapping=OuterRef("pk"))),
            found_since=noticing.found_since(),
        )
        .filter(source_id__in=ids)
    }
    waits = waiting.bills().by_record(company, ids) if ids else {}
    proposed = successors.proposals(company, list(mappings.values()))
    return [
        Row(
            record,
            mappings.get(record.pk),
            thresholds,
            waits.get(record.pk, Waits()),
            url=reverse("mapping:detail", args=[company.slug, Kind(record.kind).slug, record.pk]),
            bills_url=waiting.bills().listed_at(company, record.pk) if record.pk in waits else "",
            proposal=proposed.get(mappings[record.pk].pk) if record.pk in mappings else None,
            better=noticing.better(mappings.get(record.pk)),
        )
        for record in records
    ]
