"""Purchase orders, and bills that draw on them."""

import pytest

from connectors.quickbooks_desktop.tests.sandbox_world import (
    CAST,
    REBAR,
    RIDGELINE,
    SOUND,
    Book,
    bill,
    item,
)


@pytest.fixture
def book():
    return Book()


def posted(book, *lines, **how):
    response = book.ask(bill(*lines, **how))
    assert response.get("statusCode") == "0", response.get("statusMessage")
    return response[0]


def ref(name, key):
    return f"<{name}><ListID>{key}</ListID></{name}>"


def stored(book, key):
    body = f"<BillQueryRq><TxnID>{key}</TxnID><IncludeLineItems>true</IncludeLineItems>"
    return book.ask(f"{body}<IncludeLinkedTxns>true</IncludeLinkedTxns></BillQueryRq>")[0]


def order(book, *lines, more=""):
    body = (
        f"<PurchaseOrderAddRq><PurchaseOrderAdd>{ref('VendorRef', RIDGELINE)}{more}"
        f"{''.join(lines)}</PurchaseOrderAdd></PurchaseOrderAddRq>"
    )
    return book.ask(body)[0]


def order_line(more, key=CAST):
    return f"<PurchaseOrderLineAdd>{ref('ItemRef', key)}{more}</PurchaseOrderLineAdd>"


@pytest.fixture
def concrete(book):
    return order(
        book,
        order_line("<Quantity>10</Quantity><Rate>5</Rate>"),
        order_line("<Quantity>2</Quantity><Rate>7</Rate>", REBAR),
    )


def again(book, key):
    body = f"<PurchaseOrderQueryRq><TxnID>{key}</TxnID><IncludeLineItems>1</IncludeLineItems>"
    return book.ask(f"{body}</PurchaseOrderQueryRq>")[0]


def test_an_order_has_its_total_and_is_not_received(concrete):
    assert concrete.findtext("TotalAmount") == "64.00"
    assert concrete.findtext("IsFullyReceived") == "false"
    assert concrete.findtext("PurchaseOrderLineRet/UnbilledQuantity") == "10"


def test_an_orders_number_has_at_most_eleven_characters(book):
    body = order_line("<Amount>1.00</Amount>")
    numbered = (
        f"<PurchaseOrderAddRq><PurchaseOrderAdd><RefNumber>{'1' * 12}</RefNumber>{body}"
        "</PurchaseOrderAdd></PurchaseOrderAddRq>"
    )

    assert book.status(numbered) == 3070


def test_a_bill_that_names_an_order_takes_all_that_is_open(book, concrete):
    key = concrete.findtext("TxnID")

    ret = posted(book, tail=f"<LinkToTxnID>{key}</LinkToTxnID>")

    assert ret.findtext("AmountDue") == "64.00"
    assert again(book, key).findtext("IsFullyReceived") == "true"
    linked = stored(book, ret.findtext("TxnID")).find("LinkedTxn")
    assert (linked.findtext("TxnID"), linked.findtext("TxnType")) == (key, "PurchaseOrder")


def test_a_line_takes_one_line_of_an_order(book, concrete):
    key, line = concrete.findtext("TxnID"), concrete.findtext("PurchaseOrderLineRet/TxnLineID")
    link = f"<LinkToTxn><TxnID>{key}</TxnID><TxnLineID>{line}</TxnLineID></LinkToTxn>"

    ret = posted(book, f"<ItemLineAdd><Quantity>4</Quantity>{link}</ItemLineAdd>")
    first = again(book, key).find("PurchaseOrderLineRet")

    assert ret.findtext("AmountDue") == "20.00"
    assert ret.findtext("ItemLineRet/ItemRef/ListID") == CAST
    assert (first.findtext("ReceivedQuantity"), first.findtext("UnbilledQuantity")) == ("4", "6")


def test_a_linked_line_names_no_item(book, concrete):
    key, line = concrete.findtext("TxnID"), concrete.findtext("PurchaseOrderLineRet/TxnLineID")
    link = f"<LinkToTxn><TxnID>{key}</TxnID><TxnLineID>{line}</TxnLineID></LinkToTxn>"

    assert book.status(bill(item(link))) == 3151


def test_an_order_that_is_used_up_closed_or_anothers_cannot_be_linked(book, concrete):
    key = concrete.findtext("TxnID")
    link = f"<LinkToTxnID>{key}</LinkToTxnID>"

    others = book.status(bill(tail=link, vendor=SOUND))
    first = book.status(bill(tail=link))
    used_up = book.status(bill(tail=link))

    assert (others, first, used_up) == (3210, 0, 3180)


def test_an_order_with_bills_cannot_be_deleted(book, concrete):
    key = concrete.findtext("TxnID")
    posted(book, tail=f"<LinkToTxnID>{key}</LinkToTxnID>")
    body = f"<TxnDelRq><TxnDelType>PurchaseOrder</TxnDelType><TxnID>{key}</TxnID></TxnDelRq>"

    assert book.status(body) == 3160
