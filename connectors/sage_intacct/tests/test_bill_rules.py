"""What the sandbox's bills may say, in the words integrators match, and the states they go through.

Source: the sheet, sections 7, 9, 10 and 11.
"""

from decimal import Decimal

import pytest
import requests

from connectors.sage_intacct.tests.conftest import complaints, query
from connectors.sage_intacct.tests.samples import bill, line

GENERAL = ("BL01001973", "Could not create Bill record!")


def refused(result) -> tuple[str, str]:
    """The specific complaint of a refused create, which the general one follows."""
    assert result.findtext("status") == "failure"
    first, last = complaints(result)
    assert last == GENERAL
    return first


def made(result) -> str:
    assert result.findtext("status") == "success", complaints(result)
    (echo,) = result.find("data")
    assert echo.tag == "apbill"
    return echo.findtext("RECORDNO")


def column_of(session, number, *names):
    found = session.one(
        query("APBILL", *names, where=f"<equalto><field>RECORDNO</field><value>{number}</value>"
              "</equalto>")
    )  # fmt: skip
    return [found.findtext(f"data/APBILL/{name}") or "" for name in names]


def test_a_good_bill_is_posted_and_echoed_in_lower_case(session):
    number = made(session.one(bill()))

    assert column_of(session, number, "STATE", "TOTALDUE", "WHENPOSTED") == [
        "Posted",
        "12500",
        "03/02/2026",
    ]


@pytest.mark.parametrize(
    ("call", "number", "sentence"),
    [
        (bill(VENDORID="V-9"), "BL01001973", "Invalid Vendor 'V-9' specified."),
        (bill(VENDORID="V-1046"), "BL01001973", "Activate the vendor V-1046, then try again."),
        (bill(WHENDUE=""), "BL03000018", "Required field Date Due is missing"),
        (bill(VENDORID=""), "BL03000018", "Required field Vendor is missing"),
        (bill(WHENCREATED="2026-03-02"), "BL03000018",
         "Illegal format for WHENCREATED: '2026-03-02'."),
        (bill(TERMNAME="Net 99"), "BL01001973", "Invalid Term 'Net 99' specified."),
        (bill(CURRENCY="EUR"), "BL01001973", "Currency 'EUR' is not valid."),
        (bill(TOTALDUE="1"), "BL03000018", "The field 'TOTALDUE' cannot be written on APBILL."),
        (bill(NOPE="1"), "BL03000018", "The field 'NOPE' cannot be written on APBILL."),
        (bill(ACTION="Post"), "BL03000018", "Illegal format for ACTION: 'Post'."),
        (bill(RECORDID="x" * 41), "BL03000018",
         "The value of RECORDID has 41 characters, the maximum is 40."),
        (bill({}), "BL03000018", "Required field APBILLITEMS is missing"),
        (bill(line(TRX_AMOUNT="")), "BL03000018", "Required field TRX_AMOUNT is missing"),
        (bill(line(TRX_AMOUNT="twelve")), "BL03000018",
         "Illegal format for TRX_AMOUNT: 'twelve'."),
        (bill(line(ACCOUNTNO="9999")), "BL01001973", "Invalid Account Number '9999' specified."),
        (bill(line(ACCOUNTNO="6090")), "BL01001973", "Invalid Account Number '6090' specified."),
        (bill(line(ACCOUNTNO="", ACCOUNTLABEL="SUBS")), "BL01001973",
         "Account labels are not enabled: use an account number."),
        (bill(line(ACCOUNTNO="")), "BL03000018",
         "Required field ACCOUNTNO or ACCOUNTLABEL is missing"),
        (bill(line(LOCATIONID="")), "BL03000018",
         "This transaction is missing the Location dimension for the Account 5010."),
        (bill(line(LOCATIONID="E900")), "BL01001973", "Location 'E900' is not valid"),
        (bill(line(LOCATIONID="E100-X")), "BL01001973", "Location 'E100-X' is not valid"),
        (bill(line(DEPARTMENTID="OLD")), "BL01001973", "Department 'OLD' is not valid"),
        (bill(line(PROJECTID="24-9")), "BL01001973", "Project '24-9' specified is not valid."),
        (bill(line(PROJECTID="23-001")), "BL01001973", "Project '23-001' specified is not valid."),
        (bill(line(TASKID="99")), "BL01001973", "Invalid Task '99' specified."),
        (bill(line(TASKID="09-250", COSTTYPEID="")), "BL01001973",
         "Invalid Task '09-250' specified."),
        (bill(line(COSTTYPEID="LAB")), "BL01001973", "Invalid Cost Type 'LAB' specified."),
        (bill(line(PROJECTID="")), "BL03000018", "A Task needs the Project it belongs to."),
        (bill(line(TASKID="")), "BL03000018", "A Cost Type needs the Task it belongs to."),
        (bill(line(TASKID="", COSTTYPEID="")), "BL03000018",
         "This transaction is missing the Cost Code dimension for the Account 5010."),
        (bill(line(ACCOUNTNO="5020", PROJECTID="", TASKID="", COSTTYPEID="")), "BL03000018",
         "This transaction is missing the Job dimension for the Account 5020."),
        (bill(line(ACCOUNTNO="6010")), "BL03000018",
         "This transaction is missing the Department dimension for the Account 6010."),
        (bill(line(ACCOUNTNO="6030")), "BL03000018",
         "This transaction is missing the Class dimension for the Account 6030."),
        (bill(WHENCREATED="01/20/2026"), "BL01001973",
         "Periods are closed. The transaction date 01/20/2026 is in a closed period."),
        (bill(VENDORID="V-1043", RECORDID="lc-900"), "BL34000061",
         "Another Bill with the given value(s) lc-900  already exists"),
    ],
)  # fmt: skip
def test_a_wrong_bill_is_refused_with_its_words(session, bills, call, number, sentence):
    assert refused(session.one(call)) == (number, sentence)
    assert bills() == []


def test_a_task_of_another_project_is_not_this_ones(session):
    assert refused(session.one(bill(line(PROJECTID="24-018", TASKID="03-300"))))[1] == (
        "Invalid Task '03-300' specified."
    )


def test_ids_are_found_in_any_case(session):
    made(session.one(bill(line(LOCATIONID="e100"), VENDORID="v-1042")))


def test_the_day_of_posting_decides_about_the_period(session):
    made(session.one(bill(WHENCREATED="01/20/2026", WHENPOSTED="02/01/2026")))


def test_amounts_are_rounded_to_cents(session):
    number = made(session.one(bill(line(TRX_AMOUNT="10.005"))))

    read = session.one(f"<read><object>APBILL</object><keys>{number}</keys></read>")
    assert [each.text for each in read.iter("TRX_AMOUNT")] == ["10.01"]


def test_the_same_number_is_free_for_another_vendor_or_where_that_is_allowed(session, order):
    made(session.one(bill(VENDORID="V-1042", RECORDID="LC-900")))
    order("company", unique_bill_numbers=False)

    made(session.one(bill(VENDORID="V-1043", RECORDID="LC-900")))


# --- Restrictions and entities --------------------------------------------------------------------


def test_a_vendor_kept_from_an_entity_is_invalid_inside_it(caller):
    inside = caller.open("E100")

    assert refused(inside.one(bill(VENDORID="V-1048")))[1] == "Invalid Vendor 'V-1048' specified."


def test_inside_an_entity_every_line_lies_in_it(caller):
    inside = caller.open("E200")

    assert refused(inside.one(bill()))[1] == "Location 'E100' is not valid"


def test_a_bill_made_inside_an_entity_is_seen_from_above_only_when_asked_for(caller):
    made(caller.open("E100").one(bill()))
    top = caller.open("")
    private = "<options><showprivate>true</showprivate></options>"

    seen = top.one(query("APBILL", "RECORDNO")).find("data").get("totalcount")
    all_of_it = top.one(query("APBILL", "RECORDNO", rest=private)).find("data").get("totalcount")

    assert (seen, all_of_it) == ("1", "2")


# --- Labels ---------------------------------------------------------------------------------------


def test_where_labels_are_used_an_account_is_an_override(session, order):
    order("company", uses_labels=True)

    assert "GL account override" in refused(session.one(bill()))[1]
    made(session.one(bill(line(ACCOUNTNO="", ACCOUNTLABEL="SUBS"))))


def test_a_label_demands_what_its_account_demands(session, order):
    order("company", uses_labels=True)

    lacks = line(ACCOUNTNO="", ACCOUNTLABEL="SUBS", TASKID="", COSTTYPEID="")

    assert "Cost Code dimension" in refused(session.one(bill(lacks)))[1]


def test_an_old_label_and_the_label_of_an_old_account_are_refused(session, order):
    order("company", uses_labels=True)

    old, dead = (
        session.one(bill(line(ACCOUNTNO="", ACCOUNTLABEL=label))) for label in ("OLD", "DEAD")
    )

    assert refused(old)[1] == "Invalid Account Label 'OLD' specified."
    assert refused(dead)[1] == "Invalid Account Number '6090' specified."


# --- States ---------------------------------------------------------------------------------------


def test_a_draft_may_be_incomplete_and_lie_in_a_closed_month(session, order):
    number = made(session.one(bill(ACTION="Draft", WHENCREATED="01/20/2026", WHENDUE="")))
    assert column_of(session, number, "STATE") == ["Draft"]

    answer = requests.post(f"{session.url}/_sandbox/bill/{number}/submit", timeout=5)

    assert answer.status_code == 400
    assert "Date Due" in answer.json()["error"]


def test_with_approvals_a_submitted_bill_waits(session, order):
    order("company", approvals=True)
    number = made(session.one(bill()))
    assert column_of(session, number, "STATE", "RAWSTATE") == ["Submitted", "S"]

    order(f"bill/{number}/approve")

    assert column_of(session, number, "STATE") == ["Posted"]


def test_a_submitted_bill_is_recalled_to_a_draft(session, order):
    order("company", approvals=True)
    number = made(session.one(bill()))

    session.one(f"<recallApBill><recordno>{number}</recordno></recallApBill>")

    assert column_of(session, number, "STATE") == ["Draft"]


def test_a_posted_bill_is_reversed_but_not_into_a_closed_month(session):
    number = made(session.one(bill()))
    reverse = (
        f'<reverse_bill key="{number}"><datereversed><year>2026</year><month>{{}}</month>'
        "<day>05</day></datereversed></reverse_bill>"
    )
    assert session.one(reverse.format("01")).findtext("status") == "failure"

    assert session.one(reverse.format("03")).findtext("status") == "success"

    assert column_of(session, number, "STATE") == ["Reversal"]


def test_payments_move_the_state_and_voiding_moves_it_back(session, order):
    number = made(session.one(bill()))
    first = order("pay", bills={number: "500.00"}, date="2026-04-01", number="1")
    assert column_of(session, number, "STATE", "TOTALDUE") == ["Partially Paid", "12000"]
    order("pay", bills={number: "12000.00"}, date="2026-04-02", number="2")
    assert column_of(session, number, "STATE", "WHENPAID") == ["Paid", "04/02/2026"]

    order("void", payment=first["id"])

    assert column_of(session, number, "STATE", "WHENPAID", "TOTALPAID") == [
        "Partially Paid",
        "",
        "12000",
    ]


def test_a_vendor_on_hold_is_billed_but_not_paid(session):
    number = made(session.one(bill(VENDORID="V-1047")))

    answer = requests.post(
        f"{session.url}/_sandbox/pay",
        json={"bills": {number: "1.00"}, "date": "2026-04-01"},
        timeout=5,
    )

    assert answer.json() == {"error": "The vendor is on hold."}


def test_an_update_replaces_all_lines_and_needs_the_due_date(session):
    number = made(session.one(bill()))
    line = (
        "<APBILLITEM><ACCOUNTNO>5040</ACCOUNTNO><TRX_AMOUNT>7</TRX_AMOUNT>"
        "<LOCATIONID>E100</LOCATIONID></APBILLITEM>"
    )
    lines = f"<APBILLITEMS>{line}</APBILLITEMS>"
    head = f"<RECORDNO>{number}</RECORDNO>"
    assert "Date Due" in complaints(session.one(f"<update><APBILL>{head}</APBILL></update>"))[0][1]

    session.one(f"<update><APBILL>{head}<WHENDUE>04/02/2026</WHENDUE>{lines}</APBILL></update>")

    assert column_of(session, number, "TOTALENTERED", "WHENDUE") == ["7", "04/02/2026"]


def test_a_paid_bill_is_neither_changed_nor_deleted(session, order):
    number = made(session.one(bill()))
    order("pay", bills={number: "1.00"}, date="2026-04-01", number="1")

    gone = session.one(f"<delete><object>APBILL</object><keys>{number}</keys></delete>")

    assert complaints(gone)[-1][1] == "Could not delete Bill record!"


# --- The old function -----------------------------------------------------------------------------

LEGACY = """<create_bill><vendorid>V-1042</vendorid>
 <datecreated><year>2026</year><month>03</month><day>02</day></datecreated>
 <datedue><year>2026</year><month>04</month><day>01</day></datedue>
 <action>Submit</action><billno>RF-1</billno><description>Old</description>
 <billitems><lineitem><glaccountno>5010</glaccountno><amount>76.43</amount><memo>m</memo>
  <locationid>E100</locationid><projectid>24-017</projectid><taskid>03-110</taskid></lineitem>
 </billitems></create_bill>"""


def test_the_old_function_answers_with_a_key(session, bills):
    result = session.one(LEGACY)

    assert result.findtext("key") == bills()[0]["id"]
    assert Decimal(bills()[0]["total"]) == Decimal("76.43")


def test_the_old_function_keeps_its_order(session):
    turned = LEGACY.replace("<action>Submit</action><billno>RF-1</billno>", "<billno>RF-1</billno>"
                            "<action>Submit</action>")  # fmt: skip

    assert complaints(session.one(turned))[0][0] == "XL03000003"
