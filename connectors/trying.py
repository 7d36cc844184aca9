"""Ways without a trip to another page: what an admin types in is tried before it is kept."""

from collections.abc import Mapping

from common.choices import System, Way
from common.errors import Conflict
from companies.models import Company, User
from connectors import registry
from connectors.linking import connect, refuse_another_system
from connectors.models import Connection
from connectors.records import PulledCompany
from connectors.vault import seal


def sign_in(company: Company, system: System, typed: Mapping[str, str], *, by: User) -> Connection:
    """Try what an admin typed in, and keep it only if it lets us in.

    Raises:
        ConnectorError: it does not; where `field` names one, it is that field's fault.
        OtherCompany, Conflict: as `connect`.
    """
    package = registry.PACKAGES[system]
    refuse_another_system(registry.connection_of(company, package.side), system)
    if package.sign_in is None:
        raise Conflict(f"{system.label} takes no credentials. Connect it under Settings.")
    signed = package.sign_in(typed)

    def let_in(row: Connection) -> None:
        seal(row, "credentials", dict(signed.secret))
        row.options = {**row.options, **signed.options}
        row.token_version += 1

    return connect(company, system, Way.CREDENTIALS, signed.company, by=by, let_in=let_in)


def name_files(company: Company, system: System, name: str, *, by: User) -> Connection:
    """Tie a system that we know from its exported files only, under the builder's name.

    Files name no company of their own, so there is one such connection per system.

    Raises:
        OtherCompany, Conflict: as `connect`.
    """
    pulled = PulledCompany(external_id=Way.FILES.value, name=name)
    return connect(company, system, Way.FILES, pulled, by=by, let_in=lambda _row: None)
