"""The sandbox's account as its exports: every bill comes back, to the cent, by every family."""

from decimal import Decimal

import pytest

from common.choices import RecordKind
from connectors.buildertrend.files import sandbox_export
from connectors.buildertrend.files.client import BuildertrendFiles
from connectors.buildertrend.files.tests import exports
from connectors.file_models import SourceFile
from connectors.seeding import buildertrend, demo, writing

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seed")
    writing.write_system(buildertrend.builder(demo.build(size=demo.TINY).procore), folder)
    return sandbox_export.tables_of(folder)


def approved(tables):
    """Those of the seed that may be paid and are ours to post, by number and amount."""
    lines = {}
    for line in tables["bill_lines"]:
        lines.setdefault(line["bill_id"], []).append(Decimal(line["amount"]))
    return sorted(
        (bill["number"], sum(lines.get(bill["id"], ())))
        for bill in tables["bills"]
        if bill["status"] in ("Approved", "Ready for Payment", "Paid")
        and bill["originated_from_accounting"] != "true"
    )


@pytest.mark.parametrize("family", sandbox_export.FAMILIES)
def test_every_bill_comes_back_by_every_family(company, admin, tables, family):
    connection = exports.connection_of(company)

    done = sandbox_export.bring_in(connection, tables, family, by=admin)

    client = BuildertrendFiles(connection)
    projects = list(client.records(RecordKind.PROJECT))
    bills = [bill for each in projects for bill in client.bills(each.external_id)]
    assert {file.state for file in done} <= {SourceFile.State.DONE, SourceFile.State.NOT_USED}
    assert not any(file.errors for file in done)
    assert sorted((bill.number, bill.total) for bill in bills if bill.is_approved) == approved(
        tables
    )


def test_records_come_under_the_ids_that_were_told(company, admin, tables):
    connection = exports.connection_of(company)
    sandbox_export.bring_in(connection, tables, "C", by=admin)

    told = sandbox_export.own_ids(tables, "C")

    for kind in (RecordKind.PROJECT, RecordKind.VENDOR, RecordKind.COST_CODE, RecordKind.COST_TYPE):
        came = {each.external_id for each in BuildertrendFiles(connection).records(kind)}
        assert came
        assert came <= {own for (each, _), own in told.items() if each == kind}
