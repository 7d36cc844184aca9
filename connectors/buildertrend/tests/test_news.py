"""News from end to end over HTTP: the sandbox tells our address, and a worker reads again."""

from datetime import timedelta

import pytest

from common.choices import RecordKind, System, Way
from companies.tests.factories import MembershipFactory
from connectors import registry, subscribing, trying
from connectors.buildertrend.connecting import subscribe
from connectors.buildertrend.tests.conftest import (
    ACCOUNT,
    BILL,
    FRAMER,
    ID,
    JOB,
    ORDER,
    OTHER_JOB,
    SECRET,
)
from connectors.models import Connection, InboxEvent, RefusedNews
from sync import bringing, mirroring, tasks
from sync.models import Bill, Commitment

pytestmark = pytest.mark.django_db(transaction=True)

TYPED = {"account_id": str(ACCOUNT), "company_name": "", "client_id": ID, "client_secret": SECRET}


@pytest.fixture
def admin():
    return MembershipFactory(admin=True)


@pytest.fixture
def tied(buildertrend, admin, live_server, settings):
    """A connection whose account tells us its news, and whose records were pulled."""
    settings.BUILDERTREND = {"api_url": buildertrend.url}
    settings.PUBLIC_URL = live_server.url
    connection = sign_in(admin)
    assert subscribing.ask(connection)
    client = registry.open_source(connection)
    for kind in client.kinds:
        mirroring.records(connection, kind, client.records(kind))
    project = connection.records.get(kind=RecordKind.PROJECT, external_id=str(JOB))
    bringing.commitments(connection, project, client.commitments(str(JOB)))
    bringing.bills(connection, project, client.bills(str(JOB)))
    return connection


def sign_in(admin):
    return trying.sign_in(admin.company, System.BUILDERTREND, TYPED, by=admin.user)


def tell(buildertrend):
    """What is due is sent; what we answered."""
    before = len(buildertrend.sandbox.hooks.sent)
    buildertrend.sandbox.hooks.send_due()
    return [each.status for each in buildertrend.sandbox.hooks.sent[before:]]


def hear():
    for row in InboxEvent.objects.filter(state=InboxEvent.State.RECEIVED).order_by("pk"):
        tasks.hear(row.pk)


def test_a_bill_that_is_edited_there_is_read_again(buildertrend, tied):
    buildertrend.screen(f"bills/{BILL}", {"status": "Void"})

    assert tell(buildertrend) == [200]
    hear()

    bill = Bill.objects.get(external_id=str(BILL))
    assert (bill.status, bill.is_approved) == ("Void", False)
    assert InboxEvent.objects.get().state == InboxEvent.State.DONE


def test_a_bill_that_moved_on_since_is_kept_under_the_job_it_is_in(buildertrend, tied):
    buildertrend.screen(f"bills/{BILL}", {"status": "Ready for Payment"})
    tell(buildertrend)
    buildertrend.write("bills", {"id": BILL, "job_id": OTHER_JOB})

    hear()

    assert Bill.objects.get(external_id=str(BILL)).project.external_id == str(OTHER_JOB)


def test_a_purchase_order_and_a_vendor_are_read_again(buildertrend, tied):
    buildertrend.write("purchase_orders", {"id": ORDER, "approval_status": "Draft"})
    buildertrend.screen(f"purchase_orders/{ORDER}/approve")
    buildertrend.screen(f"vendors/{FRAMER}/rename", {"name": "Ridge Framing Inc"})

    tell(buildertrend)
    hear()

    assert Commitment.objects.get(external_id=str(ORDER)).status == "Sub/Vendor Approved"
    vendor = tied.records.get(kind=RecordKind.VENDOR, external_id=str(FRAMER))
    assert (vendor.name, vendor.renamed_from) == ("Ridge Framing Inc", "Ridge Framing LLC")


def test_a_doubled_and_a_replayed_delivery_are_kept_once(buildertrend, tied):
    buildertrend.screen("mischief", {"kind": "duplicate"})
    buildertrend.screen(f"bills/{BILL}", {"title": "Twice"})

    assert tell(buildertrend) == [200, 200]
    assert buildertrend.sandbox.hooks.replay(buildertrend.sandbox.hooks.sent[0]) == 200

    assert InboxEvent.objects.count() == 1


def test_news_out_of_order_ends_with_the_bill_as_it_is(buildertrend, tied):
    buildertrend.screen("mischief", {"kind": "reorder"})
    buildertrend.screen(f"bills/{BILL}", {"title": "First"})
    buildertrend.screen(f"bills/{BILL}", {"title": "Second"})

    tell(buildertrend)
    hear()

    assert Bill.objects.get(external_id=str(BILL)).description == "Second"


def test_a_corrupt_signature_is_refused_and_counted(buildertrend, tied):
    buildertrend.screen("mischief", {"kind": "corrupt"})
    buildertrend.screen(f"bills/{BILL}", {"title": "Forged"})

    assert tell(buildertrend) == [401]

    assert not InboxEvent.objects.exists()
    assert RefusedNews.objects.get().count == 1


def test_a_replay_after_five_minutes_is_refused(buildertrend, tied):
    # Over there it is ten minutes ago, as for one who kept what was sent then.
    buildertrend.sandbox.clock_offset -= timedelta(minutes=10)
    buildertrend.screen(f"bills/{BILL}", {"title": "Late"})

    assert tell(buildertrend) == [401]


def test_what_waited_under_the_secret_before_is_taken_after_a_reconnection(
    buildertrend, tied, admin
):
    buildertrend.screen(f"bills/{BILL}", {"title": "Before"})
    again = sign_in(admin)
    assert subscribing.ask(again)
    buildertrend.screen(f"vendors/{FRAMER}/rename", {"name": "After"})

    assert tell(buildertrend) == [200, 200]

    assert again.pk == tied.pk
    assert len(buildertrend.sandbox.store.all("subscriptions")) == 1


def test_files_ask_for_no_news():
    connection = Connection(way=Way.FILES, system=System.BUILDERTREND)

    assert list(subscribe(connection, "https://tieout.example/", "s" * 32, ())) == []
