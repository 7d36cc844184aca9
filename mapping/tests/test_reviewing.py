import pytest
from django.db import IntegrityError

from audit.models import Entry, Verb
from common.errors import AppError, Conflict, NotAllowed
from companies.models import CompanySettings
from companies.tests.factories import MembershipFactory
from connectors.tests.factories import RecordFactory
from mapping import history, publishing, reviewing
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


# --- Accept


def test_accepting_a_draft_makes_it_the_persons(draft, controller):
    mapping = reviewing.accept(draft, by=controller)

    assert (mapping.state, mapping.decided_by) == (State.ACCEPTED, controller)


def test_accepting_writes_what_it_was_and_what_it_is(draft, controller):
    reviewing.accept(draft, by=controller)

    line = Entry.objects.get(verb=Verb.ACCEPTED)
    assert (line.user, line.before["state"], line.after["state"]) == (
        controller,
        "draft",
        "accepted",
    )


def test_accepting_tells_the_others_which_record_changed(draft, controller, told):
    reviewing.accept(draft, by=controller)

    assert told == [([draft.source_id], None)]


def test_accepting_raises_the_version(draft, controller):
    assert reviewing.accept(draft, by=controller).version == draft.version + 1


def test_accepting_twice_by_one_person_does_no_harm(draft, controller):
    reviewing.accept(draft, by=controller, version=1)
    reviewing.accept(draft, by=controller, version=1)

    assert Entry.objects.filter(verb=Verb.ACCEPTED).count() == 1


def test_second_person_is_told_who_was_first(draft, controller, admin):
    reviewing.accept(draft, by=controller, version=1)

    with pytest.raises(Conflict, match=r"Dana Ruiz accepted this just now. Yours was not saved."):
        reviewing.accept(draft, by=admin, version=1)


def test_draft_replaced_meanwhile_is_not_accepted_unseen(draft, controller):
    with pytest.raises(Conflict, match="The draft changed meanwhile"):
        reviewing.accept(draft, by=controller, version=7)


def test_target_inactive_since_the_draft_is_not_accepted(company, controller):
    target = RecordFactory(company=company, in_ledger=True, name="Delta Drafting", inactive=True)
    mapping = MappingFactory(company=company, target=target)

    with pytest.raises(AppError, match="Delta Drafting is inactive in QuickBooks, so it cannot"):
        reviewing.accept(mapping, by=controller)


def test_left_draft_can_still_be_accepted(company, controller):
    left = MappingFactory(company=company, left=True)

    assert reviewing.accept(left, by=controller).state == State.ACCEPTED


def test_no_match_cannot_be_accepted(company, controller):
    mapping = MappingFactory(company=company, no_match=True)

    with pytest.raises(Conflict):
        reviewing.accept(mapping, by=controller)


@pytest.mark.parametrize(
    "decide",
    [
        lambda mapping, target, by: reviewing.accept(mapping, by=by),
        lambda mapping, target, by: reviewing.override(mapping, target, by=by),
        lambda mapping, target, by: reviewing.override(mapping.source, target, by=by),
        lambda mapping, target, by: reviewing.leave(mapping, by=by),
        lambda mapping, target, by: reviewing.no_match(mapping, by=by),
        lambda mapping, target, by: reviewing.undo(mapping, by=by),
    ],
    ids=["accept", "override", "override record", "leave", "no match", "undo"],
)
def test_published_mapping_is_never_touched(decide, company, target, admin):
    published = MappingFactory(company=company, published=True)

    with pytest.raises(Conflict, match=r"It is published. Ask an admin to unpublish it first."):
        decide(published, target, admin)

    published.refresh_from_db()
    assert (published.state, published.version) == (State.PUBLISHED, 1)


# --- Override


def test_overriding_takes_the_other_record(draft, target, controller):
    mapping = reviewing.override(draft, target, by=controller, note="wrong branch")

    assert (mapping.target, mapping.is_override, mapping.note) == (target, True, "wrong branch")


def test_overriding_shows_no_score_that_nobody_gave(draft, target, controller):
    assert reviewing.override(draft, target, by=controller).confidence is None


def test_overriding_gives_its_note_as_the_reason(draft, target, controller):
    reviewing.override(draft, target, by=controller, note="wrong branch")

    assert Entry.objects.get(verb=Verb.OVERRODE).reason == "wrong branch"


def test_overriding_with_the_drafts_own_target_is_accepting(draft, controller):
    assert not reviewing.override(draft, draft.target, by=controller).is_override


def test_record_without_a_draft_can_be_overridden(record, target, controller):
    mapping = reviewing.override(record, target, by=controller, version=0)

    assert (mapping.source, mapping.state) == (record, State.ACCEPTED)


def test_record_decided_meanwhile_is_a_conflict(record, target, controller, admin):
    reviewing.override(record, target, by=admin)

    with pytest.raises(Conflict, match="Priya Shah"):
        reviewing.override(record, target, by=controller, version=0)


def test_ledger_record_needs_no_mapping(company, target, controller):
    other = RecordFactory(company=company, in_ledger=True)

    with pytest.raises(AppError, match="needs no mapping"):
        reviewing.override(other, target, by=controller)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"inactive": True}, "is inactive in QuickBooks"),
        ({"gone": True}, "is no longer in QuickBooks"),
        ({"is_selectable": False}, "cannot be used on a bill in QuickBooks"),
        ({"account": True}, "is not a vendor in QuickBooks"),
        ({"in_ledger": False}, "is a row of Procore"),
    ],
)
def test_target_that_cannot_stand_on_a_bill_is_refused(fields, words, draft, company, controller):
    target = RecordFactory(**{"in_ledger": True, "company": company, **fields})

    with pytest.raises(AppError, match=words):
        reviewing.override(draft, target, by=controller)


def test_target_of_another_company_does_not_exist(draft, controller):
    with pytest.raises(AppError, match="does not exist here"):
        reviewing.override(draft, RecordFactory(in_ledger=True), by=controller)


def test_cost_code_points_to_an_item_where_bills_post_by_items(company, controller):
    CompanySettings.objects.filter(company=company).update(posting_style="items")
    company.refresh_from_db()
    code = RecordFactory(company=company, cost_code=True)

    mapping = reviewing.override(code, RecordFactory(company=company, item=True), by=controller)

    assert mapping.kind == "cost_code"


def test_override_and_publish_is_one_step(draft, target, controller):
    mapping = reviewing.override_and_publish(draft, target, by=controller)

    assert (mapping.state, mapping.target, mapping.publication.number) == (
        State.PUBLISHED,
        target,
        1,
    )


def test_override_and_publish_needs_the_right_to_publish(draft, target, accountant):
    with pytest.raises(NotAllowed, match="Only an admin or a controller can publish mappings"):
        reviewing.override_and_publish(draft, target, by=accountant)

    draft.refresh_from_db()
    assert draft.state == State.DRAFT


# --- Leave, no match


def test_leaving_keeps_the_drafts_target_in_sight(draft, controller):
    mapping = reviewing.leave(draft, by=controller, note="ask Bob")

    assert (mapping.state, mapping.target, mapping.note) == (State.LEFT, draft.target, "ask Bob")


def test_record_without_a_draft_can_be_left(record, controller):
    assert reviewing.leave(record, by=controller).state == State.LEFT


def test_no_match_names_no_target(draft, controller):
    mapping = reviewing.no_match(draft, by=controller)

    assert (mapping.state, mapping.target) == (State.NO_MATCH, None)


# --- Undo


def test_undoing_brings_the_draft_back(draft, target, controller):
    mapping = reviewing.override(draft, target, by=controller)

    undone = reviewing.undo(mapping, by=controller)

    assert (undone.state, undone.target, undone.decided_by) == (State.DRAFT, draft.target, None)


def test_undoing_without_a_suggestion_leaves_no_draft(record, target, controller):
    mapping = reviewing.override(record, target, by=controller)

    undone = reviewing.undo(mapping, by=controller)

    assert (undone.pk, undone.state, undone.target) == (mapping.pk, State.NO_DRAFT, None)


def test_undoing_what_has_no_draft_does_no_harm(company, controller):
    mapping = MappingFactory(company=company, no_draft=True)

    assert reviewing.undo(mapping, by=controller).version == mapping.version
    assert not Entry.objects.filter(verb=Verb.UNDID).exists()


def test_version_goes_on_counting_when_a_decision_is_undone(record, target, controller, admin):
    mapping = reviewing.override(record, target, by=controller)
    looked_at = mapping.version
    reviewing.undo(mapping, by=controller)
    reviewing.override(record, target, by=admin)

    with pytest.raises(Conflict, match="Priya Shah overrode this"):
        reviewing.undo(mapping, by=controller, version=looked_at)

    mapping.refresh_from_db()
    assert mapping.decided_by == admin


def test_record_undone_meanwhile_is_a_conflict(record, target, controller, admin):
    mapping = reviewing.override(record, target, by=controller)
    looked_at = mapping.version
    reviewing.undo(mapping, by=controller)

    with pytest.raises(Conflict, match="undone or withdrawn meanwhile"):
        reviewing.leave(mapping, by=admin, version=looked_at)


def test_history_goes_on_when_a_decision_is_undone(company, record, target, controller, admin):
    mapping = reviewing.override(record, target, by=controller)
    reviewing.comment(mapping, "Ask Tom first", by=admin)
    reviewing.undo(mapping, by=controller)
    mapping = reviewing.override(record, target, by=admin)

    events = history.Timeline(company, record, mapping)[:50]

    assert [(event.text, event.note) for event in events] == [
        ("Overrode: Iron Ridge Supplies", ""),
        ("Undid the decision on: Iron Ridge Supplies → nothing", ""),
        ("Wrote a note", "Ask Tom first"),
        ("Overrode: Iron Ridge Supplies", ""),
    ]


@pytest.mark.parametrize("decide", [reviewing.leave, reviewing.no_match])
def test_record_without_a_draft_any_more_can_be_decided(decide, company, controller):
    mapping = MappingFactory(company=company, no_draft=True)

    assert decide(mapping.source, by=controller, version=1).decided_by == controller


def test_what_has_no_draft_cannot_be_accepted(company, controller):
    with pytest.raises(Conflict, match="no draft to accept"):
        reviewing.accept(MappingFactory(company=company, no_draft=True), by=controller)


@pytest.mark.parametrize("said", ["target", "decided_by"])
def test_database_lets_no_row_without_a_draft_say_anything(said, company, controller, target):
    mapping = MappingFactory(company=company, no_draft=True)
    setattr(mapping, said, target if said == "target" else controller)

    with pytest.raises(IntegrityError, match="mapping_without_a_draft_says_nothing"):
        mapping.save()


def test_undoing_does_not_bring_back_a_target_gone_inactive(draft, controller):
    mapping = reviewing.accept(draft, by=controller)
    draft.target.is_active = False
    draft.target.save()

    assert reviewing.undo(mapping, by=controller).target is None


def test_undoing_what_was_published_once_does_not_hand_it_to_the_machine(draft, admin):
    reviewing.accept(draft, by=admin)
    publishing.publish(draft.company, by=admin)
    draft.refresh_from_db()
    publishing.unpublish([draft], by=admin, reason="wrong branch")

    left = reviewing.undo(draft, by=admin)
    again = reviewing.undo(left, by=admin)

    assert (left.state, again.version) == (State.LEFT, left.version)
    assert Entry.objects.filter(verb=Verb.UNDID).count() == 1


# --- Comment


def test_comment_stands_on_a_published_mapping_too(company, controller):
    mapping = MappingFactory(company=company, published=True)

    reviewing.comment(mapping, "Checked with Bob", by=controller)

    assert Entry.objects.get(verb=Verb.COMMENTED).reason == "Checked with Bob"


def test_empty_comment_is_refused(draft, controller):
    with pytest.raises(AppError, match="empty"):
        reviewing.comment(draft, "  ", by=controller)


def test_membership_of_another_company_gives_no_right_to_publish(draft, target):
    outsider = MembershipFactory(admin=True).user

    with pytest.raises(NotAllowed):
        reviewing.override_and_publish(draft, target, by=outsider)
