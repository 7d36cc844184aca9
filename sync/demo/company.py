"""The demo company: its people, its settings, and its connections to the sandboxes."""

from dataclasses import dataclass
from typing import Any

from django.core.management.base import CommandError

from common.choices import RecordKind, System, Way
from companies.models import Company, CompanySettings, Membership, Role, User
from connectors import linking, registry
from connectors.sandboxing import read_csv
from connectors.seeding import pairs
from connectors.seeding.pairs import FIRST, Pair
from sync.demo import filing, tying

PASSWORD = "tieout-demo-2026"  # noqa: S105  # printed by the demo, for this machine only
NAMES = {
    "demo": "Cobalt Ridge Builders",
    "tiny": "Cobalt Ridge Builders (tiny)",
    "real": "Real Names Construction",
}
PEOPLE = (
    ("controller", "Dana Ruiz", Role.CONTROLLER),
    ("accountant", "Tom Weiss", Role.ACCOUNTANT),
    ("admin", "Priya Shah", Role.ADMIN),
    ("pm", "Ines Moreau", Role.PROJECT_MANAGER),
    ("viewer", "Sam Okafor", Role.VIEWER),
)
# What an admin of such a ledger decides in Settings.
DECIDED: dict[System, dict[str, Any]] = {
    System.QUICKBOOKS_ONLINE: {},
    # Jobs are customers there, and Desktop's people cost by item.
    System.QUICKBOOKS_DESKTOP: {
        "project_target": CompanySettings.ProjectTarget.CUSTOMER,
        "posting_style": CompanySettings.PostingStyle.ITEMS,
    },
    # Payments are made of what is posted, so nothing is left for somebody to submit.
    System.SAGE_INTACCT: {
        "project_target": CompanySettings.ProjectTarget.PROJECT,
        "posting_style": CompanySettings.PostingStyle.ACCOUNTS,
        "send_as_draft": False,
    },
}
RETAINAGE = r"(retainage|retention).*payable|payable.*(retainage|retention)"


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


def truth(seed: str, pair: Pair = FIRST) -> Truth:
    file = pairs.folder_of(seed, pair) / "truth.csv"
    if not file.exists():
        raise CommandError(
            f"The seed {seed!r} is not there. Build it with: manage.py build_seed {seed}"
        )
    (system, way), _ledger = pair.systems
    by_files = filing.ids_by_files(file.parent / system) if way == Way.FILES else {}
    return Truth(
        {
            (
                row["kind"],
                by_files.get((row["kind"], row["source_id"]), row["source_id"]),
                row["target_kind"],
            ): row["target_id"]
            for row in read_csv(file)
        }
    )


def make(seed: str, pair: Pair = FIRST, slug: str = "") -> Company:
    """The company with its people, settings and connections; what is there already is kept."""
    company = enter(seed, pair, slug or pair.called(seed))
    admin = person(company, Role.ADMIN)
    for system, way in pair.systems:
        if registry.connection_of(company, registry.PACKAGES[system].side) is None:
            tying.tie(company, seed, pair, system, way, by=admin)
    return company


def untie(company: Company) -> None:
    """Disconnect it, before its sandboxes stop: nobody is to ask for them any more."""
    for connection in company.connections.all():
        linking.disconnect(connection, by=person(company, Role.ADMIN))


def enter(seed: str, pair: Pair, slug: str) -> Company:
    """The company itself, before anything is connected."""
    company, _made = Company.objects.get_or_create(slug=slug, defaults={"name": NAMES[seed]})
    _source, (ledger, _way) = pair.systems
    CompanySettings.objects.get_or_create(company=company, defaults=DECIDED[ledger])
    for login, name, role in PEOPLE:
        address = f"{login}@{seed}.example"
        user = User.objects.filter(email=address).first() or User.objects.create_user(
            address, PASSWORD, name=name
        )
        Membership.objects.get_or_create(company=company, user=user, defaults={"role": role})
    return Company.objects.select_related("settings").get(pk=company.pk)


def person(company: Company, role: Role) -> User:
    return company.memberships.select_related("user").get(role=role).user


def name_retainage_account(company: Company) -> None:
    """What an admin does in Settings after the first pull: say where retainage is kept."""
    if company.settings.retainage_account_id:
        return
    account = company.records.filter(kind=RecordKind.ACCOUNT, name__iregex=RETAINAGE).first()
    if account is None:
        raise CommandError("The ledger has no account for retainage payable.")
    company.settings.retainage_account = account
    company.settings.save(update_fields=["retainage_account"])
