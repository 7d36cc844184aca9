import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.matching.candidates import CandidateIndex, take_turns
from mapping.matching.names import Candidate, code_key, legal_form, normalise, split_code


def index_of(*names, **fields):
    return CandidateIndex([Candidate(key, name, **fields) for key, name in enumerate(names)])


def found_names(index, name, **fields):
    return [found.candidate.name for found in index.find(Candidate(99, name, **fields))]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("ACME PLUMBING, INC.", "Acme Plumbing"),
        ("Acme Plumbing L.L.C.", "Acme Plumbing LLC"),
        ("Smith & Sons", "Smith and Sons"),
        ("J. & A. Masonry", "JA Masonry"),
        ("O'Brien Électric", "OBrien Electric"),
        ("The Landscape Company", "Landscape Co."),
        ("Acme Supply (deleted)", "Acme Supply"),
        ("Acme\u200b \u202eSupply", "Acme Supply"),
        ("Brøndby Steel", "Brondby Steel"),
    ],
)
def test_spellings_of_one_name_are_equal(left, right):
    assert normalise(left) == normalise(right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Route 12 Paving", "Route 21 Paving"),
        ("Maple Lot 4", "Maple Lot 5"),
        ("Smith Plumbing", "Smith Electric"),
        ("Tower A", "Tower B"),
    ],
)
def test_what_tells_two_names_apart_stays(left, right):
    assert normalise(left) != normalise(right)


def test_a_name_of_legal_forms_only_is_not_emptied():
    assert normalise("Inc. LLC") != ""


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(text):
    assert normalise(normalise(text)) == normalise(text)


def test_a_legal_form_is_recognised_however_it_is_dotted():
    assert legal_form("Acme P.L.L.C.") == legal_form("Acme LLC") == "llc"


@pytest.mark.parametrize(
    ("label", "parts"),
    [
        ("01-100: Concrete", ("01-100", "Concrete")),
        ("52100 · Sub - Excavation", ("52100", "Sub - Excavation")),
        ("03 30 00 - Cast-in-Place", ("03 30 00", "Cast-in-Place")),
        ("V01234 Acme Supply", ("V01234", "Acme Supply")),
        ("84 Lumber", ("", "84 Lumber")),
        ("Acme - Concrete", ("", "Acme - Concrete")),
    ],
)
def test_code_and_name_are_kept_apart(label, parts):
    assert split_code(label) == parts


def test_a_job_number_is_the_same_in_three_spellings():
    assert code_key("23-014") == code_key("2023-014") == code_key("23014")


def test_a_typo_is_found_among_many():
    index = index_of("Tomahawk Landscaping", "Triple H Services", *(f"Firm {n}" for n in range(50)))

    assert found_names(index, "Tomahwak Landscapng")[0] == "Tomahawk Landscaping"


def test_a_trade_name_finds_its_target():
    index = CandidateIndex([Candidate(1, "5G Masonry, LLC", other_names=("Rosales Masonry",))])

    assert found_names(index, "Rosales Masonry") == ["5G Masonry, LLC"]


def test_the_last_segment_of_a_path_finds_its_target():
    index = CandidateIndex([Candidate(1, "Kitchen", path="Smith, John:41 Oak St Kitchen")])

    assert found_names(index, "41 Oak Street kitchen") == ["Kitchen"]


def test_a_code_finds_its_target_whatever_it_is_called():
    index = CandidateIndex([Candidate(1, "Renamed since", code="2023-014")])

    assert found_names(index, "Oak Street", code="23-014") == ["Renamed since"]


def test_a_tax_number_finds_its_target_whatever_it_is_called():
    index = CandidateIndex([Candidate(1, "Renamed since", tax_id="12-3456789")])

    assert found_names(index, "Acme", tax_id="123456789") == ["Renamed since"]


def test_ten_are_kept():
    index = index_of(*(f"Acme Builders {n}" for n in range(40)))

    assert len(found_names(index, "Acme Builders")) == 10


def test_nothing_alike_finds_nothing():
    assert found_names(index_of("Acme Builders"), "Zyx") == []


def test_a_name_of_punctuation_only_finds_nothing():
    assert found_names(index_of("Acme Builders", "—"), "***") == []


def test_an_empty_list_finds_nothing():
    assert found_names(index_of(), "Acme") == []


def test_taking_turns_loses_nothing():
    assert take_turns([1, 2, 3], [3, 1, 2]) == [1, 3, 2]


def test_search_takes_the_beginning_of_a_word():
    index = index_of("Acme Builders", "Bergen Steel", "Berg Concrete")

    assert [row.name for row in index.search("berg")] == ["Berg Concrete", "Bergen Steel"]


def test_search_forgives_a_typo():
    index = index_of("Acme Builders", "Bergen Steel")

    assert index.search("bergne steel")[0].name == "Bergen Steel"


def test_search_reads_codes_and_cities():
    index = CandidateIndex(
        [Candidate(1, "Concrete", code="03-300"), Candidate(2, "Acme", city="Wichita")]
    )

    assert [index.search(text)[0].key for text in ("03-3", "wichi")] == [1, 2]


def test_search_for_nothing_finds_nothing():
    assert index_of("Acme").search("  ") == []


def test_search_gives_no_more_than_it_is_asked_for():
    index = index_of(*(f"Acme {n}" for n in range(30)))

    assert len(index.search("acme", limit=5)) == 5
