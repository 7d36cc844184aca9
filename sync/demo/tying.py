"""Ties a company to the sandboxes as its admin would, whichever way a system is tied."""

import json
import time
from decimal import Decimal
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core.management.base import CommandError

from common.choices import System, Way
from companies.models import Company, User
from connectors import registry, trying, waiting
from connectors.management.commands._walk import connect_headless
from connectors.management.commands.sandbox import LOOPBACK, address_of
from connectors.models import Connection
from connectors.records import JSON
from connectors.sandboxing import read_csv
from connectors.seeding import intacct, pairs
from connectors.seeding.pairs import Pair

# What an admin types in for a sandbox, beside what names the company there.
TYPED: dict[System, dict[str, str]] = {
    System.BUILDERTREND: {"client_id": "tieout-sandbox", "client_secret": "tieout-sandbox-secret"},
    System.SAGE_INTACCT: {
        "user_id": "xml_tieout",
        "password": "tieout-sandbox",
        "default_location": intacct.ENTITY,
        "default_department": intacct.DEPARTMENT,
    },
}
LONGEST_SECONDS = 60  # until a machine that has our connector file calls us
COMPANY_FIELD = {System.BUILDERTREND: "account_id", System.SAGE_INTACCT: "company_id"}


def tie(company: Company, seed: str, pair: Pair, system: System, way: Way, *, by: User) -> None:
    """Connect `company` to the sandbox of `system`. `by` is an admin of it."""
    if way == Way.CONSENT:
        connect_headless(company, by, system)
    elif way == Way.CREDENTIALS:
        (row,) = read_csv(pairs.folder_of(seed, pair) / system / "company.csv")
        typed = {**TYPED[system], COMPANY_FIELD[system]: row["id"], "company_name": row["name"]}
        trying.sign_in(company, system, typed, by=by)
    elif way == Way.CONNECTOR_FILE:
        _install(company, system, by=by)
    else:
        trying.name_files(company, system, company.name, by=by)


def _install(company: Company, system: System, *, by: User) -> None:
    """Take the connector file and its password to the machine of the other system, which calls."""
    connection, password = waiting.begin(company, system, by=by)
    make = registry.PACKAGES[system].connector_file
    if make is None:
        raise CommandError(f"{system.label} has no connector file.")
    content = make(connection).content.decode()
    order(system, "applications", {"qwc": content, "password": password})
    deadline = time.monotonic() + LONGEST_SECONDS
    while connection.state != Connection.State.CONNECTED:
        if time.monotonic() > deadline:
            raise CommandError(f"{system.label} did not call us. {connection.problem}")
        time.sleep(0.1)
        connection.refresh_from_db()


def order(system: System, what: str, body: JSON) -> JSON:
    """Do something by hand in a sandbox, at its console.

    Raises:
        CommandError: it is refused there.
    """
    answer = requests.post(console(system, what), data=json.dumps(body), timeout=60)
    if answer.status_code != 200:
        raise CommandError(f"The sandbox of {system.label} refuses: {answer.text[:300]}")
    return answer.json()


def bills_in_books(system: System) -> dict[str, Decimal]:
    """The total of every bill in a ledger's sandbox, by its id, as its own console shows them."""
    answer = requests.get(console(system, "bills"), timeout=60)
    answer.raise_for_status()
    return {row["id"]: Decimal(row["total"]) for row in answer.json()}


def console(system: System, what: str) -> str:
    """Address of something at the console of a sandbox on this machine."""
    at = urlsplit(address_of(getattr(settings, system.upper())))
    if at.hostname not in LOOPBACK:
        raise CommandError(f"{at.netloc} is not on this machine.")
    return f"{at.scheme}://{at.netloc}/_sandbox/{what}"
