from mapping.matching.known import Evidence, Known
from mapping.matching.names import Candidate
from mapping.matching.ranking import Ranking, Scored
from mapping.matching.suggesting import suggest

SOURCE = Candidate(1, "Delta Drywall")
DELTA, DENALI, HARBOR = (
    Candidate(10, "Delta Drywall Inc"),
    Candidate(11, "Denali Drywall"),
    Candidate(12, "Harbor Glass"),
)
TARGETS = {each.key: each for each in (DELTA, DENALI, HARBOR)}
DRAFTED = Ranking((Scored(DELTA, 0.96), Scored(DENALI, 0.4)), 0, 0.96, "same name")
OPEN = Ranking((Scored(DELTA, 0.6), Scored(DENALI, 0.5)), None, 0.6, "too close to call")


def known(*evidence, refused=()):
    return Known(TARGETS, {1: evidence}, {1: frozenset(refused)} if refused else {})


def test_what_is_known_is_drafted_though_the_names_are_nothing_alike():
    settled = known(Evidence(12, 0.97, "12 bills")).settle(SOURCE, OPEN)

    assert settled.candidates[settled.pick].candidate is HARBOR
    assert (settled.confidence, settled.reason) == (0.97, "12 bills")


def test_what_is_known_stands_in_front_of_what_the_ranker_found():
    settled = known(Evidence(12, 0.97, "12 bills")).settle(SOURCE, OPEN)

    assert [each.candidate for each in settled.candidates] == [HARBOR, DELTA, DENALI]


def test_two_that_contradict_each_other_are_both_shown_and_neither_is_drafted():
    settled = known(Evidence(12, 0.7, "9 bills"), Evidence(11, 0.2, "2 bills")).settle(
        SOURCE, DRAFTED
    )

    assert settled.pick is None
    assert [each.candidate for each in settled.candidates[:2]] == [HARBOR, DENALI]


def test_a_contradiction_is_not_put_to_a_model():
    settled = known(Evidence(12, 0.7, "9 bills"), Evidence(11, 0.2, "2 bills")).settle(SOURCE, OPEN)

    assert not settled.is_doubtful


def test_two_reasons_for_one_target_are_both_told():
    settled = known(Evidence(12, 0.97, "12 bills"), Evidence(12, 0.9, "mapped by Dana")).settle(
        SOURCE, OPEN
    )

    assert settled.candidates[0].reasons == ("12 bills", "mapped by Dana")
    assert settled.pick == 0


def test_a_name_that_is_surer_of_another_record_leaves_the_choice_open():
    certain = Ranking((Scored(DELTA, 0.99), Scored(DENALI, 0.4)), 0, 0.99, "same name")

    settled = known(Evidence(12, 0.97, "1 bill")).settle(SOURCE, certain)

    assert settled.pick is None
    assert "Delta Drywall Inc" in settled.reason


def test_what_is_known_of_a_record_that_is_not_in_the_list_says_nothing():
    assert known(Evidence(99, 0.97, "gone")).settle(SOURCE, DRAFTED) == DRAFTED


def test_refused_candidate_is_last_and_not_drafted():
    settled = known(refused=[10]).settle(SOURCE, DRAFTED)

    assert settled.pick is None
    assert [each.candidate for each in settled.candidates] == [DENALI, DELTA]
    assert (settled.candidates[-1].score, settled.candidates[-1].is_blocked) == (0.0, True)


def test_draft_beside_a_refused_candidate_stands():
    settled = known(refused=[11]).settle(SOURCE, DRAFTED)

    assert settled.candidates[settled.pick].candidate is DELTA


def test_what_is_known_of_a_refused_pair_says_nothing():
    settled = known(Evidence(12, 0.97, "12 bills"), refused=[12]).settle(SOURCE, OPEN)

    assert settled == OPEN


def test_suggestions_go_by_what_is_known():
    said = known(Evidence(12, 0.97, "12 bills"))

    (found,) = suggest("vendor", [SOURCE], [DENALI, HARBOR], known=said)

    assert (found.target, found.reason) == (HARBOR, "12 bills")
