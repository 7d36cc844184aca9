"""The main job with QuickBooks Desktop: its Web Connector calls us, and a worker answers."""

from pathlib import Path

import pytest

from connectors.models import Call, Connection
from connectors.quickbooks_desktop.tests.desk import Desk
from sync.models import PullStep, Push, Run

SEED = Path(__file__).parent / "sandbox_seed"


@pytest.fixture
def desk(live_server, settings):
    desk = Desk(live_server, settings, SEED)
    yield desk
    desk.stop()


@pytest.fixture
def pulled(desk):
    desk.call()
    return desk


def ended_well(run):
    """By the last answer, or by the next call for work: the worker may be the slower one."""
    return run.outcome == "finished" or run.problem == "Everything is done."


def test_the_first_run_connects_and_pulls_every_list(desk):
    run = desk.call()

    assert ended_well(run)
    assert desk.connection.state == Connection.State.CONNECTED
    assert desk.connection.name == "Harbor Point Builders Inc."
    pull = Run.objects.get()
    assert pull.state == Run.State.DONE
    assert not pull.steps.exclude(state=PullStep.State.DONE).exists()
    vendors = desk.connection.records.filter(kind="vendor").count()
    assert vendors == len(desk.machine.company_books.all("Vendor"))


def test_a_second_run_without_work_opens_nothing(pulled):
    assert pulled.call().outcome == "nothing to do"


def test_a_bill_waits_for_the_web_connector_and_goes_with_its_next_run(pulled):
    push = pulled.send(pulled.bill(number="RC-10442"))
    pulled.work()
    push.refresh_from_db()
    assert (push.state, push.sends) == (Push.State.QUEUED, 0)
    assert "waits for its Web Connector" in push.sentence

    run = pulled.call()

    push.refresh_from_db()
    assert (ended_well(run), push.state) == (True, Push.State.POSTED)
    (there,) = [doc for doc in pulled.books() if doc.get("RefNumber") == "RC-10442"]
    assert push.external_id == there["TxnID"]


def test_an_answer_lost_after_quickbooks_committed_makes_no_second_bill(pulled):
    push = pulled.send(pulled.bill(number="RC-10442"))
    pulled.trouble("lose_answer", after=1)  # the look goes well, and the bill is lost

    pulled.call()
    push.refresh_from_db()
    assert push.state == Push.State.UNKNOWN
    pulled.call()

    push.refresh_from_db()
    assert push.state == Push.State.POSTED
    assert len([doc for doc in pulled.books() if doc.get("RefNumber") == "RC-10442"]) == 1


def test_a_bill_that_was_taken_and_never_run_is_not_sent_again_by_itself(pulled):
    push = pulled.send(pulled.bill(number="RC-10442"))
    pulled.trouble("stop_after_send", after=1)

    pulled.call()
    push.refresh_from_db()
    assert push.state == Push.State.UNKNOWN
    pulled.call()

    push.refresh_from_db()
    assert (push.state, push.not_found) == (Push.State.UNKNOWN, 1)
    assert not [doc for doc in pulled.books() if doc.get("RefNumber") == "RC-10442"]


def test_an_answer_that_comes_twice_is_harmless(pulled):
    push = pulled.send(pulled.bill(number="RC-10442"))
    pulled.trouble("replay", times=2)

    run = pulled.call()

    push.refresh_from_db()
    assert (ended_well(run), push.state) == (True, Push.State.POSTED)


def test_bills_go_in_the_order_in_which_they_were_sent(pulled):
    pushes = [pulled.send(pulled.bill(number=f"PV-{number}")) for number in range(5)]

    pulled.call()

    entered = sorted(pulled.books(), key=lambda doc: int(doc["TxnNumber"]))
    assert [doc["RefNumber"] for doc in entered][-5:] == [f"PV-{number}" for number in range(5)]
    assert {Push.objects.get(pk=push.pk).state for push in pushes} == {Push.State.POSTED}


def test_a_dialog_in_quickbooks_is_named_and_the_bill_waits(pulled):
    push = pulled.send(pulled.bill())
    pulled.trouble("cannot_run", hresult="0x80040414")

    run = pulled.call()

    push.refresh_from_db()
    assert push.state == Push.State.QUEUED
    assert "A window in QuickBooks waits for an answer" in pulled.connection.problem
    assert run.problem == pulled.connection.problem
    assert ended_well(pulled.call())
    assert pulled.connection.problem == ""


def test_another_company_file_is_refused_by_name(pulled):
    pulled.machine.another_file(r"C:\Books\Other.qbw", name="Somebody Else Inc.")
    pulled.send(pulled.bill())
    pulled.trouble("switch_file")

    run = pulled.call()

    assert "Somebody Else Inc." in pulled.connection.problem
    assert run.problem == pulled.connection.problem


def test_a_file_that_is_switched_in_the_middle_is_asked_nothing_more(pulled):
    pulled.machine.another_file(r"C:\Books\Other.qbw", name="Somebody Else Inc.")
    push = pulled.send(pulled.bill(number="RC-10442"))
    pulled.trouble("switch_file", after=1)

    pulled.call()

    push.refresh_from_db()
    assert push.state == Push.State.QUEUED
    assert "another company file" in pulled.connection.problem


def test_a_mistyped_password_is_named(pulled):
    pulled.send(pulled.bill())
    pulled.trouble("wrong_password")

    assert pulled.call().outcome == "not a valid user"
    assert "wrong password" in pulled.connection.problem
    assert ended_well(pulled.call())


def test_quickbooks_that_is_not_running_is_named(pulled):
    pulled.send(pulled.bill())
    pulled.trouble("cannot_open", hresult="0x80040408")

    run = pulled.call()

    assert run.outcome == "QuickBooks could not be opened"
    assert "could not be started" in pulled.connection.problem


def test_what_was_asked_and_answered_is_in_the_log_of_calls(pulled):
    push = pulled.send(pulled.bill(number="RC-10442"))

    pulled.call()

    added = Call.objects.get(subject_id=push.pk, path="BillAddRq")
    assert "RC-10442" in added.request_body
    assert push.bill.company == added.company
    vendors = Call.objects.filter(path="VendorQueryRq").last()
    assert "91-0000001" not in vendors.response_body
