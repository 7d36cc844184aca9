"""Ties a company to the sandboxes as its admin would, whichever way a system is tied."""

from django.core.management.base import CommandError

from common.choices import System, Way
from companies.models import Company, User
from connectors.management.commands._walk import connect_headless


def tie(company: Company, system: System, way: Way, *, by: User) -> None:
    """Connect `company` to the sandbox of `system`. `by` is an admin of it."""
    if way == Way.CONSENT:
        connect_headless(company, by, system)
    else:
        raise CommandError(f"Nothing here ties {system.label} by {way.label.lower()} yet.")
