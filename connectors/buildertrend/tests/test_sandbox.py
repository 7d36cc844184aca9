"""The sandbox is as strict as the assumed contract: Buildertrend fact sheet, 8."""

from datetime import timedelta

import pytest
import requests

from connectors.buildertrend.sandbox import BuildertrendSandbox
from connectors.buildertrend.tests.conftest import (
    BILL,
    FRAMER,
    ID,
    JOB,
    ORDER,
    SECRET,
    TILER,
    write_seed,
)
from connectors.sandboxing import serve

LINK = {"system": "sage_intacct", "externalId": "4711", "state": "draft"}
TODO = {"jobId": JOB, "title": "Split it"}


def error(answer):
    """The envelope's code, and the names of the fields it complains about."""
    said = answer.json()["error"]
    assert said["message"]
    assert said["requestId"] == answer.headers["X-Request-Id"]
    return said["code"], [field["name"] for field in said.get("fields", [])]


# --- Signing in -----------------------------------------------------------------------------------


def token(buildertrend, auth=None, **said):
    return requests.post(f"{buildertrend.url}/oauth/token", data=said, auth=auth, timeout=5)


def test_a_token_lives_an_hour(buildertrend):
    given = token(
        buildertrend, grant_type="client_credentials", client_id=ID, client_secret=SECRET
    ).json()

    assert given["expires_in"] == 3600
    assert buildertrend.ask("GET", "/jobs", token=given["access_token"]).status_code == 200
    buildertrend.sandbox.clock_offset += timedelta(seconds=3601)
    assert buildertrend.ask("GET", "/jobs", token=given["access_token"]).status_code == 401


def test_the_registration_may_come_as_basic(buildertrend):
    assert token(buildertrend, auth=(ID, SECRET), grant_type="client_credentials").ok


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ({"client_id": ID, "client_secret": SECRET}, 400, "unsupported_grant_type"),
        (
            {"grant_type": "client_credentials", "client_id": ID, "client_secret": "x"},
            401,
            "invalid_client",
        ),
        ({"grant_type": "client_credentials"}, 401, "invalid_client"),
    ],
)
def test_a_wrong_registration_gets_no_token(buildertrend, said, status, code):
    answer = token(buildertrend, **said)

    assert (answer.status_code, answer.json()["error"]) == (status, code)


@pytest.mark.parametrize("given", ["nonsense", " "])
def test_an_unknown_token_is_refused(buildertrend, given):
    answer = buildertrend.ask("GET", "/jobs", token=given)

    assert answer.status_code == 401
    assert error(answer) == ("unauthorized", [])


@pytest.mark.parametrize(
    ("account", "status", "code"), [("", 400, "invalid_request"), ("501", 403, "forbidden")]
)
def test_the_account_has_to_be_named_and_to_be_open_to_the_app(buildertrend, account, status, code):
    answer = buildertrend.ask("GET", "/jobs", account=account)

    assert answer.status_code == status
    assert error(answer)[0] == code


# --- Lists ----------------------------------------------------------------------------------------


def test_a_list_comes_in_pages_joined_by_cursors(buildertrend):
    first = buildertrend.get("/vendors", limit=1).json()
    second = buildertrend.get("/vendors", limit=1, cursor=first["page"]["nextCursor"]).json()

    assert [row["vendorId"] for row in first["data"] + second["data"]] == [FRAMER, TILER]
    assert second["page"] == {"limit": 1, "nextCursor": None}
    assert first["asOf"] == second["asOf"]


@pytest.mark.parametrize("limit", ["0", "201", "-1", "many", ""])
def test_a_page_has_one_to_two_hundred_rows(buildertrend, limit):
    answer = buildertrend.get("/vendors", limit=limit)

    assert answer.status_code == 400
    assert error(answer) == ("invalid_request", ["limit"])


def test_a_cursor_belongs_to_the_list_it_came_from(buildertrend):
    cursor = buildertrend.get("/vendors", limit=1).json()["page"]["nextCursor"]

    assert buildertrend.get("/jobs", cursor=cursor).status_code == 400
    assert buildertrend.get("/vendors", cursor="bm9uZQ==").status_code == 400
    assert buildertrend.get("/vendors", cursor="!").status_code == 400


@pytest.mark.parametrize("since", ["yesterday", "2026-03-01", "2026-03-01T00:00:00"])
def test_a_moment_needs_its_zone(buildertrend, since):
    answer = buildertrend.get("/vendors", updatedSince=since)

    assert error(answer) == ("invalid_request", ["updatedSince"])


def test_an_unknown_filter_is_refused(buildertrend):
    assert error(buildertrend.get("/vendors", name="Ridge")) == ("invalid_request", ["name"])


def test_bills_are_filtered_by_job_and_status(buildertrend):
    found = buildertrend.get("/bills", jobId=JOB, status="Approved").json()["data"]

    assert [row["billId"] for row in found] == [BILL]
    assert buildertrend.get("/bills", jobId=999).status_code == 404


def test_a_deleted_row_stays_listed_with_a_mark(buildertrend):
    buildertrend.delete("vendors", TILER)

    rows = buildertrend.get("/vendors").json()["data"]

    assert [(row["vendorId"], row["isDeleted"]) for row in rows] == [(92, False), (93, True)]


@pytest.mark.parametrize(
    "path",
    ["/jobs/1", "/vendors/1", "/purchase-orders/1", "/bills/1", "/change-orders/1",
     "/attachments/1/content", "/jobs/1/budget", "/nothing"],
)  # fmt: skip
def test_what_is_not_there_is_not_found(buildertrend, path):
    answer = buildertrend.get(path)

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_a_purchase_order_looks_like_the_sheets_example(buildertrend):
    order = buildertrend.get(f"/purchase-orders/{ORDER}").json()

    assert order["poNumber"] == "0015"
    assert order["jobName"] == "24-017 Lot 17 Aspen Ridge"
    assert (order["cost"], order["amountRemaining"]) == ("25000.00", "25000.00")
    (line,) = order["lineItems"]
    assert line["costCodeTitle"] == "03-110 - Rough Carpentry"
    assert (line["quantity"], line["unitCost"], line["builderCost"]) == (
        "1",
        "25000.00",
        "25000.00",
    )
    assert line["costTypes"] == ["Subcontractor"]


def test_change_orders_budgets_and_attachments_are_read(buildertrend):
    (change,) = buildertrend.get("/change-orders", jobId=JOB).json()["data"]
    (planned,) = buildertrend.get(f"/jobs/{JOB}/budget").json()["data"]

    assert (change["coNumber"], change["approvalStatusText"]) == ("CO-0001", "Pending")
    assert (change["builderCost"], change["totalPrice"]) == ("900.00", "1100.00")
    assert (planned["original"], planned["revised"], planned["actual"]) == (
        "30000.00",
        "30900.00",
        "0.00",
    )
    assert buildertrend.get("/attachments/41/content").content == b"scan of RF-1"


# --- Limit ----------------------------------------------------------------------------------------


def test_the_sixty_first_call_of_a_minute_is_refused(buildertrend):
    buildertrend.sandbox.minute.limit = 60
    given = buildertrend.app().sign_in().access
    statuses = [buildertrend.ask("GET", "/cost-types", token=given).status_code for _ in range(60)]

    refused = buildertrend.ask("GET", "/cost-types", token=given)

    assert set(statuses) == {200}
    assert refused.status_code == 429
    assert error(refused)[0] == "rate_limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    buildertrend.sandbox.clock_offset += timedelta(seconds=int(refused.headers["Retry-After"]))
    assert buildertrend.ask("GET", "/cost-types", token=given).status_code == 200


# --- Writes ---------------------------------------------------------------------------------------


def todo(buildertrend, key, said=TODO):
    return buildertrend.ask("POST", "/todos", headers={"Idempotency-Key": key}, json=said)


def test_a_write_under_the_same_key_is_done_once_a_day(buildertrend):
    first, again = todo(buildertrend, "k-1"), todo(buildertrend, "k-1")
    buildertrend.sandbox.clock_offset += timedelta(hours=25)
    later = todo(buildertrend, "k-1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert later.json()["taskId"] != first.json()["taskId"]


def test_a_key_that_comes_with_another_request_is_a_conflict(buildertrend):
    todo(buildertrend, "k-1")

    answer = todo(buildertrend, "k-1", {**TODO, "title": "Other"})

    assert answer.status_code == 409
    assert error(answer)[0] == "conflict"


@pytest.mark.parametrize(
    ("said", "status", "fields"),
    [
        ({"title": "x"}, 422, ["jobId"]),
        ({"jobId": JOB, "title": ""}, 422, ["title"]),
        ({"jobId": 999, "title": "x"}, 422, ["jobId"]),
        ([], 400, []),
    ],
)
def test_a_to_do_needs_its_job_and_its_title(buildertrend, said, status, fields):
    answer = todo(buildertrend, "k-1", said)

    assert answer.status_code == status
    assert error(answer)[1] == fields


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"state": "eaten"}, "state"),
        ({"externalId": ""}, "externalId"),
        ({"amountPaid": 100}, "amountPaid"),
        ({"amountPaid": "100"}, "amountPaid"),
    ],
)
def test_an_accounting_link_is_checked(buildertrend, changes, field):
    answer = buildertrend.ask("PUT", f"/bills/{BILL}/accounting-link", json={**LINK, **changes})

    assert answer.status_code == 422
    assert error(answer)[1] == [field]


HOOK = {"url": "https://a.example/", "events": ["bill.updated"], "secret": "s" * 16}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "ftp://a.example/"}, "url"),
        ({"events": ["bill.eaten"]}, "events"),
        ({"events": "bill.updated"}, "events"),
        ({"secret": "short"}, "secret"),
    ],
)
def test_a_subscription_is_checked(buildertrend, changes, field):
    answer = buildertrend.ask("POST", "/webhook-subscriptions", json={**HOOK, **changes})

    assert answer.status_code == 422
    assert error(answer)[1] == [field]


def test_a_subscription_that_is_taken_off_is_told_nothing(buildertrend):
    number = buildertrend.ask("POST", "/webhook-subscriptions", json=HOOK).json()["subscriptionId"]

    assert buildertrend.ask("DELETE", f"/webhook-subscriptions/{number}").status_code == 204

    buildertrend.screen(f"bills/{BILL}", {"title": "Changed"})
    assert buildertrend.sandbox.hooks.send_due() == 0
    assert buildertrend.get("/webhook-subscriptions").json()["data"] == []


# --- Screens and books ----------------------------------------------------------------------------


def test_signing_a_change_order_approves_it(buildertrend):
    buildertrend.screen("change_orders/71/sign", {"by": "J. Doe"})

    change = buildertrend.get("/change-orders/71").json()
    assert (change["approvalStatusText"], change["signedBy"]) == ("Approved", "J. Doe")
    assert change["signedAt"]


def test_a_line_that_is_taken_off_changes_its_bill(buildertrend):
    buildertrend.delete("bill_lines", 12, of=BILL)

    assert buildertrend.get(f"/bills/{BILL}").json()["amount"] == "12000.33"


def test_books_survive_a_restart(tmp_path):
    seed, books = tmp_path / "seed", tmp_path / "books.sqlite"
    seed.mkdir()
    BuildertrendSandbox(seed=write_seed(seed), books=books)

    served = serve(BuildertrendSandbox(seed=seed, books=books))
    try:
        assert len(served.sandbox.store.all("vendors")) == 2
    finally:
        served.stop()


def test_a_seed_without_a_company_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"There is no company\.csv"):
        BuildertrendSandbox(seed=tmp_path)
