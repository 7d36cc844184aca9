"""Buildertrend's bench for the contract, over the assumed contract."""

from decimal import Decimal

import pytest

from common.choices import System
from connectors.buildertrend.sandbox import BuildertrendSandbox
from connectors.buildertrend.tests.conftest import (
    BILL,
    FRAMER,
    JOB,
    LOOSE_BILL,
    SEED,
    Buildertrend,
    write_seed,
)
from connectors.contract.benches import SourceBench
from connectors.sandboxing import serve


class BuildertrendBench(SourceBench):
    system = System.BUILDERTREND
    project_id = str(JOB)
    vendor_id = str(FRAMER)
    bill_total = {str(BILL): "12301.08", str(LOOSE_BILL): "-40.10"}

    def __init__(self, folder):
        self.served = serve(BuildertrendSandbox(seed=write_seed(folder, SEED)))
        self.hands = Buildertrend(self.served.sandbox, self.served.url)
        self.client = self.hands.client()

    def rename_vendor(self, external_id, name):
        self.hands.screen(f"vendors/{external_id}/rename", {"name": name})

    def inactivate_vendor(self, external_id):
        self.hands.write("vendors", {"id": int(external_id), "active": "false"})

    def end_consent(self):
        self.served.sandbox.client_secret = "another one"
        self.served.sandbox.forget_tokens()

    def touch_bill(self):
        self.hands.screen(f"bills/{LOOSE_BILL}", {"title": "Tile, delivered"})
        return str(LOOSE_BILL)

    def delete_bill(self):
        self.hands.delete("bills", LOOSE_BILL)
        return str(LOOSE_BILL)

    def paid_over_there(self, bill):
        link = self.served.sandbox.store.get("accounting_links", bill)
        return Decimal(link["amountPaid"])

    def as_shown(self, bill, paid):
        return paid


@pytest.fixture
def buildertrend_bench(tmp_path):
    bench = BuildertrendBench(tmp_path)
    yield bench
    bench.stop()
