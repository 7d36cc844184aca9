import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.matching.candidates import SHORTLIST, CandidateIndex, take_turns
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


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Free Balance", "FreeBalance"),
        ("EllisDon Canada", "Ellis Don Canada"),
        ("Next2Nature", "Next 2 Nature"),
        ("Casper Co", "Csper Co"),
        ("Trupso", "Trupos"),
        ("Xeroxgraphic", "Xerox"),
    ],
)
def test_a_slip_in_a_word_finds_its_target(written, meant):
    index = index_of(meant, *(f"Firm {n} Plumbing" for n in range(50)))

    assert found_names(index, written)[0] == meant


def test_a_name_of_common_words_only_is_found_among_many():
    heads, tails = ("lawn", "care", "home", "city"), ("service", "supply", "design", "group")
    others = [f"{head} {tail} {n}" for head in heads for tail in tails for n in range(250)]
    index = index_of(*others, "Lawn Supply Design")

    assert "Lawn Supply Design" in found_names(index, "Design Lawn Supply")


def test_who_is_called_so_comes_before_whose_trade_name_it_is():
    targets = [Candidate(n, f"Firm {n} dba Rainmakers") for n in range(30)]
    index = CandidateIndex([*targets, Candidate(30, "Rainmakers")])

    assert found_names(index, "Rainmakers Inc")[0] == "Rainmakers"


def test_the_same_town_decides_between_twins():
    twins = [Candidate(n, "Smith Landscaping", city=f"Town {n}") for n in range(20)]
    index = CandidateIndex([*twins, Candidate(20, "Smith Landscapes", city="Dover")])

    found = index.find(Candidate(99, "Smith Landscaping", city="DOVER"))

    assert 20 in [each.candidate.key for each in found]


@pytest.mark.parametrize(
    "fields",
    [
        {"code": "V-1043"},
        {"tax_id": "12-3456789"},
        {"email": "Office@acme.test"},
        {"phone": "+1 (316) 555-0142"},
        {"address": "41 Oak Street", "postcode": "67201-1234"},
        {"address": "41 Oak Street", "city": "Wichita"},
    ],
)
def test_a_fact_both_sides_have_finds_a_target_of_another_name(fields):
    index = CandidateIndex([Candidate(1, "Renamed since", **fields), Candidate(2, "Other")])

    assert found_names(index, "Acme", **fields) == ["Renamed since"]


def test_an_address_is_the_same_however_the_street_is_written():
    index = CandidateIndex([Candidate(1, "Renamed", address="41 Oak St.", postcode="67201")])

    assert found_names(index, "Acme", address="41 OAK ST", postcode="67201-1234") == ["Renamed"]


def test_a_mail_domain_of_one_firm_finds_it():
    index = CandidateIndex([Candidate(1, "Renamed since", email="bills@acme.test")])

    assert found_names(index, "Acme", email="joe@acme.test") == ["Renamed since"]


def test_a_mail_domain_of_many_finds_nobody():
    firms = [Candidate(n, f"Firm {n}", email=f"{n}@mail.test") for n in range(5)]

    assert found_names(CandidateIndex(firms), "Acme", email="acme@mail.test") == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Evergreen Lawn Care and", "Evergreen Lawn Care and Snow Plowing"),
        ("Evergreen Lawn Care and Snow Plowing", "Evergreen Lawn Care and"),
    ],
)
def test_a_name_that_was_cut_is_found_among_many_like_it(written, meant):
    index = index_of(meant, *(f"{n} Evergreen Lawn Care Snow" for n in range(500)))

    assert meant in found_names(index, written)


def test_twins_are_all_known_by_their_name():
    index = index_of("Acme, Inc.", "Other", "ACME")

    assert index.named("acme") == [0, 2]


def test_a_customer_with_jobs_is_above_others():
    index = CandidateIndex(
        [Candidate(1, "Smith"), Candidate(2, "Kitchen", path="Smith:Kitchen")], "project"
    )

    assert [index.is_above_others(at) for at in (0, 1)] == [True, False]


def test_a_word_of_few_rows_tells_more_than_a_word_of_many():
    index = index_of("Acme Supply", "Bergen Supply", "Cobalt Supply")

    assert index.rarity("supply") < index.rarity("acme") == index.rarity("unheard")


@given(st.lists(st.text("abc &.12", max_size=12), max_size=12))
def test_every_row_that_has_a_name_finds_itself(names):
    index = index_of(*names)

    for key, name in enumerate(names):
        if normalise(name):
            twins = index.named(normalise(name))
            found = [each.position for each in index.find(Candidate(99, name))]
            assert key in twins
            assert set(found) & set(twins)


def test_words_that_thousands_have_still_fill_the_shortlist():
    index = index_of(*(f"Lawn Care {n} Service" for n in range(5_000)))

    assert len(found_names(index, "Lawn Care Services")) == SHORTLIST
