"""Vendors, customers and jobs as they are added and changed, and what is deleted of a list."""

import pytest

from connectors.quickbooks_desktop.tests.sandbox_world import (
    CLOSED,
    MASON,
    OWNER,
    PENA,
    PIER,
    PORT,
    RAMP,
    RIDGELINE,
    SOUND,
    Book,
    bill,
    expense,
)

GUID = "{b7d1a2c8-1a52-4a6e-8e0e-3d5b0e7f6c21}"


@pytest.fixture
def book():
    return Book()


def vendor(name, more=""):
    return f"<VendorAddRq><VendorAdd><Name>{name}</Name>{more}</VendorAdd></VendorAddRq>"


def customer(name, more=""):
    return f"<CustomerAddRq><CustomerAdd><Name>{name}</Name>{more}</CustomerAdd></CustomerAddRq>"


def below(key):
    return f"<ParentRef><ListID>{key}</ListID></ParentRef>"


def changed(book, kind, key, more, sequence=None):
    sequence = sequence or book.books.get(kind, key)["EditSequence"]
    return (
        f"<{kind}ModRq><{kind}Mod><ListID>{key}</ListID><EditSequence>{sequence}</EditSequence>"
        f"{more}</{kind}Mod></{kind}ModRq>"
    )


def test_a_new_vendor_comes_back_with_its_id_and_its_sequence(book):
    response = book.ask(vendor("Harbor Electric"), version="13.0")
    ret = response[0]

    assert ret.tag == "VendorRet"
    assert ret.findtext("ListID").startswith("8")
    assert ret.findtext("EditSequence")
    assert (ret.findtext("IsActive"), ret.findtext("Balance")) == ("true", "0.00")


def test_an_add_tells_how_to_recover_from_version_11_on(book):
    new = book.ask(vendor("A"), version="11.0")
    old = book.ask(vendor("B"), version="10.0")

    assert new.findtext("ErrorRecovery/ListID") == new.findtext("VendorRet/ListID")
    assert old.find("ErrorRecovery") is None


@pytest.mark.parametrize(
    "name", ["ridgeline concrete llc", "Ann Mercer", "City Hall Cashier", "Port of Tacoma",
             "Closed Supply Co.", "  Ann Mercer  "],
)  # fmt: skip
def test_vendors_customers_employees_and_others_share_their_names(book, name):
    assert book.status(vendor(name)) == 3100


def test_a_vendor_may_be_called_like_a_job_which_is_not_at_the_top(book):
    assert book.status(vendor("2417 Pier 7")) == 0


def test_a_colon_is_in_no_name(book):
    assert book.status(vendor("Tide: Works")) == 3090


def test_a_customer_with_a_parent_is_a_job(book):
    ret = book.ask(customer("2419 Fuel Dock", below(PORT) + "<JobStatus>Awarded</JobStatus>"))[0]

    assert ret.findtext("FullName") == "Port of Tacoma:2419 Fuel Dock"
    assert (ret.findtext("Sublevel"), ret.findtext("JobStatus")) == ("1", "Awarded")
    assert ret.findtext("ParentRef/FullName") == "Port of Tacoma"


def test_jobs_are_unique_below_their_customer_and_not_beyond(book):
    assert book.status(customer("2417 Pier 7", below(PORT))) == 3100
    assert book.status(customer("2418 Boat Ramp", below(MASON))) == 0


def test_a_parent_that_is_inactive_or_gone_is_an_invalid_reference(book):
    assert book.status(customer("Phase 2", below(RAMP))) == 3140
    assert book.status(customer("Phase 2", below("8FFFFFF-1"))) == 3140


def test_a_full_name_has_at_most_209_characters(book):
    parent, name = PORT, "n" * 41
    for _level in range(4):
        parent = book.ask(customer(name, below(parent)))[0].findtext("ListID")

    assert book.status(customer(name, below(parent))) == 3070


def test_a_reference_by_id_wins_over_its_name(book):
    terms = "<TermsRef><ListID>80000002-1702310455</ListID><FullName>Nothing</FullName></TermsRef>"

    ret = book.ask(vendor("Harbor Electric", terms))[0]

    assert ret.findtext("TermsRef/FullName") == "Net 30"


def test_a_reference_to_another_list_is_invalid(book):
    terms = f"<TermsRef><ListID>{RIDGELINE}</ListID></TermsRef>"

    assert book.status(vendor("Harbor Electric", terms)) == 3140


def test_inactive_terms_are_an_invalid_reference(book):
    terms = "<TermsRef><FullName>Net 10 (old)</FullName></TermsRef>"

    assert book.status(vendor("Harbor Electric", terms)) == 3140


@pytest.mark.parametrize(
    "more",
    [
        "<OpenBalance>5.00</OpenBalance>",
        "<CurrencyRef><FullName>Euro</FullName></CurrencyRef>",
    ],
)
def test_what_the_company_file_is_not_set_up_for_is_refused(book, more):
    assert book.status(vendor("Harbor Electric", more)) == 3250


def test_a_guid_is_given_when_adding_and_shown_ever_after(book):
    key = book.ask(vendor("A", f"<ExternalGUID>{GUID}</ExternalGUID>"))[0].findtext("ListID")

    (ret,) = book.ask(f"<VendorQueryRq><ListID>{key}</ListID></VendorQueryRq>")
    guid = f"<ExternalGUID>{GUID}</ExternalGUID>"

    assert ret.findtext("ExternalGUID") == GUID
    with pytest.raises(Exception, match="parsing"):
        book.ask(changed(book, "Vendor", key, guid))


def test_a_change_keeps_what_it_does_not_say_and_clears_what_comes_empty(book):
    more = "<CompanyName></CompanyName><Phone>(253) 555-0199</Phone>"

    ret = book.ask(changed(book, "Vendor", RIDGELINE, more))[0]

    assert ret.find("CompanyName") is None
    assert ret.findtext("Phone") == "(253) 555-0199"
    assert ret.findtext("AccountNumber") == "HP-14"
    assert ret.findtext("TermsRef/FullName") == "Net 30"


def test_a_change_gives_a_new_sequence_even_within_one_second(book):
    first = book.books.get("Vendor", PENA)["EditSequence"]
    second = book.ask(changed(book, "Vendor", PENA, "<Fax>1</Fax>"))[0].findtext("EditSequence")

    assert int(second) > int(first)
    assert book.status(changed(book, "Vendor", PENA, "<Fax>2</Fax>", first)) == 3200


def test_a_name_cannot_be_cleared(book):
    assert book.status(changed(book, "Vendor", PENA, "<Name></Name>")) == 3150


def test_what_is_not_there_cannot_be_changed(book):
    body = changed(book, "Vendor", PENA, "<Fax>1</Fax>").replace(PENA, "8FFFFFF-1")

    assert book.status(body) == 3120


def test_an_id_of_another_list_is_not_there(book):
    body = changed(book, "Vendor", PENA, "<Fax>1</Fax>").replace(PENA, PORT)

    assert book.status(body) == 3120


def test_a_row_another_user_has_open_cannot_be_changed(book):
    book.sandbox.lock(PENA, times=2)

    statuses = [book.status(changed(book, "Vendor", PENA, "<Fax>1</Fax>")) for _ in range(3)]

    assert statuses == [3175, 3175, 0]


def test_jobs_follow_the_name_of_their_customer(book):
    book.ask(changed(book, "Customer", PORT, "<Name>Port of Olympia</Name>"))

    (ret,) = book.ask(f"<CustomerQueryRq><ListID>{PIER}</ListID></CustomerQueryRq>")

    assert ret.findtext("FullName") == "Port of Olympia:2417 Pier 7"


def test_a_job_moves_to_another_customer_and_to_the_top(book):
    book.ask(customer("Fuel Dock", below(PORT)))
    key = book.books.named("Customer", "Port of Tacoma:Fuel Dock")["ListID"]

    moved = book.ask(changed(book, "Customer", key, below(MASON)))[0]
    top = book.ask(changed(book, "Customer", key, "<ParentRef></ParentRef>"))[0]

    assert moved.findtext("FullName") == "Mason County:Fuel Dock"
    assert (top.findtext("FullName"), top.findtext("Sublevel")) == ("Fuel Dock", "0")


def test_nothing_stands_below_itself(book):
    assert book.status(changed(book, "Customer", PORT, below(PIER))) == 3130


def test_a_vendor_that_is_used_cannot_be_deleted(book):
    body = f"<ListDelRq><ListDelType>Vendor</ListDelType><ListID>{SOUND}</ListID></ListDelRq>"

    assert book.status(body) == 3160


def test_what_was_deleted_is_listed_with_its_name(book):
    body = f"<ListDelRq><ListDelType>Vendor</ListDelType><ListID>{CLOSED}</ListID></ListDelRq>"
    query = "<ListDeletedQueryRq><ListDelType>Vendor</ListDelType></ListDeletedQueryRq>"
    before = book.status(query)

    done = book.ask(body)
    (gone,) = book.ask(query)

    assert before == 1
    assert (done.get("statusCode"), done.findtext("ListID")) == ("0", CLOSED)
    assert [each.tag for each in gone] == [
        "ListDelType", "ListID", "TimeCreated", "TimeDeleted", "FullName",
    ]  # fmt: skip
    assert gone.findtext("FullName") == "Closed Supply Co."


def test_a_name_is_free_again_once_its_row_is_deleted(book):
    book.ask(f"<ListDelRq><ListDelType>Vendor</ListDelType><ListID>{CLOSED}</ListID></ListDelRq>")

    assert book.status(vendor("Closed Supply Co.")) == 0


def test_bills_want_active_vendors(book):
    assert book.status(bill(expense(), vendor=CLOSED)) == 3140


def test_the_file_id_is_told_to_those_who_know_the_owner(book):
    book.sandbox.company_file.put_stamp(OWNER, GUID)
    asked = f"<CompanyQueryRq><OwnerID>{OWNER}</OwnerID></CompanyQueryRq>"
    other = f"<CompanyQueryRq><OwnerID>{GUID}</OwnerID></CompanyQueryRq>"

    known = {
        each.findtext("DataExtName"): each.findtext("DataExtValue")
        for each in book.ask(asked).iter("DataExtRet")
    }

    assert known["FileID"] == GUID
    assert "AppLock" in known
    assert list(book.ask(other).iter("DataExtRet")) == []
    assert list(book.ask("<CompanyQueryRq/>").iter("DataExtRet")) == []


def test_preferences_tell_the_closing_date(book):
    ret = book.ask("<PreferencesQueryRq/>")[0]

    assert ret.findtext("AccountingPreferences/ClosingDate") == "2025-12-31"
    assert ret.findtext("MultiCurrencyPreferences/IsMultiCurrencyOn") == "false"
