"""Says to mapping's pages what can be created in the ledger: see `mapping.offering`."""

from typing import cast

from common.choices import Way
from companies.models import Company
from connectors import registry
from connectors.base import CreatesRecords
from connectors.models import Connection
from mapping.models import Kind, target_kinds
from mapping.offering import Offer
from mapping.targets import system_name

# Nobody creates an account or an item of the chart by the way.
OFFERED = (Kind.VENDOR, Kind.PROJECT)


def offer(company: Company, kind: Kind, connection: Connection | None) -> Offer:
    """What `connection`, the company's ledger, may be asked to create."""
    if kind not in OFFERED or connection is None:
        return Offer()
    wanted = target_kinds(kind, company.settings)
    package = registry.package_of(connection)
    name = system_name(connection)
    notes = " ".join(package.creating[each] for each in wanted if each in package.creating)
    if not registry.can(connection, CreatesRecords):
        return Offer(
            connection,
            sentence=f"{name} takes no new records from us. Create it there, then pull. {notes}",
        )
    able = cast("CreatesRecords", package.client_of(Way(connection.way))).creatable
    kinds = tuple(each for each in wanted if each in able)
    if kinds:
        return Offer(connection, kinds, notes)
    what = " or ".join(f"{each.label.lower()}s" for each in wanted)
    sentence = notes or f"{name} lets no other system create {what}. Create it there, then pull."
    return Offer(connection, sentence=sentence)
