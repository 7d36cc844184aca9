"""The page of a bill that was sent shows what it was sent with, whatever is decided since."""

import pytest
from django.urls import reverse

from common.choices import RecordKind
from mapping import publishing, reviewing
from sync.models import Push

pytestmark = pytest.mark.django_db


@pytest.fixture
def posted(world):
    push = world.work(world.send(world.ready_bill("D-8")))
    assert push.state == Push.State.POSTED
    return push


@pytest.fixture
def page(world, posted, client_for):
    """The words of its page, as a controller reads them now."""

    def read():
        answer = client_for(world.controller).get(posted.bill.get_absolute_url())
        return " ".join(answer.text.split())

    return read


def decide_anew(world):
    """Its cost code goes to another account from now on."""
    mapping = world.mapping(RecordKind.COST_CODE, "09-250")
    was = mapping.target
    publishing.unpublish([mapping], by=world.admin, reason="It was wrong")
    target = world.target(RecordKind.ACCOUNT, "301")
    reviewing.override_and_publish(
        world.record(RecordKind.COST_CODE, "09-250"), target, by=world.admin
    )
    return was, target


def test_a_sent_bill_shows_the_target_it_was_sent_with(world, page):
    was, is_now = decide_anew(world)

    text = page()

    assert was.label in text
    assert is_now.label not in text


def test_a_sent_bill_says_which_level_and_version_decided(posted, page):
    frozen = next(each for each in posted.rests_on if each["line"] == 1)

    assert f"from cost code 09-250, version {frozen['version']}" in page()


def test_a_sent_bill_leads_to_the_publication_it_rests_on(world, page):
    line = world.mapping(RecordKind.COST_CODE, "09-250").publication_lines.get()
    decide_anew(world)
    url = reverse("mapping:publication", args=[world.company.slug, line.publication.number])

    assert f'As sent, <a href="{url}">publication no. {line.publication.number}</a>' in page()


def test_what_was_published_is_found_though_the_version_rose_since(world, client_for):
    bill = world.ready_bill("D-8")
    mapping = world.mapping(RecordKind.COST_CODE, "09-250")
    type(mapping).objects.filter(pk=mapping.pk).update(
        version=mapping.version + 2
    )  # stale, and back
    world.work(world.send(bill))

    text = client_for(world.controller).get(bill.get_absolute_url()).text

    assert f"version {mapping.version + 2}" in text
    assert f"publication no. {mapping.publication.number}" in text


def test_a_version_that_was_not_sent_shows_what_holds_now(world, posted, page):
    world.company.bills.filter(pk=posted.bill_id).update(version=posted.version + 1)

    assert "As sent" not in page()


def test_sent_vendors_and_projects_stay_as_they_were_sent(world, posted, page):
    mapping = world.mapping(RecordKind.VENDOR, posted.bill.vendor.external_id)
    was = mapping.target.label
    publishing.unpublish([mapping], by=world.admin, reason="It was wrong")
    reviewing.no_match(
        world.record(RecordKind.VENDOR, posted.bill.vendor.external_id), by=world.admin
    )

    assert f"→ {was}" in page()
