"""What was in force after a publication, and how two differ."""

import csv
import io

import pytest

from connectors.tests.factories import RecordFactory
from mapping import in_force, publishing, reviewing
from mapping.models import Publication
from mapping.tests.factories import MappingFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def accepted(company):
    """An accepted vendor of this name."""

    def accepted(name):
        source = RecordFactory(company=company, name=name)
        target = RecordFactory(company=company, in_ledger=True, name=f"{name} there")
        return MappingFactory(company=company, source=source, target=target, accepted=True)

    return accepted


def publish(company, by) -> Publication:
    return publishing.publish(company, by=by).publication


def said(company, first, second):
    return [
        (each.source, each.what, each.before, each.after)
        for each in in_force.differences(company, first, second)
    ]


def test_added_taken_back_and_changed_target(company, admin, controller, accepted):
    stays, goes, turns = accepted("Stays"), accepted("Goes"), accepted("Turns")
    first = publish(company, controller)
    publishing.unpublish([goes, turns], by=admin, reason="wrong")
    reviewing.override(turns, RecordFactory(company=company, in_ledger=True, name="New"), by=admin)
    reviewing.leave(goes, by=admin)
    accepted("Comes")
    second = publish(company, controller)

    assert said(company, first, second) == [
        ("Comes", "added", "", "Comes there"),
        ("Turns", "changed target", "Turns there", "New"),
        ("Goes", "taken back", "Goes there", ""),
    ]
    assert stays.pk not in {e.mapping.pk for e in in_force.differences(company, first, second)}


def test_published_again_as_it_was_is_no_difference(company, admin, controller, accepted):
    mapping = accepted("Delta")
    first = publish(company, controller)
    publishing.unpublish([mapping], by=admin, reason="a mistake")
    second = publish(company, controller)

    assert said(company, first, second) == []


def test_taken_back_after_both_is_no_difference(company, admin, controller, accepted):
    mapping = accepted("Delta")
    first = publish(company, controller)
    accepted("Harbor")
    second = publish(company, controller)
    publishing.unpublish([mapping], by=admin, reason="later")

    assert said(company, first, second) == [("Harbor", "added", "", "Harbor there")]


def test_any_two_are_compared_the_earlier_first(company, controller, accepted, dana):
    for name in ("One", "Two", "Three"):
        accepted(name)
        publish(company, controller)

    page = dana.get("/c/acme/mappings/publications/compare/?from=3&to=1").content.decode()

    assert "From no. 1 to no. 3" in page
    assert ">Two<" in page
    assert ">One<" not in page


def test_without_numbers_the_last_two_are_compared(company, controller, accepted, dana):
    for name in ("One", "Two", "Three"):
        accepted(name)
        publish(company, controller)

    page = dana.get("/c/acme/mappings/publications/compare/").content.decode()

    assert "From no. 2 to no. 3" in page


def test_a_number_that_is_none_is_a_404(company, controller, accepted, dana):
    accepted("One")
    publish(company, controller)

    answer = dana.get("/c/acme/mappings/publications/compare/?from=1&to=9")

    assert answer.status_code == 404


def test_the_difference_as_csv_runs_no_formula(company, controller, accepted, dana):
    accepted("One")
    publish(company, controller)
    accepted("=cmd()")
    publish(company, controller)

    answer = dana.get("/c/acme/mappings/publications/compare.csv?from=1&to=2")

    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows == [
        ["Kind", "Change", "Source", "After no. 1", "After no. 2"],
        ["Vendors", "added", "'=cmd()", "", "'=cmd() there"],
    ]


def test_comparing_thousands_asks_few_questions(
    company, controller, accepted, django_assert_max_num_queries
):
    for number in range(40):
        accepted(f"Vendor {number:02}")
    first = publish(company, controller)
    for number in range(40, 80):
        accepted(f"Vendor {number:02}")
    second = publish(company, controller)

    with django_assert_max_num_queries(3):
        assert len(in_force.differences(company, first, second)) == 40
