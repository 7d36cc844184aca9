"""A builder with work to do: two dozen vendors in both systems, and bills that wait for them.

Grown from the small builder of sync/tests/world.py, over the same sandboxes and real HTTP.
"""

from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings

from companies.models import Role
from companies.tests.factories import PASSWORD
from mapping import drafting
from mapping.models import SuggestionRun
from sync.models import ProjectTeam
from sync.tests.world import PROCORE, QUICKBOOKS, World

# Told apart by their first words, so that each has one clear draft.
NAMES = [
    "Cedar Plumbing", "Delta Drywall", "Elm Street Electric", "Foxglove Painting",
    "Granite Excavation", "Harbor Glass", "Iron Ridge Supply", "Juniper Roofing",
    "Kestrel Fire Protection", "Lakeside Masonry", "Maple Millwork", "Northwind Mechanical",
    "Orchard Flooring", "Pinnacle Steel", "Quarry Stone Works", "Redwood Framing",
    "Summit Insulation", "Tidewater Tile", "Union Elevator", "Valley Paving",
    "Willow Landscaping", "Yellowstone Fencing", "Zephyr Controls", "Beacon Surveying",
]  # fmt: skip
CITY = "Salem,OR"
OTHERS = "Brightwater Pools"  # in the ledger only: what an override takes


def seeds():
    """(Procore's files, QuickBooks' files), each by name."""
    procore, quickbooks = dict(PROCORE), dict(QUICKBOOKS)
    procore["vendors"] += "".join(
        f"\n{1000 + number},{name} LLC,,{CITY},true" for number, name in enumerate(NAMES)
    )
    quickbooks["vendors"] += "".join(
        f"\n{2000 + number},{name},{name} LLC,{CITY},true" for number, name in enumerate(NAMES)
    )
    quickbooks["vendors"] += f"\n2900,{OTHERS},,Bend,OR,true"
    for number in range(6):
        procore["direct_costs"] += (
            f"\n{700 + number},21,{1000 + number},invoice,approved,2026-09-05,F-{number},Work,,"
        )
        procore["direct_cost_lines"] += (
            f"\n{800 + number},{700 + number},1,09-250,32,Work,{1200 + number}.50"
        )
    return procore, quickbooks


class Builder(World):
    """What `World` has, with a person of every role and passwords that can be typed."""

    def __init__(self, folder, settings):
        procore, quickbooks = seeds()
        super().__init__(folder, settings, procore=procore, quickbooks=quickbooks)
        settings.QUICKBOOKS_ONLINE = {
            **settings.QUICKBOOKS_ONLINE, "app_url": f"{self.quickbooks.url}/app",
        }  # fmt: skip
        self.accountant = self._member("Tom Weiss", Role.ACCOUNTANT)
        self.project_manager = self._member("Ana Cole", Role.PROJECT_MANAGER)
        self.viewer = self._member("Vic Long", Role.VIEWER)
        self.password = PASSWORD
        self.at = f"/c/{self.company.slug}"

    def pull_and_draft(self):
        self.pull()
        self.draft()
        self.name_retainage_account()

    def draft(self):
        """What the worker does after a pull."""
        for run in self.company.suggestion_runs.filter(state=SuggestionRun.State.WAITING):
            drafting.draft(run)

    def manage(self, user, project_id):
        ProjectTeam.objects.create(
            company=self.company,
            project=self.source.records.get(kind="project", external_id=project_id),
            membership=user.memberships.get(company=self.company),
        )

    def accept_all(self):
        """What a careful controller accepts, left unpublished."""
        from sync.tests.world import ANSWERS

        for (kind, source), (target_kind, target) in ANSWERS.items():
            self.decide(kind, source, target_kind, target)


class Settings:
    """The settings, to be set until the stack ends: pytest's own last one test only."""

    def __init__(self, stack):
        self.__dict__["stack"] = stack

    def __getattr__(self, name):
        return getattr(settings, name)

    def __setattr__(self, name, value):
        self.stack.enter_context(override_settings(**{name: value}))


@contextmanager
def a_builder():
    """A builder whose rows are committed, for as long as the block lasts; then all is emptied."""
    refuse_any_database_but_the_tests()
    with ExitStack() as stack:
        changed = Settings(stack)
        changed.SENDING = {**settings.SENDING, "first_look": 0, "back_off": 0}
        folder = Path(stack.enter_context(TemporaryDirectory()))
        try:
            builder = Builder(folder / "seed", changed)
            stack.callback(builder.stop)
            yield builder
        finally:
            empty()


def refuse_any_database_but_the_tests():
    """Here rows are committed and tables emptied, which nobody's own data may ever meet."""
    database = connection.settings_dict
    if database["NAME"] != database["TEST"]["NAME"]:
        raise RuntimeError(f"{database['NAME']} is not the database of the tests.")


def empty():
    """Every table. The trail refuses that to everybody; as owner, lift it for the moment."""
    refuse_any_database_but_the_tests()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        try:
            call_command("flush", interactive=False, verbosity=0)
        finally:
            cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER USER")
    connection.close()


def session_of(user):
    """A session in which `user` is signed in, as a cookie for a browser."""
    client = Client()
    client.force_login(user)
    return {name: morsel.value for name, morsel in client.cookies.items()}
