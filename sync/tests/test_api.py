"""Bills and pushes over HTTP."""

from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone

from common.choices import Side
from companies.tests.api import api_for, get, post
from connectors.models import Connection
from connectors.tests.factories import ConnectionFactory, RecordFactory
from mapping.tests.factories import MappingFactory
from sync import needing, readiness
from sync.models import Bill, BillLine, ProjectTeam, Push, Run


@pytest.fixture
def api(controller):
    return api_for(controller)


def mapped(company, record, **target):
    published = company.publications.first()
    how = {"publication": published} if published else {}
    return MappingFactory(
        company=company,
        source=record,
        target=RecordFactory(company=company, in_ledger=True, **target),
        published=True,
        **how,
    )


def make_bill(company, number="INV-001", *, ready=False, vendor=None, project=None, **fields):
    """A sound bill of one line over 1,200.50, of which 120.05 is not held back."""
    vendor = vendor or RecordFactory(company=company)
    project = project or RecordFactory(company=company, project=True)
    code = RecordFactory(company=company, cost_code=True)
    now = timezone.now()
    bill = Bill.objects.create(
        **{
            "company": company,
            "connection": vendor.connection,
            "kind": Bill.Kind.DIRECT_COST,
            "external_id": f"b{Bill.objects.count()}",
            "number": number,
            "plain_number": number.removeprefix("INV-").lstrip("0"),
            "vendor": vendor,
            "project": project,
            "bill_date": date(2026, 9, 2),
            "status": "approved",
            "is_approved": True,
            "currency": "USD",
            "total": Decimal("1200.50"),
            "content_sha256": "0" * 64,
            "payload": {"secret": "payload-canary"},
            "first_seen_at": now,
            "last_seen_at": now,
            **fields,
        }
    )
    BillLine.objects.create(
        company=company,
        bill=bill,
        position=1,
        external_id="l1",
        cost_code=code,
        amount=Decimal("1200.50"),
    )
    needing.write(company, [bill.pk])
    for kind, record in (("vendor", vendor), ("project", project), ("cost_code", code)):
        if ready and not record.mappings.exists():
            mapped(company, record, **TARGETS[kind])
    readiness.refresh(company, bills=[bill.pk])
    bill.refresh_from_db()
    return bill


TARGETS = {"vendor": {}, "project": {"customer": True}, "cost_code": {"account": True}}


def make_push(bill, state=Push.State.POSTED, **fields):
    if state == Push.State.POSTED:
        fields = {"external_id": f"{bill.pk}", "posted_at": timezone.now(), **fields}
    ledger = Connection.objects.filter(company=bill.company, side=Side.LEDGER).first()
    return Push.objects.create(
        **{
            "company": bill.company,
            "connection": ledger or ConnectionFactory(company=bill.company),
            "bill": bill,
            "version": bill.version,
            "state": state,
            "key": f"k{Push.objects.count()}",
            "asked_by": bill.company.memberships.first().user,
            "asked_at": timezone.now(),
            "payload": b'{"secret": "payload-canary"}',
            **fields,
        }
    )


# --- Reading --------------------------------------------------------------------------------------


def test_a_bills_amounts_are_text_to_the_cent(api, company):
    make_bill(company)

    (row,) = get(api, "bills/").json()["results"]

    assert row["total"] == "1200.50"


def test_a_bill_that_was_never_sent_says_so(api, company):
    make_bill(company)

    assert get(api, "bills/").json()["results"][0]["delivery"] == "not_sent"


def test_a_bill_shows_its_lines(api, company):
    bill = make_bill(company)

    (line,) = get(api, f"bills/{bill.pk}/").json()["lines"]

    assert (line["amount"], line["retainage"]) == ("1200.50", "0.00")
    assert line["cost_code"]["kind"] == "cost_code"
    assert line["cost_type"] is None


def test_a_bill_shows_its_pushes_with_what_became_of_them(api, company):
    bill = make_bill(company)
    make_push(
        bill, Push.State.FAILED, cause=Push.Cause.PERIOD_CLOSED, sentence="Reopen the period."
    )

    (push,) = get(api, f"bills/{bill.pk}/").json()["pushes"]

    assert (push["state"], push["cause"]) == ("failed", "period_closed")
    assert push["sentence"] == "Reopen the period."


def test_a_posted_push_names_the_bill_in_the_ledger(api, company):
    push = make_push(make_bill(company), external_id="145")

    assert get(api, f"pushes/{push.pk}/").json()["external_id"] == "145"


@pytest.mark.parametrize("path", ["bills/", "bills/{bill}/", "pushes/", "pushes/{push}/"])
def test_what_was_received_and_sent_never_comes_out_raw(api, company, path):
    push = make_push(make_bill(company))

    answer = get(api, path.format(bill=push.bill_id, push=push.pk))

    assert answer.status_code == 200
    assert b"payload-canary" not in answer.content


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"readiness": "ready"}, ["INV-001"]),
        ({"readiness": "unmapped"}, ["INV-002", "INV-003"]),
        ({"delivery": "not_sent"}, ["INV-001", "INV-003"]),
        ({"delivery": "posted"}, ["INV-002"]),
        ({"fault": "zero"}, ["INV-003"]),
        ({"fault": "any"}, ["INV-003"]),
        ({"fault": "none"}, ["INV-001", "INV-002"]),
        ({"number": "#1"}, []),
        ({"number": "invoice 0002"}, ["INV-002"]),
        ({"number": "inv-003"}, ["INV-003"]),
        ({"date_from": "2026-10-01"}, ["INV-002"]),
        ({"date_to": "2026-09-30"}, ["INV-001", "INV-003"]),
        ({"date_from": "2026-10-01", "date_to": "2026-10-01"}, ["INV-002"]),
    ],
)
def test_filters_narrow_the_list(api, company, query, numbers):
    make_bill(company, "INV-001", ready=True, plain_number="one")
    make_push(make_bill(company, "INV-002", bill_date=date(2026, 10, 1)))
    make_bill(company, "INV-003", fault="zero", external_id="b3")

    rows = get(api, "bills/", **query).json()["results"]

    assert sorted(row["number"] for row in rows) == numbers


@pytest.mark.parametrize("name", ["vendor", "project"])
def test_bills_are_found_by_their_vendor_and_their_project(api, company, name):
    make_bill(company)
    wanted = make_bill(company, external_id="b9")

    (row,) = get(api, "bills/", **{name: getattr(wanted, name).pk}).json()["results"]

    assert row["id"] == wanted.pk


def test_pushes_are_found_by_their_state(api, company):
    make_push(make_bill(company), Push.State.FAILED)
    posted = make_push(make_bill(company, external_id="b2"))

    (row,) = get(api, "pushes/", state="posted").json()["results"]

    assert row["id"] == posted.pk


# --- Readiness ------------------------------------------------------------------------------------


def test_a_hold_says_what_holds_and_what_lifts_it(api, company):
    bill = make_bill(company)

    said = get(api, f"bills/{bill.pk}/readiness/").json()

    assert (said["readiness"], said["may_leave"]) == ("unmapped", False)
    vendor = next(hold for hold in said["holds"] if hold["record"]["id"] == bill.vendor_id)
    assert (vendor["rule"], vendor["fix"], vendor["mapping"]) == ("mapping", "map", None)


def test_a_hold_of_a_line_names_the_mapping_and_the_lines(api, company):
    bill = make_bill(company)
    code = bill.lines.get().cost_code
    mapping = MappingFactory(company=company, source=code, accepted=True)

    holds = get(api, f"bills/{bill.pk}/readiness/").json()["holds"]

    hold = next(hold for hold in holds if hold["mapping"] == mapping.pk)
    assert (hold["fix"], hold["lines"]) == ("publish", [1])


def test_nothing_holds_a_ready_bill(api, company):
    bill = make_bill(company, ready=True)

    said = get(api, f"bills/{bill.pk}/readiness/").json()

    assert said == {"readiness": "ready", "may_leave": True, "holds": []}


def test_asking_what_holds_a_long_bill_costs_no_query_a_line(
    api, company, django_assert_max_num_queries
):
    bill = make_bill(company)
    for position in range(2, 202):
        code = RecordFactory(company=company, cost_code=True)
        BillLine.objects.create(
            company=company, bill=bill, position=position, external_id="l", cost_code=code, amount=1
        )
    needing.write(company, [bill.pk])
    get(api, "bills/")

    with django_assert_max_num_queries(12):
        holds = get(api, f"bills/{bill.pk}/readiness/").json()["holds"]

    assert len(holds) > 200


# --- Sending --------------------------------------------------------------------------------------


def test_sending_queues_the_bill_and_answers_with_its_push(api, company, controller):
    bill = make_bill(company, ready=True)

    answer = post(api, f"bills/{bill.pk}/send/")

    assert answer.status_code == 202
    assert (answer.json()["state"], answer.json()["bill"]) == ("queued", bill.pk)
    assert bill.pushes.get().asked_by == controller


def test_sending_a_held_bill_answers_with_every_reason(api, company):
    bill = make_bill(company)

    answer = post(api, f"bills/{bill.pk}/send/")

    assert answer.status_code == 422
    assert "is unmapped" in answer.json()["detail"]
    assert {hold["rule"] for hold in answer.json()["holds"]} == {"mapping", "ledger"}


def test_sending_twice_is_a_conflict_and_makes_one_push(api, company):
    bill = make_bill(company, ready=True)
    post(api, f"bills/{bill.pk}/send/")

    assert post(api, f"bills/{bill.pk}/send/").status_code == 409
    assert bill.pushes.count() == 1


def test_a_body_that_says_anything_more_is_refused(api, company):
    bill = make_bill(company, ready=True)

    assert post(api, f"bills/{bill.pk}/send/", {"force": True}).status_code == 422
    assert not bill.pushes.exists()


def test_sending_many_makes_one_run_with_a_push_each(api, company):
    bills = [make_bill(company, f"INV-00{n}", ready=True) for n in (1, 2)]

    answer = post(api, "bills/send/", {"ids": [bill.pk for bill in bills], "expected": 2})

    assert answer.status_code == 202
    assert {push["bill"] for push in answer.json()["pushes"]} == {bill.pk for bill in bills}
    assert Run.objects.get().pk == answer.json()["id"]


def test_sending_many_stops_when_another_number_can_go(api, company):
    ready, held = make_bill(company, "INV-001", ready=True), make_bill(company, "INV-002")

    answer = post(api, "bills/send/", {"ids": [ready.pk, held.pk], "expected": 2})

    assert answer.status_code == 409
    assert not Push.objects.exists()


@pytest.mark.parametrize("body", [{"ids": [1]}, {"ids": [], "expected": 0}, {"ids": "1"}, {}])
def test_sending_many_needs_ids_and_a_number(api, body):
    assert post(api, "bills/send/", body).status_code == 422


# --- Fences ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("member", ["accountant", "project_manager", "viewer"])
def test_sending_is_for_controllers_and_admins(request, company, member):
    bill = make_bill(company, ready=True)
    api = api_for(request.getfixturevalue(member))

    assert post(api, f"bills/{bill.pk}/send/").status_code == 403
    assert post(api, "bills/send/", {"ids": [bill.pk], "expected": 1}).status_code == 403
    assert not Push.objects.exists()


def test_a_project_manager_sees_the_bills_of_own_projects_only(project_manager, company):
    own, _other = make_bill(company, "INV-001"), make_bill(company, "INV-002")
    ProjectTeam.objects.create(
        company=company, project=own.project, membership=project_manager.memberships.get()
    )

    rows = get(api_for(project_manager), "bills/").json()["results"]

    assert [row["id"] for row in rows] == [own.pk]


@pytest.mark.parametrize("path", ["bills/{bill}/", "bills/{bill}/readiness/", "pushes/{push}/"])
def test_a_project_manager_finds_nothing_of_other_projects(project_manager, company, path):
    push = make_push(make_bill(company))

    answer = get(api_for(project_manager), path.format(bill=push.bill_id, push=push.pk))

    assert answer.status_code == 404


def test_another_companys_bill_answers_like_a_missing_one(outsider, company):
    bill = make_bill(company)
    api = api_for(outsider)

    theirs, missing = (get(api, f"bills/{pk}/") for pk in (bill.pk, bill.pk + 1000))

    assert theirs.status_code == missing.status_code == 404
    assert theirs.content == missing.content


def test_another_companys_bill_cannot_be_sent(outsider, company):
    bill = make_bill(company, ready=True)
    api = api_for(outsider)

    assert post(api, f"bills/{bill.pk}/send/").status_code == 404
    assert post(api, "bills/send/", {"ids": [bill.pk], "expected": 1}).status_code == 404
    assert not Push.objects.exists()


# --- Size -----------------------------------------------------------------------------------------


def test_a_list_of_200_bills_costs_no_query_a_row(api, company, django_assert_max_num_queries):
    vendor, project = RecordFactory(company=company), RecordFactory(company=company, project=True)
    for n in range(200):
        make_bill(company, f"INV-{n}", vendor=vendor, project=project)

    with django_assert_max_num_queries(6):
        rows = get(api, "bills/", page_size=200).json()["results"]

    assert len(rows) == 200


def test_a_bill_with_200_lines_costs_no_query_a_line(api, company, django_assert_max_num_queries):
    bill = make_bill(company)
    BillLine.objects.bulk_create(
        BillLine(
            company=company,
            bill=bill,
            position=n,
            external_id="l",
            cost_code=bill.lines.get().cost_code,
            amount=1,
        )
        for n in range(2, 202)
    )
    get(api, "bills/")

    with django_assert_max_num_queries(9):
        lines = get(api, f"bills/{bill.pk}/").json()["lines"]

    assert len(lines) == 201
