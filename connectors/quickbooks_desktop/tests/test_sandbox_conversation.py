"""The sandbox's Web Connector and our own service, talking over real HTTP."""

import threading
from contextlib import contextmanager

import pytest

from common.choices import RecordKind, System
from connectors import registry, waiting
from connectors.models import Connection
from connectors.quickbooks_desktop.connector_file import OWNER_ID, connector_file, file_id
from connectors.quickbooks_desktop.line import open_sessions
from connectors.quickbooks_desktop.sandbox import QuickBooksDesktopSandbox
from connectors.quickbooks_desktop.sandbox_troubles import Trouble
from connectors.quickbooks_desktop.sandbox_web_connector import MOST_PAUSES
from connectors.quickbooks_desktop.tests.bench import BILL
from connectors.quickbooks_desktop.tests.sandbox_world import SEED
from connectors.signals import connector_asks

OWNER = f"{{{OWNER_ID}}}"
LISTS = {
    RecordKind.VENDOR: "Vendor",
    RecordKind.CUSTOMER: "Customer",
    RecordKind.ITEM: "Item",
    RecordKind.ACCOUNT: "Account",
    RecordKind.CLASS: "Class",
    RecordKind.TERM: "Terms",
}
PATH = r"C:\Books\Harbor Point.qbw"


class Talk:
    """A connection of ours, and a machine on which its connector file was installed."""

    def __init__(self, company, admin):
        self.sandbox = QuickBooksDesktopSandbox(seed=SEED, pause_seconds=0.02)
        self.connector = self.sandbox.connector
        self.row, self.password = waiting.begin(company, System.QUICKBOOKS_DESKTOP, by=admin)
        self.install()

    def install(self):
        self.connector.install(connector_file(self.row).content.decode(), self.password)

    def run(self, *troubles):
        for trouble in troubles:
            self.connector.troubles.order(trouble)
        return self.connector.run_once()

    @property
    def now(self):
        return Connection.objects.get(pk=self.row.pk)

    @contextmanager
    def calling(self):
        """The Web Connector calls again and again, and there is always something that waits."""
        stop = threading.Event()
        thread = threading.Thread(target=self.connector.run_forever, args=(stop, 0.05))
        connector_asks.connect(something_waits)
        thread.start()
        try:
            for _ in range(1000):
                if open_sessions(self.row).exists():
                    break
                stop.wait(0.02)
            yield registry.open_client(self.now)
        finally:
            connector_asks.disconnect(something_waits)
            stop.set()
            self.connector.troubles.order(Trouble("kill"))
            thread.join()
            self.connector.troubles.clear()


def something_waits(sender, **_said):
    return 1


@pytest.fixture
def talk(live_server, company, admin, settings):
    settings.PUBLIC_URL = live_server.url
    settings.QUICKBOOKS_DESKTOP = {
        **settings.QUICKBOOKS_DESKTOP, "taken_within": 5, "answered_within": 2, "holds_call": 0.5,
        "silent_after": 1.5,
    }  # fmt: skip
    return Talk(company, admin)


def work(talk, *troubles):
    """One run while something waits, which hangs up when it was told twice to wait."""
    connector_asks.connect(something_waits)
    talk.connector.most_pauses = 1
    try:
        return talk.run(*troubles)
    finally:
        connector_asks.disconnect(something_waits)
        talk.connector.most_pauses = MOST_PAUSES


def test_the_first_run_ties_the_connection_and_stamps_the_file(talk):
    work(talk)

    assert (talk.now.state, talk.now.name) == ("connected", "Harbor Point Builders Inc.")
    assert talk.now.options["company_file"] == PATH
    assert talk.sandbox.company_file.stamp(OWNER).lower() == file_id(talk.now)


def test_a_mistyped_password_is_no_user(talk):
    assert talk.run(Trouble("wrong_password")).outcome == "not a valid user"


def test_another_company_under_the_same_path_is_asked_nothing(talk):
    work(talk)
    talk.sandbox.another_file(PATH, name="Somebody Else Inc.")
    talk.sandbox.machine.show(PATH)

    run = work(talk)

    assert (run.outcome, run.requests_run) == ("nothing was sent", 0)
    assert "Somebody Else Inc." in talk.now.problem


@pytest.mark.parametrize(
    ("hresult", "word"),
    [
        ("0x80040414", "window"),
        ("0x8004040A", "another company file"),
        ("0x80040410", "mode"),
        ("0x80040416", "not running"),
        ("0x8004041A", "does not let Tieout in"),
    ],
)
def test_what_keeps_quickbooks_from_opening_is_said_in_plain_words(talk, hresult, word):
    work(talk)

    run = work(talk, Trouble("cannot_open", hresult))

    assert run.outcome == "QuickBooks could not be opened"
    assert word in talk.now.problem


def test_lists_come_whole_through_their_pages(talk):
    work(talk)
    books = talk.sandbox.company_books

    with talk.calling() as client:
        found = {kind: list(client.records(kind)) for kind in LISTS}

    for kind, name in LISTS.items():
        assert {each.external_id for each in found[kind]} == {
            each["ListID"] for each in books.all(name)
        }


@pytest.mark.parametrize("kind", ["replay", "lose_reply"])
def test_an_answer_that_comes_twice_or_whose_reply_is_lost_posts_once(talk, kind):
    work(talk)
    before = len(talk.sandbox.company_books.all("Bill"))

    with talk.calling() as client:
        body = client.write_bill(BILL)
        talk.connector.troubles.order(Trouble(kind))
        posted = client.post_bill(body, key=BILL.key)

    assert talk.sandbox.company_books.get("Bill", posted.external_id)["RefNumber"] == BILL.number
    assert len(talk.sandbox.company_books.all("Bill")) == before + 1
