"""The console of the sandbox, over HTTP."""

from datetime import UTC, datetime

import pytest
import requests

from connectors.quickbooks_desktop.sandbox import QuickBooksDesktopSandbox
from connectors.quickbooks_desktop.sandbox_seed import txn_id
from connectors.quickbooks_desktop.tests.sandbox_world import (
    RIDGELINE,
    SEED,
    SOUND,
    Service,
    bill,
    connector_file,
    expense,
    message_set,
)
from connectors.sandboxing import serve

BILL = txn_id("900")


@pytest.fixture
def console():
    served = serve(QuickBooksDesktopSandbox(seed=SEED, pause_seconds=0.0))

    def ask(method, path, **said):
        answer = requests.request(method, f"{served.url}/_sandbox/{path}", json=said, timeout=10)
        ask.status = answer.status_code
        return answer.json()

    ask.served = served
    yield ask
    served.stop()


@pytest.fixture
def service():
    served = Service(sendRequestXML=[message_set(bill(expense()))])
    yield served
    served.stop()


def test_an_application_is_added_and_run_and_its_runs_are_told(console, service):
    console("POST", "applications", qwc=connector_file(service.url), password="s3cret")
    run = console("POST", "run")

    assert (run["outcome"], run["requests_run"]) == ("finished", 1)
    assert console("GET", "runs") == [run]
    assert len(console("GET", "bills")) == 3
    assert "s3cret" not in str(console("GET", "state"))


def test_a_file_that_is_refused_is_refused_with_its_sentence(console):
    said = console("POST", "applications", qwc="<QBWC/>", password="s3cret")

    assert (console.status, "QBWCXML" in said["error"]) == (400, True)


def test_nothing_is_run_before_an_application_is_added(console):
    console("POST", "run")

    assert console.status == 404


def test_a_service_may_ask_the_console_while_it_is_called(console):
    """Nothing of the sandbox is held while it calls: a service that looks at it is answered."""

    class Curious(Service):
        def __call__(self, environ, start_response):
            requests.get(f"{console.served.url}/_sandbox/bills", timeout=5).raise_for_status()
            return super().__call__(environ, start_response)

    curious = Curious(authenticate=[["t", "none"]])
    try:
        console("POST", "applications", qwc=connector_file(curious.url), password="s3cret")
        run = console("POST", "run")
    finally:
        curious.stop()

    assert run["outcome"] == "nothing to do"


def test_troubles_are_ordered_and_cleared(console, service):
    console("POST", "applications", qwc=connector_file(service.url), password="s3cret")
    console("POST", "troubles", kind="lose_answer", times=2)
    first = console("POST", "run")["outcome"]
    console("DELETE", "troubles")

    assert first == "the machine stopped before the answer was delivered"
    assert console("POST", "run")["outcome"] == "finished"


def test_the_machine_is_switched_off_and_quickbooks_closed(console, service):
    console("POST", "applications", qwc=connector_file(service.url), password="s3cret")
    console("POST", "machine", is_on=False)
    off = console("POST", "run")["outcome"]
    console("POST", "machine", is_on=True, open="")

    assert off == "the machine is off"
    assert console("POST", "run")["outcome"] == "QuickBooks could not be opened"


def test_bills_are_told_with_what_is_open_of_them(console):
    first = console("GET", "bills")[0]

    assert first == {
        "id": BILL,
        "vendor_id": RIDGELINE,
        "vendor": "Ridgeline Concrete LLC",
        "number": "RC-1",
        "date": "2026-01-15",
        "total": "1200.50",
        "balance": "1200.50",
        "memo": "entered by hand",
        "guid": "",
    }


def test_a_bill_is_paid_in_part_then_all_that_is_open_and_voided(console):
    console("POST", "pay", bills={BILL: "200.50"}, number="1042", date="2026-03-01")
    second = console("POST", "pay", bills={BILL: None}, discounts={BILL: "10.00"}, how="card")
    paid = console("GET", "bills")[0]["balance"]
    console("POST", f"billpaymentcreditcard/{second['id']}/void")

    checks = console("GET", "payments")
    assert (paid, second["total"]) == ("0.00", "990.00")
    assert console("GET", "bills")[0]["balance"] == "1000.00"
    assert [(each["how"], each["total"]) for each in checks] == [
        ("BillPaymentCheck", "200.50"),
        ("BillPaymentCreditCard", "0.00"),
    ]


def test_a_payment_that_is_refused_changes_nothing(console):
    said = console("POST", "pay", bills={BILL: "9999.00"})

    assert (console.status, said["error"][:4]) == (400, "3110")
    assert console("GET", "payments") == []


def test_rows_are_changed_by_hand(console):
    console("POST", f"vendor/{SOUND}/rename", name="Sound Steel & Iron")
    console("POST", f"vendor/{SOUND}/merge", into=RIDGELINE)

    assert {each["vendor"] for each in console("GET", "bills")} == {"Ridgeline Concrete LLC"}


@pytest.mark.parametrize(
    ("path", "status"),
    [(f"vendor/{SOUND}/burn", 404), ("vendor/8FFFFFF-1/inactivate", 400), ("moon/1/void", 404),
     (f"vendor/{RIDGELINE}/delete", 400)],
)  # fmt: skip
def test_what_nobody_can_do_is_said(console, path, status):
    assert "error" in console("POST", path)
    assert console.status == status


def test_books_are_closed_and_what_is_no_setting_is_refused(console):
    console("POST", "company", closing_date="2026-12-31")
    said = console("POST", f"bill/{BILL}/void")["error"]
    console("POST", "company", stamps={})

    assert said.startswith("3171")
    assert console.status == 400


def test_another_user_opens_a_row(console):
    console("POST", "lock", id=BILL, times=1)

    assert console("POST", f"bill/{BILL}/void")["error"].startswith("3175")
    assert console("POST", f"bill/{BILL}/void") == {"id": BILL}


def test_the_clock_is_moved(console):
    said = console("POST", "clock", seconds=86_400)["now"]

    assert (datetime.fromisoformat(said) - datetime.now(UTC)).total_seconds() > 86_000


def test_it_calls_by_itself_when_it_is_told_how_often():
    service = Service(authenticate=[["t", "none"]])
    sandbox = QuickBooksDesktopSandbox(seed=SEED, calls_every=0.02)
    try:
        sandbox.connector.install(connector_file(service.url), "s3cret")
        for _ in range(500):
            if service.operations.count("closeConnection") >= 2:
                break
            sandbox._stopped.wait(0.02)
    finally:
        sandbox.hang_up()
        service.stop()

    assert service.operations.count("closeConnection") >= 2


# --- The page -------------------------------------------------------------------------------------


def test_a_person_adds_a_connector_file_and_updates_it_now(console, service):
    url = console.served.url
    file = {"qwc": ("tieout.qwc", connector_file(service.url))}

    added = requests.post(f"{url}/applications", data={"password": "s3cret"}, files=file, timeout=5)
    run = requests.post(f"{url}/run", data={"application": "Tieout"}, timeout=5)

    assert "Update Tieout now" in added.text
    assert "finished" in run.text
    assert "s3cret" not in run.text


def test_a_file_that_is_refused_says_why_on_the_page(console):
    file = {"qwc": ("tieout.qwc", "<QBWC/>")}

    page = requests.post(
        f"{console.served.url}/applications", data={"password": "x"}, files=file, timeout=5
    )

    assert page.status_code == 400
    assert 'role="alert">The file begins with QBWC' in page.text


def test_names_are_shown_as_they_are_and_run_nothing(console):
    console("POST", f"vendor/{SOUND}/rename", name="<script>alert(1)</script>")

    page = requests.get(console.served.url, timeout=5)

    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_nobody_runs_what_was_not_added(console):
    assert requests.post(f"{console.served.url}/run", timeout=5).status_code == 404
