"""What the override box and the machine may choose from, and what somebody typing finds."""

import pytest
from django.utils import timezone

from companies.models import CompanySettings
from connectors.tests.factories import RecordFactory
from mapping import searching
from mapping.models import Kind
from mapping.targets import Systems

pytestmark = pytest.mark.django_db


def names_typed(company, text, kind=Kind.VENDOR):
    return [option.record.name for option in searching.search(company, kind, text).options]


def drafted_from(company, kind):
    """Names of the rows the machine draws on."""
    return {row.name for row in searching.draftable(company, kind, Systems.of(company))}


@pytest.fixture
def concrete(company):
    """A cost code and one account that it may be drafted to, among whatever a test adds."""
    RecordFactory(company=company, cost_code=True, name="Concrete")
    return RecordFactory(company=company, account=True, name="Concrete costs")


# --- What the machine draws on


@pytest.mark.parametrize(
    "fields",
    [
        {"is_active": False},
        {"is_selectable": False},
        {"gone_at": timezone.now()},
        {"type": "Fixed Asset"},
        {"type": "Income"},
    ],
    ids=["inactive", "not for bills", "deleted", "asset", "income"],
)
def test_the_machine_never_draws_on_such_an_account(company, concrete, fields):
    RecordFactory(company=company, account=True, name="Concrete", **fields)

    assert drafted_from(company, Kind.COST_CODE) == {"Concrete costs"}


def test_the_machine_never_draws_on_a_header_account(company, concrete):
    header = RecordFactory(company=company, account=True, name="Concrete")
    RecordFactory(
        company=company, account=True, name="Slabs", parent_external_id=header.external_id
    )

    assert drafted_from(company, Kind.COST_CODE) == {"Concrete costs", "Slabs"}


def test_an_account_above_inactive_ones_only_is_no_header(company, concrete):
    RecordFactory(
        company=company,
        account=True,
        name="Old concrete",
        parent_external_id=concrete.external_id,
        is_active=False,
    )

    assert drafted_from(company, Kind.COST_CODE) == {"Concrete costs"}


def test_an_item_of_the_same_number_makes_no_header_of_an_account(company, concrete):
    company.settings.posting_style = CompanySettings.PostingStyle.EITHER
    company.settings.save()
    RecordFactory(company=company, item=True, name="Slab", parent_external_id=concrete.external_id)

    assert drafted_from(company, Kind.COST_CODE) == {"Concrete costs", "Slab"}


def test_the_machine_never_draws_on_an_item_that_bills_cannot_use(company):
    company.settings.posting_style = CompanySettings.PostingStyle.ITEMS
    company.settings.save()
    RecordFactory(company=company, item=True, name="Concrete", is_selectable=False)
    RecordFactory(company=company, item=True, name="Concrete work")

    assert drafted_from(company, Kind.COST_CODE) == {"Concrete work"}


@pytest.mark.parametrize("fields", [{"is_active": False}, {"gone_at": timezone.now()}])
def test_the_machine_never_draws_on_such_a_vendor(company, fields):
    RecordFactory(company=company, in_ledger=True, name="Harbor Glass", **fields)
    RecordFactory(company=company, in_ledger=True, name="Harbor Steel")

    assert drafted_from(company, Kind.VENDOR) == {"Harbor Steel"}


def test_the_machine_never_draws_on_another_company(company):
    RecordFactory(in_ledger=True, name="Harbor Glass")
    RecordFactory(company=company, in_ledger=True, name="Harbor Steel")

    assert drafted_from(company, Kind.VENDOR) == {"Harbor Steel"}


# --- What somebody typing finds


def test_every_word_typed_must_be_in_a_row(company):
    for name in ("Harbor Glass", "Harbor Steel", "Delta Glass"):
        RecordFactory(company=company, in_ledger=True, name=name)

    assert names_typed(company, "glass harb") == ["Harbor Glass"]


def test_a_slip_still_finds_the_row(company):
    RecordFactory(company=company, in_ledger=True, name="Harbor Glass")

    assert names_typed(company, "harbr glass") == ["Harbor Glass"]


def test_a_row_that_begins_so_comes_first(company):
    for name in ("North Harbor Glass", "Harbor Glass and Mirror"):
        RecordFactory(company=company, in_ledger=True, name=name)

    assert names_typed(company, "harbor")[0] == "Harbor Glass and Mirror"


def test_an_inactive_row_is_shown_last_and_says_why(company):
    RecordFactory(company=company, in_ledger=True, name="Harbor", is_active=False)
    RecordFactory(company=company, in_ledger=True, name="Harbor Glass Company")

    options = searching.search(company, Kind.VENDOR, "harbor").options

    assert [option.problem.split()[0] if option.problem else "" for option in options] == [
        "",
        "inactive",
    ]


def test_one_letter_finds_nothing_yet(company):
    RecordFactory(company=company, in_ledger=True, name="Harbor Glass")

    assert names_typed(company, "h") == []
