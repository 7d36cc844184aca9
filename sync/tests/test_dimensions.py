"""Tasks and cost types of a ledger that costs by task: found by number, demanded by accounts."""

import pytest

from common.choices import RecordKind
from connectors.tests.factories import ConnectionFactory, RecordFactory
from sync.dimensions import Dimensions, Tasks, missing
from sync.models import BillLine

pytestmark = pytest.mark.django_db


@pytest.fixture
def ledger():
    return ConnectionFactory()


@pytest.fixture
def project(ledger):
    return RecordFactory(
        connection=ledger, company=ledger.company, kind=RecordKind.PROJECT, external_id="24-017"
    )


def task(project, code, **fields):
    return RecordFactory(
        connection=project.connection,
        company=project.company,
        kind=RecordKind.TASK,
        external_id=f"{project.external_id}/{code}",
        parent_external_id=project.external_id,
        code=code,
        **fields,
    )


def cost_type(task, code, name):
    return RecordFactory(
        connection=task.connection,
        company=task.company,
        kind=RecordKind.COST_TYPE,
        external_id=f"{task.external_id}/{code}",
        parent_external_id=task.external_id,
        code=code,
        name=name,
    )


def line(code="", type_=("", "")):
    """A bill line as the source codes it; nothing of it is saved."""
    return BillLine(
        position=1,
        cost_code=RecordFactory(kind=RecordKind.COST_CODE, code=code) if code else None,
        cost_type=RecordFactory(kind=RecordKind.COST_TYPE, code=type_[0], name=type_[1])
        if any(type_)
        else None,
    )


@pytest.mark.parametrize("said", ["03-110", "03110", "03 110", "03.110"])
def test_a_task_is_found_by_its_number_however_it_is_punctuated(project, said):
    wanted = task(project, "03-110")
    task(project, "03-111")

    assert Tasks(project).of(line(said)).task == wanted


@pytest.mark.parametrize(("ours", "theirs"), [("1-100", "11-00"), ("12-1000", "121-000")])
def test_a_number_cut_elsewhere_is_another_number(project, ours, theirs):
    """Both may be in the source's list, and only the other one in the ledger's."""
    task(project, theirs)

    assert Tasks(project).of(line(ours)) == Dimensions()


def test_another_projects_task_is_not_taken(project, ledger):
    other = RecordFactory(
        connection=ledger, company=ledger.company, kind=RecordKind.PROJECT, external_id="24-018"
    )
    task(other, "03-110")

    assert Tasks(project).of(line("03-110")).task is None


def test_of_two_tasks_with_one_number_none_is_chosen(project):
    task(project, "03-110")
    task(project, "03110")

    assert Tasks(project).of(line("03-110")).task is None


def test_an_inactive_task_is_not_taken(project):
    task(project, "03-110", is_active=False)

    assert Tasks(project).of(line("03-110")).task is None


@pytest.mark.parametrize(
    "said", [("S", "Subcontract"), ("SUB", "x"), ("x", "Commitment"), ("", "Subcontractors")]
)
def test_a_cost_type_is_found_by_code_name_or_kind_of_cost(project, said):
    own = task(project, "03-110")
    cost_type(own, "LAB", "Labor")
    wanted = cost_type(own, "SUB", "Subcontract")

    assert Tasks(project).of(line("03-110", said)).cost_type == wanted


def test_a_cost_type_that_the_task_lacks_is_not_guessed(project):
    cost_type(task(project, "03-110"), "LAB", "Labor")

    found = Tasks(project).of(line("03-110", ("OC", "Owner Cost")))

    assert found.task is not None
    assert found.cost_type is None


def test_what_an_account_demands_and_nobody_said_is_missing(project):
    account = RecordFactory(
        connection=project.connection,
        company=project.company,
        kind=RecordKind.ACCOUNT,
        requires=["project", "task", "cost_type", "location"],
    )

    assert missing(account, Dimensions(), named=["location"]) == ["task", "cost type"]
    assert missing(account, Dimensions(task=account, cost_type=account), named=["location"]) == []
