"""What became of drafts, read from the trail."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from companies import deciding
from companies.models import CompanySettings
from companies.tests.factories import CompanyFactory, MembershipFactory
from connectors.tests.factories import RecordFactory
from mapping import reviewing, trusting
from mapping.models import Kind
from mapping.tests.factories import MappingFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return CompanyFactory()


@pytest.fixture
def person(company):
    return MembershipFactory(company=company, admin=True).user


def draft(company, confidence="0.970", **fields):
    return MappingFactory(company=company, draft=True, confidence=confidence, **fields)


def found(company):
    return trusting.outcomes(company, timezone.now() - timedelta(days=30))


def tally(company):
    return trusting.tallied(found(company), lambda each: each.kind)[Kind.VENDOR]


def elsewhere(company):
    return RecordFactory(company=company, in_ledger=True)


def test_each_decision_counts_by_what_it_said(company, person):
    reviewing.accept(draft(company), by=person)
    reviewing.override(draft(company), elsewhere(company), by=person)
    reviewing.no_match(draft(company), by=person)
    reviewing.leave(draft(company), by=person)

    counted = tally(company)

    assert (counted.as_is, counted.overridden, counted.no_match, counted.left) == (1, 1, 1, 1)
    assert counted.decided == 3
    assert counted.share_right == pytest.approx(1 / 3)


def test_a_draft_that_was_accepted_and_overridden_later_was_wrong(company, person):
    mapping = reviewing.accept(draft(company), by=person)
    reviewing.override(mapping, elsewhere(company), by=person)

    assert (tally(company).as_is, tally(company).overridden) == (0, 1)


def test_what_was_undone_is_not_counted(company, person):
    mapping = reviewing.accept(draft(company), by=person)
    reviewing.undo(mapping, by=person)

    assert found(company) == []


def test_what_was_chosen_without_a_draft_is_not_counted(company, person):
    reviewing.override(RecordFactory(company=company), elsewhere(company), by=person)

    assert found(company) == []


def test_another_companys_decisions_are_not_counted(company, person):
    other = CompanyFactory()
    reviewing.accept(draft(other), by=MembershipFactory(company=other, admin=True).user)

    assert found(company) == []


def test_a_bar_counts_what_lies_at_or_above_it(company, person):
    reviewing.accept(draft(company, "0.950"), by=person)
    reviewing.override(draft(company, "0.900"), elsewhere(company), by=person)
    draft(company, "0.990")

    vendors = trusting.by_kind(company, found(company), timezone.now() - timedelta(days=30))[0]
    bars = {bar.at: bar for bar in vendors.bars}

    assert (bars[Decimal("0.95")].tally.as_is, bars[Decimal("0.95")].tally.wrong) == (1, 0)
    assert (bars[Decimal("0.9")].tally.as_is, bars[Decimal("0.9")].tally.wrong) == (1, 1)
    assert bars[Decimal("0.95")].waiting == 1
    assert bars[Decimal("0.95")].is_high
    assert bars[Decimal("0.6")].is_medium


def test_a_bin_says_what_was_promised_and_what_was_right(company, person):
    reviewing.accept(draft(company, "0.910"), by=person)
    reviewing.override(draft(company, "0.930"), elsewhere(company), by=person)

    vendors = trusting.by_kind(company, found(company), timezone.now() - timedelta(days=30))[0]

    (only,) = vendors.bins
    assert only.said == pytest.approx(0.92)
    assert only.tally.share_right == 0.5


def test_the_pace_is_the_time_between_one_persons_decisions(company, person):
    mapping = draft(company)
    start = timezone.now() - timedelta(days=1)
    for seconds in (0, 4, 10, 900):  # 4 s, 6 s, and a break
        said_at(start + timedelta(seconds=seconds), mapping, by=person)

    pace = trusting.paces(company, start - timedelta(days=1))[Kind.VENDOR]

    assert (pace.seconds, pace.decisions) == (5.0, 2)


def test_rows_of_a_file_are_no_decisions_of_milliseconds(company, person):
    mapping, start = draft(company), timezone.now() - timedelta(days=1)
    for row in range(20):
        said_at(start + timedelta(milliseconds=5 * row), mapping, by=person)

    assert trusting.paces(company, start - timedelta(days=1)) == {}


def said_at(at, mapping, *, by):
    """A line as of then: the trail takes none that is changed afterwards."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_entry (company_id, at, user_id, who, verb, object_type, object_id,"
            " object_name, reason, request_id, leads) VALUES (%s, %s, %s, 'Dana', 'accepted',"
            " 'mapping.mapping', %s, 'vendor', '', '', true)",
            [mapping.company_id, at, by.pk, mapping.pk],
        )


# --- The page


def page(company):
    return reverse("matching:settings", args=[company.slug])


def typed(company, **changes):
    values = {
        "vendor_high": "95",
        "vendor_medium": "85",
        "project_high": "95",
        "project_medium": "85",
        "line_high": "90",
        "line_medium": "70",
        "version": deciding.version_of(CompanySettings.objects.get(company=company)),
    }
    return values | changes


def test_the_page_leads_from_the_number_to_the_draft_that_was_wrong(company, person, client_for):
    mapping = draft(company)
    reviewing.override(mapping, elsewhere(company), by=person)

    text = client_for(person).get(page(company)).content.decode()

    assert "1 overridden" in text
    assert mapping.get_absolute_url() in text


def test_an_admin_sets_the_thresholds_here(company, person, client_for):
    response = client_for(person).post(page(company), typed(company, vendor_high="97.5"))

    assert response.status_code == 302
    assert CompanySettings.objects.get(company=company).vendor_high == Decimal("0.975")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"vendor_medium": "96"}, "Medium cannot be above high"),
        ({"line_high": "101"}, "less than or equal to 100"),
        ({"line_medium": "10"}, "greater than or equal to 50"),
    ],
)
def test_what_cannot_be_is_said_and_not_saved(company, person, client_for, changes, words):
    response = client_for(person).post(page(company), typed(company, **changes))

    assert response.status_code == 422
    assert words in response.content.decode()
    assert CompanySettings.objects.get(company=company).vendor_medium == Decimal("0.600")


def test_a_controller_sees_how_drafts_did_and_who_may_change_the_bars(company, client_for):
    person = MembershipFactory(company=company, controller=True).user

    text = client_for(person).get(page(company)).content.decode()
    answer = client_for(person).post(page(company), typed(company))

    assert "Only an admin can change settings" in text
    assert answer.status_code == 403


def test_the_page_keeps_to_twelve_queries(
    company, person, client_for, django_assert_max_num_queries
):
    for _ in range(5):
        reviewing.accept(draft(company), by=person)
    client = client_for(person)
    client.get(page(company))

    with django_assert_max_num_queries(12):
        client.get(page(company))
