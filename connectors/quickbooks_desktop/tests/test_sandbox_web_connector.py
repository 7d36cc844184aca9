"""The Web Connector that calls us, against a service of a few lines."""

import pytest
from defusedxml.ElementTree import fromstring
from werkzeug.wrappers import Response

from connectors.quickbooks_desktop.sandbox_refusals import HRESULTS
from connectors.quickbooks_desktop.sandbox_troubles import Trouble
from connectors.quickbooks_desktop.tests.sandbox_world import (
    FILE,
    OWNER,
    PATH,
    QUESTION,
    World,
    answered,
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
