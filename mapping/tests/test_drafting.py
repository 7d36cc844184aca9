from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ

from audit.models import Entry, Verb
from common.errors import AppError, Conflict
from connectors.models import Record
from connectors.tests.factories import RecordFactory
from mapping import drafting, history, reviewing, tasks
from mapping.models import Kind, Mapping, Suggestion, SuggestionRun
from mapping.tests.factories import MappingFactory, SuggestionRunFactory

pytestmark = pytest.mark.django_db
State = Mapping.State


def run_for(company, kind=Kind.VENDOR):
    run = drafting.start(company, kind, by=None)
    drafting.draft(run)
    run.refresh_from_db()
    return run


@pytest.fixture
def pair(company):
    source = RecordFactory(company=company, name="Harbor Glass Co")
    target = RecordFactory(company=company, in_ledger=True, name="Harbor Glass")
    return source, target


# --- Starting


def test_starting_rings_once_for_the_run(company, controller):
    run = drafting.start(company, Kind.VENDOR, by=controller)

    task = OrmQ.objects.get().task
    assert (task["func"], task["args"]) == ("mapping.tasks.draft", (run.pk,))


def test_starting_again_while_a_run_is_under_way_is_the_same_run(company, controller, admin):
    run = drafting.start(company, Kind.VENDOR, by=controller)

    assert drafting.start(company, Kind.VENDOR, by=admin) == run


def test_kind_that_no_bill_needs_is_not_drafted(company, controller):
    with pytest.raises(AppError, match="need no mapping here"):
        drafting.start(company, Kind.COST_TYPE, by=controller)


# --- What a run makes


def test_same_name_is_drafted(company, pair):
    run_for(company)

    mapping = company.mappings.get()
    assert (mapping.source, mapping.target, mapping.state) == (*pair, State.DRAFT)


def test_draft_carries_its_score_and_reason(company, pair):
    run_for(company)

    mapping = company.mappings.get()
    assert mapping.confidence >= company.settings.vendor_high
    assert mapping.suggestion.reason


def test_drafted_candidate_stands_first(company, pair):
    RecordFactory(company=company, in_ledger=True, name="Harbor Gas")
    run_for(company)

    assert Suggestion.objects.get().candidates[0]["record"] == pair[1].pk


def test_draft_remembers_the_runner_up(company, pair):
    RecordFactory(company=company, in_ledger=True, name="Harbor Gas")
    run_for(company)

    mapping = company.mappings.get()
    assert mapping.runner_up < mapping.confidence


def test_nothing_alike_makes_no_draft_but_a_suggestion(company):
    RecordFactory(company=company, name="Zebra Tiling")
    RecordFactory(company=company, in_ledger=True, name="Harbor Glass")

    run_for(company)

    assert not company.mappings.exists()
    assert Suggestion.objects.get().target is None


def test_below_the_medium_threshold_nothing_is_drafted(company, pair):
    company.settings.vendor_high = company.settings.vendor_medium = 1
    company.settings.save()
    pair[0].name = "Harbor Glas Co"
    pair[0].save()

    run_for(company)

    assert not company.mappings.exists()


def test_inactive_target_is_not_drafted(company, pair):
    Record.objects.filter(pk=pair[1].pk).update(is_active=False)

    run_for(company)

    assert not company.mappings.exists()


def test_cost_codes_are_drafted_to_accounts(company):
    RecordFactory(company=company, cost_code=True, code="03-300", name="Concrete")
    RecordFactory(company=company, in_ledger=True, name="Concrete")
    account = RecordFactory(company=company, account=True, name="Concrete")

    run_for(company, Kind.COST_CODE)

    assert company.mappings.get().target == account


def test_heading_above_other_cost_codes_is_not_drafted(company):
    heading = RecordFactory(company=company, cost_code=True, code="03", name="Concrete")
    RecordFactory(
        company=company, cost_code=True, name="Slabs", parent_external_id=heading.external_id
    )
    RecordFactory(company=company, account=True, name="Concrete")

    run_for(company, Kind.COST_CODE)

    assert not company.mappings.filter(source=heading).exists()


@pytest.mark.parametrize("type_", ["Fixed Asset", "Bank", "Income", "Other Current Asset", ""])
def test_account_that_is_no_cost_is_not_drafted(company, type_):
    RecordFactory(company=company, cost_code=True, name="Equipment")
    RecordFactory(company=company, account=True, name="Equipment", type=type_)

    run_for(company, Kind.COST_CODE)

    assert not company.mappings.exists()


def test_draft_whose_target_became_unusable_is_withdrawn(company, pair):
    run_for(company)
    Record.objects.filter(pk=pair[1].pk).update(is_active=False)

    run_for(company)

    withdrawn = company.mappings.get()
    assert (withdrawn.state, withdrawn.target, withdrawn.version) == (State.NO_DRAFT, None, 2)


def test_record_whose_draft_was_withdrawn_is_drafted_again(company, pair, controller):
    run_for(company)
    Record.objects.filter(pk=pair[1].pk).update(is_active=False)
    run_for(company)
    other = RecordFactory(company=company, in_ledger=True, name="Harbor Glass")

    assert run_for(company).drafted == 1

    mapping = company.mappings.get()
    assert (mapping.state, mapping.target, mapping.version) == (State.DRAFT, other, 3)
    with pytest.raises(Conflict):
        reviewing.accept(mapping, by=controller, version=1)


def test_record_without_a_draft_is_looked_at_again_and_left_as_it_is(company):
    mapping = MappingFactory(company=company, no_draft=True)

    assert run_for(company).looked_at == 1
    mapping.refresh_from_db()
    assert (mapping.state, mapping.version) == (State.NO_DRAFT, 1)


def test_what_is_withdrawn_is_told_as_such(company, pair):
    run_for(company)
    Record.objects.filter(pk=pair[1].pk).update(is_active=False)
    run_for(company)

    events = history.Timeline(company, pair[0], company.mappings.get())[:50]
    assert [event.text for event in events] == [
        "Drafted: Harbor Glass → nothing",
        "Drafted: Harbor Glass",
    ]


def test_better_target_replaces_the_draft(company, pair):
    source, _ = pair
    other = RecordFactory(company=company, in_ledger=True, name="Something else")
    MappingFactory(company=company, source=source, target=other)

    run_for(company)

    mapping = company.mappings.get()
    assert (mapping.target, mapping.version) == (pair[1], 2)


def test_same_draft_again_keeps_its_version(company, pair):
    run_for(company)
    run_for(company)

    assert company.mappings.get().version == 1


def test_drafts_are_in_the_trail_as_one_act_of_the_machine(company, pair):
    RecordFactory(company=company, name="Iron Ridge Supply")
    RecordFactory(company=company, in_ledger=True, name="Iron Ridge Supply")

    run_for(company)

    lines = Entry.objects.filter(verb=Verb.DRAFTED)
    assert {(line.user, line.who) for line in lines} == {(None, "Drafting")}
    assert len({line.act for line in lines}) == 1


def test_drafting_tells_the_others(company, pair, told):
    run_for(company)

    assert told == [([pair[0].pk], None)]


def test_run_counts_what_it_did(company, pair):
    RecordFactory(company=company, name="Zebra Tiling")

    run = run_for(company)

    assert (run.state, run.looked_at, run.drafted) == (SuggestionRun.State.DONE, 2, 1)


def test_run_without_a_model_has_nothing_to_say_about_it(company, pair):
    assert run_for(company).notice == ""


def test_records_gone_from_the_source_are_not_drafted(company, pair):
    Record.objects.filter(pk=pair[0].pk).update(gone_at=timezone.now())

    assert run_for(company).looked_at == 0


def test_another_companys_list_is_not_looked_at(company):
    RecordFactory(company=company, name="Harbor Glass Co")
    RecordFactory(in_ledger=True, name="Harbor Glass")

    run_for(company)

    assert not company.mappings.exists()


# --- Losing and sharing the work


def test_task_takes_an_id(company, pair):
    run = drafting.start(company, Kind.VENDOR, by=None)

    tasks.draft(run.pk)

    assert company.mappings.count() == 1


def test_finished_run_is_not_run_again(company, pair):
    run = run_for(company)

    drafting.draft(run)

    assert Suggestion.objects.count() == 1


def test_run_that_somebody_holds_is_left_alone(company, pair):
    run = drafting.start(company, Kind.VENDOR, by=None)
    SuggestionRun.objects.filter(pk=run.pk).update(
        lease_until=timezone.now() + timedelta(minutes=1)
    )

    drafting.draft(run)

    assert not Suggestion.objects.exists()


@contextmanager
def while_it_reads(act):
    """Let `act` happen once, right after drafting has read its first list of records."""
    acted = []

    def watch(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if not acted and sql.startswith("SELECT") and 'FROM "connectors_record"' in sql:
            acted.append(True)
            act()
        return result

    with connection.execute_wrapper(watch):
        yield
    assert acted


def test_worker_that_lost_its_lease_writes_nothing(company, pair):
    run = drafting.start(company, Kind.VENDOR, by=None)

    with while_it_reads(lambda: SuggestionRun.objects.filter(pk=run.pk).update(fence=99)):
        drafting.draft(run)

    assert not Suggestion.objects.exists()


def test_run_taken_up_again_looks_only_at_the_rest(company, pair):
    run = drafting.start(company, Kind.VENDOR, by=None)
    Suggestion.objects.create(company=company, run=run, source=pair[0])

    drafting.draft(run)

    assert Suggestion.objects.count() == 1


def test_run_out_of_time_is_due_again_at_once(company, pair, monkeypatch):
    RecordFactory(company=company, name="Zebra Tiling")
    monkeypatch.setattr(drafting, "WORKS_FOR_SECONDS", -1.0)

    run = run_for(company)

    assert (run.state, run.looked_at, run.lease_until) == (SuggestionRun.State.RUNNING, 1, None)
    assert OrmQ.objects.count() == 2


def test_run_that_keeps_breaking_off_fails_with_a_sentence(company):
    run = SuggestionRunFactory(company=company, state="running", due_at=timezone.now(), starts=5)

    drafting.draft(run)

    run.refresh_from_db()
    assert (run.state, run.due_at) == (SuggestionRun.State.FAILED, None)
    assert "broke off" in run.notice


# --- What a person decided


def test_decision_made_while_the_machine_worked_stands(company, pair, controller):
    """The decision falls between reading the list and writing what was found."""
    run = drafting.start(company, Kind.VENDOR, by=None)
    other = RecordFactory(company=company, in_ledger=True, name="Harbor Glazing")

    with while_it_reads(lambda: reviewing.override(pair[0], other, by=controller)):
        drafting.draft(run)

    mapping = company.mappings.get()
    assert (mapping.target, mapping.state, mapping.version) == (other, State.ACCEPTED, 1)
