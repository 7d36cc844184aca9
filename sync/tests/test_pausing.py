"""A paused connection: nothing is read or sent, all of it waits, and goes on when resumed."""

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from common.choices import Side
from connectors import keeping
from connectors.errors import CredentialsExpired
from connectors.models import Connection
from sync import pulling, sweeping
from sync.models import Push, Run

pytestmark = pytest.mark.django_db(transaction=True)


def fresh(connection):
    return Connection.objects.get(pk=connection.pk)


def test_a_pull_under_way_begins_no_further_list(world):
    run = pulling.start(world.source, by=world.admin)

    keeping.pause(world.source, by=world.admin)
    run.refresh_from_db()

    assert run.state == Run.State.STOPPED
    assert not run.steps.filter(due_at__isnull=False).exists()


def test_no_pull_begins_by_hand_or_by_the_clock(world):
    keeping.pause(world.source, by=world.admin)
    keeping.pause(world.ledger, by=world.admin)

    with pytest.raises(CredentialsExpired, match="is paused"):
        pulling.start(fresh(world.source), by=world.admin)
    assert sweeping.start_due_pulls() == 0


def test_a_bill_waits_and_goes_by_itself_afterwards(world):
    push = world.send(world.ready_bill())
    keeping.pause(world.ledger, by=world.admin)

    world.work(push)
    assert (push.state, push.cause) == (Push.State.QUEUED, Push.Cause.PAUSED)
    assert "is paused. It goes on when an admin resumes" in push.sentence
    keeping.resume(fresh(world.ledger), by=world.admin)

    push.refresh_from_db()
    assert push.due_at <= timezone.now()
    assert world.work(push, times=2).state == Push.State.POSTED


def test_the_list_says_so_to_everybody_and_only_admins_resume(world, client_for):
    keeping.pause(world.ledger, by=world.admin)
    page = reverse("connectors:connections", args=[world.company.slug])
    resume = reverse("connectors:resume", args=[world.company.slug, world.ledger.pk])

    for user, may in ((world.controller, False), (world.admin, True)):
        shown = client_for(user).get(page).content.decode()
        assert "Paused by Priya Shah" in shown
        assert (resume in shown) is may


# --- The first pull -------------------------------------------------------------------------------


def first(world, name="first-pull"):
    return reverse(f"sync:{name}", args=[world.company.slug])


def test_the_first_pull_is_mailed_once_both_sides_are_in(world):
    world.pull(Side.LEDGER)
    assert mail.outbox == []
    world.pull(Side.SOURCE)

    (sent,) = mail.outbox
    assert sent.to == [world.admin.email]
    assert first(world, "first-drafts") in sent.body
    mail.outbox.clear()
    world.pull()
    assert mail.outbox == [], "later pulls are nobody's news"


def test_a_button_starts_what_was_never_pulled(world, client_for):
    answer = client_for(world.admin).post(first(world))

    assert answer["Location"] == first(world)
    assert Run.objects.filter(state=Run.State.RUNNING).count() == 2
    page = client_for(world.admin).get(first(world), headers={"HX-Request": "true"})
    assert "hx-get" in page.content.decode()
    assert "we mail you when it is done" in page.content.decode()


def test_who_may_not_pull_watches_only(world, client_for):
    viewer = world._member("Vic Long", "viewer")

    assert "pull-now" not in client_for(viewer).get(first(world)).content.decode()
    assert client_for(viewer).post(first(world)).status_code == 403
    assert not Run.objects.exists()


@pytest.mark.parametrize("name", ["first-pull", "first-drafts"])
def test_the_last_steps_have_their_fences(name, world, outsider, client_for, client):
    manager = world._member("Ana Cole", "project_manager")

    assert client.get(first(world, name)).status_code == 302
    assert client_for(outsider).get(first(world, name)).status_code == 404
    assert client_for(manager).get(first(world, name)).status_code == 403


def test_the_first_drafts_lead_to_the_review(world, client_for):
    empty = client_for(world.admin).get(first(world, "first-drafts")).content.decode()
    world.pull()
    page = client_for(world.admin).get(first(world, "first-drafts")).content.decode()

    assert "Drafts are made once both sides have been pulled" in empty
    assert reverse("mapping:review", args=[world.company.slug, "vendors"]) in page


def test_a_system_that_has_not_called_is_no_side_that_is_there(world, client_for):
    Connection.objects.filter(pk=world.ledger.pk).update(state=Connection.State.WAITING)

    page = client_for(world.admin).get(first(world)).content.decode()

    assert "Waiting for its first call" in page
