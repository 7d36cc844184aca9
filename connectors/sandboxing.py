"""What every sandbox is made of: a store that survives a restart, and faults on request.

A sandbox is a WSGI app that imitates one system and is as strict as the system is. Its books lie
in one SQLite file (or in memory), so a demo that is stopped and started again finds them. Faults
are ordered at `POST /_sandbox/faults` and cleared at `DELETE /_sandbox/faults`; only they make a
sandbox misbehave.
"""

import csv
import json
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, ClassVar, Literal

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from connectors.records import JSON

Doc = dict[str, Any]


@dataclass
class Fault:
    """One ordered misbehaviour, for the next `times` requests that match.

    kind: answer (with status, headers and body, nothing is done), answer_after (the work is done,
    then this is answered instead), drop_before and drop_after (connection closed without, or
    after, the work), delay_before and delay_after (`seconds`), truncate (work done, half of the
    body arrives), twice (the work is done twice, as when a network repeats a request).
    """

    kind: Literal[
        "answer", "answer_after", "drop_before", "drop_after",
        "delay_before", "delay_after", "truncate", "twice",
    ]  # fmt: skip
    method: str = "*"
    path: str = "*"  # shell pattern, without the query
    skip: int = 0  # let this many matching requests pass first
    times: int = 1
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    seconds: float = 0.0

    def matches(self, request: Request) -> bool:
        return fnmatch(request.method, self.method) and fnmatch(request.path, self.path)


class Store:
    """Documents by kind and id, kept as JSON. Amounts stay exact: Decimal in, Decimal out."""

    def __init__(self, path: Path | None = None) -> None:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path or ":memory:", check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS doc (kind TEXT, id TEXT, body TEXT, PRIMARY KEY (kind, id))"
        )
        self._db.execute("CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INT)")
        self._db.commit()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._db.rollback()
            raise
        self._db.commit()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of the transaction that is undone by itself when it fails."""
        self._db.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO part")
            self._db.execute("RELEASE part")
            raise
        self._db.execute("RELEASE part")

    def get(self, kind: str, key: str | int) -> Doc | None:
        row = self._db.execute(
            "SELECT body FROM doc WHERE kind = ? AND id = ?", (kind, str(key))
        ).fetchone()
        return _load(row[0]) if row else None

    def all(self, kind: str) -> list[Doc]:
        """In the order in which they were first put."""
        rows = self._db.execute("SELECT body FROM doc WHERE kind = ? ORDER BY rowid", (kind,))
        return [_load(body) for (body,) in rows]

    def put(self, kind: str, key: str | int, doc: Doc) -> None:
        self._db.execute(
            "INSERT INTO doc VALUES (?, ?, ?)"
            " ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body",
            (kind, str(key), json.dumps(doc, default=_exact)),
        )

    def delete(self, kind: str, key: str | int) -> None:
        self._db.execute("DELETE FROM doc WHERE kind = ? AND id = ?", (kind, str(key)))

    def count(self, kind: str) -> int:
        (number,) = self._db.execute("SELECT count(*) FROM doc WHERE kind = ?", (kind,)).fetchone()
        return int(number)

    def next_number(self, name: str, start: int = 1) -> int:
        """1, 2, 3 … or from `start`; never the same number twice, not even after a restart."""
        (number,) = self._db.execute(
            "INSERT INTO counter VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
            (name, start),
        ).fetchone()
        return int(number)

    @property
    def is_empty(self) -> bool:
        return self._db.execute("SELECT 1 FROM doc LIMIT 1").fetchone() is None


class Sandbox:
    """Base of every sandbox: routes, faults, one request at a time on the books."""

    routes: ClassVar[list[tuple[str, str, str]]] = []  # method(s), rule, name of the method here

    def __init__(self, *, seed: Path | None = None, books: Path | None = None) -> None:
        """`seed` is this system's folder of CSV files, read only when the books are empty."""
        self.store = Store(books)
        self.faults: list[Fault] = []
        self.requests_seen: list[tuple[str, str]] = []
        # Tests move the clock; everything here that expires or is dated asks `now()`.
        self.clock_offset = timedelta(0)
        self._books = threading.RLock()
        self._map = Map(
            [
                Rule(rule, endpoint=name, methods=methods.split("|"))
                for methods, rule, name in [*self._own_routes, *self.routes]
            ],
            strict_slashes=False,
        )
        if seed is not None and self.store.is_empty:
            with self.store.transaction():
                self.load(seed)

    _own_routes: ClassVar = [
        ("GET|POST|DELETE", "/_sandbox/faults", "edit_faults"),
        ("POST", "/_sandbox/clock", "move_clock"),
    ]

    def load(self, seed: Path) -> None:
        """Fill empty books from a folder of CSV files."""
        raise NotImplementedError

    def now(self) -> datetime:
        return datetime.now(UTC) + self.clock_offset

    def answer_error(self, request: Request, error: HTTPException) -> Response:
        """How this system words an unknown path or method."""
        return Response(str(error), status=error.code or 500)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        request = Request(environ)
        fault = None if request.path.startswith("/_sandbox/") else self._fault_for(request)
        if fault is None:
            return self._work(request)(environ, start_response)
        return self._misbehave(fault, request)(environ, start_response)

    def _work(self, request: Request) -> Response:
        request.get_data(cache=True)
        try:
            name, arguments = self._map.bind_to_environ(request.environ).match()
        except HTTPException as error:
            return self.answer_error(request, error)
        with self._books:
            self.requests_seen.append((request.method, request.full_path.rstrip("?")))
            with self.store.transaction():
                response: Response = getattr(self, name)(request, **arguments)
            return response

    def _fault_for(self, request: Request) -> Fault | None:
        with self._books:
            for fault in self.faults:
                if fault.times > 0 and fault.matches(request):
                    if fault.skip > 0:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None

    def _misbehave(self, fault: Fault, request: Request) -> Response:
        ordered = Response(fault.body, status=fault.status, headers=fault.headers)
        match fault.kind:
            case "answer":
                return ordered
            case "drop_before":
                return _hang_up(request)
            case "delay_before":
                time.sleep(fault.seconds)
                return self._work(request)
        response = self._work(request)
        match fault.kind:
            case "answer_after":
                return ordered
            case "drop_after":
                return _hang_up(request)
            case "delay_after":
                time.sleep(fault.seconds)
            case "truncate":
                body = response.get_data()
                response.headers["Content-Length"] = str(len(body))
                response.response = [body[: len(body) // 2]]
                response.headers["Connection"] = "close"
            case "twice":
                response = self._work(request)
        return response

    def edit_faults(self, request: Request) -> Response:
        if request.method == "POST":
            self.faults.append(Fault(**json.loads(request.get_data())))
        elif request.method == "DELETE":
            self.faults.clear()
        return json_response([vars(fault) for fault in self.faults])

    def move_clock(self, request: Request) -> Response:
        self.clock_offset += timedelta(seconds=json.loads(request.get_data())["seconds"])
        return json_response({"now": self.now().isoformat()})


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_args: object) -> None:
        """A sandbox does not print its requests."""


@dataclass
class Served:
    """A sandbox on a loopback port, in a thread of this process."""

    sandbox: Sandbox
    url: str
    stop: Callable[[], None]


def serve(sandbox: Sandbox, port: int = 0) -> Served:
    server = make_server("127.0.0.1", port, sandbox, threaded=True, request_handler=_Quiet)
    # `stop` waits for the next look at the flag, and many tests stop a server.
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        thread.join()
        server.server_close()

    return Served(sandbox, f"http://127.0.0.1:{server.server_port}", stop)


def read_csv(path: Path) -> list[dict[str, str]]:
    """Rows of a seed file, blanks stripped; no rows when the file is not there."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {name: (value or "").strip() for name, value in row.items() if name}
            for row in csv.DictReader(file)
        ]


def json_response(data: JSON, status: int = 200, **headers: str) -> Response:
    response = Response(
        json.dumps(data, default=_as_number), status=status, mimetype="application/json"
    )
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


def _hang_up(request: Request) -> Response:
    """Close the connection without an answer, as a dying network does."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
    return Response(status=500)


def _exact(value: object) -> JSON:
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    raise TypeError(f"{value!r} does not belong in a sandbox's books")


def _as_number(value: object) -> JSON:
    """Decimals leave as JSON numbers; cents survive a double exactly enough to read back."""
    if isinstance(value, Decimal):
        return float(value) if value % 1 else int(value)
    raise TypeError(f"{value!r} is not JSON")


def _load(body: str) -> Doc:
    loaded: Doc = json.loads(body, object_hook=_decimal_hook)
    return loaded


def _decimal_hook(value: dict[str, Any]) -> Any:
    return Decimal(value["$decimal"]) if value.keys() == {"$decimal"} else value
