"""Bills, vendor credits and purchase orders."""

import pytest

from connectors.quickbooks_desktop.sandbox_seed import list_id
from connectors.quickbooks_desktop.tests.sandbox_world import (
    MATERIALS,
    NOT_BOUGHT,
    OLD_COSTS,
    PAYABLE,
    PENA,
    PIER,
    RAMP,
    RETAINAGE,
    RIDGELINE,
    SOUND,
    Book,
    bill,
    expense,
    item,
)

OPEN = "<TxnDate>2026-02-27</TxnDate>"
CLOSED = "<TxnDate>2025-12-31</TxnDate>"


@pytest.fixture
def book():
    return Book()


def posted(book, *lines, **how):
    response = book.ask(bill(*lines, **how))
    assert response.get("statusCode") == "0", response.get("statusMessage")
    return response[0]


def ref(name, key):
    return f"<{name}><ListID>{key}</ListID></{name}>"


def changed(book, key, more, sequence=None):
    sequence = sequence or book.books.get("Bill", key)["EditSequence"]
    return (
        f"<BillModRq><BillMod><TxnID>{key}</TxnID><EditSequence>{sequence}</EditSequence>"
        f"{more}</BillMod></BillModRq>"
    )


def stored(book, key):
    body = f"<BillQueryRq><TxnID>{key}</TxnID><IncludeLineItems>true</IncludeLineItems>"
    return book.ask(f"{body}<IncludeLinkedTxns>true</IncludeLinkedTxns></BillQueryRq>")[0]


# --- Adding ---------------------------------------------------------------------------------------


def test_a_bill_comes_back_whole_and_open(book):
    ret = posted(book, expense("20000.00"), expense("-2000.00", account=RETAINAGE), head=OPEN)

    assert (ret.findtext("AmountDue"), ret.findtext("OpenAmount")) == ("18000.00", "18000.00")
    assert ret.findtext("IsPaid") == "false"
    assert len(ret.findall("ExpenseLineRet")) == 2
    assert [each.tag for each in ret][:6] == [
        "TxnID", "TimeCreated", "TimeModified", "EditSequence", "TxnNumber", "VendorRef",
    ]  # fmt: skip


def test_without_a_day_it_is_todays_and_the_vendors_terms_say_when_it_is_due(book):
    ret = posted(book, expense())
    today = book.sandbox.now().astimezone(book.books.zone).date()

    assert ret.findtext("TxnDate") == today.isoformat()
    assert ret.findtext("TermsRef/FullName") == "Net 30"
    assert ret.findtext("VendorAddress/City") == "Tacoma"
    assert ret.findtext("APAccountRef/ListID") == PAYABLE


def test_terms_count_from_the_day_of_the_bill(book):
    assert posted(book, expense(), head=OPEN).findtext("DueDate") == "2026-03-29"


def test_without_terms_the_preferences_say_when_it_is_due(book):
    assert posted(book, expense(), vendor=PENA, head=OPEN).findtext("DueDate") == "2026-03-09"


def test_the_same_number_twice_is_no_error(book):
    number = "<RefNumber>RC-1</RefNumber>"

    assert posted(book, expense(), head=number).findtext("RefNumber") == "RC-1"
    assert posted(book, expense(), head=number).findtext("RefNumber") == "RC-1"


def test_the_same_guid_twice_is_no_error_and_no_guard(book):
    guid = "<ExternalGUID>{b7d1a2c8-1a52-4a6e-8e0e-3d5b0e7f6c21}</ExternalGUID>"

    first, second = (posted(book, expense(), head=guid) for _ in range(2))

    assert first.findtext("TxnID") != second.findtext("TxnID")


def test_a_day_on_or_before_the_closing_date_is_refused(book):
    assert book.status(bill(expense(), head=CLOSED)) == 3171
    assert book.status(bill(expense(), head="<TxnDate>2026-01-01</TxnDate>")) == 0


def test_a_total_below_zero_is_refused_and_zero_is_not(book):
    assert book.status(bill(expense("5.00"), expense("-5.01"))) == 3110
    assert book.status(bill(expense("5.00"), expense("-5.00"))) == 0


@pytest.mark.parametrize(
    "more",
    [
        ref("CustomerRef", RAMP),
        ref("CustomerRef", RIDGELINE),
        ref("ClassRef", list_id("32")),
        "<ClassRef><FullName>Marine</FullName></ClassRef>",
        "<CustomerRef><FullName>2417 Pier 7</FullName></CustomerRef>",
    ],
)
def test_a_line_names_what_is_there_active_and_by_its_full_name(book, more):
    assert book.status(bill(expense(more=more))) == 3140


def test_full_names_are_read_in_any_case(book):
    more = "<CustomerRef><FullName>port of tacoma:2417 PIER 7</FullName></CustomerRef>"

    line = posted(book, expense(more=more)).find("ExpenseLineRet")

    assert line.findtext("CustomerRef/ListID") == PIER


def test_an_inactive_account_is_an_invalid_reference(book):
    assert book.status(bill(expense(account=OLD_COSTS))) == 3140


def test_an_account_that_is_not_payable_is_not_what_a_bill_is_owed_on(book):
    assert book.status(bill(expense(), head=ref("APAccountRef", RETAINAGE))) == 3140


def test_beside_a_payable_account_the_customer_is_a_vendor(book):
    assert book.status(bill(expense(account=PAYABLE))) == 3150
    assert book.status(bill(expense(account=PAYABLE, more=ref("CustomerRef", PIER)))) == 3140
    assert book.status(bill(expense(account=PAYABLE, more=ref("CustomerRef", SOUND)))) == 0


def test_a_line_without_an_account_is_refused_where_the_company_wants_one(book):
    body = bill("<ExpenseLineAdd><Amount>1.00</Amount></ExpenseLineAdd>")
    before = book.status(body)
    book.books.change_company(requires_accounts=False)

    assert (before, book.status(body)) == (3270, 0)


def test_a_billable_line_wants_a_customer(book):
    billable = "<BillableStatus>Billable</BillableStatus>"

    assert book.status(bill(expense(more=billable))) == 3150
    assert book.status(bill(expense(more=ref("CustomerRef", PIER) + billable))) == 0


def test_nobody_says_that_a_line_has_been_billed(book):
    more = ref("CustomerRef", PIER) + "<BillableStatus>HasBeenBilled</BillableStatus>"

    assert book.status(bill(expense(more=more))) == 3210


def test_classes_are_refused_where_they_are_not_tracked(book):
    book.books.change_company(tracks_classes=False)

    assert book.status(bill(expense(more=ref("ClassRef", list_id("31"))))) == 3250


def test_a_related_record_another_user_has_open_stops_a_bill(book):
    book.sandbox.lock(RIDGELINE)

    assert [book.status(bill(expense())) for _ in range(2)] == [3176, 0]


@pytest.mark.parametrize(
    ("more", "quantity", "cost", "amount"),
    [
        ("<Quantity>3</Quantity><Cost>33.33333</Cost>", "3", "33.33333", "100.00"),
        ("<Amount>100.00</Amount>", None, None, "100.00"),
        ("<Quantity>4</Quantity><Amount>100.00</Amount>", "4", "25", "100.00"),
        ("<Cost>25</Cost><Amount>100.00</Amount>", "4", "25", "100.00"),
        ("<Quantity>3</Quantity><Cost>1</Cost><Amount>100.00</Amount>", "3", "33.33333", "100.00"),
        ("<Desc>asked for nothing</Desc>", "1", "0", "0.00"),
    ],
)
def test_quantity_cost_and_amount_follow_from_each_other(book, more, quantity, cost, amount):
    line = posted(book, item(more)).find("ItemLineRet")

    said = (line.findtext("Quantity"), line.findtext("Cost"), line.findtext("Amount"))
    assert said == (quantity, cost, amount)


def test_an_item_without_an_account_cannot_be_bought(book):
    assert book.status(bill(item("<Amount>1.00</Amount>", key=NOT_BOUGHT))) == 3270


def test_an_item_line_without_an_item_is_refused(book):
    assert book.status(bill("<ItemLineAdd><Amount>1.00</Amount></ItemLineAdd>")) == 3150


@pytest.mark.parametrize(
    "more", ["<SerialNumber>1</SerialNumber>", "<UnitOfMeasure>each</UnitOfMeasure>"]
)
def test_what_is_switched_off_is_refused_on_a_line(book, more):
    assert book.status(bill(item(more))) == 3250


def test_what_is_owed_is_what_is_open(book):
    posted(book, expense("10.00"))

    (ret,) = book.ask(f"<VendorQueryRq><ListID>{RIDGELINE}</ListID></VendorQueryRq>")

    assert ret.findtext("Balance") == "1210.50"


# --- Changing -------------------------------------------------------------------------------------


def test_a_change_of_the_head_leaves_the_lines(book):
    key = posted(book, expense("10.00"), item("<Amount>5.00</Amount>")).findtext("TxnID")

    ret = book.ask(changed(book, key, "<Memo>seen</Memo>"))[0]

    assert (ret.findtext("Memo"), ret.findtext("AmountDue")) == ("seen", "15.00")
    assert len(ret.findall("ExpenseLineRet") + ret.findall("ItemLineRet")) == 2


def test_an_older_sequence_is_refused(book):
    key = posted(book, expense()).findtext("TxnID")
    first = book.books.get("Bill", key)["EditSequence"]
    book.ask(changed(book, key, "<Memo>one</Memo>"))

    assert book.status(changed(book, key, "<Memo>two</Memo>", first)) == 3200


def test_sending_one_line_of_a_kind_drops_the_others_of_that_kind(book):
    ret = posted(book, expense("10.00"), expense("20.00"), item("<Amount>5.00</Amount>"))
    key, line = ret.findtext("TxnID"), ret.findtext("ExpenseLineRet/TxnLineID")
    keep = f"<ExpenseLineMod><TxnLineID>{line}</TxnLineID></ExpenseLineMod>"
    add = (
        f"<ExpenseLineMod><TxnLineID>-1</TxnLineID>{ref('AccountRef', MATERIALS)}"
        "<Amount>7.00</Amount></ExpenseLineMod>"
    )

    after = book.ask(changed(book, key, keep + add))[0]

    amounts = [each.findtext("Amount") for each in after.findall("ExpenseLineRet")]
    assert amounts == ["10.00", "7.00"]
    assert after.findtext("AmountDue") == "22.00"


def test_a_line_keeps_its_id_when_its_amount_changes(book):
    ret = posted(book, expense("10.00"))
    key, line = ret.findtext("TxnID"), ret.findtext("ExpenseLineRet/TxnLineID")
    more = f"<ExpenseLineMod><TxnLineID>{line}</TxnLineID><Amount>11.00</Amount></ExpenseLineMod>"

    after = book.ask(changed(book, key, more))[0].find("ExpenseLineRet")

    assert (after.findtext("TxnLineID"), after.findtext("Amount")) == (line, "11.00")
    assert after.find("AccountRef") is not None


def test_a_new_quantity_brings_a_new_amount(book):
    ret = posted(book, item("<Quantity>2</Quantity><Cost>5</Cost>"))
    key, line = ret.findtext("TxnID"), ret.findtext("ItemLineRet/TxnLineID")
    more = f"<ItemLineMod><TxnLineID>{line}</TxnLineID><Quantity>3</Quantity></ItemLineMod>"

    assert book.ask(changed(book, key, more))[0].findtext("AmountDue") == "15.00"


def test_lines_of_a_kind_are_cleared_when_asked(book):
    key = posted(book, expense("10.00"), item("<Amount>5.00</Amount>")).findtext("TxnID")

    ret = book.ask(changed(book, key, "<ClearItemLines>true</ClearItemLines>"))[0]

    assert (ret.find("ItemLineRet"), ret.findtext("AmountDue")) == (None, "10.00")


def test_a_line_that_is_not_there_cannot_be_changed(book):
    key = posted(book, expense()).findtext("TxnID")
    more = "<ExpenseLineMod><TxnLineID>1-1</TxnLineID></ExpenseLineMod>"

    assert book.status(changed(book, key, more)) == 3120


def test_a_bill_is_not_moved_into_or_out_of_a_closed_period(book):
    key = posted(book, expense(), head=OPEN).findtext("TxnID")
    into = book.status(changed(book, key, CLOSED))
    book.sandbox.close_books("2026-03-31")

    assert into == 3171
    assert book.status(changed(book, key, "<TxnDate>2026-04-01</TxnDate>")) == 3171


# --- Deleting -------------------------------------------------------------------------------------


def test_a_deleted_bill_is_listed_with_its_number(book):
    key = posted(book, expense(), head="<RefNumber>X-1</RefNumber>").findtext("TxnID")

    book.ask(f"<TxnDelRq><TxnDelType>Bill</TxnDelType><TxnID>{key}</TxnID></TxnDelRq>")
    (gone,) = book.ask("<TxnDeletedQueryRq><TxnDelType>Bill</TxnDelType></TxnDeletedQueryRq>")

    assert (gone.findtext("TxnID"), gone.findtext("RefNumber")) == (key, "X-1")
    assert book.status(f"<BillQueryRq><TxnID>{key}</TxnID></BillQueryRq>") == 500


def test_a_void_bill_stays_with_nothing_on_it(book):
    key = posted(book, expense()).findtext("TxnID")

    book.ask(f"<TxnVoidRq><TxnVoidType>Bill</TxnVoidType><TxnID>{key}</TxnID></TxnVoidRq>")
    ret = stored(book, key)

    assert (ret.findtext("AmountDue"), ret.findtext("ExpenseLineRet/Amount")) == ("0.00", "0.00")
    assert ret.findtext("Memo") == "VOID:"
    assert book.status("<TxnDeletedQueryRq><TxnDelType>Bill</TxnDelType></TxnDeletedQueryRq>") == 1


def test_a_bill_of_a_closed_period_is_neither_deleted_nor_voided(book):
    key = posted(book, expense(), head=OPEN).findtext("TxnID")
    book.sandbox.close_books("2026-02-27")

    for name, kind in (("TxnDel", "TxnDelType"), ("TxnVoid", "TxnVoidType")):
        body = f"<{name}Rq><{kind}>Bill</{kind}><TxnID>{key}</TxnID></{name}Rq>"
        assert book.status(body) == 3171


# --- Vendor credits -------------------------------------------------------------------------------


def credit(amount, more=""):
    return (
        f"<VendorCreditAddRq><VendorCreditAdd>{ref('VendorRef', RIDGELINE)}{more}"
        f"{expense(amount)}</VendorCreditAdd></VendorCreditAddRq>"
    )


def test_a_credit_lowers_what_is_owed(book):
    ret = book.ask(credit("200.50"))[0]
    (vendor,) = book.ask(f"<VendorQueryRq><ListID>{RIDGELINE}</ListID></VendorQueryRq>")

    assert (ret.findtext("CreditAmount"), ret.findtext("OpenAmount")) == ("200.50", "200.50")
    assert vendor.findtext("Balance") == "1000.00"


def test_a_credit_is_positive(book):
    assert book.status(credit("-1.00")) == 3110
