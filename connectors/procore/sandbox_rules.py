"""How the sandbox's API treats any request: limits, filters, pages, refusals.

Source: Procore fact sheet, 1.5, 2.2, 2.3, 2.6 and 13. Unknown filters are ignored without a word.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Request, Response

from connectors.records import JSON
from connectors.sandboxing import Doc, json_response

LARGEST_PAGE = 2000


class Denied(Exception):
    """Ends a request with an answer of its own."""

    def __init__(self, status: int, body: JSON) -> None:
        super().__init__(status)
        self.response = (
            Response(body, status=status, mimetype="text/plain")
            if isinstance(body, str)
            else json_response(body, status)
        )


def not_found() -> Denied:
    """Also for what exists but is hidden from the caller."""
    return Denied(404, {"message": "Record not found", "exception": "ActiveRecord::RecordNotFound"})


def missing_param(name: str) -> Denied:
    return Denied(400, {"code": 400, "message": f"param is missing: {name}"})


@dataclass
class Window:
    """At most `limit` calls in any `length`."""

    limit: int
    length: timedelta
    calls: deque[datetime] = field(default_factory=deque)

    def admit(self, now: datetime) -> bool:
        while self.calls and self.calls[0] <= now - self.length:
            self.calls.popleft()
        if len(self.calls) >= self.limit:
            return False
        self.calls.append(now)
        return True

    @property
    def remaining(self) -> int:
        return self.limit - len(self.calls)

    def headers(self, now: datetime) -> dict[str, str]:
        opens_at = (self.calls[0] if self.calls else now) + self.length
        return {
            "X-Rate-Limit-Limit": str(self.limit),
            "X-Rate-Limit-Remaining": str(self.remaining),
            "X-Rate-Limit-Reset": str(int(opens_at.timestamp()) + 1),
        }


@dataclass
class RateLimits:
    """A spike window and an hourly one; headers describe the one closer to its end."""

    spike: Window
    hourly: Window

    def admit(self, now: datetime) -> bool:
        return self.spike.admit(now) and self.hourly.admit(now)

    def headers(self, now: datetime) -> dict[str, str]:
        return min(self.spike, self.hourly, key=lambda window: window.remaining).headers(now)


TOO_MANY = (
    "You have surpassed the max number of requests for an hour. "
    "Please wait until your limit resets."
)


def filtered(rows: Sequence[Doc], request: Request, known: Sequence[str]) -> list[Doc]:
    """Rows that pass every filter of `known` that the request names."""
    passing = list(rows)
    for name in known:
        values = request.args.getlist(f"filters[{name}][]") or request.args.getlist(
            f"filters[{name}]"
        )
        if values:
            passes = _tests(name, values)
            passing = [row for row in passing if passes(row)]
    return passing


def not_deleted(rows: Sequence[Doc], request: Request) -> list[Doc]:
    """2.3: rows that were deleted are shown only where they are asked for."""
    wanted = request.args.get("filters[include_deleted]", "")
    if wanted == "with":
        return list(rows)
    return [row for row in rows if bool(row.get("deleted_at")) is (wanted == "only")]


def _tests(name: str, values: list[str]) -> Callable[[Doc], bool]:
    if name in {"updated_at", "created_at"}:
        start, end = _range(values[0])
        return lambda row: start <= _moment(row[name]) <= end
    if name == "search":
        sought = values[0].casefold()
        return lambda row: sought in f"{row['name']} {row.get('origin_code')}".casefold()
    return lambda row: str(row.get(name)) in values


def _range(value: str) -> tuple[datetime, datetime]:
    """`start...end`, in double quotes or not, with or without a time."""
    start, dots, end = value.strip('"').partition("...")
    try:
        return _moment(start), _moment(end if dots else start)
    except ValueError as error:
        raise Denied(400, {"code": 400, "message": "Invalid date range"}) from error


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def page(
    rows: Sequence[Doc], request: Request, *, default: int = 100, most: int = LARGEST_PAGE
) -> tuple[Sequence[Doc], dict[str, str]]:
    """One page of a list, and the headers that say where the others are."""
    number = max(request.args.get("page", 1, type=int), 1)
    size = min(max(request.args.get("per_page", default, type=int), 1), most)
    last = max(-(-len(rows) // size), 1)
    links = []
    if number > 1:
        links += [("first", 1), ("prev", number - 1)]
    if number < last:
        links += [("last", last), ("next", number + 1)]
    headers = {"Total": str(len(rows)), "Per-Page": str(size)}
    if links:
        headers["Link"] = ", ".join(
            f'<{_page_url(request, target)}>; rel="{name}"' for name, target in links
        )
    return rows[(number - 1) * size : number * size], headers


def _page_url(request: Request, number: int) -> str:
    query: MultiDict[str, str] = MultiDict(request.args)
    query["page"] = str(number)
    return f"{request.base_url}?{urlencode(list(query.items(multi=True)))}"
