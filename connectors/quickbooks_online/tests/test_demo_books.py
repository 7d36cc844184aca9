"""The books of the demo's company load, and can be pulled whole."""

import pytest

from connectors.quickbooks_online.sandbox import QuickBooksOnlineSandbox
from connectors.quickbooks_online.tests.conftest import SEED, client_at
from connectors.records import PulledRecord
from connectors.sandboxing import read_csv, serve

DEMO = SEED.parents[2] / "seeds" / "demo" / "quickbooks_online"


@pytest.fixture(scope="module")
def client():
    served = serve(QuickBooksOnlineSandbox(seed=DEMO))
    (company,) = read_csv(DEMO / "company.csv")
    yield client_at(served.url, realm_id=company["id"])
    served.stop()


def test_every_row_of_every_list_is_understood(client):
    rows = [row for kind in client.kinds for row in client.records(kind)]

    assert all(isinstance(row, PulledRecord) for row in rows)
    files = ("vendors", "customers", "items", "accounts", "classes", "terms")
    assert len(rows) == sum(len(read_csv(DEMO / f"{file}.csv")) for file in files)


def test_company_is_the_one_of_the_seed(client):
    (company,) = read_csv(DEMO / "company.csv")

    assert client.company().name == company["name"]
