import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Entry, Verb
from common.errors import Conflict
from connectors.tests.factories import RecordFactory
from mapping import publishing, reviewing, reviewing_many
from mapping.models import Mapping
from mapping.tests.factories import MappingFactory

pytestmark = pytest.mark.django_db
State = Mapping.State


@pytest.fixture
def draft(company):
    return MappingFactory(company=company, draft=True)


@pytest.fixture
def record(company):
    return RecordFactory(company=company, name="Iron Ridge Supply")


@pytest.fixture
def target(company):
    return RecordFactory(company=company, in_ledger=True, name="Iron Ridge Supplies")


# --- Many


def test_many_drafts_are_accepted_together(company, controller):
    MappingFactory.create_batch(3, company=company, draft=True)

    reviewing_many.accept_many(company, company.mappings.versions(), by=controller)

    assert company.mappings.accepted().count() == 3


@pytest.mark.parametrize("decide", [reviewing_many.accept_many, reviewing_many.leave_many])
def test_lines_of_one_act_share_its_id(decide, company, controller):
    MappingFactory.create_batch(3, company=company, draft=True)

    decide(company, company.mappings.versions(), by=controller)

    assert Entry.objects.count() == 3
    assert Entry.objects.values("act").distinct().count() == 1


@pytest.mark.parametrize("decide", [reviewing_many.accept_many, reviewing_many.leave_many])
@pytest.mark.parametrize("now", [{"version": 2}, {"state": "none", "target": None}])
def test_other_drafts_than_shown_are_not_decided(decide, now, company, controller):
    drafts = MappingFactory.create_batch(3, company=company, draft=True)
    shown = company.mappings.versions()
    company.mappings.filter(pk=drafts[1].pk).update(**now)

    with pytest.raises(Conflict, match=r"1 of these was changed meanwhile."):
        decide(company, shown, by=controller)

    assert not company.mappings.filter(decided_by=controller).exists()


@pytest.mark.parametrize("decide", [reviewing_many.accept_many, reviewing_many.leave_many])
def test_drafts_of_another_company_are_not_decided(decide, company, controller):
    theirs = MappingFactory(draft=True)

    with pytest.raises(Conflict):
        decide(company, {theirs.pk: theirs.version}, by=controller)


def test_many_are_left_together(company, controller):
    MappingFactory.create_batch(2, company=company, draft=True)

    reviewing_many.leave_many(company, company.mappings.versions(), by=controller)

    assert company.mappings.filter(state="left").count() == 2


def test_what_was_accepted_together_is_undone_together(company, controller):
    drafts = MappingFactory.create_batch(2, company=company, draft=True)
    accepted = reviewing_many.accept_many(company, company.mappings.versions(), by=controller)

    reviewing_many.undo_together(company, accepted[0].decided_at, by=controller)

    assert set(company.mappings.drafts()) == set(drafts)
    assert {row.version for row in company.mappings.all()} == {3}
    assert Entry.objects.filter(verb=Verb.UNDID).values("act").distinct().count() == 1


def test_undoing_together_leaves_alone_what_was_decided_anew(company, controller, admin):
    MappingFactory.create_batch(2, company=company, draft=True)
    one, other = reviewing_many.accept_many(company, company.mappings.versions(), by=controller)
    reviewing.leave(one, by=admin)

    reviewing_many.undo_together(company, other.decided_at, by=controller)

    assert company.mappings.get(state="left") == one
    assert company.mappings.drafts().get() == other


@pytest.mark.parametrize("changed", ["published", "another person"])
def test_nothing_left_to_undo_is_a_conflict(changed, company, controller, admin):
    MappingFactory(company=company, draft=True)
    (mapping,) = reviewing_many.accept_many(company, company.mappings.versions(), by=controller)
    who = admin if changed == "another person" else controller
    if changed == "published":
        publishing.publish(company, by=controller)

    with pytest.raises(Conflict, match="Nothing of that is left to undo"):
        reviewing_many.undo_together(company, mapping.decided_at, by=who)

    mapping.refresh_from_db()
    assert mapping.decided_by == controller


def test_undoing_together_brings_no_unusable_draft_back(company, controller):
    mapping = MappingFactory(company=company, draft=True)
    reviewing_many.accept_many(company, company.mappings.versions(), by=controller)
    mapping.target.is_active = False
    mapping.target.save()
    mapping.refresh_from_db()

    reviewing_many.undo_together(company, mapping.decided_at, by=controller)

    mapping.refresh_from_db()
    assert (mapping.state, mapping.target) == (State.NO_DRAFT, None)


# --- Like rows


def test_rows_of_the_same_name_look_alike(company, target, controller):
    source = RecordFactory(company=company, name="Iron Ridge Supply, Inc.")
    twin = RecordFactory(company=company, name="IRON RIDGE SUPPLY LLC")
    RecordFactory(company=company, name="Iron Ridge Steel")
    mapping = reviewing.override(source, target, by=controller)

    assert reviewing_many.like_rows(mapping) == [twin]


def test_rows_undone_to_nothing_look_alike_again(company, target, controller):
    source = RecordFactory(company=company, name="Iron Ridge Supply, Inc.")
    twin = RecordFactory(company=company, name="Iron Ridge Supply LLC")
    MappingFactory(company=company, source=twin, no_draft=True)
    mapping = reviewing.override(source, target, by=controller)

    assert reviewing_many.like_rows(mapping) == [twin]


def test_decided_rows_are_not_offered_as_alike(company, target, controller):
    source = RecordFactory(company=company, name="Iron Ridge Supply, Inc.")
    twin = RecordFactory(company=company, name="Iron Ridge Supply LLC")
    reviewing.leave(twin, by=controller)
    mapping = reviewing.override(source, target, by=controller)

    assert reviewing_many.like_rows(mapping) == []


def test_cost_codes_alike_share_code_and_name(company, controller):
    account = RecordFactory(company=company, account=True)
    source = RecordFactory(company=company, cost_code=True, code="03-300", name="Concrete")
    RecordFactory(company=company, cost_code=True, code="03-310", name="Concrete")
    twin = RecordFactory(company=company, cost_code=True, code="03-300", name="Concrete")
    mapping = reviewing.override(source, account, by=controller)

    assert reviewing_many.like_rows(mapping) == [twin]


def test_like_rows_take_the_same_target(company, target, controller):
    source = RecordFactory(company=company, name="Iron Ridge Supply, Inc.")
    twin = RecordFactory(company=company, name="Iron Ridge Supply LLC")
    mapping = reviewing.override(source, target, by=controller)

    reviewing_many.override_like(mapping, [twin.pk], by=controller)

    assert Mapping.objects.get(source=twin).target == target


@pytest.fixture
def twins(company):
    """Of Iron Ridge Supply: one with a draft, one without a row."""
    drafted = RecordFactory(company=company, name="Iron Ridge Supply LLC")
    MappingFactory(company=company, source=drafted, draft=True)
    return [drafted, RecordFactory(company=company, name="Iron Ridge Supply, Inc.")]


def test_like_rows_are_all_changed_before_anybody_hears_of_it(
    record, twins, target, controller, told, company
):
    mapping = reviewing.override(record, target, by=controller)
    told.clear()

    reviewing_many.override_like(mapping, [twin.pk for twin in twins], by=controller)

    assert told == [([twin.pk for twin in twins], None)]
    assert company.mappings.filter(target=target, state=State.ACCEPTED).count() == 3


def test_like_rows_are_locked_in_one_go(record, twins, target, controller):
    mapping = reviewing.override(record, target, by=controller)

    with CaptureQueriesContext(connection) as queries:
        reviewing_many.override_like(mapping, [twin.pk for twin in twins], by=controller)

    locking = [query["sql"] for query in queries if "FOR UPDATE" in query["sql"]]
    assert len(locking) == 1
    assert 'ORDER BY "mapping_mapping"."id"' in locking[0]


def test_like_rows_are_one_act(record, twins, target, controller):
    mapping = reviewing.override(record, target, by=controller, note="same firm")

    reviewing_many.override_like(mapping, [twin.pk for twin in twins], by=controller)

    lines = Entry.objects.filter(verb=Verb.OVERRODE).order_by("-pk")[:2]
    assert len({line.act for line in lines}) == 1
    assert [line.reason for line in lines] == ["same firm", "same firm"]


def test_like_row_decided_meanwhile_is_left_alone(
    record, twins, target, company, controller, admin
):
    mapping = reviewing.override(record, target, by=controller)
    other = RecordFactory(company=company, in_ledger=True)
    waiting = [twins[0]]

    def somebody_is_first(execute, sql, *rest):
        if "FOR UPDATE" in sql and waiting:
            reviewing.override(waiting.pop(), other, by=admin)
        return execute(sql, *rest)

    with connection.execute_wrapper(somebody_is_first):
        done = reviewing_many.override_like(mapping, [twin.pk for twin in twins], by=controller)

    assert [row.source for row in done] == [twins[1]]
    assert Mapping.objects.get(source=twins[0]).target == other


def test_all_like_rows_decided_meanwhile_is_a_conflict(record, twins, target, controller):
    mapping = reviewing.override(record, target, by=controller)
    reviewing.leave(twins[0], by=controller)

    with pytest.raises(Conflict, match="The others were decided meanwhile"):
        reviewing_many.override_like(mapping, [twins[0].pk], by=controller)


def test_like_rows_do_not_take_a_target_that_was_not_shown(
    record, twins, target, company, controller, admin
):
    mapping = reviewing.override(record, target, by=controller)
    looked_at = mapping.version
    reviewing.override(mapping, RecordFactory(company=company, in_ledger=True), by=admin)

    with pytest.raises(Conflict, match="Priya Shah overrode this"):
        reviewing_many.override_like(mapping, [twins[1].pk], by=controller, version=looked_at)


def test_like_rows_are_undone_together(company, controller):
    target = RecordFactory(company=company, in_ledger=True, name="Iron Ridge")
    first = RecordFactory(company=company, name="Iron Ridge Supply")
    names = ("Iron Ridge Supply LLC", "Iron Ridge Supply, Inc.", "Iron Ridge Supply Co")
    twins = [RecordFactory(company=company, name=name).pk for name in names]
    mapping = reviewing.override(first, target, by=controller)
    done = reviewing_many.override_like(mapping, twins, by=controller)

    undone = reviewing_many.undo_together(company, done[0].decided_at, by=controller)

    assert len(undone) == len(done) == 3
