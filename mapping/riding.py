"""What goes along with a target to the ledger: a class or department on the lines, a location on
the bill.
"""

from collections.abc import Mapping as Dict
from dataclasses import dataclass

from django.db import transaction

from audit import trail
from audit.models import Verb
from common.choices import RIDERS, RecordKind, Side
from common.errors import Conflict
from companies.models import Company, CompanySettings, User
from connectors.models import Connection, Record
from connectors.querysets import RecordQuerySet
from mapping import targets
from mapping.models import Kind, Mapping

# A line's class and department are its own mapping's, or else its project's; a bill's location is
# its project's, or else its vendor's: sync/documents.py.
TAKES = {
    RecordKind.CLASS: frozenset(Kind) - {Kind.VENDOR},
    RecordKind.LOCATION: frozenset({Kind.PROJECT, Kind.VENDOR}),
    RecordKind.DEPARTMENT: frozenset(Kind) - {Kind.VENDOR},
}
# What a ledger says of itself when it keeps such a list (PulledCompany.features).
FEATURES = {
    RecordKind.CLASS: "classes",
    RecordKind.LOCATION: "locations",
    RecordKind.DEPARTMENT: "departments",
}


@dataclass(frozen=True)
class Choice:
    """One list to choose from, for a form."""

    name: str  # of the field
    label: str
    records: list[Record]
    chosen: int | None


def choices(mapping: Mapping, company: Company) -> list[Choice]:
    """The lists that this ledger keeps and this kind of mapping takes from."""
    kept = _kept_lists(company)
    return [
        Choice(
            name,
            RecordKind(kind).label,
            list(offered(company, kind)) if kind in kept else [],
            getattr(mapping, f"{name}_id"),
        )
        for name, kind in RIDERS.items()
        if getattr(mapping, f"{name}_id")  # also where it can only be taken off
        or (Kind(mapping.kind) in TAKES[kind] and kind in kept)
    ]


def offered(company: Company, kind: RecordKind) -> RecordQuerySet:
    rows = company.records.on(Side.LEDGER).of(kind).usable().order_by("path", "pk")
    return rows.defer("payload", "search_text")


@transaction.atomic
def choose(
    mapping: Mapping,
    chosen: Dict[str, Record | None],
    *,
    by: User,
    version: int | None = None,
) -> Mapping:
    """Say what goes along with an accepted mapping. It is in force once it is published.

    `chosen` is by field, as in RIDERS; what it does not name stays as it is.

    Raises:
        Conflict: it is not accepted any more, or somebody changed it.
        TargetUnusable: the ledger does not take that here.
    """
    company = mapping.company
    row = (
        company.mappings.with_records()
        .select_related("company")
        .select_for_update(of=("self",))
        .get(pk=mapping.pk)
    )
    if row.state == Mapping.State.PUBLISHED:
        raise Conflict("It is published. Ask an admin to unpublish it first.")
    if row.state != Mapping.State.ACCEPTED:
        raise Conflict("Accept a record first, then say what goes along with it.")
    if version is not None and row.version != version:
        raise Conflict("It changed meanwhile. Yours was not saved. Look at it again.")
    if all(getattr(row, name) == record for name, record in chosen.items()):
        return row
    wants_second = CompanySettings.objects.get(company=company).second_person_publishes
    if wants_second and row.decided_by_id != by.pk:
        raise Conflict(
            f"{row.decided_by} accepted it. Where a second person publishes, whoever accepted it"
            " says what goes along: ask them, or choose the record yourself first."
        )
    for name, record in chosen.items():
        _check(record, RIDERS[name], row)
    before = row.as_values()
    for name, record in chosen.items():
        setattr(row, name, record)
    row.decided_by = by
    row.version += 1
    row.save()
    trail.record(Verb.OVERRODE, row, by=by, before=before, after=row.as_values())
    return row


def _check(record: Record | None, kind: RecordKind, mapping: Mapping) -> None:
    if record is None:
        return
    company = mapping.company
    good = record.company_id == company.pk and record.kind == kind and record.is_usable
    if not good or record.connection.side != Side.LEDGER:
        raise targets.TargetUnusable("That record cannot go along, so nothing was saved.")
    if Kind(mapping.kind) not in TAKES[kind] or kind not in _kept_lists(company):
        raise targets.TargetUnusable(
            f"A {kind.label.lower()} cannot go along with a {Kind(mapping.kind).singular} here."
        )


def _kept_lists(company: Company) -> set[RecordKind]:
    """The lists that the ledger keeps, and that a bill may name one of."""
    ledger = company.connections.filter(side=Side.LEDGER)
    live = ledger.exclude(state=Connection.State.DISCONNECTED).only("features").first()
    return {kind for kind, name in FEATURES.items() if live is not None and live.features.get(name)}
