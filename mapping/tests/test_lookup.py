from threading import Event, Thread

import pytest
from django.db import connection, transaction

from connectors.tests.factories import RecordFactory
from mapping import publishing
from mapping.lookup import Lookup, lock
from mapping.tests.factories import MappingFactory

pytestmark = pytest.mark.django_db


def test_published_mapping_says_its_target(company):
    mapping = MappingFactory(company=company, published=True)

    assert Lookup(company).target(mapping.source_id) == mapping.target


@pytest.mark.parametrize(
    "state", [{"draft": True}, {"accepted": True}, {"published": True, "stale": "renamed"}]
)
def test_mapping_not_in_force_says_nothing(state, company):
    mapping = MappingFactory(company=company, **state)

    assert Lookup(company).target(mapping.source_id) is None


def test_record_without_a_mapping_has_no_target(company):
    assert Lookup(company).target(RecordFactory(company=company).pk) is None


def test_mapping_of_another_company_is_not_found(company):
    other = MappingFactory(published=True)

    assert Lookup(company).mapping_for(other.source_id) is None


def test_mapping_without_a_draft_is_as_good_as_none(company):
    mapping = MappingFactory(company=company, no_draft=True)

    assert Lookup(company).mapping_for(mapping.source_id) is None
    assert Lookup(company).states([mapping.source_id]) == {mapping.source_id: "none"}


def test_mapping_is_found_in_whatever_state(company):
    mapping = MappingFactory(company=company, left=True)

    assert Lookup(company).mapping_for(mapping.source_id) == mapping


def test_states_are_said_in_one_word_each(company):
    draft = MappingFactory(company=company, draft=True)
    stale = MappingFactory(company=company, published=True, stale="renamed")
    bare = RecordFactory(company=company)

    assert Lookup(company).states([draft.source_id, stale.source_id, bare.pk]) == {
        draft.source_id: "draft",
        stale.source_id: "stale",
        bare.pk: "none",
    }


def test_expected_records_are_loaded_in_one_query(company, django_assert_num_queries):
    mappings = MappingFactory.create_batch(3, company=company, published=True)
    lookup = Lookup(company)
    lookup.expect([row.source_id for row in mappings])

    with django_assert_num_queries(1):
        assert [lookup.target(row.source_id) for row in mappings] == [
            row.target for row in mappings
        ]


def test_locked_lookup_answers_for_what_it_locked(company):
    mapping = MappingFactory(company=company, published=True)

    assert lock(company, [mapping.source_id]).target(mapping.source_id) == mapping.target


def test_locked_lookup_refuses_to_speak_of_others(company):
    mapping = MappingFactory(company=company, published=True)

    with pytest.raises(RuntimeError):
        lock(company, []).target(mapping.source_id)


@pytest.mark.django_db(transaction=True)
def test_unpublishing_waits_for_a_sender_that_locked(company, admin):
    mapping = MappingFactory(company=company, published=True)
    order, started = [], Event()

    def unpublish():
        started.wait()
        publishing.unpublish([mapping], by=admin, reason="wrong branch")
        order.append("unpublished")
        connection.close()

    thread = Thread(target=unpublish)
    thread.start()
    with transaction.atomic():
        lock(company, [mapping.source_id])
        started.set()
        thread.join(timeout=0.5)
        order.append("sent")
    thread.join()

    assert order == ["sent", "unpublished"]
