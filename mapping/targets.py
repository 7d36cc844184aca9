"""Which rows of the ledger a mapping may point at, and in which words we refuse the others."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from common.choices import Side
from common.errors import AppError
from companies.models import Company
from connectors.models import Connection, Record
from mapping.models import Kind, Mapping, target_kinds


class TargetUnusable(AppError):
    """The chosen row cannot stand on a bill that is sent today."""


def system_name(connection: Connection) -> str:
    """The system as people call it: QuickBooks, not QuickBooks Online."""
    return connection.get_system_display().removesuffix(" Online")


@dataclass(frozen=True)
class Systems:
    """The two live ends of a company, without their credentials."""

    source_end: Connection | None
    ledger_end: Connection | None

    @classmethod
    def of(cls, company: Company) -> "Systems":
        found = {
            connection.side: connection
            for connection in company.connections.exclude(state=Connection.State.DISCONNECTED).only(
                "company", "side", "system", "way", "state", "last_pulled_at"
            )
        }
        return cls(found.get(Side.SOURCE), found.get(Side.LEDGER))

    @property
    def source(self) -> str:
        return system_name(self.source_end) if self.source_end else "Source"

    @property
    def ledger(self) -> str:
        return system_name(self.ledger_end) if self.ledger_end else "Ledger"

    @property
    def pulled_at(self) -> datetime | None:
        return self.source_end.last_pulled_at if self.source_end else None


def attach_ends(company: Company, mappings: Iterable[Mapping]) -> None:
    """Give thousands of rows their company and their targets' connection without a join."""
    ends = {
        end.pk: end
        for end in company.connections.only("company", "side", "system", "state", "last_pulled_at")
    }
    for mapping in mappings:
        mapping.company = company
        if mapping.target is not None:
            mapping.target.connection = ends[mapping.target.connection_id]


def problem(target: Record, kind: Kind, company: Company) -> str:
    """What is wrong with `target` in words that follow its name; blank when it can be taken."""
    connection = target.connection
    system = system_name(connection)
    if connection.side != "ledger" or connection.state == Connection.State.DISCONNECTED:
        return f"is a row of {system}, which is not where bills are posted"
    if target.kind not in target_kinds(kind, company.settings):
        wanted = " or ".join(each.label.lower() for each in target_kinds(kind, company.settings))
        return f"is not {'an' if wanted[0] in 'aeiou' else 'a'} {wanted} in {system}"
    if target.gone_at is not None:
        return f"is no longer in {system}"
    if not target.is_active:
        return f"is inactive in {system}"
    if not target.is_selectable:
        return f"cannot be used on a bill in {system}"
    return ""


def check(target: Record, kind: Kind, company: Company) -> None:
    """Raises TargetUnusable with a sentence unless `target` can be taken."""
    if target.company_id != company.pk:
        raise TargetUnusable("That record does not exist here, so it cannot be taken.")
    if wrong := problem(target, kind, company):
        raise TargetUnusable(f"{target.name} {wrong}, so it cannot be taken.")


def trouble_with(mapping: Mapping) -> str:
    """Why the mapping's target cannot be put in force, as a sentence; blank when it can."""
    if mapping.target is None:
        return "It names no record of the ledger."
    wrong = problem(mapping.target, Kind(mapping.kind), mapping.company)
    if wrong:
        return f"{mapping.target.name} {wrong}."
    lost = next((record for record in mapping.riding if not record.is_usable), None)
    return f"{lost.label}, which goes along, cannot be used any more." if lost else ""
