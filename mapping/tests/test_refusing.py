import pytest

from companies.tests.factories import MembershipFactory
from connectors.tests.factories import RecordFactory
from mapping import drafting, refusing, reviewing, reviewing_many
from mapping.models import Kind, Mapping, Refusal
from mapping.tests.factories import MappingFactory

pytestmark = pytest.mark.django_db
State = Mapping.State


@pytest.fixture
def draft(company):
    """Of a pair that any ranker would draft again."""
    return MappingFactory(
        company=company,
        draft=True,
        source=RecordFactory(company=company, name="Harbor Glass Co"),
        target=RecordFactory(company=company, in_ledger=True, name="Harbor Glass"),
    )


@pytest.fixture
def other(company):
    return RecordFactory(company=company, in_ledger=True, name="Zebra Tiling")


@pytest.fixture
def colleague(company):
    return MembershipFactory(company=company, user__name="Tom Weiss", role="accountant").user


def redrafted(mapping):
    run = drafting.start(mapping.company, Kind.VENDOR, by=None)
    drafting.draft(run)
    mapping.refresh_from_db()
    return mapping


def pairs():
    return list(Refusal.objects.values_list("source_id", "target_id", "by__name"))


def test_overriding_a_draft_refuses_its_pair(draft, other, controller):
    reviewing.override(draft, other, by=controller)

    assert pairs() == [(draft.source_id, draft.target_id, "Dana Ruiz")]


def test_saying_no_match_refuses_the_pair_that_was_drafted(draft, controller):
    reviewing.no_match(draft, by=controller)

    assert pairs() == [(draft.source_id, draft.target_id, "Dana Ruiz")]


@pytest.mark.parametrize("decide", [reviewing.accept, reviewing.leave])
def test_accepting_and_leaving_refuse_nothing(draft, controller, decide):
    decide(draft, by=controller)

    assert not pairs()


def test_giving_like_rows_another_record_refuses_their_drafts(company, draft, other, controller):
    like = MappingFactory(
        company=company,
        draft=True,
        source=RecordFactory(company=company, name="Harbor Glass Company"),
        target=draft.target,
    )
    first = reviewing.override(draft, other, by=controller)

    reviewing_many.override_like(first, [like.source_id], by=controller)

    assert (like.source_id, draft.target_id, "Dana Ruiz") in pairs()


def test_undoing_the_decision_takes_its_refusal_back(draft, other, controller):
    mapping = reviewing.override(draft, other, by=controller)

    undone = reviewing.undo(mapping, by=controller)

    assert not pairs()
    assert (undone.state, undone.target) == (State.DRAFT, draft.target)


def test_undoing_a_later_decision_keeps_the_refusal(draft, other, controller):
    reviewing.no_match(draft, by=controller)
    mapping = reviewing.override(draft, other, by=controller)

    undone = reviewing.undo(mapping, by=controller)

    assert len(pairs()) == 1
    assert undone.state == State.NO_DRAFT


def test_refused_pair_is_not_drafted_again(draft, other, controller):
    reviewing.no_match(draft, by=controller)
    undone = reviewing.undo(reviewing.override(draft, other, by=controller), by=controller)

    assert redrafted(undone).state == State.NO_DRAFT


def test_undoing_ones_own_yes_brings_the_draft_back(draft, controller):
    undone = reviewing.undo(reviewing.accept(draft, by=controller), by=controller)

    assert undone.state == State.DRAFT
    assert not pairs()


def test_undoing_a_colleagues_yes_refuses_the_pair(draft, controller, colleague):
    undone = reviewing.undo(reviewing.accept(draft, by=controller), by=colleague)

    assert pairs() == [(draft.source_id, draft.target_id, "Tom Weiss")]
    assert redrafted(undone).state == State.NO_DRAFT


def test_choosing_a_refused_record_by_hand_clears_the_refusal(draft, controller):
    target = draft.target
    mapping = reviewing.no_match(draft, by=controller)

    reviewing.override(mapping, target, by=controller)

    assert not pairs()


def test_pair_of_another_record_is_not_refused(company, draft, controller):
    reviewing.no_match(draft, by=controller)

    assert not refusing.of(company, [draft.source_id + 1])
