import pytest

from mapping.matching.charts import Chart
from mapping.matching.line_items import rank_line_item
from mapping.matching.names import Candidate
from mapping.matching.numbering import Numbering, parse

LISTED = """
03 30 00|Cast-in-Place Concrete
04 20 00|Unit Masonry
05 12 00|Structural Steel
07 21 00|Thermal Insulation
08 50 00|Windows
09 29 00|Gypsum Board
09 91 00|Painting
22 40 00|Plumbing Fixtures
26 51 00|Lighting
31 23 00|Excavation
"""
MASTERFORMAT = Numbering.of(
    Candidate(at, name, code)
    for at, (code, name) in enumerate(line.split("|") for line in LISTED.strip().splitlines())
)


def picked(code, name, *targets, numbering=MASTERFORMAT):
    chart = Chart([Candidate(at, target) for at, target in enumerate(targets)])
    found = rank_line_item(Candidate(-1, name, code), chart, numbering=numbering)
    return None if found.pick is None else found.candidates[found.pick].candidate.name


@pytest.mark.parametrize(
    ("code", "division", "section"),
    [
        ("09 29 00", 9, "09 29"),
        ("092900", 9, "09 29"),
        ("09-2900", 9, "09 29"),
        ("09-250", 9, ""),
        ("9-250", 9, ""),
        ("09250.L", 9, ""),
        ("09", 9, ""),
        ("33 11 00", 33, "33 11"),
        ("4010", 0, ""),
        ("99 10 00", 0, ""),
        ("PRELIM", 0, ""),
        ("", 0, ""),
    ],
)
def test_a_number_says_division_and_section(code, division, section):
    assert parse(code) == (division, section)


def test_a_list_whose_numbers_and_words_agree_is_masterformat():
    assert MASTERFORMAT.is_masterformat


def test_a_list_that_only_looks_alike_is_not():
    stages = ["Trim", "Roofing", "Carpet", "Framing", "Paint", "Tile", "Brick", "Sod", "Windows"]
    listed = [Candidate(at, name, f"0{at + 1} 10 00") for at, name in enumerate(stages)]

    assert not Numbering.of(listed).is_masterformat


def test_a_few_codes_say_nothing_about_the_list():
    assert not Numbering.of([Candidate(1, "Gypsum Board", "09 29 00")]).is_masterformat


def test_the_number_speaks_where_no_word_is_known():
    assert picked("09 30 00", "Schluter", "Tile", "Roofing") == "Tile"


def test_the_number_never_goes_against_the_words():
    assert picked("09 30 00", "Roofing", "Tile", "Roofing") == "Roofing"


@pytest.mark.parametrize(
    ("code", "target"),
    [("21 10 00", "Fire Sprinklers"), ("32 84 00", "Lawn Irrigation"), ("X", None)],
)
def test_the_number_says_which_sprinklers(code, target):
    assert picked(code, "Sprinkler Systems", "Fire Sprinklers", "Lawn Irrigation") == target


def test_equipment_of_division_11_is_built_in_not_rented():
    assert picked("11 00 00", "Equipment", "Equipment Rental", "Roofing") is None
    assert picked("01 54 00", "Equipment", "Equipment Rental", "Roofing") == "Equipment Rental"


def test_without_a_list_the_number_is_not_looked_at():
    assert picked("09 30 00", "Schluter", "Tile", "Roofing", numbering=Numbering()) is None
