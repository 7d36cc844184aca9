"""One queue of slots per connection, shared by everybody who calls."""

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection as database
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from connectors import pacing
from connectors.quickbooks_online.client import QuickBooksOnlineClient
from connectors.tests.factories import ConnectionFactory, RecordFactory

TRAITS = QuickBooksOnlineClient.traits


@pytest.mark.django_db
def test_the_first_call_may_be_made_now():
    slot = pacing.next_slot(ConnectionFactory(), TRAITS)

    assert abs(slot - timezone.now()) < timedelta(seconds=1)


@pytest.mark.django_db
def test_slots_follow_each_other_evenly():
    connection = ConnectionFactory()

    slots = [pacing.next_slot(connection, TRAITS) for _call in range(20)]

    gaps = {later - earlier for earlier, later in itertools.pairwise(slots)}
    assert gaps == {pacing.spacing(TRAITS)}


@pytest.mark.django_db
def test_several_calls_take_several_slots():
    connection = ConnectionFactory()

    first = pacing.next_slot(connection, TRAITS, calls=3)

    assert pacing.next_slot(connection, TRAITS) - first == 3 * pacing.spacing(TRAITS)


@given(st.integers(min_value=1, max_value=10_000))
def test_no_minute_holds_more_calls_than_allowed_and_few_are_left_unused(calls_per_minute):
    spacing = pacing.spacing(replace(TRAITS, calls_per_minute=calls_per_minute))

    in_a_minute = timedelta(minutes=1) / spacing
    assert 0.9 * calls_per_minute <= in_a_minute <= calls_per_minute


def test_no_second_holds_more_than_the_ten_calls_quickbooks_allows():
    assert timedelta(seconds=1) / pacing.spacing(TRAITS) <= 10


@pytest.mark.django_db
def test_a_slot_far_away_is_named_but_not_reserved():
    connection = ConnectionFactory(next_free_at=timezone.now() + timedelta(minutes=1))

    slots = {pacing.next_slot(connection, TRAITS) for _call in range(3)}

    assert slots == {connection.next_free_at}


@pytest.mark.django_db
def test_a_pause_holds_everybody_back():
    connection = ConnectionFactory()

    until = pacing.pause(connection, timedelta(seconds=60))

    assert timedelta(seconds=58) < until - timezone.now() <= timedelta(seconds=60)
    assert pacing.next_slot(connection, TRAITS) == until


@pytest.mark.django_db
def test_a_shorter_pause_does_not_cut_a_longer_one():
    connection = ConnectionFactory()
    until = pacing.pause(connection, timedelta(seconds=60))

    assert pacing.pause(connection, timedelta(seconds=1)) == until


@pytest.mark.django_db(transaction=True)
def test_threads_with_own_connections_never_share_a_slot():
    connection = ConnectionFactory()
    start = threading.Barrier(4)

    def work(_number):
        try:
            start.wait()
            return [pacing.next_slot(connection, TRAITS) for _call in range(8)]
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        slots = sorted(slot for taken in pool.map(work, range(4)) for slot in taken)

    gaps = [later - earlier for earlier, later in itertools.pairwise(slots)]
    assert min(gaps) >= pacing.spacing(TRAITS)


@pytest.mark.django_db(transaction=True)
def test_rows_of_the_connection_can_be_written_while_a_slot_is_taken():
    """A claim keeps the row locked until it commits; the mirror must not wait for it."""
    connection = ConnectionFactory()
    taken, written = threading.Event(), threading.Event()

    def claim():
        from django.db import transaction

        try:
            with transaction.atomic():
                pacing.next_slot(connection, TRAITS)
                taken.set()
                return written.wait(5)
        finally:
            database.close()

    with ThreadPoolExecutor(1) as pool:
        claiming = pool.submit(claim)
        taken.wait(5)
        started = time.monotonic()
        RecordFactory(company=connection.company, connection=connection)
        written.set()
        assert claiming.result()
    assert time.monotonic() - started < 4
