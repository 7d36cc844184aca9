"""A small, strict imitation of QuickBooks Online, as a WSGI app.

Built from section 11 of the project's reference sheet; where the sheet infers, so does this.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Any, ClassVar

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from connectors.http import parse_json
from connectors.quickbooks_online import sandbox_bills as bills
from connectors.quickbooks_online import sandbox_capture as capture
from connectors.quickbooks_online import sandbox_company as company
from connectors.quickbooks_online import sandbox_faults as faults
from connectors.quickbooks_online import sandbox_lists as lists
from connectors.quickbooks_online import sandbox_query as query_language
from connectors.quickbooks_online import sandbox_seed
from connectors.quickbooks_online.sandbox_books import DOCUMENTS, NAME_OF
from connectors.quickbooks_online.sandbox_controls import Controls
from connectors.quickbooks_online.sandbox_faults import Refusal, stamp
from connectors.quickbooks_online.sandbox_oauth import SignIn
from connectors.quickbooks_online.sandbox_pages import Pages
from connectors.sandboxing import Doc, json_response

ENTITIES = {name.lower(): name for name in [*NAME_OF, *DOCUMENTS]}
LONGEST_REQUEST_ID = 50


def company_call(method: Callable[..., Response]) -> Callable[..., Response]:
    """A call within one company: who asks is checked, a refusal becomes its answer."""

    @wraps(method)
    def answered(
        self: "QuickBooksOnlineSandbox", request: Request, realm: str, **more: Any
    ) -> Response:
        try:
            self.admit(request, realm)
            self.count_call()
            response = method(self, request, **more)
        except Refusal as refusal:
            response = refusal.response(self.now())
        except BaseException:
            self.entities.forget()
            raise
        response.headers["intuit_tid"] = f"1-sandbox-{self.store.next_number('intuit_tid')}"
        response.headers["QBO-Version"] = "sandbox"
        return response

    return answered


class QuickBooksOnlineSandbox(SignIn, Pages, Controls):
    """One company's QuickBooks Online: sign-in, lists, bills, and pages to look at them."""

    routes: ClassVar = [
        *SignIn.sign_in_routes,
        *Pages.page_routes,
        *Controls.control_routes,
        ("GET|POST", "/v3/company/<realm>/query", "query"),
        ("GET", "/v3/company/<realm>/companyinfo/<key>", "company_info"),
        ("GET", "/v3/company/<realm>/preferences", "preferences"),
        ("GET", "/v3/company/<realm>/cdc", "changes"),
        ("GET", "/v3/company/<realm>/<entity>/<key>", "read"),
        ("POST", "/v3/company/<realm>/<entity>", "write"),
    ]

    def __init__(
        self,
        *,
        seed: Path | None = None,
        books: Path | None = None,
        client_id: str = "tieout-sandbox",
        client_secret: str = "tieout-sandbox-secret",  # noqa: S107 - the sandbox's own, public
    ) -> None:
        self.client_id = client_id
        self.client_secret = client_secret
        # The published limits (3.5), kept only on request: most tests are faster than allowed.
        self.is_throttling = False
        self._calls: deque[datetime] = deque()
        super().__init__(seed=seed, books=books)

    def load(self, seed: Path) -> None:
        sandbox_seed.load(self.entities, seed, self.now())

    def answer_error(self, request: Request, error: HTTPException) -> Response:
        if request.path.startswith("/v3/"):
            refusal = faults.business(
                10000, "An application error has occurred", "No such resource", request.path
            )
            refusal.status = error.code or 404
            return refusal.response(self.now())
        return super().answer_error(request, error)

    def count_call(self) -> None:
        """500 calls a minute and 10 a second, in sliding windows."""
        now = self.now()
        self._calls.append(now)
        while now - self._calls[0] > timedelta(minutes=1):
            self._calls.popleft()
        last_second = sum(1 for moment in self._calls if now - moment < timedelta(seconds=1))
        if self.is_throttling and (len(self._calls) > 500 or last_second > 10):
            raise faults.too_many_requests()

    # --- Reading ------------------------------------------------------------------------------

    @company_call
    def company_info(self, request: Request, key: str) -> Response:
        return self._envelope("CompanyInfo", company.info(self.entities.company))

    @company_call
    def preferences(self, request: Request) -> Response:
        return self._envelope("Preferences", company.preferences(self.entities.company))

    @company_call
    def read(self, request: Request, entity: str, key: str) -> Response:
        name = _entity(entity)
        doc = self.entities.get(name, key)
        if doc is None:
            raise faults.not_found()
        return self._envelope(name, self.entities.shown(name, doc))

    @company_call
    def query(self, request: Request) -> Response:
        statement = (
            request.get_data().decode() if request.method == "POST" else request.args.get("query")
        )
        wanted = query_language.parse(statement or "")
        rows, total = query_language.run(wanted, self._rows(wanted.entity))
        if wanted.counts:
            return self._answer({"QueryResponse": {"totalCount": total}})
        shown = [self._columns(wanted, row) for row in rows]
        found = {
            wanted.entity: shown,
            "startPosition": wanted.start,
            "maxResults": len(shown),
        }
        return self._answer({"QueryResponse": found if shown else {}})

    @company_call
    def changes(self, request: Request) -> Response:
        asked = [name.strip() for name in request.args.get("entities", "").split(",")]
        if set(asked) & capture.NOT_CAPTURED:
            raise _unsupported()
        groups = capture.captured(
            self.entities,
            [_entity(name) for name in asked],
            request.args.get("changedSince"),
            self.now(),
        )
        return self._answer({"CDCResponse": [{"QueryResponse": groups}]})

    def _rows(self, entity: str) -> list[Doc]:
        if entity == "CompanyInfo":
            return [company.info(self.entities.company)]
        if entity == "Preferences":
            return [company.preferences(self.entities.company)]
        return self.entities.all(entity)

    def _columns(self, wanted: query_language.Query, row: Doc) -> Doc:
        shown = self.entities.shown(wanted.entity, row)
        if not wanted.columns:
            return shown
        asked = {column.lower() for column in wanted.columns} | {"id"}
        return {
            **{name: value for name, value in shown.items() if name.lower() in asked},
            "domain": "QBO",
            "sparse": True,
        }

    # --- Writing ------------------------------------------------------------------------------

    @company_call
    def write(self, request: Request, entity: str) -> Response:
        """Create, update or delete. The same request id gets the first answer again (5.7)."""
        request_id = request.args.get("requestid", "")
        if len(request_id) > LONGEST_REQUEST_ID:
            raise Refusal(2130, "Invalid Request Id", "The request id is longer than 50 characters")
        known = self.store.get("request", request_id) if request_id else None
        if known is not None:
            return Response(known["body"], status=known["status"], mimetype="application/json")
        try:
            response = self._written(request, _entity(entity))
        except Refusal as refusal:
            response = refusal.response(self.now())
        if request_id:
            kept = {"status": response.status_code, "body": response.get_data(as_text=True)}
            self.store.put("request", request_id, kept)
        return response

    def _written(self, request: Request, entity: str) -> Response:
        if not self.entities.company["is_subscribed"]:
            raise faults.no_subscription()
        body = _body(request)
        old = self._current(entity, body)
        if request.args.get("operation") == "delete":
            return self._deleted(entity, old)
        if entity == "BillPayment":
            return self._paid(request, body, old)
        if entity in DOCUMENTS:
            doc = bills.checked(
                self.entities,
                body,
                self.now(),
                entity=entity,
                old=old,
                may_repeat_number="allowduplicatedocnum" in request.args.get("include", ""),
            )
        elif entity in lists.WRITABLE:
            doc = lists.checked(self.entities, entity, body, old=old)
        else:
            raise _unsupported()
        if old is not None:
            doc["Id"] = old["Id"]
        kept = self.entities.put(entity, doc, self.now())
        return self._envelope(entity, self.entities.shown(entity, kept))

    def _paid(self, request: Request, body: Doc, old: Doc | None) -> Response:
        is_void = request.args.get("include") == "void"
        if is_void != (request.args.get("operation") == "update" and body.get("sparse") is True):
            raise _unsupported()
        kept = self.pay(body, old, is_void=is_void)
        return self._envelope("BillPayment", self.entities.shown("BillPayment", kept))

    def _current(self, entity: str, body: Doc) -> Doc | None:
        """The row to change, whose version the caller must know; None for a new one."""
        if not body.get("Id"):
            return None
        old = self.entities.get(entity, str(body["Id"]))
        if old is None:
            raise faults.not_found()
        if "SyncToken" not in body:
            raise faults.missing("SyncToken")
        if str(body["SyncToken"]) != old["SyncToken"]:
            raise faults.stale()
        return old

    def _deleted(self, entity: str, old: Doc | None) -> Response:
        """Only documents can be deleted; rows of lists become inactive (5.5)."""
        if entity not in DOCUMENTS:
            raise _unsupported()
        if old is None:
            raise faults.missing("Id")
        self.take_away(entity, old)
        return self._envelope(entity, {"status": "Deleted", "domain": "QBO", "Id": old["Id"]})

    def _envelope(self, entity: str, doc: Doc) -> Response:
        return self._answer({entity: doc})

    def _answer(self, content: Doc) -> Response:
        return json_response({**content, "time": stamp(self.now(), "milliseconds")})


def _entity(segment: str) -> str:
    if segment.lower() not in ENTITIES:
        raise _unsupported()
    return ENTITIES[segment.lower()]


def _unsupported() -> Refusal:
    return Refusal(500, "Unsupported Operation", "Operation is not supported.", status=400)


def _body(request: Request) -> Doc:
    body = parse_json(request.get_data())
    if not isinstance(body, dict):
        raise Refusal(2010, "Request has invalid or unsupported property", "The body is no object")
    return body
