"""Somebody else's client of Sage Intacct understands the sandbox as well as ours does.

sageintacctsdk is used as it is; only the address it carries is set. It signs in through one of its
objects and leaves the others at the address of the sign-in, so each is pointed to the session's.
"""

from decimal import Decimal

import pytest
from sageintacctsdk import SageIntacctSDK
from sageintacctsdk.apis import ApiBase
from sageintacctsdk.exceptions import InvalidTokenError, NoPrivilegeError, WrongParamsError

from connectors.sage_intacct.sandbox import GATEWAY
from connectors.sage_intacct.tests.conftest import COMPANY, PASSWORD, SENDER, USER

ADDRESS = "_ApiBase__api_url"


class Here(SageIntacctSDK):
    """The library with the address of the sandbox in every object it makes."""

    def __init__(self, url, **changes):
        self.url = url
        who = {"user_id": USER, "company_id": COMPANY, "user_password": PASSWORD, **changes}
        super().__init__(sender_id=SENDER[0], sender_password=SENDER[1], **who)

    def update_sender_id(self):
        setattr(self.api_base, ADDRESS, self.url + GATEWAY)
        super().update_sender_id()

    def update_session_id(self):
        super().update_session_id()
        endpoint = getattr(self.api_base, ADDRESS)
        for part in vars(self).values():
            if isinstance(part, ApiBase):
                setattr(part, ADDRESS, endpoint)


@pytest.fixture
def sdk(served) -> Here:
    return Here(served.url, show_private=True)


LINE = {
    "ACCOUNTNO": "5010",
    "TRX_AMOUNT": "1200.10",
    "ENTRYDESCRIPTION": "Framing",
    "LOCATIONID": "E100",
    "PROJECTID": "24-017",
    "TASKID": "03-110",
    "COSTTYPEID": "SUB",
}


def bill(*lines, **changes):
    said = {
        "VENDORID": "V-1042",
        "RECORDID": "FC-1",
        "WHENCREATED": "03/02/2026",
        "WHENDUE": "04/01/2026",
        "APBILLITEMS": {"APBILLITEM": list(lines or [LINE])},
    }
    return {**said, **changes}


def test_a_wrong_password_is_the_librarys_exception(served):
    with pytest.raises(InvalidTokenError):
        Here(served.url, user_password="wrong")


def test_a_wrong_sender_is_the_librarys_exception(served, sandbox):
    sandbox.sender_password = "changed"

    with pytest.raises(WrongParamsError):
        Here(served.url)


def test_lists_come_whole(sdk):
    assert len(sdk.vendors.get_all()) == 8
    assert {row["PROJECTID"] for row in sdk.projects.get_all()} == {"24-017", "24-018", "23-001"}
    assert {row["TASKID"] for row in sdk.tasks.get_all()} == {"03-110", "03-300", "09-250"}
    assert {row["ACCOUNTNO"] for row in sdk.accounts.get_all()} >= {"5010", "2050"}
    assert len(sdk.cost_types.get_all()) == 5


def test_a_count_counts(sdk):
    assert sdk.vendors.count("STATUS", "inactive") == 1


def test_a_filter_finds_by_label(sdk):
    found = sdk.bills.get_by_query(
        and_filter=[("equalto", "STATE", "Posted"), ("equalto", "VENDORID", "V-1043")]
    )

    assert [row["RECORDID"] for row in found] == ["LC-900"]


def test_read_by_query_takes_codes(sdk):
    found = sdk.bills.get("STATE", "A")

    assert found["@totalcount"] == "1"


def test_a_vendor_is_created_and_read_back(sdk):
    made = sdk.vendors.post(
        {
            "VENDORID": "V-2000",
            "NAME": "Brackenridge & Söhne <Steel>",
            "DISPLAYCONTACT": {"PRINTAS": "Brackenridge"},
        }
    )

    assert made["data"]["vendor"]["VENDORID"] == "V-2000"
    found = sdk.vendors.get("VENDORID", "V-2000")
    assert found["VENDOR"][0]["NAME"] == "Brackenridge & Söhne <Steel>"


def test_a_second_vendor_of_that_id_is_the_librarys_exception(sdk):
    with pytest.raises(WrongParamsError) as caught:
        sdk.vendors.post(
            {"VENDORID": "v-1042", "NAME": "Other", "DISPLAYCONTACT": {"PRINTAS": "Other"}}
        )

    assert caught.value.response["error"][0]["errorno"] == "BL34000061"


def test_a_bill_is_made_and_read_back(sdk):
    made = sdk.bills.post(bill(LINE, {**LINE, "ACCOUNTNO": "2050", "TRX_AMOUNT": "-120.01"}))

    number = made["data"]["apbill"]["RECORDNO"]
    read = sdk.bills.get("RECORDNO", number)["apbill"]
    assert Decimal(read["TOTALENTERED"]) == Decimal("1080.09")
    assert read["STATE"] == "Posted"


def test_a_bill_without_its_task_is_the_librarys_exception(sdk):
    with pytest.raises(WrongParamsError) as caught:
        sdk.bills.post(bill({**LINE, "TASKID": None, "COSTTYPEID": None}))

    assert "Cost Code dimension" in caught.value.response["error"][0]["description2"]


def test_a_missing_right_is_the_librarys_exception(sdk, order):
    order("user", user_id=USER, denied=["TASK:list"])

    with pytest.raises(NoPrivilegeError):
        sdk.tasks.get_all()


def test_payments_are_listed(sdk, order):
    number = sdk.bills.post(bill())["data"]["apbill"]["RECORDNO"]
    order("pay", bills={number: "1200.10"}, date="2026-04-01", number="1001")

    assert sdk.ap_payments.get_all()["DOCNUMBER"] == "1001"


def test_inside_an_entity_its_own_rows_are_seen(served):
    inside = Here(served.url, entity_id="E200")

    seen = {row["VENDORID"] for row in inside.vendors.get_all()}

    assert {"V-1048", "V-1049"} <= seen


def test_the_objects_fields_are_told(sdk):
    described = sdk.bills.get_lookup()

    fields = {field["ID"]: field for field in described["Type"]["Fields"]["Field"]}
    assert fields["WHENDUE"]["REQUIRED"] == "true"
    assert fields["TOTALDUE"]["READONLY"] == "true"
