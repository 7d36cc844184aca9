"""Each page and fragment: signed out, wrong role, other company."""

import pytest

from connectors.tests.factories import ConnectionFactory
from sync.tests.factories import BillFactory, PushFactory, RunFactory, manage
from sync.tests.pages import HTMX, at

pytestmark = pytest.mark.django_db

PAGES = ("overview", "bills", "export", "send-all", "runs", "teams")
OF_A_BILL = ("bill", "bill-history", "bill-paid", "send")
POSTS_OF_A_BILL = ("send", "send-again", "link", "approve", "reject")


@pytest.mark.parametrize("name", PAGES)
def test_a_stranger_is_sent_to_sign_in(company, client, name):
    assert client.get(at(name)).status_code == 302


@pytest.mark.parametrize("name", PAGES)
def test_somebody_of_another_company_finds_no_page(company, outsider, client_for, name):
    assert client_for(outsider).get(at(name)).status_code == 404


@pytest.mark.parametrize("name", OF_A_BILL)
def test_a_stranger_sees_no_bill(company, client, name):
    bill = BillFactory(company=company)

    assert client.get(at(name, bill.pk)).status_code == 302


@pytest.mark.parametrize("name", OF_A_BILL)
def test_a_bill_of_another_company_is_not_found(company, controller, client_for, name):
    theirs = BillFactory()

    answer = client_for(controller).get(at(name, theirs.pk), headers=HTMX)

    assert answer.status_code == 404


@pytest.mark.parametrize("name", POSTS_OF_A_BILL)
def test_nothing_is_done_to_a_bill_of_another_company(company, controller, client_for, name):
    theirs = BillFactory(ready=True)

    answer = client_for(controller).post(at(name, theirs.pk), headers=HTMX)

    assert answer.status_code == 404


@pytest.mark.parametrize("name", POSTS_OF_A_BILL)
def test_a_viewer_changes_nothing(company, viewer, client_for, name):
    bill = BillFactory(company=company, ready=True)

    answer = client_for(viewer).post(at(name, bill.pk), headers=HTMX)

    assert answer.status_code == 403


@pytest.mark.parametrize("name", ["accept", "publish", "choose"])
def test_an_accountant_decides_no_mapping(company, accountant, client_for, name):
    bill = BillFactory(company=company, drafted=True)

    answer = client_for(accountant).post(at(name, bill.pk, bill.vendor_id), headers=HTMX)

    assert answer.status_code == 403


def test_a_mapping_of_a_record_the_bill_does_not_need_is_not_reached(
    company, controller, client_for
):
    bill, other = BillFactory(company=company), BillFactory(company=company, drafted=True)

    answer = client_for(controller).post(at("accept", bill.pk, other.vendor_id))

    assert answer.status_code == 404


def test_an_accountant_sends_nothing(company, accountant, client_for):
    assert client_for(accountant).get(at("send-all")).status_code == 403


def test_a_run_of_another_company_is_not_found(company, controller, client_for):
    assert client_for(controller).get(at("run", RunFactory().pk)).status_code == 404


def test_a_connection_of_another_company_is_not_pulled(company, controller, client_for):
    theirs = ConnectionFactory(source=True)

    assert client_for(controller).post(at("pull", theirs.pk)).status_code == 404


def test_a_viewer_does_not_pull(company, viewer, client_for):
    connection = ConnectionFactory(company=company, source=True)

    assert client_for(viewer).post(at("pull", connection.pk)).status_code == 403


def test_a_viewer_does_not_stop_a_pull(company, viewer, client_for):
    run = RunFactory(company=company)

    assert client_for(viewer).post(at("stop", run.pk)).status_code == 403


def test_only_an_admin_assigns_projects(company, controller, client_for):
    assert client_for(controller).get(at("teams")).status_code == 403


# --- A project manager ----------------------------------------------------------------------------


def test_a_project_manager_sees_the_bills_of_own_projects(company, project_manager, client_for):
    mine, other = BillFactory(company=company), BillFactory(company=company)
    manage(project_manager, mine.project)

    page = client_for(project_manager).get(at("bills") + "?tab=all").content.decode()

    assert mine.number in page
    assert other.number not in page


def test_a_project_manager_counts_own_bills_only(company, project_manager, client_for):
    mine = BillFactory(company=company)
    BillFactory(company=company)
    manage(project_manager, mine.project)

    page = client_for(project_manager).get(at("bills"))

    assert page.context["listing"].totals["all"].bills == 1


@pytest.mark.parametrize("name", ["bill", "bill-history", "bill-paid"])
def test_a_bill_of_another_project_is_not_found(company, project_manager, client_for, name):
    other = BillFactory(company=company)

    answer = client_for(project_manager).get(at(name, other.pk), headers=HTMX)

    assert answer.status_code == 404


def test_a_project_manager_approves_no_bill_of_another_project(
    company, project_manager, client_for
):
    other = BillFactory(company=company, ready=True)

    assert client_for(project_manager).post(at("approve", other.pk)).status_code == 404


def test_a_project_manager_approves_own_bills(company, project_manager, client_for):
    mine = BillFactory(company=company, ready=True)
    manage(project_manager, mine.project)

    client_for(project_manager).post(at("approve", mine.pk), {"version": 1})

    assert mine.approvals.get().by == project_manager


def test_a_project_manager_sees_no_run(company, project_manager, client_for):
    push = PushFactory(
        bill=BillFactory(company=company, ready=True), run=RunFactory(company=company, send=True)
    )

    assert client_for(project_manager).get(at("run", push.run_id)).status_code == 404
