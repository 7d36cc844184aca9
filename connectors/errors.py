"""What a connector may raise. Nothing else leaves a client for a reason outside our own code."""

from datetime import timedelta

from common.errors import AppError


class ConnectorError(AppError):
    """The other system did not do what we asked. `surely_not_done` decides what may follow.

    `request_id` is the other system's own name for the call, when it gave one.
    """

    status = 502
    # True only when the other system certainly did not carry the request out: then it may be
    # asked again. Otherwise the outcome is unknown and has to be looked up first.
    surely_not_done = False

    def __init__(self, message: str, *, request_id: str = "") -> None:
        super().__init__(message)
        self.request_id = request_id


class Unreachable(ConnectorError):
    """No usable answer: time-out, reset, 5xx, unreadable body. The request may have been done."""

    retryable = True


class NotSent(Unreachable):
    """No byte of the request left: name not resolved, connection refused, TLS failed."""

    surely_not_done = True


class Asleep(NotSent):
    """A system that calls us is not on the line. What waits goes on by itself when it calls."""


class RateLimited(ConnectorError):
    """Too many calls (429, also with a body that is no JSON). Nothing was done."""

    retryable = True
    surely_not_done = True

    def __init__(self, message: str, *, wait: timedelta, request_id: str = "") -> None:
        super().__init__(message, request_id=request_id)
        self.wait = wait


class CredentialsExpired(ConnectorError):
    """Consent is gone or the token was refused even after a refresh. An admin has to reconnect."""

    surely_not_done = True


class CompanySuspended(ConnectorError):
    """The company takes nothing for now, whatever is sent: its subscription has lapsed there."""

    retryable = True
    surely_not_done = True


class AccessDenied(ConnectorError):
    """403 or a hidden 404: this user may not see this one thing. Other things may still work."""

    surely_not_done = True


class NotShown(AccessDenied):
    """404: this one thing is gone, or hidden from this user. Some systems do not tell which."""


class Refused(ConnectorError):
    """A clear no that names its reason. A person has to act; nothing was done.

    `code` is the system's own fault code; `field` the element it complains about.
    """

    surely_not_done = True

    def __init__(
        self, message: str, *, code: str = "", field: str = "", request_id: str = ""
    ) -> None:
        super().__init__(message, request_id=request_id)
        self.code = code
        self.field = field


class PeriodClosed(Refused):
    """The ledger's books are closed on or after the document's date."""


class TargetInactive(Refused):
    """The document refers to a record that is inactive or gone in the ledger."""


class NumberTaken(Refused):
    """The ledger already has a document with this number. It may be ours: look before acting."""

    surely_not_done = False


class UnexpectedPayload(ConnectorError):
    """A record could not be understood. The message names it; the payload travels with it."""

    def __init__(self, message: str, *, payload: object = None, request_id: str = "") -> None:
        super().__init__(message, request_id=request_id)
        self.payload = payload
