"""What a "no" of QuickBooks Desktop, or of its Web Connector, means for us.

Sections are those of the reference sheet. Wordings of status codes above 3035 are not official
(9), so codes decide, and words only where one code has several meanings.
"""

import re
from dataclasses import dataclass

from connectors.errors import (
    AccessDenied,
    ConnectorError,
    CredentialsExpired,
    NotSent,
    NumberTaken,
    PeriodClosed,
    Refused,
    TargetInactive,
    Unreachable,
)
from connectors.quickbooks_desktop.qbxml import Answer, Reply

GOOD = 0
NOTHING_FOUND = {1, 500}
NO_SUCH_ID = {1, 500, 3000}  # also where what a person typed in is no id at all
PARSE_ERROR = "0x80040400"


# --- The Web Connector could not run the question (1.6) -------------------------------------------


@dataclass(frozen=True)
class Cause:
    """One HRESULT: what is wrong, what to do about it, and what became of the question."""

    kind: type[ConnectorError]
    sentence: str


_ADMIT = (
    "Sign in to QuickBooks as its Admin in single-user mode, open Edit, Preferences, Integrated"
    " Applications, Company Preferences, and allow Tieout"
)
# All of these stop before QuickBooks runs anything, but for the two that do not say so.
CAUSES = {
    PARSE_ERROR: Cause(
        Refused,
        "QuickBooks did not understand what we sent, so nothing of it was done. Tell support: this"
        " is ours to mend.",
    ),
    "0x80040401": Cause(
        Unreachable, "The Web Connector could not get at QuickBooks. Restart QuickBooks there."
    ),
    "0x80040402": Cause(
        Unreachable, "QuickBooks had an error that it does not explain. Restart QuickBooks there."
    ),
    "0x80040403": Cause(
        NotSent,
        "QuickBooks could not open the company file. Open it there by hand, then run the Web"
        " Connector again.",
    ),
    "0x80040406": Cause(
        NotSent,
        "QuickBooks no longer finds the company file where it was. Open it there by hand, then run"
        " the Web Connector again.",
    ),
    "0x80040408": Cause(
        NotSent, "QuickBooks could not be started. Start it on that computer and open the company."
    ),
    "0x8004040A": Cause(
        NotSent,
        "QuickBooks has another company file open. Close it there and open the one that is"
        " connected.",
    ),
    "0x8004040D": Cause(
        NotSent, "QuickBooks ended the session. The next run of the Web Connector begins a new one."
    ),
    "0x80040410": Cause(
        NotSent,
        "The company file is open in the other mode, single-user or multi-user. Switch the mode"
        " under File in QuickBooks, or close the company there.",
    ),
    "0x80040414": Cause(
        NotSent,
        "A window in QuickBooks waits for an answer. Go to that computer and close it; sending goes"
        " on at the next run.",
    ),
    "0x80040416": Cause(
        NotSent,
        "QuickBooks is not running, and may not be started without a person. Start it and open the"
        " company there.",
    ),
    "0x80040417": Cause(NotSent, "QuickBooks has no company open. Open the company there."),
    "0x80040418": Cause(CredentialsExpired, f"QuickBooks never let Tieout in here. {_ADMIT}."),
    "0x8004041A": Cause(CredentialsExpired, f"QuickBooks does not let Tieout in. {_ADMIT}."),
    "0x8004041D": Cause(
        CredentialsExpired,
        f"QuickBooks does not let Tieout in while nobody is signed in there. {_ADMIT} to log in"
        " automatically, or leave QuickBooks open.",
    ),
    "0x8004041F": Cause(
        CredentialsExpired,
        "This edition of QuickBooks lets no other program in. A newer or larger edition is needed.",
    ),
    "0x80040420": Cause(
        CredentialsExpired, f"Somebody refused Tieout in a window of QuickBooks. {_ADMIT}."
    ),
    "0x80040422": Cause(
        NotSent,
        "QuickBooks needs single-user mode for this, and others are signed in to the company. Ask"
        " them to leave it, or run the Web Connector when they have.",
    ),
    "0x80040424": Cause(
        NotSent, "QuickBooks was not ready yet. The Web Connector tries again at its next run."
    ),
    "0x80040308": Cause(
        CredentialsExpired,
        "A part of QuickBooks that other programs need is missing on that computer. Repair the"
        " installation of QuickBooks there.",
    ),
}


def could_not_run(hresult: str, message: str) -> ConnectorError:
    """Why QuickBooks could not run a question. Of what we do not know, we do not say that it
    was not done."""
    code = canonical(hresult)
    cause = CAUSES.get(code)
    if cause is None:
        said = f" It says: {message.strip().rstrip('.')}." if message.strip() else ""
        return Unreachable(
            f"QuickBooks could not do this ({code}).{said} Look at QuickBooks on that computer."
        )
    if issubclass(cause.kind, Refused):
        return cause.kind(cause.sentence, code=code)
    return cause.kind(cause.sentence)


def canonical(hresult: str) -> str:
    """`0x80040414`, however the Web Connector spelled it: a number may come signed, or bare."""
    text = hresult.strip()
    is_hex = re.fullmatch(r"(0x)?[0-9a-f]{8}", text, re.IGNORECASE)
    try:
        value = int(text, 16 if is_hex else 10)
    except ValueError:
        return text[:40]
    return f"0x{value & 0xFFFFFFFF:08X}"


# --- QuickBooks refused a request (6) -------------------------------------------------------------

_TARGET = TargetInactive
_OTHER_MODE = (
    "QuickBooks is in another mode, single-user or multi-user: {said}. Switch it under File there."
)
MEANS: dict[int, tuple[type[ConnectorError], str]] = {
    1000: (Unreachable, "QuickBooks had an internal error: {said}. It is tried again."),
    1010: (NotSent, "QuickBooks is not available now: {said}. It is tried again."),
    3000: (_TARGET, "QuickBooks does not know a record that {what} names: {said}. Map it anew."),
    3100: (NumberTaken, "QuickBooks has this name already: {said}."),
    3120: (_TARGET, "QuickBooks no longer finds something: {said}. Pull, then map it anew."),
    3130: (_TARGET, "QuickBooks does not find the parent: {said}. Choose another one."),
    3140: (_TARGET, "QuickBooks refused {what}: {said}. Choose another record."),
    3161: (NotSent, _OTHER_MODE),
    3162: (NotSent, _OTHER_MODE),
    3170: (NotSent, "Somebody in QuickBooks changed this meanwhile: {said}. It is tried again."),
    3171: (PeriodClosed, "QuickBooks refused {what}: its books are closed then. {said}."),
    3175: (NotSent, "Somebody in QuickBooks is at work on this: {said}. It is tried again."),
    3176: (NotSent, "Somebody in QuickBooks is at work on this: {said}. It is tried again."),
    3177: (NotSent, "QuickBooks cannot do this now: {said}. It is tried again."),
    3220: (AccessDenied, "QuickBooks does not let us do this: {said}. {admit}."),
    3231: (NotSent, "QuickBooks left this out because of an earlier error. It is tried again."),
    3250: (Refused, "This QuickBooks cannot do that: {said}. Turn the feature on there."),
    3260: (AccessDenied, "QuickBooks does not let us do this: {said}. {admit}."),
    3261: (AccessDenied, "QuickBooks does not let us do this: {said}. {admit}."),
    3270: (_TARGET, "QuickBooks refused {what}: {said}. Choose another record."),
    3280: (_TARGET, "QuickBooks refused {what}: {said}. Choose another record."),
}


def refusal(reply: Reply, *, what: str = "our question") -> ConnectorError:
    """The error for a reply that says no to `what`."""
    said = reply.message.strip().rstrip(".") or f"status {reply.code}"
    kind, sentence = MEANS.get(reply.code, (Refused, "QuickBooks refused {what}: {said}."))
    if reply.code == 3180:
        kind, sentence = _saving(said)
    text = sentence.format(what=what, said=said, admit=_ADMIT)
    if issubclass(kind, Refused):
        return kind(text, code=str(reply.code))
    return kind(text)


def _saving(said: str) -> tuple[type[ConnectorError], str]:
    """3180 wraps whatever QuickBooks said as it saved (6)."""
    words = said.lower()
    if any(word in words for word in ("lock", "in use by", "another user", "has been modified")):
        return NotSent, "Somebody in QuickBooks is at work on this: {said}. It is tried again."
    if any(word in words for word in ("duplicate", "already in use", "already exists")):
        return NumberTaken, "QuickBooks has this already: {said}."
    return Refused, "QuickBooks could not save {what}: {said}."


def check_recovery(answer: Answer) -> None:
    """Of a write: what QuickBooks says of its message set's id (6, 9001 to 9005; 7).

    Raises:
        NumberTaken: something under this id was done before; look for it.
        Refused: the id itself is refused, so nothing was done.
    """
    if answer.recovery in {"", "0"}:
        return
    if answer.recovery == "9004":
        raise Refused("QuickBooks refused our mark of this bill as too long.", code="9004")
    raise NumberTaken(
        f"QuickBooks met our mark of this bill before (status {answer.recovery}).",
        code=answer.recovery,
    )
