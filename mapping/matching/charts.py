"""The items or accounts of a ledger, read once for all cost codes: what each takes.

A chart may split by cost type, and most have rows for what has none of its own.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final

from mapping.matching import subjects
from mapping.matching.lexicon import CONDITIONS
from mapping.matching.names import Candidate
from mapping.matching.subjects import Subject

SPLIT_FROM: Final = 3  # so many targets named for a cost type, of two types, split a chart
FEW_COSTS: Final = 5
TYPES: Final = ("labor", "material", "subcontract", "equipment")
# A chart's types that a job's cost never goes to, as systems and their exports spell them.
NEVER_COSTED: Final = (
    "bank", "cash", "receivable", "payable", "asset", "liabilit", "equity", "income", "revenue",
    "credit card", "inventory",
)  # fmt: skip
# Whoever does the work: such rows share out a cost type's account, as journeymen and apprentices.
PERSONS: Final = frozenset({"general_labor", "supervision", "carpentry", "management"})


def role(type_: str) -> str:
    """`cost`, `overhead` or `never`, by the type of an account; an item's is `cost`."""
    said = type_.casefold()
    if "cost" in said or "cogs" in said:
        return "cost"
    if "expense" in said or "overhead" in said:
        return "never" if "income" in said and "expense" not in said else "overhead"
    return "never" if any(word in said for word in NEVER_COSTED) else "cost"


class Chart:
    """The items or accounts of a ledger, read once."""

    def __init__(self, targets: Sequence[Candidate]) -> None:
        self.targets = targets
        self.roles = [role(target.type) for target in targets]
        # In a small firm's chart jobs are costed among the expenses.
        self.has_costs = self.roles.count("cost") >= FEW_COSTS
        self.costed = {"cost"} if self.has_costs else {"cost", "overhead"}
        self.subjects = [
            _in_office(subjects.of_target(target.path or target.name), place)
            for target, place in zip(targets, self.roles, strict=True)
        ]
        self._inherit_types()
        told = Counter(
            subject.type
            for subject, place in zip(self.subjects, self.roles, strict=True)
            if place in self.costed
            and subject.type in {"labor", "material", "subcontract"}
            and (subject.is_type_told or subject.is_whole)
        )
        self.has_subcontracts = "subcontract" in told
        # One account for each type, "Job Materials" and "Subcontractors", splits a chart as well.
        self.splits = (len(told) > 1 and sum(n >= SPLIT_FROM for n in told.values()) > 1) or len(
            [type_ for type_ in ("material", "subcontract") if self._takes_all(type_)]
        ) > 1
        self.names = Counter(subject.text for subject in self.subjects)

    def _inherit_types(self) -> None:
        """Under 51000 Direct Materials, 51400 Flooring is material, and 51000 only a heading."""
        headings = {
            target.code[:2]: at
            for at, target in enumerate(self.targets)
            if self.subjects[at].is_whole and _is_round(target.code)
        }
        for at, target in enumerate(self.targets):
            heading = headings.get(target.code[:2], at)
            above, own = self.subjects[heading], self.subjects[at]
            if heading == at or len(target.code) != len(self.targets[heading].code):
                continue
            self.subjects[heading] = replace(above, is_whole=False, is_rest=False)
            if not own.type and above.type != "equipment" and not own.heads & CONDITIONS:
                self.subjects[at] = replace(own, type=above.type, is_type_told=True)

    def __len__(self) -> int:
        return len(self.targets)

    def _takes_all(self, type_: str) -> list[int]:
        return [
            at
            for at, subject in enumerate(self.subjects)
            if self.roles[at] != "never"
            and subject.type == type_
            and (subject.is_whole or subject.is_rest)
        ]

    @cached_property
    def rests(self) -> dict[str, list[int]]:
        """By cost type, the rows for what has none of its own: "Other" first, else the whole."""
        found = {}
        for type_ in TYPES:
            rows = self._takes_all(type_)
            rest = [at for at in rows if self.subjects[at].is_rest]
            found[type_] = rest or [at for at in rows if not self._is_shared_out(type_)]
        return found

    def _is_shared_out(self, type_: str) -> bool:
        """Direct labor by journeyman and apprentice: which of them did it, nobody can tell."""
        return type_ == "labor" and any(
            subject.type == "labor" and not subject.is_whole and subject.concepts & PERSONS
            and not subject.concepts & {"overtime"}
            for subject in self.subjects
        )  # fmt: skip


def _is_round(code: str) -> bool:
    """51000 and 5100, not 5010."""
    return len(code) >= 4 and code.isdigit() and not code[2:].strip("0")


def _in_office(subject: Subject, place: str) -> Subject:
    """Utilities among the overhead are the office's, not pipes in the ground."""
    if place != "overhead" or "site_utilities" not in subject.heads:
        return subject
    return Subject(subject.text, ((frozenset({"office_utilities"}), 1.0),), subject.type)
