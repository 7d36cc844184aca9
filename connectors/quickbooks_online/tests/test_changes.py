"""What the screens of QuickBooks let a bookkeeper do to a list, and what they refuse."""

import pytest
import requests

from common.choices import RecordKind


def by_id(client, kind):
    return {record.external_id: record for record in client.records(kind)}


@pytest.fixture
def refused(served):
    """Why the sandbox did not do it."""

    def refused(what: str, /, **said):
        answer = requests.post(f"{served.url}/_sandbox/{what}", json=said, timeout=5)
        assert answer.status_code == 400
        return answer.json()["error"]

    return refused


def test_no_row_of_a_list_is_deleted(refused):
    assert "deletes no row" in refused("vendor/57/delete")


def test_the_loser_of_a_merge_is_inactive_under_the_winners_name(client, order):
    order("vendor/57/merge", into="56")

    vendors = by_id(client, RecordKind.VENDOR)
    assert vendors["57"].name == vendors["56"].name
    assert (vendors["57"].is_active, vendors["56"].is_active) == (False, True)


def test_a_merge_takes_bills_to_the_winner(served, order):
    order("vendor/56/merge", into="57")

    bills = requests.get(f"{served.url}/_sandbox/bills", timeout=5).json()
    assert {bill["vendor_id"] for bill in bills} == {"57"}


def test_accounts_of_two_types_are_not_merged(refused):
    assert "the same AccountType" in refused("account/64/merge", into="71")


def test_an_account_moves_with_its_path(client, order):
    order("account/64/move", parent="")

    assert by_id(client, RecordKind.ACCOUNT)["64"].path == "Subcontractors"


def test_a_row_cannot_stand_below_itself(refused):
    assert "below itself" in refused("account/60/move", parent="64")


def test_a_vendor_stands_in_no_tree(refused):
    assert "no tree" in refused("vendor/56/move", parent="57")


def test_a_name_that_is_taken_is_not_given_again(client, refused):
    taken = by_id(client, RecordKind.VENDOR)["56"].name

    assert "6240" in refused("vendor/57/rename", name=taken)


def test_the_payable_account_keeps_its_type(refused):
    assert "cannot be changed" in refused("account/33/retype", type="Expense")


def test_an_item_does_not_become_a_category(refused):
    assert "cannot be changed" in refused("item/19/retype", type="Category")


def test_what_a_bill_names_is_not_rolled_back(refused):
    assert "depends on it" in refused("vendor/56/roll_back")


def test_an_item_that_is_no_longer_bought_cannot_be_chosen(client, order):
    order("item/19/stop_buying")

    assert not by_id(client, RecordKind.ITEM)["19"].is_selectable
