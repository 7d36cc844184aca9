"""The id of the request or task at hand: in every log line and every line of the trail."""

from contextvars import ContextVar
from uuid import uuid4

import structlog

_current: ContextVar[str] = ContextVar("request_id", default="")


def begin(prefix: str = "r") -> str:
    request_id = f"{prefix}-{uuid4().hex[:12]}"
    _current.set(request_id)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)
    return request_id


def current() -> str:
    return _current.get()
