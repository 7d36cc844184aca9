"""The pages of what goes along with a mapping, and of projects that differ."""

import pytest
from django.urls import reverse
from django.utils import timezone

from common.choices import RecordKind
from companies.models import Role
from companies.tests.factories import CompanyFactory, MembershipFactory
from connectors.models import Connection
from connectors.tests.factories import ConnectionFactory, RecordFactory
from mapping import combining, excepting, publishing, reviewing, riding
from mapping.api import MappingSerializer
from mapping.models import Kind, Mapping
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
    riding.choose(code, {"ledger_class": marine(company)}, by=controller)

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


def test_words_without_a_pick_are_looked_up(company, browser, code):
    """As where there are no scripts."""
    project = RecordFactory(company=company, project=True)
    RecordFactory(company=company, account=True, name="Own materials")

    answer = browser.post(
        url(code, "projects"), {"project": project.pk, "target": "", "q": "own mat"}
    )

    assert answer.status_code == 422
    assert "Own materials" in answer.text
    assert f'<option value="{project.pk}" selected>' in answer.text


def test_a_project_that_differs_is_not_offered_nothing(company, browser, code):
    htmx = {"HX-Request": "true"}

    assert "mark as no match" in browser.get(url(code, "options"), {"q": "xy"}, headers=htmx).text
    only = browser.get(url(code, "options"), {"q": "xy", "only": "1"}, headers=htmx)
    assert 'data-value="none"' not in only.text


def test_the_table_says_in_words_what_a_pair_is(company, browser):
    company.settings.granularity = "pair"
    company.settings.save()
    source = company.connections.get(side="source")
    code = RecordFactory(company=company, cost_code=True, code="03-300", name="Concrete")
    kind = RecordFactory(company=company, cost_type=True, name="Material")
    Connection.objects.update(last_pulled_at=timezone.now())
    combining.make_pairs(source, [(code, kind)])

    assert "Cost code 03-300, cost type Material" in browser.get(reviewed(company, Kind.PAIR)).text


@pytest.mark.parametrize(
    ("level", "words"),
    [("pair", "Cost code 03-300, cost type Material"), ("project_pair", "The project's own pair")],
)
def test_the_api_says_the_level_of_a_mapping(company, level, words):
    code = RecordFactory(company=company, cost_code=True, code="03-300")
    kind = RecordFactory(company=company, cost_type=True, name="Material")
    combining.make_pairs(code.connection, [(code, kind)])
    source = company.records.get(kind="pair")
    if level == "project_pair":
        source, _ = combining.override_of(RecordFactory(company=company, project=True), source)

    said = MappingSerializer(MappingFactory(company=company, source=source, accepted=True)).data

    assert (said["level"], said["about"]) == (level, words)


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


@pytest.fixture
def undone(company, code):
    """One project differed from the code, until that was undone."""
    controller = MembershipFactory(company=company, role=Role.CONTROLLER).user
    project = RecordFactory(company=company, project=True, name="Oak St Lofts")
    target = RecordFactory(company=company, account=True)
    own = excepting.except_project(code.source, project, target, by=controller)
    return reviewing.undo(own, by=controller)


def reviewed(company, kind):
    return reverse("mapping:review", args=[company.slug, kind.slug])


def test_a_project_that_differs_no_more_is_not_left_to_review(company, browser, undone):
    assert undone.source.name not in browser.get(reviewed(company, Kind.OVERRIDE)).text
    kinds = browser.get(reverse("mapping:hub", args=[company.slug])).context["kinds"]
    assert Kind.OVERRIDE not in {summary.kind for summary in kinds}


def test_a_project_that_differs_no_more_is_not_listed_beside_the_code(browser, code, undone):
    assert "No project differs." in browser.get(url(code, "projects")).text


def test_a_project_may_differ_again_after_it_was_undone(company, browser, code, undone):
    browser.post(
        url(code, "projects"),
        {"project": undone.source.part_project_id, "target": code.target_id},
    )

    undone.refresh_from_db()
    assert undone.state == "accepted"
    table = browser.get(reviewed(company, Kind.OVERRIDE), {"tab": "accepted"}).text
    assert undone.source.name in table


@pytest.mark.parametrize("kind", [Kind.OVERRIDE, Kind.DEFAULT])
def test_what_the_machine_never_drafts_offers_no_drafting(company, browser, code, kind):
    company.settings.has_default = True
    company.settings.save()
    Connection.objects.update(last_pulled_at=timezone.now())

    assert 'id="draft-again"' not in browser.get(reviewed(company, kind)).text
    assert 'id="draft-again"' in browser.get(reviewed(company, Kind.COST_CODE)).text


def test_the_page_of_one_projects_own_says_nothing_of_drafts(browser, undone):
    assert "Why it was drafted" not in browser.get(undone.get_absolute_url()).text


@pytest.mark.parametrize("page", ["along", "projects"])
def test_who_may_not_decide_cannot_open_it(company, client, code, page):
    client.force_login(MembershipFactory(company=company, role=Role.VIEWER).user)

    assert client.get(url(code, page)).status_code == 403
