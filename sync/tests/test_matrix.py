"""The main job in every cell, over real HTTP to sandboxes on loopback ports, and back.

The workers' tasks are run here, one after the other, as their bells ring; everything else is what
`make matrix` does. Run with -s to see its table.
"""

import time
from dataclasses import replace
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from django.utils.module_loading import import_string
from django_q.models import OrmQ

from connectors import pacing
from connectors.management.commands.sandbox import REGISTRATION, SANDBOXES, address_of
from connectors.sandboxing import serve
from connectors.seeding import pairs
from sync import sweeping
from sync.demo import company as demo
from sync.demo import matrix, payloads
from sync.demo.checking import Job
from sync.demo.paying import Paid

SEED = "tiny"
LONGEST_SECONDS = 120
# A machine that calls us comes by itself; often enough, so that no test waits for it.
PACE = {"quickbooks_desktop": {"calls_every": 0.2, "pause_seconds": 0.1}}


@pytest.fixture(params=list(pairs.PAIRS))
def cell(request, transactional_db, live_server, settings, tmp_path, monkeypatch):
    """The main job was done in this cell, on books and in a company of its own."""
    pair = pairs.PAIRS[request.param]
    settings.VAR_DIR = tmp_path
    settings.PUBLIC_URL = live_server.url
    settings.SENDING = {**settings.SENDING, "first_look": 0, "back_off": 0}
    monkeypatch.setattr(pacing, "USED_SHARE", 50)  # the sandboxes do not mind
    settings.QUICKBOOKS_DESKTOP = {**settings.QUICKBOOKS_DESKTOP, "holds_call": 0.3}
    sandboxes = _served(pairs.put_down(SEED, pair), settings)
    try:
        company = demo.make(SEED, pair)
        done = matrix.run(Job(company, SEED, pair, _work_until))
        demo.untie(company)
    finally:
        for each in sandboxes:
            if hang_up := getattr(each.sandbox, "hang_up", None):
                hang_up()
            each.stop()
    print(f"\n{matrix.HEAD}\n{done}")  # noqa: T201  # the closing note quotes it
    return done


def _served(folder, settings):
    """The sandboxes of this seed on free ports, where the settings now say that they are."""
    served = []
    for name, kind, where in SANDBOXES:
        if (folder / name).is_dir():
            known_by = {part: where[part] for part in REGISTRATION if part in where}
            one = serve(kind(seed=folder / name, **known_by, **PACE.get(name, {})))
            old = urlsplit(address_of(where))
            moved = {
                key: value.replace(f"{old.scheme}://{old.netloc}", one.url)
                if isinstance(value, str)
                else value
                for key, value in getattr(settings, name.upper()).items()
            }
            setattr(settings, name.upper(), moved)
            served.append(one)
    return served


def _work_until(over, what):
    deadline = time.monotonic() + LONGEST_SECONDS
    while not over():
        assert time.monotonic() < deadline, f"waited too long for {what}"
        sweeping.sweep()
        if not _work_the_queue():
            time.sleep(0.05)


def _work_the_queue():
    """Run what rang, in its order; how many tasks that were."""
    rows = list(OrmQ.objects.order_by("pk"))
    for row in rows:
        task = row.task
        row.delete()
        import_string(task["func"])(*task["args"])
    return len(rows)


def test_every_bill_is_in_the_books_and_its_payment_comes_back(cell):
    assert cell.is_well, str(cell)


ALL_IS_WELL = matrix.Cell(
    pair=pairs.FIRST,
    records={"source": 1, "ledger": 1},
    bills=5,
    drafts=3,
    right=3,
    published=3,
    posted=4,
    ready=4,
    source=Decimal("100.00"),
    sent=Decimal("100.00"),
    ledger=Decimal("100.00"),
    paid=Paid(
        cheques=3,
        bills=4,
        amount=Decimal("90.00"),
        seen=Decimal("90.00"),
        told=4,
        source_takes=True,
    ),
    seconds=1.0,
)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ledger": Decimal("100.01")},
        {"sent": Decimal("99.99")},
        {"posted": 3},
        {"posted": 0, "ready": 0},
        {"paid": replace(ALL_IS_WELL.paid, seen=Decimal("89.99"))},
        {"paid": replace(ALL_IS_WELL.paid, told=3)},
        {"paid": replace(ALL_IS_WELL.paid, cheques=2)},
    ],
    ids=lambda wrong: "-".join(wrong),
)
def test_a_cell_that_lost_something_is_not_well(wrong):
    cell = replace(ALL_IS_WELL, **wrong)

    assert ALL_IS_WELL.is_well
    assert not cell.is_well
    assert "NOT WELL" in str(cell)


def test_a_source_that_takes_no_payments_is_well_without():
    paid = replace(ALL_IS_WELL.paid, told=0, source_takes=False)

    cell = replace(ALL_IS_WELL, paid=paid)

    assert cell.is_well
    assert "on our bill page only" in str(cell)


def test_qbxml_and_intacct_amounts_are_added_up_as_json_is():
    json_bill = b'{"Line": [{"Amount": 10.10}, {"Amount": -1.01}]}'
    qbxml = (
        b"<QBXML><BillAdd><ExpenseLineAdd><Amount>10.10</Amount></ExpenseLineAdd>"
        b"<ItemLineAdd><Amount>-1.01</Amount></ItemLineAdd></BillAdd></QBXML>"
    )
    intacct = (
        b"<APBILLITEMS><APBILLITEM><TRX_AMOUNT>10.10</TRX_AMOUNT></APBILLITEM>"
        b"<APBILLITEM><TRX_AMOUNT>-1.01</TRX_AMOUNT></APBILLITEM></APBILLITEMS>"
    )

    totals = {payloads.total(payload) for payload in (json_bill, qbxml, intacct)}

    assert totals == {Decimal("9.09")}
