"""Whatever arrives, what leaves is a record, an unreadable row or an error of ours."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.choices import RecordKind
from connectors.errors import ConnectorError, UnexpectedPayload
from connectors.http import Answer
from connectors.marks import key_in
from connectors.quickbooks_online import refusals, translate, writing
from connectors.records import PostedBill, PulledRecord, Unreadable

scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=10) | st.decimals()
NAMES = [
    *("Id", "DisplayName", "Name", "BillAddr", "MetaData", "LastUpdatedTime", "ParentRef", "value"),
    *("FullyQualifiedName", "Active", "VendorRef", "TxnDate", "TotalAmt", "PrivateNote", "Type"),
    *("Fault", "fault", "Error", "error", "code", "Message", "Detail", "CurrencyRef", "IsProject"),
]
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=8)
    ),
    max_leaves=20,
)


@given(st.sampled_from(list(translate.LISTS)), anything)
def test_any_row_is_understood_or_said_to_be_unreadable(kind, payload):
    assert isinstance(translate.record(kind, payload), PulledRecord | Unreadable)


@given(anything)
def test_any_bill_is_understood_or_an_error_of_ours(payload):
    with suppress(UnexpectedPayload):
        translate.posted_bill(payload, app_url="")


@given(anything | st.fixed_dictionaries({"Line": st.lists(anything, max_size=3)}))
def test_any_listed_bill_is_understood_or_said_to_be_unreadable(payload):
    if isinstance(payload, dict):
        payload |= {"Id": "7", "VendorRef": {"value": "56"}, "TxnDate": "2026-02-27", "TotalAmt": 5}

    assert isinstance(translate.listed_bill(payload, app_url=""), PostedBill | Unreadable)


@given(anything, anything)
def test_any_company_is_understood_or_an_error_of_ours(info, preferences):
    with suppress(UnexpectedPayload):
        translate.company(info, preferences, realm_id="1")


@given(anything, st.binary(max_size=50), st.integers(400, 499))
def test_any_refusal_is_an_error_of_ours(data, body, status):
    answer = Answer(status=status, headers={}, body=body, data=data, request_id="")

    assert isinstance(refusals.refusal(answer), ConnectorError)


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("Larkspur (deleted)", "Larkspur"),
        ("Larkspur (Deleted)", "Larkspur"),
        ("Larkspur(DELETED) ", "Larkspur"),
        ("Larkspur (deleted 2)", "Larkspur"),
        ("(deleted) Larkspur", "(deleted) Larkspur"),
        ("Larkspur", "Larkspur"),
    ],
)
def test_mark_of_deletion_is_taken_off_the_end_only(name, clean):
    assert translate.without_deleted_mark(name) == clean


def test_path_is_clean_at_every_level():
    payload = {"Id": "1", "Name": "Old", "FullyQualifiedName": "Costs (deleted):Old (Deleted)"}

    assert translate.record(RecordKind.CLASS, payload).path == "Costs:Old"


def test_a_missing_flag_means_active():
    assert translate.record(RecordKind.TERM, {"Id": "1", "Name": "Net 10"}).is_active


@pytest.mark.parametrize(
    ("note", "key"),
    [
        ("Pay app 4 [tieout:aB3]", "aB3"),
        ("[tieout:x] edited by hand", "x"),
        ("Voided - [tieout:x]", "x"),
        (writing.note("Job [tieout:other] · SC-1", "mine"), "mine"),
        ("tieout:x", ""),
        ("", ""),
    ],
)
def test_key_is_read_from_the_note(note, key):
    assert key_in(note) == key


def test_total_that_came_as_a_number_is_exact():
    payload = {
        "Id": "1",
        "VendorRef": {"value": "5"},
        "TxnDate": "2026-03-01",
        "TotalAmt": Decimal("0.1"),
    }

    assert translate.posted_bill(payload, app_url="").total == Decimal("0.10")
