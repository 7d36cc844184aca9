"""One row of an export to what we keep of it: a key, the job it belongs to, and plain values. Pure.

Source: Buildertrend fact sheet, 9.1 and 9.2. Columns that tell of the builder's own customers are
not among the fields, so they are never kept (A10).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from common.spreadsheets import Cell
from connectors.buildertrend import words
from connectors.buildertrend.files import cells
from connectors.buildertrend.files.families import Layout, List

Values = Mapping[str, Cell]
BILL, ORDER = "bill", "purchase_order"


class RowError(Exception):
    """A row that cannot be taken. The message is a sentence."""


class RowSkipped(Exception):
    """A row that is understood and is not for us. The message is a sentence."""


class Jobs(Protocol):
    """What the names and ids of jobs in files mean."""

    def of_name(self, label: str) -> str:
        """The project's external id; of a name nobody has confirmed yet, the one it would get."""

    def of_id(self, source_id: str) -> str:
        """The project's external id; "" while no list of jobs had this id."""

    def of_listed(self, source_id: str, label: str) -> str:
        """The project's external id for a row of the list of jobs itself."""


@dataclass(frozen=True)
class Around:
    """What a row cannot say by itself."""

    layout: Layout
    jobs: Jobs
    zone: ZoneInfo
    job: str = ""  # of a whole file that names none
    is_approved: bool = False  # said of the whole file, for bills without a status


@dataclass(frozen=True, slots=True)
class Found:
    """A row that says something. Texts only: it is kept as JSON and compared by its digest."""

    number: int
    key: tuple[str, ...]
    content: dict[str, Any]
    job: str = ""
    document: tuple[str, ...] = ()  # what it is a line of; itself when empty
    # Rows with one key are told apart by their order, the oldest first; "" where a key is an id.
    order: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    number: int
    sentence: str
    cells: list[str] = field(default_factory=list)
    is_error: bool = True
    document: tuple[str, ...] = ()  # of which it would be a line


def read(number: int, values: Values, around: Around) -> Found:
    """
    Raises:
        RowError: something in it cannot be read.
        RowSkipped: it is nothing that we bring in.
    """
    return _READERS[around.layout.kind](number, values, around)


# --- The lists ------------------------------------------------------------------------------------


def _job(number: int, values: Values, around: Around) -> Found:
    source_id, name = _required(values, "job_id", around), _required(values, "name", around)
    content = {"id": source_id, "name": name} | _texts(
        values, "street", "city", "state", "zip", "status"
    )
    return Found(number, (source_id,), content, around.jobs.of_listed(source_id, name))


def _vendor(number: int, values: Values, around: Around) -> Found:
    name = _required(values, "name", around)
    content = {"name": name} | _texts(
        values, "contact", "email", "phone", "street", "city", "state", "zip", "tax_id"
    )
    return Found(number, (words.plain(name),), content)


def _cost_code(number: int, values: Values, around: Around) -> Found:
    title = _required(values, "code", around)
    _refuse_payments([title])
    cost_type = cells.text(values["cost_type"])
    content = {"code": title, "category": cells.text(values["category"]), "cost_type": cost_type}
    # The catalog has a row for each of its items, so a code comes many times (2.2).
    return Found(number, (words.plain(title), words.plain(cost_type)), content, order="0")


def _purchase_order(number: int, values: Values, around: Around) -> Found:
    """9.2.3: a purchase order is known by its job and number."""
    job, own_number = _job_of(values, around), _required(values, "number", around)
    content = {
        "number": own_number,
        "vendor": _vendor_name(values, "vendor"),
        "amount": _amount(values, "amount", around),
        "codes": cells.texts(values["codes"]),
        "created": _day(values, "created", around),
    } | _texts(values, "title", "status", "paid_status")
    return Found(number, (job, plain_number(own_number)), content, job)


def _bill(number: int, values: Values, around: Around) -> Found:
    """9.2.3: by job, number, vendor and amount; numbers repeat, and may be blank. Without one the
    day it was entered tells it from its like, such as the rent of another month.
    """
    job, codes = _job_of(values, around), cells.texts(values["codes"])
    _refuse_payments(codes)
    content: dict[str, Any] = {
        "vendor": _vendor_name(values, "vendor"),
        "amount": _amount(values, "amount", around),
        "codes": codes,
        "orders": [one.partition("-")[0].strip() for one in cells.texts(values["orders"])],
    } | _texts(values, "number", "title", "status", "paid_status")
    for name in ("invoice_date", "due_date", "created"):
        content[name] = _day(values, name, around)
    _approve(content, around)
    key = [job, words.plain(content["number"]), words.plain(content["vendor"]), content["amount"]]
    if not content["number"] and content["created"]:
        key.append(content["created"])
    return Found(number, tuple(key), content, job, order=_order(content, number))


def _line(number: int, values: Values, around: Around) -> Found:
    """9.1 C: one row a line. That `payment_id` names the document is our assumption: no sheet says
    what else it could be, and without it lines of one parent's title are taken as one document.
    """
    entity = _entity(cells.text(values["entity"]))
    job = _job_by_id(values, around)
    code = cells.text(values["code"])
    # A payment among the lines is kept: without it the others would come to another sum.
    content = {
        "entity": entity,
        "vendor": _vendor_name(values, "vendor"),
        "amount": _amount(values, "amount", around),
        "code": code,
        "due_date": _day(values, "due_date", around),
        "created": _day(values, "created", around),
    } | _texts(values, "line_id", "document_id", "document_title", "title", "category",
               "cost_type", "paid_status", "status", "order_id")  # fmt: skip
    _approve(content, around)
    document = document_of(values, around)
    if content["line_id"]:
        return Found(number, (*document, content["line_id"]), content, job, document)
    key = (*document, words.plain(content["title"]), words.plain(code), content["amount"])
    return Found(number, key, content, job, document, order=_order(content, number))


def document_of(values: Values, around: Around) -> tuple[str, ...]:
    """The document of a line, also of one that cannot be read; () where nothing tells it."""
    if around.layout.kind != List.LINES:
        return ()
    try:
        entity = _entity(cells.text(values["entity"]))
    except (RowError, RowSkipped):
        return ()
    said = _texts(values, "document_id", "document_title", "job_id")
    if said["document_id"]:
        return (entity, said["document_id"])
    vendor = words.plain(_vendor_name(values, "vendor"))
    job = around.jobs.of_id(said["job_id"])
    return (entity, job, words.plain(said["document_title"]), vendor)


def _estimate(number: int, values: Values, around: Around) -> Found:
    content = {
        "original": _amount(values, "original", around, is_needed=False),
        "revised": _amount(values, "revised", around, is_needed=False),
    } | _texts(values, "code", "category", "cost_type", "status")
    job_id = cells.text(values["job_id"])
    job = around.jobs.of_id(job_id) if job_id else ""
    return Found(number, (_required(values, "id", around),), content, job)


def _change_order(number: int, values: Values, around: Around) -> Found:
    own_id = _required(values, "id", around)
    content = {
        "id": own_id,
        "price": _amount(values, "price", around, is_needed=False),
        "created": _day(values, "created", around),
    } | _texts(values, "number", "title", "status")
    return Found(number, (own_id,), content, _job_by_id(values, around))


_READERS: Final[Mapping[List, Callable[[int, Values, Around], Found]]] = {
    List.JOBS: _job,
    List.VENDORS: _vendor,
    List.COST_CODES: _cost_code,
    List.PURCHASE_ORDERS: _purchase_order,
    List.BILLS: _bill,
    List.LINES: _line,
    List.ESTIMATES: _estimate,
    List.CHANGE_ORDERS: _change_order,
}


# --- What they share ------------------------------------------------------------------------------


def plain_number(number: str) -> str:
    """ "0015" and a spreadsheet's 15 are one purchase order."""
    plain = words.plain(number)
    return plain.lstrip("0") or plain


def _job_of(values: Values, around: Around) -> str:
    name = cells.text(values["job"])
    if around.job:
        return around.job
    if not name:
        raise RowError("It names no job. Fill the column Job, or leave the row out.")
    return around.jobs.of_name(name)


def _job_by_id(values: Values, around: Around) -> str:
    source_id = _required(values, "job_id", around)
    if job := around.jobs.of_id(source_id):
        return job
    raise RowError(f"Job {source_id} is not known yet. Bring in the file of jobs (Jobsites) first.")


def _entity(said: str) -> str:
    """9.1 C: bills and purchase orders are ours to bring in; what the owner pays is not."""
    plain = words.plain(said)
    if "invoice" in plain or "credit memo" in plain or "deposit" in plain:
        raise RowSkipped(f"It is of an owner's {plain}, which is not used yet.")
    if "purchase" in plain or plain in ("po", "pos"):
        return ORDER
    if "bill" in plain:
        return BILL
    raise RowError(f"“{said[:40]}” is no kind of document we know. Tell support what it is.")


def _refuse_payments(codes: Sequence[str]) -> None:
    """2.2, 9.2.6: payments that builders keep among their cost codes."""
    if codes and all(words.is_payment(code) for code in codes):
        raise RowSkipped(f"“{codes[0][:60]}” is a payment and no cost, so the row is left out.")


def _approve(content: dict[str, Any], around: Around) -> None:
    """3: a status that the file tells goes first; without one, what its uploader said."""
    if not content["status"] and around.is_approved:
        content["status"], content["status_by"] = "Approved", "uploader"


def _vendor_name(values: Values, name: str) -> str:
    said = cells.text(values[name])
    return "" if words.is_nobody(said) else said.replace("\n", " ")


def _texts(values: Values, *names: str) -> dict[str, str]:
    return {name: cells.text(values[name]).replace("\n", " ") for name in names}


def _required(values: Values, name: str, around: Around) -> str:
    if said := cells.text(values[name]).replace("\n", " "):
        return said
    raise RowError(f"{around.layout.field(name).label} is empty. Fill it, or leave the row out.")


def _amount(values: Values, name: str, around: Around, *, is_needed: bool = True) -> str:
    found: Decimal | None = _understood(cells.amount, values, name, around)
    if found is None and is_needed:
        raise RowError(f"{around.layout.field(name).label} is empty. Fill it, or leave it out.")
    return "" if found is None else str(found)


def _day(values: Values, name: str, around: Around) -> str:
    found: date | None = _understood(
        lambda cell: cells.day(cell, around.zone), values, name, around
    )
    return found.isoformat() if found else ""


def _understood(read_cell: Callable[[Cell], Any], values: Values, name: str, around: Around) -> Any:
    try:
        return read_cell(values[name])
    except ValueError as said:
        head = around.layout.field(name).label
        raise RowError(f"{head}: {said}. Correct it in the file.") from None


def _order(content: Mapping[str, Any], number: int) -> str:
    """Oldest first, so that a new row like an old one takes no older one's place."""
    days = [content.get(name) or "9999" for name in ("created", "invoice_date", "due_date")]
    return "|".join([*days, str(content["title"]), f"{number:09}"])
