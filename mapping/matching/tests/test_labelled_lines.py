"""How often drafts for lines of cost are right, on lists and charts labelled for this test.

`line_items/cost_codes.csv` has lists of a dozen kinds of firms, each label with its reason where it
needs one; a cell is a target's key, `none`, or `?k1/k2` where several are defensible. A label was
set before the ranker was run on it.
"""

import csv
from functools import cache
from pathlib import Path

import pytest

from mapping.matching.charts import Chart
from mapping.matching.line_items import rank_line_item
from mapping.matching.names import Candidate

FOLDER = Path(__file__).with_name("line_items")
CHARTS = {
    "gold_items": "items.csv",
    "gold_builder": "chart_builder.csv",
    "gold_split": "chart_split.csv",
    "gold_broad": "chart_broad.csv",
}
# The labelled sets lie beside the project; some checkouts are without them.
SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "lineitems_gold"
SHARED_CHARTS = {
    "gold_items": "items.csv",
    "gold_chart_builder": "chart_builder.csv",
    "gold_chart_gc": "chart_gc.csv",
}


def rows(name, folder=FOLDER):
    with (folder / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@cache
def answers(column, codes="cost_codes.csv"):
    """(the code's row, right keys, whether only one is right, drafted key, keys shown)"""
    is_own = codes == "cost_codes.csv"
    listed = rows(CHARTS[column]) if is_own else rows(SHARED_CHARTS[column], SHARED)
    chart = Chart(
        [
            Candidate(at, row["name"], row["number"], type=row["type"])
            for at, row in enumerate(listed)
        ]
    )
    found = []
    for row in rows(codes):
        cell = row[column]
        right = set(cell.lstrip("?").split("/")) - {"none"}
        ranking = rank_line_item(
            Candidate(-1, row["name"], row["code"], type=row["cost_type"]), chart
        )
        shown = [listed[each.candidate.key]["key"] for each in ranking.candidates]
        drafted = None if ranking.pick is None else shown[ranking.pick]
        found.append((row, right, bool(right) and not cell.startswith("?"), drafted, shown))
    return found


@pytest.mark.parametrize("column", CHARTS)
def test_a_draft_is_right_or_one_of_the_defensible(column):
    wrong = [
        (row["name"], row["cost_type"], drafted)
        for row, right, _, drafted, _ in answers(column)
        if drafted is not None and drafted not in right
    ]

    assert len(wrong) <= 0.02 * len(answers(column)), wrong


@pytest.mark.parametrize("column", CHARTS)
def test_what_has_no_answer_is_left_alone(column):
    wrong = [
        (row["name"], drafted)
        for row, right, _, drafted, _ in answers(column)
        if not right and drafted is not None
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("column", "share"),
    [("gold_items", 0.93), ("gold_builder", 0.88), ("gold_split", 0.88), ("gold_broad", 0.88)],
)
def test_most_codes_with_one_answer_are_drafted(column, share):
    one = [(drafted in right) for _, right, is_one, drafted, _ in answers(column) if is_one]

    assert sum(one) >= share * len(one)


@pytest.mark.parametrize("column", CHARTS)
def test_the_right_row_is_among_the_five_shown(column):
    shown = [bool(right & set(five)) for _, right, is_one, _, five in answers(column) if is_one]

    assert sum(shown) >= 0.98 * len(shown)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the labelled charts are not here")
@pytest.mark.parametrize("column", SHARED_CHARTS)
def test_lists_labelled_against_the_shared_charts_are_drafted_right(column):
    found = answers(column, "more_cost_codes.csv")
    drafts = [(drafted in right) for _, right, _, drafted, _ in found if drafted is not None]
    one = [(drafted in right) for _, right, is_one, drafted, _ in found if is_one]

    assert sum(drafts) >= 0.98 * len(drafts)
    assert sum(one) >= 0.93 * len(one)


@pytest.mark.parametrize("trap", rows("traps.csv"), ids=lambda trap: trap["name"])
def test_no_trap_is_walked_into(trap):
    """Even where the tempting row is the only one in the list."""
    source = Candidate(-1, trap["name"], type=trap["cost_type"])

    ranking = rank_line_item(source, Chart([Candidate(1, trap["never"])]))

    assert ranking.pick is None, ranking.reason
