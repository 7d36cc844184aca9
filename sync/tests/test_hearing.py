"""News leads to one reading of the record it speaks of, whatever the order and however often."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from common.choices import RecordKind, Side
from companies.tests.factories import UserFactory
from connectors import routing
from connectors.models import InboxEvent
from connectors.procore.webhooks import header
from connectors.quickbooks_online.webhooks import signature
from connectors.tests.factories import ConnectionFactory, RecordFactory
from connectors.vault import seal
from sync import bringing, mirroring, sweeping, tasks
from sync.models import Bill, Commitment, LedgerPayment

VERIFIER = "demo-verifier-0001"
SECRET = "a-secret-of-this-connection-only"


@pytest.fixture
def told(world, settings):
    """Deliver news as its sender does, and let a worker hear it."""
    settings.QUICKBOOKS_ONLINE = {**settings.QUICKBOOKS_ONLINE, "verifier_token": VERIFIER}
    seal(world.source, "hook_secret", {"secret": SECRET})
    world.source.save()
    return Teller(world)


class Teller:
    def __init__(self, world):
        self.world = world
        self.number = 0

    def procore(self, resource, key, event="update", *, project=21, ulid="", ago=timedelta(0)):
        self.number += 1
        body = {
            "ulid": ulid or f"event-{self.number}",
            "timestamp": (datetime.now(UTC) - ago).isoformat(),
            "event_type": event,
            "resource_name": resource,
            "resource_id": key,
            "project_id": project,
        }
        answer = Client().post(
            reverse("hooks:connection", args=[self.world.source.row_key]),
            json.dumps(body),
            content_type="application/json",
            headers={"Authorization": header(SECRET)},
        )
        assert answer.status_code == 200

    def intuit(self, name, key, operation="Update"):
        self.number += 1
        moment = (datetime.now(UTC) - timedelta(milliseconds=self.number)).isoformat()
        entity = {"name": name, "id": key, "operation": operation, "lastUpdated": moment}
        said = {"realmId": "9130", "dataChangeEvent": {"entities": [entity]}}
        raw = json.dumps({"eventNotifications": [said]}).encode()
        answer = Client().post(
            reverse("hooks:system", args=["quickbooks-online"]),
            raw,
            content_type="application/json",
            headers={"intuit-signature": signature(raw, VERIFIER)},
        )
        assert answer.status_code == 200

    def hear(self):
        for row in InboxEvent.objects.filter(state=InboxEvent.State.RECEIVED).order_by("pk"):
            tasks.hear(row.pk)

    def reads(self, part):
        """How often the source was asked for this since it was last counted."""
        seen = self.world.procore.sandbox.requests_seen
        count = sum(1 for method, path in seen if method == "GET" and part in path)
        seen.clear()
        return count


def states():
    return set(InboxEvent.objects.values_list("state", flat=True))


def test_news_of_a_project_that_went_to_other_books_brings_none_of_its_bills_back(world, told):
    """It would be ready in both."""
    world.pull(Side.SOURCE)
    others = ConnectionFactory(source=True, external_company_id=world.source.external_company_id)
    theirs = RecordFactory(
        connection=others, company=others.company, project=True, external_id="22"
    )
    routing.choose(others, [theirs.pk], by=UserFactory())
    told.procore("Direct Costs", 72, project=22)

    told.hear()

    assert Bill.objects.get(external_id="72").fault == Bill.Fault.UNREADABLE
    assert states() == {InboxEvent.State.DONE}


def test_a_renamed_vendor_is_renamed_here(world, told):
    world.pull(Side.SOURCE)
    world.edit_source("vendors", {"id": 11, "name": "Keystone Concrete Inc"})
    told.procore("Company Vendors", 11, project=None)

    told.hear()

    assert world.record(RecordKind.VENDOR, "11").name == "Keystone Concrete Inc"
    assert states() == {InboxEvent.State.DONE}


def test_a_vendor_of_whom_nobody_knew_comes_in(world, told):
    world.pull(Side.SOURCE)
    world.edit_source("vendors", {"id": 99, "name": "Late Roofing"})
    told.procore("Company Vendors", 99, "create", project=None)

    told.hear()

    assert world.record(RecordKind.VENDOR, "99").name == "Late Roofing"


def test_a_vendor_that_is_gone_is_marked_gone_and_the_others_stay(world, told):
    world.pull(Side.SOURCE)
    world.delete_in_source("vendors", 13)
    told.procore("Company Vendors", 13, "delete", project=None)

    told.hear()

    gone = world.source.records.filter(kind=RecordKind.VENDOR).exclude(gone_at=None)
    assert [row.external_id for row in gone] == ["13"]


def test_news_of_a_removal_that_is_not_true_removes_nothing(world, told):
    world.pull(Side.SOURCE)
    told.procore("Company Vendors", 11, "delete", project=None)

    told.hear()

    assert world.record(RecordKind.VENDOR, "11").gone_at is None


def test_the_same_news_ten_times_is_read_once(world, told):
    world.pull(Side.SOURCE)
    for number in range(10):
        told.procore("Company Vendors", 11, project=None, ulid=f"e-{number % 5}")
    told.reads("/vendors/11")

    told.hear()

    assert told.reads("/vendors/11") == 1
    assert InboxEvent.objects.filter(state=InboxEvent.State.DONE).count() == 5


def test_a_changed_direct_cost_is_a_new_version_with_its_lines(world, told):
    world.pull(Side.SOURCE)
    world.edit_source("direct_cost_lines", {"id": 83, "direct_cost_id": 72, "amount": "300.10"})
    told.procore("Direct Costs", 72, project=22)

    told.hear()

    bill = world.bill("D-8")
    assert (str(bill.total), bill.version) == ("300.10", 2)


def test_the_news_of_a_line_reads_the_bills_of_its_project(world, told):
    world.pull(Side.SOURCE)
    world.edit_source("direct_cost_lines", {"id": 83, "direct_cost_id": 72, "amount": "300.10"})
    told.procore("Direct Cost Line Items", 83, project=22)

    told.hear()

    assert str(world.bill("D-8").total) == "300.10"


def test_a_direct_cost_that_was_deleted_is_gone_and_its_neighbour_stays(world, told):
    world.pull(Side.SOURCE)
    world.delete_in_source("direct_costs", 72)
    told.procore("Direct Costs", 72, "delete", project=22)

    told.hear()

    assert Bill.objects.exclude(gone_at=None).get().number == "D-8"


def test_a_direct_cost_of_a_project_of_which_nobody_knew_brings_the_project(world, told):
    world.pull(Side.SOURCE)
    world.edit_source("projects", {"id": 23, "number": "26-003", "name": "Cedar Row"})
    world.edit_source(
        "direct_costs",
        {"id": 75, "project_id": 23, "vendor_id": 12, "type": "invoice", "status": "approved",
         "date": "2026-09-05", "invoice_number": "D-9", "amount": "5.00"},
    )  # fmt: skip
    told.procore("Direct Costs", 75, "create", project=23)

    told.hear()

    assert world.bill("D-9").project.name == "Cedar Row"


def test_a_changed_commitment_comes_in(world, told):
    world.pull(Side.SOURCE)
    world.edit_source("commitments", {"id": 41, "title": "Concrete and rebar"})
    told.procore("Work Order Contracts", 41)

    told.hear()

    assert Commitment.objects.get(external_id="41").title == "Concrete and rebar"


def test_a_deleted_commitment_is_gone(world, told):
    world.pull(Side.SOURCE)
    world.delete_in_source("commitments", 41)
    told.procore("Work Order Contracts", 41, "delete")

    told.hear()

    assert Commitment.objects.get(external_id="41").gone_at is not None


def test_a_changed_line_of_a_commitment_comes_in(world, told):
    world.pull(Side.SOURCE)
    world.edit_source("commitment_lines", {"id": 51, "commitment_id": 41, "amount": "60000.00"})
    told.procore("Work Order Contract Line Items", 51)

    told.hear()

    lines = Commitment.objects.get(external_id="41").lines
    assert [str(line.amount) for line in lines.all()] == ["60000.00"]


def test_a_payment_in_the_books_comes_in(world, told):
    push = world.send(world.ready_bill())
    world.work(push)
    (posted,) = world.books()
    world.pay({posted["id"]: None})
    told.intuit("BillPayment", "1", "Create")

    told.hear()

    assert LedgerPayment.objects.get().amount == push.bill.total


def test_a_customer_that_was_made_a_project_is_one_here(world, told):
    world.pull(Side.LEDGER)
    key = world.add("customer", DisplayName="Gate 4", Job=True, ParentRef={"value": "201"})
    told.intuit("Customer", key, "Create")
    told.hear()
    world.change("customer", key, "make_project")
    told.intuit("Customer", key)

    told.hear()

    here = {row.kind: row.gone_at for row in world.ledger.records.filter(external_id=key)}
    assert here[RecordKind.PROJECT] is None
    assert here[RecordKind.CUSTOMER] is not None


def test_what_nobody_reads_is_heard_and_asks_for_nothing(world, told):
    world.pull(Side.LEDGER)
    world.quickbooks.sandbox.requests_seen.clear()
    told.intuit("TimeActivity", "5")

    told.hear()

    assert states() == {InboxEvent.State.DONE}
    assert not world.quickbooks.sandbox.requests_seen


def test_news_waits_while_the_system_cannot_be_reached(world, told):
    world.pull(Side.SOURCE)
    world.edit_source("vendors", {"id": 11, "name": "Keystone Concrete Inc"})
    world.fault(Side.SOURCE, kind="answer", path="/rest/v1.0/vendors/*", status=503, times=3)
    told.procore("Company Vendors", 11, project=None)
    told.hear()
    assert states() == {InboxEvent.State.RECEIVED}

    InboxEvent.objects.update(due_at=datetime.now(UTC))
    told.hear()

    assert world.record(RecordKind.VENDOR, "11").name == "Keystone Concrete Inc"


def test_news_that_keeps_failing_is_set_aside_with_the_reason(world, told):
    world.fault(Side.SOURCE, kind="answer", path="/rest/v1.0/vendors/*", status=503, times=99)
    told.procore("Company Vendors", 11, project=None)

    for _ in range(8):
        InboxEvent.objects.update(due_at=datetime.now(UTC))
        told.hear()

    row = InboxEvent.objects.get()
    assert row.state == InboxEvent.State.SET_ASIDE
    assert "503" in row.note


def test_a_paused_connection_hears_what_it_was_told_when_it_goes_on(world, told):
    world.pull(Side.SOURCE)
    world.source.state = "paused"
    world.source.save()
    world.edit_source("vendors", {"id": 11, "name": "Keystone Concrete Inc"})
    told.procore("Company Vendors", 11, project=None)
    told.hear()
    assert states() == {InboxEvent.State.RECEIVED}

    world.source.state = "connected"
    world.source.save()
    told.hear()

    assert states() == {InboxEvent.State.DONE}


def test_the_sweeper_rings_for_news_whose_bell_was_lost(world, told):
    told.procore("Company Vendors", 11, project=None)
    InboxEvent.objects.update(rung_at=None)

    assert sweeping.sweep()["news"] == 1


# --- Who asked later knows better -----------------------------------------------------------------


def test_a_slow_list_does_not_bring_back_what_news_has_changed(world, told):
    world.pull(Side.SOURCE)
    client = world.client(Side.SOURCE)
    stale = list(client.records(RecordKind.VENDOR))
    asked_at = datetime.now(UTC)
    world.edit_source("vendors", {"id": 11, "name": "Keystone Concrete Inc"})
    told.procore("Company Vendors", 11, project=None)
    told.hear()

    mirroring.changed_records(world.source, RecordKind.VENDOR, stale, asked_at=asked_at)

    assert world.record(RecordKind.VENDOR, "11").name == "Keystone Concrete Inc"


def test_news_that_was_asked_for_later_wins_over_a_list_written_meanwhile(world):
    world.pull(Side.SOURCE)
    client = world.client(Side.SOURCE)
    list_asked_at = datetime.now(UTC)
    stale = list(client.records(RecordKind.VENDOR))
    world.edit_source("vendors", {"id": 11, "name": "Keystone Concrete Inc"})
    asked_at = datetime.now(UTC)
    fresh = client.record(RecordKind.VENDOR, "11")
    mirroring.changed_records(world.source, RecordKind.VENDOR, stale, asked_at=list_asked_at)

    mirroring.changed_records(world.source, RecordKind.VENDOR, [fresh], asked_at=asked_at)

    assert world.record(RecordKind.VENDOR, "11").name == "Keystone Concrete Inc"


def test_a_bill_that_news_has_changed_is_not_changed_back(world, told):
    world.pull(Side.SOURCE)
    project = world.record(RecordKind.PROJECT, "22")
    stale = list(world.client(Side.SOURCE).bills("22"))
    asked_at = datetime.now(UTC)
    world.edit_source("direct_cost_lines", {"id": 83, "direct_cost_id": 72, "amount": "300.10"})
    told.procore("Direct Costs", 72, project=22)
    told.hear()

    bringing.changed_bills(world.source, project, stale, asked_at=asked_at)

    assert str(world.bill("D-8").total) == "300.10"
