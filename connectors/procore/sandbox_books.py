"""What the sandbox remembers, in the columns of its seed files; everything else is derived.

Source of the columns: connectors/seeds/README.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from common import money
from connectors.sandboxing import Doc, Store, read_csv

ZERO = Decimal(0)


@dataclass(frozen=True)
class Table:
    key: str = "id"
    parent: str = ""  # the column by which rows are kept apart, so that one group is read at once


# In loading order: a project takes a copy of the standard codes that are there when it is made.
TABLES = {
    "company": Table(),
    "vendors": Table(),
    "cost_codes": Table(key="code"),
    "cost_types": Table(),
    "projects": Table(),
    "project_cost_codes": Table(key="code", parent="project_id"),
    "commitments": Table(),
    "commitment_lines": Table(parent="commitment_id"),
    "requisitions": Table(),
    "requisition_items": Table(key="commitment_line_id", parent="requisition_id"),
    "contract_payments": Table(),
    "direct_costs": Table(),
    "direct_cost_lines": Table(parent="direct_cost_id"),
}
# Whose own time of change moves when a row below it is written.
HEADERS = {
    "commitment_lines": "commitments",
    "requisition_items": "requisitions",
    "direct_cost_lines": "direct_costs",
}
IDS = {
    "commitment_id",
    "commitment_line_id",
    "contract_id",
    "cost_type_id",
    "direct_cost_id",
    "id",
    "project_id",
    "requisition_id",
    "vendor_id",
}
AMOUNTS = {
    "amount",
    "released_this_period",
    "retained_this_period",
    "retainage_percent",
    "stored_now",
    "stored_retained",
    "tax",
    "total_value",
    "work_this_period",
}


@dataclass(frozen=True, kw_only=True)
class AppliedLine:
    """One line of the schedule of values in one pay application."""

    line: Doc
    position: int
    work_before: Decimal
    work: Decimal
    stored: Decimal
    held_before: Decimal  # on work
    retained: Decimal
    released: Decimal
    held_on_stored: Decimal

    @property
    def work_to_date(self) -> Decimal:
        return self.work_before + self.work

    @property
    def to_date(self) -> Decimal:
        return self.work_to_date + self.stored

    @property
    def held_on_work(self) -> Decimal:
        return self.held_before + self.retained - self.released


@dataclass(frozen=True, kw_only=True)
class Application:
    """A pay application with what lies before it on the same commitment."""

    requisition: Doc
    previous: "Application | None"
    commitment: Doc
    lines: list[AppliedLine]
    is_newest: bool

    @property
    def scheduled(self) -> Decimal:
        return sum((one.line["amount"] for one in self.lines), ZERO)

    @property
    def to_date(self) -> Decimal:
        return sum((one.to_date for one in self.lines), ZERO)

    @property
    def held_on_work(self) -> Decimal:
        return sum((one.held_on_work for one in self.lines), ZERO)

    @property
    def held_on_stored(self) -> Decimal:
        return sum((one.held_on_stored for one in self.lines), ZERO)

    @property
    def earned_less_retainage(self) -> Decimal:
        return self.to_date - self.held_on_work - self.held_on_stored

    @property
    def certified_before(self) -> Decimal:
        return self.previous.earned_less_retainage if self.previous else ZERO


class Books:
    def __init__(self, store: Store) -> None:
        self.store = store

    def load(self, seed: Path, now: datetime) -> None:
        if not (seed / "company.csv").exists():
            raise FileNotFoundError(f"There is no company.csv in {seed}.")
        for table in TABLES:
            for row in read_csv(seed / f"{table}.csv"):
                self.write(table, row, now)

    def known(self, table: str, row: Mapping[str, Any]) -> Doc | None:
        shape = TABLES[table]
        kind = f"{table}/{row[shape.parent]}" if shape.parent else table
        return self.store.get(kind, row[shape.key])

    def write(self, table: str, row: Mapping[str, Any], now: datetime) -> Doc:
        """Add a row, or change the given columns of the row with the same key."""
        shape = TABLES[table]
        kind = f"{table}/{row[shape.parent]}" if shape.parent else table
        known = self.known(table, row)
        stamp = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        doc: Doc = {"created_at": stamp} | (known or {}) | {"updated_at": stamp}
        # A blank in a seed is no value, and for the time of change no value means now.
        doc |= {
            column: _typed(column, value)
            for column, value in row.items()
            if column != "updated_at" or value
        }
        if shape.key == "code" and known is None:
            doc["id"] = self.store.next_number("cost_code", start=5_520_001)
        if table == "projects" and known is None:
            self._copy_standard_codes(doc["id"])
        self.store.put(kind, row[shape.key], doc)
        return doc

    def delete(self, table: str, key: str | int) -> None:
        self.store.delete(table, key)

    def touch_header(self, table: str, row: Mapping[str, Any], now: datetime) -> None:
        if header := HEADERS.get(table):
            self.write(header, {"id": row[TABLES[table].parent]}, now)

    def _copy_standard_codes(self, project_id: int) -> None:
        for code in self.store.all("cost_codes"):
            copied = {
                **code,
                "id": self.store.next_number("cost_code", start=5_520_001),
                "project_id": project_id,
                "standard_cost_code_id": code["id"],
            }
            self.store.put(f"project_cost_codes/{project_id}", code["code"], copied)

    def cost_codes(self, project_id: int) -> dict[str, Doc]:
        return {code["code"]: code for code in self.store.all(f"project_cost_codes/{project_id}")}

    def cost_types(self) -> dict[int, Doc]:
        return {cost_type["id"]: cost_type for cost_type in self.store.all("cost_types")}

    def commitment_lines(self, commitment_id: int) -> list[Doc]:
        lines = self.store.all(f"commitment_lines/{commitment_id}")
        return sorted(lines, key=lambda line: int(line["position"] or 0))

    def direct_cost_lines(self, direct_cost_id: int) -> list[Doc]:
        lines = self.store.all(f"direct_cost_lines/{direct_cost_id}")
        return sorted(lines, key=lambda line: int(line["position"] or 0))

    def paid(self, commitment_id: int) -> Decimal:
        rows = self.store.all("contract_payments")
        amounts = (row["amount"] for row in rows if row["contract_id"] == commitment_id)
        return sum(amounts, ZERO)

    def direct_cost_amount(self, direct_cost: Doc) -> Decimal:
        if direct_cost.get("amount") is not None:
            amount: Decimal = direct_cost["amount"]
            return amount
        return sum((line["amount"] for line in self.direct_cost_lines(direct_cost["id"])), ZERO)

    def applications(self, project_id: int) -> Iterator[Application]:
        """Every pay application of a project, oldest first within its commitment."""
        by_commitment: dict[int, list[Doc]] = {}
        for requisition in self.store.all("requisitions"):
            by_commitment.setdefault(requisition["commitment_id"], []).append(requisition)
        for commitment in self.store.all("commitments"):
            if commitment["project_id"] == project_id:
                yield from self._chain(commitment, by_commitment.get(commitment["id"], []))

    def _chain(self, commitment: Doc, requisitions: list[Doc]) -> Iterator[Application]:
        schedule = self.commitment_lines(commitment["id"])
        previous: Application | None = None
        for number, requisition in enumerate(
            sorted(requisitions, key=lambda one: int(one["number"])), start=1
        ):
            items = {
                item["commitment_line_id"]: item
                for item in self.store.all(f"requisition_items/{requisition['id']}")
            }
            before = {one.line["id"]: one for one in previous.lines} if previous else {}
            previous = Application(
                requisition=requisition,
                previous=previous,
                commitment=commitment,
                lines=[
                    _applied(position, line, items.get(line["id"]), before.get(line["id"]))
                    for position, line in enumerate(schedule, start=1)
                ],
                is_newest=number == len(requisitions),
            )
            yield previous


def _applied(position: int, line: Doc, item: Doc | None, before: AppliedLine | None) -> AppliedLine:
    """A line without an item moves nothing: what was stored and held there stays."""
    unmoved = {
        "stored_now": before.stored if before else ZERO,
        "stored_retained": before.held_on_stored if before else ZERO,
    }
    given = item if item is not None else unmoved
    return AppliedLine(
        line=line,
        position=position,
        work_before=before.work_to_date if before else ZERO,
        work=given.get("work_this_period") or ZERO,
        stored=given.get("stored_now") or ZERO,
        held_before=before.held_on_work if before else ZERO,
        retained=given.get("retained_this_period") or ZERO,
        released=given.get("released_this_period") or ZERO,
        held_on_stored=given.get("stored_retained") or ZERO,
    )


def _typed(column: str, value: Any) -> Any:
    if column == "active":
        return str(value).lower() != "false"
    if value is None or value == "":
        return None
    if column in AMOUNTS:
        return money.parse(value)
    return int(value) if column in IDS else value
