"""Reads Procore's lists. What they mean is said in `translate`, `pay_applications`, `refusals`.

Sections named below are those of the Procore fact sheet.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import Any, Concatenate, ParamSpec, TypeVar

from common.choices import RecordKind
from connectors.errors import AccessDenied, UnexpectedPayload, Unreachable
from connectors.http import CallMade, Tokens
from connectors.procore import pay_applications, translate
from connectors.procore.pacing import PacedHttp
from connectors.procore.refusals import refusal
from connectors.records import (
    JSON,
    PulledBill,
    PulledCommitment,
    PulledCompany,
    PulledRecord,
    Unreadable,
)

P = ParamSpec("P")
T = TypeVar("T")
K = TypeVar("K", bound=str)

SYSTEM = "Procore"
PAGE_SIZE = 100
COMMITMENT_PATHS = {
    PulledCommitment.Kind.SUBCONTRACT: "/rest/v1.0/work_order_contracts",
    PulledCommitment.Kind.PURCHASE_ORDER: "/rest/v1.0/purchase_order_contracts",
}
REQUISITIONS = "/rest/v1.1/requisitions"


class Reader:
    """One company's Procore, as the signed-in user may see it: whole lists. Satisfies `Source`."""

    kinds = (
        RecordKind.VENDOR,
        RecordKind.PROJECT,
        RecordKind.COST_CODE,
        RecordKind.COST_TYPE,
    )

    def __init__(
        self,
        *,
        base_url: str,
        tokens: Tokens,
        company_id: str = "",
        record: Callable[[CallMade], None] = lambda _call: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`company_id` is empty only while connecting, when `companies()` is all one may ask."""
        self.company_id = company_id
        self.http = PacedHttp(
            system=SYSTEM,
            base_url=base_url.rstrip("/"),
            tokens=tokens,
            # 1.4: on every call, even where the company is in the path or the query as well.
            headers={"Procore-Company-Id": company_id} if company_id else {},
            refusal=refusal,
            record=record,
            sleep=sleep,
        )

    def companies(self) -> list[PulledCompany]:
        """The companies this sign-in can see, to choose one when connecting."""
        return [translate.company(row) for row in self.rows("/rest/v1.0/companies")]

    def company(self) -> PulledCompany:
        for company in self.companies():
            if company.external_id == self.company_id:
                return company
        raise AccessDenied(
            "Procore no longer shows our sign-in this company. Ask a Procore admin to connect "
            "the app to it again."
        )

    def records(self, kind: RecordKind) -> Iterator[PulledRecord | Unreadable]:
        match kind:
            case RecordKind.VENDOR:
                return self.vendors()
            case RecordKind.PROJECT:
                return self.projects()
            case RecordKind.COST_CODE:
                return self._cost_codes()
            case RecordKind.COST_TYPE:
                return self._cost_types()
        raise ValueError(f"Procore keeps no list of {kind}")

    def commitments(self, project_id: str) -> Iterator[PulledCommitment | Unreadable]:
        return from_tools(
            {
                kind: self.commitments_of(kind, path, project_id)
                for kind, path in COMMITMENT_PATHS.items()
            }
        )

    def bills(self, project_id: str) -> Iterator[PulledBill | Unreadable]:
        return from_tools(
            {
                PulledBill.Kind.SUBCONTRACTOR_INVOICE: self.invoices(project_id),
                PulledBill.Kind.DIRECT_COST: self._direct_costs(project_id),
            }
        )

    # --- Company lists ----------------------------------------------------------------------------

    def vendors(self, **filters: str) -> Iterator[PulledRecord | Unreadable]:
        """3.2: the active list hides inactive vendors, whose own list has no filters."""
        seen = set()
        for row in self.company_rows("/rest/v1.0/vendors", view="extended", **filters):
            seen.add(row_id(row))
            yield readable(RecordKind.VENDOR, translate.vendor, row, is_active=True)
        for row in self.rows(f"/rest/v1.0/companies/{self.company_id}/vendors/inactive"):
            # One that was switched off between the two lists was given already.
            if row_id(row) not in seen:
                yield readable(RecordKind.VENDOR, translate.vendor, row, is_active=False)

    def projects(self, **filters: str) -> Iterator[PulledRecord | Unreadable]:
        """3.3: without the filter the list hides inactive projects."""
        everything = {"filters[by_status]": "All", **filters}
        rows = self.company_rows("/rest/v1.0/projects", **everything)
        return (readable(RecordKind.PROJECT, translate.project, row) for row in rows)

    def _cost_types(self) -> Iterator[PulledRecord | Unreadable]:
        rows = self.company_rows("/rest/v1.0/line_item_types")
        return (readable(RecordKind.COST_TYPE, translate.cost_type, row) for row in rows)

    def _cost_codes(self) -> Iterator[PulledRecord | Unreadable]:
        """The company's standard codes, then those that only a project has."""
        seen = set()
        for code in chain(self._standard_cost_codes(), self._codes_of_projects()):
            if isinstance(code, Unreadable):
                yield code
            elif code.external_id not in seen:
                seen.add(code.external_id)
                yield code

    def _standard_cost_codes(self) -> Iterator[PulledRecord | Unreadable]:
        for listed in self.company_rows("/rest/v1.0/standard_cost_code_lists"):
            # 4.2: any other view leaves the codes themselves out.
            rows = self.company_rows(
                "/rest/v1.0/standard_cost_codes",
                standard_cost_code_list_id=row_id(listed),
                view="extended",
            )
            yield from _cost_codes(rows)

    def _codes_of_projects(self) -> Iterator[PulledRecord | Unreadable]:
        """A closed project takes its place as unreadable, lest its codes be taken as gone."""
        for project in self.projects():
            if isinstance(project, Unreadable) or not project.is_active:
                continue
            try:
                yield from _cost_codes(self._cost_code_rows(project.external_id))
            except AccessDenied as denied:
                yield Unreadable(
                    sentence=f"The cost codes of {project.name} cannot be read. {denied}",
                    payload=project.payload,
                    kind=RecordKind.COST_CODE,
                )

    def _cost_code_rows(self, project_id: str) -> Iterator[JSON]:
        return self.rows("/rest/v1.0/cost_codes", project_id=project_id)

    # --- Commitments and bills --------------------------------------------------------------------

    def commitments_of(
        self, kind: PulledCommitment.Kind, path: str, project_id: str
    ) -> Iterator[PulledCommitment | Unreadable]:
        for row in self.rows(path, project_id=project_id, view="extended"):
            yield readable(kind, self.commitment, row, kind, path, project_id)

    def commitment(
        self, row: JSON, kind: PulledCommitment.Kind, path: str, project_id: str
    ) -> PulledCommitment:
        lines = self.rows(f"{path}/{row_id(row)}/line_items", project_id=project_id)
        return translate.commitment(row, list(lines), kind=kind, project_id=project_id)

    def invoices(self, project_id: str, **filters: Any) -> Iterator[PulledBill | Unreadable]:
        """7.1: the extended view brings the items, so one list is a project's whole billing."""
        whole = {"project_id": project_id, "view": "extended", **filters}
        rows = list(self.rows(REQUISITIONS, **whole))
        if not rows:
            return
        codes = self.codes(project_id)
        by_id = {row_id(row): row for row in rows}
        kind = PulledBill.Kind.SUBCONTRACTOR_INVOICE
        for row in rows:
            yield readable(kind, _invoice, row, by_id, project_id=project_id, codes=codes)

    def codes(self, project_id: str) -> pay_applications.Codes:
        """What an item's ids mean. An id whose row cannot be read means nothing to us."""
        rows = list(self._cost_code_rows(project_id))
        return pay_applications.Codes(
            full_codes={
                row_id(row): code.external_id
                for row, code in zip(rows, _cost_codes(rows), strict=True)
                if not isinstance(code, Unreadable)
            },
            cost_types={
                cost_type.code: cost_type.external_id
                for cost_type in self._cost_types()
                if not isinstance(cost_type, Unreadable) and cost_type.code
            },
        )

    def _direct_costs(self, project_id: str) -> Iterator[PulledBill | Unreadable]:
        """8.4: one list has the lines of all, which is hundreds of calls fewer (2.6)."""
        path = f"/rest/v1.0/projects/{project_id}/direct_costs"
        rows = list(self.rows(path))
        if not rows:
            return
        lines: dict[str, list[JSON]] = {}
        for line in self.rows(f"{path}/line_items"):
            lines.setdefault(translate.holder_id(line), []).append(line)
        kind = PulledBill.Kind.DIRECT_COST
        for row in rows:
            own = lines.get(row_id(row), [])
            yield readable(kind, translate.direct_cost, row, own, project_id=project_id)

    # --- Lists ------------------------------------------------------------------------------------

    def company_rows(self, path: str, **params: Any) -> Iterator[JSON]:
        return self.rows(path, company_id=self.company_id, **params)

    def rows(self, path: str, **params: Any) -> Iterator[JSON]:
        """Every row of a list, once: rows shift between pages while people work (2.2)."""
        seen: set[str] = set()
        came, promised = 0, ""
        for answer in self.http.link_pages(path, {**params, "per_page": PAGE_SIZE}):
            rows, total = answer.data, answer.headers.get("total", "")
            if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
                raise UnexpectedPayload(
                    f"Procore answered {path} with something that is not a list of records.",
                    payload=rows,
                    request_id=answer.request_id,
                )
            promised = promised or total
            if total not in {"", promised}:
                raise Unreachable(
                    f"A list of Procore's changed while we read it: it had {promised} rows, then"
                    f" {total}. We ask again later."
                )
            for row in rows:
                # A row without an id is passed on, for its translation to complain about.
                if not row_id(row) or row_id(row) not in seen:
                    seen.add(row_id(row))
                    came += 1
                    yield row
        # A list with a hole, or one that ends early, would look like rows that were deleted.
        if promised.isdecimal() and came < int(promised):
            raise Unreachable(
                f"Procore promised {promised} rows and sent {came}. We ask again later."
            )


def from_tools(lists: Mapping[K, Iterator[T]]) -> Iterator[T | Unreadable]:
    """What a project's tools have, one after the other: one tool a kind.

    A tool that is switched off is normal (12, gotcha 20): its list leaves a mark and the others
    still come. A project whose every tool says no is one that we may not see.
    """
    denials: dict[K, AccessDenied] = {}
    for kind, rows in lists.items():
        try:
            yield from rows
        except AccessDenied as denied:
            denials[kind] = denied
    if len(denials) == len(lists):
        raise next(iter(denials.values()))
    for kind, reason in denials.items():
        sentence = f"The {_words(kind)}s of this project cannot be read. {reason}"
        yield Unreadable(sentence=sentence, payload={}, kind=kind)


def readable(
    kind: str,
    translate_row: Callable[Concatenate[JSON, P], T],
    row: JSON,
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T | Unreadable:
    """One row that cannot be understood must not keep the others from coming."""
    try:
        return translate_row(row, *args, **kwargs)
    except UnexpectedPayload as error:
        sentence, payload = str(error), error.payload
    except AccessDenied as denied:
        # It is listed, and what belongs to it is hidden: this one only, not its list.
        sentence = f"Procore's {_words(kind)} {row_id(row)} cannot be read. {denied}"
        payload = row
    return Unreadable(sentence=sentence, payload=payload, kind=kind, external_id=row_id(row))


def _cost_codes(rows: Iterable[JSON]) -> list[PulledRecord | Unreadable]:
    """One whole list, company or project: a code's path needs the rows above it."""
    rows = list(rows)
    by_id = {row_id(row): row for row in rows}
    codes = [readable(RecordKind.COST_CODE, translate.cost_code, row, by_id) for row in rows]
    # 4.3: our records of them are known by the joined code.
    return [
        replace(code, external_id=translate.text(row, "full_code"))
        if isinstance(code, Unreadable)
        else code
        for row, code in zip(rows, codes, strict=True)
    ]


def _invoice(
    row: JSON, by_id: Mapping[str, JSON], *, project_id: str, codes: pay_applications.Codes
) -> PulledBill:
    previous_id = translate.text(row, "previous_requisition_id")
    if previous_id and previous_id not in by_id:
        raise UnexpectedPayload(
            f"Procore's invoice {row_id(row)} follows invoice {previous_id}, which Procore does "
            "not show. What it adds cannot be told.",
            payload=row,
        )
    return pay_applications.bill(row, by_id.get(previous_id), project_id=project_id, codes=codes)


def _words(kind: str) -> str:
    """ "direct_cost" as people say it: "direct cost"."""
    return kind.replace("_", " ")


def row_id(row: JSON) -> str:
    return translate.text(row, "id")
