"""What the sandbox remembers, in the columns of its seed files; everything else is derived.

Source of the columns: connectors/seeds/README.md.
"""

from collections.abc import Mapping
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


TABLES = {
    "company": Table(),
    "jobs": Table(),
    "vendors": Table(),
    "cost_codes": Table(),
    "cost_types": Table(),
    "purchase_orders": Table(),
    "purchase_order_lines": Table(parent="purchase_order_id"),
    "bills": Table(),
    "bill_lines": Table(parent="bill_id"),
    "change_orders": Table(),
    "change_order_lines": Table(parent="change_order_id"),
    "budgets": Table(key="cost_code_id", parent="job_id"),
    "attachments": Table(),
}
# Whose own time of change moves when a row below it is written.
HEADERS = {
    "purchase_order_lines": "purchase_orders",
    "bill_lines": "bills",
    "change_order_lines": "change_orders",
}
IDS = {
    "id", "job_id", "vendor_id", "cost_code_id", "category_id", "purchase_order_id", "bill_id",
    "change_order_id",
}  # fmt: skip
AMOUNTS = {
    "amount", "amount_paid", "contract_price", "quantity", "unit_cost", "owner_price", "original",
    "revised", "pending", "committed", "actual", "projected",
}  # fmt: skip
FLAGS = {"recalled", "originated_from_accounting", "billable", "deleted"}


class Books:
    def __init__(self, store: Store) -> None:
        self.store = store

    def load(self, seed: Path, now: datetime) -> None:
        if not (seed / "company.csv").exists():
            raise FileNotFoundError(f"There is no company.csv in {seed}.")
        for table in TABLES:
            for row in read_csv(seed / f"{table}.csv"):
                self.write(table, row, now)

    def write(self, table: str, row: Mapping[str, Any], now: datetime) -> Doc:
        """Add a row, or change the given columns of the row with the same key."""
        shape = TABLES[table]
        kind = f"{table}/{row[shape.parent]}" if shape.parent else table
        known = self.store.get(kind, row[shape.key])
        stamp = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        doc: Doc = {"created_at": stamp} | (known or {}) | {"updated_at": stamp}
        # A blank in a seed is no value, and for the time of change no value means now.
        doc |= {
            column: _typed(column, value)
            for column, value in row.items()
            if column != "updated_at" or value
        }
        if table in HEADERS:
            doc.setdefault("quantity", Decimal(1))
        self.store.put(kind, row[shape.key], doc)
        if (header := HEADERS.get(table)) and self.store.get(header, row[shape.parent]):
            self.write(header, {"id": row[shape.parent]}, now)
        return doc

    def of(self, table: str, parent_id: int) -> list[Doc]:
        rows = self.store.all(f"{table}/{parent_id}")
        return sorted(rows, key=lambda row: int(row.get("position") or 0))

    def amount_of(self, table: str, row: Doc) -> Decimal:
        """Of a document: its own amount, or else that of its lines."""
        if row.get("amount") is not None:
            amount: Decimal = row["amount"]
            return amount
        return sum((cost(line) for line in self.of(table, row["id"])), ZERO)


def cost(line: Doc) -> Decimal:
    """2.4: builder cost = unit cost × quantity, unless a seed gives the amount itself."""
    if line.get("amount") is not None:
        amount: Decimal = line["amount"]
        return amount
    return money.to_cents((line.get("unit_cost") or ZERO) * line["quantity"])


def _typed(column: str, value: Any) -> Any:
    if column == "active":
        return str(value).lower() != "false"
    if column in FLAGS:
        return str(value).lower() == "true"
    if column == "quantity":
        return money.parse(1 if value in (None, "") else value)
    if value is None or value == "":
        return None
    if column in AMOUNTS:
        return money.parse(value)
    return int(value) if column in IDS else value
