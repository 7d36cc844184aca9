"""One world, said in the words of five systems: the same money, and a right answer in each pair."""

from collections import defaultdict
from decimal import Decimal

import pytest

from connectors.sandboxing import read_csv
from connectors.seeding import buildertrend, checks, demo, desktop, intacct, pairs

TARGETS = {  # by kind: the file and the column of its id, one of them in each ledger
    "vendor": (("vendors", "id"),),
    "project": (("projects", "id"), ("customers", "id")),
    "customer": (("customers", "id"),),
    "item": (("items", "id"),),
    "account": (("accounts", "id"), ("accounts", "number")),
}


@pytest.fixture(scope="module")
def tiny():
    return demo.build(size=demo.TINY)


@pytest.fixture(scope="module")
def demo_seed():
    return demo.build()


@pytest.fixture(scope="module", params=sorted(pairs.PAIRS))
def written(request, tiny, tmp_path_factory):
    """The folder of each pair, and the names of its two systems."""
    pair = pairs.PAIRS[request.param]
    folder = tmp_path_factory.mktemp(request.param)
    pairs.write(tiny, pair, folder)
    (source, _), (ledger, _) = pair.systems
    return folder, source.value, ledger.value


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.__name__)
def test_the_tiny_company_has_nothing(tiny, check):
    problems = check(tiny)

    assert problems == []


def test_the_tiny_company_holds_and_releases_retainage_and_stores_material(tiny):
    items = tiny.procore.requisition_items

    assert any(item.retained_this_period for item in items)
    assert any(item.released_this_period for item in items)
    assert any(item.stored_now for item in items)


def test_every_right_answer_is_in_that_ledger(written):
    folder, _, ledger = written

    lost = []
    for row in read_csv(folder / "truth.csv"):
        places = TARGETS[row["target_kind"]]
        ids = {
            each.get(column)
            for name, column in places
            for each in read_csv(folder / ledger / f"{name}.csv")
        }
        if row["target_id"] and row["target_id"] not in ids:
            lost.append(row)

    assert lost == []


@pytest.mark.parametrize(
    ("kind", "files"),
    [
        ("vendor", ("vendors",)),
        ("project", ("projects", "jobs")),
        ("cost_code", ("cost_codes", "project_cost_codes")),
        ("cost_type", ("cost_types",)),
    ],
)
def test_every_source_record_has_an_answer(written, kind, files):
    folder, source, _ = written
    answered = {row["source_id"] for row in read_csv(folder / "truth.csv") if row["kind"] == kind}

    asked = {
        row.get("id") or row["code"]
        for name in files
        for row in read_csv(folder / source / f"{name}.csv")
    }

    assert asked
    assert asked == answered


def test_buildertrend_asks_for_the_same_money_as_procore(demo_seed):
    due = checks.payments_due(demo_seed)
    wanted = sum(due[each.id] for each in demo_seed.procore.requisitions if each.is_approved)

    told = buildertrend.builder(demo_seed.procore)

    orders = [bill for bill in told.bills if bill.purchase_order_id]
    assert sum(b.amount for b in orders if b.status in ("Approved", "Ready for Payment")) == wanted


def test_a_bill_of_buildertrend_is_the_sum_of_its_lines(tiny):
    told = buildertrend.builder(tiny.procore)

    sums = defaultdict(Decimal)
    for line in told.bill_lines:
        sums[line.bill_id] += line.amount

    assert {bill.id: bill.amount for bill in told.bills} == sums


def test_what_is_held_back_waits_in_a_bill_of_its_own(tiny):
    told = buildertrend.builder(tiny.procore)

    held = [bill for bill in told.bills if bill.title.startswith("Retainage held")]

    assert held
    assert {bill.status for bill in held} == {"Pending Approval"}


def test_purchase_orders_are_numbered_job_by_job(demo_seed):
    told = buildertrend.builder(demo_seed.procore)

    numbers = defaultdict(list)
    for order in told.purchase_orders:
        numbers[order.job_id].append(int(order.number))

    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())


def test_people_of_desktop_share_41_characters_and_no_name(demo_seed):
    told = desktop.books(demo_seed.quickbooks_online)

    names = [each.display_name for each in [*told.vendors, *told.customers, *told.employees]]

    assert max(map(len, names)) <= 41
    assert len({name.casefold() for name in names}) == len(names)


@pytest.mark.parametrize("name", ["accounts", "items", "classes", "terms"])
def test_lists_of_desktop_have_31_characters(demo_seed, name):
    told = desktop.books(demo_seed.quickbooks_online)

    assert max(len(each.name) for each in getattr(told, name)) <= 31


def test_an_item_of_desktop_is_of_the_type_of_what_is_above_it(demo_seed):
    told = desktop.books(demo_seed.quickbooks_online)

    types = {each.id: each.type for each in told.items}

    assert all(types[each.parent_id] == each.type for each in told.items if each.parent_id)


@pytest.mark.parametrize("size", [None, demo.TINY], ids=["demo", "tiny"])
def test_every_project_of_intacct_is_called_something_else(size):
    seed = demo.build(size=size)

    told = intacct.books(seed.quickbooks_online, seed.procore, seed.truth)

    ids = [each.id for each in told.projects]
    assert len(set(ids)) == len(ids)


def test_every_line_finds_its_task_in_intacct(tiny):
    told = intacct.books(tiny.quickbooks_online, tiny.procore, tiny.truth)
    answers = intacct.truth(tiny.quickbooks_online, tiny.truth)
    jobs = {row.source_id: row.target_id for row in answers if row.kind == "project"}
    projects = {each.id: jobs[each.project_id] for each in tiny.procore.commitments}

    tasks = {(each.project_id, each.id) for each in told.tasks}

    asked = {(projects[line.commitment_id], line.code) for line in tiny.procore.commitment_lines}
    assert tasks >= {(project, code) for project, code in asked if project}
