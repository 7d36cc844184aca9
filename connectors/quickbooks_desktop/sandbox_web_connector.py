"""A Web Connector that calls us: the conversation of section 1.3, over real HTTP.

Beyond the sheet, and assumed: it says goodbye with closeConnection after "none" but not after a
user that is refused or a connectionError that was answered with "done"; it stamps the FileID into
the company file in the first run after the application was added, and never again, so that another
file under the same path stays without it. A company file has no other lock here than this one's.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from xml.etree.ElementTree import Element

import requests

from connectors.quickbooks_desktop import sandbox_qwc as qwc
from connectors.quickbooks_desktop import sandbox_soap as soap
from connectors.quickbooks_desktop.sandbox_company_file import Session
from connectors.quickbooks_desktop.sandbox_info import questions
from connectors.quickbooks_desktop.sandbox_machine import Machine
from connectors.quickbooks_desktop.sandbox_qwc import Application, NotAnApplication
from connectors.quickbooks_desktop.sandbox_refusals import CannotRun, cannot_run
from connectors.quickbooks_desktop.sandbox_soap import ServiceFailed
from connectors.quickbooks_desktop.sandbox_troubles import Troubles
from connectors.sandboxing import Doc, Store

CLIENT_VERSION = "2.3.0.207"
NEWEST_QBXML = (16, 0)
MOST_PAUSES = 50
MOST_TRIES_TO_OPEN = 5
RUNS_KEPT = 200


@dataclass(frozen=True)
class Called:
    """One call of ours on the service, and what came back."""

    operation: str
    arguments: Mapping[str, object]
    result: object


@dataclass
class Run:
    """One conversation. `outcome` is finished, nothing to do, or the reason it stopped."""

    application: str
    started_at: datetime
    outcome: str = ""
    percent: int = 0
    requests_run: int = 0
    calls: list[Called] = field(default_factory=list)
    problem: str = ""  # what the window of the Web Connector shows

    @property
    def operations(self) -> list[str]:
        return [call.operation for call in self.calls]

    def shown(self) -> Doc:
        return {
            "application": self.application,
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "outcome": self.outcome,
            "percent": self.percent,
            "requests_run": self.requests_run,
            "operations": self.operations,
            "problem": self.problem,
        }


class Stopped(Exception):
    """The machine or the program went away in the middle: nobody says goodbye."""


class WebConnector:
    """The program beside QuickBooks. Its list of applications survives a restart."""

    def __init__(
        self,
        machine: Machine,
        store: Store,
        lock: AbstractContextManager[object],
        now: Callable[[], datetime],
        *,
        pause_seconds: float = 5.0,
    ) -> None:
        self.machine = machine
        self.troubles = Troubles()
        self.pause_seconds = pause_seconds
        self.most_pauses = MOST_PAUSES
        self.runs: deque[Run] = deque(maxlen=RUNS_KEPT)
        self._store = store
        self._lock = lock
        self._now = now
        self._running = threading.Lock()

    # --- The list of applications -------------------------------------------------------------

    def install(self, text: str, password: str) -> Application:
        """Add an application: read its file, look at its address, take its password.

        Adding it again replaces it, and stamps the company file anew.

        Raises:
            NotAnApplication: the file is refused, or the name is another application's.
        """
        application = qwc.read(text)
        known = {doc["name"]: doc for doc in self.applications}.get(application.name)
        if known and known["file_id"] != application.file_id:
            raise NotAnApplication(
                f"{application.name} is there already, for another company file. Remove it first."
            )
        try:
            answer = requests.get(application.url, timeout=soap.SECONDS_TO_ANSWER)
        except requests.RequestException as error:
            raise NotAnApplication(f"{application.url} cannot be reached: {error}") from error
        if answer.status_code != 200:
            raise NotAnApplication(f"{application.url} answered with {answer.status_code}.")
        fresh = {"password": password, "is_stamped": False, "next_at": "", "least_seconds": 0}
        self._keep(application, fresh)
        return application

    def remove(self, name: str) -> None:
        with self._lock, self._store.transaction():
            self._store.delete("application", name)

    @property
    def applications(self) -> list[Doc]:
        """As they are kept, without their passwords."""
        with self._lock:
            docs = self._store.all("application")
        return [{name: doc[name] for name in doc if name != "password"} for doc in docs]

    def _keep(self, application: Application, more: Doc) -> None:
        with self._lock, self._store.transaction():
            old = self._store.get("application", application.name) or {}
            kept = {**old, **application.kept(), **more}
            self._store.put("application", application.name, kept)

    # --- Running ------------------------------------------------------------------------------

    def run_forever(self, stop: threading.Event, every_seconds: float) -> None:
        """Call every application each `every_seconds`, unless it asked to be left alone longer."""
        while not stop.wait(every_seconds):
            for doc in self.applications:
                if not doc["next_at"] or self._now() >= datetime.fromisoformat(doc["next_at"]):
                    self.run_once(doc["name"])

    def run_once(self, name: str = "") -> Run:
        """One update, as when a person presses "Update selected"; of the first if none is named."""
        with self._lock:
            docs = {doc["name"]: doc for doc in self._store.all("application")}
        doc = docs[name] if name else next(iter(docs.values()))
        run = Run(doc["name"], self._now())
        if not self.machine.is_on:
            run.outcome = "the machine is off"
            return run
        fields = Application.__dataclass_fields__
        application = Application(**{part: doc[part] for part in fields})
        with self._running:
            try:
                _Conversation(self, run, application, doc).hold()
            except ServiceFailed as failure:
                run.outcome, run.problem = "the service failed", str(failure)
            except Stopped as stopped:
                run.outcome = str(stopped)
            self.runs.append(run)
        return run

    def schedule(self, application: Application, entries: list[str]) -> None:
        """Entries 3 and 4 of authenticate: wait so long once, and from now on at least so long."""
        once, always = (
            int(entry) if entry.isdigit() else 0 for entry in (*entries[2:], "", "")[:2]
        )
        doc = {doc["name"]: doc for doc in self.applications}[application.name]
        least = always or doc["least_seconds"]
        wait = max(once, least)
        next_at = (self._now() + timedelta(seconds=wait)).isoformat() if wait else ""
        self._keep(application, {"next_at": next_at, "least_seconds": least})

    def stamp(self, application: Application) -> None:
        """The first run after an application was added leaves its FileID in the file (1.5)."""
        doc = {doc["name"]: doc for doc in self.applications}[application.name]
        if not doc["is_stamped"] and self.machine.open is not None:
            self.machine.open.put_stamp(application.owner_id, application.file_id)
            self._keep(application, {"is_stamped": True})


class _Conversation:
    """One run of one application."""

    def __init__(
        self, connector: WebConnector, run: Run, application: Application, doc: Doc
    ) -> None:
        self.connector, self.run, self.application = connector, run, application
        self.password: str = doc["password"]
        self.ticket = ""
        self.session: Session | None = None

    def hold(self) -> None:
        self._text("serverVersion")
        verdict = self._text("clientVersion", strVersion=CLIENT_VERSION)
        if verdict.startswith("E:"):
            self.run.outcome, self.run.problem = "this version is refused", verdict[2:]
            return
        if self.connector.troubles.strikes("wrong_password"):
            self.password = f"{self.password}-mistyped"
        entries = soap.strings_in(
            self._call(
                "authenticate",
                strUserName=self.application.user_name,
                strPassword=self.password,
            )
        )
        self._note(entries)
        self.ticket, what = entries[0], entries[1]
        self.connector.schedule(self.application, entries)
        if what in {"nvu", "busy"}:
            self.run.outcome = "not a valid user" if what == "nvu" else "the service is busy"
        elif what == "none":
            self.run.outcome = "nothing to do"
            self._close()
        elif self._opened(what):
            self._exchange()
            self._close()

    # --- QuickBooks ---------------------------------------------------------------------------

    def _opened(self, wanted: str) -> bool:
        """Begin a session with QuickBooks, asking the service what to do while it refuses."""
        for _try in range(MOST_TRIES_TO_OPEN):
            try:
                trouble = self.connector.troubles.strikes("cannot_open")
                if trouble is not None:
                    raise cannot_run(trouble.hresult)
                file = self.connector.machine.file_for(wanted)
            except CannotRun as refused:
                answer = self._text(
                    "connectionError",
                    ticket=self.ticket,
                    hresult=refused.hresult,
                    message=refused.message,
                )
                if answer.casefold() == "done":
                    self.run.outcome = "QuickBooks could not be opened"
                    self.run.problem = refused.message
                    return False
                wanted = answer
            else:
                self.connector.stamp(self.application)
                self.session = file.open(self.application.owner_id)
                return True
        self.run.outcome = "QuickBooks could not be opened"
        return False

    # --- Requests -----------------------------------------------------------------------------

    def _exchange(self) -> None:
        """sendRequestXML and receiveResponseXML, until the service has no more."""
        is_first, pauses = True, 0
        while True:
            request = self._asked(is_first=is_first)
            is_first = False
            if request:
                pauses = 0
                if not self._goes_on(self._delivered(request)):
                    return
                continue
            word = self._text("getLastError", ticket=self.ticket)
            if word != "NoOp" or pauses >= self.connector.most_pauses:
                self.run.outcome, self.run.problem = "nothing was sent", word
                return
            pauses += 1
            time.sleep(self.connector.pause_seconds)

    def _asked(self, *, is_first: bool) -> str:
        troubles, machine = self.connector.troubles, self.connector.machine
        if troubles.strikes("kill"):
            raise Stopped("the Web Connector was ended")
        if troubles.strikes("switch_file"):
            others = [path for path, file in machine.files.items() if file is not machine.open]
            machine.show(others[0] if others else "")
            self.session = machine.open.open(self.application.owner_id) if machine.open else None
        major, minor = NEWEST_QBXML
        request = self._text(
            "sendRequestXML",
            ticket=self.ticket,
            strHCPResponse=self._hcp() if is_first else "",
            strCompanyFileName=machine.path,
            qbXMLCountry="US",
            qbXMLMajorVers=major,
            qbXMLMinorVers=minor,
        )
        if request and troubles.strikes("stop_after_send"):
            raise Stopped("the machine stopped before the request was run")
        return request

    def _hcp(self) -> str:
        return self._run(questions(self.application.owner_id))[0]

    def _run(self, request: str) -> tuple[str, str, str]:
        """What receiveResponseXML carries: a response, or an HRESULT and its words."""
        try:
            if self.session is None:
                raise cannot_run("0x80040417")
            return self.session.process(request), "", ""
        except CannotRun as refused:
            return "", refused.hresult, refused.message

    def _delivered(self, request: str) -> int:
        troubles = self.connector.troubles
        if trouble := troubles.strikes("cannot_run"):
            refused = cannot_run(trouble.hresult)
            answer = ("", refused.hresult, refused.message)
        else:
            answer = self._run(request)
            self.run.requests_run += 1
        if troubles.strikes("lose_answer"):
            raise Stopped("the machine stopped before the answer was delivered")
        done = self._deliver(answer)
        if troubles.strikes("replay"):
            done = self._deliver(answer)
        if troubles.strikes("lose_reply"):
            raise Stopped("the machine stopped before it read the reply")
        return done

    def _deliver(self, answer: tuple[str, str, str]) -> int:
        response, hresult, message = answer
        done = soap.number_in(
            self._call(
                "receiveResponseXML",
                ticket=self.ticket,
                response=response,
                hresult=hresult,
                message=message,
            )
        )
        self._note(done)
        return done

    def _goes_on(self, done: int) -> bool:
        """Is there another request? 100 is the end, even with work left (1.3)."""
        if done < 0 or done > 100:
            self.run.problem = self._text("getLastError", ticket=self.ticket)
            self.run.outcome = "the service reported an error"
            return False
        self.run.percent = done
        if done == 100:
            self.run.outcome = "finished"
        return done < 100

    def _close(self) -> None:
        self._text("closeConnection", ticket=self.ticket)

    # --- Calls --------------------------------------------------------------------------------

    def _text(self, operation: str, **arguments: object) -> str:
        said = soap.text_in(self._call(operation, **arguments))
        self._note(said)
        return said

    def _call(self, operation: str, **arguments: object) -> Element:
        shown = {**arguments, "strPassword": "…"} if "strPassword" in arguments else arguments
        self.run.calls.append(Called(operation, shown, None))
        return soap.call(self.application.url, operation, arguments)

    def _note(self, result: object) -> None:
        last = self.run.calls[-1]
        self.run.calls[-1] = Called(last.operation, last.arguments, result)
