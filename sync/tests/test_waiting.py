"""What the review table says of the bills that wait for a record."""

import pytest

from mapping import waiting
from mapping.waiting import Waits
from sync import readiness
from sync.tests.factories import BillFactory, map_record

pytestmark = pytest.mark.django_db


def of(record):
    return waiting.bills().by_record(record.company, [record.pk])[record.pk]


def test_a_bill_waits_for_every_record_that_it_needs(company):
    bill = BillFactory(company=company)

    assert of(bill.vendor) == of(bill.project) == Waits(1, bill.total)


def test_a_bill_that_lacks_one_record_only_goes_once_that_is_published(company):
    bill = BillFactory(company=company)
    map_record(bill.project)
    map_record(bill.lines.get().cost_code)
    map_record(bill.vendor, "accepted")
    readiness.refresh(company, bills=[bill.pk])

    assert of(bill.vendor) == Waits(1, bill.total, alone=1, amount_alone=bill.total)
    assert of(bill.project) == Waits(1, bill.total)


def test_a_ready_bill_waits_for_nothing_to_be_published(company):
    bill = BillFactory(company=company, ready=True)

    assert of(bill.vendor) == Waits(1, bill.total)
