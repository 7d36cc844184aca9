"""The demo company: Fairhaven & Stroud Builders, a contractor that nobody has ever hired.

Its files lie in connectors/seeds/demo and are made by `manage.py build_seed demo`. Change this
package, build again, commit both.
"""

import random
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from connectors.seeding import books, chart, costing, jobs, noise
from connectors.seeding.demo_names import JOBS, OLD_JOBS, SPECIAL_NAMES
from connectors.seeding.jobs import COST_TYPES, Cast, Code, Site, Work
from connectors.seeding.names import CITIES, STREETS, Firm, Registrar
from connectors.seeding.rows import (
    CostCode,
    Ledger,
    LedgerCompany,
    LedgerVendor,
    Project,
    ProjectCostCode,
    Seed,
    Source,
    SourceCompany,
    SourceVendor,
    Truth,
)


@dataclass(frozen=True, kw_only=True)
class Size:
    """How large the company is. The first of the special names and of the jobs are taken."""

    special_names: int = 15
    vendors: int = 300
    without_counterpart: int = 36
    twins: int = 5  # of vendors beyond the first twenty
    ledger_vendors: int = 2000
    only_jobs: tuple[str, ...] = ()  # by number; none: all
    only_divisions: tuple[str, ...] = ()  # of cost codes; none: all
    customers: int = 120
    volume: jobs.Volume = field(default_factory=jobs.Volume)
    has_locations: bool = False


# For the matrix of pairs, which has to be through in minutes.
TINY = Size(
    special_names=3,
    vendors=14,
    without_counterpart=2,
    twins=0,
    ledger_vendors=40,
    only_jobs=("25-014", "25-027", "26-019"),
    only_divisions=("01", "03", "09", "15"),
    customers=12,
    volume=jobs.Volume(
        approved_requisitions=20,
        approved_direct_costs=6,
        open_requisitions=1,
        open_direct_costs=1,
        strange_commitments=1,
        strange_direct_costs=1,
        has_oddities=False,
    ),
    has_locations=True,
)

# The account a cost type alone would lead to.
COST_TYPE_ACCOUNTS = {
    "L": "5510", "M": "5610", "S": "5530", "E": "5710", "O": "5810", "PS": "5030", "F": "5020",
}  # fmt: skip


@dataclass(frozen=True)
class _Known:
    """A vendor of the construction side, the firm behind it, and the ledger's mark for it."""

    row: SourceVendor
    firm: Firm
    mark: str  # "" when the ledger has no such vendor


def build(seed: int = 20261115, size: Size | None = None) -> Seed:
    return _Builder(random.Random(seed), size or Size()).build()


class _Builder:
    def __init__(self, rng: random.Random, size: Size) -> None:
        self.rng = rng
        self.size = size
        self.registrar = Registrar(rng)
        self.names = books.NameList(rng)
        self.source = Source(
            company=[SourceCompany(id="562949953421877", name="Fairhaven & Stroud Builders")]
        )
        self.ledger = Ledger(
            company=[
                LedgerCompany(
                    id="9130357766401122",
                    name="Fairhaven & Stroud Builders, Inc.",
                    book_close_date=jobs.CLOSED_THROUGH,
                )
            ],
            terms=list(books.TERMS),
            classes=list(books.CLASSES),
            locations=list(books.LOCATIONS) if size.has_locations else [],
        )
        self.truth: list[Truth] = []
        self.drafts: list[tuple[str, LedgerVendor]] = []
        self.known: list[_Known] = []

    def build(self) -> Seed:
        self._lay_out_costs()
        self._enter_jobs()
        self._enter_vendors()
        oddities = Work(self.rng, self._cast(), self.source, self.size.volume).do()
        self.ledger.bills = books.bills_before_us(
            self.rng, self.ledger.vendors, self.ledger.accounts
        )
        return Seed(
            procore=self.source,
            quickbooks_online=self.ledger,
            truth=self.truth,
            oddities=oddities,
        )

    # Costs

    def _lay_out_costs(self) -> None:
        self.ledger.accounts = chart.accounts()
        self.account_ids = {each.number: each.id for each in self.ledger.accounts}
        self.ledger.items = costing.items(self.account_ids)
        self.item_ids = {
            each.name: each.id for each in self.ledger.items if each.type != "Category"
        }
        wanted = self.size.only_divisions
        divisions = [each for each in costing.divisions() if not wanted or each.code in wanted]
        costs = [each for each in costing.coded_costs() if not wanted or each.parent_code in wanted]
        self.source.cost_codes = divisions + [
            CostCode(code=each.code, parent_code=each.parent_code, name=each.name) for each in costs
        ]
        self.divisions = {each.code for each in divisions}
        self.source.cost_types = list(COST_TYPES)
        self.codes = [self._usable(cost) for cost in costs if cost.item and cost.account]
        for division in divisions:
            self._add_cost_truth(division.code, "", "")
        for cost in costs:
            self._add_cost_truth(cost.code, cost.item, cost.account)
        for kind in COST_TYPES:
            account = self.account_ids.get(COST_TYPE_ACCOUNTS.get(kind.code, ""), "")
            self._add_truth("cost_type", kind.id, "account", account)

    def _usable(self, cost: costing.CodedCost, only_on: str = "") -> Code:
        return Code(cost.code, cost.name, cost.trade, only_on)

    def _add_cost_truth(self, code: str, item: str, account: str) -> None:
        self._add_truth("cost_code", code, "item", self.item_ids.get(item, ""))
        self._add_truth("cost_code", code, "account", self.account_ids.get(account, ""))

    def _add_truth(self, kind: str, source_id: str, target_kind: str, target_id: str) -> None:
        self.truth.append(
            Truth(kind=kind, source_id=source_id, target_kind=target_kind, target_id=target_id)
        )

    # Jobs

    def _enter_jobs(self) -> None:
        rows = [[cell.strip() for cell in line.split("|")] for line in JOBS.strip().splitlines()]
        rows = [row for row in rows if not self.size.only_jobs or row[0] in self.size.only_jobs]
        owners: dict[str, list[tuple[str, str, bool]]] = {}
        for number, _, owner, ledger_name, kind, mistakable in rows:
            below = owners.setdefault(owner, [])
            below.append(("", mistakable, self.rng.random() < 0.7))
            if ledger_name:
                below.append((number, ledger_name, kind == "project"))
        self._add_old_jobs(owners)
        self.ledger.customers, found = books.customers(self.rng, self.names, owners)
        for place, (number, name, *_) in enumerate(rows):
            row = self._project(place, number, name)
            self.source.projects.append(row)
            self.truth.append(books.project_truth(row.id, found.get(number)))
        self.sites = [
            Site(row.id, row.number, is_known=row.number in found) for row in self.source.projects
        ]
        for place, cost in costing.project_coded_costs():
            if place <= len(rows) and cost.parent_code in self.divisions:
                self._add_project_code(self.source.projects[place - 1], cost)

    def _add_old_jobs(self, owners: dict[str, list[tuple[str, str, bool]]]) -> None:
        """Fill up with customers and jobs, people we built for in other years."""
        while sum(1 + len(below) for below in owners.values()) < self.size.customers:
            if self.rng.random() < 0.35:
                firm = self.registrar.found_office_vendor()
                owners.setdefault(f"{firm.core} Holdings", [])
            else:
                owner = self.rng.choice(list(owners))
                name = f"{owner.split(',')[0].split(' ')[0]} {self.rng.choice(OLD_JOBS)}"
                owners[owner].append(("", name, self.rng.random() < 0.5))

    def _project(self, place: int, number: str, name: str) -> Project:
        city, state, postcode = self.rng.choice(CITIES).split("|")
        return Project(
            id=str(1840221 + 37 * place),
            number=number,
            name=name,
            address=f"{self.rng.randrange(10, 9900)} {self.rng.choice(STREETS)}",
            city=city,
            state=state,
            zip=postcode,
            total_value=Decimal(self.rng.randrange(400, 9_000)) * 1000,
            start_date=date(2025, 9, 1) + timedelta(days=self.rng.randrange(270)),
        )

    def _add_project_code(self, project: Project, cost: costing.CodedCost) -> None:
        self.source.project_cost_codes.append(
            ProjectCostCode(
                project_id=project.id,
                code=cost.code,
                parent_code=cost.parent_code,
                name=cost.name,
            )
        )
        self._add_cost_truth(cost.code, cost.item, cost.account)
        if cost.item:
            self.codes.append(self._usable(cost, only_on=project.id))

    # Vendors

    def _enter_vendors(self) -> None:
        size = self.size
        self._enter_special_vendors()
        while len(self.known) < size.vendors - size.without_counterpart - size.twins:
            self._enter_vendor()
        for each in self.rng.sample(self.known[20:], size.twins):
            self._enter_twin(each)
        while len(self.known) < size.vendors:
            self._enter_vendor_without_counterpart()
        self._pad_ledger()
        self._settle_vendors()

    def _enter_special_vendors(self) -> None:
        for line in SPECIAL_NAMES.strip().splitlines()[: self.size.special_names]:
            name, trade_name, ledger_name, trade = (cell.strip() for cell in line.split("|"))
            firm = self.registrar.enter(name, "", trade)
            self._meet(firm, name, trade_name, mark=self._draft(firm, ledger_name))

    def _enter_vendor(self) -> None:
        rng = self.rng
        firm = self.registrar.found(self._next_trade())
        place = len(self.known)
        trade_name = ""
        if place % 19 == 0:
            alias = self.registrar.found(firm.trade)
            trade_name, ledger_name = alias.core, alias.core
        else:
            ledger_name, _ = noise.respelled(rng, firm)
        name = firm.name if rng.random() < 0.8 else noise.changed_punctuation(rng, firm)
        self._meet(firm, name, trade_name, mark=self._draft(firm, ledger_name))
        if place % 11 == 0:
            self._draft_double(firm)
        if place % 6 == 0:
            self._draft_sister(firm)

    def _enter_twin(self, of: _Known) -> None:
        """The same firm, entered a second time by another project team."""
        name = noise.changed_legal_form(self.rng, of.firm)
        self._meet(of.firm, name, "", mark=of.mark)

    def _enter_vendor_without_counterpart(self) -> None:
        firm = self.registrar.found(self._next_trade())
        place = len(self.known)
        self._meet(firm, firm.name, "", mark="")
        if place % 9 == 0:  # we stopped buying from them: not somebody to send a bill to
            name, _ = noise.respelled(self.rng, firm)
            draft = books.ledger_vendor(self.rng, firm, self.names.take(name))
            self.drafts.append(("", replace(draft, active=False)))
        elif place % 3 == 0:
            self._draft_sister(firm)

    def _next_trade(self) -> str:
        """Every trade in turn, so that no kind of work goes without bidders."""
        trades = _TRADES
        return trades[len(self.known) % len(trades)]

    def _meet(self, firm: Firm, name: str, trade_name: str, *, mark: str) -> None:
        rng = self.rng
        place = len(self.known)
        full = rng.random() < 0.85
        row = SourceVendor(
            id=str(7310452 + 11 * place + rng.randrange(9)),
            name=name,
            trade_name=trade_name,
            legal_name=firm.name if rng.random() < 0.25 else "",
            address=firm.address if full else "",
            city=firm.city if full else "",
            state=firm.state if full else "",
            zip=firm.zip if full else "",
            phone=firm.phone if rng.random() < 0.7 else "",
            email=firm.email if rng.random() < 0.5 else "",
            tax_id=firm.tax_id if rng.random() < 0.35 else "",
            active=place % 37 != 36,
        )
        self.known.append(_Known(row, firm, mark))

    def _draft(self, firm: Firm, display_name: str) -> str:
        """The firm on the ledger's side; the mark finds its id once ids are given out."""
        mark = firm.tax_id
        name = self.names.take(display_name)
        self.drafts.append((mark, books.ledger_vendor(self.rng, firm, name)))
        return mark

    def _draft_double(self, firm: Firm) -> None:
        """The same firm once more on the ledger's side, worn out: old, empty or inactive."""
        name, _ = noise.respelled(self.rng, firm)
        worn = self.rng.choice((f"{name} (OLD)", f"{name} - do not use", f"zz {name}"))
        draft = LedgerVendor(id="", display_name=self.names.take(worn))
        self.drafts.append(("", replace(draft, active=self.rng.random() < 0.4)))

    def _draft_sister(self, firm: Firm) -> None:
        sister = self.registrar.sister_of(firm)
        if sister:
            name = self.names.take(sister.name)
            self.drafts.append(("", books.ledger_vendor(self.rng, sister, name)))

    def _pad_ledger(self) -> None:
        """Everybody else the office ever paid."""
        rng = self.rng
        while len(self.drafts) < self.size.ledger_vendors:
            office = rng.random() < 0.15
            firm = self.registrar.found_office_vendor() if office else self.registrar.found()
            name = firm.name if rng.random() < 0.6 else noise.respelled(rng, firm)[0]
            draft = books.ledger_vendor(rng, firm, self.names.take(name))
            self.drafts.append(("", replace(draft, active=rng.random() > 0.05)))

    def _settle_vendors(self) -> None:
        self.ledger.vendors, ids = books.numbered(self.rng, self.names, self.drafts)
        self.ledger.employees = books.employees(self.names, self.registrar)
        rows = sorted((each.row for each in self.known), key=lambda row: row.id)
        self.source.vendors = rows
        marks = {each.row.id: each.mark for each in self.known}
        for row in rows:
            self._add_truth("vendor", row.id, "vendor", ids.get(marks[row.id], ""))

    def _cast(self) -> Cast:
        vendors = [
            jobs.Vendor(each.row.id, each.firm.trade, is_known=bool(each.mark))
            for each in self.known
            if each.row.active
        ]
        return Cast(vendors=vendors, sites=self.sites, codes=self.codes)


_TRADES = (
    "earthwork", "concrete", "electrical", "supply", "plumbing", "hvac", "drywall", "rental",
    "framing", "roofing", "masonry", "painting", "steel", "hauling", "glazing", "flooring",
    "doors", "general", "millwork", "landscape", "sprinkler", "engineer", "waterproofing",
    "insulation", "supply", "ceilings", "specialties", "lowvoltage", "cleaning", "paving",
    "demolition", "appliances", "elevator",
)  # fmt: skip
