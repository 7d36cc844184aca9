"""The Web Connector that calls us, against a service of a few lines."""

import threading
from datetime import datetime, timedelta

import pytest
from defusedxml.ElementTree import fromstring
from werkzeug.wrappers import Response

from connectors.quickbooks_desktop.sandbox_refusals import HRESULTS
from connectors.quickbooks_desktop.sandbox_troubles import Trouble
from connectors.quickbooks_desktop.tests.sandbox_world import (
    FILE,
    OWNER,
    Book,
    Service,
    answered,
    bill,
    connector_file,
    expense,
    message_set,
)

QUESTION = message_set("<ClassQueryRq requestID='1'/>")
ADD = message_set(bill(expense()), newMessageSetID="job-1")
PATH = r"C:\Books\Harbor Point.qbw"


class World:
    """A machine whose Web Connector knows one service."""

    def __init__(self, **answers):
        self.service = Service(**answers)
        self.book = Book()
        self.sandbox = self.book.sandbox
        self.connector = self.sandbox.connector
        self.connector.install(connector_file(self.service.url), "s3cret")

    def run(self, *troubles):
        for trouble in troubles:
            self.connector.troubles.order(trouble)
        return self.connector.run_once()

    @property
    def bills(self):
        return len(self.book.books.all("Bill"))


@pytest.fixture
def world():
    made = []

    def make(**answers):
        made.append(World(**answers))
        return made[-1]

    yield make
    for each in made:
        each.service.stop()


# --- The conversation -----------------------------------------------------------------------------


def test_a_run_goes_from_the_version_to_goodbye(world):
    one = world(sendRequestXML=[QUESTION], receiveResponseXML=[50, 100])

    run = one.run()

    assert one.service.operations == [
        "serverVersion", "clientVersion", "authenticate",
        "sendRequestXML", "receiveResponseXML", "sendRequestXML", "receiveResponseXML",
        "closeConnection",
    ]  # fmt: skip
    assert (run.outcome, run.percent, run.requests_run) == ("finished", 100, 2)


def test_arguments_have_the_names_and_the_order_of_the_service(world):
    one = world(sendRequestXML=[QUESTION])

    one.run()

    heard = {operation: [name for name, _ in said] for operation, said in one.service.heard}
    assert heard == {
        "serverVersion": [],
        "clientVersion": ["strVersion"],
        "authenticate": ["strUserName", "strPassword"],
        "sendRequestXML": [
            "ticket", "strHCPResponse", "strCompanyFileName", "qbXMLCountry", "qbXMLMajorVers",
            "qbXMLMinorVers",
        ],
        "receiveResponseXML": ["ticket", "response", "hresult", "message"],
        "closeConnection": ["ticket"],
    }  # fmt: skip
    headers = one.service.headers[0]
    assert headers["Content-Type"] == "text/xml; charset=utf-8"
    assert headers["SOAPAction"] == '"http://developer.intuit.com/serverVersion"'


def test_the_password_typed_here_and_the_ticket_given_there_are_sent(world):
    one = world(sendRequestXML=[QUESTION])

    one.run()

    assert one.service.arguments("authenticate") == {
        "strUserName": "tieout-7f3c",
        "strPassword": "s3cret",
    }
    assert {
        one.service.arguments(operation)["ticket"]
        for operation in ("sendRequestXML", "receiveResponseXML", "closeConnection")
    } == {"ticket-1"}


def test_host_company_and_preferences_come_with_the_first_request_only(world):
    one = world(sendRequestXML=[QUESTION], receiveResponseXML=[50, 100])

    one.run()

    first = one.service.arguments("sendRequestXML")
    told = [each.tag for each in fromstring(first["strHCPResponse"])[0]]
    assert told == ["HostQueryRs", "CompanyQueryRs", "PreferencesQueryRs"]
    assert FILE in first["strHCPResponse"]
    assert (first["strCompanyFileName"], first["qbXMLCountry"]) == (PATH, "US")
    assert (first["qbXMLMajorVers"], first["qbXMLMinorVers"]) == ("16", "0")
    assert one.service.arguments("sendRequestXML", 1)["strHCPResponse"] == ""


def test_what_quickbooks_answers_is_delivered(world):
    one = world(sendRequestXML=[QUESTION])

    one.run()

    said = one.service.arguments("receiveResponseXML")
    assert "<ClassRet>" in said["response"]
    assert (said["hresult"], said["message"]) == ("", "")


def test_a_set_that_cannot_be_parsed_comes_back_as_an_hresult_and_no_response(world):
    one = world(sendRequestXML=[message_set("<NothingRq/>")])

    one.run()

    said = one.service.arguments("receiveResponseXML")
    assert (said["hresult"], said["response"]) == ("0x80040400", "")
    assert said["message"].startswith("QuickBooks found an error when parsing")


def test_nothing_to_send_is_asked_about(world):
    one = world(getLastError=["the queue is broken"])

    run = one.run()

    assert one.service.operations[3:] == ["sendRequestXML", "getLastError", "closeConnection"]
    assert run.problem == "the queue is broken"


def test_no_op_is_a_pause(world):
    one = world(sendRequestXML=["", "", QUESTION], getLastError=["NoOp"])

    run = one.run()

    assert one.service.operations.count("getLastError") == 2
    assert run.outcome == "finished"


def test_a_negative_percentage_is_an_error_that_is_asked_about(world):
    one = world(sendRequestXML=[QUESTION], receiveResponseXML=[-1])

    run = one.run()

    assert one.service.operations[-2:] == ["getLastError", "closeConnection"]
    assert run.outcome == "the service reported an error"


def test_a_hundred_ends_the_run_even_with_work_left(world):
    one = world(sendRequestXML=[QUESTION], receiveResponseXML=[100])

    assert one.run().requests_run == 1


@pytest.mark.parametrize(
    ("word", "outcome", "last"),
    [
        ("none", "nothing to do", "closeConnection"),
        ("nvu", "not a valid user", "authenticate"),
        ("busy", "the service is busy", "authenticate"),
    ],
)
def test_what_authenticate_says_decides(world, word, outcome, last):
    one = world(authenticate=[["ticket-1", word]])

    run = one.run()

    assert (run.outcome, one.service.operations[-1]) == (outcome, last)
    assert "sendRequestXML" not in one.service.operations


@pytest.mark.parametrize(("verdict", "goes_on"), [("W:a", True), ("O:2.0", True), ("E:no", False)])
def test_a_version_is_warned_of_or_refused(world, verdict, goes_on):
    one = world(clientVersion=[verdict])

    one.run()

    assert ("authenticate" in one.service.operations) is goes_on


# --- Strictness -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        Response(answered("authenticate", ["t", ""], namespace="urn:other"), mimetype="text/xml"),
        Response(answered("authenticate", ["t"]), mimetype="text/xml"),
        Response(answered("authenticate", ["t", "", "1", "2", "3"]), mimetype="text/xml"),
        Response(answered("closeConnection", ["t", ""]), mimetype="text/xml"),
        Response(answered("authenticate", ["t", ""]), mimetype="application/json"),
        Response("<html>", mimetype="text/xml"),
    ],
    ids=["namespace", "one entry", "five entries", "another operation", "media type", "no xml"],
)
def test_an_answer_that_is_not_exact_ends_the_run(world, answer):
    one = world(authenticate=[answer])

    run = one.run()

    assert run.outcome == "the service failed"
    assert run.problem.startswith("QBWC1012")
    assert one.service.operations[-1] == "authenticate"


@pytest.mark.parametrize(
    "answer",
    [
        Response("oops", status=500),
        Response("moved", status=302, headers={"Location": "/"}),
        Response(
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>'
            "<faultstring>no</faultstring></s:Fault></s:Body></s:Envelope>",
            mimetype="text/xml",
        ),
    ],
)
def test_a_fault_or_an_error_ends_the_run_without_goodbye(world, answer):
    one = world(sendRequestXML=[answer])

    run = one.run()

    assert run.problem.startswith("QBWC1039")
    assert one.service.operations[-1] == "sendRequestXML"


def test_a_percentage_that_is_no_number_ends_the_run(world):
    one = world(sendRequestXML=[QUESTION], receiveResponseXML=["done"])

    assert one.run().problem.startswith("QBWC1012")


def test_a_service_that_is_away_ends_the_run(world):
    one = world()
    one.connector.install(connector_file(one.service.url), "s3cret")
    one.service.url, gone = "", connector_file("http://localhost:9/qbwc")

    with pytest.raises(Exception, match="cannot be reached"):
        one.connector.install(gone, "s3cret")


# --- The company file -----------------------------------------------------------------------------


def test_the_first_run_leaves_the_file_id_in_the_company_file(world):
    one = world()
    before = one.sandbox.company_file.stamp(OWNER)

    one.run()

    assert (before, one.sandbox.company_file.stamp(OWNER)) == ("", FILE)


def test_another_file_under_the_same_path_has_no_stamp(world):
    one = world(sendRequestXML=[QUESTION])
    one.run()
    other = one.sandbox.another_file(PATH)
    one.sandbox.machine.show(PATH)

    one.run()

    first = one.service.arguments("sendRequestXML", 1)
    assert first["strCompanyFileName"] == PATH
    assert FILE not in first["strHCPResponse"]
    assert other.stamp(OWNER) == ""


def test_adding_the_application_again_stamps_anew(world):
    one = world()
    one.run()
    other = one.sandbox.another_file(r"C:\Books\New.qbw")
    one.sandbox.machine.show(other.path)

    one.connector.install(connector_file(one.service.url), "s3cret")
    one.run()

    assert other.stamp(OWNER) == FILE


def test_a_file_that_is_named_is_opened_where_none_is(world):
    one = world(authenticate=[["t", PATH.upper()]], sendRequestXML=[QUESTION])
    one.sandbox.machine.show("")

    assert one.run().outcome == "finished"


@pytest.mark.parametrize(
    ("shown", "wanted", "hresult"),
    [
        ("", "", "0x80040416"),
        (PATH, r"C:\Books\Other.qbw", "0x8004040A"),
        ("", r"C:\Books\Nowhere.qbw", "0x80040403"),
    ],
)
def test_what_keeps_quickbooks_from_opening_is_reported(world, shown, wanted, hresult):
    one = world(authenticate=[["t", wanted]])
    one.sandbox.machine.show(shown)

    run = one.run()

    said = one.service.arguments("connectionError")
    assert (said["hresult"], said["message"]) == (hresult, HRESULTS[hresult])
    assert run.outcome == "QuickBooks could not be opened"
    assert "sendRequestXML" not in one.service.operations


def test_another_path_is_tried_where_the_service_names_one(world):
    one = world(
        authenticate=[["t", r"C:\Books\Gone.qbw"]],
        connectionError=[PATH],
        sendRequestXML=[QUESTION],
    )

    assert one.run().outcome == "finished"


def test_the_open_file_is_tried_again_where_the_service_says_nothing(world):
    one = world(connectionError=[""], sendRequestXML=[QUESTION])

    run = one.run(Trouble("cannot_open", "0x80040414"))

    assert one.service.operations.count("connectionError") == 1
    assert run.outcome == "finished"


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
