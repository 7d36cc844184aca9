"""The overview, pulls and sends, teams, and health."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from audit.models import Entry
from connectors.models import Connection
from connectors.tests.factories import ConnectionFactory, RecordFactory
from mapping.tests.factories import MappingFactory
from sync.models import ProjectTeam, PullStep, Run, WorkerMark
from sync.tests.factories import (
    BillFactory,
    PullProblemFactory,
    PullStepFactory,
    PushFactory,
    RunFactory,
    manage,
)
from sync.tests.pages import HTMX, at, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def connected(company):
    now = timezone.now()
    return [
        ConnectionFactory(company=company, source=True, last_pulled_at=now),
        ConnectionFactory(company=company, last_pulled_at=now),
    ]


def lines(client):
    return [line.text for line in client.get(at("overview")).context["lines"]]


def test_a_new_company_sees_the_steps_to_connect(company, admin, client_for):
    page = client_for(admin).get(at("overview"))

    assert [step["done"] for step in page.context["steps"]] == [False] * 4


def test_a_company_that_was_pulled_sees_no_steps(company, admin, client_for, connected):
    assert client_for(admin).get(at("overview")).context["steps"] == []


def test_nothing_waits_says_so(company, controller, client_for, connected):
    assert "Nothing waits for you." in text_of(client_for(controller).get(at("overview")))


def test_unmapped_bills_wait_for_their_mappings(company, controller, client_for, connected):
    BillFactory(company=company)

    assert lines(client_for(controller)) == ["1 bill, $1,204.50, waits for 3 mappings"]


def test_what_was_undone_waits_as_before(company, controller, client_for, connected):
    MappingFactory(company=company, source=BillFactory(company=company).vendor, no_draft=True)

    assert lines(client_for(controller)) == ["1 bill, $1,204.50, waits for 3 mappings"]


def test_the_largest_money_comes_first(company, controller, client_for, connected):
    BillFactory(company=company)
    BillFactory(company=company, ready=True, line_amounts=(Decimal(9000),))

    assert "ready to be sent" in lines(client_for(controller))[0]


def test_an_accountant_is_not_asked_to_send(company, accountant, client_for, connected):
    BillFactory(company=company, ready=True)

    assert lines(client_for(accountant)) == []


def test_failed_bills_wait_for_an_accountant(company, accountant, client_for, connected):
    PushFactory(bill=BillFactory(company=company, ready=True), failed=True)

    assert lines(client_for(accountant)) == ["1 bill, $1,204.50, could not be sent"]


def test_bills_to_approve_wait_for_the_manager_of_their_project(
    company, project_manager, client_for, connected
):
    mine = BillFactory(company=company, ready=True)
    BillFactory(company=company, ready=True)
    manage(project_manager, mine.project)
    company.settings.approval_amount = Decimal(1000)
    company.settings.save()

    assert lines(client_for(project_manager)) == [
        "1 bill, $1,204.50, needs the approval of a second person"
    ]


def test_a_connection_without_consent_comes_before_everything(
    company, admin, client_for, connected
):
    BillFactory(company=company)
    Connection.objects.filter(side="ledger").update(state="needs_consent")

    assert "sign in again" in lines(client_for(admin))[0]


def test_problems_of_a_pull_wait(company, accountant, client_for, connected):
    PullProblemFactory(step=PullStepFactory(run=RunFactory(company=company, done=True)))

    assert "1 record of Procore could not be read" in lines(client_for(accountant))[0]


@pytest.mark.parametrize("role", ["admin", "controller", "accountant", "viewer"])
def test_the_overview_stays_within_its_queries(
    request, company, client_for, connected, django_assert_max_num_queries, role
):
    client = client_for(request.getfixturevalue(role))
    BillFactory(company=company)
    BillFactory(company=company, accepted=True)
    PushFactory(bill=BillFactory(company=company, ready=True), failed=True)
    client.get(at("overview"))

    with django_assert_max_num_queries(12):
        client.get(at("overview"))


# --- Pulls and sends ------------------------------------------------------------------------------


def test_pulling_starts_a_run_and_goes_there(company, accountant, client_for, connected):
    answer = client_for(accountant).post(at("pull", connected[0].pk))

    assert answer["Location"] == at("run", Run.objects.get().pk)


def test_a_pull_under_way_is_shown_and_no_second_is_started(
    company, accountant, client_for, connected
):
    run = RunFactory(company=company)

    answer = client_for(accountant).post(at("pull", connected[0].pk), headers=HTMX)

    assert answer["HX-Redirect"] == at("run", run.pk)


def test_both_sides_can_be_pulled_at_once(company, accountant, client_for, connected):
    client_for(accountant).post(at("pull"))

    assert Run.objects.count() == 2


def test_a_running_pull_asks_again(company, viewer, client_for):
    run = PullStepFactory(run=RunFactory(company=company)).run

    assert "load delay:2s" in text_of(client_for(viewer).get(at("run", run.pk), headers=HTMX))


def test_a_pull_that_ended_does_not_ask_again(company, viewer, client_for):
    run = PullStepFactory(run=RunFactory(company=company, done=True)).run

    assert "load delay" not in text_of(client_for(viewer).get(at("run", run.pk)))


def test_each_quarter_is_announced(company, viewer, client_for):
    run = RunFactory(company=company)
    for state in (PullStep.State.DONE, PullStep.State.DONE, PullStep.State.WAITING, "running"):
        PullStepFactory(run=run, state=state)

    assert 'data-announce="Pull: 50% done"' in text_of(client_for(viewer).get(at("run", run.pk)))


def test_a_problem_keeps_what_the_source_sent(company, viewer, client_for):
    problem = PullProblemFactory(step=PullStepFactory(run=RunFactory(company=company)))

    page = text_of(client_for(viewer).get(at("run", problem.step.run_id)))

    assert "Bill 71 has no date." in page
    assert "&quot;id&quot;: 71" in page


def test_stopping_ends_a_pull(company, accountant, client_for):
    run = RunFactory(company=company)

    client_for(accountant).post(at("stop", run.pk))

    run.refresh_from_db()
    assert run.state == Run.State.STOPPED


def test_a_send_shows_its_bills(company, viewer, client_for):
    push = PushFactory(
        bill=BillFactory(company=company, ready=True),
        run=RunFactory(company=company, send=True),
        failed=True,
    )

    assert push.sentence in text_of(client_for(viewer).get(at("run", push.run_id)))


def test_the_runs_are_listed(company, viewer, client_for):
    PullStepFactory(run=RunFactory(company=company), state=PullStep.State.DONE, found=7)

    assert "1 of 1 lists, 7 records, 0 bills" in text_of(client_for(viewer).get(at("runs")))


# --- Teams ----------------------------------------------------------------------------------------


@pytest.fixture
def project(company):
    return RecordFactory(company=company, project=True)


def test_a_project_manager_is_assigned(company, admin, project_manager, client_for, project):
    person = project_manager.memberships.get()

    client_for(admin).post(at("assign", project.pk), {"person": person.pk})

    assert ProjectTeam.objects.get().membership == person


def test_assigning_is_written_down_with_who_had_it_before(
    company, admin, project_manager, client_for, project
):
    person = project_manager.memberships.get()

    client_for(admin).post(at("assign", project.pk), {"person": person.pk})

    assert Entry.objects.get().after == {"project_managers": "Ana Cole"}


def test_a_project_manager_is_taken_off(company, admin, project_manager, client_for, project):
    person = manage(project_manager, project).membership

    client_for(admin).post(at("take-off", project.pk), {"person": person.pk}, headers=HTMX)

    assert not ProjectTeam.objects.exists()


def test_somebody_else_than_a_project_manager_is_not_assigned(
    company, admin, viewer, client_for, project
):
    person = viewer.memberships.get()

    answer = client_for(admin).post(at("assign", project.pk), {"person": person.pk})

    assert answer.status_code == 422


def test_a_project_of_another_company_is_not_found(company, admin, project_manager, client_for):
    theirs = RecordFactory(project=True)
    person = project_manager.memberships.get()

    answer = client_for(admin).post(at("assign", theirs.pk), {"person": person.pk})

    assert answer.status_code == 404


# --- Health ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "status"), [(5, 200), (121, 503)])
def test_health_tells_whether_work_moves(client, seconds, status):
    started = timezone.now() - timedelta(seconds=seconds)
    WorkerMark.objects.create(host="one", pid=1, started_at=started)

    assert client.get("/health").status_code == status


def test_health_without_any_worker_is_bad(client, db):
    assert client.get("/health").status_code == 503


def test_health_counts_what_waits_for_a_person(client, company):
    PushFactory(bill=BillFactory(company=company, ready=True), set_aside=True)

    assert client.get("/health").json()["pushes_set_aside"] == 1


def test_health_names_nobody(client, company, connected):
    assert company.name not in text_of(client.get("/health"))
