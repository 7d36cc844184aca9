"""People decide, records change, and every machine that writes drafts runs, in any order: no row
that a person decided ever changes by a machine's hand, in no column, its version among them.

A new machine is one function with the decorator `machine`. HYPOTHESIS_PROFILE=nightly runs many
more steps, from a new seed each time.
"""

import os
from collections import Counter
from contextlib import contextmanager, suppress
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from common.errors import AppError
from companies.models import Role
from companies.tests.factories import CompanyFactory, MembershipFactory
from connectors.models import Record
from connectors.tests.factories import RecordFactory
from mapping import (
    cloning,
    drafting,
    drafts,
    files,
    importing,
    learning,
    publishing,
    refusing,
    reviewing,
)
from mapping.matching.tests.model_server import ModelServer, says
from mapping.models import UNDECIDED, Kind, Mapping, MappingFile, SuggestionRun

pytestmark = pytest.mark.django_db
PROFILES = {
    "quick": {"max_examples": 5, "stateful_step_count": 30},
    "default": {"max_examples": 12, "stateful_step_count": 40, "derandomize": True},
    "nightly": {"max_examples": 1000, "stateful_step_count": 80},
}
PROFILE = PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "default")]
# Alike, the same, and nothing alike: every way of drafting, abstaining and learning comes up.
NAMES = (
    "Harbor Glass",
    "Harbor Glass Co",
    "Harbor Glass, Inc.",
    "Harbor Glazing LLC",
    "Delta Drywall",
    "Delta Drywall Company",
    "Iron Ridge Supply",
    "Zebra Tiling",
)
DOUBTFUL = ("Zimmer", "Hanover")  # what a model is asked about
some = st.integers(0, 1000)
tally = Counter()
MACHINES = []


def machine(act):
    """One more thing that writes drafts. It is given the world and a number to choose by."""
    MACHINES.append(act)
    return act


@machine
def drafts_are_made(world, _n):
    drafting.draft(drafting.start(world.company, Kind.VENDOR, by=None))


@machine
def drafts_are_made_by_two_workers(world, _n):
    """The second finds the lease taken; then the first has lost it, and comes back."""
    run = drafting.start(world.company, Kind.VENDOR, by=None)
    SuggestionRun.objects.filter(pk=run.pk).update(lease_until=timezone.now())
    drafting.draft(SuggestionRun.objects.get(pk=run.pk))
    drafting.draft(run)


@machine
def drafts_are_made_with_a_model_sure_of_nonsense(world, n):
    world.settings.AI = {"model": "m", "base_url": world.model.url, "api_key": "k"}
    world.model.otherwise = says(candidate=n % 6, confidence=1.0)
    try:
        drafting.draft(drafting.start(world.company, Kind.VENDOR, by=None))
    finally:
        world.settings.AI = {}


@machine
def history_arrives(world, n):
    """The ledger's bills show this and that, also against what people decided."""
    found = [
        learning.Found(
            Kind.VENDOR, source.pk, world.a_target(n + at).pk, 1 + n % 20,
            date(2026, 1, 5), date(2026, 9, 1),
        )
        for at, source in enumerate(world.sources())
        if (n + at) % 3
    ]  # fmt: skip
    learning.keep_precedents(world.company, found)
    drafts_are_made(world, n)


@machine
def pairs_are_brought_in(world, n):
    drafts.bring_in(
        world.company,
        Kind.VENDOR,
        [
            drafts.Proposal(source, world.a_target(n + at), Decimal("0.990"), "because")
            for at, source in enumerate(world.sources())
        ],
        ranker=drafts.FROM_FILE,
        by=None,
        machine="Test",
    )


@machine
def a_file_is_imported_as_drafts(world, n):
    heads = ",".join(files.HEADS)
    rows = [
        f"{source.external_id},,,,{world.a_target(n + at).external_id},,,,,,,,"
        for at, source in enumerate(world.sources())
    ]
    lines = files.read("\n".join([heads, *rows]).encode())
    differences = importing.compare(world.company, Kind.VENDOR, lines)
    file = importing.keep(
        world.company, Kind.VENDOR, "drafts.csv", differences, by=world.controller
    )
    importing.apply(importing.start(file, MappingFile.Mode.DRAFTS, by=world.controller))


@machine
def another_company_is_cloned(world, n):
    """Which decided something of every name, this time this, next time that."""
    for at, mapping in enumerate(world.other.mappings.all()):
        mapping.target = world.elsewhere[(n + at) % len(world.elsewhere)]
        mapping.save()
    cloning.clone(world.company, world.other, Kind.VENDOR, by=world.controller)


# What happens in one step: a machine, or something of the office.
STEPS = [
    *MACHINES,
    *["somebody_decides"] * 5,
    "what_is_accepted_is_published",
    "one_is_unpublished",
    "a_record_comes",
    "a_record_is_renamed",
    "a_record_is_switched_off_or_on",
    "a_record_goes_or_comes_back",
]


class Office(RuleBasedStateMachine):
    """One company, its people and its machines."""

    settings = None
    model = None

    def __init__(self):
        super().__init__()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        self.company = CompanyFactory()
        self.other = CompanyFactory()
        self.controller, self.colleague, self.admin = (
            MembershipFactory(company=self.company, role=role).user
            for role in (Role.CONTROLLER, Role.CONTROLLER, Role.ADMIN)
        )
        MembershipFactory(company=self.other, user=self.controller, role=Role.CONTROLLER)
        self.elsewhere = [
            RecordFactory(company=self.other, in_ledger=True, name=name) for name in NAMES[::2]
        ]
        for name in NAMES:
            there = RecordFactory(company=self.other, name=name)
            reviewing.override(there, self.elsewhere[0], by=self.controller)
        for name in NAMES[::2]:
            RecordFactory(company=self.company, name=name)
            RecordFactory(company=self.company, in_ledger=True, name=name)
        for name in DOUBTFUL:
            RecordFactory(company=self.company, name=f"{name} Holdings")
            RecordFactory(company=self.company, in_ledger=True, name=f"{name} Mechanical")

    def teardown(self):
        self.settings.AI = {}
        transaction.set_rollback(True)
        self.savepoint.__exit__(None, None, None)

    # --- What is there

    def records(self):
        return Record.objects.filter(company=self.company).select_related("connection", "company")

    def sources(self):
        return list(self.records().filter(connection__side="source").order_by("pk"))

    def a_target(self, n):
        targets = list(self.records().filter(connection__side="ledger").order_by("pk"))
        return targets[n % len(targets)]

    def decided(self):
        rows = self.company.mappings.exclude(state__in=UNDECIDED).order_by("pk")
        return {row["id"]: row for row in rows.values()}

    @rule(what=st.sampled_from(STEPS), n=some, m=some)
    def step(self, what, n, m):
        """One rule for all, so that each comes up as often as `STEPS` says."""
        if isinstance(what, str):
            tally[what.replace("_", " ")] += 1
            getattr(self, what)(n, m)
            return
        tally[what.__name__.replace("_", " ")] += 1
        if m % 3:
            self.a_machine_works(what, n)
        else:
            self.a_person_decides_while_a_machine_works(what, n, m // 3)

    # --- Machines

    def a_machine_works(self, act, n):
        before = self.decided()

        act(self, n)

        assert self.decided() == before

    def a_person_decides_while_a_machine_works(self, act, n, m):
        """Between its reading of the lists and its writing of what it found."""
        as_decided = [self.decided()]

        def decide():
            self.somebody_decides(n, m)
            as_decided[0] = self.decided()
            tally["decisions while a machine worked"] += 1

        with after_reading_records(decide):
            act(self, n)

        assert self.decided() == as_decided[0]

    # --- People

    def somebody_decides(self, n, m):
        sources = self.sources()
        source = sources[n % len(sources)]
        row = self.company.mappings.filter(source=source).first()
        person = (self.controller, self.colleague)[m % 2]
        thing = row or source
        acts = [
            lambda: reviewing.override(thing, self.a_target(m), by=person),
            lambda: reviewing.no_match(thing, by=person),
            lambda: reviewing.leave(thing, by=person),
        ]
        if row is not None:
            acts += [lambda: reviewing.accept(row, by=person)] * 3
            acts += [lambda: reviewing.undo(row, by=person)] * 3
        with suppress(AppError), transaction.atomic():
            acts[m % len(acts)]()

    def what_is_accepted_is_published(self, _n, _m):
        with suppress(AppError), transaction.atomic():
            publishing.publish(self.company, by=self.admin)

    def one_is_unpublished(self, n, _m):
        rows = list(self.company.mappings.published())
        if rows:
            publishing.unpublish([rows[n % len(rows)]], by=self.admin, reason="Wrong.")

    # --- What a pull brings

    def a_record_comes(self, n, m):
        name = NAMES[n % len(NAMES)]
        RecordFactory(company=self.company, in_ledger=bool(m % 2), name=name)

    def a_record_is_renamed(self, n, m):
        name = NAMES[m % len(NAMES)]
        self._change(n, name=name, path=name)

    def a_record_is_switched_off_or_on(self, n, m):
        self._change(n, is_active=bool(m % 2))

    def a_record_goes_or_comes_back(self, n, m):
        self._change(n, gone_at=timezone.now() if m % 2 else None)

    def _change(self, n, **values):
        ids = list(self.records().order_by("pk").values_list("pk", flat=True))
        Record.objects.filter(pk=ids[n % len(ids)]).update(**values)

    # --- What always holds

    @invariant()
    def no_draft_is_a_pair_that_was_refused(self):
        drafted = set(self.company.mappings.drafts().values_list("source_id", "target_id"))
        refused = refusing.of(self.company, [source for source, _target in drafted])

        assert not drafted & refused

    @invariant()
    def nothing_is_decided_without_a_person(self):
        rows = Mapping.objects.filter(company=self.company).exclude(state__in=UNDECIDED)

        assert not rows.filter(decided_by=None).exists()


@contextmanager
def after_reading_records(act):
    """Let `act` happen once, right after the first list of records was read."""
    acted = []

    def watch(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if not acted and sql.startswith("SELECT") and 'FROM "connectors_record"' in sql:
            acted.append(True)
            act()
        return result

    with connection.execute_wrapper(watch):
        yield


@pytest.fixture
def office(settings):
    settings.AI = {}
    server = ModelServer()
    yield type("Office", (Office,), {"settings": settings, "model": server})
    server.close()


def test_no_machine_ever_changes_what_a_person_decided(office):
    run_state_machine_as_test(
        office,
        settings=settings_of_hypothesis(
            **PROFILE,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )

    assert all(tally[act.__name__.replace("_", " ")] for act in MACHINES)
    assert tally["decisions while a machine worked"]
    assert office.model.requests
