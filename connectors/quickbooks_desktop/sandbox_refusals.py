"""How QuickBooks Desktop says "no". Source: sections 1.6 and 6 of the reference sheet.

The sheet gives the wording of few codes; the rest is worded here in the same manner.
"""


class CannotRun(Exception):
    """QuickBooks did not take the message set at all: an HRESULT, and no status per request."""

    def __init__(self, hresult: str, message: str) -> None:
        super().__init__(message)
        self.hresult, self.message = hresult, message


class Refusal(Exception):
    """One request of a set was answered with a status that is not 0."""

    def __init__(self, code: int, message: str, severity: str = "Error") -> None:
        super().__init__(f"{code} {message}")
        self.code, self.message, self.severity = code, message, severity


# The words the Web Connector shows beside each HRESULT (1.6).
HRESULTS = {
    "0x80040400": "QuickBooks found an error when parsing the provided XML text stream.",
    "0x80040401": "Could not access QuickBooks.",
    "0x80040402": "Unexpected error. Check the qbsdklog.txt file for possible additional"
    " information.",
    "0x80040403": "Could not open the specified QuickBooks company data file.",
    "0x80040408": "Could not start QuickBooks.",
    "0x8004040A": "A QuickBooks company data file is already open and it is different from the one"
    " requested.",
    "0x80040410": "The QuickBooks company data file is currently open in a mode other than the one"
    " specified by your application.",
    "0x80040414": "A modal dialog box is showing in the QuickBooks user interface. Your application"
    " cannot access QuickBooks until the user dismisses the dialog box.",
    "0x80040416": "If QuickBooks is not running, a call to the BeginSession method must include the"
    " name of the QuickBooks company data file.",
    "0x80040417": "If the QuickBooks company data file is not open, a call to the BeginSession"
    " method must include the name of the data file.",
    "0x80040418": "This application has not accessed this QuickBooks company data file before. The"
    " QuickBooks administrator must grant an application permission to access a company file for"
    " the first time.",
    "0x8004041A": "This application does not have permission to access this QuickBooks company data"
    " file. The QuickBooks administrator can grant access permission through the Integrated"
    " Application preferences.",
    "0x8004041D": "This application does not have permission to log in automatically.",
    "0x80040420": "The QuickBooks user has denied access.",
    "0x80040422": "This application requires Single User file access mode and there is another"
    " application sharing data with this QuickBooks company data file.",
}  # fmt: skip


def cannot_run(hresult: str) -> CannotRun:
    return CannotRun(hresult, HRESULTS[hresult])


def cannot_parse(why: str) -> CannotRun:
    """The whole set is refused. `why` is for the person who reads a test; QuickBooks says less."""
    return CannotRun("0x80040400", f"{HRESULTS['0x80040400']} {why}")


def bad_format(code: int, kind: str, text: str, field: str) -> Refusal:
    message = f'There was an error when converting the {kind} "{text}" in the field "{field}".'
    return Refusal(code, message)


def bad_id(kind: str, text: str, field: str) -> Refusal:
    return Refusal(3000, f'The given {kind} "{text}" in the field "{field}" is invalid.')


def too_long(field: str, limit: int) -> Refusal:
    return Refusal(
        3070, f'The string in the field "{field}" is too long. The maximum length is {limit}.'
    )


def bad_name(name: str) -> Refusal:
    return Refusal(3090, f'There was an error when storing "{name}" in the "Name" field: a colon.')


def name_in_use(name: str) -> Refusal:
    return Refusal(3100, f'The name "{name}" of the list element is already in use.')


def not_found(key: str) -> Refusal:
    return Refusal(
        3120,
        f'Object "{key}" specified in the request cannot be found.  QuickBooks error message:'
        " Invalid argument.  The specified record does not exist in the list.",
    )


def invalid_reference(list_name: str, named: str, holder: str) -> Refusal:
    return Refusal(
        3140, f'There is an invalid reference to QuickBooks {list_name} "{named}" in the {holder}.'
    )


def missing(field: str) -> Refusal:
    return Refusal(3150, f'The required element "{field}" is missing in the request.')


def cannot_delete(key: str) -> Refusal:
    return Refusal(3160, f'Cannot delete the object specified by the id = "{key}": it is in use.')


def closed() -> Refusal:
    return Refusal(
        3171,
        "An attempt was made to modify a transaction dated on or before the closing date of the"
        " company.",
    )


def locked() -> Refusal:
    return Refusal(3175, "The transaction could not be locked. It is in use by another user.")


def stale(sequence: str) -> Refusal:
    return Refusal(3200, f'The provided edit sequence "{sequence}" is out-of-date.')


def wrong_value(text: str, field: str) -> Refusal:
    return Refusal(3210, f'The "{field}" field has an invalid value "{text}".')
