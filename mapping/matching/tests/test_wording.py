import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.matching.wording import Rarity, align, same_word


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anixter", "anizter"),
        ("steel", "stell"),
        ("maintenance", "mnt"),
        ("construction", "const"),
        ("defence", "defense"),
        ("js", "jands"),
        ("ndl", "ndlllc"),
        ("consultation", "consultants"),
    ],
)
def test_a_slip_or_a_short_form_is_the_same_word(one, other):
    assert same_word(one, other) == same_word(other, one) > 0


@pytest.mark.parametrize(
    ("one", "other"),
    [("bay", "baylor"), ("735", "753"), ("cohen", "chen"), ("oak", "ash"), ("calian", "italian")],
)
def test_another_word_is_another_word(one, other):
    assert same_word(one, other) < 0.75


def test_a_slip_in_the_first_letter_counts_less():
    assert 0 < same_word("dalian", "calian") < same_word("anizter", "anixter")


def test_words_run_together_meet():
    assert not align(["glaxo", "smith", "kline"], ["glaxosmithkline"]).open_ours


def test_initials_meet_the_phrase():
    assert not align(["hazel", "al"], ["hazel", "assisted", "living"]).open_theirs


def test_what_is_found_nowhere_stays_open():
    found = align(["smith", "plumbing"], ["smith", "electric"])

    assert (found.open_ours, found.open_theirs) == (["plumbing"], ["electric"])


def test_what_is_common_at_large_is_common_in_a_short_list():
    rarity = Rarity(lambda word: 1.0, 3, "vendor")

    assert rarity("landscape") < rarity("hanover")


@given(st.lists(st.text(min_size=1, max_size=8), max_size=5), st.data())
def test_an_alignment_has_every_word_of_both_sides(mine, data):
    theirs = data.draw(st.lists(st.sampled_from(mine) if mine else st.text(), max_size=5))

    found = align(mine, theirs)

    assert found.ours.keys() == set(mine)
    assert found.theirs.keys() == set(theirs)
    assert all(0 <= share <= 1 for share in [*found.ours.values(), *found.theirs.values()])
