"""Which rows of the ledger a mapping may point at, and in which words we refuse the others."""

from common.errors import AppError
from companies.models import Company
from connectors.models import Connection, Record
from mapping.models import Kind, Mapping, target_kinds


class TargetUnusable(AppError):
    """The chosen row cannot stand on a bill that is sent today."""


def system_name(connection: Connection) -> str:
    """The system as people call it: QuickBooks, not QuickBooks Online."""
    return connection.get_system_display().removesuffix(" Online")


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
    return f"{mapping.target.name} {wrong}." if wrong else ""
