"""Items beside accounts, classes and locations: from the mapping to what the ledger keeps."""

import json

import pytest

from common.choices import RecordKind, Side
from connectors import pacing
from mapping import publishing, reviewing, riding
from mapping.models import Mapping
from sync import gate, sending
from sync.models import Push
from sync.tests.world import QUICKBOOKS, World

LOCATIONS = {
    **QUICKBOOKS,
    "company": QUICKBOOKS["company"].replace(",none,", ",line,"),
    "classes": "id,name,parent_id,active\n601,Commercial,,true\n602,Homes,,true",
    "locations": "id,name,parent_id,active\n701,Salem,,true",
}


@pytest.fixture
def world(db, tmp_path, settings, monkeypatch):
    settings.SENDING = {**settings.SENDING, "first_look": 0, "back_off": 0}
    monkeypatch.setattr(pacing, "USED_SHARE", 50)  # the sandbox does not mind
    world = World(tmp_path, settings, quickbooks=LOCATIONS)
    world.company.settings.posting_style = "either"
    world.company.settings.save()
    world.pull()
    world.map_all(but=("21", "09-250"))
    world.decide(RecordKind.PROJECT, "21", RecordKind.PROJECT, "202")
    world.decide(RecordKind.COST_CODE, "09-250", RecordKind.ITEM, "401")
    yield world
    world.stop()


def ride(world, kind, external_id, **along):
    mapping = world.mapping(kind, external_id)
    chosen = {"ledger_class": None, "location": None} | along
    return riding.choose(mapping, chosen, by=world.controller)


def in_force(world):
    """The project with its class and location, the drywall with a class of its own."""
    commercial = world.target(RecordKind.CLASS, "601")
    ride(
        world, RecordKind.PROJECT, "21",
        ledger_class=commercial, location=world.target(RecordKind.LOCATION, "701"),
    )  # fmt: skip
    ride(world, RecordKind.COST_CODE, "09-250", ledger_class=world.target(RecordKind.CLASS, "602"))
    publishing.publish(world.company, by=world.controller)


def holds(world, bill):
    return {hold.rule for hold in gate.holds(sending.question(bill))}


def lines_of(payload):
    for line in payload["Line"]:
        detail = line[line["DetailType"]]
        yield line["DetailType"], detail.get("ClassRef", {}).get("value"), line["Amount"]


def test_one_bill_has_item_lines_and_account_lines_each_with_its_class(world):
    in_force(world)
    bill = world.bill("D-7")

    push = world.work(world.send(bill))

    payload = json.loads(bytes(push.payload))
    assert push.state == Push.State.POSTED, push.sentence
    assert payload["DepartmentRef"]["value"] == "701"
    assert list(lines_of(payload)) == [
        ("ItemBasedExpenseLineDetail", "602", 1999.99),
        ("AccountBasedExpenseLineDetail", "601", 0.01),
    ]


def test_a_push_keeps_which_level_decided_and_to_which_target(world):
    in_force(world)

    push = world.work(world.send(world.bill("D-7")))

    assert [(b["line"], b["level"], b["target_id"]) for b in push.rests_on] == [
        (0, "whole", "202"),
        (0, "whole", push.sought["vendor_id"]),
        (1, "cost_code", "401"),
        (2, "cost_code", "301"),
    ]
    kept = {str(b["mapping"]): b["version"] for b in push.rests_on}
    assert kept == push.mapping_versions


def test_a_class_that_was_renamed_holds_the_bill_until_somebody_confirms(world):
    in_force(world)
    world.change("class", "602", "rename", name="Residential")
    world.pull(Side.LEDGER)
    mapping = world.mapping(RecordKind.COST_CODE, "09-250")
    bill = world.bill("D-7")
    assert (mapping.stale, bill.readiness) == (Mapping.Stale.RIDING, "needs_publishing")

    publishing.confirm_stale(mapping, by=world.controller)

    mapping.refresh_from_db()
    assert (mapping.published_riding, world.bill("D-7").readiness) == ("class Residential", "ready")


def test_a_class_that_was_made_inactive_cannot_be_confirmed(world):
    in_force(world)
    world.change("class", "602", "inactivate")
    world.pull(Side.LEDGER)

    mapping = world.mapping(RecordKind.COST_CODE, "09-250")
    with pytest.raises(publishing.Conflict, match="cannot be used any more"):
        publishing.confirm_stale(mapping, by=world.controller)


def test_a_class_that_the_ledger_would_lose_holds_the_bill(world):
    in_force(world)
    assert holds(world, world.bill("D-7")) == set()
    world.ledger.features = world.ledger.features | {"classes": False}
    world.company.connections.filter(side=Side.LEDGER).update(features={"locations": True})

    assert holds(world, world.bill("D-7")) == {"riding"}


def test_undoing_a_decision_takes_what_rode_along_with_it(world):
    mapping = ride(
        world, RecordKind.COST_CODE, "09-250", ledger_class=world.target(RecordKind.CLASS, "602")
    )

    reviewing.undo(mapping, by=world.controller)

    mapping.refresh_from_db()
    assert mapping.ledger_class is None
