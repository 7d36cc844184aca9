"""Lays a seed on disk: one folder a system, one CSV file a list."""

import csv
from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def write_system(system: "DataclassInstance", folder: Path) -> None:
    """`system` holds lists of rows, one a file; a list without rows gets no file."""
    for each in fields(system):
        write_file(getattr(system, each.name), folder / f"{each.name}.csv")


def write_file(rows: "Sequence[DataclassInstance]", path: Path) -> None:
    if not rows:
        path.unlink(missing_ok=True)
        return
    columns = [each.name for each in fields(rows[0])]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_cell(getattr(row, column)) for column in columns])


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value:.2f}"
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%SZ")
        case date():
            return value.isoformat()
    return str(value)
