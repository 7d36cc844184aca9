"""The same books as Sage Intacct keeps them. Sections are those of its reference sheet.

Everything has an id that people chose. Costs are booked to a project, a task of that project and
a cost type, at a location; there is no item on a bill and no class (sections 9 to 11).
"""

import datetime as dt
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from decimal import Decimal

from connectors.seeding.rows import Customer, Ledger, Source, Truth

ENTITY, OTHER_ENTITY, DEPARTMENT = "E100", "E200", "CON"
# By the letter of the world's own cost types: id, name (section 10, STANDARDCOSTTYPE).
COST_TYPES = {
    "L": ("LAB", "Labor"),
    "M": ("MAT", "Material"),
    "S": ("SUB", "Subcontract"),
    "E": ("EQP", "Equipment"),
    "O": ("OTH", "Other"),
}
CREDIT_TYPES = {
    "Accounts Payable", "Credit Card", "Other Current Liability", "Long Term Liability", "Equity",
    "Income", "Other Income",
}  # fmt: skip
RESULT_TYPES = {"Income", "Cost of Goods Sold", "Expense", "Other Income", "Other Expense"}
ALTERNATIVES = {
    "Accounts Payable": "Payables account",
    "Accounts Receivable": "Receivables account",
}


@dataclass(frozen=True, kw_only=True)
class Company:
    id: str
    name: str
    uses_account_labels: bool = False
    ap_approvals: bool = False
    unique_bill_numbers: bool = True


@dataclass(frozen=True, kw_only=True)
class Location:
    id: str
    name: str
    parent_id: str = ""
    is_entity: bool = False


@dataclass(frozen=True, kw_only=True)
class Named:
    """A class, a customer or a standard cost type."""

    id: str
    name: str
    parent_id: str = ""
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Department:
    id: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Period:
    name: str
    start_date: dt.date
    end_date: dt.date
    closed: bool


@dataclass(frozen=True, kw_only=True)
class StandardTask:
    id: str
    name: str
    cost_types: str


@dataclass(frozen=True, kw_only=True)
class CostType:
    project_id: str
    task_id: str
    id: str


@dataclass(frozen=True, kw_only=True)
class GLAccount:
    number: str
    title: str
    type: str  # balancesheet, incomestatement
    normal_balance: str  # debit, credit
    category: str  # as the company grouped its chart
    alternative: str  # None, Payables account, Receivables account
    requires: str = ""  # "project location": what a line there has to name
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Label:
    label: str
    description: str
    account_number: str


@dataclass(frozen=True, kw_only=True)
class Term:
    name: str
    due_days: int
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Vendor:
    id: str
    name: str
    print_as: str = ""
    address: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    phone: str = ""
    email: str = ""
    tax_id: str = ""
    term: str = ""
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Project:
    id: str
    name: str
    customer_id: str
    location_id: str
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Task:
    project_id: str
    id: str
    name: str
    standard_task_id: str


@dataclass(frozen=True, kw_only=True)
class Bill:
    vendor_id: str
    number: str
    date: dt.date
    due_date: dt.date
    description: str
    total: Decimal
    account_number: str
    location_id: str


@dataclass(kw_only=True)
class Books:
    """The accounting side as Intacct keeps it. A field's name is its file's name."""

    company: list[Company] = field(default_factory=list)
    locations: list[Location] = field(default_factory=list)
    departments: list[Department] = field(default_factory=list)
    classes: list[Named] = field(default_factory=list)
    accounts: list[GLAccount] = field(default_factory=list)
    labels: list[Label] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    customers: list[Named] = field(default_factory=list)
    vendors: list[Vendor] = field(default_factory=list)
    projects: list[Project] = field(default_factory=list)
    standard_cost_types: list[Named] = field(default_factory=list)
    standard_tasks: list[StandardTask] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    cost_types: list[CostType] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)
    bills: list[Bill] = field(default_factory=list)


def books(ledger: Ledger, source: Source, answers: list[Truth]) -> Books:
    """`ledger` said again in Intacct's way; its tasks are numbered as the jobs' cost codes are.

    `answers` say which job is which.
    """
    return _Retold(ledger).tell(source, answers)


def truth(ledger: Ledger, answers: list[Truth]) -> list[Truth]:
    """The same answers in Intacct's ids. It has no item to point to."""
    ids = _Retold(ledger).ids
    made = []
    for row in answers:
        kind = "project" if row.target_kind == "customer" else row.target_kind
        if kind != "item":
            target = ids[kind][row.target_id] if row.target_id else ""
            made.append(replace(row, target_kind=kind, target_id=target))
    return made


class _Retold:
    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.numbers = {each.id: each.number for each in ledger.accounts}
        owners = {each.parent_id for each in ledger.customers} | {
            each.id for each in ledger.customers if not each.parent_id
        }
        self.owners = [each for each in ledger.customers if each.id in owners]
        self.jobs = [each for each in ledger.customers if each.id not in owners]
        self.ids: dict[str, dict[str, str]] = {
            "vendor": {each.id: f"V-{each.id.zfill(4)}" for each in ledger.vendors},
            "project": _project_ids(self.jobs),
            "account": self.numbers,
        }

    def tell(self, source: Source, answers: list[Truth]) -> Books:
        (company,) = self.ledger.company
        vendors = self.ids["vendor"]
        # What was billed before us named no job, which a cost of a job would have to.
        office = next(each.number for each in self.ledger.accounts if each.type == "Expense")
        return Books(
            company=[Company(id="fairhaven", name=company.name)],
            locations=[
                Location(id=ENTITY, name="Fairhaven East", is_entity=True),
                Location(id=OTHER_ENTITY, name="Fairhaven West", is_entity=True),
                Location(id="E100-N", name="North Yard", parent_id=ENTITY),
            ],
            departments=[
                Department(id=DEPARTMENT, title="Construction"),
                Department(id="ADM", title="Office"),
            ],
            classes=[
                Named(id=each.id[-4:], name=each.name, parent_id=each.parent_id[-4:])
                for each in self.ledger.classes
                if each.active
            ],
            accounts=self._accounts(),
            labels=[
                Label(label=f"AP-{each.number}", description=each.name, account_number=each.number)
                for each in self.ledger.accounts
                if each.type == "Cost of Goods Sold" and each.active and each.parent_id
            ],
            terms=[
                Term(name=each.name, due_days=each.due_days, active=each.active)
                for each in self.ledger.terms
            ],
            customers=[Named(id=f"C-{each.id}", name=each.display_name) for each in self.owners],
            vendors=self._vendors(),
            projects=self._projects(),
            standard_cost_types=[Named(id=key, name=name) for key, name in COST_TYPES.values()],
            standard_tasks=self._standard_tasks(source),
            tasks=self._tasks(source, answers),
            cost_types=[
                CostType(project_id="*", task_id="*", id=key) for key, _name in COST_TYPES.values()
            ],
            periods=_periods(company.book_close_date),
            bills=[
                Bill(
                    vendor_id=vendors[each.vendor_id],
                    number=each.number,
                    date=each.date,
                    due_date=each.due_date,
                    description=each.note,
                    total=each.total,
                    account_number=office,
                    location_id=ENTITY,
                )
                for each in self.ledger.bills
            ],
        )

    def _accounts(self) -> list[GLAccount]:
        """Job costs are refused without a project and its task; any cost, without a place."""
        made = []
        for each in self.ledger.accounts:
            requires = ["project", "task"] if each.type == "Cost of Goods Sold" else []
            requires += ["location"] if each.type in RESULT_TYPES else []
            made.append(
                GLAccount(
                    number=each.number,
                    title=each.name,
                    type="incomestatement" if each.type in RESULT_TYPES else "balancesheet",
                    normal_balance="credit" if each.type in CREDIT_TYPES else "debit",
                    category=each.type,
                    alternative=ALTERNATIVES.get(each.type, "None"),
                    requires=" ".join(requires),
                    active=each.active,
                )
            )
        return made

    def _vendors(self) -> list[Vendor]:
        terms = {each.id: each.name for each in self.ledger.terms} | {"": ""}
        return [
            Vendor(
                id=self.ids["vendor"][each.id],
                name=each.display_name,
                print_as=each.print_on_check_name or each.display_name,
                address=each.address,
                city=each.city,
                state=each.state,
                zip=each.zip,
                phone=each.phone,
                email=each.email,
                tax_id=each.tax_id,
                term=terms[each.term_id],
                active=each.active,
            )
            for each in self.ledger.vendors
        ]

    def _projects(self) -> list[Project]:
        return [
            Project(
                id=self.ids["project"][each.id],
                name=each.display_name,
                customer_id=f"C-{each.parent_id}",
                location_id=ENTITY,
                active=each.active,
            )
            for each in self.jobs
        ]

    def _standard_tasks(self, source: Source) -> list[StandardTask]:
        parents = {each.parent_code for each in source.cost_codes}
        all_types = " ".join(key for key, _name in COST_TYPES.values())
        return [
            StandardTask(id=each.code, name=each.name, cost_types=all_types)
            for each in source.cost_codes
            if each.code not in parents
        ]

    def _tasks(self, source: Source, answers: list[Truth]) -> list[Task]:
        """A job has a task for each cost code that was ever used on it."""
        standard = {each.id for each in self._standard_tasks(source)}
        names = {each.code: each.name for each in source.cost_codes}
        names |= {each.code: each.name for each in source.project_cost_codes}
        used = _codes_used(source)
        return [
            Task(
                project_id=self.ids["project"][row.target_id],
                id=code,
                name=names[code],
                standard_task_id=code if code in standard else "",
            )
            for row in answers
            if row.kind == "project" and row.target_id
            for code in sorted(used[row.source_id])
        ]


def _codes_used(source: Source) -> dict[str, set[str]]:
    """Cost codes by project."""
    projects = {each.id: each.project_id for each in source.commitments}
    projects |= {each.id: each.project_id for each in source.direct_costs}
    used: dict[str, set[str]] = defaultdict(set)
    for line in source.commitment_lines:
        used[projects[line.commitment_id]].add(line.code)
    for spent in source.direct_cost_lines:
        used[projects[spent.direct_cost_id]].add(spent.code)
    return {project: codes - {""} for project, codes in used.items()}


def _periods(closed_through: dt.date) -> list[Period]:
    """The months of the year in which the world lives."""
    months = [dt.date(2026, month, 1) for month in range(1, 13)]
    ends = [month - dt.timedelta(days=1) for month in [*months[1:], dt.date(2027, 1, 1)]]
    return [
        Period(name=f"{start:%b %Y}", start_date=start, end_date=end, closed=end <= closed_through)
        for start, end in zip(months, ends, strict=True)
    ]


def _project_ids(jobs: list[Customer]) -> dict[str, str]:
    """The job's number where its name begins with one, else a number of the office's own."""
    ids: dict[str, str] = {}
    for each in jobs:
        found = re.match(r"(\d\d)-?(\d{3})\b", each.display_name)
        wanted = f"{found[1]}-{found[2]}" if found else f"J-{each.id.zfill(4)}"
        ids[each.id] = wanted if wanted not in ids.values() else f"J-{each.id.zfill(4)}"
    return ids
