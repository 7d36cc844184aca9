import pytest

from audit.models import Entry, Verb
from common.errors import Conflict, NotAllowed
from connectors.models import Record
from connectors.tests.factories import RecordFactory
from mapping import drifting, replacing
from mapping.models import Mapping
from mapping.tests.factories import MappingFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def stale(company):
    target = RecordFactory(company=company, in_ledger=True, name="Delta Drywall")
    mapping = MappingFactory(company=company, target=target, published=True)
    Record.objects.filter(pk=target.pk).update(is_active=False)
    drifting.look_again(company)
    mapping.refresh_from_db()
    return mapping


@pytest.fixture
def other(company):
    return RecordFactory(company=company, in_ledger=True, name="Delta Interiors")


def test_an_admin_puts_another_record_in_force_in_one_step(stale, other, admin):
    replacing.replace(stale, other, by=admin, version=stale.version)

    stale.refresh_from_db()
    assert (stale.target, stale.is_in_force) == (other, True)


def test_each_of_the_three_steps_has_its_line(stale, other, admin):
    replacing.replace(stale, other, by=admin)

    verbs = list(Entry.objects.order_by("-pk").values_list("verb", flat=True)[:3])
    assert verbs == [Verb.PUBLISHED, Verb.OVERRODE, Verb.UNPUBLISHED]


def test_without_a_reason_what_happened_is_the_reason(stale, other, admin):
    replacing.replace(stale, other, by=admin)

    line = Entry.objects.get(verb=Verb.UNPUBLISHED)
    assert line.reason == "Delta Drywall was made inactive in QuickBooks."


def test_a_controller_may_not(stale, other, controller):
    with pytest.raises(NotAllowed, match="Only an admin can unpublish"):
        replacing.replace(stale, other, by=controller)

    stale.refresh_from_db()
    assert stale.state == Mapping.State.PUBLISHED


def test_what_is_not_stale_is_not_replaced(company, other, admin):
    mapping = MappingFactory(company=company, published=True)

    with pytest.raises(Conflict, match="Unpublish it first"):
        replacing.replace(mapping, other, by=admin)


def test_who_saw_an_earlier_version_changes_nothing(stale, other, admin):
    with pytest.raises(Conflict):
        replacing.replace(stale, other, by=admin, version=stale.version - 1)

    stale.refresh_from_db()
    assert stale.target != other


def test_a_record_that_cannot_be_used_leaves_it_published(stale, admin, company):
    gone = RecordFactory(company=company, in_ledger=True, inactive=True)

    with pytest.raises(Exception, match="cannot be taken"):
        replacing.replace(stale, gone, by=admin)

    stale.refresh_from_db()
    assert stale.state == Mapping.State.PUBLISHED


def test_none_of_them_is_no_match(stale, admin):
    replacing.replace(stale, None, by=admin)

    stale.refresh_from_db()
    assert stale.state == Mapping.State.NO_MATCH
