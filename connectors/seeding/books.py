"""The parts of the ledger that do not depend on whose names are in it."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta

from connectors.seeding.money import from_cents
from connectors.seeding.names import Firm, Registrar
from connectors.seeding.rows import (
    Account,
    Customer,
    Employee,
    LedgerBill,
    LedgerClass,
    LedgerVendor,
    Term,
    Truth,
)

TERMS = (
    Term(id="1", name="Due on receipt", due_days=0),
    Term(id="2", name="Net 15", due_days=15),
    Term(id="3", name="Net 30", due_days=30),
    Term(id="4", name="Net 45", due_days=45),
    Term(id="5", name="Net 60", due_days=60),
    Term(id="6", name="Net 10 (old)", due_days=10, active=False),
)
CLASSES = (
    LedgerClass(id="5000000000000002099", name="Commercial"),
    LedgerClass(
        id="5000000000000002101", name="Tenant Improvement", parent_id="5000000000000002099"
    ),
    LedgerClass(id="5000000000000002102", name="Public Work"),
    LedgerClass(id="5000000000000002103", name="Residential"),
    LedgerClass(id="5000000000000002104", name="Service", active=False),
)
LOCATIONS = (LedgerClass(id="11", name="North Yard"), LedgerClass(id="12", name="South Yard"))
BILLS_BEFORE_US = 60


class NameList:
    """Vendors, customers and employees share one list of names and one run of ids."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._taken: set[str] = set()
        self._last_id = 57

    def is_free(self, name: str) -> bool:
        return name.casefold() not in self._taken

    def take(self, name: str) -> str:
        """`name` as it may be displayed, with a number behind it when somebody has it already."""
        clean = " ".join(name.replace(":", " ").split())
        made, number = clean, 2
        while not self.is_free(made):
            made, number = f"{clean} {number}", number + 1
        self._taken.add(made.casefold())
        return made

    def next_id(self) -> str:
        self._last_id += self._rng.randrange(1, 4)
        return str(self._last_id)


def ledger_vendor(rng: random.Random, firm: Firm, display_name: str) -> LedgerVendor:
    """`firm` as the office entered it: something is usually left out. The id comes later."""
    full = rng.random() < 0.75
    postal = f"PO Box {rng.randrange(11, 4999)}" if rng.random() < 0.2 else firm.address
    return LedgerVendor(
        id="",
        display_name=display_name,
        company_name=rng.choice(("", display_name, display_name, firm.name))[:100],
        print_on_check_name=rng.choice(("", "", display_name, firm.name))[:100],
        account_number=str(rng.randrange(1000, 99999)) if rng.random() < 0.08 else "",
        address=postal if full else "",
        city=firm.city if full else "",
        state=firm.state if full else "",
        zip=firm.zip if full else "",
        phone=firm.phone if rng.random() < 0.6 else "",
        email=firm.email if rng.random() < 0.4 else "",
        tax_id=firm.tax_id if rng.random() < 0.45 else "",
        term_id=rng.choice(("", "3", "3", "3", "2", "1", "4")),
    )


def numbered(
    rng: random.Random, names: NameList, drafts: Iterable[tuple[str, LedgerVendor]]
) -> tuple[list[LedgerVendor], dict[str, str]]:
    """Vendors in no telling order, with ids; and the id of each draft that has a mark."""
    mixed = list(drafts)
    rng.shuffle(mixed)
    made, ids = [], {}
    for mark, draft in mixed:
        row = replace(draft, id=names.next_id())
        made.append(row)
        if mark:
            ids[mark] = row.id
    return made, ids


def employees(names: NameList, registrar: Registrar, count: int = 9) -> list[Employee]:
    return [
        Employee(id=names.next_id(), display_name=names.take(registrar.person()), active=place != 4)
        for place in range(count)
    ]


def bills_before_us(
    rng: random.Random, vendors: Sequence[LedgerVendor], accounts: Sequence[Account]
) -> list[LedgerBill]:
    """Bills somebody typed in by hand. Their numbers look like nothing that we bring."""
    days = {term.id: term.due_days for term in TERMS}
    usable = [vendor for vendor in vendors if vendor.active]
    costs = [
        account
        for account in accounts
        if account.type in ("Cost of Goods Sold", "Expense") and account.active
    ]
    made = []
    for place in range(BILLS_BEFORE_US):
        vendor = rng.choice(usable)
        day = date(2026, 3, 2) + timedelta(days=place * 4 + rng.randrange(4))
        made.append(
            LedgerBill(
                id=str(211 + place * 3),
                vendor_id=vendor.id,
                number=f"H{rng.randrange(100, 999)}-{place + 1:02d}",
                date=day,
                due_date=day + timedelta(days=days.get(vendor.term_id, 30)),
                note=rng.choice(("", "", "entered by hand", "per statement")),
                total=from_cents(rng.randrange(6_500, 2_400_000)),
                account_id=rng.choice(costs).id,
            )
        )
    return made


def customers(
    rng: random.Random, names: NameList, owners: dict[str, list[tuple[str, str, bool]]]
) -> tuple[list[Customer], dict[str, Customer]]:
    """Owners with their jobs below them: (mark, name, is it a project). Marks lead to the rows."""
    made: list[Customer] = []
    marked: dict[str, Customer] = {}
    for owner, jobs in owners.items():
        above = Customer(id=names.next_id(), display_name=names.take(owner))
        made.append(above)
        for mark, name, is_project in jobs:
            job = Customer(
                id=names.next_id(),
                display_name=names.take(name),
                parent_id=above.id,
                is_project=is_project,
                active=bool(mark) or rng.random() > 0.15,
            )
            made.append(job)
            if mark:
                marked[mark] = job
    return made, marked


def project_truth(source_id: str, found: Customer | None) -> Truth:
    kind = "customer" if found and not found.is_project else "project"
    return Truth(
        kind="project",
        source_id=source_id,
        target_kind=kind,
        target_id=found.id if found else "",
    )
