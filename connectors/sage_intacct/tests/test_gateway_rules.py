"""The sandbox's gateway is as strict as the sheet: envelopes, sign-in, sessions, transactions."""

import pytest
from defusedxml.ElementTree import fromstring

from connectors.sage_intacct.sandbox import GATEWAY, OF_SESSIONS, SageIntacctSandbox
from connectors.sage_intacct.tests.conftest import SEED, USER, Caller, complaints, query
from connectors.sage_intacct.tests.samples import vendor
from connectors.sandboxing import Fault, serve

CLASSES = query("CLASS", "RECORDNO")


def control_error(response):
    assert response.findtext("control/status") == "failure"
    assert response.find("operation") is None
    return complaints(response)[0]


def sign_in_error(response):
    assert response.findtext("operation/authentication/status") == "failure"
    assert response.find("operation/result") is None
    return complaints(response)[0]


# --- First level ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<dtdversion>3.0<", b"<dtdversion>2.1<"),
        (b"<controlid>test<", b"<controlid><"),
        (b"<controlid>test<", b"<controlid>" + b"x" * 257 + b"<"),
        (b"<uniqueid>false<", b"<uniqueid>maybe<"),
        (b"<senderid>", b"<sender/><senderid>"),
        (b'controlid="call-1"', b""),
        (b"</request>", b""),
        (b"<request>", b'<!DOCTYPE r [<!ENTITY a "b">]><request>'),
        (b"</content>", b"</content><content/>"),
    ],
)
def test_an_envelope_that_is_none_is_refused_as_a_whole(caller, old, new):
    body = caller.envelope(CLASSES)
    assert old in body

    response = fromstring(caller.post(body.replace(old, new, 1)).content)

    assert control_error(response)[0] == "XL03000003"


def test_another_content_type_is_refused(caller):
    answer = caller.post(caller.envelope(CLASSES), "application/json")

    assert "XL03000003" in answer.text


def test_a_wrong_sender_is_refused_before_anybody_signs_in(caller):
    caller.sender = ("tieout-sandbox", "wrong")

    assert control_error(caller.ask(CLASSES)) == (
        "XL03000006",
        "Incorrect Intacct XML Partner ID or password.",
    )


def test_the_rate_limit_refuses_as_a_whole(caller, order):
    order("company", rate_limited=1)

    assert control_error(caller.ask(CLASSES)) == ("GW-0010", "API rate limit exceeded")
    assert caller.one(CLASSES).findtext("status") == "success"


def test_the_answer_repeats_the_control(caller):
    control = caller.ask(CLASSES).find("control")

    assert [(each.tag, each.text) for each in control] == [
        ("status", "success"),
        ("senderid", "tieout-sandbox"),
        ("controlid", "test"),
        ("uniqueid", "false"),
        ("dtdversion", "3.0"),
    ]


# --- Second level ---------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [{"password": "x"}, {"userid": "x"}, {"companyid": "x"}])
def test_a_wrong_sign_in_says_no_more_than_that(caller, wrong):
    caller.login |= wrong

    assert sign_in_error(caller.ask(CLASSES)) == ("XL03000006", "Sign-in information is incorrect")


def test_without_the_subscription_nobody_comes_in(caller, order):
    order("company", web_services=False)

    assert "XML transactions" in sign_in_error(caller.ask(CLASSES))[1]


def test_a_sender_has_to_be_authorized_in_the_company(caller, order):
    order("company", senders=["another"])

    assert "Invalid Web Services Authorization" in sign_in_error(caller.ask(CLASSES))[1]


def test_a_user_of_one_entity_enters_that_one_only(caller):
    caller.login |= {"userid": "xml_south", "password": "south-password"}
    assert sign_in_error(caller.ask(CLASSES))[0] == "XL03000006"

    caller.login["locationid"] = "E100"
    assert sign_in_error(caller.ask(CLASSES))[0] == "XL03000006"

    caller.login["locationid"] = "E200"
    assert caller.one(CLASSES).findtext("status") == "success"


# --- Sessions -------------------------------------------------------------------------------------


def test_a_session_has_an_address_of_its_own(caller):
    caller.open()

    assert caller.endpoint == caller.url + OF_SESSIONS
    assert caller.one(CLASSES).findtext("status") == "success"


def test_a_session_at_the_address_of_the_sign_in_is_refused(session):
    session.endpoint = session.url + GATEWAY

    assert sign_in_error(session.ask(CLASSES))[1] == "Sign-in information is incorrect"


def test_a_session_ends_when_its_hours_are_over(session, order):
    order("clock", seconds=12 * 3600 + 1)

    assert sign_in_error(session.ask(CLASSES))[0] == "XL03000006"


def test_each_call_puts_the_end_off(session, order):
    for _call in range(3):
        order("clock", seconds=8 * 3600)
        assert session.one(CLASSES).findtext("status") == "success"


def test_the_session_can_be_moved_into_an_entity_and_back(caller):
    inside = caller.open("E200").ask(CLASSES)
    assert inside.findtext("operation/authentication/locationid") == "E200"

    top = caller.open("").ask(CLASSES)
    assert not top.findtext("operation/authentication/locationid")


def test_a_session_in_an_entity_that_is_none_is_refused(caller):
    result = caller.one("<getAPISession><locationid>E900</locationid></getAPISession>")

    assert complaints(result)[0][0] == "Get API Session Failed"


def test_a_session_is_asked_for_alone(caller):
    results = caller.all("<getAPISession/>", CLASSES)

    assert complaints(results[0])[0][0] == "Get API Session Failed"


# --- Functions ------------------------------------------------------------------------------------


def test_each_function_has_its_result_in_order(session):
    results = session.all(CLASSES, query("NOPE", "RECORDNO"), query("ITEM", "RECORDNO"))

    assert [each.findtext("status") for each in results] == ["success", "failure", "success"]
    assert [each.findtext("controlid") for each in results] == ["call-2", "call-3", "call-4"]


def test_an_unknown_object_fails_its_query(session):
    assert complaints(session.one(query("NOPE", "RECORDNO"))) == [
        ("Query Failed", "Object definition NOPE not found")
    ]


def test_an_unknown_function_is_not_in_the_schema(session):
    assert complaints(session.one("<create_nothing/>"))[0][0] == "XL03000003"


def test_a_missing_right_names_the_operation_and_the_object(session, order):
    order("user", user_id=USER, denied=["VENDOR:add", "TASK"])

    ((number, sentence),) = complaints(session.one(vendor("V-1")))
    assert number == "PL04000005"
    assert sentence.endswith("API operation CREATE on objects of type vendor")
    assert (
        "QUERY on objects of type task" in complaints(session.one(query("TASK", "RECORDNO")))[0][1]
    )


def test_errors_carry_a_support_id(session):
    (error,) = session.one(query("NOPE", "RECORDNO")).iter("error")

    assert "[Support ID: sbx" in error.findtext("description2")


# --- Transactions and the guard against repeats ---------------------------------------------------


def test_without_a_transaction_each_stands_alone(session):
    results = session.all(vendor("V-1"), vendor("V-1042"), vendor("V-2"))

    assert [each.findtext("status") for each in results] == ["success", "failure", "success"]


def test_in_a_transaction_all_is_undone(session):
    results = session.all(vendor("V-1"), vendor("V-1042"), vendor("V-2"), transaction="true")

    assert [each.findtext("status") for each in results] == ["aborted"] * 3
    assert [number for number, _ in complaints(results[1])] == [
        "BL34000061",
        "BL01001973",
        "XL03000009",
    ]
    assert complaints(results[0])[0][0] == "XL03000009"
    left = session.one("<readByName><object>VENDOR</object><keys>V-1</keys></readByName>")
    assert left.find("data").get("count") == "0"


def test_after_a_rollback_the_books_in_memory_are_the_books_on_disk(session, sandbox):
    session.all(vendor("V-1"), vendor("V-1042"), transaction="true")

    assert sandbox.entities.named("VENDOR", "V-1") is None
    assert len(sandbox.entities.all("VENDOR")) == sandbox.store.count("VENDOR")


def test_a_control_id_is_taken_once(session):
    assert session.one(vendor("V-1"), unique="true", ids=["k"]).findtext("status") == "success"

    again = session.one(vendor("V-2"), unique="true", ids=["k"])

    assert again.findtext("status") == "failure"
    assert complaints(again)[0][0] == "SBX-DUPCONTROLID"


def test_a_control_id_may_be_repeated_where_that_was_asked_for(session):
    session.one(vendor("V-1"), ids=["k"])

    assert session.one(vendor("V-2"), ids=["k"]).findtext("status") == "success"


def test_a_control_id_is_remembered_over_a_restart(tmp_path):
    statuses = []
    for number in ("V-1", "V-2"):
        served = serve(SageIntacctSandbox(seed=SEED, books=tmp_path / "books.sqlite"))
        caller = Caller(served.url).open()
        statuses.append(caller.one(vendor(number), unique="true", ids=["k"]).findtext("status"))
        served.stop()

    assert statuses == ["success", "failure"]


def test_a_slow_commit_keeps_the_record_and_loses_the_answer(session, sandbox):
    sandbox.faults.append(Fault(kind="answer_after", body="<html>Gateway Timeout</html>"))

    answer = session.post(session.envelope(vendor("V-1"), unique="true", ids=["k"]))

    assert answer.status_code == 503
    assert sandbox.entities.named("VENDOR", "V-1") is not None
