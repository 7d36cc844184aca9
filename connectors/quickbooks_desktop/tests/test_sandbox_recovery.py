"""Message sets that are kept: the replay guard of QuickBooks."""

import pytest

from connectors.quickbooks_desktop.sandbox_refusals import CannotRun
from connectors.quickbooks_desktop.tests.sandbox_world import Book, bill, expense, message_set


@pytest.fixture
def book():
    return Book()


def sent(book, body="", **ids):
    """(status of the set, TxnIDs in it)."""
    responses = book.send(message_set(body, **ids))
    return responses.get("messageSetStatusCode"), [each.text for each in responses.iter("TxnID")]


def bills(book):
    return len(book.books.all("Bill"))


ONE = bill(expense("10.00"))


def test_without_an_id_nothing_is_kept_and_no_status_of_the_set_comes(book):
    assert book.send(message_set(ONE)).get("messageSetStatusCode") is None


def test_the_same_bytes_again_get_the_stored_answer_and_add_nothing(book):
    before = bills(book)
    text = message_set(ONE, newMessageSetID="job-1")

    first = book.session.process(text)
    book.begin_again()
    second = book.session.process(text)

    assert bills(book) == before + 1
    assert second == first


def test_the_same_id_with_other_bytes_is_refused(book):
    sent(book, ONE, newMessageSetID="job-1")
    before = bills(book)

    assert sent(book, bill(expense("11.00")), newMessageSetID="job-1") == ("9001", [])
    assert bills(book) == before


def test_asking_for_a_set_tells_its_answer_and_runs_nothing(book):
    _status, keys = sent(book, ONE, newMessageSetID="job-1")
    before = bills(book)

    asked = sent(book, newMessageSetID="job-1", oldMessageSetID="job-1")

    assert asked == ("0", keys)
    assert bills(book) == before


def test_asking_for_a_set_that_never_came_says_so(book):
    assert sent(book, newMessageSetID="job-1", oldMessageSetID="job-1") == ("9002", [])


def test_confirming_forgets_and_confirming_what_is_unknown_says_so(book):
    sent(book, ONE, newMessageSetID="job-1")

    assert sent(book, oldMessageSetID="job-1") == ("0", [])
    assert sent(book, oldMessageSetID="job-1") == ("600", [])
    assert sent(book, newMessageSetID="job-1", oldMessageSetID="job-1") == ("9002", [])


def test_a_confirmed_id_runs_again(book):
    before = bills(book)
    sent(book, ONE, newMessageSetID="job-1")
    sent(book, oldMessageSetID="job-1")

    sent(book, ONE, newMessageSetID="job-1")

    assert bills(book) == before + 2


def test_the_next_set_may_confirm_the_one_before_it(book):
    sent(book, ONE, newMessageSetID="job-1")

    status, keys = sent(book, ONE, newMessageSetID="job-2", oldMessageSetID="job-1")

    assert (status, len(set(keys))) == ("0", 1)
    assert sent(book, oldMessageSetID="job-1")[0] == "600"


def test_all_sets_are_forgotten_at_once(book):
    for number in range(3):
        sent(book, ONE, newMessageSetID=f"job-{number}")

    sent(book, oldMessageSetID="ClearAllMessageSets")

    assert sent(book, newMessageSetID="job-2", oldMessageSetID="job-2") == ("9002", [])


@pytest.mark.parametrize(("length", "status"), [(24, "0"), (25, "9004")])
def test_an_id_has_at_most_twenty_four_characters(book, length, status):
    assert sent(book, ONE, newMessageSetID="j" * length)[0] == status


def test_a_set_that_could_not_be_parsed_is_not_kept(book):
    with pytest.raises(CannotRun):
        book.session.process(message_set("<NothingRq/>", newMessageSetID="job-1"))

    assert sent(book, newMessageSetID="job-1", oldMessageSetID="job-1") == ("9002", [])


def test_a_refused_request_is_kept_as_an_answer_too(book):
    body = bill(expense("x"))

    first = sent(book, body, newMessageSetID="job-1")
    again = book.send(message_set(body, newMessageSetID="job-1"))

    assert first[0] == "0"
    assert again[0].get("statusCode") == "3040"


def test_sets_belong_to_one_application(book):
    sent(book, ONE, newMessageSetID="job-1")
    book.session = book.sandbox.company_file.open("{00000000-0000-0000-0000-000000000001}")

    assert sent(book, newMessageSetID="job-1", oldMessageSetID="job-1") == ("9002", [])


def test_sets_belong_to_one_company_file(book):
    sent(book, ONE, newMessageSetID="job-1")
    other = book.sandbox.another_file(r"C:\Books\Other.qbw")
    book.session = other.open("{6f0d6a0e-2d1b-4b52-9a55-0d0c3f1f7a10}")

    assert sent(book, oldMessageSetID="job-1") == ("600", [])


def test_what_is_kept_survives_a_restart(tmp_path):
    first = Book(books=tmp_path / "books.sqlite")
    text = message_set(ONE, newMessageSetID="job-1")
    answer = first.session.process(text)

    second = Book(books=tmp_path / "books.sqlite")

    assert second.session.process(text) == answer
    assert bills(second) == bills(first)
