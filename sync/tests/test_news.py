"""What becomes of bills when a company decides otherwise, or when mappings change."""

import pytest
from django.urls import reverse

from common.choices import RecordKind
from companies import deciding
from companies.models import Company
from connectors import registry
from connectors.tests.factories import RecordFactory
from mapping import publishing
from mapping.lookup import Lookup
from mapping.tests.factories import MappingFactory
from sync import bringing, gate
from sync.models import Bill
from sync.tests.factories import BillFactory, PushFactory, RunFactory, judge_bills, map_record
from sync.waiting import WaitingBills

pytestmark = pytest.mark.django_db


@pytest.fixture
def decide(company, admin, client_for):
    """Change settings as an admin does, on their page, and let a worker judge bills by them."""
    client, url = client_for(admin), reverse("companies:settings", args=[company.slug])

    def save(**changes):
        form = client.get(url).context["form"]
        shown = {name: form[name].value() for name in form.fields}
        typed = {name: "" if value is None else value for name, value in shown.items()}
        answer = client.post(url, typed | changes)
        if answer.status_code == 200:  # it says what would happen, and is told again
            understood = answer.context["understood"]
            answer = client.post(url, typed | changes | {"understood": understood})
        assert answer.status_code == 302
        judge_bills(company)

    return save


def rules(bill):
    """The names of the rules that hold it, as a sender of now asks them."""
    company = Company.objects.select_related("settings").get(pk=bill.company_id)
    ledger = company.connections.get(side="ledger")
    return {
        hold.rule
        for hold in gate.holds(gate.Question(bill, Lookup(company), company.settings, ledger))
    }


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"granularity": "cost_type"}, Bill.Fault.NO_COST_TYPE),
        ({"currency": "CAD"}, Bill.Fault.CURRENCY),
    ],
)
def test_a_saved_setting_judges_bills_anew(company, decide, changes, fault):
    bill = BillFactory(company=company, ready=True)

    decide(**changes)

    bill.refresh_from_db()
    assert bill.fault == fault
    assert rules(bill) == {"document"}


def test_what_another_granularity_would_do_is_said_before_it_is_saved(company, admin, client_for):
    BillFactory(company=company, ready=True)
    url, client = reverse("companies:settings", args=[company.slug]), client_for(admin)
    form = client.get(url).context["form"]
    shown = {name: form[name].value() for name in form.fields}
    typed = {name: "" if value is None else value for name, value in shown.items()}

    page = client.post(url, typed | {"granularity": "pair"})

    assert "1 unsent bill will be judged anew. 1 of them is ready now." in page.text
    company.settings.refresh_from_db()
    assert company.settings.granularity == "cost_code"


def test_a_setting_put_back_lifts_what_it_held(company, decide):
    bill = BillFactory(company=company, ready=True)

    decide(currency="CAD")
    decide(currency="USD")

    bill.refresh_from_db()
    assert bill.fault == ""


def test_a_saved_setting_says_anew_which_mappings_bills_need(company, decide):
    code = RecordFactory(company=company, cost_code=True)
    map_record(code, "accepted")
    bill = BillFactory(company=company, cost_code=code, ready=True)
    assert bill.readiness == "needs_publishing"

    decide(granularity="cost_type")

    bill.refresh_from_db()
    assert bill.readiness == "ready"


@pytest.mark.parametrize(
    ("changes", "kind"),
    [({"posting_style": "items"}, "cost_code"), ({"project_target": "project"}, "project")],
)
def test_a_target_that_no_longer_fits_the_settings_holds_its_bills(company, decide, changes, kind):
    bill = BillFactory(company=company, ready=True)

    decide(**changes)

    bill.refresh_from_db()
    stale = company.mappings.exclude(stale="").get()
    assert (stale.kind, stale.stale) == (kind, "wrong_kind")
    assert bill.readiness == "needs_publishing"
    assert rules(bill) == {"mapping"}


def test_a_target_that_fits_again_lets_its_bills_go(company, decide):
    bill = BillFactory(company=company, ready=True)

    decide(posting_style="items")
    decide(posting_style="accounts")

    bill.refresh_from_db()
    assert bill.readiness == "ready"
    assert rules(bill) == set()


def test_the_gate_asks_for_the_kind_of_target_itself(company):
    bill = BillFactory(company=company, ready=True)

    # Unheard of by the mapping, which still counts as in force.
    company.settings.posting_style = "items"
    company.settings.save()

    assert rules(bill) == {"mapping"}


def test_what_nobody_decided_is_drafted_anew_for_the_new_kind_of_target(company, decide):
    draft = MappingFactory(
        company=company,
        draft=True,
        source=RecordFactory(company=company, cost_code=True),
        target=RecordFactory(company=company, account=True),
    )
    for connection in company.connections.all():
        RunFactory(company=company, connection=connection, done=True)

    decide(posting_style="items")

    waiting = company.suggestion_runs.get(state="waiting")
    assert waiting.kind == draft.kind


def test_nothing_is_drafted_before_both_sides_were_pulled(company, decide):
    BillFactory(company=company, drafted=True)

    decide(posting_style="items")

    assert not company.suggestion_runs.filter(state="waiting").exists()


def test_a_publication_let_go_what_its_preview_promised(company, controller):
    BillFactory(company=company, accepted=True)
    BillFactory(company=company, accepted=True, fault=Bill.Fault.NOT_APPROVED)
    PushFactory(bill=BillFactory(company=company, accepted=True), company=company, posted=True)
    promised = publishing.preview(company).lets_go

    said = publishing.publish(company, by=controller).publication

    assert promised.bills == 1
    assert (said.bills_unblocked, said.amount_unblocked) == (promised.bills, promised.amount)


def test_a_publication_keeps_which_bills_it_let_go(company, controller):
    bill = BillFactory(company=company, accepted=True)
    BillFactory(company=company, drafted=True)

    said = publishing.publish(company, by=controller).publication
    company.bills.filter(pk=bill.pk).update(readiness="unmapped")  # whatever becomes of it later

    listed = WaitingBills().let_go(said, 0, 10)
    assert [each.url for each in listed] == [bill.get_absolute_url()]


def test_the_bills_that_would_go_are_those_that_went(company, controller):
    BillFactory(company=company, accepted=True)
    ids = list(company.mappings.accepted().values_list("pk", flat=True))
    promised = [each.url for each in WaitingBills().going_with(company, ids, 0, 10)]

    said = publishing.publish(company, by=controller).publication

    assert promised == [each.url for each in WaitingBills().let_go(said, 0, 10)]


def test_sent_bills_say_which_version_of_a_mapping_they_used(company):
    bill = BillFactory(company=company, accepted=True)
    mapping, other = company.mappings.order_by("pk")[:2]
    PushFactory(
        bill=bill, company=company, posted=True, mapping_versions={str(mapping.pk): 3, "1": 1}
    )
    PushFactory(
        bill=BillFactory(company=company, accepted=True),
        company=company,
        posted=True,
        mapping_versions={str(other.pk): 8},
    )

    bills, count = WaitingBills().sent_with(company, [mapping.pk], 0, 10)

    assert count == 1
    assert [(each.url, each.versions) for each in bills] == [
        (bill.get_absolute_url(), {mapping.pk: 3})
    ]


@pytest.mark.parametrize(
    ("push", "held_again", "sent"),
    [
        ({}, 1, 0),  # queued: its claim asks the gate
        ({"sending": True}, 0, 1),
        ({"unknown": True}, 0, 1),
        ({"posted": True}, 0, 1),
        ({"failed": True}, 1, 0),
        ({"set_aside": True}, 0, 0),  # waits for a person whatever is published
    ],
)
def test_unpublishing_names_what_it_holds_again_and_what_it_comes_too_late_for(
    company, push, held_again, sent
):
    bill = BillFactory(company=company, ready=True)
    PushFactory(bill=bill, company=company, **push)
    mapping = company.mappings.get(source=bill.vendor)

    again, too_late = publishing.consequences(company, [mapping.pk])

    assert (again.bills, too_late.bills) == (held_again, sent)


def test_a_pull_under_way_judges_by_what_was_saved_meanwhile(world):
    world.pull()
    world.edit_source("direct_cost_lines", {"id": "83", "direct_cost_id": "72", "amount": "251.00"})
    assert world.source.company.settings.currency == "USD"  # as the pull began
    company = Company.objects.get(pk=world.company.pk)
    deciding.change(company, {"currency": "CAD"}, by=world.admin)

    project = world.record(RecordKind.PROJECT, "22")
    bringing.bills(world.source, project, registry.open_source(world.source).bills("22"))

    bill = world.bill("D-8")
    assert (str(bill.total), bill.fault) == ("251.00", Bill.Fault.CURRENCY)
