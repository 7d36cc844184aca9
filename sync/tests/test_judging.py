"""Bills judged anew after a setting was changed: as waiting work, and nothing is sent wrongly."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ

from common.choices import RecordKind
from companies import deciding
from companies.models import Company
from mapping.tests.factories import MappingFactory
from sync import judging, readiness, sending
from sync.gate import BillHeld
from sync.models import Bill, Judging, Push
from sync.sweeping import sweep
from sync.tests.factories import BillFactory, PushFactory, judge_bills

pytestmark = pytest.mark.django_db


@pytest.fixture
def change(company, admin):
    def save(**values):
        deciding.change(Company.objects.get(pk=company.pk), values, by=admin)
        return Judging.objects.select_related("company__settings").get(company=company)

    return save


@pytest.fixture
def one_at_a_time(monkeypatch):
    monkeypatch.setattr(judging, "BATCH", 1)  # a constant: each bill is a batch


def faults(company):
    return list(company.bills.order_by("pk").values_list("fault", flat=True))


def test_a_change_commits_at_once_and_leaves_its_work_to_a_worker(company, change):
    BillFactory(company=company, ready=True)

    row = change(currency="CAD")

    company.settings.refresh_from_db()
    assert company.settings.currency == "CAD"
    assert (row.to_judge, row.judged, row.finished_at) == (1, 0, None)
    assert faults(company) == [""]
    assert OrmQ.objects.count() == 1


def test_the_worker_judges_every_bill(company, change):
    BillFactory.create_batch(3, company=company, ready=True)

    row = change(currency="CAD")
    judging.judge(row)

    row.refresh_from_db()
    assert set(faults(company)) == {Bill.Fault.CURRENCY}
    assert (row.judged, row.due_at, row.finished_at is None) == (3, None, False)


@pytest.mark.usefixtures("one_at_a_time")
def test_it_goes_on_where_it_paused(company, change):
    BillFactory.create_batch(2, company=company, ready=True)
    row = change(currency="CAD")

    judging.judge(row, for_seconds=0)
    half_way = faults(company)
    judging.judge(row)

    assert half_way == [Bill.Fault.CURRENCY, ""]
    assert faults(company) == [Bill.Fault.CURRENCY] * 2


def test_what_one_worker_has_no_other_takes(company, change):
    BillFactory(company=company, ready=True)
    row = change(currency="CAD")
    Judging.objects.update(lease_until=timezone.now() + timedelta(minutes=1))

    judging.judge(row)

    assert faults(company) == [""]


def test_it_may_run_twice(company, change):
    BillFactory(company=company, ready=True)
    row = change(currency="CAD")

    judging.judge(row)
    judging.judge(row)

    row.refresh_from_db()
    assert (faults(company), row.judged) == ([Bill.Fault.CURRENCY], 1)


@pytest.mark.usefixtures("one_at_a_time")
def test_another_change_begins_anew_and_ends_what_is_under_way(company, change):
    BillFactory.create_batch(2, company=company, ready=True)
    overtaken = change(currency="CAD")
    judging.judge(overtaken, for_seconds=0)

    row = change(currency="USD")
    went_on = judging._judge_batch(overtaken, overtaken.fence)
    judging.judge(row)

    assert not went_on
    assert faults(company) == ["", ""]


def test_what_was_posted_is_not_judged_again(company, change):
    PushFactory(bill=BillFactory(company=company, ready=True), company=company, posted=True)

    row = change(currency="CAD")
    judging.judge(row)

    assert (row.to_judge, faults(company)) == (0, [""])


def test_what_only_waits_to_be_sent_is_judged_again(company, change):
    PushFactory(bill=BillFactory(company=company, ready=True), company=company)

    judging.judge(change(granularity="cost_type"))

    assert faults(company) == [Bill.Fault.NO_COST_TYPE]


def test_what_kills_its_workers_is_tried_again_later_and_says_so(company, change):
    BillFactory(company=company, ready=True)
    row = change(currency="CAD")
    Judging.objects.update(starts=judging.MOST_STARTS)

    judging.judge(row)

    assert "five times in a row" in judging.progress(company).notice
    assert not Judging.objects.due().exists()
    assert Judging.objects.get().due_at > timezone.now()


def test_a_lost_bell_rings_again(company, change):
    BillFactory(company=company, ready=True)
    change(currency="CAD")
    OrmQ.objects.all().delete()
    Judging.objects.update(rung_at=None)

    assert sweep()["judgings"] == 1


# --- Meanwhile ------------------------------------------------------------------------------------


def test_a_bill_that_only_its_old_needs_call_ready_is_not_sent(world):
    bill = world.ready_bill("D-8")
    deciding.change(world.company, {"granularity": "cost_type"}, by=world.admin)

    bill = world.bill("D-8")
    assert (bill.readiness, bill.fault) == ("ready", "")  # as the lists still say
    with pytest.raises(BillHeld):
        sending.send(bill, by=world.controller)


@pytest.mark.parametrize(
    "changes",
    [{"granularity": "cost_type"}, {"posting_style": "items"}, {"project_target": "customer"}],
)
def test_what_was_queued_before_a_change_is_held_though_its_needs_are_old(world, changes):
    push = world.send(world.ready_bill("D-8"))
    deciding.change(world.company, changes, by=world.admin)

    world.work(push)

    assert world.bill("D-8").readiness == "ready"  # as the lists still say
    assert (push.state, push.cause) == (Push.State.FAILED, Push.Cause.HELD)
    assert not world.books()


def test_several_that_only_old_needs_call_ready_are_held_one_by_one(world):
    bill = world.ready_bill("D-8")
    deciding.change(world.company, {"granularity": "cost_type"}, by=world.admin)

    run = sending.send_all(world.company, {bill.pk: bill.version}, by=world.controller)
    push = world.work(run.pushes.get())

    assert (push.state, push.cause) == (Push.State.FAILED, Push.Cause.HELD)
    assert not world.books()


def test_a_default_that_is_not_asked_any_more_sends_nothing_though_lists_go_by_it(world):
    world.pull()
    world.map_all(but=["09-250"])
    deciding.change(world.company, {"has_default": True}, by=world.admin)
    judge_bills(world.company)
    default = world.company.records.get(kind="default")
    MappingFactory(
        company=world.company,
        source=default,
        target=world.target(RecordKind.ACCOUNT, "302"),
        published=True,
    )
    readiness.refresh(world.company, records=[default.pk])

    deciding.change(world.company, {"has_default": False}, by=world.admin)

    assert world.bill("D-8").readiness == "ready"
    with pytest.raises(BillHeld):
        sending.send(world.bill("D-8"), by=world.controller)


# --- What people see ------------------------------------------------------------------------------


@pytest.mark.usefixtures("one_at_a_time")
@pytest.mark.parametrize("where", ["sync:bills", "companies:settings"])
def test_pages_say_how_far_it_is(company, change, admin, client_for, where):
    BillFactory.create_batch(2, company=company, ready=True)
    judging.judge(change(currency="CAD"), for_seconds=0)

    text = client_for(admin).get(reverse(where, args=[company.slug])).text

    assert "Bills are being judged anew" in text
    assert "1 of 2" in text


@pytest.mark.parametrize("where", ["sync:bills", "companies:settings"])
def test_pages_say_nothing_once_it_is_through(company, change, admin, client_for, where):
    BillFactory(company=company, ready=True)
    judging.judge(change(currency="CAD"))

    assert "judged anew" not in client_for(admin).get(reverse(where, args=[company.slug])).text


def test_the_progress_ends_with_a_way_to_the_bills(company, change, admin, client_for):
    BillFactory(company=company, ready=True)
    url = reverse("sync:judging", args=[company.slug])
    row, client = change(currency="CAD"), client_for(admin)

    meanwhile = client.get(url, headers={"HX-Request": "true"}).text
    judging.judge(row)
    after = client.get(url, headers={"HX-Request": "true"}).text

    assert url in meanwhile
    assert url not in after
    assert reverse("sync:bills", args=[company.slug]) in after


def test_who_sees_own_projects_only_is_not_told_how_many_bills_there_are(
    company, change, project_manager, client_for
):
    BillFactory.create_batch(3, company=company, ready=True)
    change(currency="CAD")

    text = client_for(project_manager).get(reverse("sync:bills", args=[company.slug])).text

    assert "Bills are being judged anew" in text
    assert "of 3" not in text
