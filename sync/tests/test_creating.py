"""Creating a record in the ledger: asked for by a person, sent once, looked up when in doubt."""

from dataclasses import replace
from datetime import timedelta

import pytest
import requests
from django.urls import reverse
from django.utils import timezone

from audit.models import Entry, Verb
from common.choices import RecordKind, Side, System
from common.errors import Conflict
from companies.models import CompanySettings
from connectors import keeping, linking, registry, trying
from connectors.models import Connection, Record
from connectors.records import NewRecord
from connectors.sage_intacct.sandbox import SageIntacctSandbox
from connectors.sage_intacct.tests.conftest import SEED
from connectors.sandboxing import Fault, serve
from connectors.tests.factories import RecordFactory
from mapping.models import Mapping
from mapping.tests.factories import MappingFactory
from sync import creating, sweeping, tasks
from sync.models import RecordCreation

pytestmark = pytest.mark.django_db(transaction=True)
TYPED = {"company_id": "acme-homes", "user_id": "xml_tieout", "password": "user-canary-81"}
NEW = NewRecord(kind=RecordKind.VENDOR, name="Quarry Stone Works", code="V-9000", city="Boise")
State = RecordCreation.State


@pytest.fixture
def intacct(settings):
    served = serve(SageIntacctSandbox(seed=SEED))
    settings.SAGE_INTACCT = {
        **settings.SAGE_INTACCT,
        "api_url": f"{served.url}/ia/xml/xmlgw.phtml",
        "app_url": served.url,
    }
    settings.SENDING = {**settings.SENDING, "first_look": 0, "back_off": 0, "between_looks": 0}
    yield served
    served.stop()


@pytest.fixture
def ledger(intacct, company, admin):
    company.settings.project_target = CompanySettings.ProjectTarget.PROJECT
    company.settings.save()
    return trying.sign_in(company, System.SAGE_INTACCT, TYPED, by=admin)


@pytest.fixture
def source(company):
    return RecordFactory(company=company, name="Quarry Stone Works", city="Boise")


@pytest.fixture
def asked(ledger, source, controller):
    return creating.ask(source, ledger, NEW, parent="", by=controller, version=0)


def work(creation):
    """What the worker does when the moment has come."""
    RecordCreation.objects.filter(pk=creation.pk, due_at__isnull=False).update(
        due_at=timezone.now() - timedelta(seconds=1)
    )
    tasks.create_record(creation.pk)
    creation.refresh_from_db()
    return creation


def vendors(ledger, name):
    rows = registry.open_ledger(ledger).records(RecordKind.VENDOR)
    return [row.external_id for row in rows if row.name == name]


def lose_the_answer(intacct):
    """The new record is entered, and nobody hears of it, nor of what is asked after it."""
    # A session is begun, and name and number are asked for first.
    intacct.sandbox.faults.append(Fault("drop_after", path="*.phtml", skip=3, times=99))


# --- Once -----------------------------------------------------------------------------------------


def test_nothing_leaves_before_a_worker_takes_it(asked, ledger):
    assert asked.state == State.WAITING
    assert vendors(ledger, NEW.name) == []


def test_it_is_created_mirrored_and_accepted_by_who_asked(asked, ledger, source, controller):
    work(asked)

    assert (asked.state, asked.sentence) == (State.CREATED, "")
    assert vendors(ledger, NEW.name) == ["V-9000"]
    mapping = Mapping.objects.get(source=source)
    assert (mapping.state, mapping.target, mapping.decided_by) == (
        Mapping.State.ACCEPTED,
        Record.objects.get(connection=ledger, external_id="V-9000"),
        controller,
    )
    assert Entry.objects.get(verb=Verb.CREATED).user == controller


def test_a_second_worker_creates_nothing(asked, ledger):
    work(asked)
    work(asked)

    assert vendors(ledger, NEW.name) == ["V-9000"]


def test_the_same_record_is_not_asked_for_twice(asked, ledger, source, controller):
    with pytest.raises(Conflict, match="being created already"):
        creating.ask(source, ledger, NEW, parent="", by=controller, version=0)


def test_who_looked_at_an_older_row_creates_nothing(ledger, source, controller):
    mapping = MappingFactory(source=source, company=source.company, accepted=False)

    with pytest.raises(Conflict, match="Somebody decided about it meanwhile"):
        creating.ask(source, ledger, NEW, parent="", by=controller, version=mapping.version + 1)

    assert not RecordCreation.objects.exists()


def test_a_decision_meanwhile_stays_and_the_page_says_so(asked, ledger, source, admin):
    other = RecordFactory(company=source.company, connection=ledger, name="Other Stone")
    MappingFactory(source=source, target=other, company=source.company, accepted=True, version=3)

    work(asked)

    assert asked.state == State.CREATED
    assert asked.sentence.startswith("It is in the ledger, but not taken for the mapping")
    assert Mapping.objects.get(source=source).target == other


def test_a_person_who_left_decides_nothing_any_more(asked, controller, source):
    controller.memberships.all().delete()

    work(asked)

    assert "may no longer decide mappings" in asked.sentence
    assert not Mapping.objects.filter(source=source).exists()


# --- When in doubt --------------------------------------------------------------------------------


def test_a_name_taken_meanwhile_is_not_sent(asked, ledger, intacct):
    registry.open_ledger(ledger).create_record(NEW, key="somebody-else")

    work(asked)

    assert asked.state == State.FAILED
    assert "The ledger has this name already: vendor “Quarry Stone Works”" in asked.sentence
    assert len(vendors(ledger, NEW.name)) == 1


def test_a_lost_answer_is_looked_up_and_not_sent_again(asked, ledger, intacct, source):
    lose_the_answer(intacct)

    assert work(asked).state == State.UNKNOWN
    intacct.sandbox.faults.clear()
    assert len(vendors(ledger, NEW.name)) == 1, "it was entered"
    assert work(asked).state == State.CREATED
    assert len(vendors(ledger, NEW.name)) == 1
    assert Mapping.objects.get(source=source).state == Mapping.State.ACCEPTED


def test_a_worker_that_died_while_sending_leaves_a_question(asked):
    RecordCreation.objects.filter(pk=asked.pk).update(
        state=State.SENDING, sent_at=timezone.now(), lease_until=timezone.now()
    )

    assert work(asked).state == State.UNKNOWN


def test_what_is_surely_not_there_is_sent_again_under_the_same_key(asked, ledger):
    key = asked.key
    RecordCreation.objects.filter(pk=asked.pk).update(
        state=State.UNKNOWN, sent_at=timezone.now() - timedelta(hours=1)
    )

    assert work(asked).state == State.UNKNOWN, "one look is not enough"
    assert work(asked).state == State.WAITING
    assert work(asked).state == State.CREATED
    assert asked.key == key
    assert len(vendors(ledger, NEW.name)) == 1


def test_two_looks_are_not_enough_while_it_may_still_arrive(asked):
    RecordCreation.objects.filter(pk=asked.pk).update(state=State.UNKNOWN, sent_at=timezone.now())

    for _ in range(3):
        assert work(asked).state == State.UNKNOWN


def test_a_ledger_that_is_not_reached_is_tried_later(asked, intacct, ledger):
    intacct.sandbox.faults.append(Fault("answer", path="*.phtml", status=503, times=9))

    assert work(asked).state == State.WAITING
    intacct.sandbox.faults.clear()
    assert work(asked).state == State.CREATED


def test_a_refusal_waits_for_a_person(asked, intacct, ledger):
    requests.post(
        f"{intacct.url}/_sandbox/user",
        json={"user_id": "xml_tieout", "password": "another"},
        timeout=5,
    ).raise_for_status()
    requests.post(f"{intacct.url}/_sandbox/sessions/end", json={}, timeout=5)

    work(asked)

    assert asked.state == State.FAILED
    assert asked.sentence


def test_a_paused_ledger_is_left_alone_and_goes_on_afterwards(asked, ledger, admin):
    keeping.pause(ledger, by=admin)

    work(asked)
    assert (asked.state, asked.sentence) == (State.WAITING, "Sage Intacct is paused.")
    keeping.resume(Connection.objects.get(pk=ledger.pk), by=admin)

    asked.refresh_from_db()
    assert asked.due_at <= timezone.now()
    assert work(asked).state == State.CREATED


def test_a_ledger_that_was_disconnected_ends_the_wait(asked, ledger, admin):
    linking.disconnect(ledger, by=admin)

    work(asked)

    assert asked.state == State.FAILED
    assert "was disconnected. Connect it, then ask for it again" in asked.sentence


def test_the_sweeper_rings_for_what_the_queue_lost(asked):
    RecordCreation.objects.update(rung_at=None)

    assert sweeping.sweep()["creations"] == 1


# --- The pages ------------------------------------------------------------------------------------


def url(source):
    return reverse("sync:create", args=[source.company.slug, source.pk])


def said(**fields):
    return {"kind": "vendor", "name": NEW.name, "code": NEW.code, "version": 0, **fields}


def test_the_form_begins_with_what_the_source_says(ledger, source, controller, client_for):
    page = client_for(controller).get(url(source)).content.decode()

    assert 'value="Quarry Stone Works"' in page
    assert 'value="Boise"' in page


def test_the_preview_shows_what_would_be_sent_and_sends_nothing(
    ledger, source, controller, client_for
):
    page = client_for(controller).post(url(source), said(step="check")).content.decode()

    assert "Create Quarry Stone Works in Sage Intacct?" in page
    assert "V-9000" in page.split("<pre")[1].split("</pre>")[0]
    assert not RecordCreation.objects.exists()
    assert vendors(ledger, NEW.name) == []


def test_the_button_has_it_created(ledger, source, controller, client_for):
    browser = client_for(controller)
    answer = browser.post(url(source), said(step="create"))

    creation = RecordCreation.objects.get()
    assert answer["Location"] == creation.get_absolute_url()
    assert "Waiting to be sent" in browser.get(answer["Location"]).content.decode()
    assert browser.get(url(source))["Location"] == creation.get_absolute_url()
    work(creation)
    page = browser.get(answer["Location"]).content.decode()
    assert "accepted as the counterpart of Quarry Stone Works" in page


def test_a_name_that_is_taken_is_offered_instead(ledger, source, controller, client_for):
    there = RecordFactory(
        company=source.company, connection=ledger, name="Delta Drywall Inc", external_id="V-1045"
    )
    taken = said(step="check", name="Delta Drywall Inc")
    page = client_for(controller).post(url(source), taken).content.decode()

    assert "Sage Intacct has this name already" in page
    assert f'name="target" value="{there.pk}"' in page
    assert 'id="create-now"' not in page


def test_an_inactive_namesake_is_named(ledger, source, controller, client_for):
    taken = said(step="check", name="Gone Electric")
    page = client_for(controller).post(url(source), taken).content.decode()

    assert "inactive: make it active in Sage Intacct" in page


def test_a_limit_is_said_at_its_field(ledger, source, controller, client_for):
    answer = client_for(controller).post(url(source), said(step="check", name="N" * 300))

    assert answer.status_code == 422
    assert "has 300 characters" in answer.content.decode()


def test_a_ledger_that_does_not_answer_keeps_what_was_typed(
    ledger, intacct, source, controller, client_for
):
    intacct.sandbox.faults.append(Fault("answer", path="*.phtml", status=503, times=9))

    answer = client_for(controller).post(url(source), said(step="check", city="Nampa"))

    assert answer.status_code == 422
    assert 'value="Nampa"' in answer.content.decode()


def test_an_unknown_customer_is_said_at_its_field(company, ledger, controller, client_for):
    project = RecordFactory(company=company, project=True, name="Pier 9", code="26-9")
    typed = said(kind="project", name="Pier 9", code="26-9", step="check", parent="Nobody")

    answer = client_for(controller).post(url(project), typed)

    assert answer.status_code == 422
    assert "No customer is called “Nobody”" in answer.content.decode()


def test_the_mapping_page_leads_there(ledger, source, controller, accountant, client_for):
    page = reverse("mapping:detail", args=[source.company.slug, "vendors", source.pk])

    assert url(source) in client_for(controller).get(page).content.decode()
    assert url(source) not in client_for(accountant).get(page).content.decode()


def test_what_cannot_be_created_is_said_plainly(company, controller, client_for):
    company.settings.project_target = CompanySettings.ProjectTarget.PROJECT
    company.settings.save()
    source = RecordFactory(company=company, project=True)
    RecordFactory(company=company, customer=True)  # ties QuickBooks Online
    page = reverse("mapping:detail", args=[company.slug, "projects", source.pk])

    shown = client_for(controller).get(page).content.decode()

    assert "QuickBooks Online cannot create projects through its API" in shown
    assert "cannot be created from here" in client_for(controller).get(url(source)).content.decode()


@pytest.mark.parametrize("role", ["accountant", "viewer", "project_manager"])
def test_only_who_decides_creates(role, ledger, source, asked, client_for, request):
    browser = client_for(request.getfixturevalue(role))

    assert browser.get(url(source)).status_code == 403
    assert browser.post(url(source), said(step="create")).status_code == 403
    assert browser.get(asked.get_absolute_url()).status_code == 403


def test_others_find_nothing(ledger, source, asked, outsider, client_for, client):
    for page in (url(source), asked.get_absolute_url()):
        assert client_for(outsider).get(page).status_code == 404
        assert client.get(page).status_code == 302
    own = outsider.memberships.get().company
    at = reverse("sync:create", args=[own.slug, source.pk])
    assert client_for(outsider).get(at).status_code == 404


def test_a_record_of_the_ledger_is_no_source(ledger, company, controller, client_for):
    there = RecordFactory(company=company, connection=ledger)
    assert there.connection.side == Side.LEDGER

    assert client_for(controller).get(url(there)).status_code == 404


# --- QuickBooks Online ----------------------------------------------------------------------------


def test_quickbooks_creates_a_vendor_whose_name_nobody_else_has(world):
    world.pull()
    source = world.record("vendor", "13")
    mapping = Mapping.objects.filter(source=source).first()
    version = mapping.version if mapping else 0
    new = NewRecord(kind=RecordKind.VENDOR, name="Nowhere Supply", city="Salem")

    shown = creating.preview(world.ledger, new)
    asked = creating.ask(source, world.ledger, new, parent="", by=world.controller, version=version)
    work(asked)

    assert (shown.taken, b"Nowhere Supply" in shown.payload) == ([], True)
    assert (asked.state, asked.sentence) == (State.CREATED, "")
    decided = Mapping.objects.get(source=source)
    assert (decided.state, decided.target.name) == (Mapping.State.ACCEPTED, "Nowhere Supply")


def test_quickbooks_shares_names_between_vendors_and_customers(world):
    world.pull()
    shown = creating.preview(world.ledger, NewRecord(kind=RecordKind.VENDOR, name="Alder Health"))

    assert [each.kind.lower() for each in shown.taken] == ["customer"]


def test_quickbooks_creates_a_sub_customer_where_it_cannot_create_a_project(world, client_for):
    world.company.settings.project_target = CompanySettings.ProjectTarget.EITHER
    world.company.settings.save()
    world.pull()
    source = world.record("project", "21")
    browser = client_for(world.controller)
    typed = {"kind": "customer", "name": "26-001 Alder West", "parent": "Alder Health"}
    mapping = Mapping.objects.filter(source=source).first()
    typed["version"] = mapping.version if mapping else 0

    form = browser.get(url(source)).content.decode()
    page = browser.post(url(source), {**typed, "step": "check"}).content.decode()
    browser.post(url(source), {**typed, "step": "create"})
    creation = work(RecordCreation.objects.get())

    assert "QuickBooks Online cannot create projects through its API" in form
    assert "ParentRef" in page
    assert (creation.state, creation.sentence) == (State.CREATED, "")
    assert creation.target.parent_external_id == "201"


# --- Limits ---------------------------------------------------------------------------------------


def test_limits_are_the_ledgers_own(ledger):
    limits = registry.open_ledger(ledger).limits

    assert creating.complaints(NEW, limits) == {}
    assert "name" in creating.complaints(replace(NEW, name="N" * 300), limits)
