"""What a ledger's limits make of a bill, said before it is sent."""

import pytest

from common.choices import System
from connectors.tests.factories import ConnectionFactory
from sync import fitting
from sync.tests.factories import BillFactory

pytestmark = pytest.mark.django_db


def sentences(company, number, *descriptions, **ledger):
    bill = BillFactory(company=company, number=number)
    connection = ConnectionFactory(company=company, **ledger)
    return list(fitting.sentences(bill, descriptions, connection))


def test_what_fits_is_not_talked_about(company):
    assert sentences(company, "KC-100", "Foundations") == []


def test_a_long_number_says_what_will_be_sent(company):
    (said,) = sentences(company, "SUBCONTRACT-2026-0001-PAY-APP-07")

    assert "keeps 21 characters of a number" in said
    assert "it will be sent as SUBCONTRACT-20~" in said
    assert "The memo holds the whole number" in said


def test_each_ledger_has_its_own_limit(company):
    number = "N" * 21

    assert sentences(company, number) == []
    company.connections.update(state="disconnected")
    (said,) = sentences(company, number, system=System.QUICKBOOKS_DESKTOP)
    assert "keeps 20 characters" in said


def test_descriptions_that_are_cut_are_counted(company):
    (said,) = sentences(company, "KC-100", "a" * 4001, "b" * 5000, "c")

    assert said.startswith("2 descriptions will end after 4,000 characters")
