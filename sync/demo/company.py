"""The demo company: its people, its settings, and its connections to the sandboxes."""

import csv
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError

from common.choices import RecordKind, Side, System
from companies.models import Company, CompanySettings, Membership, Role, User
from connectors import registry
from connectors.management.commands._walk import connect_headless

PASSWORD = "tieout-demo-2026"  # noqa: S105  # printed by the demo, for this machine only
NAMES = {"demo": "Cobalt Ridge Builders", "real": "Real Names Construction"}
PEOPLE = (
    ("controller", "Dana Ruiz", Role.CONTROLLER),
    ("accountant", "Tom Weiss", Role.ACCOUNTANT),
    ("admin", "Priya Shah", Role.ADMIN),
    ("pm", "Ines Moreau", Role.PROJECT_MANAGER),
    ("viewer", "Sam Okafor", Role.VIEWER),
)


@dataclass(frozen=True)
class Truth:
    """What a careful controller would choose, from the seed's truth.csv."""

    answers: dict[tuple[str, str, str], str]  # (kind, source id, target kind) -> target id

    def target_id(self, kind: str, source_id: str, target_kinds: tuple[str, ...]) -> str | None:
        """The right target; blank for "there is none", None when the seed does not say."""
        found = [
            self.answers[key] for t in target_kinds if (key := (kind, source_id, t)) in self.answers
        ]
        if any(found):
            return next(answer for answer in found if answer)
        return "" if found or (kind, source_id, "") in self.answers else None


def seed_folder(seed: str) -> Path:
    folder = Path(settings.SEEDS[seed])
    if not (folder / "truth.csv").exists():
        raise CommandError(
            f"The seed {seed!r} is not there. Build it with: manage.py build_seed {seed}"
        )
    return folder


def truth(seed: str) -> Truth:
    with (seed_folder(seed) / "truth.csv").open(encoding="utf-8", newline="") as file:
        return Truth(
            {
                (row["kind"], row["source_id"], row["target_kind"]): row["target_id"]
                for row in csv.DictReader(file)
            }
        )


def make(seed: str) -> Company:
    """The company with its people, settings and connections; what is there already is kept."""
    company, _made = Company.objects.get_or_create(slug=seed, defaults={"name": NAMES[seed]})
    CompanySettings.objects.get_or_create(company=company)
    for login, name, role in PEOPLE:
        address = f"{login}@{seed}.example"
        user = User.objects.filter(email=address).first() or User.objects.create_user(
            address, PASSWORD, name=name
        )
        Membership.objects.get_or_create(company=company, user=user, defaults={"role": role})
    company = Company.objects.select_related("settings").get(pk=company.pk)
    admin = person(company, Role.ADMIN)
    for side, system in (
        (Side.SOURCE, System.PROCORE),
        (Side.LEDGER, System.QUICKBOOKS_ONLINE),
    ):
        if registry.connection_of(company, side) is None:
            connect_headless(company, admin, system)
    return company


def person(company: Company, role: Role) -> User:
    return company.memberships.select_related("user").get(role=role).user


def name_retainage_account(company: Company) -> None:
    """What an admin does in Settings after the first pull: say where retainage is kept."""
    if company.settings.retainage_account_id:
        return
    account = company.records.filter(
        kind=RecordKind.ACCOUNT, name__iregex="reten|retain", type="Other Current Liability"
    ).first()
    if account is None:
        raise CommandError("The ledger has no account for retainage payable.")
    company.settings.retainage_account = account
    company.settings.save(update_fields=["retainage_account"])
