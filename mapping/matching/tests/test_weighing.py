from itertools import pairwise

import pytest

from mapping.matching.candidates import CandidateIndex
from mapping.matching.names import Candidate
from mapping.matching.ranking import Ranker, make_of
from mapping.matching.weighing import weights_for

MAKES = ["vendor_located", "vendor_named", "vendor_stripped", "project"]
TRADES = ["Paving", "Roofing", "Glass", "Masonry", "Steel"]


def firms(pattern, **fields):
    return [
        Candidate(number, pattern.format(chr(97 + number % 26) * 4, TRADES[number % 5]), **fields)
        for number in range(60)
    ]


@pytest.mark.parametrize("make", MAKES)
def test_the_curve_rises_and_is_never_quite_sure(make):
    points = weights_for(make).curve

    assert all(low[0] < high[0] and low[1] <= high[1] for low, high in pairwise(points))
    assert all(0 < share < 1 for _, share in points)


@pytest.mark.parametrize("make", MAKES)
def test_beyond_its_ends_the_curve_goes_on_level(make):
    weights = weights_for(make)

    assert weights.share(-50) == weights.curve[0][1]
    assert weights.share(50) == weights.curve[-1][1]


@pytest.mark.parametrize("make", ["vendor_located", "vendor_named", "project"])
def test_every_weight_belongs_to_something_that_is_measured(make):
    kind = make.split("_")[0]
    rows = [Candidate(1, "Oak Street Paving Inc."), Candidate(2, "Elm Street Paving")]
    index = CandidateIndex(rows, kind)
    ranker = Ranker(kind, index, rows)
    (first, *_) = ranker.pairs(rows[0], index.find(rows[0]))

    assert weights_for(make).pair.keys() <= first.features.keys()


def test_a_rival_close_behind_makes_a_decision_less_sure():
    weights = weights_for("vendor_named")

    assert weights.decide(3.0, 2.9) < weights.decide(3.0, -3.0)


def test_lists_with_addresses_are_compared_by_them():
    assert make_of("vendor", [], firms("{} {}, Inc.", state="OH")) == "vendor_located"


def test_lists_of_names_are_compared_by_name():
    assert make_of("vendor", [], firms("{} {}, Inc.")) == "vendor_named"


def test_lists_of_names_without_form_or_mark_were_stripped_by_somebody():
    assert make_of("vendor", firms("{} {}"), firms("{} {}")) == "vendor_stripped"


def test_a_few_names_without_form_or_mark_say_nothing_of_a_list():
    assert make_of("vendor", [], firms("{} {}")[:20]) == "vendor_named"
