import json
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from common.choices import RecordKind
from connectors.errors import (
    AccessDenied,
    NotSent,
    RateLimited,
    Refused,
    UnexpectedPayload,
    Unreachable,
)
from connectors.procore.sandbox import REAL_PACE, ProcoreSandbox
from connectors.procore.tests import example_s
from connectors.procore.tests.conftest import COMPANY, JOB, MASON, Procore, write_seed
from connectors.records import PulledBill, PulledCommitment, Unreadable
from connectors.sandboxing import serve

VENDORS = "/rest/v1.0/vendors"
REQUISITIONS = "/rest/v1.1/requisitions"
TRICKY_NAMES = [
    'Brick "Red" & Sons: North',
    "O'Neill <Stone>",
    "Łódź Mörtel – 石工 🧱",
    "N" * 200,
    "Percent % Hash # Plus + Semi;",
]


def records(client, kind):
    return list(client.records(kind))


def names(found):
    return [record.name for record in found]


def direct_cost(**changes):
    return {
        "id": 801,
        "project_id": JOB,
        "vendor_id": MASON,
        "type": "invoice",
        "status": "approved",
        "date": "2026-03-12",
        "invoice_number": "77-A",
        "description": "Pump",
        "terms": "Net 30",
    } | changes


def direct_cost_line(line_id, amount, **changes):
    return {
        "id": line_id,
        "direct_cost_id": 801,
        "position": line_id,
        "code": "05-120",
        "cost_type_id": 62,
        "description": "Rental",
        "amount": amount,
    } | changes


# --- Company lists --------------------------------------------------------------------------------


def test_the_company_is_the_one_we_are_connected_to(client):
    company = client.company()

    assert (company.external_id, company.name) == (str(COMPANY), "Larkspur Builders")


def test_companies_can_be_listed_before_one_is_chosen(procore):
    found = procore.client(company_id="").companies()

    assert [company.external_id for company in found] == [str(COMPANY)]


def test_every_page_of_a_list_is_read(procore, client):
    procore.write("vendors", *({"id": number, "name": f"V{number}"} for number in range(1, 250)))

    assert len(records(client, RecordKind.VENDOR)) == 250


def test_each_call_names_the_company(procore, client):
    records(client, RecordKind.COST_TYPE)

    assert f"company_id={COMPANY}" in procore.calls[-1].path


@pytest.mark.parametrize("name", TRICKY_NAMES)
def test_a_vendor_keeps_its_name_letter_by_letter(procore, client, name):
    procore.write("vendors", {"id": MASON, "name": name})

    assert names(records(client, RecordKind.VENDOR)) == [name]


def test_a_vendor_brings_what_helps_to_recognize_it(procore, client):
    procore.write(
        "vendors",
        {
            "id": MASON,
            "trade_name": "Otter",
            "legal_name": "Otter Masonry",
            "tax_id": "12-3456789",
            "city": "Salem",
            "state": "OR",
            "zip": "97301",
        },
    )

    (vendor,) = records(client, RecordKind.VENDOR)

    assert (vendor.code, vendor.other_names, vendor.tax_id) == ("V-9", ("Otter",), "12-3456789")
    assert (vendor.city, vendor.state, vendor.postcode) == ("Salem", "OR", "97301")


def test_inactive_vendors_are_included(procore, client):
    procore.write("vendors", {"id": 502, "name": "Retired Roofing", "active": False})

    found = {vendor.name: vendor.is_active for vendor in records(client, RecordKind.VENDOR)}

    assert found == {"Otter Masonry": True, "Retired Roofing": False}


def test_inactive_projects_are_included(procore, client):
    procore.write("projects", {"id": JOB, "active": False})

    (project,) = records(client, RecordKind.PROJECT)

    assert (project.code, project.is_active) == ("26-01", False)


def test_a_cost_code_is_known_by_its_joined_code(client):
    found = {code.external_id: code for code in records(client, RecordKind.COST_CODE)}

    brick = found["04-210"]
    assert (brick.code, brick.name, brick.path) == ("04-210", "Brick", "Masonry:Brick")
    assert brick.parent_external_id == "04"


def test_a_cost_code_comes_once_although_projects_copy_it(client):
    found = [code.external_id for code in records(client, RecordKind.COST_CODE)]

    assert found == ["04", "04-210", "04-220", "05-120"]


def test_a_code_that_only_one_project_has_comes_too(procore, client):
    procore.write(
        "project_cost_codes",
        {"project_id": JOB, "code": "04-999", "parent_code": "04", "name": "Mural"},
    )

    assert "Mural" in names(records(client, RecordKind.COST_CODE))


def test_codes_of_inactive_projects_are_not_asked_for(procore, client):
    procore.write("project_cost_codes", {"project_id": JOB, "code": "99", "name": "Old"})
    procore.write("projects", {"id": JOB, "active": False})

    assert "Old" not in names(records(client, RecordKind.COST_CODE))


def test_a_closed_project_leaves_a_mark_among_the_cost_codes(procore, client):
    procore.close_project(JOB)

    found = records(client, RecordKind.COST_CODE)

    (mark,) = (row for row in found if isinstance(row, Unreadable))
    assert mark.sentence.startswith("The cost codes of Willow Library cannot be read.")
    assert len(found) == 5


def test_a_cost_type_may_have_no_base_type(client):
    found = {cost_type.code: cost_type for cost_type in records(client, RecordKind.COST_TYPE)}

    assert (found["S"].external_id, found["S"].type, found["O"].type) == ("61", "commitment", "")


def test_a_row_that_cannot_be_read_lets_the_others_come(procore, client):
    rows = [{"id": 1, "name": None}, {"id": 2, "name": "Fine"}]
    procore.answer(VENDORS, json.dumps(rows))

    broken, fine = records(client, RecordKind.VENDOR)

    assert (broken.payload, fine.name) == (rows[0], "Fine")
    assert "vendor 1" in broken.sentence
    assert (broken.kind, broken.external_id) == (RecordKind.VENDOR, "1")


@pytest.mark.parametrize("row", [{"name": "No id"}, {"id": "", "name": "Blank id"}])
def test_a_row_without_an_id_is_unreadable(procore, client, row):
    procore.answer(VENDORS, json.dumps([row]))

    (found,) = records(client, RecordKind.VENDOR)

    assert found.payload == row


@pytest.mark.parametrize("body", ['{"data": []}', '"vendors"', "[1, 2]"])
def test_an_answer_that_is_no_list_is_an_error(procore, client, body):
    procore.answer(VENDORS, body)

    with pytest.raises(UnexpectedPayload, match="not a list"):
        records(client, RecordKind.VENDOR)


# --- Commitments ----------------------------------------------------------------------------------


def test_a_subcontract_comes_with_its_schedule_of_values(procore, client):
    example_s.write(procore, applications=0)

    (found,) = client.commitments(str(JOB))

    assert (found.kind, found.number, found.vendor_id, found.is_approved) == (
        PulledCommitment.Kind.SUBCONTRACT,
        "SC-1",
        str(MASON),
        True,
    )
    assert found.original_amount == Decimal("195400.00")
    assert [line.cost_code_id for line in found.lines] == ["04-220", "04-210", "05-120", "04-220"]


def test_a_purchase_order_is_a_commitment_too(procore, client):
    procore.write("commitments", example_s.commitment() | {"type": "purchase_order"})

    (found,) = client.commitments(str(JOB))

    assert found.kind is PulledCommitment.Kind.PURCHASE_ORDER


def test_a_draft_commitment_may_have_no_vendor(procore, client):
    procore.write("commitments", example_s.commitment() | {"vendor_id": "", "status": "Draft"})

    (found,) = client.commitments(str(JOB))

    assert (found.vendor_id, found.is_approved) == ("", False)


# --- Direct costs ---------------------------------------------------------------------------------


def test_a_direct_cost_is_a_bill_without_retainage(procore, client):
    procore.write("direct_costs", direct_cost())
    procore.write("direct_cost_lines", direct_cost_line(1, "842.50"))

    (bill,) = client.bills(str(JOB))

    assert (bill.kind, bill.number, bill.total, bill.is_approved) == (
        PulledBill.Kind.DIRECT_COST,
        "77-A",
        Decimal("842.50"),
        True,
    )
    (line,) = bill.lines
    assert (line.amount, line.retainage) == (Decimal("842.50"), Decimal("0.00"))
    assert (line.cost_code_id, line.cost_type_id) == ("05-120", "62")


@pytest.mark.parametrize(
    ("kind", "not_ours"),
    [
        ("invoice", None),
        ("expense", None),
        ("subcontractor_invoice", PulledBill.NotOurs.COMES_TWICE),
        ("payroll", PulledBill.NotOurs.NO_BILL),
        ("", PulledBill.NotOurs.NO_BILL),
    ],
)
def test_only_invoices_and_expenses_are_owed_to_a_vendor(procore, client, kind, not_ours):
    procore.write("direct_costs", direct_cost(type=kind))
    procore.write("direct_cost_lines", direct_cost_line(1, "842.50"))

    (bill,) = client.bills(str(JOB))

    assert bill.not_ours == not_ours


@pytest.mark.parametrize(
    ("terms", "due"),
    [
        ("Net 30", date(2026, 4, 11)),
        ("NET30 days", date(2026, 4, 11)),
        ("2% 10, net 30", date(2026, 4, 11)),
        ("Due on receipt", date(2026, 3, 12)),
        ("Net 30 EOM", None),
        ("see contract", None),
        ("", None),
    ],
)
def test_a_direct_cost_is_due_by_its_terms(procore, client, terms, due):
    procore.write("direct_costs", direct_cost(terms=terms))
    procore.write("direct_cost_lines", direct_cost_line(1, "842.50"))

    (bill,) = client.bills(str(JOB))

    assert bill.due_date == due


def test_a_direct_cost_that_another_integration_exported_is_not_ours(procore, client):
    procore.write("direct_costs", direct_cost(origin_id="AP-55120"))
    procore.write("direct_cost_lines", direct_cost_line(1, "842.50"))

    (bill,) = client.bills(str(JOB))

    assert bill.not_ours == PulledBill.NotOurs.SENT_BY_ANOTHER


def test_a_direct_cost_that_does_not_add_up_keeps_the_total_of_the_source(procore, client):
    procore.write("direct_costs", direct_cost(amount="900.00"))
    procore.write("direct_cost_lines", direct_cost_line(1, "842.50"))

    (bill,) = client.bills(str(JOB))

    assert (bill.total, bill.lines[0].amount) == (Decimal("900.00"), Decimal("842.50"))


def test_a_credit_is_a_negative_direct_cost(procore, client):
    procore.write("direct_costs", direct_cost())
    procore.write("direct_cost_lines", direct_cost_line(1, "-120.25"))

    (bill,) = client.bills(str(JOB))

    assert bill.total == Decimal("-120.25")


def test_a_direct_cost_without_lines_is_a_zero_bill(procore, client):
    procore.write("direct_costs", direct_cost())

    (bill,) = client.bills(str(JOB))

    assert (bill.total, bill.lines) == (Decimal("0.00"), ())


def test_a_direct_cost_line_may_name_no_cost_code(procore, client):
    procore.write("direct_costs", direct_cost())
    procore.write("direct_cost_lines", direct_cost_line(1, "5.00", code="", cost_type_id=""))

    (bill,) = client.bills(str(JOB))

    assert (bill.lines[0].cost_code_id, bill.lines[0].cost_type_id) == ("", "")


@pytest.mark.parametrize("status", ["draft", "pending", "revise_and_resubmit"])
def test_only_an_approved_direct_cost_may_be_paid(procore, client, status):
    procore.write("direct_costs", direct_cost(status=status))

    (bill,) = client.bills(str(JOB))

    assert (bill.status, bill.is_approved) == (status, False)


def test_the_lines_of_each_direct_cost_come_to_it_in_their_order(procore, client):
    procore.write("direct_costs", direct_cost(), direct_cost(id=3002, invoice_number="78-B"))
    procore.write(
        "direct_cost_lines",
        direct_cost_line(2, "2.00"),
        direct_cost_line(1, "1.00"),
        direct_cost_line(3, "3.00", direct_cost_id=3002),
    )

    first, second = client.bills(str(JOB))

    assert [line.amount for line in first.lines] == [Decimal("1.00"), Decimal("2.00")]
    assert [line.amount for line in second.lines] == [Decimal("3.00")]


def test_a_large_project_is_read_within_the_time_of_a_task_at_the_real_pace(tmp_path, monkeypatch):
    """300 direct costs and 100 commitments; a task has 90 seconds."""
    served = serve(ProcoreSandbox(seed=write_seed(tmp_path), **REAL_PACE))
    procore = Procore(served.sandbox, served.url)
    procore.write("direct_costs", *(direct_cost(id=5000 + n) for n in range(300)))
    procore.write(
        "direct_cost_lines",
        *(direct_cost_line(6000 + n, "5.00", direct_cost_id=5000 + n) for n in range(300)),
    )
    procore.write("commitments", *(example_s.commitment() | {"id": 700 + n} for n in range(100)))
    # Nobody waits here: a pause moves the sandbox's clock, and the client reads the time there.
    now = procore.sandbox.now
    monkeypatch.setattr(time, "time", lambda: now().timestamp())  # the clock, none of our code
    client = procore.client(sleep=lambda seconds: move_clock(procore, seconds))

    waited = []
    for read in (client.bills, client.commitments):
        begun = procore.sandbox.clock_offset
        waited.append((len(list(read(str(JOB)))), procore.sandbox.clock_offset - begun))
    served.stop()

    assert [count for count, _ in waited] == [300, 100]
    assert all(taken < timedelta(seconds=60) for _, taken in waited)


def move_clock(procore, seconds):
    procore.sandbox.clock_offset += timedelta(seconds=seconds)


# --- When Procore says no, or nothing -------------------------------------------------------------


def test_a_closed_project_is_denied(procore, client):
    procore.close_project(JOB)

    with pytest.raises(AccessDenied, match="do not have access"):
        list(client.bills(str(JOB)))


def test_other_projects_work_while_one_is_closed(procore, client):
    procore.write("projects", {"id": 302, "name": "Open"})
    procore.close_project(JOB)

    assert list(client.bills("302")) == []


def test_a_tool_that_is_off_leaves_a_mark_and_the_other_bills_come(procore, client):
    example_s.write(procore, applications=1)
    procore.close_tool(JOB, "direct_costs")

    invoice, mark = client.bills(str(JOB))

    assert invoice.external_id == "2001"
    assert mark.sentence.startswith("The direct costs of this project cannot be read.")
    assert (mark.kind, mark.external_id) == (PulledBill.Kind.DIRECT_COST, "")


def test_a_commitment_whose_lines_are_hidden_lets_the_others_come(procore, client):
    for number in (1, 2):
        procore.write("commitments", example_s.commitment() | {"id": number, "number": number})
    procore.answer("/rest/v1.0/work_order_contracts/1/line_items", "{}", status=403)

    mark, found = client.commitments(str(JOB))

    assert (mark.kind, mark.external_id) == (PulledCommitment.Kind.SUBCONTRACT, "1")
    assert mark.sentence.startswith("Procore's subcontract 1 cannot be read.")
    assert found.external_id == "2"


def test_a_project_we_cannot_see_is_denied(client):
    with pytest.raises(AccessDenied):
        list(client.commitments("999"))


def test_an_application_whose_predecessor_is_hidden_is_unreadable(procore, client):
    example_s.write(procore, applications=2)
    rows = procore.get(REQUISITIONS, project_id=JOB, view="extended").json()
    procore.answer(REQUISITIONS, json.dumps(rows[1:]))

    (found,) = client.bills(str(JOB))

    assert "follows invoice 2001" in found.sentence


def test_a_page_that_fails_half_way_raises(procore, client):
    procore.write("vendors", *({"id": number, "name": f"V{number}"} for number in range(1, 250)))
    procore.misbehave("answer", path=VENDORS, skip=1, times=9, status=500)

    with pytest.raises(Unreachable):
        records(client, RecordKind.VENDOR)


def test_a_list_that_ends_early_raises(procore, client):
    procore.answer(VENDORS, '[{"id": 1, "name": "Only"}]', headers={"Total": "2"})

    with pytest.raises(Unreachable, match="promised 2 rows and sent 1"):
        records(client, RecordKind.VENDOR)


def test_a_row_that_slips_between_two_pages_is_noticed(procore, client):
    """One that leaves the first page pulls another over from the second, where we never see it."""
    procore.write("vendors", *({"id": number, "name": f"V{number}"} for number in range(1, 250)))
    found = client.records(RecordKind.VENDOR)
    next(found)
    procore.write("vendors", {"id": 3, "active": "false"})

    with pytest.raises(Unreachable, match="changed while we read it"):
        list(found)


def test_a_row_that_comes_twice_does_not_stand_in_for_one_that_is_missing(procore, client):
    again = {"id": 1, "name": "Twice"}
    procore.answer(VENDORS, json.dumps([again, again]), headers={"Total": "2"})

    with pytest.raises(Unreachable, match="promised 2 rows and sent 1"):
        records(client, RecordKind.VENDOR)


def test_a_row_that_shifted_to_the_next_page_comes_once(procore, client):
    again = {"id": 1, "name": "Once"}
    procore.answer(VENDORS, json.dumps([again, again]))

    assert names(records(client, RecordKind.VENDOR)) == ["Once"]


def test_a_next_page_elsewhere_is_not_followed(procore, client):
    elsewhere = f"{procore.url}.example/rest/v1.0/vendors?page=2"
    procore.answer(VENDORS, "[]", headers={"Link": f'<{elsewhere}>; rel="next"'})

    with pytest.raises(Unreachable, match="another server"):
        records(client, RecordKind.VENDOR)


def test_a_short_wait_is_waited_out(procore, client):
    procore.misbehave("answer", path=VENDORS, status=429, headers={"Retry-After": "2"})

    assert names(records(client, RecordKind.VENDOR)) == ["Otter Masonry"]
    assert procore.pauses == [2.0]


def test_a_long_wait_is_left_to_the_caller(procore, client):
    procore.misbehave("answer", path=VENDORS, status=429, headers={"Retry-After": "90"})

    with pytest.raises(RateLimited) as raised:
        records(client, RecordKind.VENDOR)

    assert raised.value.wait == timedelta(seconds=90)


def test_without_retry_after_the_wait_ends_when_the_limit_resets(procore, client):
    reset = int(datetime.now(UTC).timestamp()) + 40
    procore.misbehave(
        "answer", path=VENDORS, status=429, headers={"X-Rate-Limit-Reset": str(reset)}, body="Slow"
    )

    with pytest.raises(RateLimited) as raised:
        records(client, RecordKind.VENDOR)

    assert timedelta(seconds=30) < raised.value.wait <= timedelta(seconds=40)


def test_a_pull_waits_for_the_spike_window_to_open(procore):
    procore.write("vendors", *({"id": number, "name": f"V{number}"} for number in range(1, 250)))
    procore.sandbox.limits.spike.limit = 2

    def sleep(seconds):
        procore.pauses.append(seconds)
        procore.sandbox.clock_offset += timedelta(seconds=seconds)

    found = records(procore.client(sleep=sleep), RecordKind.VENDOR)

    assert len(found) == 250
    # Three pages at two a window: a second pause where the window turned between two of them.
    assert 1 <= len(procore.pauses) <= 2
    assert {call.status for call in procore.calls} == {200}


def test_a_window_that_others_used_up_is_waited_for(procore, client):
    procore.misbehave("answer", path=VENDORS, status=429, headers={"Retry-After": "9"})

    assert names(records(client, RecordKind.VENDOR)) == ["Otter Masonry"]
    assert procore.pauses == [pytest.approx(9, abs=1)]


def test_the_hourly_limit_is_left_to_the_caller(procore, client):
    procore.sandbox.limits.hourly.limit = 1

    with pytest.raises(RateLimited) as raised:
        records(client, RecordKind.VENDOR)

    assert raised.value.wait > timedelta(minutes=50)


def test_without_any_hint_the_wait_is_a_minute(procore, client):
    procore.misbehave("answer", path=VENDORS, status=429)

    with pytest.raises(RateLimited) as raised:
        records(client, RecordKind.VENDOR)

    assert raised.value.wait == timedelta(seconds=60)


def test_a_moment_of_trouble_is_tried_again(procore, client):
    procore.misbehave("answer", path=VENDORS, status=503, body="<html>Busy</html>")

    assert names(records(client, RecordKind.VENDOR)) == ["Otter Masonry"]


def test_a_refusal_that_is_no_json_keeps_its_words(procore, client):
    procore.misbehave("answer", path=VENDORS, status=400, body="Missing something!")

    with pytest.raises(Refused, match="Missing something!"):
        records(client, RecordKind.VENDOR)


def test_an_answer_that_is_no_json_is_no_answer(procore, client):
    procore.answer(VENDORS, "<html>Welcome</html>")

    with pytest.raises(Unreachable, match="cannot be read"):
        records(client, RecordKind.VENDOR)


@pytest.mark.parametrize("kind", ["truncate", "drop_before", "drop_after"])
def test_a_broken_connection_is_no_answer(procore, client, kind):
    procore.misbehave(kind, path=VENDORS, times=9)

    with pytest.raises(Unreachable):
        records(client, RecordKind.VENDOR)


def test_a_dropped_connection_is_tried_again(procore, client):
    procore.misbehave("drop_before", path=VENDORS)

    assert names(records(client, RecordKind.VENDOR)) == ["Otter Masonry"]


def test_a_server_that_is_not_there_was_not_asked(procore, client):
    records(client, RecordKind.COST_TYPE)
    client.http.base_url = "http://127.0.0.1:9"

    with pytest.raises(NotSent):
        client.company()


def test_no_secret_reaches_the_log_of_calls(procore, client):
    procore.write("vendors", {"id": MASON, "tax_id": "12-3456789"})

    records(client, RecordKind.VENDOR)

    assert "12-3456789" not in repr(procore.calls)
