from decimal import Decimal
from threading import Event, Thread
from time import monotonic, sleep

import pytest
from django.db import connection, transaction

from audit.models import Entry, Verb
from companies.tests.factories import UserFactory
from connectors.models import Record
from connectors.tests.factories import RecordFactory
from mapping import drafting, drafts, reviewing
from mapping.drafts import FROM_FILE, Proposal
from mapping.models import Kind, Mapping, SuggestionRun
from mapping.tests.factories import MappingFactory

pytestmark = pytest.mark.django_db
State = Mapping.State


@pytest.fixture
def proposal(company):
    """A pair whose names are nothing alike."""
    return Proposal(
        RecordFactory(company=company, name="Harbor Glass Co"),
        RecordFactory(company=company, in_ledger=True, name="Zebra Tiling"),
        Decimal("0.960"),
        "in mappings.csv, row 12",
    )


def bring_in(company, *proposals, by=None):
    return drafts.bring_in(
        company, Kind.VENDOR, proposals, ranker=FROM_FILE, by=by, machine="Import"
    )


def test_what_is_brought_in_is_drafted_with_its_reason(company, proposal):
    bring_in(company, proposal)

    draft = company.mappings.get()
    assert (draft.state, draft.source, draft.target) == (
        State.DRAFT,
        proposal.source,
        proposal.target,
    )
    assert (draft.confidence, draft.suggestion.reason) == (proposal.confidence, proposal.reason)


def test_bringing_in_says_what_it_did(company, proposal, controller):
    done = bring_in(company, proposal, by=controller)

    assert (done.drafted, done.left_out) == (1, ())
    assert (done.run.state, done.run.started_by) == (SuggestionRun.State.DONE, controller)
    assert Entry.objects.get(verb=Verb.DRAFTED).who == "Import"


def test_bringing_in_tells_the_others(company, proposal, told):
    bring_in(company, proposal)

    assert told == [([proposal.source.pk], None)]


def test_a_draft_gives_way_to_what_is_brought_in(company, proposal):
    mapping = MappingFactory(company=company, draft=True, source=proposal.source)

    bring_in(company, proposal)

    mapping.refresh_from_db()
    assert (mapping.target, mapping.version) == (proposal.target, 2)


@pytest.mark.parametrize("state", ["accepted", "published", "left", "no_match"])
def test_what_is_decided_stands(company, proposal, state):
    MappingFactory(company=company, source=proposal.source, **{state: True})
    before = company.mappings.values().get()

    done = bring_in(company, proposal)

    assert company.mappings.values().get() == before
    assert done.drafted == 0


def test_the_same_again_changes_nothing(company, proposal):
    bring_in(company, proposal)

    assert bring_in(company, proposal).drafted == 0
    assert company.mappings.get().version == 1


def test_a_refused_pair_is_left_out_with_a_sentence(company, proposal, controller, admin):
    bring_in(company, proposal)
    mapping = reviewing.accept(company.mappings.get(), by=controller)
    reviewing.undo(mapping, by=admin)

    done = bring_in(company, proposal)

    assert done.left_out == (
        (proposal, "Zebra Tiling was refused for Harbor Glass Co by a person."),
    )
    assert company.mappings.get().state == State.NO_DRAFT


def test_what_cannot_be_taken_is_left_out_with_a_sentence(company, proposal):
    Record.objects.filter(pk=proposal.target.pk).update(is_active=False)
    proposal.target.refresh_from_db()

    done = bring_in(company, proposal)

    assert done.left_out == ((proposal, "Zebra Tiling is inactive in QuickBooks."),)


def test_another_companys_record_is_left_out(company, proposal):
    stranger = Proposal(RecordFactory(), proposal.target, proposal.confidence, "")

    assert bring_in(company, stranger).left_out == ((stranger, "That record does not exist here."),)


def test_record_of_another_kind_is_left_out(company, proposal):
    project = RecordFactory(company=company, project=True, name="Oak Street")
    wrong = Proposal(project, proposal.target, proposal.confidence, "")

    assert bring_in(company, wrong).left_out == ((wrong, "Oak Street is not a vendor."),)


def test_a_later_run_keeps_what_was_brought_in(company, proposal):
    bring_in(company, proposal)

    drafting.draft(drafting.start(company, Kind.VENDOR, by=None))

    draft = company.mappings.get()
    assert (draft.target, draft.version) == (proposal.target, 1)
    assert draft.suggestion.reason == proposal.reason


def somebody_waits_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid')"
        )
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
def test_machine_that_waits_for_a_persons_lock_finds_it_decided(company, proposal):
    """What counts is the row under its lock, not as it was when the machine set out."""
    mapping = MappingFactory(company=company, draft=True, source=proposal.source)
    person, locked, waited = UserFactory(), Event(), []

    def decide():
        with transaction.atomic():
            reviewing.leave(mapping, by=person)
            locked.set()
            until = monotonic() + 20
            while not waited and monotonic() < until:
                if somebody_waits_for_a_lock():
                    waited.append(True)
                sleep(0.02)
        connection.close()

    deciding = Thread(target=decide)
    deciding.start()
    assert locked.wait(20)
    done = bring_in(company, proposal)
    deciding.join()

    mapping.refresh_from_db()
    assert waited
    assert (mapping.state, mapping.decided_by, done.drafted) == (State.LEFT, person, 0)
