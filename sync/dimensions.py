"""What a ledger that costs by task wants on each line besides the account: task and cost type.

A task is the ledger's own cost code of one project, and its number is the source's: both sides
follow the same list. So it is found by its number alone, or not at all; nothing is guessed, and an
account that demands what is not there holds the bill. Source: docs/rules.md.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from common.choices import RecordKind
from connectors.models import Record
from sync.models import BillLine

# How systems say the five kinds of cost; the reference sheets of construction finance and Procore.
SAME_COST = (
    {"labor", "labour", "l", "lab"},
    {"material", "materials", "m", "mat"},
    {"subcontract", "subcontracts", "subcontractor", "subcontractors", "commitment", "s", "sub"},
    {"equipment", "equip", "e", "eqp"},
    {"other", "others", "o", "oth"},
)


@dataclass(frozen=True)
class Dimensions:
    """What one line names besides its account. Both may be missing."""

    task: Record | None = None
    cost_type: Record | None = None


class Tasks:
    """The tasks of the ledger's projects, and the cost types of each. Read once for a bill."""

    def __init__(self, project: Record | None) -> None:
        self.project = project

    def of(self, line: BillLine) -> Dimensions:
        task = _only(self._tasks, line.cost_code) if line.cost_code else None
        if task is None or line.cost_type is None:
            return Dimensions(task)
        return Dimensions(task, _cost_type(self._cost_types(task), line.cost_type))

    @cached_property
    def _tasks(self) -> list[Record]:
        if self.project is None:
            return []
        return list(self._listed(RecordKind.TASK, [self.project.external_id]))

    @cached_property
    def _all_cost_types(self) -> list[Record]:
        ids = [task.external_id for task in self._tasks]
        return list(self._listed(RecordKind.COST_TYPE, ids)) if ids else []

    def _cost_types(self, task: Record) -> list[Record]:
        own = (row for row in self._all_cost_types if row.parent_external_id == task.external_id)
        return list(own)

    def _listed(self, kind: RecordKind, parents: Sequence[str]) -> Iterator[Record]:
        assert self.project is not None  # noqa: S101  # asked above
        rows = Record.objects.filter(
            connection=self.project.connection_id, kind=kind, parent_external_id__in=parents
        )
        return rows.usable().defer("payload", "search_text").order_by("pk").iterator()


def missing(account: Record, found: Dimensions, *, named: Iterable[str]) -> list[str]:
    """What the account demands of a line and nobody has said, in words. `named` is what is."""
    has = {"project", "vendor", *named}
    has |= {"task"} if found.task else set()
    has |= {"cost_type"} if found.cost_type else set()
    return [name.replace("_", " ") for name in account.requires if name not in has]


def sentence(account: Record, line: BillLine, lacks: Sequence[str]) -> str:
    """What is missing on a line, and what to do about it."""
    if "task" in lacks:
        code = line.cost_code or "of its cost code"
        fix = f"Its project has no task with the number {code} there. Add it and pull again."
    elif "cost type" in lacks:
        fix = "Add the cost type to the task there and pull again."
    else:
        fix = "Say on the mapping's page what goes along with it."
    wants = " and a ".join(lacks)
    return f"Line {line.position} posts to {account.label}, which wants a {wants} there. {fix}"


def _only(rows: Sequence[Record], code: Record) -> Record | None:
    """The one row with this very number, however it is punctuated; None for none or several."""
    wanted = code.code or code.name
    same = [row for row in rows if _is_same(row.code, wanted)]
    return same[0] if len(same) == 1 else None


def _is_same(one: str, other: str) -> bool:
    """ "03-110", "03.110" and "03110" are one number; "1-100" and "11-00" are two."""
    (plain, cuts), (other_plain, other_cuts) = _cut(one), _cut(other)
    return bool(plain) and plain == other_plain and (cuts <= other_cuts or other_cuts <= cuts)


def _cost_type(rows: Sequence[Record], wanted: Record) -> Record | None:
    """By its code or its name; else the only one of the same kind of cost."""
    for ours, theirs in (("code", "code"), ("name", "name")):
        said = getattr(wanted, ours).casefold()
        same = [row for row in rows if said and getattr(row, theirs).casefold() == said]
        if len(same) == 1:
            return same[0]
    kind = _cost(wanted)
    same = [row for row in rows if kind is not None and _cost(row) == kind]
    return same[0] if len(same) == 1 else None


def _cost(row: Record) -> int | None:
    """Which of the five kinds of cost its name says, or else its type, or its code."""
    for word in (row.name, row.type, row.code):
        for at, words in enumerate(SAME_COST):
            if word.casefold() in words:
                return at
    return None


def _cut(code: str) -> tuple[str, set[int]]:
    """The code without its punctuation, and where that stood."""
    groups = re.findall(r"[0-9a-z]+", code.casefold())
    return "".join(groups), set(accumulate(map(len, groups[:-1])))
