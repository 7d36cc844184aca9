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
from connectors.errors import RateLimited
from connectors.http import before_call
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


# --- Calls that take their turns ------------------------------------------------------------------


def next_call():
    """What an Http does before each call."""
    wait = before_call.get()
    if wait is not None:
        wait()


@pytest.mark.django_db
def test_each_call_of_a_list_takes_a_slot():
    connection = ConnectionFactory()
    with pacing.taking_turns(connection):
        for _ in range(3):
            next_call()

    ahead = pacing.next_slot(connection, TRAITS) - timezone.now()
    assert timedelta(0) < ahead <= 2 * pacing.spacing(TRAITS)


@pytest.mark.django_db
def test_a_list_comes_again_later_when_everybody_is_to_wait():
    connection = ConnectionFactory(next_free_at=timezone.now() + timedelta(seconds=60))

    with pacing.taking_turns(connection), pytest.raises(RateLimited) as caught:
        next_call()

    assert caught.value.wait > timedelta(seconds=50)


@pytest.mark.django_db
def test_a_source_takes_no_turns():
    with pacing.taking_turns(ConnectionFactory(source=True)):
        assert before_call.get() is None


@pytest.mark.django_db
def test_the_calls_of_a_bill_keep_the_distance_of_their_slots():
    started, moments = time.monotonic(), []
    with pacing.spaced(ConnectionFactory(), TRAITS, started + 0.05):
        for _ in range(3):
            next_call()
            moments.append(time.monotonic() - started)

    step = pacing.spacing(TRAITS).total_seconds()
    assert all(late - (0.05 + step * n) > -0.01 for n, late in enumerate(moments))


@pytest.mark.django_db
def test_a_call_whose_slot_went_by_takes_another():
    connection = ConnectionFactory(next_free_at=timezone.now() + timedelta(seconds=0.3))
    started = time.monotonic()
    with pacing.spaced(connection, TRAITS, started - 2):
        next_call()

    assert time.monotonic() - started > 0.2


@pytest.mark.django_db
def test_turns_end_with_the_block():
    with pacing.taking_turns(ConnectionFactory()):
        assert before_call.get() is not None

    assert before_call.get() is None
