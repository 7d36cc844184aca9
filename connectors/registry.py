"""Which class serves which system, and a client for a company's connection.

Clients hold a network session, so they are made per use: after a worker forks, never at import.
"""

from collections.abc import Callable, Sequence

from django.conf import settings

from common.choices import Side, System
from companies.models import Company
from connectors import calls
from connectors.base import Ledger, Source
from connectors.errors import CredentialsExpired
from connectors.http import CallMade, Tokens
from connectors.models import Connection
from connectors.oauth import OAuthApp
from connectors.procore import client as procore
from connectors.quickbooks_online import client as quickbooks_online
from connectors.records import PulledCompany
from connectors.tokens import ConnectionTokens

SIDES: dict[System, Side] = {
    System.PROCORE: Side.SOURCE,
    System.QUICKBOOKS_ONLINE: Side.LEDGER,
}
Record = Callable[[CallMade], None]


def _forget(_call: CallMade) -> None:
    """There is no connection yet that the call could be noted under."""


class NotConnected(CredentialsExpired):
    """Nobody connected this side yet, or an admin has to sign in again."""

    status = 409


def systems(side: Side) -> Sequence[System]:
    return [system for system, its_side in SIDES.items() if its_side == side]


def oauth_app(system: System) -> OAuthApp:
    match system:
        case System.PROCORE:
            return procore.oauth_app(settings.PROCORE)
        case System.QUICKBOOKS_ONLINE:
            return quickbooks_online.oauth_app(settings.QUICKBOOKS_ONLINE)


def connection_of(company: Company, side: Side) -> Connection | None:
    """The one connection of this side that was not disconnected, working or not."""
    live = company.connections.exclude(state=Connection.State.DISCONNECTED)
    return live.filter(side=side).first()


def live_connection(company: Company, side: Side) -> Connection:
    """The working connection of this side.

    Raises:
        NotConnected: there is none; the sentence says what an admin has to do.
    """
    connection = connection_of(company, side)
    if connection is None:
        names = " or ".join(system.label for system in systems(side))
        raise NotConnected(f"{names} is not connected. Ask an admin to connect it under Settings.")
    if connection.state == Connection.State.NEEDS_CONSENT:
        name = connection.get_system_display()
        raise NotConnected(
            f"{name} no longer accepts our sign-in. Ask an admin to reconnect it under Settings."
        )
    return connection


def source_for(company: Company) -> Source:
    return open_source(live_connection(company, Side.SOURCE))


def ledger_for(company: Company) -> Ledger:
    return open_ledger(live_connection(company, Side.LEDGER))


def open_source(connection: Connection) -> Source:
    return procore_client(
        connection.external_company_id, _tokens(connection), calls.recorder(connection)
    )


def open_ledger(connection: Connection) -> Ledger:
    return quickbooks_online_client(
        connection.external_company_id, _tokens(connection), calls.recorder(connection)
    )


def open_client(connection: Connection) -> Source | Ledger:
    """A client of either side, for what both sides can do."""
    match System(connection.system):
        case System.PROCORE:
            return open_source(connection)
        case System.QUICKBOOKS_ONLINE:
            return open_ledger(connection)


def companies_seen(system: System, tokens: Tokens, *, named: str) -> list[PulledCompany]:
    """The companies a fresh sign-in may read. `named` is the one that the consent page named,
    where the system lets a person choose there.
    """
    match system:
        case System.PROCORE:
            return procore_client("", tokens).companies()
        case System.QUICKBOOKS_ONLINE:
            return [quickbooks_online_client(named, tokens).company()]


def procore_client(
    company_id: str, tokens: Tokens, record: Record = _forget
) -> procore.ProcoreClient:
    return procore.ProcoreClient(
        base_url=settings.PROCORE["api_url"], tokens=tokens, company_id=company_id, record=record
    )


def quickbooks_online_client(
    realm_id: str, tokens: Tokens, record: Record = _forget
) -> quickbooks_online.QuickBooksOnlineClient:
    return quickbooks_online.QuickBooksOnlineClient(
        base_url=settings.QUICKBOOKS_ONLINE["api_url"],
        app_url=settings.QUICKBOOKS_ONLINE["app_url"],
        tokens=tokens,
        realm_id=realm_id,
        record=record,
    )


def _tokens(connection: Connection) -> Tokens:
    return ConnectionTokens(connection, oauth_app(System(connection.system)))
