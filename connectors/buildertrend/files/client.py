"""Buildertrend as its exported files have told it so far: answers from the rows we keep.

Satisfies `Source`, so that a pull runs over files as over any other way. Sections named below are
those of the Buildertrend fact sheet. Vendors, cost codes and cost types have no export of their own
that was seen (12), so they are made of what the documents name; a name in any spelling is one.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import groupby
from typing import Any, Final, TypeVar

from django.db.models import Max

from common.choices import RecordKind
from connectors.buildertrend import translate, words
from connectors.buildertrend.files import doubting, jobs
from connectors.buildertrend.files.families import List
from connectors.buildertrend.files.reading import order_key
from connectors.buildertrend.files.rows import BILL, ORDER
from connectors.buildertrend.values import (
    Bill,
    CostCode,
    CostType,
    Job,
    LineItem,
    PurchaseOrder,
    Vendor,
)
from connectors.errors import UnexpectedPayload
from connectors.file_models import SourceRow
from connectors.models import Connection
from connectors.records import (
    PulledBill,
    PulledCommitment,
    PulledCompany,
    PulledRecord,
    Unreadable,
)

V = TypeVar("V")
T = TypeVar("T")

DOCUMENTS: Final = (List.BILLS, List.PURCHASE_ORDERS, List.LINES)
CODED: Final = (List.LINES, List.ESTIMATES, List.COST_CODES)
ID_LENGTH: Final = 32  # of a key that stands for an id: 128 bits
# "0015-Framing labor", and "APP 50714 - Framing, first half".
_NUMBERED: Final = re.compile(
    r"(\d{1,6})-(?=[^\W\d])(.*)|([A-Z]{1,5} #?\d[\w.\-/]*)\s+-\s+(.*)", re.DOTALL
)


class BuildertrendFiles:
    """One connection's rows. Asks nobody, so nothing here is ever unreachable."""

    kinds = (
        RecordKind.VENDOR,
        RecordKind.PROJECT,
        RecordKind.COST_CODE,
        RecordKind.COST_TYPE,
    )

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def company(self) -> PulledCompany:
        return PulledCompany(
            external_id=self.connection.external_company_id, name=self.connection.name
        )

    def records(self, kind: RecordKind) -> Iterator[PulledRecord | Unreadable]:
        match kind:
            case RecordKind.VENDOR:
                return _readable(kind, translate.vendor, self._vendors(), lambda v: v.vendor_id)
            case RecordKind.PROJECT:
                return _readable(kind, translate.project, self._jobs(), lambda job: job.job_id)
            case RecordKind.COST_CODE:
                codes = self._codes.values()
                return _readable(kind, translate.cost_code, codes, lambda one: one.cost_code_id)
            case RecordKind.COST_TYPE:
                types = self._types.values()
                return _readable(kind, translate.cost_type, types, lambda one: one.cost_type_id)
        raise ValueError(f"Files of Buildertrend keep no list of {kind}")

    def commitments(self, project_id: str) -> Iterator[PulledCommitment | Unreadable]:
        kind = PulledCommitment.Kind.PURCHASE_ORDER
        for document in self._documents(project_id, List.PURCHASE_ORDERS, ORDER):
            yield self._document(
                kind, document, lambda rows: translate.commitment(_order(rows), self._coding)
            )

    def bills(self, project_id: str) -> Iterator[PulledBill | Unreadable]:
        kind, doubts = PulledBill.Kind.BILL, doubting.bills(self.connection, project_id)
        for document in self._documents(project_id, List.BILLS, BILL):
            yield self._document(
                kind,
                document,
                lambda rows: translate.bill(_bill(rows), self._coding),
                doubt=doubts.get(document[0].key, ""),
            )

    # --- Documents --------------------------------------------------------------------------------

    def _documents(self, project_id: str, own: List, entity: str) -> Iterator[list[SourceRow]]:
        """The rows of each document of one job, one after the other."""
        rows = (
            self.connection.source_rows.filter(kind__in=(own, List.LINES), job=project_id)
            .select_related("file")
            .defer("file__content", "file__problems", "file__sample", "file__asks")
            .order_by("kind", "document", "file_id", "number", "pk")
        )
        for _, group in groupby(rows.iterator(), key=lambda row: (row.kind, row.document)):
            document = list(group)
            if document[0].kind == own or document[0].content["entity"] == entity:
                yield document

    def _document(
        self,
        kind: str,
        document: list[SourceRow],
        translated: Callable[[list[SourceRow]], T],
        *,
        doubt: str = "",
    ) -> T | Unreadable:
        """9.2.4: what a full export lacks is flagged and not deleted, so its document is held."""
        first = document[0]
        there = [row for row in document if row.missing_since is None]
        if not there:
            sentence = (
                f"{_named(first)} is missing from the last full export. It may have been deleted"
                " in Buildertrend. Look there, and export it again if it is still meant."
            )
            return Unreadable(
                sentence=sentence, payload=first.content, kind=kind, external_id=_id(first)
            )
        if doubt := doubt or doubting.lines(there):
            return Unreadable(
                sentence=f"{_named(first)}: {doubt}",
                payload=first.content,
                kind=kind,
                external_id=_id(first),
            )
        try:
            return translated(there)
        except UnexpectedPayload as error:
            sentence = f"Row {first.number} of {first.file}: {error}"
            return Unreadable(
                sentence=sentence, payload=first.content, kind=kind, external_id=_id(first)
            )

    # --- Lists, made of what the documents name ---------------------------------------------------

    def _jobs(self) -> Iterator[Job]:
        rows = self.connection.source_rows.filter(kind=List.JOBS).order_by("number", "pk")
        listed = {row.job or row.content["id"]: row.content for row in rows}
        for job, name in jobs.known(self.connection):
            said = listed.get(job, {})
            yield Job(
                job_id=job,
                job_name=name,
                job_status=said.get("status", ""),
                street=said.get("street", ""),
                city=said.get("city", ""),
                state=said.get("state", ""),
                zip=said.get("zip", ""),
                raw=said or {"name": name},
            )

    def _vendors(self) -> Iterator[Vendor]:
        known = {
            jobs.own_id(row.content["name"]): row.content
            for row in self.connection.source_rows.filter(kind=List.VENDORS).order_by("pk")
        }
        for name in self._said("vendor", DOCUMENTS):
            known.setdefault(jobs.own_id(name), {"name": name})
        for vendor_id, said in sorted(known.items()):
            yield Vendor(
                vendor_id=vendor_id,
                company_name=said["name"],
                contact_name=said.get("contact", ""),
                email=said.get("email", ""),
                phone=said.get("phone", ""),
                street=said.get("street", ""),
                city=said.get("city", ""),
                state=said.get("state", ""),
                zip=said.get("zip", ""),
                tax_id=said.get("tax_id", ""),
                raw=said,
            )

    @cached_property
    def _codes(self) -> dict[str, CostCode]:
        """By id, which is the title however it is spelled (2.2)."""
        rows = self.connection.source_rows
        coded = rows.filter(kind__in=CODED).order_by("content__code", "content__category")
        found: dict[str, CostCode] = {}
        for title, category in coded.values_list("content__code", "content__category").distinct():
            if title and not words.is_payment(title):
                one = CostCode(
                    cost_code_id=jobs.own_id(title),
                    title=title,
                    category_name=category or "",
                    raw={"title": title, "category": category},
                )
                found.setdefault(one.cost_code_id, one)
        named = rows.filter(kind__in=(List.BILLS, List.PURCHASE_ORDERS)).order_by("content__codes")
        for titles in named.values_list("content__codes", flat=True).distinct():
            for title in words.real_codes(titles):
                one = CostCode(cost_code_id=jobs.own_id(title), title=title, raw={"title": title})
                if not words.is_payment(title):
                    found.setdefault(one.cost_code_id, one)
        return dict(sorted(found.items()))

    @cached_property
    def _types(self) -> dict[str, CostType]:
        found: dict[str, CostType] = {}
        for name in self._said("cost_type", CODED):
            one = CostType(cost_type_id=jobs.own_id(name), name=name, raw={"name": name})
            found.setdefault(one.cost_type_id, one)
        return dict(sorted(found.items()))

    @cached_property
    def _coding(self) -> translate.Coding:
        return translate.coding(self._codes.values(), self._types.values())

    def _said(self, name: str, kinds: Iterable[List]) -> list[str]:
        """Every value of a field, the one that came last first."""
        rows = self.connection.source_rows.filter(kind__in=list(kinds))
        said = rows.values_list(f"content__{name}").annotate(last=Max("pk")).order_by("-last")
        return [value for value, _ in said if value]


def _readable(
    kind: RecordKind,
    translated: Callable[[V], PulledRecord | None],
    values: Iterable[V],
    id_of: Callable[[V], str],
) -> Iterator[PulledRecord | Unreadable]:
    for value in values:
        try:
            record = translated(value)
        except UnexpectedPayload as error:
            yield Unreadable(
                sentence=str(error), payload=error.payload, kind=kind, external_id=id_of(value)
            )
        else:
            if record is not None:
                yield record


# --- Rows to values -------------------------------------------------------------------------------


def _order(rows: list[SourceRow]) -> PurchaseOrder:
    first, said = rows[0], rows[0].content
    number, title = said.get("number", ""), said["title"]
    if first.kind == List.LINES:
        number, title = _number_and_title(said["document_title"])
    return PurchaseOrder(
        purchase_order_id=_id(first),
        job_id=first.job,
        po_number=number,
        cost=_total(rows),
        title=title,
        approval_status_text=said["status"],
        performing_user_id=_vendor_id(said),
        date_added=_day(said["created"]),
        cost_codes=tuple(said.get("codes", ())),
        line_items=_line_items(rows),
        raw=_raw(rows),
    )


def _bill(rows: list[SourceRow]) -> Bill:
    """C has no invoice date; that the day it was added stands for it is our assumption."""
    first, said = rows[0], rows[0].content
    number, title = said.get("number", ""), said["title"]
    billed_on, orders = said.get("invoice_date", ""), tuple(said.get("orders", ()))
    related = tuple(order_key(first.job, each)[:ID_LENGTH] for each in orders if each)
    if first.kind == List.LINES:
        number, title = _number_and_title(said["document_title"])
        billed_on = said["created"]
        related = (said["order_id"],) if said["order_id"] else ()
    return Bill(
        bill_id=_id(first),
        job_id=first.job,
        amount=_total(rows),
        bill_number=number,
        title=title,
        status=said["status"],
        payment_status=said["paid_status"],
        pay_to_id=_vendor_id(said),
        invoice_date=_day(billed_on),
        due_date=_day(said["due_date"]),
        created_date=_day(said["created"]),
        related_purchase_order_ids=related,
        cost_codes=tuple(said.get("codes", ())),
        line_items=_line_items(rows),
        raw=_raw(rows),
    )


def _line_items(rows: list[SourceRow]) -> tuple[LineItem, ...]:
    """Families A and B have a document a row, and no lines."""
    return tuple(
        LineItem(
            line_item_id=row.content["line_id"] or row.key[:ID_LENGTH],
            builder_cost=Decimal(row.content["amount"]),
            item_title=row.content["title"],
            cost_code_id=jobs.own_id(row.content["code"]) if row.content["code"] else "",
            cost_code_title=row.content["code"],
            cost_types=(row.content["cost_type"],) if row.content["cost_type"] else (),
        )
        for row in rows
        if row.kind == List.LINES
    )


def _id(row: SourceRow) -> str:
    return row.content.get("document_id") or row.document[:ID_LENGTH]


def _named(row: SourceRow) -> str:
    said = row.content
    title = said.get("document_title") or " ".join(
        part for part in (said.get("number", ""), said["title"]) if part
    )
    return f"“{title}” of {said['vendor']}" if said["vendor"] else f"“{title}”"


def _number_and_title(document_title: str) -> tuple[str, str]:
    """A parent's title begins with its number, as related purchase orders are written (9.1 A).

    That bills are written so too is our assumption: C has no column for their number.
    """
    if found := _NUMBERED.fullmatch(document_title.strip()):
        number, title = (part for part in found.groups() if part is not None)
        return number, title.strip()
    return words.split_number(document_title)


def _vendor_id(said: dict[str, Any]) -> str:
    return jobs.own_id(said["vendor"]) if said["vendor"] else ""


def _total(rows: list[SourceRow]) -> Decimal:
    return sum((Decimal(row.content["amount"]) for row in rows), Decimal("0.00"))


def _day(said: str) -> date | None:
    return date.fromisoformat(said) if said else None


def _raw(rows: list[SourceRow]) -> dict[str, Any]:
    first = rows[0]
    return {
        "file": first.file.name,
        "sha256": first.file.sha256,
        "rows": [row.number for row in rows],
        "said": [row.content for row in rows],
    }
