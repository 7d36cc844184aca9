"""Ways in which a bill could have gone somewhere that nobody published, each shut."""

import json

import pytest

from common.choices import RecordKind, Side, System
from common.errors import Conflict
from companies import deciding
from connectors import pacing
from connectors.models import Connection, Record
from connectors.tests.conftest import signed_in
from mapping import drifting, excepting, publishing, reviewing, reviewing_many, riding
from mapping.models import Mapping
from mapping.tests.factories import MappingFactory
from sync import gate
from sync.models import Push
from sync.tests.test_riding import LOCATIONS, holds, in_force, ride
from sync.tests.world import POST_BILL, World


@pytest.fixture
def world(db, tmp_path, settings, monkeypatch):
    settings.SENDING = {**settings.SENDING, "first_look": 0, "back_off": 0}
    monkeypatch.setattr(pacing, "USED_SHARE", 50)  # a constant: the sandbox is not waited for
    world = World(tmp_path, settings, quickbooks=LOCATIONS)
    world.company.settings.posting_style = "either"
    world.company.settings.save()
    world.pull()
    world.map_all(but=("21", "09-250"))
    world.decide(RecordKind.PROJECT, "21", RecordKind.PROJECT, "202")
    world.decide(RecordKind.COST_CODE, "09-250", RecordKind.ITEM, "401")
    yield world
    world.stop()


# --- Another company file


def connect_another_file(world):
    """What was mapped is of file 1111; the one that is connected now has nothing mapped."""
    Connection.objects.filter(pk=world.ledger.pk).update(
        external_company_id="1111", state=Connection.State.DISCONNECTED
    )
    signed_in(System.QUICKBOOKS_ONLINE, company=world.company, external_company_id="9130")


def test_what_was_published_for_one_company_file_holds_in_another(world):
    publishing.publish(world.company, by=world.controller)
    connect_another_file(world)

    with pytest.raises(gate.BillHeld, match="is of a ledger that is not connected now"):
        world.send(world.bill("D-7"))
    assert world.books() == []


def test_the_retainage_account_of_another_company_file_holds(world):
    publishing.publish(world.company, by=world.controller)
    connect_another_file(world)

    assert "retainage" in holds(world, world.bill("KC-100"))


def test_what_is_posted_in_one_company_file_is_not_sent_to_another(world):
    publishing.publish(world.company, by=world.controller)
    assert world.work(world.send(world.bill("D-7"))).state == Push.State.POSTED
    connect_another_file(world)

    with pytest.raises(gate.BillHeld, match="another company file"):
        world.send(world.bill("D-7"))


# --- Settings between two tries


def test_a_push_that_waits_goes_with_the_retainage_account_of_now(world):
    publishing.publish(world.company, by=world.controller)
    other = world.add("account", Name="Retainage 2", AccountType="Other Current Liability")
    world.pull(Side.LEDGER)
    throttled = {"status": 429, "headers": {"Retry-After": "0"}, "body": ""}
    world.fault(Side.LEDGER, kind="answer", **throttled, **POST_BILL)
    push = world.work(world.send(world.bill("KC-100")))
    assert push.state == Push.State.QUEUED

    account = world.target(RecordKind.ACCOUNT, other)
    deciding.change(world.company, {"retainage_account": account}, by=world.admin)
    push = world.work(push)

    retained = json.loads(bytes(push.payload))["Line"][-1]
    assert push.state == Push.State.POSTED
    assert retained[retained["DetailType"]]["AccountRef"]["value"] == other


# --- Confirming what changed a second time


def test_a_class_that_changes_again_while_it_is_looked_at_is_not_confirmed(world):
    in_force(world)
    world.change("class", "602", "rename", name="Residential")
    world.pull(Side.LEDGER)
    seen = world.mapping(RecordKind.COST_CODE, "09-250")
    assert seen.stale == Mapping.Stale.RIDING

    world.change("class", "602", "rename", name="Overhead")
    world.pull(Side.LEDGER)

    with pytest.raises(Conflict):
        publishing.confirm_stale(seen, by=world.controller, version=seen.version)


def test_a_class_that_changes_beside_a_renamed_target_is_not_confirmed(world):
    in_force(world)
    world.change("item", "401", "rename", name="Concrete and more")
    world.pull(Side.LEDGER)
    seen = world.mapping(RecordKind.COST_CODE, "09-250")
    assert seen.stale == Mapping.Stale.RENAMED

    world.change("class", "602", "rename", name="Overhead")
    world.pull(Side.LEDGER)

    with pytest.raises(Conflict):
        publishing.confirm_stale(seen, by=world.controller, version=seen.version)


def test_an_account_that_changes_its_type_twice_is_not_confirmed_as_first_seen(world):
    account = world.target(RecordKind.ACCOUNT, "301")
    publication = publishing.publish(world.company, by=world.controller).publication
    mapping = MappingFactory(
        company=world.company,
        source=world.record(RecordKind.COST_CODE, "03"),
        target=account,
        published=True,
        publication=publication,
        published_type=account.type,
    )
    retype(world, account, type="Expense")
    mapping.refresh_from_db()
    assert mapping.stale == Mapping.Stale.RETYPED
    seen = mapping.version

    retype(world, account, type="Other Expense", name="Trucks", path="Trucks")

    with pytest.raises(Conflict):
        publishing.confirm_stale(mapping, by=world.controller, version=seen)


def retype(world, account, **values):
    Record.objects.filter(pk=account.pk).update(**values)
    drifting.look_again(world.company)


# --- What rides along


def test_a_class_set_by_another_does_not_let_one_publish_what_one_accepted(world):
    deciding.change(world.company, {"second_person_publishes": True}, by=world.admin)
    mapping = world.mapping(RecordKind.COST_CODE, "09-250")  # accepted by the controller

    with pytest.raises(Conflict, match="accepted it"):
        riding.choose(
            mapping, {"ledger_class": world.target(RecordKind.CLASS, "602")}, by=world.admin
        )
    with pytest.raises(Conflict):
        publishing.publish(world.company, by=world.controller, only=[mapping.pk])


def test_a_class_does_not_ride_on_with_the_next_target(world):
    civil = world.target(RecordKind.CLASS, "602")
    mapping = ride(world, RecordKind.COST_CODE, "09-250", ledger_class=civil)
    mapping = reviewing.no_match(mapping, by=world.controller)

    account = world.target(RecordKind.ACCOUNT, "302")
    mapping = reviewing.override_and_publish(mapping, account, by=world.controller)

    assert (mapping.state, mapping.riding_label) == ("published", "")


def test_drafts_accepted_together_are_undone_with_what_rides_along(world):
    source = world.record(RecordKind.COST_CODE, "03")
    MappingFactory(
        company=world.company,
        source=source,
        target=world.target(RecordKind.ACCOUNT, "301"),
        draft=True,
    )
    drafts = world.company.mappings.drafts().filter(source=source)
    (row,) = reviewing_many.accept_many(world.company, drafts.versions(), by=world.controller)
    civil = world.target(RecordKind.CLASS, "602")
    riding.choose(row, {"ledger_class": civil}, by=world.controller)

    reviewing_many.undo_together(world.company, row.decided_at, by=world.controller)

    row.refresh_from_db()
    assert (row.state, row.ledger_class) == ("draft", None)


def test_a_class_can_be_taken_off_once_the_ledger_has_none_any_more(world):
    in_force(world)
    world.company.connections.filter(side=Side.LEDGER).update(features={"locations": True})
    mapping = world.mapping(RecordKind.COST_CODE, "09-250")

    (mapping,) = publishing.unpublish([mapping], by=world.admin, reason="class")

    assert "ledger_class" in {each.name for each in riding.choices(mapping, world.company)}


# --- A project's own


def test_a_projects_own_decision_is_not_overwritten_unseen(world):
    line = world.record(RecordKind.COST_CODE, "09-250")
    project = world.record(RecordKind.PROJECT, "21")
    account, other = (world.target(RecordKind.ACCOUNT, each) for each in ("301", "302"))
    own = excepting.except_project(line, project, account, by=world.admin)
    reviewing.leave(own, by=world.admin, note="do not: ask me")

    with pytest.raises(Conflict, match="decided this"):
        excepting.except_project(line, project, other, by=world.controller, publish=True)
