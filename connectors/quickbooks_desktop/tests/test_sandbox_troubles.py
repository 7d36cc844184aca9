"""What goes wrong on the machine with QuickBooks, each on order; and what it does by itself."""

import threading
from datetime import datetime, timedelta

import pytest
from defusedxml.ElementTree import fromstring

from connectors.quickbooks_desktop.sandbox_troubles import Trouble
from connectors.quickbooks_desktop.tests.sandbox_world import (
    ADD,
    PATH,
    QUESTION,
    Book,
    Service,
    World,
    connector_file,
    message_set,
)


@pytest.fixture
def world():
    made = []

    def make(**answers):
        made.append(World(**answers))
        return made[-1]

    yield make
    for each in made:
        each.service.stop()


# --- Troubles -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "hresult", ["0x80040414", "0x8004040A", "0x80040410", "0x80040416", "0x8004041A"]
)
def test_quickbooks_refuses_to_open_or_to_run_for_each_reason(world, hresult):
    opening = world()
    running = world(sendRequestXML=[ADD])
    before = running.bills

    opening.run(Trouble("cannot_open", hresult))
    running.run(Trouble("cannot_run", hresult))

    assert opening.service.arguments("connectionError")["hresult"] == hresult
    said = running.service.arguments("receiveResponseXML")
    assert (said["hresult"], said["response"]) == (hresult, "")
    assert running.bills == before


def test_a_mistyped_password_is_sent_once(world):
    one = world()

    one.run(Trouble("wrong_password"))
    one.run()

    sent = [one.service.arguments("authenticate", place)["strPassword"] for place in (0, 1)]
    assert sent == ["s3cret-mistyped", "s3cret"]


def test_a_machine_that_stops_with_a_request_in_hand_has_not_run_it(world):
    one = world(sendRequestXML=[ADD])
    before = one.bills

    run = one.run(Trouble("stop_after_send"))

    assert one.service.operations[-1] == "sendRequestXML"
    assert (one.bills, run.requests_run) == (before, 0)


def test_a_machine_that_loses_the_answer_has_run_the_request(world):
    one = world(sendRequestXML=[ADD])
    before = one.bills

    one.run(Trouble("lose_answer"))
    lost = one.bills
    one.run()

    assert one.service.operations.count("receiveResponseXML") == 1
    assert (lost, one.bills) == (before + 1, before + 1)  # the same set again adds nothing


def test_a_reply_that_is_lost_ends_the_run_without_goodbye(world):
    one = world(sendRequestXML=[QUESTION])

    one.run(Trouble("lose_reply"))

    assert one.service.operations[-1] == "receiveResponseXML"


def test_an_answer_is_delivered_twice(world):
    one = world(sendRequestXML=[QUESTION])

    one.run(Trouble("replay"))

    assert one.service.arguments("receiveResponseXML") == one.service.arguments(
        "receiveResponseXML", 1
    )


def test_a_run_is_ended_between_two_requests(world):
    one = world(sendRequestXML=[QUESTION], receiveResponseXML=[50])

    run = one.run(Trouble("kill", after=2))

    assert run.requests_run == 2
    assert one.service.operations[-1] == "receiveResponseXML"


def test_an_iterator_does_not_outlive_a_run_that_was_ended(world):
    start = "<VendorQueryRq iterator='Start'><MaxReturned>1</MaxReturned></VendorQueryRq>"
    one = world(sendRequestXML=[message_set(start)], receiveResponseXML=[50])
    one.run(Trouble("kill", after=1))
    response = fromstring(one.service.arguments("receiveResponseXML")["response"])[0][0]
    key = response.get("iteratorID")
    go_on = start.replace("'Start'", f"'Continue' iteratorID='{key}'")
    one.service.answers["sendRequestXML"] = [message_set(go_on)]
    one.service.answers["receiveResponseXML"] = [100]

    one.run()

    assert 'statusCode="3120"' in one.service.arguments("receiveResponseXML", 1)["response"]


def test_another_file_is_opened_in_the_middle_of_a_run(world):
    one = world(sendRequestXML=[QUESTION], receiveResponseXML=[50, 100])
    one.sandbox.another_file(r"C:\Books\Other.qbw")

    one.run(Trouble("switch_file", after=1))

    paths = [
        one.service.arguments("sendRequestXML", place)["strCompanyFileName"] for place in (0, 1)
    ]
    assert paths == [PATH, r"C:\Books\Other.qbw"]
    assert "<ClassRet>" not in one.service.arguments("receiveResponseXML", 1)["response"]


def test_a_machine_that_is_off_calls_nobody(world):
    one = world()
    one.sandbox.machine.is_on = False

    assert one.run().outcome == "the machine is off"
    assert one.service.heard == []


# --- By itself ------------------------------------------------------------------------------------


def until(connector, runs):
    stop = threading.Event()
    thread = threading.Thread(target=connector.run_forever, args=(stop, 0.02))
    thread.start()
    for _ in range(500):
        if len(connector.runs) >= runs or stop.wait(0.02):
            break
    stop.set()
    thread.join()


def test_it_calls_by_itself_again_and_again(world):
    one = world(authenticate=[["t", "none"]])

    until(one.connector, 3)

    assert one.service.operations.count("authenticate") >= 3


def test_it_leaves_a_service_alone_that_asks_to_be(world):
    one = world(authenticate=[["t", "none", "3600"]])
    one.run()

    stop = threading.Event()
    thread = threading.Thread(target=one.connector.run_forever, args=(stop, 0.01))
    thread.start()
    stop.wait(0.3)
    quiet = len(one.connector.runs)
    one.sandbox.clock_offset += timedelta(hours=2)
    stop.wait(0.3)
    stop.set()
    thread.join()

    assert quiet == 1
    assert len(one.connector.runs) > 1


def test_it_runs_at_least_so_far_apart_as_it_was_told_once(world):
    one = world(authenticate=[["t", "none", "", "600"], ["t", "none"]])

    one.run()
    one.sandbox.clock_offset += timedelta(hours=1)
    one.run()

    (application,) = one.connector.applications
    left = datetime.fromisoformat(application["next_at"]) - one.sandbox.now()
    assert 590 < left.total_seconds() <= 600


def test_an_application_is_still_there_after_a_restart(tmp_path):
    service = Service(authenticate=[["t", "none"]])
    try:
        first = Book(books=tmp_path / "books.sqlite").sandbox
        first.connector.install(connector_file(service.url), "s3cret")

        second = Book(books=tmp_path / "books.sqlite").sandbox
        run = second.connector.run_once("Tieout")
    finally:
        service.stop()

    assert run.outcome == "nothing to do"
    assert service.arguments("authenticate")["strPassword"] == "s3cret"


def test_a_password_is_neither_shown_nor_kept_with_a_run(world):
    one = world()

    run = one.run()

    assert "s3cret" not in str(run.shown()) + str(run.calls) + str(one.connector.applications)
