"""A small, strict imitation of Sage Intacct's XML gateway over one company.

It knows sessions and their own endpoint, three levels of failure, transactions, the guard against
a repeated control id, and refuses what the real one refuses. Sections are those of the project's
reference sheet. It misbehaves only when a fault is ordered: connectors/sandboxing.py.
"""

import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar
from xml.etree.ElementTree import Element

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from connectors.sage_intacct import sandbox_refusals as refusals
from connectors.sage_intacct import sandbox_seed
from connectors.sage_intacct import sandbox_xml as xml
from connectors.sage_intacct.sandbox_controls import Controls
from connectors.sage_intacct.sandbox_functions import Functions
from connectors.sage_intacct.sandbox_lists import Asker
from connectors.sage_intacct.sandbox_pages import Pages
from connectors.sage_intacct.sandbox_refusals import ControlRefusal, Refusal, SignInRefusal
from connectors.sage_intacct.sandbox_xml import Asked, Result, text_of
from connectors.sandboxing import Doc

GATEWAY = "/ia/xml/xmlgw.phtml"
OF_SESSIONS = "/na12/ia/xml/xmlgw.phtml"  # where a session's calls go (3.4)
CONTENT_TYPES = {"application/xml", "text/xml"}


class SageIntacctSandbox(Controls, Pages):
    """One company in Sage Intacct."""

    routes: ClassVar = [
        *Controls.control_routes,
        *Pages.page_routes,
        ("POST", GATEWAY, "gateway"),
        ("POST", OF_SESSIONS, "gateway"),
    ]

    def __init__(
        self,
        *,
        seed: Path | None = None,
        books: Path | None = None,
        sender_id: str = "tieout-sandbox",
        sender_password: str = "tieout-sandbox-secret",  # noqa: S107 - the sandbox's own, public
    ) -> None:
        self.sender_id = sender_id
        self.sender_password = sender_password
        super().__init__(seed=seed, books=books)
        self.functions = Functions(self.entities, self.now)

    def load(self, seed: Path) -> None:
        sandbox_seed.load(self.entities, seed, self.now())

    def answer_error(self, request: Request, error: HTTPException) -> Response:
        return Response(
            f"<html><body><h1>{error.code} {error.name}</h1></body></html>",
            status=error.code or 500,
            mimetype="text/html",
        )

    # --- One request --------------------------------------------------------------------------

    def gateway(self, request: Request) -> Response:
        """Three levels of failure, in this order (4.2); below them one result for a function."""
        asked: Asked | None = None
        try:
            if request.mimetype not in CONTENT_TYPES:
                raise refusals.malformed("The content type has to be application/xml.")
            asked = xml.taken_apart(request.get_data())
            self._admit(asked)
            asker, session = self._signed_in(asked, request)
        except SignInRefusal as refusal:
            said = xml.authentication("failure", *_named(asked))
            operation = xml.made("operation", said, self._message(refusal))
            return _xml(xml.response(asked.control if asked else {}, operation))
        except ControlRefusal as refusal:
            control = asked.control if asked else {}
            return _xml(xml.response(control, self._message(refusal), status="failure"))
        results = self._worked(asked, asker, request)
        operation = xml.made("operation", self._authentication(asker, session))
        operation.extend(xml.result(one, self._support()) for one in results)
        return _xml(xml.response(asked.control, operation))

    def _admit(self, asked: Asked) -> None:
        control, left = asked.control, self.entities.company["rate_limited"]
        if left > 0:
            self.entities.change_company(rate_limited=left - 1)
            raise refusals.rate_limited()
        if (control["senderid"], control["password"]) != (self.sender_id, self.sender_password):
            raise refusals.wrong_sender()
        if control.get("policyid"):
            raise ControlRefusal(refusals.Complaint("XL03000006", "Unknown transport policy."))

    # --- Who asks -----------------------------------------------------------------------------

    def _signed_in(self, asked: Asked, request: Request) -> tuple[Asker, Doc]:
        ways = list(asked.authentication)
        if len(ways) != 1 or ways[0].tag not in {"login", "sessionid"}:
            raise refusals.malformed("An authentication holds a login or a session ID.")
        if ways[0].tag == "login":
            return self._by_login(asked, ways[0])
        return self._by_session(text_of(ways[0]), request)

    def _by_login(self, asked: Asked, login: Element) -> tuple[Asker, Doc]:
        said = xml.child_texts(login)
        if set(said) - xml.LOGIN:
            raise refusals.malformed("The login holds an element that is not in the schema.")
        company = self.entities.company
        if said.get("companyid", "").casefold() != company["id"].casefold():
            raise refusals.wrong_sign_in()
        if not company["web_services"]:
            raise refusals.no_web_services()
        if asked.control["senderid"] not in (company["senders"] or [self.sender_id]):
            raise refusals.sender_not_authorized(asked.control["senderid"], company["id"])
        user = self.entities.user(said.get("userid", ""))
        if user is None or not secrets.compare_digest(
            said.get("password", "").encode(), user["password"].encode()
        ):
            raise refusals.wrong_sign_in()
        asker = self.inside(user, said.get("locationid", ""))
        return asker, {"until": self._until()}

    def inside(self, user: Doc, entity: str) -> Asker:
        """Raises SignInRefusal: there is no such entity, or not for this user."""
        found = self.entities.named("LOCATIONENTITY", entity) if entity else None
        allowed = user["entities"]
        if (entity and found is None) or (allowed and (not entity or entity not in allowed)):
            raise refusals.no_such_entity(entity)
        return Asker(user, found["LOCATIONID"] if found else "")

    def _by_session(self, session_id: str, request: Request) -> tuple[Asker, Doc]:
        """Only at the endpoint that came with the session, and while it lives (3.4)."""
        session = self.store.get("session", session_id)
        if session is None or request.path != OF_SESSIONS:
            raise refusals.wrong_sign_in()
        if datetime.fromisoformat(session["until"]) <= self.now():
            raise refusals.wrong_sign_in()
        user = self.entities.user(session["user_id"])
        if user is None or not self.entities.company["web_services"]:
            raise refusals.wrong_sign_in()
        session["until"] = self._until()
        self.store.put("session", session_id, session)
        return self.inside(user, session["entity"]), session

    def _until(self) -> str:
        lasts = timedelta(seconds=self.entities.company["session_seconds"])
        return (self.now() + lasts).isoformat()

    def _authentication(self, asker: Asker, session: Doc) -> Element:
        lasts = timedelta(seconds=self.entities.company["session_seconds"])
        return xml.authentication(
            "success",
            asker.user["user_id"],
            self.entities.company["id"],
            asker.entity,
            datetime.fromisoformat(session["until"]),
            lasts,
        )

    # --- Functions ----------------------------------------------------------------------------

    def _worked(self, asked: Asked, asker: Asker, request: Request) -> list[Result]:
        if not asked.is_transaction:
            return [self._tried(asked, f, asker, request) for f in asked.functions]
        results: list[Result] = []
        try:
            with self.store.savepoint():
                self.entities.mark()
                for function in asked.functions:
                    done = self._done(asked, function, asker, request)
                    results.append(done)
        except Refusal as refusal:
            self.entities.forget_touched()
            return _rolled_back(asked, len(results), refusal)
        finally:
            for function in asked.functions[: len(results) + 1]:
                self._remember(asked, function)
        return results

    def _tried(self, asked: Asked, function: Element, asker: Asker, request: Request) -> Result:
        """One function on its own: its refusal undoes nothing but itself."""
        try:
            with self.store.savepoint():
                self.entities.mark()
                return self._done(asked, function, asker, request)
        except Refusal as refusal:
            self.entities.forget_touched()
            return Result(
                "failure", function[0].tag, function.get("controlid", ""),
                complaints=refusal.complaints,
            )  # fmt: skip
        finally:
            self._remember(asked, function)

    def _done(self, asked: Asked, function: Element, asker: Asker, request: Request) -> Result:
        controlid, call = function.get("controlid", ""), function[0]
        if asked.is_unique and self.store.get("controlid", controlid) is not None:
            raise refusals.repeated_control_id(controlid)
        if call.tag == "getAPISession":
            data: Element | None = self._session(asked, call, asker, request)
            return Result("success", call.tag, controlid, data)
        done = self.functions.call(call, asker)
        return Result("success", call.tag, controlid, done)

    def _remember(self, asked: Asked, function: Element) -> None:
        """Whatever came of it: how the real one treats a failed id is not established (6)."""
        if asked.is_unique:
            controlid = function.get("controlid", "")
            self.store.put("controlid", controlid, {"seen": self.now().isoformat()})

    def _session(self, asked: Asked, call: Element, asker: Asker, request: Request) -> Element:
        """Where a location is given the session is inside it; an empty one is the top (3.4)."""
        if len(asked.functions) != 1:
            raise Refusal(
                refusals.Complaint(
                    "Get API Session Failed", "getAPISession has to be the only function."
                )
            )
        entity = asker.entity
        if (place := call.find("locationid")) is not None:
            try:
                entity = self.inside(asker.user, text_of(place)).entity
            except SignInRefusal as refusal:
                complaint = refusal.complaints[0]
                raise Refusal(
                    refusals.Complaint("Get API Session Failed", complaint.description2)
                ) from refusal
        session_id = secrets.token_urlsafe(32)
        session = {
            "id": session_id,
            "user_id": asker.user["user_id"],
            "entity": entity,
            "until": self._until(),
        }
        self.store.put("session", session_id, session)
        endpoint = request.host_url.rstrip("/") + OF_SESSIONS
        api = xml.made(
            "api", *xml.texts(sessionid=session_id, endpoint=endpoint, locationid=entity)
        )
        return xml.made("data", api)

    def _message(self, refusal: Refusal) -> Element:
        return xml.error_message(refusal.complaints)

    def _support(self) -> str:
        return f"sbx{self.store.next_number('support')}%7Egw"


def _rolled_back(asked: Asked, failed_at: int, refusal: Refusal) -> list[Result]:
    """Nothing was done. The function that failed says why; each says that all was undone."""
    undone = refusals.Complaint("XL03000009", refusals.ROLLED_BACK)
    return [
        Result(
            "aborted",
            function[0].tag,
            function.get("controlid", ""),
            complaints=(*refusal.complaints, undone) if at == failed_at else (undone,),
        )
        for at, function in enumerate(asked.functions)
    ]


def _named(asked: Asked | None) -> tuple[str, str]:
    """User and company as the request named them."""
    login = asked.authentication.find("login") if asked else None
    said = xml.child_texts(login) if login is not None else {}
    return said.get("userid", ""), said.get("companyid", "")


def _xml(body: bytes) -> Response:
    return Response(body, mimetype="text/xml")
