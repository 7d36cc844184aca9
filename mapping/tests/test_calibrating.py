from decimal import Decimal

import pytest

from companies.tests.factories import CompanyFactory
from connectors.tests.factories import RecordFactory
from mapping import calibrating
from mapping.models import Kind
from mapping.tests.factories import MappingFactory, SuggestionFactory, SuggestionRunFactory

pytestmark = pytest.mark.django_db


def answered(company, count, *, state="accepted", as_is=True, kind=Kind.VENDOR, model="small-1"):
    """`count` records of which the model named a target, and what people made of that."""
    run = SuggestionRunFactory(company=company, kind=kind)
    for _ in range(count):
        source = RecordFactory(company=company)
        target = RecordFactory(company=company, in_ledger=True)
        SuggestionFactory(
            company=company,
            run=run,
            source=source,
            target=target,
            model=model,
            model_target=target,
            model_confidence=Decimal("0.99"),
        )
        chosen = target if as_is else RecordFactory(company=company, in_ledger=True)
        MappingFactory(
            company=company,
            source=source,
            target=None if state in ("no_match", "no_draft") else chosen,
            **{state: True},
        )


def surest(company):
    return calibrating.surest(company, Kind.VENDOR, "small-1")


def test_before_anybody_decided_it_is_shown_as_sure_as_any_model(company):
    assert surest(company) == 0.9


@pytest.mark.parametrize("state", ["accepted", "published"])
def test_answers_that_were_accepted_raise_it(company, state):
    answered(company, 4, as_is=False)
    answered(company, 6, state=state)

    assert surest(company) == 0.8  # (6 + 18) of (10 + 20)


@pytest.mark.parametrize(("state", "as_is"), [("accepted", False), ("no_match", True)])
def test_answers_that_were_overridden_lower_it(company, state, as_is):
    answered(company, 10, state=state, as_is=as_is)

    assert surest(company) == 0.6


@pytest.mark.parametrize("state", ["draft", "left", "no_draft"])
def test_what_nobody_decided_says_nothing(company, state):
    answered(company, 10, state=state, as_is=False)

    assert surest(company) == 0.9


def test_one_unlucky_answer_does_not_end_its_drafts(company):
    answered(company, 1, as_is=False)

    assert surest(company) > company.settings.vendor_medium


def test_until_there_are_thirty_decisions_it_stays_below_nine_tenths(company):
    answered(company, 29)

    assert surest(company) == 0.9


def test_from_thirty_decisions_on_it_may_be_high(company):
    answered(company, 30)

    assert surest(company) == 0.96


def test_until_then_it_is_never_high(company):
    company.settings.vendor_high = Decimal("0.75")
    company.settings.vendor_medium = Decimal("0.5")
    answered(company, 10)

    assert surest(company) == 0.749


def test_another_company_model_or_kind_says_nothing(company):
    answered(CompanyFactory(), 3, as_is=False)
    answered(company, 3, as_is=False, model="large-2")
    answered(company, 3, as_is=False, kind=Kind.PROJECT)

    assert surest(company) == 0.9


def test_its_latest_word_on_a_record_counts(company):
    answered(company, 1, as_is=False)
    mapping = company.mappings.get()
    SuggestionFactory(
        company=company,
        source=mapping.source,
        target=mapping.target,
        model="small-1",
        model_target=mapping.target,
    )

    assert calibrating.record_of(company, Kind.VENDOR, "small-1").right == 1
