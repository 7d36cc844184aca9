"""Seeds keep what the README of the seeds promises, and the demo's files are what we build."""

import filecmp
import random
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings

from connectors.seeding import checks, demo, jobs, noise, pairs, real
from connectors.seeding.books import NameList
from connectors.seeding.names import Registrar

PROJECT = Path(__file__).resolve().parents[2]
DEMO = PROJECT / "connectors" / "seeds" / "demo"
SHARED_DATA = settings.SHARED_DATA


@pytest.fixture(scope="module")
def demo_seed():
    return demo.build()


@pytest.fixture(scope="module", params=["demo", "real"])
def seed(request):
    if request.param == "demo":
        return demo.build()
    return _real()


def _real():
    if not SHARED_DATA.is_dir():
        pytest.skip("the shared data folder is not there; set SHARED_DATA to check the real seed")
    return real.build(SHARED_DATA)


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.__name__)
def test_a_seed_has_nothing(seed, check):
    problems = check(seed)

    assert problems == []


def test_committed_demo_is_what_the_builder_writes(demo_seed, tmp_path):
    pairs.write(demo_seed, pairs.FIRST, tmp_path)

    built = {path.relative_to(tmp_path) for path in tmp_path.rglob("*.csv")}
    committed = {path.relative_to(DEMO) for path in DEMO.rglob("*.csv")}
    assert built == committed
    _, different, missing = filecmp.cmpfiles(tmp_path, DEMO, map(str, built), shallow=False)
    assert different + missing == []


def test_real_company_is_the_same_whenever_it_is_built():
    assert _real() == _real()


@pytest.mark.parametrize(
    ("system", "name", "count"),
    [
        ("procore", "vendors", 300),
        ("procore", "projects", 20),
        ("procore", "cost_types", 8),
        ("quickbooks_online", "vendors", 2000),
        ("quickbooks_online", "customers", 120),
        ("quickbooks_online", "bills", 60),
    ],
)
def test_seed_has_as_many_rows_as_promised(seed, system, name, count):
    rows = getattr(getattr(seed, system), name)

    assert len(rows) == count


def test_seed_has_150_cost_codes_below_their_divisions(seed):
    codes = seed.procore.cost_codes
    above = {code.parent_code for code in codes}

    leaves = [code for code in codes if code.code not in above]

    assert len(leaves) == 150


def test_400_bills_are_approved(seed):
    requisitions = [each for each in seed.procore.requisitions if each.is_approved]
    direct = [each for each in seed.procore.direct_costs if each.is_to_be_paid]

    assert (len(requisitions), len(direct)) == (280, 120)


def test_a_few_dozen_bills_are_not_approved(seed):
    bills = [*seed.procore.requisitions, *seed.procore.direct_costs]

    waiting = Counter(each.status for each in bills if not each.is_approved)

    assert waiting.total() == 40
    assert set(waiting) == {"draft", "under_review", "pending"}


def test_only_the_last_requisition_of_a_commitment_waits(seed):
    last = {}
    for each in seed.procore.requisitions:
        last[each.commitment_id] = max(each.number, last.get(each.commitment_id, 0))

    waiting = [each for each in seed.procore.requisitions if not each.is_approved]

    assert all(each.number == last[each.commitment_id] for each in waiting)


def test_about_one_approved_bill_in_twenty_has_no_counterpart(seed):
    share = checks.share_without_counterpart(seed)

    assert 0.03 <= share <= 0.07


def test_every_requisition_asks_for_money(seed):
    due = checks.payments_due(seed)

    assert min(due.values()) > 0


def test_some_requisitions_only_release_retainage(seed):
    working = {
        each.requisition_id
        for each in seed.procore.requisition_items
        if each.work_this_period or each.stored_now
    }

    releases = [each for each in seed.procore.requisitions if each.id not in working]

    assert len(releases) >= 3


def test_some_requisitions_hold_stored_material(seed):
    storing = {each.requisition_id for each in seed.procore.requisition_items if each.stored_now}

    assert len(storing) >= 10


def test_retainage_is_ten_percent_mostly_and_five_sometimes(seed):
    rates = Counter(each.retainage_percent for each in seed.procore.commitments)

    assert [rate for rate, _ in rates.most_common(2)] == [Decimal(10), Decimal(5)]


def test_every_oddity_occurs_once(seed):
    found = Counter(each.oddity for each in seed.oddities)

    assert found == dict.fromkeys([*jobs.ODDITIES, "long_number", *jobs.NO_BILLS], 1)


def _odd(seed, oddity):
    (wanted,) = [each.source_id for each in seed.oddities if each.oddity == oddity]
    (bill,) = [
        each
        for each in [*seed.procore.direct_costs, *seed.procore.requisitions]
        if each.id == wanted
    ]
    lines = [each for each in seed.procore.direct_cost_lines if each.direct_cost_id == wanted]
    return bill, lines


def test_one_direct_cost_states_another_total_than_its_lines(seed):
    bill, lines = _odd(seed, "lines_do_not_add_up")

    assert bill.amount != sum(line.amount for line in lines)


def test_one_direct_cost_is_negative(seed):
    _, lines = _odd(seed, "negative")

    assert sum(line.amount for line in lines) < 0


def test_one_direct_cost_is_zero(seed):
    _, lines = _odd(seed, "zero")

    assert sum(line.amount for line in lines) == 0


def test_one_direct_cost_has_a_line_without_cost_code(seed):
    _, lines = _odd(seed, "line_without_cost_code")

    assert "" in {line.code for line in lines}


def test_one_direct_cost_repeats_its_vendors_invoice_number(seed):
    bill, _ = _odd(seed, "duplicate_number")

    same = [
        each
        for each in seed.procore.direct_costs
        if (each.vendor_id, each.invoice_number) == (bill.vendor_id, bill.invoice_number)
    ]
    assert len(same) == 2


def test_one_direct_cost_falls_into_closed_books(seed):
    bill, _ = _odd(seed, "closed_period")

    assert bill.date <= seed.quickbooks_online.company[0].book_close_date


def test_one_invoice_number_is_longer_than_the_ledger_keeps(seed):
    bills = [*seed.procore.requisitions, *seed.procore.direct_costs]

    long = [each.id for each in bills if len(each.invoice_number) > 21]

    assert long == [_odd(seed, "long_number")[0].id]


def test_one_direct_cost_is_a_requisition_entered_once_more(seed):
    bill, (line,) = _odd(seed, "subcontractor_invoice")
    commitments = {each.id: each for each in seed.procore.commitments}

    (same,) = [
        each
        for each in seed.procore.requisitions
        if each.invoice_number == bill.invoice_number
        and commitments[each.commitment_id].vendor_id == bill.vendor_id
    ]
    assert same.is_approved
    assert checks.payments_due(seed)[same.id] == line.amount


def test_one_direct_cost_is_payroll(seed):
    bill, _ = _odd(seed, "payroll")

    assert (bill.type, bill.is_to_be_paid) == ("payroll", False)


def test_odd_bills_are_mapped_so_that_only_their_oddity_holds_them(seed):
    lost = {(each.kind, each.source_id) for each in seed.truth if not each.target_id}
    commitments = {each.id: each for each in seed.procore.commitments}

    bills = [_odd(seed, each.oddity)[0] for each in seed.oddities]

    for bill in bills:
        party = commitments[bill.commitment_id] if hasattr(bill, "commitment_id") else bill
        assert ("vendor", party.vendor_id) not in lost
        assert ("project", party.project_id) not in lost


def test_demo_vendors_without_counterpart_are_twelve_percent(demo_seed):
    missing = [each for each in demo_seed.truth if each.kind == "vendor" and not each.target_id]

    assert len(missing) == 36


def test_demo_has_inactive_vendors_on_both_sides(demo_seed):
    source = [each for each in demo_seed.procore.vendors if not each.active]
    ledger = [each for each in demo_seed.quickbooks_online.vendors if not each.active]

    assert source
    assert ledger


@pytest.mark.parametrize("sign", ['"', "&", "#", "'", "ñ"])
def test_demo_vendor_names_carry_awkward_signs(demo_seed, sign):
    assert any(sign in each.name for each in demo_seed.procore.vendors)


def test_one_demo_vendor_name_is_near_a_hundred_characters(demo_seed):
    longest = max(len(each.name) for each in demo_seed.procore.vendors)

    assert 90 <= longest <= 100


def test_demo_has_a_retainage_account_that_is_not_accounts_payable(demo_seed):
    (account,) = [
        each for each in demo_seed.quickbooks_online.accounts if each.name == "Retainage Payable"
    ]

    assert account.type == "Other Current Liability"


def test_demo_items_can_be_bought_and_sold(demo_seed):
    items = [each for each in demo_seed.quickbooks_online.items if each.type != "Category"]

    assert all(each.expense_account_id and each.income_account_id for each in items)


def test_demo_jobs_are_projects_and_plain_customers(demo_seed):
    kinds = Counter(each.target_kind for each in demo_seed.truth if each.kind == "project")

    assert kinds["project"] > kinds["customer"] > 0


def test_no_demo_file_is_larger_than_400_kilobytes():
    assert all(path.stat().st_size < 400_000 for path in DEMO.rglob("*.csv"))


def test_missing_data_is_said_in_a_sentence(tmp_path):
    with pytest.raises(real.DataMissing, match=r"lacks vendors_h2b/a\.csv"):
        real.build(tmp_path)


def test_most_respelled_names_differ():
    rng = random.Random(5)
    registrar = Registrar(rng)

    kinds = Counter(noise.respelled(rng, registrar.found())[1] for _ in range(400))

    assert kinds["same"] < 120
    assert kinds.keys() >= {"case", "punctuation", "legal_form", "abbreviation", "typo"}


def test_a_name_that_is_taken_gets_a_number():
    names = NameList(random.Random(5))
    names.take("Odom: Electric")

    assert names.take("ODOM Electric") == "ODOM Electric 2"
