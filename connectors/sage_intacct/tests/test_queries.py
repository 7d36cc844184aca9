"""The sandbox's reading: query by label, readByQuery by code, and pages. The sheet, 5.2, 5.3."""

import pytest

from connectors.sage_intacct.tests.conftest import column, complaints, query
from connectors.sage_intacct.tests.samples import said, vendor

UP = "<orderby><order><field>RECORDNO</field><ascending/></order></orderby>"


def where(operator, field, *values):
    wanted = "".join(f"<value>{value}</value>" for value in values)
    return f"<{operator}><field>{field}</field>{wanted}</{operator}>"


def both(operator, *conditions):
    return f"<{operator}>{''.join(conditions)}</{operator}>"


def ids(session, condition="", rest=UP, kind="VENDOR", name="VENDORID"):
    return column(session.one(query(kind, name, where=condition, rest=rest)), name)


def attributes(result):
    return dict(result.find("data").attrib)


def test_pages_say_how_much_is_left(session):
    rest = f"{UP}<pagesize>3</pagesize><offset>3</offset>"

    result = session.one(query("VENDOR", "VENDORID", rest=rest))

    assert attributes(result) == {
        "listtype": "VENDOR", "totalcount": "7", "offset": "3", "count": "3", "numremaining": "1",
    }  # fmt: skip
    assert column(result, "VENDORID") == ["V-1045", "V-1046", "V-1047"]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (where("equalto", "VENDORID", "V-1042"), ["V-1042"]),
        (where("equalto", "STATUS", "inactive"), ["V-1046"]),
        (where("like", "NAME", "%on%"), ["V-1043", "V-1044", "V-1046"]),
        (where("in", "VENDORID", "V-1042", "V-1043"), ["V-1042", "V-1043"]),
        (where("between", "RECORDNO", "2", "3"), ["V-1043", "V-1044"]),
        (where("isnotnull", "RETAINAGEPERCENTAGE"), ["V-1042"]),
        (where("greaterthan", "RECORDNO", "6"), ["V-1048"]),
        (both("and", where("greaterthan", "RECORDNO", "1"), where("lessthan", "RECORDNO", "3")),
         ["V-1043"]),
        (both("or", where("equalto", "RECORDNO", "1"), where("equalto", "RECORDNO", "4")),
         ["V-1042", "V-1045"]),
    ],
)  # fmt: skip
def test_filters(session, condition, found):
    assert ids(session, condition) == found


def test_text_is_compared_as_written_unless_that_was_not_asked_for(session):
    condition = where("equalto", "NAME", "ridge framing llc")

    assert ids(session, condition) == []
    loose = "<options><caseinsensitive>true</caseinsensitive></options>"
    assert ids(session, condition, rest=loose) == ["V-1042"]


def test_a_state_is_filtered_by_its_label(session):
    by_label = ids(session, where("equalto", "STATE", "Posted"), kind="APBILL", name="RECORDID")
    by_code = ids(session, where("equalto", "STATE", "A"), kind="APBILL", name="RECORDID")

    assert (by_label, by_code) == (["LC-900"], [])


def test_a_dot_leads_to_the_row_behind(session):
    asked = query("APBILLITEM", "RECORDNO", "APBILL.RECORDID", "APBILL.STATE")

    result = session.one(asked)

    assert column(result, "APBILL.RECORDID") == ["LC-900"]
    assert column(result, "APBILL.STATE") == ["Posted"]


def test_rows_are_counted_and_summed(session):
    select = "<count>RECORDNO</count><sum>TOTALENTERED</sum>"

    result = session.one(f"<query><object>APBILL</object><select>{select}</select></query>")

    assert column(result, "COUNT.RECORDNO") == ["1"]
    assert column(result, "SUM.TOTALENTERED") == ["8400.00"]


@pytest.mark.parametrize(
    "asked",
    [
        query("VENDOR", "NOPE"),
        query("VENDOR", "VENDORID", where=where("equalto", "NOPE", "1")),
        query("VENDOR", "VENDORID", where=where("equals", "NAME", "1")),
        query("VENDOR", "VENDORID", where=where("equalto", "NAME", "1", "2")),
        query("VENDOR", "VENDORID", where=where("between", "RECORDNO", "1")),
        query("VENDOR", "VENDORID", where=f"<and>{where('equalto', 'NAME', '1')}</and>"),
        query("APBILL", "RECORDNO", where=where("equalto", "WHENDUE", "2026-03-01")),
        query("VENDOR", "VENDORID", where=where("equalto", "WHENMODIFIED", "yesterday")),
        query("VENDOR", "VENDORID", rest="<pagesize>2001</pagesize>"),
        query("VENDOR", "VENDORID", rest="<pagesize>0</pagesize>"),
        query("VENDOR", "VENDORID", rest="<limit>5</limit>"),
        query("VENDOR"),
        query("VENDOR", "*"),
        query("APBILL", "CUSTOMER.NAME"),
    ],
)
def test_a_question_that_cannot_be_answered(session, asked):
    assert complaints(session.one(asked))[0][0] == "DL02000001"


def test_what_changed_since_a_moment(session, order):
    order("clock", seconds=3600)
    order("row/vendor", key=["V-1043"], NAME="Larkspur Concrete & Sons")
    moment = column(session.one(query("VENDOR", "WHENMODIFIED", rest=UP)), "WHENMODIFIED")[1]

    assert ids(session, where("greaterthanorequalto", "WHENMODIFIED", moment)) == ["V-1043"]


def test_without_an_order_there_is_none_to_rely_on(session):
    assert ids(session, rest="") != ids(session)


# --- readByQuery ----------------------------------------------------------------------------------


def by_query(kind, statement, fields="*", size=100):
    escaped = statement.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f"<readByQuery><object>{kind}</object><fields>{fields}</fields><query>{escaped}</query>"
        f"<pagesize>{size}</pagesize></readByQuery>"
    )


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("STATUS = 'F'", ["V-1046"]),
        ("RECORDNO >= 2 AND RECORDNO < 4", ["V-1043", "V-1044"]),
        ("VENDORID in ('V-1042', 'V-1045')", ["V-1042", "V-1045"]),
        ("VENDORID not in ('V-1042') AND RECORDNO <= 2", ["V-1043"]),
        ("NAME like 'Ridge%' OR (NOT STATUS = 'T')", ["V-1042", "V-1046"]),
        ("NAME = 'O\\'Malley & Sons <Drywall> \"Best\"'", ["V-1044"]),
        ("RETAINAGEPERCENTAGE IS NOT NULL", ["V-1042"]),
        ("ONHOLD = 'T'", ["V-1047"]),
    ],
)
def test_statements(session, statement, found):
    assert column(session.one(by_query("VENDOR", statement)), "VENDORID") == found


def test_a_label_is_no_code(session):
    assert column(session.one(by_query("APBILL", "STATE = 'Posted'")), "RECORDID") == []
    assert column(session.one(by_query("APBILL", "STATE = 'A'")), "RECORDID") == ["LC-900"]


@pytest.mark.parametrize(
    "statement",
    ["NOPE = '1'", "STATUS =", "STATUS ~ 'T'", "(STATUS = 'T'", "STATUS = 'T' RECORDNO"],
)
def test_a_statement_that_cannot_be_read(session, statement):
    assert complaints(session.one(by_query("VENDOR", statement)))[0][0] == "DL02000001"


def test_more_is_read_until_nothing_is_left(session):
    first = session.one(by_query("VENDOR", "", "VENDORID", 5))
    data = attributes(first)
    assert (data["count"], data["totalcount"], data["numremaining"]) == ("5", "8", "3")
    assert [each.tag for each in first.find("data")] == ["vendor"] * 5
    more = f"<readMore><resultId>{data['resultId']}</resultId></readMore>"

    second = session.one(more)

    assert attributes(second)["numremaining"] == "0"
    assert len(column(second, "VENDORID")) == 3
    assert complaints(session.one(more))[0][0] == "DL02000001"


def test_a_page_of_the_old_reading_has_a_thousand_rows_at_most(session):
    assert complaints(session.one(by_query("VENDOR", "", size=1001)))[0][0] == "DL02000001"


# --- Reading whole rows ---------------------------------------------------------------------------


def test_rows_are_read_by_number_and_by_name(session):
    by_number = session.one(
        "<read><object>VENDOR</object><keys>1,3</keys><fields>*</fields></read>"
    )
    by_name = session.one("<readByName><object>VENDOR</object><keys>v-1044</keys></readByName>")

    assert column(by_number, "VENDORID") == ["V-1042", "V-1044"]
    assert by_name.findtext("data/VENDOR/DISPLAYCONTACT/MAILADDRESS/CITY") == "Boise"


def test_a_hundred_rows_are_read_at_once_at_most(session):
    keys = ",".join(map(str, range(1, 102)))

    result = session.one(f"<read><object>VENDOR</object><keys>{keys}</keys></read>")

    assert complaints(result)[0][0] == "DL02000001"


def test_a_bill_is_read_with_its_lines(session):
    result = session.one("<read><object>APBILL</object><keys>1</keys><fields>*</fields></read>")

    lines = result.findall("data/APBILL/APBILLITEMS/apbillitem")
    assert [(each.findtext("PROJECTID"), each.findtext("TRX_AMOUNT")) for each in lines] == [
        ("24-017", "8400")
    ]


def test_an_object_says_what_it_has(session):
    result = session.one("<lookup><object>TASK</object></lookup>")

    fields = {each.findtext("ID"): each for each in result.iter("Field")}
    assert fields["NAME"].findtext("REQUIRED") == "true"
    assert next(v.text for v in fields["TASKSTATUS"].iter("VALIDVALUE")) == "Not Started"


def test_all_objects_are_listed(session):
    result = session.one("<inspect><object>*</object></inspect>")

    assert "APBILL" in {each.get("typename") for each in result.iter("type")}


def test_the_company_says_its_currency(session):
    assert column(session.one("<getFinancialSetup/>"), "baseCurrency") == ["USD"]


# --- Lists are made -------------------------------------------------------------------------------


def test_where_ids_are_given_out_none_has_to_be_said(session, order):
    assert complaints(session.one(vendor("")))[0][1] == "Required field Vendor ID is missing"
    order("company", auto_number=["VENDOR"])

    result = session.one(vendor(""))

    assert result.findtext("data/vendor/VENDORID").startswith("V-1")


def created(kind, **columns):
    return f"<create><{kind}>{said(**columns)}</{kind}></create>"


@pytest.mark.parametrize(
    ("call", "number"),
    [
        (vendor("V-1042"), "BL34000061"),
        (vendor("V" * 21), "BL03000018"),
        (vendor("V-1", STATUS="asleep"), "BL03000018"),
        (vendor("V-1", TERMNAME="Net 99"), "BL01001973"),
        (created("PROJECT", PROJECTID="1", NAME="n"), "BL03000018"),
        (created("PROJECT", PROJECTID="1", NAME="n", PROJECTCATEGORY="Contract"), "BL03000018"),
        (created("TASK", PROJECTID="24-9", TASKID="1", NAME="n", TASKSTATUS="Planned"),
         "BL01001973"),
        (created("COSTTYPE", PROJECTID="24-017", TASKID="9", STANDARDCOSTTYPEID="SUB"),
         "BL01001973"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_refused(session, call, number):
    assert complaints(session.one(call))[0][0] == number


def test_a_cost_type_inherits_from_the_standard(session):
    made = session.one(
        "<create><COSTTYPE><PROJECTID>24-017</PROJECTID><TASKID>03-300</TASKID>"
        "<STANDARDCOSTTYPEID>MAT</STANDARDCOSTTYPEID></COSTTYPE></create>"
    )
    number = made.findtext("data/costtype/RECORDNO")

    read = session.one(f"<read><object>COSTTYPE</object><keys>{number}</keys></read>")

    assert [read.findtext(f"data/COSTTYPE/{name}") for name in ("COSTTYPEID", "NAME", "ACCOUNTNO")
            ] == ["MAT", "Material", "5020"]  # fmt: skip


def test_a_project_is_made_inactive_by_its_id(session):
    session.one(
        "<update><PROJECT><PROJECTID>24-017</PROJECTID><STATUS>inactive</STATUS></PROJECT></update>"
    )

    inactive = ids(session, where("equalto", "STATUS", "inactive"), UP, "PROJECT", "PROJECTID")
    assert inactive == ["24-017", "23-001"]
