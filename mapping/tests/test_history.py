"""One timeline for each mapping: what was found, drafted, decided, published, and why."""

import pytest

from connectors.tests.factories import RecordFactory
from mapping import drafting, publishing, reviewing
from mapping.history import Timeline
from mapping.models import Kind, SuggestionRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(company):
    target = RecordFactory(company=company, in_ledger=True, name="Delta Drywall")
    return RecordFactory(company=company, name="Delta Drywall LLC"), target


def look(company):
    """One go of the machine, as the queue would let it go."""
    run = drafting.start(company, Kind.VENDOR, by=None)
    drafting.draft(run)
    return SuggestionRun.objects.get(pk=run.pk)


def told(company, source):
    return Timeline(company, source, company.mappings.filter(source=source).first())


def test_a_draft_is_told_with_its_score_reason_ranker_and_run(company, pair):
    run = look(company)

    (event,) = told(company, pair[0])[:9]
    assert event.text == "Drafted: Delta Drywall"
    assert "%" in event.note
    assert event.note.endswith(f"local ranker, run {run.pk}")


def test_what_was_found_again_is_told_too(company, pair):
    look(company)
    again = look(company)

    events = told(company, pair[0])[:9]

    assert [event.text for event in events] == [
        "Found again: Delta Drywall",
        "Drafted: Delta Drywall",
    ]
    assert events[0].note.endswith(f"run {again.pk}")


def test_what_was_not_found_is_told(company):
    source = RecordFactory(company=company, name="Nobody Knows Inc")
    RecordFactory(company=company, in_ledger=True, name="Harbor Glass")
    look(company)

    (event,) = told(company, source)[:9]
    assert event.text == "Found nothing sure enough"


def test_it_is_complete_after_undo_and_withdrawal(company, pair, controller):
    look(company)
    mapping = company.mappings.get()
    reviewing.comment(mapping, "Ask Tom", by=controller)
    mapping = reviewing.accept(mapping, by=controller)
    mapping = reviewing.undo(mapping, by=controller)
    pair[1].is_active = False
    pair[1].save()
    look(company)

    texts = [event.text for event in told(company, pair[0])[:20]]

    assert [text.partition(":")[0] for text in reversed(texts)] == [
        "Drafted",
        "Wrote a note",
        "Accepted",
        "Undid the decision on",
        "Drafted",
    ]
    assert texts[0] == "Drafted: Delta Drywall → nothing"


def test_a_publication_leads_to_its_page(company, pair, controller):
    look(company)
    mapping = reviewing.accept(company.mappings.get(), by=controller)
    result = publishing.publish(company, by=controller, only=[mapping.pk])

    event = told(company, pair[0])[:1][0]
    assert event.url == result.publication.get_absolute_url()
    assert event.note == "Publication no. 1"


def test_a_slice_reads_as_much_whatever_lies_behind(
    company, pair, controller, django_assert_max_num_queries
):
    look(company)
    mapping = company.mappings.get()
    for number in range(120):
        reviewing.comment(mapping, f"Note {number}", by=controller)

    with django_assert_max_num_queries(4):
        events = told(company, pair[0])[50:100]

    assert [events[0].note, events[-1].note] == ["Note 69", "Note 20"]


def test_the_page_leads_to_older_events(company, pair, controller, dana):
    look(company)
    mapping = company.mappings.get()
    for number in range(60):
        reviewing.comment(mapping, f"Note {number}", by=controller)

    first = dana.get(mapping.get_absolute_url()).content.decode()
    second = dana.get(mapping.get_absolute_url(), {"history": 2}).content.decode()

    assert "?history=2#history" in first
    assert ("Note 5<" in first, "Note 5<" in second) == (False, True)
