"""What a "no" of QuickBooks Online means for us, by its code and its words.

Source: sections 3.2 to 3.6 of the reference sheet. Codes alone do not do: 6210 and 5010 have been
seen with the words of other faults, so the words come first where both speak.
"""

import re
from dataclasses import dataclass
from html import unescape

from connectors.errors import (
    AccessDenied,
    CompanySuspended,
    ConnectorError,
    CredentialsExpired,
    NumberTaken,
    PeriodClosed,
    RateLimited,
    Refused,
    TargetInactive,
    Unreachable,
)
from connectors.http import DEFAULT_WAIT, Answer
from connectors.records import JSON

# The company is locked or being maintained, or QuickBooks failed inside: waiting may cure it.
PASSING = {"130", "140", "150", "10000"}
SIGN_IN = {"100", "110", "120", "3200", "3202"}
NOT_ALLOWED = "3100"  # this one thing, which says nothing of the others (3.3)
NO_SUBSCRIPTION = "6190"
NOT_FOUND = "610"

_XML_ERROR = re.compile(r"<Error\b(?P<attributes>[^>]*)>(?P<inside>.*?)</Error>", re.S)


@dataclass(frozen=True)
class Complaint:
    """One error of a fault, in whichever of the three spellings it came."""

    code: str
    message: str
    detail: str
    field: str

    @property
    def sentence(self) -> str:
        """QuickBooks' own words without the headline they often repeat."""
        detail = self.detail.removeprefix(self.message).lstrip(" :")
        return (detail or self.message or f"fault {self.code}").strip().rstrip(".")


def complaints(answer: Answer) -> list[Complaint]:
    """Every error the answer carries; none when it is no fault at all."""
    if isinstance(answer.data, dict):
        return _from_json(answer.data)
    return _from_xml(answer.body.decode("utf-8", "replace"))


def refusal(answer: Answer, *, what: str = "the bill") -> ConnectorError:
    """The error for an answer that says no to `what`."""
    found = complaints(answer)
    if not found:
        return ConnectorError(
            f"QuickBooks answered in a way we do not know (HTTP {answer.status}).",
            request_id=answer.request_id,
        )
    return _meaning(found[0], what, answer.request_id)


def _meaning(complaint: Complaint, what: str, request_id: str) -> ConnectorError:
    code = complaint.code
    if code == "3001" or "throttle" in complaint.message.lower():
        return RateLimited(
            "QuickBooks asked us to slow down.", wait=DEFAULT_WAIT, request_id=request_id
        )
    if code in SIGN_IN:
        return CredentialsExpired(
            "QuickBooks does not let us into this company. An admin has to reconnect it.",
            request_id=request_id,
        )
    if code == NOT_ALLOWED:
        return AccessDenied(
            f"QuickBooks does not let our sign-in do this: {complaint.sentence}. An admin of"
            " QuickBooks has to allow it.",
            request_id=request_id,
        )
    if code == NO_SUBSCRIPTION:
        return CompanySuspended(
            f"QuickBooks takes nothing for this company: {complaint.sentence}. Its owner has to"
            " look at the subscription there; sending goes on by itself afterwards.",
            request_id=request_id,
        )
    if code in PASSING:
        return Unreachable(
            f"QuickBooks cannot do this now: {complaint.sentence}. Try again later.",
            request_id=request_id,
        )
    kind, sentence = _refused(complaint, what)
    return kind(sentence, code=code, field=complaint.field, request_id=request_id)


def _refused(complaint: Complaint, what: str) -> tuple[type[Refused], str]:
    words = f"{complaint.message} {complaint.detail}".lower()
    said = complaint.sentence
    if "period" in words and "closed" in words:
        return PeriodClosed, f"QuickBooks refused {what}: its books are closed then. {said}."
    if "duplicate document number" in words or complaint.code == "6140":
        return NumberTaken, f"QuickBooks already has this number: {said}."
    if complaint.code == "600":
        return NumberTaken, f"QuickBooks has seen this request before: {said}."
    if complaint.code in {"6200", "6210"}:
        return PeriodClosed, f"QuickBooks refused {what}: its books are closed then. {said}."
    if complaint.code in {NOT_FOUND, "2500"} or "inactive" in words:
        return TargetInactive, f"QuickBooks refused {what}: {said}. Choose another record."
    if complaint.code == "5010":
        return Refused, f"QuickBooks has a newer version of this: {said}."
    return Refused, f"QuickBooks refused {what}: {said}."


def _from_json(data: dict[str, JSON]) -> list[Complaint]:
    """`Fault` of the service (3.2) or `fault` of the gateway before it (3.3)."""
    fault = data.get("Fault") or data.get("fault")
    if not isinstance(fault, dict):
        return []
    errors = fault.get("Error") or fault.get("error")
    return [
        _complaint({name.lower(): value for name, value in error.items()})
        for error in (errors if isinstance(errors, list) else [])
        if isinstance(error, dict)
    ]


def _from_xml(body: str) -> list[Complaint]:
    """Some answers of the gateway are XML whatever was asked for (3.4, 3.5)."""
    return [
        _complaint(
            {
                "code": _between(error["attributes"], 'code="', '"'),
                "element": _between(error["attributes"], 'element="', '"'),
                "message": _between(error["inside"], "<Message>", "</Message>"),
                "detail": _between(error["inside"], "<Detail>", "</Detail>"),
            }
        )
        for error in _XML_ERROR.finditer(body)
    ]


def _complaint(error: dict[str, JSON]) -> Complaint:
    return Complaint(
        code=str(error.get("code") or ""),
        message=str(error.get("message") or ""),
        detail=str(error.get("detail") or ""),
        field=str(error.get("element") or ""),
    )


def _between(text: str, start: str, end: str) -> str:
    return unescape(text.partition(start)[2].partition(end)[0])
