"""People, the machine, the network and dying workers in any order: what must hold, holds.

Each example runs in a savepoint, on sandboxes that are put back to how they were. The rules keep a
model of their own of what is in force, so that the gate is not judged by what it says itself.

HYPOTHESIS_PROFILE=nightly runs many more steps, from a new seed each time.
"""

import os
import sqlite3
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest
import requests
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from audit.models import Entry, Verb
from common.choices import RecordKind, Side
from common.errors import AppError
from connectors import registry
from connectors.models import Connection, Record
from connectors.records import OutgoingBill, OutgoingLine
from mapping import drafting, publishing, reviewing
from mapping.models import UNDECIDED, Kind, Mapping, kinds_in_use
from sync import sending, sweeping
from sync.models import Bill, BillNeed, Push, Readiness, Run
from sync.steps import Step
from sync.tests.world import ANSWERS, POST_BILL, QUERY

PROFILES = {
    "quick": {"max_examples": 4, "stateful_step_count": 40},
    "default": {"max_examples": 21, "stateful_step_count": 50, "derandomize": True},
    "nightly": {"max_examples": 1500, "stateful_step_count": 80},
}
PROFILE = PROFILES[os.environ.get("HYPOTHESIS_PROFILE", "default")]
MOVING = (Push.State.QUEUED, Push.State.SENDING, Push.State.UNKNOWN)
VERBS = {
    Verb.SENT: Push.State.QUEUED,
    Verb.REQUEUED: Push.State.QUEUED,
    Verb.RESOLVED: Push.State.QUEUED,
    Verb.CLAIMED: Push.State.SENDING,
    Verb.UNKNOWN: Push.State.UNKNOWN,
    Verb.POSTED: Push.State.POSTED,
    Verb.FAILED: Push.State.FAILED,
    Verb.SET_ASIDE: Push.State.SET_ASIDE,
}
TARGETS = {
    Kind.VENDOR: (RecordKind.VENDOR, ("101", "102", "103")),
    Kind.PROJECT: (RecordKind.PROJECT, ("202", "203")),
    Kind.COST_CODE: (RecordKind.ACCOUNT, ("301", "302")),
}
LEDGER_NAMES = {
    "101": "Keystone Concrete",
    "102": "ODell and Sons Drywall Pros",
    "103": "Keystone Masonry",
}
FAULTS = (
    {"kind": "drop_before"},
    {"kind": "drop_after"},
    {"kind": "truncate"},
    {"kind": "twice"},
    {"kind": "answer", "status": 500, "body": "<html>oops</html>"},
    {"kind": "answer_after", "status": 500, "body": "<html>oops</html>"},
    {"kind": "answer", "status": 429, "headers": {"Retry-After": "30"}},
    {"kind": "answer", "status": 403, "body": "{}"},
)
SLOW_DOWN = {"kind": "answer", "status": 429, "headers": {"Retry-After": "30"}}
any_number = st.integers(min_value=0, max_value=1000)
# What happens in one step, and how often beside the others.
OFTEN = {
    "worked": 5,
    "sent": 6,
    "worker_died": 5,
    "time_passed": 5,
    "pulled": 1,
    "drafted": 1,
    "overridden": 2,
    "left": 1,
    "undone": 1,
    "accepted_a_draft": 1,
    "published": 2,
    "unpublished": 1,
    "put_right": 2,
    "vendor_changed": 2,
    "bill_edited": 2,
    "keyed_by_hand": 1,
    "clicked_anyway": 1,
    "worked_on_a_bad_line": 4,
    "swept": 1,
    "settled_by_a_person": 3,
}
tally = Counter()


class WorkerDied(BaseException):
    """Ends a worker where it stands; nothing of ours catches it."""


class Watcher:
    """What SENDING_WATCHER calls: dies at a step, and hands every claim to the model."""

    dies_at = None
    machine = None


def watch(step):
    if step is Step.CLAIMED and Watcher.machine is not None:
        Watcher.machine.claimed()
    if step is Watcher.dies_at:
        Watcher.dies_at = None
        raise WorkerDied


class Snapshot:
    """A sandbox as it is now, to go back to."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.copy = sqlite3.connect(":memory:", check_same_thread=False)
        sandbox.store._db.backup(self.copy)

    def restore(self):
        self.copy.backup(self.sandbox.store._db)
        self.sandbox.faults.clear()
        if hasattr(self.sandbox, "entities"):
            self.sandbox.entities.forget()


class Sending(RuleBasedStateMachine):
    world = None
    snapshots = ()

    def __init__(self):
        super().__init__()
        for snapshot in self.snapshots:
            snapshot.restore()
        self.savepoint = transaction.atomic()
        self.savepoint.__enter__()
        Watcher.machine, Watcher.dies_at = self, None
        self.company = self.world.company
        self.sources = list(
            self.world.source.records.filter(kind__in=kinds_in_use(self.company.settings))
            .exclude(external_id__in=["03", "09"])
            .order_by("pk")
        )
        # The model: what was decided, what is in force under which name, what was mirrored.
        self.accepted = {}  # source pk: id in the ledger
        self.in_force = {}  # source pk: (id in the ledger, its name then)
        self.ledger_now = {key: (name, True) for key, name in LEDGER_NAMES.items()}
        self.mirror = dict(self.ledger_now)
        self.claims = {}  # push pk: the vendor's id in the ledger, when it was last claimed
        self.keys = {}  # push pk: every key it ever had
        self.wrong = []
        self.said_two = set()
        self.linked = set()
        self.by_hand = count(1)

    def teardown(self):
        try:
            self._come_to_rest()
            self._check_everything()
            ended = Push.objects.values_list("state", flat=True)
            tally.update(f"pushes {state} in the end" for state in ended)
        finally:
            Watcher.machine, Watcher.dies_at = None, None
            transaction.set_rollback(True)
            self.savepoint.__exit__(None, None, None)

    @initialize(mapped=st.sampled_from([True, True, True, False]), warns=st.booleans())
    def begin(self, mapped, warns):
        """Mostly in the middle of the work: everything is published already."""
        requests.post(
            f"{self.world.quickbooks.url}/_sandbox/company",
            json={"warn_duplicate_bill_number": warns},
            timeout=5,
        ).raise_for_status()
        if not mapped:
            return
        for (kind, source_id), (_kind, target_id) in ANSWERS.items():
            self._decide(self._source(kind, source_id), target_id)
        self.published(0)

    @rule(
        what=st.sampled_from([name for name, often in OFTEN.items() for _ in range(often)]),
        n=any_number,
        m=any_number,
    )
    def happens(self, what, n, m):
        """One rule for all of it: of many rules, each run would leave half of them out."""
        tally[what] += 1
        getattr(self, what)(n, m)

    # --- The machine's part -------------------------------------------------------------------

    def pull(self, *sides):
        self.world.quickbooks.sandbox.faults.clear()
        self._end_the_pause()  # in which a pull would give up, and know nothing new
        decided = self._decided()
        for run in self.world.pull(*sides):
            assert run.state == Run.State.DONE, list(run.steps.values("what", "state", "problem"))
        if Side.LEDGER in sides:
            self.mirror = dict(self.ledger_now)
        assert self._decided() == decided, "a pull changed what a person decided"

    def pulled(self, n, m):
        self.pull(list(Side)[n % 2])

    def drafted(self, n, m):
        kind = list(TARGETS)[n % 3]
        decided = self._decided()
        drafting.draft(drafting.start(self.company, kind, by=self.world.controller))
        assert self._decided() == decided, "drafting changed what a person decided"

    # --- What people decide -------------------------------------------------------------------

    def overridden(self, n, m):
        source = self.sources[n % len(self.sources)]
        _kind, targets = TARGETS[Kind(source.kind)]
        self._decide(source, targets[m % len(targets)])

    def left(self, n, m):
        """For later, or as without a match."""
        source = self.sources[n % len(self.sources)]
        operation = reviewing.leave if m % 2 else reviewing.no_match
        with suppress(AppError):
            operation(source, by=self.world.controller)
            self.accepted.pop(source.pk, None)

    def undone(self, n, m):
        """What is in force is refused; the rest is a draft, no draft or left for later then."""
        if not (mapping := self._mapping(n)):
            return
        with suppress(AppError):
            undone = reviewing.undo(mapping, by=self.world.controller)
            assert undone.pk == mapping.pk
            assert undone.version >= mapping.version, "a version began anew"
            self.accepted.pop(mapping.source_id, None)

    def accepted_a_draft(self, n, m):
        drafts = list(self.company.mappings.drafts().select_related("target"))
        if not drafts:
            return
        mapping = self._pick(drafts, n)
        try:
            reviewing.accept(mapping, by=self.world.controller)
        except AppError:
            return
        self.accepted[mapping.source_id] = mapping.target.external_id

    def published(self, n, m=0):
        """All that is accepted when n is even, else one of them."""
        accepted = list(self.company.mappings.accepted())
        only = [self._pick(accepted, n).pk] if accepted and n % 2 else None
        try:
            result = publishing.publish(self.company, by=self.world.controller, only=only)
        except AppError:
            return
        for mapping in result.mappings:
            target = self.accepted.pop(mapping.source_id)
            name, is_active = self.mirror.get(target, ("", True))
            assert is_active, "an inactive record was put in force"
            self.in_force[mapping.source_id] = (target, name)

    def unpublished(self, n, m):
        published = list(self.company.mappings.published())
        if published:
            self._unpublish(self._pick(published, n))

    def _unpublish(self, mapping):
        publishing.unpublish([mapping], by=self.world.admin, reason="a test")
        self.accepted[mapping.source_id] = self.in_force.pop(mapping.source_id)[0]

    def put_right(self, n, m):
        """A good day: what is stale is confirmed or taken back, what is open is published."""
        for vendor, (name, is_active) in self.ledger_now.items():
            if n % 2 and not is_active:
                self.world.change("vendor", vendor, "reactivate")
                self.ledger_now[vendor] = (name, True)
        self.pull(Side.LEDGER)
        for mapping in self.company.mappings.exclude(stale=""):
            if mapping.stale == Mapping.Stale.RENAMED:
                publishing.confirm_stale(mapping, by=self.world.admin)
                target = self.in_force[mapping.source_id][0]
                self.in_force[mapping.source_id] = (target, self.mirror[target][0])
            else:
                self._unpublish(mapping)
        for (kind, source_id), (_kind, target_id) in ANSWERS.items():
            self._decide(self._source(kind, source_id), target_id)
        self.published(0)

    # --- What happens in the two systems ----------------------------------------------------------

    def vendor_changed(self, n, m):
        """Renamed, made inactive or active again, and perhaps pulled at once."""
        vendor = sorted(LEDGER_NAMES)[n % 3]
        name, is_active = self.ledger_now[vendor]
        if m % 3 == 0:
            self.world.change("vendor", vendor, "inactivate" if is_active else "reactivate")
            self.ledger_now[vendor] = (name, not is_active)
        elif is_active:
            name = f"{LEDGER_NAMES[vendor]} {m % 3}" if m % 3 > 1 else LEDGER_NAMES[vendor]
            self.world.change("vendor", vendor, "rename", name=name)
            self.ledger_now[vendor] = (name, True)
        if n % 2:
            self.pull(Side.LEDGER)

    def bill_edited(self, n, m):
        """Another number, or without one another amount."""
        cost, first_line = [(71, 81), (72, 83), (73, 84)][n % 3]
        if m % 2:
            number = ["D-7", "D 7", "D-8", "X-1"][m % 4]
            self.world.edit_source("direct_costs", {"id": cost, "invoice_number": number})
        else:
            line = {"id": first_line, "direct_cost_id": cost, "amount": f"{m}.{n % 100:02}"}
            self.world.edit_source("direct_cost_lines", line)
        self.pull(Side.SOURCE)

    def keyed_by_hand(self, n, m):
        """Somebody keys one of the bills into the ledger, beside us."""
        bill = self._pick(self._bills(), n)
        vendor = (self.in_force.get(bill.vendor_id) or ("101",))[0]
        self.world.quickbooks.sandbox.faults.clear()
        ledger = registry.open_ledger(Connection.objects.get(pk=self.world.ledger.pk))
        line = OutgoingLine(amount=Decimal(10), description="x", account_id="301")
        written = ledger.write_bill(
            OutgoingBill(
                vendor_id=vendor,
                number=bill.number,
                bill_date=bill.bill_date,
                due_date=None,
                term_id="",
                currency="USD",
                memo="keyed by hand",
                key="",
                total=Decimal(10),
                lines=(line,),
            )
        )
        with suppress(AppError):  # the ledger refuses a number used twice, or an inactive vendor
            ledger.post_bill(written, key=f"by-hand-{next(self.by_hand)}")

    # --- Sending ----------------------------------------------------------------------------------

    def sent(self, n, m):
        """What the list offers; where it offers nothing, any bill."""
        with suppress(AppError):
            bills = self._sendable() or self._bills()
            sending.send(self._pick(bills, n), by=self.world.controller)

    def clicked_anyway(self, n, m):
        """On any bill, whatever its state; perhaps in a web process that dies."""
        Watcher.dies_at = Step.QUEUED if m % 2 else None
        try:
            sending.send(self._pick(self._bills(), n), by=self.world.controller)
        except (AppError, WorkerDied):
            pass
        finally:
            Watcher.dies_at = None

    def worked(self, n, m):
        if moving := self._moving():
            self.world.work(self._pick(moving, n), times=1 + m % 2)

    def worked_on_a_bad_line(self, n, m):
        """The post goes wrong, or the question before it; the next go may meet it as well."""
        where = {**FAULTS[m % len(FAULTS)], **POST_BILL} if n % 4 else {**SLOW_DOWN, **QUERY}
        if moving := self._moving():
            self.world.fault(Side.LEDGER, **where, times=1 + m % 2)
            self.world.work(self._pick(moving, n))

    def worker_died(self, n, m):
        """At any step, with any fate of its post; perhaps its lease runs out at once."""
        if not (moving := self._moving()):
            return
        push = self._pick(moving, n)
        fault = ([{}] * 8 + list(FAULTS))[m % (8 + len(FAULTS))]
        if fault:
            self.world.fault(Side.LEDGER, **fault, **POST_BILL)
        looks = push.state == Push.State.UNKNOWN
        steps = [step for step in Step if step.name.startswith("LOOK") == looks]
        Watcher.dies_at = steps[n % len(steps)]
        try:
            self.world.work(push)
        except WorkerDied:
            tally["workers died"] += 1
        finally:
            Watcher.dies_at = None
        if m % 2:
            self.world.let_lease_run_out(push)

    def time_passed(self, n, m):
        """Leases run out, pauses end, and what was done lies further back."""
        if not (moving := self._moving()):
            return
        push = self._pick(moving, n)
        self.world.let_lease_run_out(push)
        self.world.let_time_pass(push, seconds=[90, 400, 400, 80_000][m % 4])
        self._end_the_pause()
        if n % 2:
            self.world.work(push)

    def swept(self, n, m):
        sweeping.sweep()
        assert sweeping.sweep()["pushes"] == 0, "a bell rang twice for one due moment"

    def settled_by_a_person(self, n, m):
        """Somebody who looks at the ledger first, and then says what is true."""
        if not (set_aside := self._set_aside()):
            return
        push = self._pick(set_aside, n)
        self.world.quickbooks.sandbox.faults.clear()
        books = self.world.books()
        ours = [row["id"] for row in books if row["key"] in self.keys[push.pk]]
        found = (push.answer or {}).get("found", [])
        others = [row["id"] for row in found if isinstance(row, dict)]
        to_link = ours or (others if m % 2 else [])
        with suppress(AppError):
            if to_link:
                sending.link(push, to_link[0], by=self.world.controller)
                self.linked.add(push.pk)
            else:
                sending.send_again(push, by=self.world.controller, reason="not there")
                if push.cause == Push.Cause.POSSIBLE_DUPLICATE:
                    self.said_two.add(push.pk)

    # --- What must hold ---------------------------------------------------------------------------

    @invariant()
    def everything_holds(self):
        self._check_everything()

    def _check_everything(self):
        assert not self.wrong, self.wrong
        pushes = list(Push.objects.select_related("bill").order_by("pk"))
        for push in pushes:
            self.keys.setdefault(push.pk, set()).add(push.key)
        books = self.world.books()
        self._no_bill_is_there_twice(pushes, books)
        self._what_was_posted_is_there_to_the_cent(pushes, books)
        self._every_state_has_its_line(pushes)
        self._only_what_was_in_force_was_sent(pushes)
        self._readiness_is_what_the_mappings_say()

    def _no_bill_is_there_twice(self, pushes, books):
        numbers = Counter()
        for push in pushes:
            ours = [row for row in books if row["key"] in self.keys[push.pk]]
            assert len(ours) <= 1, f"{push} is in the ledger {len(ours)} times"
            if push.pk not in self.said_two:
                numbers.update((row["vendor_id"], row["number"]) for row in ours)
        assert all(n == 1 for n in numbers.values()), numbers

    def _what_was_posted_is_there_to_the_cent(self, pushes, books):
        there = {row["id"]: row for row in books}
        for push in pushes:
            if push.state != Push.State.POSTED:
                continue
            row = there[push.external_id]
            if push.pk not in self.linked:
                assert Decimal(row["total"]) == Decimal(push.sought["total"]), push
                assert row["vendor_id"] == self.claims[push.pk], push
            if push.bill.version == push.version:
                assert push.bill.total == Decimal(push.sought["total"]), push

    def _every_state_has_its_line(self, pushes):
        lines = {}
        for push, verb in (
            Entry.objects.filter(object_type="sync.push", verb__in=VERBS)
            .order_by("pk")
            .values_list("object_id", "verb")
        ):
            lines.setdefault(push, []).append(verb)
        for push in pushes:
            assert VERBS[lines[push.pk][-1]] == push.state, (push.state, lines[push.pk])
            assert lines[push.pk].count(Verb.POSTED) <= 1

    def _only_what_was_in_force_was_sent(self, pushes):
        """By the trail: each mapping's last line before the claim put it in force, so numbered."""
        claims = {}
        for entry in Entry.objects.filter(object_type="sync.push", verb=Verb.CLAIMED).order_by(
            "pk"
        ):
            claims[entry.object_id] = entry
        for push in pushes:
            if push.state != Push.State.POSTED:
                continue
            claim = claims[push.pk]
            assert claim.after["mappings"] == push.mapping_versions
            for mapping, version in push.mapping_versions.items():
                last = (
                    Entry.objects.filter(
                        object_type="mapping.mapping", object_id=int(mapping), pk__lt=claim.pk
                    )
                    .order_by("pk")
                    .last()
                )
                in_force = (Verb.PUBLISHED, Verb.CONFIRMED, Verb.CAME_BACK)
                assert last.verb in in_force, (push, last.verb)
                assert last.after["version"] == version

    def _readiness_is_what_the_mappings_say(self):
        mappings = {row.source_id: row for row in self.company.mappings.all()}
        needs = {}
        for bill, record in BillNeed.objects.filter(rules=True).values_list("bill", "record"):
            needs.setdefault(bill, []).append(mappings.get(record))
        for bill in Bill.objects.filter(company=self.company):
            assert bill.readiness == _readiness(needs[bill.pk]), bill

    # --- The model -------------------------------------------------------------------------------

    def claimed(self):
        """A worker has just written a claim: was everything it rests on in force, by the model?"""
        claim = Entry.objects.filter(object_type="sync.push", verb=Verb.CLAIMED).latest("pk")
        push = Push.objects.get(pk=claim.object_id)
        bill = push.bill
        records = {bill.vendor_id, bill.project_id, *bill.lines.values_list("cost_code", flat=True)}
        for record in records:
            target, name = self.in_force.get(record, (None, ""))
            if target is None:
                self.wrong.append(f"{push} was claimed without a mapping in force for {record}")
            elif self.mirror.get(target, (name, True)) != (name, True):
                self.wrong.append(f"{push} was claimed with a stale mapping for {record}")
                row = self.company.mappings.select_related("target").get(source=record)
                self.wrong.append((self.in_force[record], self.mirror, row.as_values(), row.stale))
        self.claims[push.pk] = self.in_force.get(bill.vendor_id, ("",))[0]

    def _decide(self, source, target_id):
        kind, _targets = TARGETS[Kind(source.kind)]
        target = self.world.target(kind, target_id)
        try:
            reviewing.override(source, target, by=self.world.controller)
        except AppError:
            return
        self.accepted[source.pk] = target_id

    def _decided(self):
        """Everything a person decided, but for what a rename in the ledger may say about it."""
        rows = self.company.mappings.exclude(state__in=UNDECIDED).order_by("pk")
        return list(
            rows.values_list(
                "pk", "state", "target", "decided_by", "decided_at", "note", "publication",
                "published_label",
            )
        )  # fmt: skip

    def _come_to_rest(self):
        """No more faults and deaths: whatever is on its way arrives, or ends with a person."""
        self.world.quickbooks.sandbox.faults.clear()
        for _ in range(30):
            moving = self._moving()
            if not moving:
                return
            self._end_the_pause()
            for push in moving:
                self.world.let_lease_run_out(push)
                self.world.let_time_pass(push, seconds=400)
                self.world.work(push)
        raise AssertionError([(push.state, push.cause, push.sentence) for push in self._moving()])

    def _end_the_pause(self):
        Connection.objects.filter(pk=self.world.ledger.pk).update(
            next_free_at=timezone.now() - timedelta(seconds=1)
        )

    def _mapping(self, n):
        return self.company.mappings.filter(source=self.sources[n % len(self.sources)]).first()

    def _source(self, kind, external_id):
        return Record.objects.get(connection=self.world.source, kind=kind, external_id=external_id)

    def _bills(self):
        return Bill.objects.select_related("company__settings").filter(company=self.company)

    def _sendable(self):
        return list(self._bills().sendable(self.company))

    @staticmethod
    def _moving():
        return list(Push.objects.filter(state__in=MOVING))

    @staticmethod
    def _set_aside():
        return list(Push.objects.filter(state=Push.State.SET_ASIDE))

    @staticmethod
    def _pick(rows, n):
        rows = sorted(rows, key=lambda row: row.pk)
        return rows[n % len(rows)]


def _readiness(needed):
    """Said once more, naively."""
    state = Mapping.State
    if any(
        row is None or row.state in (state.NO_DRAFT, state.LEFT, state.NO_MATCH) for row in needed
    ):
        return Readiness.UNMAPPED
    if all(row.state == state.PUBLISHED and not row.stale for row in needed):
        return Readiness.READY
    return Readiness.NEEDS_PUBLISHING


class Summary:
    def pytest_terminal_summary(self, terminalreporter):
        steps = sum(tally[what] for what in OFTEN)
        ran = ", ".join(f"{n} {what.replace('_', ' ')}" for what, n in tally.items())
        terminalreporter.write_line(f"State machine of sending: {steps} steps ({ran})")


@pytest.fixture
def machine(world, settings, request):
    """The rules, on a world where both sides were pulled once."""
    settings.SENDING_WATCHER = f"{watch.__module__}.{watch.__qualname__}"
    world.pull()
    world.name_retainage_account()
    served = (world.procore, world.quickbooks)
    snapshots = [Snapshot(each.sandbox) for each in served]
    if not request.config.pluginmanager.has_plugin("state-machine-summary"):
        request.config.pluginmanager.register(Summary(), "state-machine-summary")
    return type("Sending", (Sending,), {"world": world, "snapshots": snapshots})


def test_whatever_happens_in_any_order_no_bill_goes_twice_or_wrong(machine):
    run_state_machine_as_test(
        machine,
        settings=settings(
            **PROFILE,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
