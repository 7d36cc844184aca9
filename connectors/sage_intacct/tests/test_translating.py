"""What goes out is what the sheet shows, and what was said comes back as it was."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.choices import RecordKind
from connectors.errors import Refused
from connectors.records import NewRecord, OutgoingLine, PulledRecord, Unreadable
from connectors.sage_intacct import asking, envelope, posted, translate, writing
from connectors.sage_intacct.envelope import Login, Sender, clean, made
from connectors.sage_intacct.posted import key_in
from connectors.sage_intacct.sandbox_objects import KINDS
from connectors.sage_intacct.tests.conftest import BILL, COST_LINE, bill_of
from connectors.sage_intacct.translate import joined, parted
from connectors.sage_intacct.writing import Defaults

# Anything a person can type or paste, control characters and lone surrogates left in.
UNHURRIED = settings(deadline=None)  # the machine may be busy with others
ANYTHING = st.text(max_size=60)
TYPED = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), min_size=1)


def shape(element):
    """(tag, text or children) all the way down: what two documents are compared by."""
    inside = [shape(child) for child in element]
    return (element.tag, dict(element.attrib), inside or (element.text or "").strip())


NOTHING_CHOSEN = Defaults()


def written(bill=BILL, defaults=NOTHING_CHOSEN, **how):
    return writing.bill_function(bill, defaults, **how)[0][0]


# --- Recorded shapes ------------------------------------------------------------------------------

SAMPLE_3_2 = """
<request>
  <control>
    <senderid>ourSender</senderid><password>…</password>
    <controlid>bill-7f3c-v1</controlid>
    <uniqueid>true</uniqueid><dtdversion>3.0</dtdversion>
    <includewhitespace>false</includewhitespace>
  </control>
  <operation transaction="false">
    <authentication>
      <login><userid>xml_bt</userid><companyid>acme-homes</companyid><password>…</password>
        <locationid>E100</locationid></login>
    </authentication>
    <content>
      <function controlid="bill-7f3c-v1"><getAPISession/></function>
    </content>
  </operation>
</request>"""
SAMPLE_11_2 = """
<APBILL>
 <VENDORID>V-1042</VENDORID><RECORDID>RF-7781</RECORDID>
 <WHENCREATED>03/02/2026</WHENCREATED><WHENPOSTED>03/02/2026</WHENPOSTED>
 <WHENDUE>04/01/2026</WHENDUE>
 <DESCRIPTION>Lot 17 framing draw 2 [tieout:k7Qd2vX9]</DESCRIPTION>
 <CURRENCY>USD</CURRENCY><ACTION>Draft</ACTION>
 <APBILLITEMS>
  <APBILLITEM><ACCOUNTNO>5010</ACCOUNTNO><TRX_AMOUNT>12500.00</TRX_AMOUNT>
   <ENTRYDESCRIPTION>Framing labor</ENTRYDESCRIPTION>
   <LOCATIONID>E100</LOCATIONID><DEPARTMENTID>CON</DEPARTMENTID><PROJECTID>24-017</PROJECTID>
   <TASKID>03-110</TASKID><COSTTYPEID>SUB</COSTTYPEID></APBILLITEM>
 </APBILLITEMS>
</APBILL>"""
SAMPLE_5_3 = """
<query>
  <object>APBILL</object>
  <select><field>RECORDNO</field><field>TOTALDUE</field></select>
  <filter><and>
    <equalto><field>VENDORID</field><value>V-1042</value></equalto>
    <greaterthanorequalto><field>WHENMODIFIED</field><value>03/01/2026 00:00:00</value>
    </greaterthanorequalto>
  </and></filter>
  <orderby><order><field>RECORDNO</field><ascending/></order></orderby>
  <options><caseinsensitive>true</caseinsensitive><showprivate>true</showprivate></options>
  <pagesize>500</pagesize>
</query>"""


def test_the_envelope_is_the_sheets():
    content = envelope.function("bill-7f3c-v1", made("getAPISession"))

    request = envelope.request(
        Sender("ourSender", "…"), Login("acme-homes", "xml_bt", "…", "E100"), content,
        is_unique=True,
    )  # fmt: skip

    assert shape(fromstring(request)) == shape(fromstring(SAMPLE_3_2))


def test_a_bill_is_the_sheets_but_for_the_key_and_the_currency():
    bill = replace(BILL, is_draft=True)

    assert shape(written(bill)) == shape(fromstring(SAMPLE_11_2))


def test_a_query_is_the_sheets():
    conditions = [
        asking.equal("VENDORID", "V-1042"),
        asking.from_moment("WHENMODIFIED", datetime(2026, 3, 1, tzinfo=UTC)),
    ]

    asked = asking.query("APBILL", ["RECORDNO", "TOTALDUE"], conditions, page=500)

    assert shape(asked) == shape(fromstring(SAMPLE_5_3))


RIDGE = NewRecord(
    kind=RecordKind.VENDOR,
    code="V-1042",
    name="Ridge Framing LLC",
    email="ap@ridge.example",
    address="12 Mill Rd",
    city="Boise",
    state="ID",
    postcode="83702",
)
SAMPLE_VENDOR = """<VENDOR><VENDORID>V-1042</VENDORID><NAME>Ridge Framing LLC</NAME>
 <DISPLAYCONTACT><PRINTAS>Ridge Framing LLC</PRINTAS><EMAIL1>ap@ridge.example</EMAIL1>
  <MAILADDRESS><ADDRESS1>12 Mill Rd</ADDRESS1><CITY>Boise</CITY><STATE>ID</STATE>
   <ZIP>83702</ZIP></MAILADDRESS></DISPLAYCONTACT>
 <STATUS>active</STATUS></VENDOR>"""
ALVAREZ = NewRecord(kind=RecordKind.CUSTOMER, code="C-220", name="J. and P. Alvarez")
SAMPLE_CUSTOMER = """<CUSTOMER><CUSTOMERID>C-220</CUSTOMERID><NAME>J. and P. Alvarez</NAME>
 <DISPLAYCONTACT><PRINTAS>J. and P. Alvarez</PRINTAS></DISPLAYCONTACT>
 <STATUS>active</STATUS></CUSTOMER>"""
LOT_17 = NewRecord(
    kind=RecordKind.PROJECT, code="24-017", name="Lot 17 Aspen Ridge", parent_id="C-220"
)
SAMPLE_PROJECT = """<PROJECT><PROJECTID>24-017</PROJECTID><NAME>Lot 17 Aspen Ridge</NAME>
 <PROJECTCATEGORY>Contract</PROJECTCATEGORY><CUSTOMERID>C-220</CUSTOMERID>
 <LOCATIONID>E100</LOCATIONID><STATUS>active</STATUS></PROJECT>"""


@pytest.mark.parametrize(
    ("new", "sample"),
    [(RIDGE, SAMPLE_VENDOR), (ALVAREZ, SAMPLE_CUSTOMER), (LOT_17, SAMPLE_PROJECT)],
)
def test_a_new_record_is_the_sheets(new, sample):
    function = writing.record_function(new, Defaults(location_id="E100"), key="k")

    assert shape(function[0][0]) == shape(fromstring(sample))


# --- Names come back as they were -----------------------------------------------------------------


@UNHURRIED
@given(ANYTHING)
def test_any_text_makes_a_document_that_can_be_read(text):
    body = envelope.written(made("function", made("NAME", text=text), controlid="k"))

    root = envelope.parsed(body)

    assert root is not None
    # A parser reads every end of line as one character (XML 1.0, 2.11).
    plain = clean(text).replace("\r\n", "\n").replace("\r", "\n")
    assert (root.findtext("NAME") or "") == plain


@UNHURRIED
@given(memo=TYPED, description=TYPED, number=TYPED)
def test_awkward_text_goes_out_and_is_read_back(memo, description, number):
    bill = replace(bill_of(replace(COST_LINE, description=description)), memo=memo, number=number)

    sent = envelope.row(fromstring(envelope.written(written(bill))))

    assert key_in(sent["DESCRIPTION"]) == BILL.key
    assert len(sent.get("RECORDID", "")) <= 40
    assert len(sent["DESCRIPTION"]) <= 1000


@UNHURRIED
@given(st.lists(TYPED, min_size=2, max_size=3))
def test_an_id_of_several_parts_comes_apart_again(parts):
    assert parted(joined(*parts)) == tuple(parts)


@UNHURRIED
@given(TYPED)
def test_a_typed_key_before_ours_is_not_taken_for_ours(memo):
    assert key_in(writing.note(f"[tieout:stolen] {memo}", "ours")) == "ours"


@settings(UNHURRIED, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12)
@given(name=st.text("Zürich ŁódźÅ&<>'\"/\\#%;:.,-–— 0123456789", min_size=1, max_size=60))
def test_a_vendors_name_goes_there_and_comes_back(client, sandbox, name):
    name = " ".join(name.split()) or "x"
    code = f"V-{sandbox.store.next_number('made-by-test')}-T"
    new = NewRecord(kind=RecordKind.VENDOR, name=name, code=code)

    made_there = client.create_record(new, key=f"key-{code}")

    assert (made_there.name, made_there.external_id) == (name, code)
    again = client.record(RecordKind.VENDOR, code)
    assert isinstance(again, PulledRecord)
    assert again.name == name


# --- What a bill says -----------------------------------------------------------------------------


def lines(bill=BILL, **how):
    return [envelope.row(line) for line in written(bill, **how).find("APBILLITEMS")]


def test_a_label_is_named_as_a_label():
    (line,) = lines(bill_of(replace(COST_LINE, account_id="label/SUBS")))

    assert line["ACCOUNTLABEL"] == "SUBS"
    assert "ACCOUNTNO" not in line


def test_retainage_is_a_negative_line():
    held = OutgoingLine(amount=Decimal("-1250.00"), description="Retainage held", account_id="2050")

    assert [line["TRX_AMOUNT"] for line in lines(bill_of(COST_LINE, held))] == [
        "12500.00",
        "-1250.00",
    ]


def test_a_line_that_names_no_place_takes_the_connections():
    bill = replace(bill_of(replace(COST_LINE, department_id="")), location_id="")

    (line,) = lines(bill, defaults=Defaults(location_id="E200", department_id="OPS"))

    assert (line["LOCATIONID"], line["DEPARTMENTID"]) == ("E200", "OPS")


def test_a_task_without_its_project_is_not_said():
    (line,) = lines(bill_of(replace(COST_LINE, customer_id="")))

    assert not {"PROJECTID", "TASKID", "COSTTYPEID"} & line.keys()


def test_without_a_due_date_the_term_gives_it():
    bill = replace(BILL, due_date=None, term_id="Net 15")

    assert written(bill, term_days=15).findtext("WHENDUE") == "03/17/2026"
    assert written(bill).findtext("WHENDUE") == "03/02/2026"


def test_a_submitted_bill_says_so():
    assert written().findtext("ACTION") == "Submit"


@pytest.mark.parametrize(
    ("bill", "sentence"),
    [
        (bill_of(), "no lines"),
        (bill_of(replace(COST_LINE, amount=Decimal("1.001"))), "fraction of a cent"),
        (replace(BILL, total=Decimal("1.00")), "add up"),
        (bill_of(replace(COST_LINE, amount=Decimal("-5.00"))), "AP adjustment"),
        (bill_of(replace(COST_LINE, account_id="", item_id="SUB-LABOR")), "an account"),
        (bill_of(*[replace(COST_LINE, amount=Decimal("1.00"))] * 1001), "split it"),
    ],
)
def test_what_cannot_be_said_is_refused_before_anything_is_sent(bill, sentence):
    with pytest.raises(Refused, match=sentence):
        written(bill)


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewRecord(kind=RecordKind.VENDOR, name="x" * 101), "name"),
        (NewRecord(kind=RecordKind.VENDOR, name=" "), "name"),
        (NewRecord(kind=RecordKind.PROJECT, name="x", code="y" * 21), "code"),
        (NewRecord(kind=RecordKind.PROJECT, name="x", code="24/017"), "code"),
        (NewRecord(kind=RecordKind.VENDOR, name="x", city="y" * 81), "city"),
    ],
)
def test_a_record_that_does_not_fit_names_the_field(new, field):
    with pytest.raises(Refused) as refused:
        writing.record_function(new, Defaults(), key="k")

    assert refused.value.field == field


def test_no_account_is_made_from_here():
    with pytest.raises(Refused, match="cannot be created"):
        writing.record_function(NewRecord(kind=RecordKind.ACCOUNT, name="x"), Defaults(), key="k")


# --- What comes in --------------------------------------------------------------------------------


def test_we_ask_for_no_column_that_the_sheet_does_not_have():
    for listed in [*translate.LISTS.values(), translate.LABELS]:
        assert set(listed.fields) <= set(KINDS[listed.object].columns), listed.object
    assert set(posted.BILL_COLUMNS) <= set(KINDS["APBILL"].columns)
    assert set(posted.LINE_COLUMNS) <= set(KINDS["APBILLITEM"].columns)


def test_a_row_without_what_it_needs_takes_its_place_with_a_sentence():
    listed = translate.LISTS[RecordKind.TASK]

    found = translate.record(
        RecordKind.TASK, listed, {"RECORDNO": "7", "PROJECTID": "24-017", "TASKID": "1"}
    )

    assert isinstance(found, Unreadable)
    assert found.external_id == "24-017/1"
    assert "record 7" in found.sentence


def test_a_bill_that_cannot_be_read_leaves_the_others():
    found = posted.listed_bill({"RECORDNO": "9", "VENDORID": "V-1"}, [], app_url="")

    assert isinstance(found, Unreadable)
    assert found.external_id == "9"


def test_non_posting_is_not_active():
    row = {"PROJECTID": "1", "NAME": "n", "STATUS": "active non-posting"}

    assert not translate.project(row).is_active


def test_the_tax_number_is_no_part_of_the_payload():
    found = translate.vendor({"VENDORID": "V-1", "NAME": "n", "TAXID": "12-3456789"})

    assert found.tax_id == "12-3456789"
    assert "12-3456789" not in str(found.payload)


@pytest.mark.parametrize("text", ["2026-03-02", "13/45/2026", ""])
def test_a_day_is_written_as_intacct_writes_days(text):
    with pytest.raises(ValueError, match="time data"):
        translate.day(text)


def test_a_day_stays_the_day():
    assert translate.day("12/31/2026") == date(2026, 12, 31)


HOSTILE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><response>&x;</response>'


@pytest.mark.parametrize("body", [HOSTILE, b"<html><p>Maintenance", b"", b"\xff\xfe<", b"{}"])
def test_what_is_no_honest_xml_is_not_read(body):
    assert envelope.parsed(body) is None
