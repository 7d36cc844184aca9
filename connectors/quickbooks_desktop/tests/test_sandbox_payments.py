"""What paying does to bills: by check, by card, in part, with discounts and credits, and undone."""

from decimal import Decimal

import pytest

from connectors.quickbooks_desktop.sandbox_payments import Applied
from connectors.quickbooks_desktop.sandbox_refusals import Refusal
from connectors.quickbooks_desktop.tests.sandbox_world import (
    RIDGELINE,
    SOUND,
    Book,
    bill,
    expense,
)


@pytest.fixture
def book():
    return Book()


def posted(book, amount, **how):
    head = "<TxnDate>2026-02-27</TxnDate><RefNumber>RC-9</RefNumber>"
    return book.ask(bill(expense(amount), head=head, **how))[0].findtext("TxnID")


def part(key, amount, discount="0.00", **more):
    return Applied(key, Decimal(amount), Decimal(discount), **more)


def stored(book, key):
    body = f"<BillQueryRq><TxnID>{key}</TxnID><IncludeLinkedTxns>true</IncludeLinkedTxns>"
    return book.ask(f"{body}</BillQueryRq>")[0]


def credit(book, amount):
    body = (
        f"<VendorCreditAddRq><VendorCreditAdd><VendorRef><ListID>{RIDGELINE}</ListID></VendorRef>"
        f"{expense(amount)}</VendorCreditAdd></VendorCreditAddRq>"
    )
    return book.ask(body)[0].findtext("TxnID")


def balance(book):
    (ret,) = book.ask(f"<VendorQueryRq><ListID>{RIDGELINE}</ListID></VendorQueryRq>")
    return ret.findtext("Balance")


def test_one_check_pays_many_bills_each_in_part_or_whole(book):
    whole, half = posted(book, "100.00"), posted(book, "80.00")

    check = book.sandbox.pay([part(whole, "100.00"), part(half, "30.00")], number="1042")

    assert check["Amount"] == Decimal("130.00")
    paid, open_ = stored(book, whole), stored(book, half)
    assert (paid.findtext("IsPaid"), paid.findtext("OpenAmount")) == ("true", "0.00")
    assert (open_.findtext("IsPaid"), open_.findtext("OpenAmount")) == ("false", "50.00")
    assert paid.findtext("LinkedTxn/TxnID") == check["TxnID"]
    assert paid.findtext("LinkedTxn/TxnType") == "BillPaymentCheck"


def test_a_check_is_asked_for_by_its_own_query_and_its_parts_only_on_demand(book):
    key = posted(book, "100.00")
    check = book.sandbox.pay([part(key, "40.00")], number="1042", day="2026-03-02")

    (short,) = book.ask("<BillPaymentCheckQueryRq/>")
    (whole,) = book.ask(
        "<BillPaymentCheckQueryRq><IncludeLineItems>true</IncludeLineItems></BillPaymentCheckQueryRq>"
    )

    assert short.find("AppliedToTxnRet") is None
    applied = whole.find("AppliedToTxnRet")
    assert [each.tag for each in applied] == [
        "TxnID", "TxnType", "TxnDate", "RefNumber", "BalanceRemaining", "Amount",
    ]  # fmt: skip
    assert (applied.findtext("TxnID"), applied.findtext("RefNumber")) == (key, "RC-9")
    assert (applied.findtext("BalanceRemaining"), applied.findtext("Amount")) == ("60.00", "40.00")
    assert (short.findtext("TxnID"), short.findtext("RefNumber")) == (check["TxnID"], "1042")


def test_a_card_payment_is_in_the_other_query(book):
    key = posted(book, "100.00")
    book.sandbox.pay([part(key, "100.00")], kind="BillPaymentCreditCard")

    (ret,) = book.ask("<BillPaymentCreditCardQueryRq/>")

    assert ret.findtext("CreditCardAccountRef/FullName") == "Company Visa"
    assert book.status("<BillPaymentCheckQueryRq/>") == 1


def test_paying_is_no_change_of_the_bill_so_only_payments_tell_of_it(book):
    key = posted(book, "100.00")
    before = stored(book, key)
    book.sandbox.clock_offset += book.sandbox.clock_offset.resolution * 3_600_000_000

    book.sandbox.pay([part(key, "100.00")])
    after = stored(book, key)

    for name in ("TimeModified", "EditSequence"):
        assert before.findtext(name) == after.findtext(name)


def test_a_discount_settles_what_the_check_does_not(book):
    key = posted(book, "100.00")

    check = book.sandbox.pay([part(key, "98.00", "2.00")])
    body = (
        "<BillPaymentCheckQueryRq><IncludeLineItems>1</IncludeLineItems></BillPaymentCheckQueryRq>"
    )

    assert stored(book, key).findtext("IsPaid") == "true"
    assert check["Amount"] == Decimal("98.00")
    assert book.ask(body)[0].findtext("AppliedToTxnRet/DiscountAmount") == "2.00"


def test_a_credit_settles_a_bill_and_is_used_up(book):
    key, given = posted(book, "100.00"), credit(book, "30.00")

    book.sandbox.pay([part(key, "70.00", credit=given, credited=Decimal("30.00"))])
    (ret,) = book.ask(f"<VendorCreditQueryRq><TxnID>{given}</TxnID></VendorCreditQueryRq>")

    kinds = [each.findtext("TxnType") for each in stored(book, key).findall("LinkedTxn")]
    assert kinds == ["BillPaymentCheck", "VendorCredit"]
    assert ret.findtext("OpenAmount") == "0.00"


def test_a_void_payment_stays_with_nothing_on_it_and_its_bills_are_open_again(book):
    key, given = posted(book, "100.00"), credit(book, "30.00")
    before = balance(book)
    check = book.sandbox.pay([part(key, "60.00", "10.00", credit=given, credited=Decimal("30.00"))])
    void = (
        "<TxnVoidRq><TxnVoidType>BillPaymentCheck</TxnVoidType>"
        f"<TxnID>{check['TxnID']}</TxnID></TxnVoidRq>"
    )

    paid = balance(book)
    status = book.status(void)
    (ret,) = book.ask("<BillPaymentCheckQueryRq/>")

    assert (before, paid, status) == ("1270.50", "1200.50", 0)
    assert balance(book) == before
    assert (ret.findtext("Amount"), ret.findtext("Memo")) == ("0.00", "VOID:")
    assert stored(book, key).find("LinkedTxn") is None


def test_a_deleted_payment_is_in_the_log_and_its_bill_is_open_again(book):
    key = posted(book, "100.00")
    check = book.sandbox.pay([part(key, "100.00")], number="77")["TxnID"]
    kind = "<TxnDelType>BillPaymentCheck</TxnDelType>"

    book.ask(f"<TxnDelRq>{kind}<TxnID>{check}</TxnID></TxnDelRq>")
    (gone,) = book.ask(f"<TxnDeletedQueryRq>{kind}</TxnDeletedQueryRq>")

    assert (gone.findtext("TxnID"), gone.findtext("RefNumber")) == (check, "77")
    assert stored(book, key).findtext("OpenAmount") == "100.00"


@pytest.mark.parametrize(
    ("amount", "discount"),
    [("100.01", "0.00"), ("99.00", "1.01"), ("0.00", "0.00"), ("-1.00", "0.00")],
)
def test_a_bill_is_not_paid_with_more_than_is_open_nor_with_nothing(book, amount, discount):
    key = posted(book, "100.00")

    with pytest.raises(Refusal, match="3110"):
        book.sandbox.pay([part(key, amount, discount)])


def test_a_payment_is_for_one_vendor(book):
    keys = posted(book, "1.00"), posted(book, "1.00", vendor=SOUND)

    with pytest.raises(Refusal, match="one vendor"):
        book.sandbox.pay([part(key, "1.00") for key in keys])


def test_a_payment_in_a_closed_period_is_refused(book):
    key = posted(book, "1.00")

    with pytest.raises(Refusal, match="3171"):
        book.sandbox.pay([part(key, "1.00")], day="2025-12-31")


def test_a_checks_number_has_at_most_eleven_characters(book):
    key = posted(book, "1.00")

    with pytest.raises(Refusal, match="3070"):
        book.sandbox.pay([part(key, "1.00")], number="1" * 12)


@pytest.mark.parametrize(("request_", "status"), [("TxnDel", 3160), ("TxnVoid", 3185)])
def test_a_paid_bill_is_neither_deleted_nor_voided(book, request_, status):
    key = posted(book, "1.00")
    book.sandbox.pay([part(key, "1.00")])
    kind = f"{request_}Type"

    body = f"<{request_}Rq><{kind}>Bill</{kind}><TxnID>{key}</TxnID></{request_}Rq>"

    assert book.status(body) == status


def test_a_paid_bill_cannot_shrink_below_what_was_paid(book):
    key = posted(book, "100.00")
    book.sandbox.pay([part(key, "60.00")])
    doc = book.books.get("Bill", key)
    line = doc["ExpenseLineRet"][0]["TxnLineID"]

    def to(amount):
        return (
            f"<BillModRq><BillMod><TxnID>{key}</TxnID>"
            f"<EditSequence>{book.books.get('Bill', key)['EditSequence']}</EditSequence>"
            f"<ExpenseLineMod><TxnLineID>{line}</TxnLineID><Amount>{amount}</Amount>"
            "</ExpenseLineMod></BillMod></BillModRq>"
        )

    assert book.status(to("59.99")) == 3110
    assert book.ask(to("60.00"))[0].findtext("IsPaid") == "true"
