"""A bench of each system in turn; a package's own fixture is called `<system>_bench`."""

import pytest

from common.choices import Side
from connectors import registry
from connectors.buildertrend.tests.bench import buildertrend_bench  # noqa: F401
from connectors.procore.tests.bench import procore_bench  # noqa: F401
from connectors.quickbooks_desktop.tests.bench import quickbooks_desktop_bench  # noqa: F401
from connectors.quickbooks_online.tests.bench import quickbooks_online_bench  # noqa: F401
from connectors.sage_intacct.tests.bench import sage_intacct_bench  # noqa: F401


def systems(side):
    return [package.system.value for package in registry.PACKAGES.values() if package.side == side]


@pytest.fixture(params=systems(Side.LEDGER))
def ledger(request):
    """A LedgerBench of each ledger."""
    return request.getfixturevalue(f"{request.param}_bench")


@pytest.fixture(params=systems(Side.SOURCE))
def source(request):
    """A SourceBench of each source."""
    return request.getfixturevalue(f"{request.param}_bench")
