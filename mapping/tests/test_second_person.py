"""Where the company wants it, who accepted a mapping does not publish it."""

import pytest
from django.urls import reverse

from audit.models import Entry, Verb
from common.errors import Conflict, NotAllowed
from companies import deciding
from companies.models import Role
from companies.tests.factories import MembershipFactory
from connectors.models import Record
from connectors.tests.factories import RecordFactory
from mapping import drifting, publishing, replacing, reviewing
from mapping.models import Mapping
from mapping.tests.factories import MappingFactory

pytestmark = pytest.mark.django_db
State = Mapping.State


@pytest.fixture(autouse=True)
def _wanted(company, admin):
    deciding.change(company, {"second_person_publishes": True}, by=admin)


@pytest.fixture
def own(company, controller):
    return MappingFactory(company=company, accepted=True, decided_by=controller)


def test_who_accepted_it_cannot_publish_it(own, company, controller, admin):
    with pytest.raises(Conflict) as refused:
        publishing.publish(company, by=controller)

    assert f"somebody else has to publish it: {admin} may" in str(refused.value)


def test_somebody_else_publishes_it(own, company, admin):
    publishing.publish(company, by=admin)

    assert company.mappings.published().get() == own


def test_the_rest_goes_and_ones_own_is_left_out(own, company, controller, admin):
    other = MappingFactory(company=company, accepted=True, decided_by=admin)

    result = publishing.publish(company, by=controller)

    assert (list(result.mappings), [out.mapping for out in result.left_out]) == ([other], [own])


def test_the_rule_is_read_under_the_lock(own, company, controller, admin):
    stale = type(company).objects.get(pk=company.pk)
    stale.settings.second_person_publishes = False

    with pytest.raises(Conflict):
        publishing.publish(stale, by=controller)


def test_override_and_publish_only_records_the_override(company, controller):
    target = RecordFactory(company=company, in_ledger=True)
    source = RecordFactory(company=company)

    mapping = reviewing.override_and_publish(source, target, by=controller)

    assert mapping.state == State.ACCEPTED


def test_who_accepted_it_does_not_confirm_it_either(company, controller, admin):
    target = RecordFactory(company=company, in_ledger=True, name="Delta Drywall")
    mapping = MappingFactory(company=company, target=target, published=True, decided_by=controller)
    Record.objects.filter(pk=target.pk).update(name="Delta Inc", path="Delta Inc")
    drifting.look_again(company)

    with pytest.raises(NotAllowed):
        publishing.confirm_stale(mapping, by=controller)
    assert publishing.confirm_stale(mapping, by=admin).is_in_force


def test_what_an_admin_puts_in_a_stale_ones_place_waits_for_another(company, admin):
    mapping = MappingFactory(company=company, published=True)
    Record.objects.filter(pk=mapping.target_id).update(is_active=False)
    drifting.look_again(company)

    replaced = replacing.replace(mapping, RecordFactory(company=company, in_ledger=True), by=admin)

    assert replaced.state == State.ACCEPTED


def test_the_page_says_which_wait_for_whom(own, company, controller, admin, client):
    client.force_login(controller)

    page = client.get(reverse("mapping:publish", args=[company.slug])).content.decode()

    assert "Waits for somebody else: 1" in page
    assert f"{admin} may" in page


def test_the_page_does_not_publish_ones_own(own, company, controller, client):
    client.force_login(controller)

    client.post(reverse("mapping:publish", args=[company.slug]), {"ids": [own.pk], "seen": ""})

    own.refresh_from_db()
    assert own.state == State.ACCEPTED


def test_turning_it_on_is_in_the_trail(company):
    line = Entry.objects.get(verb=Verb.CHANGED_SETTINGS)

    assert (line.before, line.after) == (
        {"second_person_publishes": False},
        {"second_person_publishes": True},
    )


def test_settings_say_before_it_is_saved_that_one_person_alone_may_publish(admin, company, client):
    company.memberships.exclude(user=admin).delete()
    client.force_login(admin)

    page = client.get(reverse("companies:settings", args=[company.slug])).content.decode()

    assert f"Only {admin} may publish now" in page


def test_settings_name_who_may_publish(admin, company, client):
    MembershipFactory(company=company, role=Role.CONTROLLER, user__name="Tom Weiss")
    client.force_login(admin)

    page = client.get(reverse("companies:settings", args=[company.slug])).content.decode()

    assert "Tom Weiss" in page
