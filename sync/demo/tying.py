"""Ties a company to the sandboxes as its admin would, whichever way a system is tied."""

from django.core.management.base import CommandError

from common.choices import System, Way
from companies.models import Company, User
from connectors import trying
from connectors.management.commands._walk import connect_headless
from connectors.sandboxing import read_csv
from connectors.seeding import pairs
from connectors.seeding.pairs import Pair

# What an admin types in for a sandbox, beside what names the company there.
TYPED: dict[System, dict[str, str]] = {
    System.BUILDERTREND: {"client_id": "tieout-sandbox", "client_secret": "tieout-sandbox-secret"},
    System.SAGE_INTACCT: {"user_id": "xml_tieout", "password": "tieout-sandbox"},
}
COMPANY_FIELD = {System.BUILDERTREND: "account_id", System.SAGE_INTACCT: "company_id"}


def tie(company: Company, seed: str, pair: Pair, system: System, way: Way, *, by: User) -> None:
    """Connect `company` to the sandbox of `system`. `by` is an admin of it."""
    if way == Way.CONSENT:
        connect_headless(company, by, system)
    elif way == Way.CREDENTIALS:
        (row,) = read_csv(pairs.folder_of(seed, pair) / system / "company.csv")
        typed = {**TYPED[system], COMPANY_FIELD[system]: row["id"], "company_name": row["name"]}
        trying.sign_in(company, system, typed, by=by)
    else:
        raise CommandError(f"Nothing here ties {system.label} by {way.label.lower()} yet.")
