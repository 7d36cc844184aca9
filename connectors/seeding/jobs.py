"""What happens on the jobs: commitments, applications for payment and direct costs.

Amounts are whole cents until a row is made. Who takes part is given, so that a company of
invented firms and one of real names do the same kind of business.
"""

import random
from calendar import monthrange
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from connectors.seeding.money import from_cents, share_of
from connectors.seeding.rows import (
    Commitment,
    CommitmentLine,
    CostType,
    DirectCost,
    DirectCostLine,
    Oddity,
    Requisition,
    RequisitionItem,
    Source,
)

CLOSED_THROUGH = date(2026, 6, 30)
LAST_DAY = date(2026, 11, 15)

COST_TYPES = (
    CostType(id="41201", code="L", name="Labor", base_type="labor"),
    CostType(id="41202", code="M", name="Material", base_type="materials"),
    CostType(id="41207", code="S", name="Subcontract", base_type="commitment"),
    CostType(id="41203", code="E", name="Equipment", base_type="equipment"),
    CostType(id="41204", code="O", name="Other", base_type="other"),
    CostType(id="41205", code="OC", name="Owner Cost", base_type="owner_cost"),
    CostType(
        id="41206", code="PS", name="Professional Services", base_type="professional_services"
    ),
    CostType(id="41208", code="F", name="Permits and Fees", base_type="other"),
)
COST_TYPE_IDS = {each.code: each.id for each in COST_TYPES}

TEN, FIVE, NONE = Decimal(10), Decimal(5), Decimal(0)
PERIODS = tuple(
    (date(2026, month, 1), date(2026, month, min(monthrange(2026, month)[1], last)))
    for month, last in ((7, 31), (8, 31), (9, 30), (10, 31), (11, LAST_DAY.day))
)
AREAS = (
    "Level 1", "Level 2", "East wing", "West wing", "Building A", "Building B", "Common areas",
    "Exterior", "Area 3", "Units 101-112", "Core and shell", "Mobilization", "Punch list",
)  # fmt: skip
INVOICE_STYLES = (
    "{serial}", "INV-{serial}", "26-{serial}", "{serial}-{number:02d}", "APP {serial}",
    "I{serial:07d}", "{serial}/26",
)  # fmt: skip
# Direct costs by the trade of who sends them: cost type, trades of the cost codes, what it is.
DIRECT = {
    "supply": ("M", ("framing", "concrete", "plumbing", "electrical", "doors"), "Material"),
    "rental": ("E", ("rental",), "Rental"),
    "hauling": ("O", ("hauling",), "Haul off"),
    "cleaning": ("L", ("cleaning",), "Cleaning"),
    "engineer": ("PS", ("engineer",), "Services"),
    "general": ("L", ("general", "millwork"), "Day work"),
}  # fmt: skip
TRADES_WITHOUT_CONTRACT = frozenset(DIRECT) | {"staff", "permit", "insurance", "utility", ""}


@dataclass(frozen=True)
class Vendor:
    id: str
    trade: str
    is_known: bool  # has a counterpart in the ledger


@dataclass(frozen=True)
class Site:
    id: str
    number: str
    is_known: bool


@dataclass(frozen=True)
class Code:
    code: str
    name: str
    trade: str
    only_on: str = ""  # the project that alone has it


@dataclass(frozen=True)
class Cast:
    """Who and what the work is drawn from: only active records, and only codes with answers."""

    vendors: Sequence[Vendor]
    sites: Sequence[Site]
    codes: Sequence[Code]

    def codes_of(self, trades: Sequence[str], site: Site) -> list[Code]:
        here = [each for each in self.codes if each.only_on in ("", site.id)]
        return [each for each in here if each.trade in trades] or here

    def vendors_of(self, *, contract: bool, known: bool) -> list[Vendor]:
        of_this_kind = [each for each in self.vendors if each.is_known is known]
        wanted = [
            each
            for each in of_this_kind
            if (each.trade not in TRADES_WITHOUT_CONTRACT if contract else each.trade in DIRECT)
        ]
        return wanted or of_this_kind

    def sites_that_are(self, *, known: bool) -> list[Site]:
        return [each for each in self.sites if each.is_known is known]


@dataclass
class _Line:
    """One line of a schedule of values while it is being billed, in cents."""

    id: str
    amount: int
    work: int = 0
    held: int = 0


@dataclass
class _Plan:
    """How one commitment is going to be billed."""

    commitment: Commitment
    lines: list[_Line]
    approved: int
    open_status: str  # of one more application at the end; "" for none
    release_only: bool
    step_down_at: int  # the application at which the rate is halved for everything; 0 for none
    stored_line: int  # the line that bills stored material; -1 for none

    @property
    def total(self) -> int:
        return self.approved + bool(self.open_status)


@dataclass(frozen=True, kw_only=True)
class Volume:
    """How much business is done."""

    approved_requisitions: int = 280
    approved_direct_costs: int = 120  # those that are wrong on purpose are among them
    open_requisitions: int = 26
    open_direct_costs: int = 14
    # The first so many are of vendors that the ledger does not know; the next, of such a project.
    strange_commitments: int = 3
    strange_direct_costs: int = 5
    has_oddities: bool = True


@dataclass
class Work:
    """Does the business of a season and writes it into `source`."""

    rng: random.Random
    cast: Cast
    source: Source
    volume: Volume = field(default_factory=Volume)
    oddities: list[Oddity] = field(default_factory=list)
    _ids: Counter[str] = field(default_factory=Counter)
    _styles: dict[str, str] = field(default_factory=dict)
    _numbers: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def do(self) -> list[Oddity]:
        self._bill_commitments()
        self._spend_directly()
        if self.volume.has_oddities:
            self._do_wrong()
        return self.oddities

    # Commitments and what is billed on them

    def _bill_commitments(self) -> None:
        approved = open_ones = 0
        wanted = self.volume.approved_requisitions
        while approved < wanted:
            place = len(self.source.commitments)
            wants_open = open_ones < self.volume.open_requisitions and place % 3 == 2
            count = min(self.rng.choice((3, 3, 4, 4)), wanted - approved)
            plan = self._sign(place, count, wants_open=wants_open)
            approved += plan.approved
            open_ones += bool(plan.open_status)
            self._bill(plan)

    def _sign(self, place: int, count: int, *, wants_open: bool) -> _Plan:
        """A commitment and how it is going to be billed; the first few lack a counterpart."""
        rng = self.rng
        unknown = self.volume.strange_commitments
        site = rng.choice(self.cast.sites_that_are(known=place != unknown))
        vendor = rng.choice(self.cast.vendors_of(contract=True, known=place >= unknown))
        is_order = place % 9 == 8
        commitment = Commitment(
            id=self._id("commitment", 3382700),
            type="purchase_order" if is_order else "subcontract",
            number=f"{'PO' if is_order else 'SC'}-{site.number or site.id}-{place + 1:03d}",
            title=rng.choice(self.cast.codes_of((vendor.trade,), site)).name,
            project_id=site.id,
            vendor_id=vendor.id,
            status="approved",
            retainage_percent=NONE if is_order and place % 2 else FIVE if place % 5 == 4 else TEN,
            contract_date=date(2026, 3, 2) + timedelta(days=rng.randrange(110)),
        )
        self.source.commitments.append(commitment)
        lines = self._schedule(commitment, vendor, site)
        release_only = place % 8 == 5 and count >= 3
        return _Plan(
            commitment=commitment,
            lines=lines,
            approved=count,
            open_status=rng.choice(("draft", "under_review")) if wants_open else "",
            release_only=release_only and not wants_open,
            step_down_at=2 if place % 17 == 12 else 0,
            stored_line=rng.randrange(len(lines)) if place % 5 == 1 and count >= 3 else -1,
        )

    def _schedule(self, commitment: Commitment, vendor: Vendor, site: Site) -> list[_Line]:
        rng = self.rng
        codes = self.cast.codes_of((vendor.trade,), site)
        chosen = [rng.choice(codes) for _ in range(rng.choice((2, 3, 3, 4, 4, 5, 6)))]
        lines = []
        for place, code in enumerate(chosen):
            cents = rng.randrange(2_800, 96_000) * 100
            cents += rng.randrange(100) if rng.random() < 0.3 else 0
            row = CommitmentLine(
                id=self._id("commitment_line", 12841000),
                commitment_id=commitment.id,
                position=place + 1,
                code=code.code,
                cost_type_id=COST_TYPE_IDS["M" if commitment.type == "purchase_order" else "S"],
                description=f"{code.name} - {rng.choice(AREAS)}",
                amount=from_cents(cents),
            )
            self.source.commitment_lines.append(row)
            lines.append(_Line(row.id, cents))
        return lines

    def _bill(self, plan: _Plan) -> None:
        first = self.rng.randrange(len(PERIODS) - plan.total + 1)
        progress = [self._progress(line, plan) for line in plan.lines]
        stored = self._stored(plan, progress)
        for place in range(plan.total):
            requisition = self._requisition(plan, place, PERIODS[first + place])
            rate = _rate(plan, place)
            for number, line in enumerate(plan.lines):
                item = _item(
                    requisition, line, progress[number][place], stored[number][place], rate
                )
                self.source.requisition_items.append(item)

    def _progress(self, line: _Line, plan: _Plan) -> list[int]:
        """Work completed to date on `line`, application by application."""
        billing = plan.total - plan.release_only
        finish = 1.0 if plan.release_only else self.rng.choice((0.62, 0.78, 0.9, 1.0))
        weights = [self.rng.uniform(0.4, 1.6) for _ in range(billing)]
        reached = [sum(weights[: place + 1]) / sum(weights) * finish for place in range(billing)]
        to_date = [_rounded(int(line.amount * share), line.amount) for share in reached]
        if finish == 1.0:
            to_date[-1] = line.amount
        return to_date + to_date[-1:] * (plan.total - billing)

    def _stored(self, plan: _Plan, progress: list[list[int]]) -> list[list[int]]:
        """Material on site and not yet built in; it is installed over the next two applications."""
        stored = [[0] * plan.total for _ in plan.lines]
        if plan.stored_line >= 0:
            work, balance = progress[plan.stored_line], stored[plan.stored_line]
            balance[0] = (work[1] - work[0]) // 2
            balance[1] = min(balance[0] // 3, work[2] - work[1])
        return stored

    def _requisition(self, plan: _Plan, place: int, period: tuple[date, date]) -> Requisition:
        rng = self.rng
        start, end = period
        billing_date = end - timedelta(days=rng.choice((0, 0, 0, 1, 3, 5)))
        status = rng.choice(("approved",) * 11 + ("approved_as_noted",))
        touched = min(billing_date + timedelta(days=rng.randrange(2, 12)), date(2026, 11, 19))
        row = Requisition(
            id=self._id("requisition", 2117800),
            commitment_id=plan.commitment.id,
            number=place + 1,
            invoice_number=self._invoice_number(plan.commitment.vendor_id, place + 1),
            billing_date=billing_date,
            period_start=start,
            period_end=end,
            status=plan.open_status if place >= plan.approved else status,
            updated_at=self._moment(touched),
        )
        self.source.requisitions.append(row)
        return row

    # Direct costs

    def _spend_directly(self) -> None:
        unknown = self.volume.strange_direct_costs
        regular = self.volume.approved_direct_costs
        regular -= len(ODDITIES) if self.volume.has_oddities else 0
        for place in range(regular):
            self._spend(known_vendor=place >= unknown, known_site=place != unknown)
        for place in range(self.volume.open_direct_costs):
            self._spend(status="pending" if place % 3 == 0 else "draft")

    def _spend(
        self, *, known_vendor: bool = True, known_site: bool = True, status: str = "approved"
    ) -> DirectCost:
        rng = self.rng
        vendor = rng.choice(self.cast.vendors_of(contract=False, known=known_vendor))
        site = rng.choice(self.cast.sites_that_are(known=known_site))
        letter, trades, what = DIRECT.get(vendor.trade, DIRECT["supply"])
        codes = self.cast.codes_of(trades, site)
        cost = DirectCost(
            id=self._id("direct_cost", 44180000),
            project_id=site.id,
            vendor_id=vendor.id,
            type="expense" if letter == "O" and rng.random() < 0.3 else "invoice",
            status=status,
            date=CLOSED_THROUGH + timedelta(days=rng.randrange(1, 138)),
            invoice_number=self._invoice_number(vendor.id, rng.randrange(1, 60)),
            description=f"{what}, {rng.choice(AREAS).lower()}",
            terms=rng.choice(("Net 30", "Net 30", "Net 30", "Net 15", "Due on receipt", "")),
        )
        self.source.direct_costs.append(cost)
        for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
            self._direct_line(cost, rng.choice(codes), letter, rng.randrange(4_200, 1_480_000))
        return cost

    def _direct_line(self, cost: DirectCost, code: Code, letter: str, cents: int) -> None:
        of_this = [line for line in self.source.direct_cost_lines if line.direct_cost_id == cost.id]
        self.source.direct_cost_lines.append(
            DirectCostLine(
                id=self._id("direct_cost_line", 51220000),
                direct_cost_id=cost.id,
                position=len(of_this) + 1,
                code=code.code,
                cost_type_id=COST_TYPE_IDS[letter],
                description=f"{code.name} - {self.rng.choice(AREAS)}",
                amount=from_cents(cents),
            )
        )

    # What is wrong on purpose

    def _do_wrong(self) -> None:
        for oddity, note in ODDITIES.items():
            cost = self._spend()
            changed = getattr(self, f"_{oddity}")(cost)
            self.source.direct_costs[-1] = changed
            self.oddities.append(
                Oddity(kind="direct_cost", source_id=cost.id, oddity=oddity, note=note)
            )
        self._give_a_long_number()
        self._enter_what_is_no_bill()

    def _lines_do_not_add_up(self, cost: DirectCost) -> DirectCost:
        return replace(cost, amount=self._sum_of_lines(cost) + Decimal("90.00"))

    def _negative(self, cost: DirectCost) -> DirectCost:
        self._change_lines(cost, lambda line: replace(line, amount=-line.amount))
        return replace(cost, description="Credit for returned material")

    def _zero(self, cost: DirectCost) -> DirectCost:
        code = next(each for each in self.cast.codes if not each.only_on)
        self._direct_line(cost, code, "M", -int(self._sum_of_lines(cost) * 100))
        return replace(cost, description="Exchange of defective material")

    def _line_without_cost_code(self, cost: DirectCost) -> DirectCost:
        self._change_lines(
            cost, lambda line: replace(line, code="") if line.position == 1 else line
        )
        return cost

    def _duplicate_number(self, cost: DirectCost) -> DirectCost:
        """The same vendor's invoice, entered again four days later by somebody else."""
        days = timedelta(days=4)
        other = next(
            each
            for each in self.source.direct_costs[10:]
            if each.is_approved and each.date + days <= LAST_DAY
        )
        return replace(
            cost,
            vendor_id=other.vendor_id,
            project_id=other.project_id,
            invoice_number=other.invoice_number,
            date=other.date + days,
        )

    def _closed_period(self, cost: DirectCost) -> DirectCost:
        return replace(cost, date=CLOSED_THROUGH - timedelta(days=12))

    def _give_a_long_number(self) -> None:
        place = next(
            place
            for place, each in enumerate(self.source.requisitions)
            if place > 40 and each.is_approved
        )
        row = self.source.requisitions[place]
        number = f"APPLICATION-2026-{row.number:04d}-REV-B"
        self.source.requisitions[place] = replace(row, invoice_number=number)
        note = "The invoice number is longer than the ledger's 21 characters."
        self.oddities.append(
            Oddity(kind="requisition", source_id=row.id, oddity="long_number", note=note)
        )

    def _enter_what_is_no_bill(self) -> None:
        """Direct costs beside the others, which nobody is to be paid for once more.

        Nothing is left to chance here, so that what is drawn after them stays as it was.
        """
        commitment = self.source.commitments[4]
        bill = next(r for r in self.source.requisitions if r.commitment_id == commitment.id)
        items = [i for i in self.source.requisition_items if i.requisition_id == bill.id]
        owed = sum((i.work_this_period - i.retained_this_period for i in items), Decimal(0))
        hours = replace(
            next(cost for cost in self.source.direct_costs[10:] if cost.is_approved),
            invoice_number="PAYROLL 37",
            description="Crew hours, week 37",
            terms="",
        )
        twice = replace(
            hours,
            project_id=commitment.project_id,
            vendor_id=commitment.vendor_id,
            date=bill.billing_date,
            invoice_number=bill.invoice_number,
            description=commitment.title,
        )
        codes = {line.commitment_id: line.code for line in self.source.commitment_lines}
        spent = {line.direct_cost_id: line.code for line in self.source.direct_cost_lines}
        self._add_no_bill(twice, "subcontractor_invoice", codes[commitment.id], "S", owed)
        self._add_no_bill(hours, "payroll", spent[hours.id], "L", Decimal("3120.00"))

    def _add_no_bill(
        self, like: DirectCost, kind: str, code: str, letter: str, amount: Decimal
    ) -> None:
        self._ids["direct_cost"] += 1
        self._ids["direct_cost_line"] += 1
        cost = replace(like, id=str(44180000 + self._ids["direct_cost"]), type=kind)
        self.source.direct_costs.append(cost)
        self.source.direct_cost_lines.append(
            DirectCostLine(
                id=str(51220000 + self._ids["direct_cost_line"]),
                direct_cost_id=cost.id,
                position=1,
                code=code,
                cost_type_id=COST_TYPE_IDS[letter],
                description=cost.description,
                amount=amount,
            )
        )
        note = NO_BILLS[kind]
        self.oddities.append(Oddity(kind="direct_cost", source_id=cost.id, oddity=kind, note=note))

    def _sum_of_lines(self, cost: DirectCost) -> Decimal:
        lines = [line for line in self.source.direct_cost_lines if line.direct_cost_id == cost.id]
        return sum((line.amount for line in lines), Decimal(0))

    def _change_lines(
        self, cost: DirectCost, change: Callable[[DirectCostLine], DirectCostLine]
    ) -> None:
        self.source.direct_cost_lines[:] = [
            change(line) if line.direct_cost_id == cost.id else line
            for line in self.source.direct_cost_lines
        ]

    # Small things

    def _id(self, kind: str, start: int) -> str:
        """Ids rise with gaps, as they do where many companies share a system."""
        self._ids[kind] += self.rng.randrange(1, 9)
        return str(start + self._ids[kind])

    def _moment(self, day: date) -> datetime:
        rng = self.rng
        return datetime.combine(day, time(rng.randrange(13, 23), rng.randrange(60)), tzinfo=UTC)

    def _invoice_number(self, vendor_id: str, number: int) -> str:
        """In the vendor's own style, and never the same twice."""
        style = self._styles.setdefault(vendor_id, self.rng.choice(INVOICE_STYLES))
        used = self._numbers[vendor_id]
        while (made := style.format(serial=self.rng.randrange(1000, 89000), number=number)) in used:
            pass
        used.add(made)
        return made


ODDITIES = {
    "lines_do_not_add_up": "The stated total is 90.00 more than the lines.",
    "negative": "A credit entered as a bill: every line is below zero.",
    "zero": "The lines cancel out.",
    "line_without_cost_code": "The first line names no cost code.",
    "duplicate_number": "Repeats the invoice number of an earlier bill of the same vendor.",
    "closed_period": "Dated before the ledger's closing date.",
}

# Beside the approved bills, by the type of the direct cost.
NO_BILLS = {
    "subcontractor_invoice": "Repeats an approved requisition as a direct cost.",
    "payroll": "Crew hours: no vendor is owed for them.",
}


def _rounded(cents: int, limit: int) -> int:
    """Foremen bill in even amounts more often than not."""
    even = cents // 5_000 * 5_000
    return even if 0 < even <= limit else cents


def _rate(plan: _Plan, place: int) -> Decimal:
    if plan.release_only and place == plan.total - 1:
        return NONE
    halved = plan.step_down_at and place + 1 > plan.step_down_at
    return plan.commitment.retainage_percent / (2 if halved else 1)


def _item(
    requisition: Requisition, line: _Line, work_to_date: int, stored: int, rate: Decimal
) -> RequisitionItem:
    """Bill `line` up to `work_to_date`, holding `rate` percent of everything done and stored."""
    work = work_to_date - line.work
    to_hold = share_of(work_to_date, rate)
    retained, released = to_hold - line.held, 0
    if retained < 0:  # the rate fell: hold the new rate on new work, give back the rest
        retained, released = share_of(work, rate), share_of(work, rate) - retained
    line.work, line.held = work_to_date, to_hold
    return RequisitionItem(
        requisition_id=requisition.id,
        commitment_line_id=line.id,
        work_this_period=from_cents(work),
        stored_now=from_cents(stored),
        retained_this_period=from_cents(retained),
        released_this_period=from_cents(released),
        stored_retained=from_cents(share_of(stored, rate)),
    )
