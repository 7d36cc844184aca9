from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from companies.tests.factories import UserFactory
from connectors.tests.factories import RecordFactory
from mapping import combining, drafting, learning, reviewing
from mapping.learning import Found
from mapping.matching.names import Candidate
from mapping.models import Kind, Mapping, Suggestion
from mapping.tests.factories import MappingFactory

pytestmark = pytest.mark.django_db
State = Mapping.State


def run_for(company, kind=Kind.VENDOR):
    run = drafting.start(company, kind, by=None)
    drafting.draft(run)
    run.refresh_from_db()
    return run


def vendor(company, name, **more):
    return RecordFactory(company=company, name=name, **more)


def decided(company, name, target, *, into="accepted", **source):
    return MappingFactory(
        company=company,
        source=RecordFactory(company=company, name=name, **source),
        target=target,
        decided_by=UserFactory(name="Dana Ruiz"),
        **{into: True},
    )


@pytest.fixture
def target(company):
    """Called nothing like what people map to it."""
    return vendor(company, "Northgate Interiors", in_ledger=True)


# --- What people decided


@pytest.mark.parametrize("state", ["accepted", "published"])
def test_what_was_decided_for_a_name_carries_to_the_same_name(company, target, state):
    decided(company, "Delta Drywall Company", target, into=state)
    source = vendor(company, "DELTA DRYWALL CO.")

    run_for(company)

    draft = company.mappings.get(source=source)
    assert (draft.state, draft.target) == (State.DRAFT, target)


def test_draft_says_whose_decision_it_follows(company, target):
    decided(company, "Delta Drywall Company", target)
    source = vendor(company, "Delta Drywall")

    run_for(company)

    reason = company.mappings.get(source=source).suggestion.reason
    assert reason.startswith("Delta Drywall Company was mapped to this by Dana Ruiz on ")


def test_further_spelling_is_learned_for_names_that_are_nearly_the_same(company, target):
    decided(company, "Delta Drywall Systems of Tacoma", target)
    vendor(company, "Harbor Glass", in_ledger=True)
    source = vendor(company, "Delta Drywal Systems of Tacoma")

    run_for(company)

    assert company.mappings.get(source=source).target == target


def test_target_that_many_names_were_mapped_to_is_no_spelling_of_each(company, target):
    for number in range(learning.MOST_ALIASES + 1):
        decided(company, f"Vendor {'abcdefgh'[number]} of once", target)

    known = learning.recall(company, Kind.VENDOR, [], [Candidate(target.pk, target.name)])

    assert known.targets[target.pk].other_names == ()


@pytest.mark.parametrize("state", ["left", "draft"])
def test_what_is_not_accepted_teaches_nothing(company, target, state):
    MappingFactory(
        company=company,
        source=vendor(company, "Delta Drywall Company"),
        target=target,
        **{state: True},
    )
    source = Candidate(1, "Delta Drywall")

    assert not learning.recall(company, Kind.VENDOR, [source], []).evidence


def test_another_company_is_not_learned_from(company, target):
    elsewhere = RecordFactory(in_ledger=True)
    decided(elsewhere.company, "Delta Drywall Company", elsewhere)
    source = Candidate(1, "Delta Drywall")

    assert not learning.recall(company, Kind.VENDOR, [source], []).evidence


def test_two_decisions_that_contradict_each_other_are_both_shown(company, target):
    other = vendor(company, "Cascade Supply", in_ledger=True)
    decided(company, "Delta Drywall", target)
    decided(company, "Delta Drywall Co", other)
    source = vendor(company, "Delta Drywall Company")

    run_for(company)

    assert not company.mappings.filter(source=source).exists()
    shown = [each["record"] for each in Suggestion.objects.get(source=source).candidates[:2]]
    assert set(shown) == {target.pk, other.pk}


@pytest.mark.parametrize(
    ("theirs", "mine"),
    [
        (("Delta Drywall", {"state": "WA"}), ("Delta Drywall", {"state": "OR"})),
        (("Delta Drywall Inc", {}), ("Delta Drywall LLC", {})),
    ],
    ids=["two states", "two legal forms"],
)
def test_what_may_be_two_firms_does_not_carry(company, target, theirs, mine):
    decided(company, theirs[0], target, **theirs[1])
    source = vendor(company, mine[0], **mine[1])
    known = learning.recall(
        company, Kind.VENDOR, [Candidate(source.pk, source.name, state=source.state)], []
    )

    assert not known.evidence


def test_same_code_and_name_carries_surely_and_half_of_it_less_so(company):
    account = RecordFactory(company=company, account=True)
    decided(company, "Concrete", account, kind="cost_code", code="03-300")
    sources = [
        Candidate(1, "Concrete", "03-300"),
        Candidate(2, "Concrete", "03-310"),
        Candidate(3, "Slabs", "03 300"),
        Candidate(4, "Slabs", "03-310"),
    ]

    known = learning.recall(company, Kind.COST_CODE, sources, [])

    sure = {key: [each.confidence for each in said] for key, said in known.evidence.items()}
    assert sure == {
        1: [learning.DECIDED],
        2: [learning.DECIDED_IN_PART],
        3: [learning.DECIDED_IN_PART],
    }


def test_jobs_of_one_name_and_two_numbers_do_not_speak_for_each_other(company):
    customer = RecordFactory(company=company, customer=True)
    decided(company, "Oak Street Lofts", customer, kind="project", code="23-014")
    sources = [
        Candidate(1, "Oak Street Lofts", "24-002"),
        Candidate(2, "Oak Street Lofts", "23-014"),
    ]

    known = learning.recall(company, Kind.PROJECT, sources, [])

    assert list(known.evidence) == [2]


def test_a_heading_takes_nothing_over(company):
    account = RecordFactory(company=company, account=True)
    decided(company, "Concrete", account, kind="cost_code", code="03")
    heading = Candidate(1, "Concrete", "03", is_heading=True)

    assert not learning.recall(company, Kind.COST_CODE, [heading], []).evidence


def test_decision_for_a_record_that_cannot_be_used_any_more_does_not_carry(company, target):
    decided(company, "Delta Drywall", target)
    type(target).objects.filter(pk=target.pk).update(is_active=False)
    source = vendor(company, "Delta Drywall Co")

    run_for(company)

    assert not company.mappings.filter(source=source).exists()


# --- What single projects say


def differing(company, project, code, target):
    """One project's own mapping of a cost code, decided."""
    source, _ = combining.override_of(project, code)
    return reviewing.override(source, target, by=UserFactory(name="Dana Ruiz"))


def test_what_one_project_says_of_a_code_is_drafted_for_the_others(company):
    project = RecordFactory(company=company, project=True, name="Oak Street Lofts")
    code = RecordFactory(company=company, cost_code=True, name="Slabs")
    account = RecordFactory(company=company, account=True, name="Northgate")
    differing(company, project, code, account)

    run_for(company, Kind.COST_CODE)

    draft = company.mappings.get(source=code)
    assert (draft.state, draft.target) == (State.DRAFT, account)
    assert draft.suggestion.reason.startswith(
        "as in project Oak Street Lofts, mapped by Dana Ruiz on "
    )


def test_projects_that_differ_among_themselves_leave_it_open(company):
    code = RecordFactory(company=company, cost_code=True, name="Slabs")
    for _ in range(2):
        project = RecordFactory(company=company, project=True)
        differing(company, project, code, RecordFactory(company=company, account=True))

    run_for(company, Kind.COST_CODE)

    assert not company.mappings.filter(source=code).exists()


def test_what_a_project_says_of_a_pair_is_drafted_for_the_pair(company):
    code = RecordFactory(company=company, cost_code=True)
    cost_type = RecordFactory(company=company, cost_type=True)
    project = RecordFactory(company=company, project=True)
    combining.make_pairs(code.connection, [(code, cost_type)])
    pair = company.records.get(kind="pair")
    account = RecordFactory(company=company, account=True)
    differing(company, project, pair, account)

    known = learning.recall(company, Kind.PAIR, [Candidate(pair.pk, pair.name)], [])

    assert [each.target for each in known.evidence[pair.pk]] == [account.pk]


# --- What the ledger's bills show


def found(source, target, times=12, kind=Kind.VENDOR):
    return Found(kind, source.pk, target.pk, times, date(2026, 1, 5), date(2026, 10, 30))


def test_vendor_is_drafted_as_its_bills_were_posted(company, target):
    source = vendor(company, "Delta Drywall")
    learning.keep_precedents(company, [found(source, target)])

    run_for(company)

    draft = company.mappings.get(source=source)
    assert (draft.target, draft.confidence) == (target, Decimal("0.995"))
    assert draft.suggestion.reason == (
        "12 bills of this vendor were posted to Northgate Interiors"
        " between 5 Jan 2026 and 30 Oct 2026"
    )


def test_bills_posted_to_two_records_leave_the_choice_open(company, target):
    other = vendor(company, "Delta Drywall", in_ledger=True)
    source = vendor(company, "Delta Drywall")
    learning.keep_precedents(company, [found(source, target), found(source, other, 3)])

    run_for(company)

    assert not company.mappings.exists()
    shown = Suggestion.objects.get().candidates
    assert [each["record"] for each in shown[:2]] == [target.pk, other.pk]


@pytest.mark.parametrize(
    ("kind", "times", "sure"),
    [
        (Kind.VENDOR, 1, 0.97),
        (Kind.VENDOR, 2, 0.985),
        (Kind.VENDOR, 100, 0.995),
        (Kind.PROJECT, 1, 0.88),
        (Kind.COST_CODE, 4, 0.97),
    ],
)
def test_more_bills_make_surer(kind, times, sure):
    assert learning.how_sure(kind, times) == pytest.approx(sure)


def test_precedents_are_replaced_by_those_found_last(company, target):
    source = vendor(company, "Delta Drywall")
    learning.keep_precedents(company, [found(source, target)])

    assert learning.keep_precedents(company, [found(source, target, 13)])
    assert company.precedents.get().times == 13


def test_the_same_precedents_again_are_no_news(company, target):
    source = vendor(company, "Delta Drywall")
    learning.keep_precedents(company, [found(source, target)])

    assert not learning.keep_precedents(company, [found(source, target)])


# --- What it costs


def test_recalling_asks_as_often_for_many_as_for_few(company, target):
    decided(company, "Delta Drywall", target)
    sources = [Candidate(number, f"Vendor {number}") for number in range(500)]

    with CaptureQueriesContext(
        connection,
    ) as few:
        learning.recall(company, Kind.VENDOR, sources[:1], [])
    with CaptureQueriesContext(connection) as many:
        learning.recall(company, Kind.VENDOR, sources, [])

    assert len(many) == len(few) <= 5
