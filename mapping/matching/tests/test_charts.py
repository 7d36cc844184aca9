import pytest

from mapping.matching.charts import Chart, role
from mapping.matching.line_items import rank_line_item
from mapping.matching.names import Candidate

REMODELER = """
50000|DIRECT LABOR|Cost of Goods Sold
50100|Labor - Carpenters|Cost of Goods Sold
50200|Labor - Helpers|Cost of Goods Sold
51000|DIRECT MATERIALS|Cost of Goods Sold
51200|Drywall & Finishes|Cost of Goods Sold
51400|Flooring|Cost of Goods Sold
51900|Other Materials|Cost of Goods Sold
52000|SUBCONTRACTORS|Cost of Goods Sold
52100|Sub - Electrical|Cost of Goods Sold
52600|Sub - Other|Cost of Goods Sold
54100|Permits|Cost of Goods Sold
54400|Miscellaneous Direct|Cost of Goods Sold
61300|Utilities|Operating Expenses
62300|Fuel|Operating Expenses
40400|Electrical Revenue|Income
"""


def listed(text):
    rows = (line.split("|") for line in text.strip().splitlines())
    return [Candidate(at, name, code, type=kind) for at, (code, name, kind) in enumerate(rows)]


def ranked(name, cost_type="", *, targets=REMODELER):
    return rank_line_item(Candidate(-1, name, type=cost_type), Chart(listed(targets)))


def picked(name, cost_type=""):
    found = ranked(name, cost_type)
    return None if found.pick is None else found.candidates[found.pick].candidate.name


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("Cost of Goods Sold", "cost"),
        ("Cost Of Goods Sold (Direct Costs)", "cost"),
        ("COGS", "cost"),
        ("Service", "cost"),
        ("", "cost"),
        ("Expense", "overhead"),
        ("Operating Expenses (Overhead)", "overhead"),
        ("Other Income/Expense", "overhead"),
        ("Income", "never"),
        ("Other Current Assets", "never"),
        ("Accounts Payable", "never"),
        ("Bank", "never"),
    ],
)
def test_the_type_of_an_account_says_whether_jobs_are_costed_to_it(type_, expected):
    assert role(type_) == expected


def test_income_is_not_even_shown():
    shown = [each.candidate.name for each in ranked("Electrical", "S").candidates]

    assert "Electrical Revenue" not in shown


def test_what_stands_under_materials_is_material():
    assert [picked("Carpet", each) for each in "MS"] == ["Flooring", "Sub - Other"]


def test_a_heading_takes_nothing_itself():
    assert picked("Windows", "M") == "Other Materials"


def test_who_did_the_work_is_asked_where_labor_is_shared_out():
    assert picked("Cleanup", "L") is None


def test_a_job_is_not_costed_to_the_offices_utilities():
    assert picked("Utilities", "S") != "Utilities"


def test_five_are_shown_where_nothing_fits():
    found = ranked("Thermosyphons", "S")

    assert found.pick is None
    assert len(found.candidates) == 5
    assert found.candidates[0].candidate.name == "Sub - Other"


def test_without_a_cost_type_both_accounts_are_shown():
    found = ranked("Electrical")

    assert found.pick is None
    assert found.candidates[0].candidate.name == "Sub - Electrical"
    assert found.reason == "the list splits by cost type and the source has none"


def test_where_jobs_are_costed_among_expenses_those_serve():
    targets = "|Job Materials|Expense\n|Permits|Expense\n|Office Supplies|Expense\n|Sales|Income"

    found = ranked("Building permit", targets=targets)

    assert found.candidates[found.pick].candidate.name == "Permits"
