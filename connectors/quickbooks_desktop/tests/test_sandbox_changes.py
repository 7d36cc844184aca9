"""What a bookkeeper does to lists by hand."""

import pytest

from connectors.quickbooks_desktop.sandbox_refusals import Refusal
from connectors.quickbooks_desktop.sandbox_seed import list_id, txn_id
from connectors.quickbooks_desktop.tests.sandbox_world import (
    CAST,
    CLOSED,
    MASON,
    MATERIALS,
    NOT_BOUGHT,
    PAYABLE,
    PENA,
    PIER,
    PORT,
    REBAR,
    RIDGELINE,
    SOUND,
    SUBCONTRACTORS,
    Book,
    bill,
    item,
)


@pytest.fixture
def book():
    return Book()


def row(book, kind, key):
    found = book.ask(f"<{kind}QueryRq><ListID>{key}</ListID></{kind}QueryRq>")
    return found[0] if len(found) else None


def deleted(book, kind):
    query = f"<ListDeletedQueryRq><ListDelType>{kind}</ListDelType></ListDeletedQueryRq>"
    return [each.findtext("ListID") for each in book.ask(query)]


def test_a_renamed_row_has_a_new_sequence_and_its_branch_a_new_path(book):
    before = row(book, "Customer", PORT).findtext("EditSequence")

    book.sandbox.change("Customer", PORT, "rename", name="Port of Olympia")

    assert row(book, "Customer", PORT).findtext("EditSequence") != before
    assert row(book, "Customer", PIER).findtext("FullName") == "Port of Olympia:2417 Pier 7"


def test_nothing_is_renamed_to_a_name_in_use(book):
    with pytest.raises(Refusal, match="3100"):
        book.sandbox.change("Vendor", PENA, "rename", name="Ann Mercer")


def test_a_row_moves_below_another_and_to_the_top(book):
    book.sandbox.change("Customer", PORT, "move", parent=MASON)
    below = row(book, "Customer", PIER).findtext("FullName")
    book.sandbox.change("Customer", PORT, "move", parent="")

    assert below == "Mason County:Port of Tacoma:2417 Pier 7"
    assert row(book, "Customer", PIER).findtext("Sublevel") == "1"


def test_a_row_is_made_inactive_and_active_again(book):
    book.sandbox.change("Vendor", PENA, "inactivate")
    away = row(book, "Vendor", PENA).findtext("IsActive")
    book.sandbox.change("Vendor", PENA, "reactivate")

    assert (away, row(book, "Vendor", PENA).findtext("IsActive")) == ("false", "true")


def test_after_a_merge_the_loser_is_gone_and_its_bills_are_the_winners(book):
    book.sandbox.change("Vendor", SOUND, "merge", into=RIDGELINE)

    assert row(book, "Vendor", SOUND) is None
    assert deleted(book, "Vendor") == [SOUND]
    assert book.books.get("Bill", txn_id("901"))["VendorRef"] == RIDGELINE
    assert row(book, "Vendor", RIDGELINE).findtext("Balance") == "1500.50"


def test_accounts_of_two_types_are_not_merged(book):
    with pytest.raises(Refusal, match="AccountType"):
        book.sandbox.change("Account", MATERIALS, "merge", into=list_id("10"))


def test_a_row_with_others_below_it_is_not_merged(book):
    with pytest.raises(Refusal, match="stands below"):
        book.sandbox.change("Customer", PORT, "merge", into=MASON)


def test_an_account_and_an_item_change_their_type(book):
    book.sandbox.change("Account", SUBCONTRACTORS, "retype", type="Expense")
    book.sandbox.change("Item", REBAR, "retype", type="ItemOtherCharge")

    assert row(book, "Account", SUBCONTRACTORS).findtext("AccountType") == "Expense"
    assert row(book, "Item", REBAR).tag == "ItemOtherChargeRet"


def test_a_system_account_keeps_its_type(book):
    with pytest.raises(Refusal, match="type"):
        book.sandbox.change("Account", PAYABLE, "retype", type="Expense")


def test_an_item_that_is_no_longer_bought_posts_to_its_income(book):
    book.sandbox.change("Item", CAST, "stop_buying")

    response = book.ask(bill(item("<Amount>1.00</Amount>")))

    assert row(book, "Item", CAST).find("SalesAndPurchase") is None
    assert response.get("statusCode") == "0"
    assert book.books.moved(list_id("18")) == 1


def test_an_item_that_was_never_bought_cannot_stop(book):
    with pytest.raises(Refusal):
        book.sandbox.change("Item", NOT_BOUGHT, "stop_buying")


def test_an_unused_row_is_deleted_and_a_used_one_is_not(book):
    book.sandbox.change("Vendor", CLOSED, "delete")

    assert deleted(book, "Vendor") == [CLOSED]
    with pytest.raises(Refusal, match="in use"):
        book.sandbox.change("Vendor", RIDGELINE, "delete")


def test_a_recreated_row_has_its_name_and_another_id(book):
    fresh = book.sandbox.change("Vendor", RIDGELINE, "recreate")["ListID"]

    old, new = row(book, "Vendor", RIDGELINE), row(book, "Vendor", fresh)
    assert (old.findtext("Name"), old.findtext("IsActive")) == (
        "Ridgeline Concrete LLC (old)",
        "false",
    )
    assert (new.findtext("Name"), new.findtext("AccountNumber")) == (
        "Ridgeline Concrete LLC",
        "HP-14",
    )


def test_a_row_that_was_never_there_is_not_even_in_the_log(book):
    book.sandbox.change("Vendor", PENA, "roll_back")

    assert row(book, "Vendor", PENA) is None
    assert deleted(book, "Vendor") == []


def test_terms_that_are_due_at_once_stay_so(book):
    key = list_id("1")
    book.sandbox.change("Terms", key, "rename", name="On receipt")

    assert row(book, "Terms", key).findtext("StdDueDays") == "0"
