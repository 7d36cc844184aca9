import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.models import Entry, Verb
from common.errors import Conflict
from companies.models import CompanySettings
from connectors.models import Record
from connectors.tests.factories import RecordFactory
from mapping import drifting, publishing
from mapping.tests.factories import MappingFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def mapping(company):
    target = RecordFactory(company=company, in_ledger=True, name="Delta Drywall")
    return MappingFactory(company=company, target=target, published=True)


def change(mapping, **fields):
    Record.objects.filter(pk=mapping.target_id).update(**fields)
    drifting.look_again(mapping.company)
    mapping.refresh_from_db()
    return mapping.stale


@pytest.mark.parametrize(
    ("fields", "stale"),
    [
        ({"name": "Delta Inc", "path": "Delta Inc"}, "renamed"),
        ({"is_active": False}, "inactive"),
        ({"gone_at": "2026-11-20T10:00Z"}, "gone"),
        ({"is_selectable": False}, "wrong_kind"),
        ({"kind": "customer"}, "wrong_kind"),
    ],
)
def test_target_that_changed_makes_its_mapping_stale(fields, stale, mapping):
    assert change(mapping, **fields) == stale


def test_same_target_is_not_stale(mapping):
    assert change(mapping, city="Austin") == ""


def test_target_that_comes_back_is_no_longer_stale(mapping):
    change(mapping, is_active=False)

    assert change(mapping, is_active=True) == ""


def test_going_stale_is_in_the_trail_with_its_sentence(mapping):
    change(mapping, is_active=False)

    line = Entry.objects.get(verb=Verb.WENT_STALE)
    assert line.reason == "Delta Drywall was made inactive in QuickBooks."


def test_rename_says_the_new_name(mapping):
    change(mapping, name="Delta Inc", path="Delta Inc")

    line = Entry.objects.get(verb=Verb.WENT_STALE)
    assert line.reason == "Delta Drywall was renamed in QuickBooks: it is Delta Inc now."


def test_coming_back_is_in_the_trail(mapping):
    change(mapping, is_active=False)
    change(mapping, is_active=True)

    line = Entry.objects.get(verb=Verb.CAME_BACK)
    assert line.reason == "Delta Drywall is in QuickBooks again as it was published."
    assert not Entry.objects.filter(verb=Verb.CONFIRMED).exists()


def test_what_went_stale_together_is_one_act_with_a_sentence_each(mapping, company):
    target = RecordFactory(company=company, in_ledger=True, name="Iron Ridge")
    MappingFactory(company=company, target=target, published=True)
    Record.objects.filter(pk__in=[mapping.target_id, target.pk]).update(is_active=False)

    with CaptureQueriesContext(connection) as asked:
        drifting.look_again(company)

    lines = Entry.objects.filter(verb=Verb.WENT_STALE)
    assert len({line.act for line in lines}) == 1
    assert {line.reason for line in lines} == {
        "Delta Drywall was made inactive in QuickBooks.",
        "Iron Ridge was made inactive in QuickBooks.",
    }
    assert sum(each["sql"].startswith('INSERT INTO "audit_entry"') for each in asked) == 1


def test_going_stale_tells_the_others(mapping, told):
    change(mapping, is_active=False)

    assert told == [([mapping.source_id], None)]


def test_looking_again_without_news_says_nothing(mapping, told):
    drifting.look_again(mapping.company)

    assert told == []


def test_going_stale_raises_the_version(mapping):
    change(mapping, is_active=False)

    assert mapping.version == 2


def test_another_name_after_a_rename_is_news_again(mapping):
    change(mapping, name="Delta One", path="Delta One")
    seen = mapping.version
    change(mapping, name="Acme Roofing", path="Acme Roofing")

    assert mapping.version == seen + 1
    line = Entry.objects.filter(verb=Verb.WENT_STALE).first()
    assert line.reason == "Delta Drywall was renamed in QuickBooks: it is Acme Roofing now."


def test_a_rename_is_confirmed_only_by_who_saw_the_name(mapping, admin):
    change(mapping, name="Delta One", path="Delta One")
    seen = mapping.version
    change(mapping, name="Acme Roofing", path="Acme Roofing")

    with pytest.raises(Conflict):
        publishing.confirm_stale(mapping, by=admin, version=seen)

    mapping.refresh_from_db()
    assert mapping.stale == "renamed"


def test_a_rename_is_news_once(mapping, told):
    change(mapping, name="Delta One", path="Delta One")
    told.clear()

    change(mapping, city="Austin")

    assert told == []


def test_accepted_mappings_do_not_go_stale(company):
    target = RecordFactory(company=company, in_ledger=True, inactive=True)
    accepted = MappingFactory(company=company, target=target, accepted=True)

    drifting.look_again(company)

    accepted.refresh_from_db()
    assert accepted.stale == ""


def test_only_named_targets_are_looked_at(mapping):
    Record.objects.filter(pk=mapping.target_id).update(is_active=False)

    assert drifting.look_again(mapping.company, target_ids=[0]) == []


def test_changed_posting_style_makes_line_mappings_stale(company):
    mapping = MappingFactory(
        company=company,
        source=RecordFactory(company=company, cost_code=True),
        target=RecordFactory(company=company, account=True),
        published=True,
    )
    assert company.settings.posting_style == "accounts"  # as a pull that is under way knows it
    CompanySettings.objects.filter(company=company).update(posting_style="items")

    drifting.look_again(company)

    mapping.refresh_from_db()
    assert mapping.stale == "wrong_kind"


def test_another_companys_mappings_are_left_alone(mapping, company):
    other = MappingFactory(published=True)
    Record.objects.filter(pk=other.target_id).update(is_active=False)

    drifting.look_again(company)

    other.refresh_from_db()
    assert other.stale == ""
