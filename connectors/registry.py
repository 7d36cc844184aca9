"""Which package serves which system, and a client for a company's connection.

Clients hold a network session, so they are made per use: after a worker forks, never at import.
"""

from collections.abc import Mapping, Sequence
from typing import cast

from common.choices import Side, System, Way
from companies.models import Company
from connectors.base import CallsUs, Ledger, Source, satisfies
from connectors.buildertrend import connecting as buildertrend
from connectors.errors import Asleep, CredentialsExpired
from connectors.models import Connection
from connectors.packages import Package
from connectors.procore import connecting as procore
from connectors.quickbooks_desktop import connecting as quickbooks_desktop
from connectors.quickbooks_online import connecting as quickbooks_online
from connectors.sage_intacct import connecting as sage_intacct

PACKAGES: Mapping[System, Package] = {
    package.system: package
    for package in (
        procore.PACKAGE,
        buildertrend.PACKAGE,
        quickbooks_online.PACKAGE,
        quickbooks_desktop.PACKAGE,
        sage_intacct.PACKAGE,
    )
}


class NotConnected(CredentialsExpired):
    """Nobody connected this side yet, or an admin has to sign in again."""

    status = 409


def package_of(connection: Connection) -> Package:
    return PACKAGES[System(connection.system)]


def systems(side: Side) -> Sequence[System]:
    return [system for system, package in PACKAGES.items() if package.side == side]


def can(connection: Connection, what: type) -> bool:
    """Does this connection's system offer `what`, one of the Protocols of `connectors.base`?"""
    return satisfies(package_of(connection).client_of(Way(connection.way)), what)


def why_asleep(client: Source | Ledger) -> str:
    """What to tell while a system that calls us cannot be asked; blank when it can."""
    if isinstance(client, CallsUs):
        try:
            client.check_on_line()
        except Asleep as error:
            return str(error)
    return ""


def is_asleep(connection: Connection) -> bool:
    return can(connection, CallsUs) and bool(why_asleep(open_client(connection)))


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
    if connection.state == Connection.State.WAITING:
        name = connection.get_system_display()
        raise NotConnected(f"{name} has not called yet. Its connector has to be started there.")
    if connection.state == Connection.State.PAUSED:
        name = connection.get_system_display()
        raise NotConnected(f"{name} is paused. Ask an admin to resume it under Settings.")
    return connection


def source_for(company: Company) -> Source:
    return open_source(live_connection(company, Side.SOURCE))


def ledger_for(company: Company) -> Ledger:
    return open_ledger(live_connection(company, Side.LEDGER))


def open_source(connection: Connection) -> Source:
    return cast("Source", open_client(connection))


def open_ledger(connection: Connection) -> Ledger:
    return cast("Ledger", open_client(connection))


def open_client(connection: Connection) -> Source | Ledger:
    """A client of either side, for what both sides can do."""
    return package_of(connection).open(connection)
