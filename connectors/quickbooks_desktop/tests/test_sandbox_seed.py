"""A company file filled from CSV files."""

import shutil
from pathlib import Path

import pytest

from connectors.quickbooks_desktop.sandbox import QuickBooksDesktopSandbox
from connectors.quickbooks_desktop.sandbox_seed import list_id

SEED = Path(__file__).parent / "sandbox_seed"


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(SEED, tmp_path / "seed")


def add(folder, file, line):
    with (folder / file).open("a", encoding="utf-8") as rows:
        rows.write(f"{line}\n")


def test_a_plain_number_becomes_an_id_of_the_right_form():
    assert list_id("36") == "80000024-1702310455"


def test_an_id_of_the_right_form_stays():
    assert list_id("800001FA-1602310455") == "800001FA-1602310455"


def test_a_customer_with_a_parent_is_a_job_wherever_it_stands_in_the_file():
    books = QuickBooksDesktopSandbox(seed=SEED).company_books

    job = books.named("Customer", "port of tacoma:2417 pier 7")

    assert (job["Sublevel"], job["FullName"]) == (1, "Port of Tacoma:2417 Pier 7")
    assert job["ParentRef"] == list_id("60")


def test_types_of_accounts_may_be_spelled_as_quickbooks_online_does():
    books = QuickBooksDesktopSandbox(seed=SEED).company_books

    kinds = {books.get("Account", list_id(key))["AccountType"] for key in ("14", "15")}

    assert kinds == {"CostOfGoodsSold"}


def test_books_that_are_kept_are_not_loaded_again(tmp_path, folder):
    first = QuickBooksDesktopSandbox(seed=folder, books=tmp_path / "books.sqlite")
    add(folder, "vendors.csv", "99,Late Comer,,,,,,,,,,,,true")

    again = QuickBooksDesktopSandbox(seed=folder, books=tmp_path / "books.sqlite")

    assert again.company_books.all("Vendor") == first.company_books.all("Vendor")


@pytest.mark.parametrize(
    ("file", "line", "said"),
    [
        ("vendors.csv", f"99,{'V' * 42},,,,,,,,,,,,true", "Name has more than 41"),
        ("vendors.csv", "99,Tide: Works,,,,,,,,,,,,true", "a colon"),
        ("vendors.csv", "99,ann mercer,,,,,,,,,,,,true", "already in use"),
        ("vendors.csv", "50,Twice,,,,,,,,,,,,true", "there twice"),
        ("accounts.csv", f"99,5901,{'A' * 32},Expense,,,true", "Name has more than 31"),
        ("customers.csv", "99,Lost,98,true,,,true", "parents that are not in it"),
        ("customers.csv", "99,2417 PIER 7,60,true,,,true", "already in use"),
        ("bills.csv", f"99,50,{'9' * 21},2026-01-02,,,1.00,14,", "RefNumber has more than 20"),
    ],
)
def test_what_desktop_cannot_hold_stops_the_loading(folder, file, line, said):
    add(folder, file, line)

    with pytest.raises(ValueError, match=said):
        QuickBooksDesktopSandbox(seed=folder)
