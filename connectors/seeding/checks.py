"""What must hold in every seed. Each check answers with sentences; none means that all is well."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal

from connectors.seeding.money import from_cents, share_of
from connectors.seeding.rows import (
    ZERO,
    CommitmentLine,
    Ledger,
    Requisition,
    RequisitionItem,
    Seed,
    Source,
)

FORBIDDEN_IN_NAMES = (":", "\t", "\n")


def dangling_references(seed: Seed) -> list[str]:
    source, ledger = seed.procore, seed.quickbooks_online
    ids = {
        "project": {each.id for each in source.projects},
        "vendor": {each.id for each in source.vendors},
        "type": {each.id for each in source.cost_types},
        "commitment": {each.id for each in source.commitments},
        "line": {each.id for each in source.commitment_lines},
        "requisition": {each.id for each in source.requisitions},
        "cost": {each.id for each in source.direct_costs},
        "code": _codes(seed) | {""},
        "account": {each.id for each in ledger.accounts},
        "above": {each.id for each in ledger.accounts} | {""},
        "ledger vendor": {each.id for each in ledger.vendors},
        "term": {each.id for each in ledger.terms} | {""},
        "category": {each.id for each in ledger.items if each.type == "Category"} | {""},
        "owner": {each.id for each in ledger.customers} | {""},
    }
    return [
        f"{where} names {kind} {value}, which is not there"
        for where, kind, value in _references(seed)
        if value not in ids[kind]
    ]


def _codes(seed: Seed) -> set[str]:
    own = {each.code for each in seed.procore.project_cost_codes}
    return {each.code for each in seed.procore.cost_codes} | own


def _references(seed: Seed) -> Iterator[tuple[str, str, str]]:
    yield from _references_of_lists(seed.procore)
    yield from _references_of_bills(seed.procore)
    yield from _references_of_ledger(seed.quickbooks_online)


def _references_of_lists(source: Source) -> Iterator[tuple[str, str, str]]:
    for code in source.cost_codes:
        yield f"cost code {code.code}", "code", code.parent_code
    for own in source.project_cost_codes:
        yield f"cost code {own.code}", "project", own.project_id
        yield f"cost code {own.code}", "code", own.parent_code


def _references_of_bills(source: Source) -> Iterator[tuple[str, str, str]]:
    for commitment in source.commitments:
        yield f"commitment {commitment.id}", "project", commitment.project_id
        yield f"commitment {commitment.id}", "vendor", commitment.vendor_id
    for line in source.commitment_lines:
        yield f"line {line.id}", "commitment", line.commitment_id
        yield f"line {line.id}", "code", line.code
        yield f"line {line.id}", "type", line.cost_type_id
    for requisition in source.requisitions:
        yield f"requisition {requisition.id}", "commitment", requisition.commitment_id
    for item in source.requisition_items:
        yield f"item of {item.requisition_id}", "requisition", item.requisition_id
        yield f"item of {item.requisition_id}", "line", item.commitment_line_id
    for cost in source.direct_costs:
        yield f"direct cost {cost.id}", "project", cost.project_id
        yield f"direct cost {cost.id}", "vendor", cost.vendor_id
    for spent in source.direct_cost_lines:
        yield f"line {spent.id}", "cost", spent.direct_cost_id
        yield f"line {spent.id}", "code", spent.code
        yield f"line {spent.id}", "type", spent.cost_type_id


def _references_of_ledger(ledger: Ledger) -> Iterator[tuple[str, str, str]]:
    for vendor in ledger.vendors:
        yield f"vendor {vendor.id}", "term", vendor.term_id
    for customer in ledger.customers:
        yield f"customer {customer.id}", "owner", customer.parent_id
    for account in ledger.accounts:
        yield f"account {account.id}", "above", account.parent_id
    for product in ledger.items:
        yield f"item {product.id}", "category", product.parent_id
        if product.type != "Category":
            yield f"item {product.id}", "account", product.expense_account_id
            yield f"item {product.id}", "account", product.income_account_id
    for bill in ledger.bills:
        yield f"bill {bill.id}", "ledger vendor", bill.vendor_id
        yield f"bill {bill.id}", "account", bill.account_id


def wrong_truth(seed: Seed) -> list[str]:
    """Right answers that are not there, may not be chosen, or belong to nothing we have."""
    ledger = seed.quickbooks_online
    targets = {
        "vendor": {each.id for each in ledger.vendors if each.active},
        "project": {each.id for each in ledger.customers if each.is_project and each.active},
        "customer": {each.id for each in ledger.customers if not each.is_project and each.active},
        "account": {each.id for each in ledger.accounts if each.active},
        "item": {each.id for each in ledger.items if each.active and each.type != "Category"},
    }
    known = _source_ids(seed)
    problems = [f"Truth about {row.kind} {row.source_id}, which is not there"
                for row in seed.truth if row.source_id not in known[row.kind]]  # fmt: skip
    return problems + [
        f"{row.kind} {row.source_id} leads to {row.target_kind} {row.target_id}, which may not be"
        for row in seed.truth
        if row.target_id and row.target_id not in targets[row.target_kind]
    ]


def _source_ids(seed: Seed) -> dict[str, set[str]]:
    source = seed.procore
    return {
        "vendor": {each.id for each in source.vendors},
        "project": {each.id for each in source.projects},
        "cost_code": _codes(seed),
        "cost_type": {each.id for each in source.cost_types},
    }


def without_truth(seed: Seed) -> list[str]:
    """Records about which the truth is silent; saying "nothing fits" is not silence."""
    told = {(row.kind, row.source_id) for row in seed.truth}
    return [
        f"{kind} {source_id} is not in the truth"
        for kind, ids in _source_ids(seed).items()
        for source_id in sorted(ids)
        if (kind, source_id) not in told
    ]


def repeated(seed: Seed) -> list[str]:
    """Ids, names, numbers and answers that must be unique and are not."""
    source, ledger = seed.procore, seed.quickbooks_online
    lists = [*vars(source).values(), *vars(ledger).values()]
    problems = [
        f"id {each} occurs twice"
        for rows in lists
        for each in _twice(row.id for row in rows if hasattr(row, "id"))
    ]
    people = _people(ledger)
    problems += [f"person {each} occurs twice" for each in _twice(key for key, _ in people)]
    named = (name.casefold() for _, name in people)
    problems += [f"{each} is the name of two" for each in _twice(named)]
    accounts = ((each.parent_id, each.name.casefold()) for each in ledger.accounts)
    problems += [f"two accounts are called {each}" for each in _twice(accounts)]
    numbers = (each.number for each in ledger.accounts if each.number)
    problems += [f"two accounts have number {each}" for each in _twice(numbers)]
    items = ((each.parent_id, each.name.casefold()) for each in ledger.items)
    problems += [f"two items are called {each}" for each in _twice(items)]
    codes = (each.code for each in source.cost_codes)
    problems += [f"cost code {each} occurs twice" for each in _twice(codes)]
    answers = ((each.kind, each.source_id, each.target_kind) for each in seed.truth)
    return problems + [f"{each} is answered twice" for each in _twice(answers)]


def _twice(values: Iterable[object]) -> list[object]:
    return [value for value, count in Counter(values).items() if count > 1]


def unusable_names(seed: Seed) -> list[str]:
    """Names the ledger would refuse."""
    ledger = seed.quickbooks_online
    problems = [
        f"{name!r} cannot be displayed"
        for _, name in _people(ledger)
        if not 0 < len(name) <= 100 or any(char in name for char in FORBIDDEN_IN_NAMES)
    ]
    leaves = [each.name for each in ledger.accounts] + [each.name for each in ledger.items]
    return problems + [
        f"{name!r} cannot name an account or item"
        for name in leaves
        if not 0 < len(name) <= 100 or ":" in name or '"' in name
    ]


def _people(ledger: Ledger) -> list[tuple[str, str]]:
    """Id and name of everybody who shares the one list of names."""
    people = [(each.id, each.display_name) for each in ledger.vendors]
    people += [(each.id, each.display_name) for each in ledger.customers]
    return people + [(each.id, each.display_name) for each in ledger.employees]


def repeated_invoice_numbers(seed: Seed) -> list[str]:
    """Vendor and number of bills that share both, but for those that do so on purpose."""
    source = seed.procore
    vendors = {each.id: each.vendor_id for each in source.commitments}
    repeating = {"duplicate_number", "subcontractor_invoice"}
    meant = {each.source_id for each in seed.oddities if each.oddity in repeating}
    numbers = [(vendors[each.commitment_id], each.invoice_number) for each in source.requisitions]
    numbers += [
        (each.vendor_id, each.invoice_number)
        for each in source.direct_costs
        if each.id not in meant
    ]
    return [f"{each} was sent twice" for each in _twice(numbers)]


def wrong_retainage(seed: Seed) -> list[str]:
    """Lines on which less than nothing, or more than the contract allows, is held."""
    return [
        f"requisition {bill.id}, line {line.id}: {held} held of {done} at {percent} percent"
        for bill, line, percent, done, held in _running(seed)
        if not ZERO <= held <= from_cents(share_of(int(done * 100), percent))
    ]


def overbilled(seed: Seed) -> list[str]:
    """Lines billed beyond their amount, or billed less than was billed before."""
    return [
        f"requisition {bill.id}, line {line.id}: {done} billed of {line.amount}"
        for bill, line, _, done, _ in _running(seed)
        if not ZERO <= done <= line.amount
    ]


def _running(
    seed: Seed,
) -> Iterator[tuple[Requisition, CommitmentLine, Decimal, Decimal, Decimal]]:
    """After each requisition, line by line: percent, done and stored to date, held to date."""
    source = seed.procore
    lines = {each.id: each for each in source.commitment_lines}
    percents = {each.id: each.retainage_percent for each in source.commitments}
    work: dict[str, Decimal] = defaultdict(Decimal)
    held: dict[str, Decimal] = defaultdict(Decimal)
    for bill, items in _billed(source):
        for item in items:
            line = lines[item.commitment_line_id]
            work[line.id] += item.work_this_period
            held[line.id] += item.retained_this_period - item.released_this_period
            done = work[line.id] + item.stored_now
            total_held = held[line.id] + item.stored_retained
            yield bill, line, percents[bill.commitment_id], done, total_held


def _billed(source: Source) -> Iterator[tuple[Requisition, list[RequisitionItem]]]:
    items = defaultdict(list)
    for item in source.requisition_items:
        items[item.requisition_id].append(item)
    for bill in sorted(source.requisitions, key=lambda each: (each.commitment_id, each.number)):
        yield bill, items[bill.id]


def lines_due(source: Source) -> dict[str, list[tuple[str, Decimal]]]:
    """What each requisition asks for, line by line of its commitment: new work and stored
    material, less retainage.
    """
    stored: dict[str, RequisitionItem] = {}
    due: dict[str, list[tuple[str, Decimal]]] = {}
    for bill, items in _billed(source):
        due[bill.id] = []
        for item in items:
            before = stored.get(item.commitment_line_id)
            amount = (
                item.work_this_period
                + (item.stored_now - (before.stored_now if before else ZERO))
                - (item.retained_this_period - item.released_this_period)
                - (item.stored_retained - (before.stored_retained if before else ZERO))
            )
            due[bill.id].append((item.commitment_line_id, amount))
            stored[item.commitment_line_id] = item
    return due


def payments_due(seed: Seed) -> dict[str, Decimal]:
    return {
        bill: sum((amount for _, amount in lines), ZERO)
        for bill, lines in lines_due(seed.procore).items()
    }


def unbalanced(seed: Seed) -> list[str]:
    """Commitments whose bills do not sum to what is done and stored less what is held."""
    earned: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for bill, line, _, done, held in _running(seed):
        earned[bill.commitment_id][line.id] = done - held
    asked: dict[str, Decimal] = defaultdict(Decimal)
    due = payments_due(seed)
    for bill in seed.procore.requisitions:
        asked[bill.commitment_id] += due[bill.id]
    return [
        f"commitment {commitment}: bills ask for {asked[commitment]}, {sum(lines.values())} earned"
        for commitment, lines in earned.items()
        if sum(lines.values()) != asked[commitment]
    ]


def gaps_in_numbering(seed: Seed) -> list[str]:
    """Commitments whose requisitions are not 1, 2, 3 … in the order of their periods."""
    numbers = defaultdict(list)
    for each in sorted(seed.procore.requisitions, key=lambda row: row.period_end):
        numbers[each.commitment_id].append(each.number)
    return [
        f"commitment {commitment} has requisitions {found}"
        for commitment, found in numbers.items()
        if found != list(range(1, len(found) + 1))
    ]


def badly_dated(seed: Seed) -> list[str]:
    """Bills in closed books or after mid November, but for the one that is so on purpose."""
    (company,) = seed.quickbooks_online.company
    meant = {each.source_id for each in seed.oddities if each.oddity == "closed_period"}
    dated = [(each.id, each.billing_date) for each in seed.procore.requisitions]
    dated += [(each.id, each.date) for each in seed.procore.direct_costs if each.id not in meant]
    return [
        f"bill {bill} is dated {day}"
        for bill, day in dated
        if not company.book_close_date < day or (day.month, day.day) > (11, 15)
    ]


def strayed_codes(seed: Seed) -> list[str]:
    """Lines that use a code which only another project has."""
    source = seed.procore
    owner = {each.code: each.project_id for each in source.project_cost_codes}
    projects = {each.id: each.project_id for each in source.commitments}
    projects |= {each.id: each.project_id for each in source.direct_costs}
    used = [(each.id, each.code, projects[each.commitment_id]) for each in source.commitment_lines]
    used += [
        (each.id, each.code, projects[each.direct_cost_id]) for each in source.direct_cost_lines
    ]
    return [
        f"line {line} on project {project} uses {code}"
        for line, code, project in used
        if owner.get(code, project) != project
    ]


def unanswerable_codes(seed: Seed) -> list[str]:
    """Cost codes on bills for which the truth has no item or no account."""
    answered = {
        (row.source_id, row.target_kind)
        for row in seed.truth
        if row.kind == "cost_code" and row.target_id
    }
    committed = {line.code for line in seed.procore.commitment_lines}
    spent = {line.code for line in seed.procore.direct_cost_lines}
    used = sorted((committed | spent) - {""})
    return [
        f"cost code {code} has no {kind}"
        for code in used
        for kind in ("item", "account")
        if (code, kind) not in answered
    ]


def share_without_counterpart(seed: Seed) -> float:
    """How much of the approved bills stays unmapped for want of a vendor or a project."""
    source = seed.procore
    missing = {(row.kind, row.source_id) for row in seed.truth if not row.target_id}
    commitments = {each.id: each for each in source.commitments}
    bills = [commitments[each.commitment_id] for each in source.requisitions if each.is_approved]
    parties = [(each.vendor_id, each.project_id) for each in bills]
    parties += [
        (each.vendor_id, each.project_id) for each in source.direct_costs if each.is_to_be_paid
    ]
    stuck = [
        party
        for party in parties
        if ("vendor", party[0]) in missing or ("project", party[1]) in missing
    ]
    return len(stuck) / len(parties)


CHECKS = (
    dangling_references,
    wrong_truth,
    without_truth,
    repeated,
    unusable_names,
    repeated_invoice_numbers,
    wrong_retainage,
    overbilled,
    unbalanced,
    gaps_in_numbering,
    badly_dated,
    strayed_codes,
    unanswerable_codes,
)
