from threading import Barrier, Thread

import pytest
from django.db import connection

from audit.models import Entry, Verb
from common.errors import AppError, Conflict, NotAllowed
from companies.tests.factories import MembershipFactory
from connectors.models import Record
from connectors.tests.factories import RecordFactory
from mapping import drifting, publishing, reviewing
from mapping.models import Mapping, Publication
from mapping.tests.factories import MappingFactory

pytestmark = pytest.mark.django_db
State = Mapping.State


def test_publishing_puts_only_accepted_mappings_in_force(company, controller):
    accepted = MappingFactory(company=company, accepted=True)
    draft = MappingFactory(company=company, draft=True)

    publishing.publish(company, by=controller)

    assert company.mappings.published().get() == accepted
    assert company.mappings.drafts().get() == draft


def test_publications_are_numbered_within_the_company(company, controller):
    for _ in range(2):
        MappingFactory(company=company, accepted=True)
        result = publishing.publish(company, by=controller)

    assert result.publication.number == 2


def test_publishing_freezes_the_label_of_the_target(company, controller):
    target = RecordFactory(
        company=company, account=True, code="5010", path="Cost of jobs:Materials"
    )
    MappingFactory(
        company=company,
        source=RecordFactory(company=company, cost_code=True),
        target=target,
        accepted=True,
    )

    publishing.publish(company, by=controller)

    assert company.mappings.get().published_label == "5010 Cost of jobs:Materials"


def test_publication_keeps_a_line_for_each_mapping(company, controller):
    mapping = MappingFactory(company=company, accepted=True)

    result = publishing.publish(company, by=controller)

    line = result.publication.lines.get()
    assert (line.mapping, line.mapping_version, line.target_label) == (
        mapping,
        2,
        mapping.target.label,
    )


def test_publishing_tells_the_others_once(company, controller, told):
    mappings = MappingFactory.create_batch(2, company=company, accepted=True)

    publication = publishing.publish(company, by=controller).publication

    assert told == [([row.source_id for row in mappings], publication)]


def test_publishing_writes_a_line_for_each_mapping(company, controller):
    MappingFactory.create_batch(2, company=company, accepted=True)

    publishing.publish(company, by=controller)

    lines = Entry.objects.filter(verb=Verb.PUBLISHED)
    assert [(line.before["state"], line.after["state"]) for line in lines] == [
        ("accepted", "published")
    ] * 2


def test_only_the_chosen_ones_are_published(company, controller):
    chosen, other = MappingFactory.create_batch(2, company=company, accepted=True)

    publishing.publish(company, by=controller, only=[chosen.pk])

    assert company.mappings.accepted().get() == other


def test_target_no_longer_usable_is_left_out_and_named(company, controller):
    MappingFactory(company=company, accepted=True)
    target = RecordFactory(company=company, in_ledger=True, name="Delta Drafting", inactive=True)
    bad = MappingFactory(company=company, target=target, accepted=True)

    result = publishing.publish(company, by=controller)

    assert [(out.mapping, out.sentence) for out in result.left_out] == [
        (bad, "Delta Drafting is inactive in QuickBooks.")
    ]


def test_nothing_accepted_is_a_conflict(company, controller):
    with pytest.raises(Conflict, match="nothing to publish"):
        publishing.publish(company, by=controller)


def test_nothing_usable_makes_no_publication(company, controller):
    target = RecordFactory(company=company, in_ledger=True, gone=True)
    MappingFactory(company=company, target=target, accepted=True)

    with pytest.raises(Conflict, match="Nothing was published"):
        publishing.publish(company, by=controller)

    assert not Publication.objects.exists()


def test_publishing_what_somebody_published_meanwhile_says_who(company, controller, admin):
    chosen = MappingFactory(company=company, accepted=True)
    publishing.publish(company, by=admin)

    with pytest.raises(Conflict, match=r"Priya Shah published no. 1 meanwhile"):
        publishing.publish(company, by=controller, only=[chosen.pk])


def test_mapping_overridden_since_it_was_looked_at_is_not_published(company, controller, admin):
    chosen = MappingFactory(company=company, accepted=True)
    reviewing.override(chosen, RecordFactory(company=company, in_ledger=True), by=admin)

    with pytest.raises(Conflict, match="1 of these was changed meanwhile"):
        publishing.publish(company, by=controller, only={chosen.pk: chosen.version})


def test_published_mapping_of_another_company_stays_out(company, controller):
    other = MappingFactory(accepted=True)

    with pytest.raises(Conflict):
        publishing.publish(company, by=controller, only=[other.pk])


# --- Unpublish


@pytest.fixture
def published(company):
    return MappingFactory(company=company, published=True)


def test_admin_takes_a_mapping_back_to_accepted(published, admin):
    publishing.unpublish([published], by=admin, reason="wrong branch")

    published.refresh_from_db()
    assert (published.state, published.publication, published.published_label) == (
        State.ACCEPTED,
        None,
        "",
    )


def test_controller_may_not_unpublish(published, controller, admin):
    with pytest.raises(NotAllowed, match=r"Only an admin can unpublish. Ask Priya Shah."):
        publishing.unpublish([published], by=controller, reason="wrong branch")


def test_admin_of_another_company_may_not_unpublish(published):
    stranger = MembershipFactory(admin=True)

    with pytest.raises(NotAllowed):
        publishing.unpublish([published], by=stranger.user, reason="mine now", membership=stranger)


def test_unpublishing_needs_a_reason(published, admin):
    with pytest.raises(AppError, match="needs a reason"):
        publishing.unpublish([published], by=admin, reason=" ")


def test_unpublishing_keeps_the_reason_in_the_trail(published, admin):
    publishing.unpublish([published], by=admin, reason="wrong branch")

    assert Entry.objects.get(verb=Verb.UNPUBLISHED).reason == "wrong branch"


def test_unpublishing_tells_the_others(published, admin, told):
    publishing.unpublish([published], by=admin, reason="wrong branch")

    assert told == [([published.source_id], None)]


def test_unpublishing_twice_is_a_conflict(published, admin):
    publishing.unpublish([published], by=admin, reason="wrong branch")

    with pytest.raises(Conflict):
        publishing.unpublish([published], by=admin, reason="wrong branch")


def test_unpublishing_another_version_than_looked_at_is_a_conflict(published, admin):
    with pytest.raises(Conflict):
        publishing.unpublish(
            [published], by=admin, reason="wrong branch", versions={published.pk: 7}
        )


def test_stale_mapping_can_be_unpublished(published, admin, company):
    Record.objects.filter(pk=published.target_id).update(is_active=False)
    drifting.look_again(company)

    publishing.unpublish([published], by=admin, reason="inactive")

    published.refresh_from_db()
    assert published.stale == ""


# --- Confirm


def test_confirming_a_rename_freezes_the_new_label(published, admin, company):
    Record.objects.filter(pk=published.target_id).update(name="Delta Inc", path="Delta Inc")
    drifting.look_again(company)

    mapping = publishing.confirm_stale(published, by=admin)

    assert (mapping.stale, mapping.published_label) == ("", "Delta Inc")


def test_confirming_is_a_publication_of_its_own(published, admin, company):
    Record.objects.filter(pk=published.target_id).update(name="Delta Inc", path="Delta Inc")
    drifting.look_again(company)

    mapping = publishing.confirm_stale(published, by=admin)

    assert mapping.publication.number == published.publication.number + 1


def test_inactive_target_cannot_be_confirmed(published, admin, company):
    Record.objects.filter(pk=published.target_id).update(is_active=False)
    drifting.look_again(company)

    with pytest.raises(Conflict):
        publishing.confirm_stale(published, by=admin)


# --- Preview


def test_preview_says_what_would_go_by_kind(company):
    MappingFactory(company=company, accepted=True)
    MappingFactory(
        company=company,
        source=RecordFactory(company=company, cost_code=True),
        target=RecordFactory(company=company, account=True),
        accepted=True,
    )

    preview = publishing.preview(company)

    assert [(each.kind, len(each.mappings)) for each in preview.kinds] == [
        ("vendor", 1),
        ("cost_code", 1),
    ]


def test_preview_counts_the_bills_it_would_let_go(company):
    MappingFactory.create_batch(2, company=company, accepted=True)

    assert publishing.preview(company).lets_go.bills == 2


# --- At the same time


def _together(*calls):
    """Run the calls in threads that start at once; what each raised or returned."""
    barrier, results = Barrier(len(calls)), [None] * len(calls)

    def run(place, call):
        try:
            barrier.wait()
            results[place] = call()
        except AppError as error:
            results[place] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_two_people_publishing_at_once_publish_each_mapping_once(company, controller, admin):
    MappingFactory.create_batch(20, company=company, accepted=True)

    results = _together(
        lambda: publishing.publish(company, by=controller),
        lambda: publishing.publish(company, by=admin),
    )

    assert sum(isinstance(result, Conflict) for result in results) == 1
    assert Publication.objects.get().lines.count() == 20


@pytest.mark.django_db(transaction=True)
def test_accepting_while_another_publishes_loses_nothing(company, controller, admin):
    drafts = MappingFactory.create_batch(10, company=company, draft=True)
    MappingFactory.create_batch(10, company=company, accepted=True)

    _together(
        lambda: publishing.publish(company, by=controller),
        lambda: [reviewing.accept(draft, by=admin) for draft in drafts],
    )

    states = [row.state for row in company.mappings.all()]
    assert states.count("published") >= 10
    assert states.count("published") + states.count("accepted") == 20


@pytest.mark.django_db(transaction=True)
def test_two_people_choosing_for_one_record_decide_it_once(company, controller, admin):
    record = RecordFactory(company=company)
    first, second = RecordFactory.create_batch(2, company=company, in_ledger=True)

    results = _together(
        lambda: reviewing.override(record, first, by=controller, version=0),
        lambda: reviewing.override(record, second, by=admin, version=0),
    )

    assert sum(isinstance(result, Conflict) for result in results) == 1
    assert Entry.objects.filter(verb=Verb.OVERRODE).count() == 1
