"""How QuickBooks words a "no". Sections are those of the reference sheet of QuickBooks Online."""

from datetime import datetime, timedelta, timezone

from werkzeug.wrappers import Response

from connectors.sandboxing import json_response

# Stamps come in US Pacific time whatever the company (2.5). The sandbox knows no summer time.
PACIFIC = timezone(timedelta(hours=-8))

_GATEWAY_EMPTY: dict[str, object] = {
    "warnings": None,
    "intuitObject": None,
    "report": None,
    "queryResponse": None,
    "batchItemResponse": [],
    "attachableResponse": [],
    "syncErrorResponse": None,
    "requestId": None,
    "status": None,
    "cdcresponse": [],
}


class Refusal(Exception):
    """A fault of the service itself (3.2)."""

    def __init__(
        self,
        code: int,
        message: str,
        detail: str,
        *,
        element: str = "",
        status: int = 400,
        kind: str = "ValidationFault",
    ) -> None:
        super().__init__(f"{code} {message}: {detail}")
        self.code, self.message, self.detail = code, message, detail
        self.element, self.status, self.kind = element, status, kind

    def response(self, now: datetime) -> Response:
        error = {
            "Message": self.message,
            "Detail": self.detail,
            "code": str(self.code),
            "element": self.element,
        }
        fault = {"Fault": {"Error": [error], "type": self.kind}, "time": stamp(now, "milliseconds")}
        return json_response(fault, self.status)


class TokenRefused(Refusal):
    """The gateway's own fault, in its own spelling (3.3)."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            3200,
            "message=AuthenticationFailed; errorCode=003200; statusCode=401",
            detail,
            status=401,
            kind="AUTHENTICATION",
        )

    def response(self, now: datetime) -> Response:
        error = {
            "message": self.message,
            "detail": self.detail,
            "code": str(self.code),
            "element": None,
        }
        fault = {"error": [error], "type": self.kind}
        body = {**_GATEWAY_EMPTY, "fault": fault, "time": int(now.timestamp() * 1000)}
        return json_response(body, self.status)


class GatewayRefusal(Refusal):
    """A fault that comes as XML although JSON was asked for (3.4, 3.5)."""

    def response(self, now: datetime) -> Response:
        body = (
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
            '<IntuitResponse time="{time}" xmlns="http://schema.intuit.com/finance/v3">'
            '<Fault type="{kind}"><Error code="{code}"><Message>{message}</Message>'
            "<Detail>{detail}</Detail></Error></Fault></IntuitResponse>"
        ).format(
            time=stamp(now, "milliseconds"),
            kind=self.kind,
            code=self.code,
            message=self.message,
            detail=self.detail,
        )
        return Response(body, status=self.status, mimetype="application/xml")


def wrong_realm() -> Refusal:
    return GatewayRefusal(
        100,
        "General Authentication Error",
        "AuthenticationErrorGeneral: SRV-110-Authentication Failure , statusCode: 401",
        status=401,
        kind="AuthenticationFault",
    )


def too_many_requests() -> Refusal:
    return GatewayRefusal(
        3001,
        "message=ThrottleExceeded; errorCode=003001; statusCode=429",
        "The request limit was reached.  Try again later",
        status=429,
        kind="SERVICE",
    )


def no_subscription() -> Refusal:
    return Refusal(
        6190,
        "Invalid Company Status",
        "Subscription period has ended or canceled or there was a billing problem : "
        "The company can only be read until its subscription is renewed.",
    )


def missing(field: str) -> Refusal:
    return Refusal(
        2020,
        "Required param missing, need to supply the required value for the API",
        f"Required parameter {field} is missing in the request",
        element=field,
    )


def unknown_property(path: str) -> Refusal:
    return Refusal(
        2010,
        "Request has invalid or unsupported property",
        f"Property Name:{path} is unsupported or invalid",
        element=path,
    )


def too_long(field: str, limit: int, length: int) -> Refusal:
    return Refusal(
        2050,
        "String length is either shorter or longer than supported by specification",
        f"String length specified does not match the supported length. Min:0 Max:{limit}"
        f" supported. Supplied length:{length}",
        element=field,
    )


def invalid_reference(entity: str, key: str, field: str = "") -> Refusal:
    return Refusal(
        2500,
        "Invalid Reference Id",
        f"Invalid Reference Id : {entity} element id {key} not found",
        element=field,
    )


def inactive_reference(field: str = "") -> Refusal:
    return Refusal(
        610,
        "Object Not Found",
        "Object Not Found : Something you're trying to use has been made inactive. Check the"
        " fields with accounts, customers, items, vendors or employees.",
        element=field,
    )


def not_found() -> Refusal:
    return Refusal(
        610, "Object Not Found", "Object Not Found : Another user has deleted this transaction."
    )


def stale() -> Refusal:
    return Refusal(
        5010,
        "Stale Object Error",
        "Stale Object Error : You and root were working on this at the same time. root finished"
        " before you did, so your work was not saved.",
    )


def business(code: int, message: str, detail: str, element: str = "") -> Refusal:
    """Any other rule of the books: the headline is repeated before the reason."""
    return Refusal(code, message, f"{message} : {detail}", element=element)


def stamp(moment: datetime, timespec: str = "seconds") -> str:
    return moment.astimezone(PACIFIC).isoformat(timespec=timespec)
