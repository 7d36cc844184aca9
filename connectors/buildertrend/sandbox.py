"""A small Buildertrend that speaks the ASSUMED contract: no such interface is public.

Source: Buildertrend fact sheet, 8. Each request is checked in the order bearer, account, limit,
record. What people do on Buildertrend's screens is done at `/_sandbox/…`, and is told by webhook
to whoever subscribed.
"""

import secrets
from base64 import b64decode
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from connectors.buildertrend import sandbox_views as views
from connectors.buildertrend.sandbox_books import Books
from connectors.buildertrend.sandbox_hooks import EVENTS, Hooks, shown
from connectors.buildertrend.sandbox_rules import (
    Denied,
    Keys,
    Minute,
    body_of,
    filtered,
    money_text,
    not_found,
    page,
)
from connectors.buildertrend.sandbox_screens import Screens
from connectors.sandboxing import Doc, Sandbox, json_response

P = ParamSpec("P")
S = TypeVar("S", bound="BuildertrendSandbox")
Handler = Callable[Concatenate[S, Request, P], Response]

TOKEN_SECONDS = 3600
REAL_PACE = {"calls_per_minute": 60}  # 8.1
SHORTEST_SECRET = 16
LINK_STATES = {"draft", "posted", "partly_paid", "paid"}
LINK_PARTS = ("system", "externalId", "externalUrl", "state", "paidDate")


def api(handler: Handler[S, P]) -> Handler[S, P]:
    """What every call under /v1 goes through before its handler, and the header after it."""

    @wraps(handler)
    def checked(self: S, request: Request, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        request_id = f"sandbox-{self.store.next_number('request')}"
        try:
            self.check_caller(request)
            response = handler(self, request, *args, **kwargs)
        except Denied as denied:
            response = denied.response(request_id)
        response.headers["X-Request-Id"] = request_id
        return response

    return checked


def write(handler: Handler[S, P]) -> Handler[S, P]:
    """8.1: a write may come with an Idempotency-Key."""

    @wraps(handler)
    def once(self: S, request: Request, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        keys = Keys(self.store, request, self.now())
        if (answered := keys.answered()) is not None:
            return answered
        response = handler(self, request, *args, **kwargs)
        keys.keep(response)
        return response

    return once


class BuildertrendSandbox(Screens, Sandbox):
    routes = [
        ("POST", "/oauth/token", "token"),
        ("GET", "/v1/jobs", "jobs"),
        ("GET", "/v1/jobs/<int:job_id>", "job"),
        ("GET", "/v1/jobs/<int:job_id>/budget", "budget"),
        ("GET", "/v1/vendors", "vendors"),
        ("GET", "/v1/vendors/<int:vendor_id>", "vendor"),
        ("GET", "/v1/cost-codes", "cost_codes"),
        ("GET", "/v1/cost-types", "cost_types"),
        ("GET", "/v1/purchase-orders", "purchase_orders"),
        ("GET", "/v1/purchase-orders/<int:order_id>", "purchase_order"),
        ("GET", "/v1/bills", "bills"),
        ("GET", "/v1/bills/<int:bill_id>", "bill"),
        ("PUT", "/v1/bills/<int:bill_id>/accounting-link", "link_bill"),
        ("GET", "/v1/change-orders", "change_orders"),
        ("GET", "/v1/change-orders/<int:change_id>", "change_order"),
        ("GET", "/v1/attachments/<int:attachment_id>/content", "attachment"),
        ("GET", "/v1/todos", "todos"),
        ("POST", "/v1/todos", "add_todo"),
        ("GET", "/v1/webhook-subscriptions", "subscriptions"),
        ("POST", "/v1/webhook-subscriptions", "subscribe"),
        ("DELETE", "/v1/webhook-subscriptions/<int:number>", "unsubscribe"),
        *Screens.screen_routes,
    ]

    def __init__(
        self,
        *,
        seed: Path | None = None,
        books: Path | None = None,
        client_id: str = "tieout-sandbox",
        client_secret: str = "tieout-sandbox-secret",  # noqa: S107 - it opens a sandbox only
        calls_per_minute: int = 6_000,
        sends_by_itself: bool = True,
    ) -> None:
        """The limit of the contract, REAL_PACE, is far lower.

        It is generous here so that a demo pulls in one go; who cares about pace sets another.
        `sends_by_itself`: webhooks leave from a thread, and not only when `hooks.send_due()` is
        called.
        """
        self.client_id, self.client_secret = client_id, client_secret
        self.minute = Minute(calls_per_minute)
        self.sends_by_itself = sends_by_itself
        super().__init__(seed=seed, books=books)
        self.hooks = Hooks(self.store, self._books, self.now)

    @property
    def books(self) -> Books:
        return Books(self.store)

    @property
    def account(self) -> Doc:
        return self.store.all("company")[0]

    def load(self, seed: Path) -> None:
        self.books.load(seed, self.now())

    def answer_error(self, request: Request, error: HTTPException) -> Response:
        return Denied(error.code or 500, str(error.description)).response("sandbox-0")

    def _work(self, request: Request) -> Response:
        response = super()._work(request)
        if self.sends_by_itself:
            self.hooks.wake()
        return response

    # --- Who asks ---------------------------------------------------------------------------------

    def token(self, request: Request) -> Response:
        """8.1; RFC 6749, 4.4 and 5.2. The registration comes in the body or as Basic."""
        if request.form.get("grant_type") != "client_credentials":
            return json_response({"error": "unsupported_grant_type"}, 400)
        if self._registration(request) != (self.client_id, self.client_secret):
            return json_response({"error": "invalid_client"}, 401)
        token = secrets.token_urlsafe(24)
        until = self.now() + timedelta(seconds=TOKEN_SECONDS)
        self.store.put("tokens", token, {"token": token, "until": until.isoformat()})
        return json_response(
            {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS},
            Cache_Control="no-store",
        )

    def forget_tokens(self) -> None:
        """Every token given out so far is over."""
        with self._books, self.store.transaction():
            for known in self.store.all("tokens"):
                self.store.delete("tokens", known["token"])

    def _registration(self, request: Request) -> tuple[str, str]:
        kind, _blank, encoded = request.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            name, _colon, secret = b64decode(encoded).decode().partition(":")
            return name, secret
        return request.form.get("client_id", ""), request.form.get("client_secret", "")

    def check_caller(self, request: Request) -> None:
        kind, _blank, token = request.headers.get("Authorization", "").partition(" ")
        known = self.store.get("tokens", token) if kind == "Bearer" and token else None
        if known is None or datetime.fromisoformat(known["until"]) <= self.now():
            raise Denied(401, "The access token is missing, unknown or over.")
        named = request.headers.get("X-BT-Account")
        if not named:
            raise Denied(400, "X-BT-Account is missing.", ("X-BT-Account", "required"))
        if named != str(self.account["id"]) or self.store.get("closed", named):
            raise Denied(403, "This app has no access to that account.")
        self.minute.admit(self.now())

    # --- Lists ------------------------------------------------------------------------------------

    def _list(
        self,
        request: Request,
        table: str,
        view: Callable[[Doc], Doc],
        key: str,
        statuses: str = "",
    ) -> Response:
        if job_id := request.args.get("jobId"):
            self._row("jobs", job_id)
        rows = filtered([view(row) for row in self.store.all(table)], request, statuses)
        return page(rows, request, key, self.now())

    def _one(self, table: str, number: int, view: Callable[[Doc], Doc]) -> Response:
        return json_response(view(self._row(table, number)))

    def _row(self, table: str, number: int | str) -> Doc:
        row = self.store.get(table, number)
        if row is None:
            raise not_found(table.replace("_", " ").removesuffix("s"))
        return row

    @property
    def documents(self) -> views.Documents:
        return views.Documents(self.books)

    @api
    def jobs(self, request: Request) -> Response:
        return self._list(request, "jobs", views.job, "jobId", "jobStatus")

    @api
    def job(self, request: Request, job_id: int) -> Response:
        return self._one("jobs", job_id, views.job)

    @api
    def budget(self, request: Request, job_id: int) -> Response:
        self._row("jobs", job_id)
        rows = [views.budget_line(row) for row in self.books.of("budgets", job_id)]
        return page(rows, request, "costCodeId", self.now())

    @api
    def vendors(self, request: Request) -> Response:
        return self._list(request, "vendors", views.vendor, "vendorId")

    @api
    def vendor(self, request: Request, vendor_id: int) -> Response:
        return self._one("vendors", vendor_id, views.vendor)

    @api
    def cost_codes(self, request: Request) -> Response:
        return self._list(request, "cost_codes", views.cost_code, "costCodeId")

    @api
    def cost_types(self, request: Request) -> Response:
        return self._list(request, "cost_types", views.cost_type, "costTypeId")

    @api
    def purchase_orders(self, request: Request) -> Response:
        view = self.documents.purchase_order
        return self._list(request, "purchase_orders", view, "purchaseOrderId", "approvalStatusText")

    @api
    def purchase_order(self, request: Request, order_id: int) -> Response:
        return self._one("purchase_orders", order_id, self.documents.purchase_order)

    @api
    def bills(self, request: Request) -> Response:
        return self._list(request, "bills", self.documents.bill, "billId", "status")

    @api
    def bill(self, request: Request, bill_id: int) -> Response:
        return self._one("bills", bill_id, self.documents.bill)

    @api
    def change_orders(self, request: Request) -> Response:
        view = self.documents.change_order
        return self._list(request, "change_orders", view, "changeOrderId", "approvalStatusText")

    @api
    def change_order(self, request: Request, change_id: int) -> Response:
        return self._one("change_orders", change_id, self.documents.change_order)

    @api
    def attachment(self, request: Request, attachment_id: int) -> Response:
        row = self._row("attachments", attachment_id)
        kind = row.get("content_type") or "application/octet-stream"
        return Response((row.get("content") or "").encode(), mimetype=kind)

    # --- Writes -----------------------------------------------------------------------------------

    @api
    @write
    def link_bill(self, request: Request, bill_id: int) -> Response:
        """8.2. That it may say what was paid, and when, is an assumption more."""
        self._row("bills", bill_id)
        body = body_of(request, "system", "externalId", "state")
        if body["state"] not in LINK_STATES:
            raise Denied(422, "Unknown state.", ("state", f"one of {sorted(LINK_STATES)}"))
        paid = money_text(body.get("amountPaid") or "0.00")
        link = {name: body.get(name) for name in LINK_PARTS} | {"amountPaid": paid}
        self.store.put("accounting_links", bill_id, link)
        return json_response({"billId": bill_id, **link})

    @api
    def todos(self, request: Request) -> Response:
        return page(self.store.all("todos"), request, "taskId", self.now())

    @api
    @write
    def add_todo(self, request: Request) -> Response:
        body = body_of(request, "jobId", "title")
        if self.store.get("jobs", str(body["jobId"])) is None:
            raise Denied(422, "There is no such job.", ("jobId", "unknown"))
        number = self.store.next_number("todo")
        todo = {
            "taskId": number,
            "jobId": body["jobId"],
            "title": body["title"],
            "notes": body.get("notes"),
            "dueDate": body.get("dueDate"),
            "assignedUserId": body.get("assignedUserId"),
            "isCompleted": False,
            "updatedAt": f"{self.now():%Y-%m-%dT%H:%M:%SZ}",
        }
        self.store.put("todos", number, todo)
        return json_response(todo, 201)

    # --- Webhooks ---------------------------------------------------------------------------------

    @api
    def subscriptions(self, request: Request) -> Response:
        rows = [shown(one) for one in self.store.all("subscriptions")]
        return page(rows, request, "subscriptionId", self.now())

    @api
    @write
    def subscribe(self, request: Request) -> Response:
        body = body_of(request, "url", "events", "secret")
        if urlsplit(str(body["url"])).scheme not in {"http", "https"}:
            raise Denied(422, "url is no address.", ("url", "http or https"))
        events = body["events"]
        if not isinstance(events, list) or not set(events) <= set(EVENTS):
            raise Denied(422, "Unknown event.", ("events", f"any of {', '.join(EVENTS)}"))
        if not isinstance(body["secret"], str) or len(body["secret"]) < SHORTEST_SECRET:
            raise Denied(422, "The secret is short.", ("secret", f"{SHORTEST_SECRET} or longer"))
        return json_response(shown(self.hooks.subscribe(body["url"], events, body["secret"])), 201)

    @api
    def unsubscribe(self, request: Request, number: int) -> Response:
        self._row("subscriptions", number)
        self.store.delete("subscriptions", number)
        return Response(status=204)
