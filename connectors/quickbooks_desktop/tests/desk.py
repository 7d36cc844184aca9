"""A company, a machine with QuickBooks that calls us over real HTTP, and a worker beside it."""

import threading
import time
from datetime import timedelta

from django.db import connections
from django.utils import timezone

from common.choices import RecordKind, System
from companies.models import Role
from companies.tests.factories import CompanyFactory, MembershipFactory
from connectors import waiting
from connectors.models import Connection, WebConnectorSession
from connectors.quickbooks_desktop.connector_file import connector_file
from connectors.quickbooks_desktop.sandbox import QuickBooksDesktopSandbox
from connectors.quickbooks_desktop.sandbox_troubles import Trouble
from connectors.tests.factories import ConnectionFactory, RecordFactory
from mapping.tests.factories import MappingFactory
from sync import sending, tasks
from sync.models import PullStep, Push, Run
from sync.tests.factories import BillFactory

LONGEST_RUN_SECONDS = 60


class Desk:
    """`live_server` is where the Web Connector calls; `seed` fills the company file."""

    def __init__(self, live_server, settings, seed):
        settings.PUBLIC_URL = live_server.url
        settings.QUICKBOOKS_DESKTOP = {
            **settings.QUICKBOOKS_DESKTOP,
            "taken_within": 3,
            "answered_within": 3,
            "holds_call": 0.3,
            "gives_up_after": 3,
        }
        settings.SENDING = {**settings.SENDING, "first_look": 0, "back_off": 0.1}
        self.company = CompanyFactory(name="Harbor Point", slug="harbor")
        self.admin = self._member("Priya Shah", Role.ADMIN)
        self.controller = self._member("Dana Ruiz", Role.CONTROLLER)
        self.source = ConnectionFactory(company=self.company, source=True)
        self.machine = QuickBooksDesktopSandbox(seed=seed, pause_seconds=0.05)
        self.password = ""
        self.set_up()

    def set_up(self):
        """What the admin does here, and then beside QuickBooks."""
        self.connection, self.password = waiting.begin(
            self.company, System.QUICKBOOKS_DESKTOP, by=self.admin
        )
        file = connector_file(self.connection)
        self.machine.connector.install(file.content.decode(), self.password)

    def call(self):
        """One run of the Web Connector, with a worker at work meanwhile; how it went.

        It comes some time after the run before: whatever broke off then is over.
        """
        long_ago = timezone.now() - timedelta(minutes=15)
        WebConnectorSession.objects.filter(closed_at=None).update(heard_at=long_ago)
        held = []
        thread = threading.Thread(target=lambda: held.append(self.machine.connector.run_once()))
        thread.start()
        deadline = time.monotonic() + LONGEST_RUN_SECONDS
        while thread.is_alive() and time.monotonic() < deadline:
            self.work()
            time.sleep(0.02)
        thread.join(1)
        assert not thread.is_alive(), "the run of the Web Connector does not come to an end"
        self.connection = Connection.objects.get(pk=self.connection.pk)
        return held[0]

    def work(self):
        """What the queue would do: whatever is due, oldest bell first."""
        steps = PullStep.objects.filter(run__state=Run.State.RUNNING).due()
        for pk in list(steps.order_by("rung_at").values_list("pk", flat=True)):
            tasks.pull_step(pk)
        for pk in list(Push.objects.due().order_by("rung_at").values_list("pk", flat=True)):
            tasks.push(pk)

    def was_pulled(self):
        """The clock asks for no pull for a while."""
        Run.objects.filter(kind=Run.Kind.PULL).update(started_at=timezone.now())

    def trouble(self, kind, **how):
        self.machine.connector.troubles.order(Trouble(kind=kind, **how))

    def target(self, kind, path):
        found = self.connection.records.filter(kind=kind)
        return found.get(path=path) if ":" in path else found.get(name=path)

    def bill(self, **fields):
        """A bill of Ridgeline for the pier, its mappings published."""
        sources = {}
        for part, source, kind, path in (
            ("vendor", {}, RecordKind.VENDOR, "Ridgeline Concrete LLC"),
            ("project", {"project": True}, RecordKind.CUSTOMER, "Port of Tacoma:2417 Pier 7"),
            (
                "cost_code",
                {"cost_code": True},
                RecordKind.ACCOUNT,
                "Cost of Construction:Subcontractors",
            ),
        ):
            record = RecordFactory(company=self.company, **source)
            target = self.target(kind, path)
            MappingFactory(company=self.company, source=record, target=target, published=True)
            sources[part] = record
        return BillFactory(company=self.company, connection=self.source, **sources, **fields)

    def send(self, bill):
        return sending.send(bill, by=self.controller)

    def books(self):
        return self.machine.company_books.all("Bill")

    def stop(self):
        # A run goes on while anything waits: it ends when we let go.
        Connection.objects.filter(pk=self.connection.pk).update(state=Connection.State.DISCONNECTED)
        self.machine.hang_up()
        connections.close_all()

    def _member(self, name, role):
        return MembershipFactory(company=self.company, role=role, user__name=name).user
