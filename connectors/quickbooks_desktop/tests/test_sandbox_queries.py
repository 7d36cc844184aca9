"""Questions: by id, by name, by filter, page by page."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.quickbooks_desktop.sandbox_seed import list_id, txn_id
from connectors.quickbooks_desktop.tests.sandbox_world import (
    CLOSED,
    MATERIALS,
    PIER,
    RIDGELINE,
    SOUND,
    Book,
    bill,
    expense,
    message_set,
)


@pytest.fixture
def book():
    return Book()


def asked(kind, more, attributes=""):
    return f"<{kind}QueryRq {attributes}>{more}</{kind}QueryRq>"


def numbers(book, more):
    return [each.findtext("RefNumber") for each in book.ask(asked("Bill", more))]


def at(moment):
    return f"<FromModifiedDate>{moment}</FromModifiedDate>"


# --- Lists ----------------------------------------------------------------------------------------


def test_only_active_rows_come_unless_others_are_asked_for(book):
    everyone = "<ActiveStatus>All</ActiveStatus>"
    away = "<ActiveStatus>InactiveOnly</ActiveStatus>"

    assert "Closed Supply Co." not in book.names(asked("Vendor", ""))
    assert "Closed Supply Co." in book.names(asked("Vendor", everyone))
    assert book.names(asked("Vendor", away)) == ["Closed Supply Co."]


def test_an_id_or_a_name_finds_inactive_rows_too(book):
    by_id = asked("Vendor", f"<ListID>{CLOSED}</ListID>")
    by_name = asked("Vendor", "<FullName>closed supply co.</FullName>")

    assert book.names(by_id) == book.names(by_name) == ["Closed Supply Co."]


def test_who_is_missing_of_several_is_a_warning_beside_the_others(book):
    more = f"<ListID>{RIDGELINE}</ListID><ListID>8FFFFFF-1</ListID>"

    response = book.ask(asked("Vendor", more))

    assert (response.get("statusCode"), response.get("statusSeverity")) == ("500", "Warn")
    assert (response.get("retCount"), len(response)) == ("1", 1)


def test_a_filter_that_finds_nothing_is_information(book):
    more = "<NameFilter><MatchCriterion>Contains</MatchCriterion><Name>zzz</Name></NameFilter>"

    response = book.ask(asked("Vendor", more))

    said = (response.get("statusCode"), response.get("statusSeverity"), len(response))
    assert said == ("1", "Info", 0)


@pytest.mark.parametrize(
    ("match", "name"), [("StartsWith", "ridge"), ("Contains", "LINE CON"), ("EndsWith", "llc")]
)
def test_names_are_matched_in_any_case(book, match, name):
    more = f"<NameFilter><MatchCriterion>{match}</MatchCriterion><Name>{name}</Name></NameFilter>"

    assert book.names(asked("Vendor", more)) == ["Ridgeline Concrete LLC"]


def test_a_range_of_names_has_both_its_ends_in_it(book):
    more = (
        "<NameRangeFilter><FromName>Ridgeline Concrete LLC</FromName>"
        "<ToName>Sound Steel Inc.</ToName></NameRangeFilter>"
    )

    assert book.names(asked("Vendor", more)) == ["Ridgeline Concrete LLC", "Sound Steel Inc."]


def test_balances_are_compared(book):
    more = (
        "<TotalBalanceFilter><Operator>GreaterThan</Operator><Amount>300.00</Amount>"
        "</TotalBalanceFilter>"
    )

    assert book.names(asked("Vendor", more)) == ["Ridgeline Concrete LLC"]


def test_accounts_are_asked_for_by_type(book):
    more = "<AccountType>Bank</AccountType><AccountType>CreditCard</AccountType>"

    assert book.names(asked("Account", more)) == ["Operating Checking", "Company Visa"]


def test_an_account_tells_its_path_and_its_number_apart(book):
    (ret,) = book.ask(asked("Account", f"<ListID>{list_id('14')}</ListID>"))

    assert ret.findtext("FullName") == "Cost of Construction:Subcontractors"
    assert (ret.findtext("AccountNumber"), ret.findtext("Sublevel")) == ("5100", "1")
    assert ret.findtext("Balance") == "1200.50"


def test_items_of_every_kind_come_in_one_list(book):
    tags = {each.tag for each in book.ask(asked("Item", ""))}

    assert tags == {"ItemServiceRet", "ItemNonInventoryRet"}


def test_where_an_item_is_bought_depends_on_whether_it_is_sold_too(book):
    both, one = (
        book.ask(asked("Item", f"<ListID>{list_id(key)}</ListID>"))[0] for key in ("41", "42")
    )

    assert both.findtext("SalesAndPurchase/ExpenseAccountRef/ListID") == list_id("14")
    assert one.findtext("SalesOrPurchase/AccountRef/ListID") == list_id("15")


def test_max_returned_cuts_without_a_word(book):
    response = book.ask(asked("Vendor", "<MaxReturned>2</MaxReturned>"))

    assert (response.get("statusCode"), response.get("retCount"), len(response)) == ("0", "2", 2)


def test_only_the_count_comes_where_only_it_is_asked_for(book):
    response = book.ask(asked("Vendor", "", "metaData='MetaDataOnly'"))

    assert (response.get("retCount"), len(response)) == ("3", 0)


def test_only_the_elements_asked_for_come(book):
    more = (
        "<IncludeRetElement>Name</IncludeRetElement><IncludeRetElement>ListID</IncludeRetElement>"
    )

    (first, *_others) = book.ask(asked("Vendor", more))

    assert [each.tag for each in first] == ["ListID", "Name"]


def test_employees_and_other_names_are_lists_of_their_own(book):
    assert book.names(asked("Employee", "")) == ["Ann Mercer"]
    assert book.names(asked("OtherName", "")) == ["City Hall Cashier"]


# --- Time -----------------------------------------------------------------------------------------


def test_the_day_a_row_was_changed_is_in_the_filter(book):
    (ret,) = book.ask(asked("Vendor", f"<ListID>{RIDGELINE}</ListID>"))
    exact = ret.findtext("TimeModified")
    local = datetime.fromisoformat(exact).replace(tzinfo=None)

    later = (local + timedelta(seconds=1)).isoformat()

    assert len(book.names(asked("Vendor", at(exact)))) == 3
    assert book.status(asked("Vendor", at(later))) == 1


def test_the_offset_is_the_winters_all_year_and_is_not_read(book):
    summer = datetime(2026, 7, 1, 17, 30, tzinfo=UTC)
    book.sandbox.clock_offset += summer - book.sandbox.now()
    body = "<VendorAddRq><VendorAdd><Name>Summer</Name></VendorAdd></VendorAddRq>"

    stamp = book.ask(body)[0].findtext("TimeModified")

    # 10:30 on the wall in Tacoma, where the true offset is seven hours then.
    assert stamp[:16] == "2026-07-01T10:30"
    assert stamp.endswith("-08:00")
    only = "<ActiveStatus>ActiveOnly</ActiveStatus>" + at("2026-07-01T10:30:00+05:00")
    before = only + "<ToModifiedDate>2026-07-01</ToModifiedDate>"
    assert "Summer" in book.names(asked("Vendor", before))


NUMBER_ENDS_IN_77 = (
    "<RefNumberFilter><MatchCriterion>EndsWith</MatchCriterion><RefNumber>77</RefNumber>"
    "</RefNumberFilter>"
)

# --- Transactions ---------------------------------------------------------------------------------


def test_lines_and_links_come_only_on_demand(book):
    (short,) = book.ask(asked("Bill", f"<TxnID>{txn_id('900')}</TxnID>"))
    more = f"<TxnID>{txn_id('900')}</TxnID><IncludeLineItems>true</IncludeLineItems>"
    (whole,) = book.ask(asked("Bill", more))

    assert short.find("ExpenseLineRet") is None
    assert whole.findtext("ExpenseLineRet/CustomerRef/ListID") == PIER


def test_numbers_are_found_in_any_case_and_in_their_own(book):
    assert numbers(book, "<RefNumber>rc-1</RefNumber>") == ["RC-1"]
    assert (
        book.status(asked("Bill", "<RefNumberCaseSensitive>rc-1</RefNumberCaseSensitive>")) == 500
    )


def test_one_number_of_one_vendor_is_found_by_a_range_of_one(book):
    entity = f"<EntityFilter><ListID>{RIDGELINE}</ListID></EntityFilter>"
    one = "<FromRefNumber>RC-1</FromRefNumber><ToRefNumber>RC-1</ToRefNumber>"
    span = f"<RefNumberRangeFilter>{one}</RefNumberRangeFilter>"
    other = entity.replace(RIDGELINE, SOUND)

    assert numbers(book, entity + span) == ["RC-1"]
    assert numbers(book, other + span) == []


@pytest.mark.parametrize(
    "more",
    [
        "<TxnDateRangeFilter><FromTxnDate>2026-02-01</FromTxnDate></TxnDateRangeFilter>",
        NUMBER_ENDS_IN_77,
        f"<AccountFilter><ListID>{MATERIALS}</ListID></AccountFilter>",
        "<EntityFilter><FullName>sound steel inc.</FullName></EntityFilter>",
    ],
)  # fmt: skip
def test_filters_of_bills(book, more):
    assert numbers(book, more) == ["SS-77"]


def test_an_account_with_what_stands_below_it(book):
    above = "<FullName>Cost of Construction</FullName>"
    with_children = above.replace("FullName", "FullNameWithChildren")

    assert numbers(book, f"<AccountFilter>{above}</AccountFilter>") == []
    assert numbers(book, f"<AccountFilter>{with_children}</AccountFilter>") == ["RC-1", "SS-77"]


def test_paid_and_unpaid_bills_are_told_apart(book):
    book.ask(bill(expense("0.00"), head="<RefNumber>ZERO</RefNumber>"))

    assert numbers(book, "<PaidStatus>PaidOnly</PaidStatus>") == ["ZERO"]
    assert numbers(book, "<PaidStatus>NotPaidOnly</PaidStatus>") == ["RC-1", "SS-77"]


def test_a_filter_for_nobody_is_an_invalid_reference(book):
    more = "<EntityFilter><FullName>Nobody</FullName></EntityFilter>"

    assert book.status(asked("Bill", more)) == 3140


# --- Pages ----------------------------------------------------------------------------------------


def page(book, more="<MaxReturned>1</MaxReturned>", key="", kind="Vendor"):
    attributes = f"iterator='Continue' iteratorID='{key}'" if key else "iterator='Start'"
    return book.ask(asked(kind, more, attributes))


def test_pages_go_on_until_nothing_remains(book):
    first = page(book)
    key = first.get("iteratorID")
    seen, left = [first[0].findtext("Name")], [first.get("iteratorRemainingCount")]
    while left[-1] != "0":
        next_ = page(book, key=key)
        seen.append(next_[0].findtext("Name"))
        left.append(next_.get("iteratorRemainingCount"))

    assert seen == book.names(asked("Vendor", ""))
    assert left == ["2", "1", "0"]


def test_what_is_done_meanwhile_neither_doubles_nor_skips_a_row(book):
    key = page(book).get("iteratorID")
    book.ask("<VendorAddRq><VendorAdd><Name>AAA First</Name></VendorAdd></VendorAddRq>")

    rest = page(book, "<MaxReturned>9</MaxReturned>", key=key)

    assert [each.findtext("Name") for each in rest] == ["Peña & Sons", "Sound Steel Inc."]


def test_an_iterator_ends_with_its_session(book):
    key = page(book).get("iteratorID")
    book.begin_again()

    assert int(page(book, key=key).get("statusCode")) == 3120


def test_an_iterator_is_over_when_it_came_to_its_end(book):
    key = page(book, "<MaxReturned>9</MaxReturned>").get("iteratorID")

    assert int(page(book, key=key).get("statusCode")) == 3120


def test_an_iterator_is_given_up(book):
    key = page(book).get("iteratorID")
    stop = asked("Vendor", "<MaxReturned>1</MaxReturned>", f"iterator='Stop' iteratorID='{key}'")

    assert book.status(stop) == 0
    assert int(page(book, key=key).get("statusCode")) == 3120


def test_an_iterator_goes_on_with_the_filters_it_began_with(book):
    key = page(book).get("iteratorID")
    other = "<MaxReturned>1</MaxReturned><ActiveStatus>All</ActiveStatus>"

    assert int(page(book, other, key=key).get("statusCode")) == 3210


def test_an_iterator_wants_to_know_how_many_and_takes_no_ids(book):
    ids = f"<ListID>{RIDGELINE}</ListID>"

    assert int(page(book, "").get("statusCode")) == 3150
    assert book.status(asked("Vendor", ids, "iterator='Start'")) in {3150, 3153}


def test_an_iterator_of_one_query_is_not_anothers(book):
    key = page(book).get("iteratorID")

    assert int(page(book, key=key, kind="Customer").get("statusCode")) == 3120


# --- What is gone ---------------------------------------------------------------------------------


def test_a_deletion_is_forgotten_after_ninety_days(book):
    query = "<ListDeletedQueryRq><ListDelType>Vendor</ListDelType></ListDeletedQueryRq>"
    book.ask(f"<ListDelRq><ListDelType>Vendor</ListDelType><ListID>{CLOSED}</ListID></ListDelRq>")

    book.sandbox.clock_offset += timedelta(days=89)
    before = book.status(query)
    book.sandbox.clock_offset += timedelta(days=2)

    assert (before, book.status(query)) == (0, 1)


def test_deletions_are_asked_for_by_type(book):
    book.ask(f"<ListDelRq><ListDelType>Vendor</ListDelType><ListID>{CLOSED}</ListID></ListDelRq>")
    query = (
        "<ListDeletedQueryRq><ListDelType>Customer</ListDelType><ListDelType>Vendor</ListDelType>"
        "</ListDeletedQueryRq>"
    )

    assert book.status(query.replace("<ListDelType>Vendor</ListDelType>", "")) == 1
    assert len(book.ask(query)) == 1


def test_the_host_says_what_it_speaks(book):
    ret = book.ask("<HostQueryRq/>")[0]

    spoken = [each.text for each in ret.findall("SupportedQBXMLVersion")]
    assert (spoken[-1], "13.0" in spoken) == ("16.0", True)
    assert ret.findtext("QBFileMode") == "MultiUser"


def test_many_questions_in_one_set_are_answered_in_their_order(book):
    body = "<ClassQueryRq requestID='b'/><TermsQueryRq requestID='a'/>"

    answers = [(each.tag, each.get("requestID")) for each in book.send(message_set(body))]

    assert answers == [("ClassQueryRs", "b"), ("TermsQueryRs", "a")]
