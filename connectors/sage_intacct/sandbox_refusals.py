"""How Sage Intacct says no: its error numbers and sentences. Source: the sheet, sections 4 and 7.

Where the sheet knows a sentence but no number, or neither, the function says "assumed".
"""

from dataclasses import dataclass

ROLLED_BACK = "The entire transaction in this operation has been rolled back due to an error."


@dataclass(frozen=True)
class Complaint:
    errorno: str
    description2: str
    correction: str = ""


class Refusal(Exception):
    """A no to one function. The specific complaint comes first, the general one last."""

    def __init__(self, *complaints: Complaint) -> None:
        super().__init__(complaints[0].description2)
        self.complaints = complaints


class ControlRefusal(Refusal):
    """A no to the whole request: there is no operation in the answer."""


class SignInRefusal(Refusal):
    """A no to who asks: there is no result in the answer."""


def general(what: str, verb: str = "create") -> Complaint:
    return Complaint("BL01001973", f"Could not {verb} {what} record!")


def refused(errorno: str, sentence: str, what: str, correction: str = "") -> Refusal:
    return Refusal(Complaint(errorno, sentence, correction), general(what))


def malformed(sentence: str) -> ControlRefusal:
    return ControlRefusal(Complaint("XL03000003", sentence))


def wrong_schema(sentence: str) -> Refusal:
    return Refusal(Complaint("XL03000003", sentence))


def wrong_sender() -> ControlRefusal:
    return ControlRefusal(Complaint("XL03000006", "Incorrect Intacct XML Partner ID or password."))


def rate_limited() -> ControlRefusal:
    return ControlRefusal(Complaint("GW-0010", "API rate limit exceeded"))


def wrong_sign_in() -> SignInRefusal:
    return SignInRefusal(Complaint("XL03000006", "Sign-in information is incorrect"))


def no_web_services() -> SignInRefusal:
    """Section 2, 1. The number is assumed."""
    return SignInRefusal(
        Complaint("XL03000006", "This company is not authorized for XML transactions.")
    )


def sender_not_authorized(sender: str, company: str) -> SignInRefusal:
    return SignInRefusal(
        Complaint(
            "XL03000006",
            f"Invalid Web Services Authorization: the sender ID '{sender}' is not authorized to"
            f" make Web Services requests to company ID '{company}'.",
            "Contact the company administrator to grant Web Services authorization to this"
            " sender ID.",
        )
    )


def no_such_entity(entity: str) -> SignInRefusal:
    """Number and sentence are assumed."""
    return SignInRefusal(
        Complaint("XL03000006", f"The entity '{entity}' is not valid for this user.")
    )


def no_permission(operation: str, kind: str) -> Refusal:
    return Refusal(
        Complaint(
            "PL04000005",
            f"You do not have permission for API operation {operation} on objects of type"
            f" {kind.lower()}",
        )
    )


def unknown_object(name: str) -> Refusal:
    return Refusal(Complaint("Query Failed", f"Object definition {name} not found"))


def bad_question(sentence: str) -> Refusal:
    return Refusal(
        Complaint("DL02000001", f"There was an error processing the request. {sentence}")
    )


def already_exists(what: str, value: str) -> Refusal:
    return refused(
        "BL34000061",
        f"Another {what} with the given value(s) {value}  already exists",
        what,
        "Use a unique value instead.",
    )


def illegal(column: str, value: str, what: str) -> Refusal:
    return refused("BL03000018", f"Illegal format for {column}: '{value}'.", what)


def missing(sentence: str, what: str) -> Refusal:
    return refused("BL03000018", f"Required field {sentence} is missing", what)


def invalid(sentence: str, what: str) -> Refusal:
    return refused("BL01001973", sentence, what)


def repeated_control_id(controlid: str) -> Refusal:
    """The real number and words are not established: nobody may rely on these (17, 4)."""
    return Refusal(Complaint("SBX-DUPCONTROLID", f"The control ID '{controlid}' was used before."))
