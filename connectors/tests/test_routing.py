"""Several sets of books at one source account: each project comes to exactly one of them."""

import pytest
from django.urls import reverse

from common.errors import Conflict
from companies.models import Role
from companies.tests.factories import MembershipFactory, UserFactory
from connectors import routing
from connectors.models import Connection, RoutedProject
from connectors.tests.factories import ConnectionFactory, RecordFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def homes():
    """The books of one company, with two projects of the account."""
    return _tied("Homes")


@pytest.fixture
def civil(homes):
    """Another company's books, tied to the same account."""
    return _tied("Civil")


def _tied(name):
    connection = ConnectionFactory(source=True, company__name=name)
    for number in ("21", "22"):
        RecordFactory(
            connection=connection, company=connection.company, project=True, external_id=number
        )
    return connection


def project(connection, number):
    return connection.records.get(external_id=number)


def choose(connection, *numbers):
    projects = [project(connection, number).pk for number in numbers]
    routing.choose(connection, projects, by=UserFactory())


def ours(connection):
    return set(routing.ours(connection).values_list("external_id", flat=True))


def test_the_only_books_at_an_account_take_every_project(homes):
    assert ours(homes) == {"21", "22"}


def test_with_two_sets_of_books_nothing_comes_by_itself(homes, civil):
    assert (ours(homes), ours(civil)) == (set(), set())


def test_each_set_of_books_takes_what_was_chosen_for_it(homes, civil):
    choose(homes, "21")
    choose(civil, "22")

    assert (ours(homes), ours(civil)) == ({"21"}, {"22"})


def test_no_project_comes_to_two_sets_of_books(homes, civil):
    choose(homes, "21")

    with pytest.raises(Conflict, match="other books already"):
        choose(civil, "21", "22")

    assert ours(civil) == set()
    assert routing.taken_elsewhere(civil) == {"21"}


def test_a_project_given_up_can_be_taken_by_the_others(homes, civil):
    choose(homes, "21", "22")
    choose(homes, "21")

    choose(civil, "22")

    assert ours(civil) == {"22"}


def test_books_that_left_the_account_keep_the_others_choice(homes, civil):
    choose(homes, "21")
    Connection.objects.filter(pk=civil.pk).update(state=Connection.State.DISCONNECTED)

    assert ours(homes) == {"21"}
    assert RoutedProject.objects.count() == 1


def test_another_account_is_another_matter(homes):
    other = ConnectionFactory(source=True, external_company_id="9999")
    RecordFactory(connection=other, company=other.company, project=True, external_id="21")
    choose(homes, "21")

    assert ours(other) == {"21"}


def test_the_page_saves_the_choice_and_shows_what_goes_elsewhere(homes, civil, client_for):
    admin = MembershipFactory(company=civil.company, role=Role.ADMIN).user
    choose(homes, "21")
    page = reverse("connectors:projects", args=[civil.company.slug, civil.pk])

    shown = client_for(admin).get(page).content.decode()
    client_for(admin).post(page, {"project": [project(civil, "22").pk]})

    assert "goes to other books" in shown
    assert ours(civil) == {"22"}


def test_a_refused_choice_says_why(homes, civil, client_for):
    admin = MembershipFactory(company=civil.company, role=Role.ADMIN).user
    choose(homes, "21")
    page = reverse("connectors:projects", args=[civil.company.slug, civil.pk])

    answer = client_for(admin).post(page, {"project": [project(civil, "21").pk]})

    assert answer.status_code == 409
    assert "other books already" in answer.content.decode()


@pytest.mark.parametrize("role", [each for each in Role if each != Role.ADMIN])
def test_only_an_admin_says_where_projects_go(homes, client_for, role):
    member = MembershipFactory(company=homes.company, role=role).user
    page = reverse("connectors:projects", args=[homes.company.slug, homes.pk])

    assert client_for(member).get(page).status_code == 403


def test_another_companys_projects_are_not_found(homes, client_for):
    stranger = MembershipFactory(role=Role.ADMIN)
    page = reverse("connectors:projects", args=[stranger.company.slug, homes.pk])

    assert client_for(stranger.user).get(page).status_code == 404
