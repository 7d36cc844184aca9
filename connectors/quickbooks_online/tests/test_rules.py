"""What the sandbox insists on, asked bare: our own client never sends most of this."""

import copy

import pytest
import requests

from connectors.quickbooks_online.sandbox import QuickBooksOnlineSandbox
from connectors.quickbooks_online.tests.conftest import REALM, SEED, HeldTokens
from connectors.sandboxing import serve

ACCOUNT_BASED = "AccountBasedExpenseLineDetail"
ITEM_BASED = "ItemBasedExpenseLineDetail"


def account_line(amount=100.25, **detail) -> dict:
    return {
        "Amount": amount,
        "DetailType": ACCOUNT_BASED,
        ACCOUNT_BASED: {"AccountRef": {"value": "64"}, **detail},
    }


def item_line(amount, **detail) -> dict:
    return {
        "Amount": amount,
        "DetailType": ITEM_BASED,
        ITEM_BASED: {"ItemRef": {"value": "19"}, **detail},
    }


BILL = {"VendorRef": {"value": "56"}, "TxnDate": "2026-03-02", "Line": [account_line()]}


@pytest.fixture
def send(call):
    """The bill that was made, or the code of the fault."""

    def send(body: dict, entity: str = "bill"):
        answer = call("POST", entity, json=body)
        content = answer.json()
        if "Fault" in content:
            assert answer.status_code == 400
            return content["Fault"]["Error"][0]["code"]
        return next(value for name, value in content.items() if name != "time")

    return send


def bill(**changes) -> dict:
    return {**copy.deepcopy(BILL), **changes}


def without(*names: str) -> dict:
    return {name: value for name, value in BILL.items() if name not in names}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (bill(Colour="red"), "2010"),
        (bill(Line=[account_line(Colour="red")]), "2010"),
        (without("VendorRef"), "2020"),
        (without("Line"), "2020"),
        (bill(Line=[]), "2020"),
        (bill(Line=[{"Amount": 1, "DetailType": ACCOUNT_BASED}]), "2020"),
        (bill(Line=[{"DetailType": ACCOUNT_BASED, ACCOUNT_BASED: {}}]), "2020"),
        (bill(VendorRef={"name": "Larkspur"}), "2030"),
        (bill(DocNumber=5), "2040"),
        (bill(DocNumber="n" * 22), "2050"),
        (bill(PrivateNote="n" * 4001), "2050"),
        (bill(TxnDate="02/03/2026"), "2060"),
        (bill(Line=[account_line("ten")]), "2140"),
        (bill(Line=[account_line(0.005)]), "2140"),
        (bill(Line=[{**account_line(), "DetailType": "Odd"}]), "2170"),
        (bill(Line=[account_line(BillableStatus="HasBeenBilled")]), "2170"),
        (bill(Line=[account_line(-1)]), "2290"),
        (bill(VendorRef={"value": "9"}), "2500"),
        (bill(VendorRef={"value": "58"}), "610"),
        (bill(Line=[item_line(100, Qty=3, UnitPrice=33)]), "6070"),
        (bill(Line=[item_line(100)]), "2020"),
        (bill(Line=[account_line(TaxCodeRef={"value": "7"})]), "6100"),
        (bill(DocNumber="LC-0900"), "6140"),
        (bill(TxnDate="2026-01-31"), "6200"),
        (bill(Line=[account_line(BillableStatus="Billable")]), "6310"),
        (bill(Line=[account_line(AccountRef={"value": "33"})]), "6430"),
        (bill(APAccountRef={"value": "64"}), "6430"),
        (bill(Id="300"), "2020"),
        (bill(Id="300", SyncToken="7"), "5010"),
        (bill(Id="301", SyncToken="0"), "610"),
    ],
)
def test_bill_that_breaks_a_rule_is_refused(send, body, code):
    assert send(body) == code


def test_smallest_bill_gets_its_defaults(send):
    made = send(BILL)

    assert made["TotalAmt"] == made["Balance"] == 100.25
    assert made["DueDate"] == made["TxnDate"]
    assert "SalesTermRef" not in made, "the vendor's term is not the bill's"
    assert made["APAccountRef"]["name"] == "Accounts Payable (A/P)"
    assert made["Line"][0][ACCOUNT_BASED]["BillableStatus"] == "NotBillable"
    assert made["SyncToken"] == "0"
    assert made["MetaData"]["CreateTime"].endswith("-08:00")


def test_a_term_says_when_a_bill_is_due(send):
    made = send(bill(SalesTermRef={"value": "3"}))

    assert made["DueDate"] == "2026-04-01"
    assert made["SalesTermRef"] == {"value": "3", "name": "Net 30"}


def test_a_total_that_was_sent_is_not_believed(send):
    assert send(bill(TotalAmt=1))["TotalAmt"] == 100.25


def test_price_of_many_places_times_quantity_is_rounded(send):
    made = send(bill(Line=[item_line(100, Qty=3, UnitPrice=33.33333)]))

    assert made["TotalAmt"] == 100


def test_bill_without_number_may_repeat(send):
    assert send(BILL)["Id"] != send(BILL)["Id"]


def test_duplicate_number_is_taken_when_the_call_allows_it(call):
    body = bill(DocNumber="LC-0900")

    assert call("POST", "bill?include=allowduplicatedocnum", json=body).status_code == 200


def test_class_is_dropped_while_classes_are_off(send, order):
    order("company", class_tracking="none")

    made = send(bill(Line=[account_line(ClassRef={"value": "5000000000000000012"})]))

    assert "ClassRef" not in made["Line"][0][ACCOUNT_BASED]


def test_location_is_dropped_while_locations_are_off(send, order):
    order("company", track_locations=False)

    assert "DepartmentRef" not in send(bill(DepartmentRef={"value": "2"}))


def test_location_that_is_not_there_is_refused(call):
    answer = call("POST", "bill", json=bill(DepartmentRef={"value": "99"}))

    assert answer.status_code == 400


def test_update_counts_the_version_and_replaces_the_lines(send):
    made = send(BILL)

    changed = send(bill(Id=made["Id"], SyncToken="0", Line=[account_line(7)]))

    assert (changed["SyncToken"], changed["TotalAmt"]) == ("1", 7)


def test_request_id_longer_than_50_characters_is_refused(call):
    answer = call("POST", "bill", params={"requestid": "r" * 51}, json=BILL)

    assert answer.json()["Fault"]["Error"][0]["code"] == "2130"


def test_balances_follow_the_bills(send, call):
    send(BILL)

    vendor = call("GET", "vendor/56").json()["Vendor"]
    payable = call("GET", "account/33").json()["Account"]

    assert vendor["Balance"] == 1350.25
    assert payable["CurrentBalance"] == -1350.25


@pytest.mark.parametrize("name", ["Larkspur Concrete LLC", "harbor district", "ROBIN VANCE"])
def test_name_is_unique_across_vendors_customers_and_employees(send, name):
    assert send({"DisplayName": name}, "vendor") == "6240"


def test_name_of_an_inactive_vendor_is_free_again(send):
    assert send({"DisplayName": "Quiet Vendor"}, "vendor")["Active"]


@pytest.mark.parametrize(
    ("entity", "body", "code"),
    [
        ("vendor", {}, "2020"),
        ("vendor", {"DisplayName": "a:b"}, "2040"),
        ("vendor", {"DisplayName": "n" * 501}, "2050"),
        ("vendor", {"DisplayName": "x", "TermRef": {"value": "9"}}, "2500"),
        ("customer", {"DisplayName": "x", "Job": True}, "6150"),
        ("customer", {"DisplayName": "x", "ParentRef": {"value": "9"}}, "2500"),
        ("account", {"Name": "x"}, "2020"),
        ("account", {"Name": "x", "AccountType": "Sundry"}, "2170"),
        ("account", {"Name": "Retainage Payable", "AccountType": "Expense"}, "6240"),
        ("item", {"Name": "x", "ExpenseAccountRef": {"value": "65"}}, "610"),
        ("class", {"Name": "x"}, "500"),
        ("yacht", {"Name": "x"}, "500"),
    ],
)
def test_row_that_breaks_a_rule_is_refused(send, entity, body, code):
    assert send(body, entity) == code


def test_vendor_is_built_from_a_persons_names(send):
    assert send({"GivenName": "Ida", "FamilyName": "Moss"}, "vendor")["DisplayName"] == "Ida Moss"


def test_tax_number_is_masked(send):
    assert send({"DisplayName": "x", "TaxIdentifier": "98-7654321"}, "vendor")[
        "TaxIdentifier"
    ].endswith("X4321")


def test_sparse_update_keeps_the_rest(send):
    body = {"Id": "56", "SyncToken": "0", "sparse": True, "AcctNum": "NEW"}

    changed = send(body, "vendor")

    assert (changed["AcctNum"], changed["DisplayName"]) == ("NEW", "Larkspur Concrete LLC")


def test_full_update_forgets_what_it_does_not_name(send):
    body = {"Id": "56", "SyncToken": "0", "DisplayName": "Larkspur Concrete LLC"}

    assert "AcctNum" not in send(body, "vendor")


def test_inactivating_by_update_marks_the_name(send):
    body = {"Id": "57", "SyncToken": "0", "sparse": True, "Active": False}

    assert send(body, "vendor")["DisplayName"] == "O'Malley & Sons #2 (deleted)"


def test_sixth_level_is_too_deep(send):
    parent, made = "120", {}
    for level in range(4):
        made = send({"DisplayName": f"Level {level}", "ParentRef": {"value": parent}}, "customer")
        parent = made["Id"]

    deeper = send({"DisplayName": "Too deep", "ParentRef": {"value": parent}}, "customer")

    assert made["FullyQualifiedName"].count(":") == 4
    assert deeper == "6180"


def test_no_token_is_the_gateways_fault(served):
    answer = requests.get(f"{served.url}/v3/company/{REALM}/preferences", timeout=5)

    assert answer.status_code == 401
    assert answer.json()["fault"]["type"] == "AUTHENTICATION"


def test_another_company_is_the_gateways_fault_in_xml(served):
    token = HeldTokens(served.url).access()

    answer = requests.get(
        f"{served.url}/v3/company/1/preferences",
        headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
        timeout=5,
    )

    assert answer.status_code == 401
    assert '<Error code="100">' in answer.text


def test_unknown_path_is_a_fault(call):
    assert call("GET", "a/b/c").json()["Fault"]["Error"][0]["code"] == "10000"


def test_books_survive_a_restart(tmp_path):
    path = tmp_path / "books.sqlite"
    first = QuickBooksOnlineSandbox(seed=SEED, books=path)
    with first.store.transaction():
        made = first.entities.put("Vendor", {"DisplayName": "Late Comer"}, first.now())

    served = serve(QuickBooksOnlineSandbox(seed=SEED, books=path))

    assert served.sandbox.entities.get("Vendor", made["Id"])["DisplayName"] == "Late Comer"
    assert len(served.sandbox.entities.all("Vendor")) == 4
    served.stop()
