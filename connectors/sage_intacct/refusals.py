"""What a "no" of Sage Intacct means for us, by its number and its words.

Source: sections 4.2, 6 and 7 of the reference sheet. Numbers alone do not do: BL01001973 carries a
dozen different complaints, and XL03000006 three different people's mistakes. So the words come
first where both speak. What the refusal of a repeated control id looks like is not established:
a number we do not know, to something we send, may therefore be about our own first try.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

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
from connectors.http import DEFAULT_WAIT
from connectors.sage_intacct.envelope import Complaint

SYSTEM = "Sage Intacct"
RATE_LIMIT = "GW-0010"
UNKNOWN_TENANT = "GW-0011"
SIGN_IN = {"XL03000006", "XMLGW_JPP0002"}
EXPIRED_COMPANY = "PL04000055"
ROLLED_BACK = "XL03000009"
GENERAL = "BL01001973"
SCHEMA = "XL03000003"
DUPLICATES = {"BL34000061", "PL05000104"}
NO_PERMISSION = "PL04000005"
# Answers that are surely about what we said: business rules, lists, questions, compliance.
KNOWN = re.compile(r"^(BL|PL|DL|CRE-|XL03000003|XL03000009|Query Failed)", re.IGNORECASE)

_CONTROL_ID = re.compile(r"control ?id|unique ?id", re.IGNORECASE)
_GENERAL_WORDS = re.compile(r"^(could not (create|update|delete|submit) .+ record!?|\s*)$", re.I)


class Step(StrEnum):
    """Which step of the company's setup a refused sign-in is about."""

    SENDER = "sender"  # our own id: nobody at the company can mend it
    SUBSCRIPTION = "subscription"
    AUTHORIZATION = "authorization"
    USER = "user"
    ENTITY = "entity"


# What to do about each, on which screen (section 2).
MEND = {
    Step.SENDER: "Tieout's operator has to look at its own registration with Sage.",
    Step.SUBSCRIPTION: "Switch on Web Services under Company › Admin › Subscriptions.",
    Step.AUTHORIZATION: "Add Tieout's sender ID, status Active, under Company › Setup › Company › "
    "Edit › Security › Web Services Authorizations.",
    Step.USER: "Check the company ID, the user ID and the password under Company › Admin › "
    "Web Services Users.",
    Step.ENTITY: "Check the entity's ID, and that the web-services user may work there: a user of "
    "one entity has to name it.",
}


class SignInRefused(CredentialsExpired):
    """The gateway did not let us in; `step` says which part of the setup is missing."""

    def __init__(self, message: str, *, step: Step, request_id: str = "") -> None:
        super().__init__(message, request_id=request_id)
        self.step = step


class SenderRefused(CompanySuspended):
    """Our own sender id was refused. No company's admin can do anything about it."""


# --- Who asks ---------------------------------------------------------------------------------


def control_refusal(found: Sequence[Complaint], request_id: str = "") -> ConnectorError:
    """The whole request was refused, before anything in it was read (4.2)."""
    number, said = _first(found)
    if number == RATE_LIMIT or "rate limit" in said.lower():
        return RateLimited(
            f"{SYSTEM} asked us to slow down.", wait=DEFAULT_WAIT, request_id=request_id
        )
    if number in SIGN_IN or number == UNKNOWN_TENANT:
        return SenderRefused(
            f"{SYSTEM} does not accept Tieout's own sender ID: {said}. {MEND[Step.SENDER]}"
            " Sending goes on by itself afterwards.",
            request_id=request_id,
        )
    if "off-line" in said.lower():
        return Unreachable(f"{SYSTEM} is off-line for now. Try again later.", request_id=request_id)
    return Refused(
        f"{SYSTEM} could not read what we sent: {said or number or 'no reason given'}.",
        code=number,
        request_id=request_id,
    )


def sign_in_refusal(
    found: Sequence[Complaint], *, entity: str = "", request_id: str = ""
) -> ConnectorError:
    """The company did not let us in. Nothing of the request was done."""
    number, said = _first(found)
    words = said.lower()
    if number == EXPIRED_COMPANY:
        return CompanySuspended(
            f"{SYSTEM} takes nothing for this company: {said}. Its owner has to look at the"
            " subscription there; sending goes on by itself afterwards.",
            request_id=request_id,
        )
    if "off-line" in words:
        return Unreachable(f"{SYSTEM} is off-line for now. Try again later.", request_id=request_id)
    if number == RATE_LIMIT:
        return control_refusal(found, request_id)
    step = _step(words, entity)
    return SignInRefused(
        f"{SYSTEM} did not let us in: {said or number}. {MEND[step]}",
        step=step,
        request_id=request_id,
    )


def _step(words: str, entity: str) -> Step:
    if "xml transactions" in words:
        return Step.SUBSCRIPTION
    if "web services authorization" in words or "sender" in words:
        return Step.AUTHORIZATION
    if "entity" in words or (entity and "location" in words):
        return Step.ENTITY
    return Step.USER


# --- What was asked ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """One kind of complaint: how it is known, and what it means."""

    is_it: Callable[[str, str], bool]  # of its number and its words in lower case
    means: type[ConnectorError]
    then: str  # what to do, a sentence


def _says(*patterns: str) -> Callable[[str, str], bool]:
    found = [re.compile(pattern) for pattern in patterns]
    return lambda _number, words: any(pattern.search(words) for pattern in found)


def _numbered(*numbers: str) -> Callable[[str, str], bool]:
    return lambda number, _words: number in numbers


# In the order in which they are tried: what names its reason most exactly stands first.
RULES = (
    Rule(_says(r"period.*closed", r"date must be on or after"), PeriodClosed,
         "Open the period there, or date the bill later."),
    Rule(_says(r"do not have permission"), AccessDenied,
         "An admin there has to add it to the role of the web-services user, under "
         "Company › Admin › Roles."),
    Rule(_numbered(NO_PERMISSION), AccessDenied,
         "An admin there has to add it to the role of the web-services user, under "
         "Company › Admin › Roles."),
    Rule(_says(r"temporarily off-line"), Unreachable, "Try again later."),
    Rule(_says(r"gl account override"), Refused,
         "This company enters bills by account labels. Check the setup, pull again, and map to "
         "labels."),
    Rule(_says(r"account labels are not"), Refused,
         "This company enters bills by GL accounts. Check the setup, pull again, and map to "
         "accounts."),
    Rule(_says(r"is missing the .+ dimension", r"the account number '.*' requires a",
               r"^required field", r"missing unit"), Refused,
         "Say it in the mapping or in the source, then send again."),
    Rule(_says(r"^invalid .+ '.*' specified", r"^the \w+ '.*' is invalid",
               r"'.*' (specified )?is not valid", r"^activate the ", r"cannot find .+ with key"),
         TargetInactive, "Choose another record, or make it usable there."),
    Rule(_numbered(*DUPLICATES), NumberTaken, "Look which document has it."),
    Rule(_says(r"already exists", r"^duplicate "), NumberTaken, "Look which document has it."),
)  # fmt: skip


def refusal(
    found: Sequence[Complaint], *, what: str = "the bill", sends: bool = False, request_id: str = ""
) -> ConnectorError:
    """The error for a function that was refused. `sends` when it was to make something."""
    telling = [each for each in found if not _is_general(each)] or list(found)
    said = "; ".join(dict.fromkeys(_sentence(each) for each in telling)) or "no reason given"
    for complaint in telling:
        for rule in RULES:
            if rule.is_it(complaint.number, complaint.sentence.lower()):
                return _made(rule.means, f"{_opening(rule, what)}: {said}. {rule.then}",
                             complaint.number, request_id)  # fmt: skip
    number = telling[0].number if telling else ""
    if sends and (not KNOWN.match(number) or any(_CONTROL_ID.search(c.sentence) for c in telling)):
        return NumberTaken(
            f"{SYSTEM} refused {what} in a way we do not know, perhaps because it has it already:"
            f" {said}.",
            code=number,
            request_id=request_id,
        )
    return Refused(f"{SYSTEM} refused {what}: {said}.", code=number, request_id=request_id)


def _opening(rule: Rule, what: str) -> str:
    if rule.means is PeriodClosed:
        return f"{SYSTEM} refused {what}: its books are closed then"
    if rule.means is NumberTaken:
        return f"{SYSTEM} has something with this number or id already"
    if rule.means is AccessDenied:
        return f"{SYSTEM} does not let our sign-in do this"
    if rule.means is Unreachable:
        return f"{SYSTEM} cannot do this now"
    return f"{SYSTEM} refused {what}"


def _made(
    means: type[ConnectorError], sentence: str, number: str, request_id: str
) -> ConnectorError:
    if issubclass(means, Refused):
        return means(sentence, code=number, request_id=request_id)
    return means(sentence, request_id=request_id)


def _is_general(complaint: Complaint) -> bool:
    """Says only that something went wrong: the others say what (4.3)."""
    if complaint.number == ROLLED_BACK:
        return True
    return bool(_GENERAL_WORDS.match(complaint.sentence))


def _first(found: Sequence[Complaint]) -> tuple[str, str]:
    if not found:
        return "", ""
    return found[0].number, _sentence(found[0])


def _sentence(complaint: Complaint) -> str:
    return (complaint.sentence or complaint.correction or complaint.number).strip().rstrip(".")
