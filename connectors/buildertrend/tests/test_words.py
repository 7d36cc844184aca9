"""Words of an open vocabulary: known ones mean something, unknown ones no approval."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.buildertrend import words
from connectors.buildertrend.words import BillState, POState


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("Draft", POState.DRAFT),
        ("Sent", POState.RELEASED),
        ("Sent to Sub/Vendor - Pending", POState.RELEASED),
        ("Sub/Vendor Approved", POState.APPROVED),
        ("Sub/Vendor Approved - 8-13-26", POState.APPROVED),
        ("sub/vendor  approved", POState.APPROVED),
        ("Internally Approved", POState.APPROVED),
        ("Approved - Assigned Internally", POState.APPROVED),
        ("Client Approved - Bank", POState.APPROVED),
        ("Sub/Vendor Declined", POState.DECLINED),
        ("Client Approved, then Cancelled", POState.CANCELLED),
        ("Work Complete", POState.COMPLETED),
        ("Not Complete", POState.UNKNOWN),
        ("Not Approved", POState.UNKNOWN),
        ("Unapproved", POState.UNKNOWN),
        ("Approved by Zeus", POState.UNKNOWN),
        ("", POState.UNKNOWN),
    ],
)
def test_an_approval_is_compared_as_text(text, state):
    assert words.purchase_order_state(text) == state


def test_what_was_recalled_is_approved_no_more():
    state = words.purchase_order_state("Sub/Vendor Approved", is_recalled=True)

    assert state == POState.RECALLED
    assert state not in words.COMMITTED


@pytest.mark.parametrize(
    ("text", "state", "is_due"),
    [
        ("Draft", BillState.DRAFT, False),
        ("Pending Approval", BillState.PENDING, False),
        ("Approved", BillState.APPROVED, True),
        ("ready for payment", BillState.READY, True),
        ("Paid", BillState.PAID, True),
        ("Void", BillState.VOID, False),
        ("Voided", BillState.VOID, False),
        ("Not Paid", BillState.UNKNOWN, False),
        ("Partially Paid", BillState.UNKNOWN, False),
        ("Approved?", BillState.UNKNOWN, False),
    ],
)
def test_a_bills_status(text, state, is_due):
    assert words.bill_state(text) == state
    assert (state in words.TO_BE_PAID) is is_due


KNOWN_PARTS = ("approved", "complete", "declin", "cancel", "draft", "sent", "paid", "ready", "void")


@given(st.text(max_size=60).filter(lambda text: not any(p in text.lower() for p in KNOWN_PARTS)))
def test_a_word_that_nobody_knows_approves_nothing(text):
    assert words.purchase_order_state(text) == POState.UNKNOWN
    assert words.bill_state(text) not in words.TO_BE_PAID


@pytest.mark.parametrize(
    ("title", "number", "name"),
    [
        ("24-017 Lot 17 Aspen Ridge", "24-017", "Lot 17 Aspen Ridge"),
        ("24-017 - Lot 17", "24-017", "Lot 17"),
        ("2417 - Aspen Ridge", "2417", "Aspen Ridge"),
        ("JOB-104: Barn", "JOB-104", "Barn"),
        ("5620 - Shower doors and mirrors", "5620", "Shower doors and mirrors"),
        ("03-110 - Rough Carpentry", "03-110", "Rough Carpentry"),
        ("03.110 \N{EN DASH} Rough Carpentry", "03.110", "Rough Carpentry"),
        ("26-019B Barn", "26-019B", "Barn"),
        # What looks like a number and is none.
        ("1204 Juniper Way", "", "1204 Juniper Way"),
        ("2x4 lumber", "", "2x4 lumber"),
        ("12 Gauge wire", "", "12 Gauge wire"),
        ("Tile Labor", "", "Tile Labor"),
        ("Smith-Jones remodel", "", "Smith-Jones remodel"),
        ("Deck - phase 2", "", "Deck - phase 2"),
        ("24-017", "", "24-017"),
        ("  Barn  ", "", "Barn"),
    ],
)
def test_a_number_is_told_from_a_name_only_where_the_writing_shows_it(title, number, name):
    assert words.split_number(title) == (number, name)


@given(st.text(max_size=80))
def test_nothing_of_a_title_is_lost(title):
    number, name = words.split_number(title)

    assert title.strip().startswith(number)
    assert title.strip().endswith(name)
    assert bool(name) == bool(title.strip())


@pytest.mark.parametrize("name", ["-- Unassigned --", "Buildertrend Misc.", "BUILDERTREND MISC"])
def test_names_that_stand_for_nobody(name):
    assert words.is_nobody(name)


@pytest.mark.parametrize(
    ("title", "is_payment"),
    [
        ("Customer Payment", True),
        ("payment", True),
        ("99 - Payments:", True),
        ("Payment bond", False),
        ("Bond payment processing", False),
    ],
)
def test_payments_among_the_cost_codes_are_known(title, is_payment):
    assert words.is_payment(title) is is_payment


def test_the_flat_rate_counts_only_alone():
    assert words.real_codes(["Buildertrend Flat Rate", "Tile Labor"]) == ["Tile Labor"]
    assert words.real_codes(["Buildertrend Flat Rate"]) == ["Buildertrend Flat Rate"]
    assert words.real_codes(["Tile Labor", " tile labor ", ""]) == ["tile labor"]
