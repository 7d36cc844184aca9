"""How the sandbox treats any request: errors, limit, pages, repeated writes.

Source: Buildertrend fact sheet, 8.1.
"""

import base64
import json
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from werkzeug.wrappers import Request, Response

from connectors.sandboxing import Doc, Store, json_response

LARGEST_PAGE, USUAL_PAGE = 200, 100
CODES = {
    400: "invalid_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "not_found",
    409: "conflict",
    422: "validation_failed",
    429: "rate_limited",
}
KEYS_LIVE = timedelta(hours=24)


class Denied(Exception):
    """Ends a request with the envelope of an error. `fields` are pairs of a name and a reason."""

    def __init__(self, status: int, message: str, *fields: tuple[str, str], **headers: str) -> None:
        super().__init__(status)
        self.status, self.message, self.fields, self.headers = status, message, fields, headers

    def response(self, request_id: str) -> Response:
        error: dict[str, Any] = {
            "code": CODES.get(self.status, "internal_error"),
            "message": self.message,
            "requestId": request_id,
        }
        if self.fields:
            error["fields"] = [{"name": name, "reason": reason} for name, reason in self.fields]
        return json_response({"error": error}, self.status, **self.headers)


def not_found(what: str) -> Denied:
    return Denied(404, f"There is no such {what}.")


@dataclass
class Minute:
    """At most `limit` calls in any minute."""

    limit: int
    calls: deque[datetime] = field(default_factory=deque)

    def admit(self, now: datetime) -> None:
        while self.calls and self.calls[0] <= now - timedelta(minutes=1):
            self.calls.popleft()
        if len(self.calls) >= self.limit:
            opens = self.calls[0] + timedelta(minutes=1) - now
            seconds = int(opens.total_seconds()) + 1
            raise Denied(429, "Too many requests in a minute.", Retry_After=str(seconds))
        self.calls.append(now)


def page(rows: Sequence[Doc], request: Request, key: str, now: datetime) -> Response:
    """One page of a list in the order of its ids, which no edit changes.

    A cursor says after which id to go on, as of when the first page was given, and of which list.
    """
    after, as_of = _cursor(request) or (0, f"{now:%Y-%m-%dT%H:%M:%SZ}")
    limit = _limit(request)
    left = sorted((row for row in rows if row[key] > after), key=lambda row: int(row[key]))
    shown, following = left[:limit], None
    if len(left) > limit:
        sealed = json.dumps([shown[-1][key], as_of, _asked(request)])
        following = base64.urlsafe_b64encode(sealed.encode()).decode()
    return json_response(
        {"data": shown, "page": {"limit": limit, "nextCursor": following}, "asOf": as_of}
    )


def _limit(request: Request) -> int:
    text = request.args.get("limit", str(USUAL_PAGE))
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= LARGEST_PAGE:
        raise Denied(400, "limit is out of range.", ("limit", f"1 to {LARGEST_PAGE}"))
    return int(text)


def _cursor(request: Request) -> tuple[int, str] | None:
    """8.1: opaque to whoever calls, and good for the very list it came from."""
    text = request.args.get("cursor")
    if not text:
        return None
    try:
        after, as_of, asked = json.loads(base64.urlsafe_b64decode(text))
    except (ValueError, TypeError) as error:
        raise Denied(400, "cursor is not one of ours.", ("cursor", "unknown")) from error
    if asked != _asked(request):
        raise Denied(400, "cursor belongs to another list.", ("cursor", "other filters"))
    return after, as_of


def _asked(request: Request) -> str:
    filters = sorted(
        (name, value) for name, value in request.args.items() if name not in {"cursor", "limit"}
    )
    return sha256(json.dumps([request.path, filters]).encode()).hexdigest()[:16]


def filtered(rows: Sequence[Doc], request: Request, statuses: str = "") -> list[Doc]:
    """`updatedSince`, `jobId` and `status`; a filter that the list does not know is refused."""
    known = {"limit", "cursor", "updatedSince"}
    known |= {"jobId", "status"} if statuses else set()
    if unknown := sorted(set(request.args) - known):
        raise Denied(400, "Unknown filter.", *((name, "unknown") for name in unknown))
    passing = list(rows)
    if since := request.args.get("updatedSince"):
        moment = _moment(since)
        passing = [row for row in passing if datetime.fromisoformat(row["updatedAt"]) >= moment]
    if job_id := request.args.get("jobId"):
        passing = [row for row in passing if str(row["jobId"]) == job_id]
    if status := request.args.get("status"):
        passing = [row for row in passing if row[statuses] == status]
    return passing


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Denied(400, "updatedSince is no moment.", ("updatedSince", "ISO 8601 with a zone"))
    return moment


def body_of(request: Request, *required: str) -> Doc:
    try:
        body = json.loads(request.get_data())
    except ValueError as error:
        raise Denied(400, "The body is not JSON.") from error
    if not isinstance(body, dict):
        raise Denied(400, "The body is no object.")
    if missing := [name for name in required if body.get(name) in (None, "")]:
        raise Denied(422, "A value is missing.", *((name, "required") for name in missing))
    return body


def money_text(value: Any) -> str:
    """8.1: money is decimal text, nothing else."""
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,12}[.][0-9]{2}", value):
        raise Denied(422, "An amount is decimal text.", ("amountPaid", "decimal text"))
    return value


class Keys:
    """8.1: a write that comes again under its key within a day is answered as before."""

    def __init__(self, store: Store, request: Request, now: datetime) -> None:
        self.store, self.now = store, now
        self.key = request.headers.get("Idempotency-Key", "")
        asked = request.method.encode() + request.path.encode() + b"\n" + request.get_data()
        self.digest = sha256(asked).hexdigest()

    def answered(self) -> Response | None:
        known = self.store.get("keys", self.key) if self.key else None
        if known is None or datetime.fromisoformat(known["at"]) <= self.now - KEYS_LIVE:
            return None
        if known["digest"] != self.digest:
            raise Denied(409, "This Idempotency-Key came with another request.")
        return json_response(known["body"], known["status"], Idempotent_Replayed="true")

    def keep(self, response: Response) -> None:
        if self.key:
            kept = {
                "at": self.now.isoformat(),
                "digest": self.digest,
                "status": response.status_code,
                "body": json.loads(response.get_data()),
            }
            self.store.put("keys", self.key, kept)
