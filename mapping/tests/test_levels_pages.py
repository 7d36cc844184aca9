"""The pages of what goes along with a mapping, and of projects that differ."""

import pytest

from common.choices import RecordKind
from companies.models import Role
from companies.tests.factories import CompanyFactory, MembershipFactory
from connectors.tests.factories import ConnectionFactory, RecordFactory
from mapping import publishing, riding
from mapping.models import Mapping
from mapping.tests.factories import MappingFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    company = CompanyFactory()
    ConnectionFactory(company=company, source=True)
    ConnectionFactory(company=company, features={"classes": True, "locations": True})
    return company


@pytest.fixture
def browser(company, client):
    client.force_login(MembershipFactory(company=company, role=Role.CONTROLLER).user)
    return client


@pytest.fixture
def code(company):
    source = RecordFactory(company=company, cost_code=True)
    target = RecordFactory(company=company, account=True)
    return MappingFactory(company=company, source=source, target=target, accepted=True)


def marine(company):
    return RecordFactory(company=company, in_ledger=True, kind=RecordKind.CLASS, name="Marine")


def url(mapping, page):
    return f"{mapping.get_absolute_url()}{page}/"


def test_a_class_is_chosen_beside_the_target(company, browser, code):
    ledger_class = marine(company)
    assert "Marine" in browser.get(url(code, "along")).text

    browser.post(url(code, "along"), {"ledger_class": ledger_class.pk, "version": code.version})

    code.refresh_from_db()
    assert (code.ledger_class, code.version) == (ledger_class, 2)
    assert "With class Marine." in browser.get(code.get_absolute_url()).text


def test_only_what_was_offered_can_go_along(company, browser, code):
    other = RecordFactory(in_ledger=True, kind=RecordKind.CLASS)

    answer = browser.post(url(code, "along"), {"ledger_class": other.pk, "version": code.version})

    code.refresh_from_db()
    assert (answer.status_code, code.ledger_class) == (409, None)


def test_where_the_ledger_keeps_no_classes_none_is_offered(company, browser, code):
    company.connections.filter(side="ledger").update(features={})

    assert "nothing can go along" in browser.get(url(code, "along")).text


def test_what_goes_along_is_frozen_with_the_publication(company, browser, code):
    controller = MembershipFactory(company=company, role=Role.CONTROLLER).user
    riding.choose(code, ledger_class=marine(company), location=None, by=controller)

    published = publishing.publish(company, by=controller)

    code.refresh_from_db()
    line = published.publication.lines.get()
    assert (code.published_riding, line.riding_label) == ("class Marine", "class Marine")


def test_one_project_goes_by_another_record(company, browser, code):
    project = RecordFactory(company=company, project=True, name="Oak St Lofts")
    target = RecordFactory(company=company, account=True, name="Own materials")
    assert "Own materials" in browser.get(url(code, "projects"), {"q": "own mat"}).text

    answer = browser.post(
        url(code, "projects"),
        {"project": project.pk, "target": target.pk, "publish": "1"},
        follow=True,
    )

    own = Mapping.objects.get(kind="override")
    assert (own.target, own.state, own.source.part_project) == (target, "published", project)
    assert "Oak St Lofts" in answer.text


def test_a_project_that_is_not_chosen_is_asked_for(company, browser, code):
    answer = browser.post(url(code, "projects"), {"target": code.target_id})

    assert answer.status_code == 422
    assert "Choose a project" in answer.text


def test_a_project_of_another_company_cannot_differ_here(company, browser, code):
    answer = browser.post(
        url(code, "projects"),
        {"project": RecordFactory(project=True).pk, "target": code.target_id},
    )

    assert (answer.status_code, Mapping.objects.filter(kind="override").exists()) == (422, False)


def test_vendors_do_not_differ_by_project(company, browser):
    vendor = MappingFactory(company=company, accepted=True)

    assert browser.get(url(vendor, "projects")).status_code == 404


@pytest.mark.parametrize("page", ["along", "projects"])
def test_who_may_not_decide_cannot_open_it(company, client, code, page):
    client.force_login(MembershipFactory(company=company, role=Role.VIEWER).user)

    assert client.get(url(code, page)).status_code == 403
