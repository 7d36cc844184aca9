"""What each "no" becomes: by its code, by its words, and by what surrounds them."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from common.choices import RecordKind
from connectors.errors import (
    AccessDenied,
    CompanySuspended,
    CredentialsExpired,
    NumberTaken,
    PeriodClosed,
    RateLimited,
    Refused,
    TargetInactive,
    Unreachable,
)
from connectors.quickbooks_online.sandbox_faults import too_many_requests, wrong_realm
from connectors.quickbooks_online.tests.conftest import BILL, COST_LINE, bill_of, post


@pytest.fixture
def answers(order):
    """The next calls are answered with this: answers(status, body)."""

    def answers(status: int, body: str | dict, *, times: int = 1, **headers: str) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        order(
            "faults",
            kind="answer",
            path="/v3/*",
            status=status,
            body=text,
            times=times,
            headers=headers,
        )

    return answers


def fault(code: int, message: str = "Something", detail: str = "", element: str = "") -> dict:
    error = {"Message": message, "Detail": detail, "code": str(code), "element": element}
    return {"Fault": {"Error": [error], "type": "ValidationFault"}, "time": "2026-03-04"}


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        (6140, "Duplicate Document Number Error", NumberTaken),
        (600, "Duplicate request", NumberTaken),
        (6200, "Account Period Closed", PeriodClosed),
        (6210, "Account Period Closed with password", PeriodClosed),
        (610, "Object Not Found", TargetInactive),
        (2500, "Invalid Reference Id", TargetInactive),
        (6000, "The account has been made inactive", TargetInactive),
        (5010, "Stale Object Error", Refused),
        (2020, "Required parameter missing", Refused),
        (6190, "Invalid Company Status", CompanySuspended),
        (140, "Company locked", Unreachable),
        (10000, "An application error has occurred", Unreachable),
        (120, "Authorization Failure", CredentialsExpired),
        (3001, "ThrottleExceeded", RateLimited),
    ],
)
def test_code_decides(client, answers, code, message, expected):
    answers(400, fault(code, message))

    with pytest.raises(expected) as caught:
        post(client)

    assert type(caught.value) is expected


def test_duplicate_number_under_the_code_of_a_closed_period_goes_by_its_words(client, answers):
    answers(400, fault(6210, "Duplicate Document Number Error", "DocNumber=1 is assigned"))

    with pytest.raises(NumberTaken):
        post(client)


def test_closed_period_under_the_code_of_a_stale_version_goes_by_its_words(client, answers):
    answers(400, fault(5010, "Business error", "The account period has closed."))

    with pytest.raises(PeriodClosed):
        post(client)


def test_refusal_carries_code_field_and_request_id(client, answers):
    answers(400, fault(2050, "String length", "too long", "DocNumber"), intuit_tid="1-abc")

    with pytest.raises(Refused) as caught:
        post(client)

    assert (caught.value.code, caught.value.field) == ("2050", "DocNumber")
    assert caught.value.request_id == "1-abc"


def test_refusal_is_a_sentence_for_a_person(client, answers):
    answers(400, fault(6000, "A business validation error", "A business validation error : No."))

    with pytest.raises(Refused) as caught:
        post(client)

    assert str(caught.value) == "QuickBooks refused the bill: No."


def test_200_whose_body_is_a_fault_is_a_refusal(client, answers):
    answers(200, fault(6000, "Business validation", "Not like this"))

    with pytest.raises(Refused, match="Not like this"):
        post(client)


def test_200_whose_body_is_a_fault_is_a_refusal_for_readers_too(client, answers):
    answers(200, fault(4000, "Error parsing query"))

    with pytest.raises(Refused, match="our question"):
        list(client.records(RecordKind.VENDOR))


def test_200_that_is_no_json_is_an_unknown_outcome(client, answers):
    answers(200, "<html>maintenance</html>")

    with pytest.raises(Unreachable) as caught:
        post(client)

    assert not caught.value.surely_not_done


def test_200_about_something_else_is_an_unknown_outcome(client, answers):
    answers(200, {"Hello": {}})

    with pytest.raises(Exception, match="other than") as caught:
        post(client)

    assert not caught.value.surely_not_done


@pytest.mark.parametrize("body", ["Too many requests", "<html>slow down</html>", "", "[]", "null"])
def test_429_that_is_no_json_is_a_limit(client, answers, body):
    answers(429, body, **{"Retry-After": "17"})

    with pytest.raises(RateLimited) as caught:
        post(client)

    assert caught.value.wait == timedelta(seconds=17)
    assert caught.value.surely_not_done


def test_429_without_retry_after_waits_a_minute(client, answers):
    answers(429, too_many_requests().detail)

    with pytest.raises(RateLimited) as caught:
        post(client)

    assert caught.value.wait == timedelta(seconds=60)


def test_throttling_that_older_gateways_say_with_403_is_a_limit(client, answers, sandbox):
    answers(403, too_many_requests().response(sandbox.now()).get_data(as_text=True))

    with pytest.raises(RateLimited):
        post(client)


def test_503_in_html_is_an_unknown_outcome(client, answers):
    answers(503, "<html><body>Service Unavailable</body></html>")

    with pytest.raises(Unreachable) as caught:
        post(client)

    assert not caught.value.surely_not_done


def test_gateway_that_does_not_allow_one_thing_denies_access_to_that_thing(client, answers):
    error = {"message": "message=AuthorizationFailed", "detail": None, "code": "3100"}
    answers(403, {"fault": {"error": [error], "type": "SERVICE"}})

    with pytest.raises(AccessDenied, match="has to allow it"):
        client.company()


def test_403_of_unknown_shape_is_access_denied(client, answers):
    answers(403, "Forbidden")

    with pytest.raises(AccessDenied):
        client.company()


def test_wrong_realm_in_xml_asks_to_reconnect(client, answers, sandbox):
    body = wrong_realm().response(sandbox.now()).get_data(as_text=True)
    answers(401, body, times=2)

    with pytest.raises(CredentialsExpired):
        client.company()


def test_lapsed_subscription_is_a_word_on_the_company_and_not_on_the_bill(client, order):
    order("company", is_subscribed=False)

    with pytest.raises(CompanySuspended, match="subscription") as caught:
        post(client)

    assert caught.value.surely_not_done


def test_lapsed_subscription_can_still_be_read(client, order):
    order("company", is_subscribed=False)

    assert client.company().name == "Fernwood Builders"


def test_closed_period_is_refused(client):
    with pytest.raises(PeriodClosed):
        post(client, replace(BILL, bill_date=date(2026, 1, 31)))


def test_first_open_day_is_taken(client):
    assert post(client, replace(BILL, bill_date=date(2026, 2, 1))).external_id


def test_period_that_closes_later_refuses(client, order):
    order("company", book_close_date="2026-02-28")

    with pytest.raises(PeriodClosed) as caught:
        post(client)

    assert caught.value.surely_not_done


def test_inactive_vendor_is_refused(client, order, bills):
    order("vendor/56/inactivate")

    with pytest.raises(TargetInactive):
        post(client)

    assert bills() == []


@pytest.mark.parametrize(
    "line",
    [
        replace(COST_LINE, account_id="65"),
        replace(COST_LINE, account_id="999"),
        replace(COST_LINE, customer_id="999"),
        replace(COST_LINE, class_id="999"),
        replace(COST_LINE, account_id="", item_id="999"),
    ],
    ids=["inactive account", "no account", "no customer", "no class", "no item"],
)
def test_line_that_names_what_is_not_there_is_refused(client, line):
    with pytest.raises(TargetInactive):
        post(client, bill_of(line))


@pytest.mark.parametrize(
    "line",
    [
        replace(COST_LINE, account_id="33"),
        replace(COST_LINE, account_id="", item_id="17"),
        replace(COST_LINE, account_id="", item_id="20"),
    ],
    ids=["payable account", "item category", "item that is only sold"],
)
def test_line_that_names_what_cannot_be_bought_is_refused(client, line):
    with pytest.raises(Refused):
        post(client, bill_of(line))


def test_published_limits_are_kept_on_request(client, order):
    order("throttle", on=True)

    def ask() -> str:
        try:
            client._posting.post("/v3/company/9130357900000417/query", b"select * from Term")
        except RateLimited:
            return "slow down"
        return "answered"

    assert {ask() for _ in range(30)} == {"answered", "slow down"}
