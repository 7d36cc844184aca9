"""A Web Connector's run, call by call: who is let in, what it is given, what it brings back."""

import threading
from datetime import timedelta
from xml.etree.ElementTree import Element, SubElement

import pytest
from django.db import connection as database
from django.utils import timezone

from connectors import linking, waiting
from connectors.errors import Asleep, CredentialsExpired, NotSent, Refused, Unreachable
from connectors.models import Connection, WebConnectorQuestion, WebConnectorSession
from connectors.quickbooks_desktop import line as lines
from connectors.quickbooks_desktop import sessions
from connectors.quickbooks_desktop.connector_file import OWNER_ID, file_id
from connectors.quickbooks_desktop.line import Line
from connectors.quickbooks_desktop.qbxml import Request
from connectors.quickbooks_desktop.tests.conftest import FILE, answer_to, said_of_itself
from sync.models import Run

VENDORS = Request(name="VendorQueryRq")


@pytest.fixture
def quiet(hand):
    """Connected, in session, and no pull is due."""
    hand.authenticate()
    hand.ask_for_work(said_of_itself())
    Run.objects.update(state=Run.State.DONE)
    hand.connection.refresh_from_db()
    return hand


class Asker(threading.Thread):
    """A worker that asks while the test plays the Web Connector."""

    def __init__(self, connection, *requests, body="", mark=""):
        super().__init__()
        self.line = Line(connection)
        self.requests, self.body, self.mark = requests, body, mark
        self.answer = self.error = None
        self.start()
        for _ in range(200):  # until the question lies there
            if WebConnectorQuestion.objects.filter(state="waiting").exists():
                break
            self.join(0.01)

    def run(self):
        try:
            if self.body:
                self.answer = self.line.send(self.body, mark=self.mark, what="BillAddRq")
            else:
                self.answer = self.line.ask(*self.requests)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error
        finally:
            database.close()

    def done(self):
        self.join(5)
        assert not self.is_alive()
        return self


def vendor(name):
    row = Element("VendorRet")
    SubElement(row, "Name").text = name
    return row


# --- Who is let in --------------------------------------------------------------------------------


def test_the_first_session_says_which_company_this_is(hand):
    assert hand.authenticate() == ""

    assert hand.ask_for_work(said_of_itself()) == ""

    row = Connection.objects.get()
    assert (row.state, row.name) == (Connection.State.CONNECTED, "Acme Builders Inc")
    assert row.books_closed_through.isoformat() == "2026-06-30"
    assert row.options["company_file"] == FILE
    assert row.last_heard == "last heard just now"


def test_the_first_session_finds_our_mark_already_in_the_file(hand):
    """The Web Connector writes it as the connector file is added to it, before it calls (1.5)."""
    hand.authenticate()

    hand.ask_for_work(said_of_itself(stamp=(f"{{{OWNER_ID}}}", file_id(hand.connection))))

    row = Connection.objects.get()
    assert (row.state, row.options["is_stamped"]) == (Connection.State.CONNECTED, True)


def test_the_first_session_begins_a_pull(hand):
    hand.authenticate()
    hand.ask_for_work(said_of_itself())

    assert Run.objects.get().kind == Run.Kind.PULL
    assert hand.last_error() == "NoOp"


@pytest.mark.parametrize("wrong", [{"password": "wrong"}, {"user": "tieout-0"}])
def test_a_wrong_name_or_password_is_no_valid_user(hand, wrong):
    assert hand.authenticate(**wrong) == "nvu"


def test_a_wrong_password_is_told_to_the_admin_until_it_is_right(hand):
    hand.authenticate(password="wrong")
    assert "wrong password" in Connection.objects.get().problem

    hand.authenticate()

    assert Connection.objects.get().problem == ""


def test_after_five_wrong_passwords_the_right_one_waits_as_well(hand):
    for _ in range(5):
        hand.authenticate(password="wrong")

    assert hand.authenticate() == "nvu"


def test_the_wait_grows_and_ends(hand):
    for _ in range(7):
        hand.authenticate(password="wrong")
    row = Connection.objects.get()
    row.options["sign_in"]["shut_until"] = (timezone.now() - timedelta(seconds=1)).isoformat()
    row.save()

    assert hand.authenticate(password="wrong") == "nvu"
    assert Connection.objects.get().options["sign_in"]["count"] == 6
    assert hand.authenticate() == "nvu"


def test_a_new_password_forgets_the_wrong_ones(hand, admin):

    for _ in range(6):
        hand.authenticate(password="wrong")
    _row, hand.password = waiting.begin(hand.connection.company, hand.connection.system, by=admin)

    assert hand.authenticate() == ""


def test_two_machines_cannot_be_in_session_at_once(quiet):
    first = quiet.ticket
    Run.objects.update(started_at=timezone.now() - timedelta(days=1))

    assert quiet.authenticate() == "busy"
    quiet.ticket = first
    assert quiet.last_error() != "This session is over."


def test_a_session_that_fell_silent_makes_room_for_the_next(quiet):
    Run.objects.update(started_at=timezone.now() - timedelta(days=1))
    WebConnectorSession.objects.update(heard_at=timezone.now() - timedelta(minutes=3))
    before = quiet.ticket

    assert quiet.authenticate() == FILE
    assert quiet.ticket != before


def test_a_ticket_dies_after_ten_minutes_of_silence(quiet):
    WebConnectorSession.objects.update(heard_at=timezone.now() - timedelta(minutes=11))

    assert quiet.ask_for_work() == ""
    assert quiet.last_error().startswith("This session is over")


def test_no_session_is_opened_where_nothing_waits(quiet):
    quiet.close()

    assert quiet.authenticate() == "none"


def test_a_paused_connection_has_no_work(quiet):
    quiet.close()
    Connection.objects.update(state=Connection.State.PAUSED)
    Run.objects.update(started_at=timezone.now() - timedelta(days=1))

    assert quiet.authenticate() == "none"


def test_a_disconnected_connection_has_no_address(quiet):
    Connection.objects.update(state=Connection.State.DISCONNECTED)

    assert quiet.post(b"").status_code == 404


# --- The company file -----------------------------------------------------------------------------


def begin_again(hand, said):
    hand.close()
    Run.objects.update(started_at=timezone.now() - timedelta(days=1))
    hand.authenticate()
    assert hand.ask_for_work(said) == ""
    return Connection.objects.get()


def test_a_company_file_that_was_tied_before_is_taken_up_again(quiet, company, admin):
    before = quiet.connection
    quiet.close()
    linking.disconnect(before, by=admin)
    quiet.connection, quiet.password = waiting.begin(company, before.system, by=admin)

    quiet.authenticate()
    quiet.ask_for_work(said_of_itself())
    quiet.connection = Connection.objects.get()

    assert quiet.connection.pk == before.pk
    assert quiet.connection.state == Connection.State.CONNECTED
    assert quiet.last_error() in {"NoOp", "Everything is done."}


def test_another_company_is_refused_with_a_sentence(quiet):
    row = begin_again(quiet, said_of_itself("Beta Homes"))

    assert (row.name, "“Beta Homes”" in row.problem) == ("Acme Builders Inc", True)
    assert quiet.last_error() == row.problem


def test_a_renamed_company_is_known_by_our_mark(quiet):
    stamp = (f"{{{OWNER_ID}}}", file_id(quiet.connection))
    row = begin_again(quiet, said_of_itself("Acme Builders LLC", stamp=stamp))

    assert (row.name, row.problem) == ("Acme Builders LLC", "")


def test_a_copy_without_our_mark_is_refused(quiet):
    stamp = (f"{{{OWNER_ID}}}", file_id(quiet.connection))
    begin_again(quiet, said_of_itself(stamp=stamp))

    row = begin_again(quiet, said_of_itself())

    assert "does not carry our mark" in row.problem


@pytest.mark.parametrize("said", ["", "<QBXML/>", "no XML", "<!DOCTYPE a><QBXML/>"])
def test_what_does_not_say_which_company_it_is_gets_no_questions(hand, said):
    hand.authenticate()

    assert hand.ask_for_work(said) == ""
    assert "did not say which company" in hand.last_error()


def test_an_old_quickbooks_is_told_so(hand):
    hand.authenticate()

    hand.ask_for_work(said_of_itself(), version=12)

    assert "QuickBooks 2014 or newer" in hand.last_error()


# --- Questions and answers ------------------------------------------------------------------------


def test_nobody_on_the_line_is_told_at_once(hand):
    with pytest.raises(Asleep, match="never heard so far") as error:
        Line(hand.connection).ask(VENDORS)

    assert error.value.surely_not_done
    assert not WebConnectorQuestion.objects.exists()


def test_how_long_ago_it_was_heard_is_in_the_sentence(quiet):
    quiet.close()
    Connection.objects.update(last_heard_at=timezone.now() - timedelta(minutes=14))

    with pytest.raises(Asleep, match="last heard 14 minutes ago"):
        Line(quiet.connection).ask(VENDORS)


def test_a_question_is_handed_out_and_answered(quiet):
    asker = Asker(quiet.connection, VENDORS)

    body = quiet.ask_for_work()
    percent = quiet.bring(answer_to(body, vendor("Keystone")))

    assert percent == 100
    (reply,) = asker.done().answer.replies
    assert reply.rows[0].findtext("Name") == "Keystone"


def test_a_question_that_nobody_takes_is_withdrawn(quiet):
    asker = Asker(quiet.connection, VENDORS).done()

    assert isinstance(asker.error, NotSent)
    assert WebConnectorQuestion.objects.get().state == "withdrawn"
    assert quiet.ask_for_work() == ""


def test_a_question_that_was_taken_and_never_answered_may_have_been_done(quiet):
    asker = Asker(quiet.connection, VENDORS)
    assert quiet.ask_for_work()

    asker.done()

    assert isinstance(asker.error, Unreachable)
    assert not asker.error.surely_not_done


def test_nothing_is_handed_out_twice(quiet):
    asker = Asker(quiet.connection, VENDORS)
    assert quiet.ask_for_work()

    assert quiet.ask_for_work() == ""

    # Who asked learns at once that no answer will come.
    assert isinstance(asker.done().error, Unreachable)


def test_the_end_of_a_session_withdraws_what_waits(quiet):
    asker = Asker(quiet.connection, VENDORS)

    quiet.close()

    assert isinstance(asker.done().error, Asleep)


def test_a_late_answer_is_kept_with_its_own_question(quiet):
    asker = Asker(quiet.connection, VENDORS)
    first = quiet.ask_for_work()
    asker.done()
    other = Asker(quiet.connection, VENDORS)
    second = quiet.ask_for_work()

    quiet.bring(answer_to(first, vendor("First")))
    quiet.bring(answer_to(second, vendor("Second")))

    assert other.done().answer.replies[0].rows[0].findtext("Name") == "Second"
    late = WebConnectorQuestion.objects.order_by("pk").first()
    assert (late.state, "First" in late.answer) == ("answered", True)


def test_an_answer_that_comes_twice_counts_once(quiet):
    asker = Asker(quiet.connection, VENDORS)
    body = quiet.ask_for_work()

    quiet.bring(answer_to(body, vendor("Keystone")))
    quiet.bring(answer_to(body, vendor("Another")))

    asked = WebConnectorQuestion.objects.get()
    assert (asked.times_answered, "Keystone" in asked.answer) == (2, True)
    assert WebConnectorSession.objects.get().done == 1
    asker.done()


def test_an_answer_after_the_end_is_kept_too(quiet):
    asker = Asker(quiet.connection, VENDORS)
    body = quiet.ask_for_work()
    quiet.close()
    assert isinstance(asker.done().error, Unreachable)

    assert quiet.bring(answer_to(body, vendor("Keystone"))) == -1

    assert "Keystone" in WebConnectorQuestion.objects.get().answer


def test_an_answer_that_cannot_be_read_leaves_the_outcome_open(quiet):
    asker = Asker(quiet.connection, VENDORS)
    quiet.ask_for_work()

    quiet.bring("<QBXML><QBXMLMsgsRs>")

    assert not asker.done().error.surely_not_done


def test_a_bomb_in_an_answer_is_not_set_off(quiet):
    asker = Asker(quiet.connection, VENDORS)
    quiet.ask_for_work()

    quiet.bring('<!DOCTYPE a [<!ENTITY b "b"><!ENTITY c "&b;&b;">]><QBXML>&c;</QBXML>')

    assert "entities" in str(asker.done().error)


@pytest.mark.parametrize(
    ("hresult", "error", "goes_on"),
    [
        ("0x80040400", Refused, True),
        ("0x80040414", NotSent, False),
        ("0x80040410", NotSent, False),
        ("-2147220472", NotSent, False),
        ("0x8004041A", CredentialsExpired, False),
        ("0x80040402", Unreachable, False),
        ("0x80041234", Unreachable, False),
    ],
)
def test_why_a_question_could_not_be_run_decides_what_follows(quiet, hresult, error, goes_on):
    asker = Asker(quiet.connection, VENDORS)
    quiet.ask_for_work()

    percent = quiet.bring(hresult=hresult, message="Words of QuickBooks")

    assert type(asker.done().error) is error
    assert (percent >= 0) is goes_on
    assert bool(Connection.objects.get().problem) is not goes_on


def test_an_answer_counts_whatever_hresult_stands_beside_it(quiet):
    asker = Asker(quiet.connection, VENDORS)
    body = quiet.ask_for_work()

    quiet.bring(answer_to(body, vendor("Keystone")), hresult="0x80040414", message="A window")

    assert asker.done().answer.replies[0].rows[0].findtext("Name") == "Keystone"


def test_percent_done_never_says_the_end_while_work_waits(quiet):
    askers = [Asker(quiet.connection, VENDORS)]
    body = quiet.ask_for_work()
    askers.append(Asker(quiet.connection, VENDORS))

    assert quiet.bring(answer_to(body)) == 50

    assert quiet.bring(answer_to(quiet.ask_for_work())) == 100
    for asker in askers:
        asker.done()


def test_old_questions_are_forgotten(quiet):
    asker = Asker(quiet.connection, VENDORS)
    quiet.bring(answer_to(quiet.ask_for_work()))
    asker.done()
    quiet.close()
    old = timezone.now() - timedelta(days=31)
    WebConnectorQuestion.objects.update(asked_at=old)
    WebConnectorSession.objects.update(opened_at=old)

    assert lines.prune() == 2


def test_a_session_ends_when_work_waits_that_nobody_does(quiet, settings):
    Run.objects.update(started_at=timezone.now() - timedelta(days=1))
    assert quiet.last_error() == "NoOp"
    settings.QUICKBOOKS_DESKTOP = {**settings.QUICKBOOKS_DESKTOP, "gives_up_after": 0}

    assert quiet.last_error() == "Everything is done."


# --- What is no call of ours ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no well-formed XML"),
        (b"<a/>", "no SOAP 1.1 envelope"),
        (b'<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>', "entities"),
        (b"<a>" * 70 + b"</a>" * 70, "64 deep"),
    ],
)
def test_a_bad_call_is_a_fault_in_one_sentence(hand, body, said):
    answer = hand.post(body)

    assert answer.status_code == 500
    assert said in answer.content.decode()
    assert "Traceback" not in answer.content.decode()


def test_a_plain_get_says_that_somebody_is_there(hand, client):
    assert client.get(f"/qbwc/{hand.connection.row_key}/").status_code == 200


def test_a_ticket_of_another_connection_is_none(quiet):
    assert sessions.find(Connection(pk=0), quiet.ticket) is None


def test_a_file_with_another_mark_is_refused_though_it_has_the_name(quiet):
    other = (f"{{{OWNER_ID}}}", "{00000000-0000-4000-8000-000000000000}")

    row = begin_again(quiet, said_of_itself(stamp=other))

    assert "does not carry our mark" in row.problem
