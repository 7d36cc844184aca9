"""The query language, asked over HTTP as any client would."""

import pytest

LONG_NAMES = ["n" * 200, "m" * 500]
AWKWARD = [
    "O'Neill's",
    "A & B",
    "Lot #9",
    "50% Off",
    "Zażółć Gęślą",
    "日本建設",
    'Say "hi"',
    "a+b=c",
]


@pytest.fixture
def ask(call):
    """The rows, or the fault's code and detail."""

    def ask(statement: str):
        answer = call("GET", "query", params={"query": statement}).json()
        if "Fault" in answer:
            (error,) = answer["Fault"]["Error"]
            return error["code"], error["Detail"]
        response = answer["QueryResponse"]
        return response.get("totalCount") or next(
            (rows for rows in response.values() if isinstance(rows, list)), []
        )

    return ask


def quote(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@pytest.mark.parametrize("name", [*LONG_NAMES, *AWKWARD])
def test_name_is_found_exactly(ask, call, name):
    made = call("POST", "vendor", json={"DisplayName": name}).json()["Vendor"]

    found = ask(f"SELECT * FROM Vendor WHERE DisplayName = {quote(name)}")  # noqa: S608

    assert [row["Id"] for row in found] == [made["Id"]]


def test_statement_may_come_in_the_body(call):
    answer = call(
        "POST",
        "query",
        data="select * from Vendor where DisplayName like 'Larkspur%'",
    )

    assert answer.json()["QueryResponse"]["Vendor"][0]["Id"] == "56"


def test_keywords_properties_and_values_ignore_case(ask):
    assert len(ask("sElEcT * fRoM vEnDoR wHeRe dIsPlAyNaMe = 'LARKSPUR CONCRETE LLC'")) == 1


def test_only_active_rows_come_unless_asked(ask):
    assert len(ask("SELECT * FROM Vendor")) == 2
    assert len(ask("SELECT * FROM Vendor WHERE Active IN (true,false)")) == 3
    assert len(ask("SELECT * FROM Vendor WHERE Active = false")) == 1


def test_inactive_name_carries_its_mark(ask):
    (row,) = ask("SELECT * FROM Vendor WHERE Active = false")

    assert row["DisplayName"] == "Quiet Vendor (deleted)"


def test_count(ask):
    assert ask("SELECT COUNT(*) FROM Vendor WHERE Active IN (true, false)") == 3


def test_no_rows_is_an_empty_answer(call):
    answer = call("GET", "query", params={"query": "SELECT * FROM Vendor WHERE Id = '1'"})

    assert answer.json()["QueryResponse"] == {}


def test_bills_are_found_by_vendor_number_and_day(ask):
    statement = (
        "SELECT * FROM Bill WHERE VendorRef = '56' AND DocNumber = 'LC-0900'"
        " AND TxnDate >= '2026-02-10' AND TxnDate <= '2026-02-10'"
    )

    assert [row["Id"] for row in ask(statement)] == ["300"]


def test_amounts_compare_as_numbers(ask):
    assert len(ask("SELECT * FROM Bill WHERE TotalAmt > '900.5'")) == 1


def test_order_and_start(ask):
    rows = ask("SELECT * FROM Account ORDERBY Name DESC STARTPOSITION 2 MAXRESULTS 2")

    assert [row["Name"] for row in rows] == ["Retainage Payable", "Cost of Construction"]


def test_ids_are_ordered_as_numbers(ask, call):
    for n in range(45):
        call("POST", "vendor", json={"DisplayName": f"Vendor {n}"})

    ids = [int(row["Id"]) for row in ask("SELECT * FROM Vendor ORDER BY Id")]

    assert ids == sorted(ids)


def test_a_hundred_rows_come_when_nothing_is_said(ask, sandbox):
    with sandbox.store.transaction():
        for n in range(150):
            sandbox.entities.put("Vendor", {"DisplayName": f"Vendor {n}"}, sandbox.now())

    assert len(ask("SELECT * FROM Vendor")) == 100


def test_a_few_columns_make_a_sparse_row(ask):
    row = ask("SELECT Id, DisplayName FROM Vendor")[0]

    assert row.keys() == {"Id", "DisplayName", "domain", "sparse"}
    assert row["sparse"]


@pytest.mark.parametrize(
    "statement",
    [
        "",
        "SELECT",
        "DELETE FROM Vendor",
        "SELECT * FROM Vendor WHERE",
        "SELECT * FROM Vendor WHERE Id = 5",
        "SELECT * FROM Vendor WHERE Id = '5",
        "SELECT * FROM Vendor WHERE Id = '5' OR Id = '6'",
        "SELECT * FROM Vendor WHERE Id != '5'",
        "SELECT * FROM Vendor WHERE DisplayName = 'O'Malley'",
        "SELECT * FROM Vendor MAXRESULTS many",
        "SELECT * FROM Vendor; DROP",
    ],
)
def test_what_cannot_be_parsed_is_4000(ask, statement):
    assert ask(statement)[0] == "4000"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM Yachts",
        "SELECT * FROM Vendor WHERE Shoesize = '5'",
        "SELECT * FROM Bill WHERE Line.Amount = '5'",
        "SELECT * FROM Bill WHERE PrivateNote LIKE '%tieout%'",
        "SELECT * FROM Vendor WHERE Id > '5'",
        "SELECT * FROM Vendor STARTPOSITION 0",
        "SELECT * FROM Vendor MAXRESULTS 1001",
        "SELECT * FROM Vendor WHERE MetaData.LastUpdatedTime > 'yesterday'",
        "SELECT * FROM Bill WHERE TotalAmt > 'much'",
    ],
)
def test_what_is_not_allowed_is_4001(ask, statement):
    assert ask(statement)[0] == "4001"


def test_start_of_zero_says_the_least_allowed(ask):
    assert "Min allowed value is 1" in ask("SELECT * FROM Vendor STARTPOSITION 0")[1]
