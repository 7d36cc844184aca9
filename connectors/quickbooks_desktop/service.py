"""Answers a Web Connector: each operation of its protocol in its own words.

Source: 1.3 and 1.4 of the reference sheet. A run is authenticate, then sendRequestXML and
receiveResponseXML in turn, then closeConnection.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from django.conf import settings
from django.urls import reverse

from connectors.models import Connection
from connectors.quickbooks_desktop import guarding, refusals, sessions
from connectors.quickbooks_desktop.models import WebConnectorSession
from connectors.quickbooks_desktop.recognising import NotRecognised, recognise
from connectors.quickbooks_desktop.soap import Called, Value

VERSION = "1.0"
# What the protocol calls what (1.3, 1.4).
NO_WORK, NOT_VALID, BUSY = "none", "nvu", "busy"
ASK_AGAIN = "NoOp"  # it waits some five seconds and calls for work anew
GIVE_UP = "done"
FAILED, FINISHED = -1, 100

OVER = "This session is over. The next run of the Web Connector begins a new one."
SIGNS_IN_WRONGLY = (
    "The Web Connector on that computer signs in with a wrong password. Type the right one there,"
    " or make a new one here. After five wrong ones it waits up to half an hour."
)
ANOTHER_FILE = (
    "Somebody opened another company file in QuickBooks during the run, so nothing more was asked."
    " Open the one that is connected, and run the Web Connector again."
)
NOTHING_LEFT = "Everything is done."
# Named by us, the company file could not be opened: perhaps it lies elsewhere by now.
NOT_WHERE_IT_WAS = {"0x80040403", "0x80040406"}
# Of these the question alone is at fault; the session goes on with the next one.
ONLY_THIS_QUESTION = {refusals.PARSE_ERROR}


class UnknownOperation(LookupError):
    """A Web Connector has no such operation."""


@dataclass(frozen=True)
class Service:
    """What one connection's Web Connector is answered."""

    connection: Connection

    def answer(self, called: Called) -> Value:
        """Raises UnknownOperation; ValueError when a number is none."""
        try:
            operation = _OPERATIONS[called.operation]
        except KeyError:
            raise UnknownOperation(called.operation) from None
        return operation(self, called.arguments.get)

    # --- Before there is a session ----------------------------------------------------------------

    def server_version(self, _said: "Said") -> Value:
        return VERSION

    def client_version(self, _said: "Said") -> Value:
        return ""  # every version will do

    def authenticate(self, said: "Said") -> Value:
        no_ticket = str(uuid4())  # even a refusal carries something like one (1.4)
        user, password = said("strUserName", ""), said("strPassword", "")
        if not guarding.lets_in(self.connection, user, password):
            sessions.note_problem(self.connection, SIGNS_IN_WRONGLY)
            return [no_ticket, NOT_VALID]
        sessions.note_heard(self.connection)
        if self.connection.problem == SIGNS_IN_WRONGLY:
            sessions.note_problem(self.connection, "")
        state = self.connection.state
        if state == Connection.State.PAUSED:
            return [no_ticket, NO_WORK]
        # The first call of all has to come through: it says which company file this is.
        is_known = state != Connection.State.WAITING
        if is_known and not sessions.waits(self.connection, is_open=False):
            return [no_ticket, NO_WORK]
        ticket = sessions.begin(self.connection)
        if ticket is None:
            return [no_ticket, BUSY]
        return [ticket, self.connection.options.get("company_file", "") if is_known else ""]

    # --- Work -------------------------------------------------------------------------------------

    def send_request(self, said: "Said") -> Value:
        session = self._session(said)
        if session is None or session.problem:
            return ""
        path = said("strCompanyFileName", "")
        if session.is_recognised and path and path != session.company_file:
            self._stop(session, ANOTHER_FILE)
            return ""
        if not session.is_recognised:
            try:
                session = recognise(
                    session,
                    said("strHCPResponse", ""),
                    path=path,
                    country=said("qbXMLCountry", ""),
                    version=(int(said("qbXMLMajorVers", "0")), int(said("qbXMLMinorVers", "0"))),
                )
            except NotRecognised as error:
                self._stop(session, str(error))
                return ""
            sessions.note_problem(session.connection, "")
        return sessions.hand_out(session)

    def receive_response(self, said: "Said") -> Value:
        session = sessions.find(self.connection, said("ticket", ""))
        if session is None:
            return FAILED
        hresult, message = said("hresult", "").strip(), said("message", "")
        # What comes after the end is kept as well: it may be what somebody looks for.
        sessions.take_answer(session, said("response", ""), hresult, message)
        if not sessions.is_alive(session):
            return FAILED
        if hresult:
            sentence = str(refusals.could_not_run(hresult, message))
            if refusals.canonical(hresult) not in ONLY_THIS_QUESTION:
                self._stop(session, sentence)
                return FAILED
        else:
            sessions.note_problem(session.connection, "")
        waiting = sessions.waits(session.connection, is_open=True)
        return sessions.percent_done(session, waiting)

    def connection_error(self, said: "Said") -> Value:
        """QuickBooks, or the company file, could not be opened."""
        session = self._session(said)
        if session is None:
            return GIVE_UP
        hresult = refusals.canonical(said("hresult", ""))
        if hresult in NOT_WHERE_IT_WAS and not session.has_tried_open_file:
            # The file that is open now will do, if it is the right one.
            WebConnectorSession.objects.filter(pk=session.pk).update(has_tried_open_file=True)
            return ""
        self._stop(session, str(refusals.could_not_run(hresult, said("message", ""))))
        return GIVE_UP

    def last_error(self, said: "Said") -> Value:
        session = sessions.find(self.connection, said("ticket", ""))
        if session is None:
            return OVER
        if session.problem:
            return session.problem
        if not sessions.is_alive(session):
            return OVER
        waiting = sessions.waits(session.connection, is_open=True)
        if waiting and not sessions.gives_up(session):
            return ASK_AGAIN
        return NOTHING_LEFT

    def close(self, said: "Said") -> Value:
        session = sessions.find(self.connection, said("ticket", ""))
        if session is None:
            return OVER
        sessions.end(session)
        return session.problem or f"OK, {session.done} asked and answered."

    # --- Questions to the person there: we have none ----------------------------------------------

    def interactive_url(self, _said: "Said") -> Value:
        slug = self.connection.company.slug
        return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('connectors:connections', args=[slug])}"

    def interactive_done(self, _said: "Said") -> Value:
        return "DONE"

    def interactive_rejected(self, _said: "Said") -> Value:
        return "Nothing was changed."

    # --- Small things -----------------------------------------------------------------------------

    def _session(self, said: "Said") -> WebConnectorSession | None:
        """The session of the ticket, while it lives."""
        session = sessions.find(self.connection, said("ticket", ""))
        return session if session is not None and sessions.is_alive(session) else None

    def _stop(self, session: WebConnectorSession, problem: str) -> None:
        """The sentence goes to its log there, and to the connections page here."""
        sessions.note_problem(session.connection, problem)
        sessions.stop(session, problem)


Said = Callable[[str, str], str]  # an argument by its name, or what stands for one that is missing
_OPERATIONS: dict[str, Callable[[Service, Said], Value]] = {
    "serverVersion": Service.server_version,
    "clientVersion": Service.client_version,
    "authenticate": Service.authenticate,
    "sendRequestXML": Service.send_request,
    "receiveResponseXML": Service.receive_response,
    "connectionError": Service.connection_error,
    "getLastError": Service.last_error,
    "closeConnection": Service.close,
    "getInteractiveURL": Service.interactive_url,
    "isInteractiveDone": Service.interactive_done,
    "interactiveDone": Service.interactive_done,
    "interactiveRejected": Service.interactive_rejected,
}
