"""Bills, as the mapping app sees them: a plain object that satisfies its protocol."""

from decimal import Decimal

import pytest
from django.db.models import DecimalField, Value
from django.db.models.functions import Cast

from connectors.models import Connection
from connectors.tests.factories import RecordFactory
from mapping import waiting
from mapping.signals import mappings_changed
from mapping.tests.factories import MappingFactory, PublicationFactory
from mapping.waiting import Waits


class Bills:
    """No bills until a test writes some in: `bills.waits[record.pk] = Waits(3, Decimal(9))`."""

    def __init__(self):
        self.waits = {}
        self.listed = []
        self.sent = []

    def by_record(self, company, records):
        return {pk: self.waits[pk] for pk in records if pk in self.waits}

    def listed_at(self, company, record):
        return f"/bills-of/{record}/"

    def by_kind(self, company):
        return {}

    def amount_of(self, source):
        # A bare number in ORDER BY would name a column.
        return Cast(Value(0), DecimalField(max_digits=16, decimal_places=2))

    def let_go_by(self, company, mappings):
        return Waits(len(mappings), Decimal(100) * len(mappings))

    def resting_on(self, company, mappings):
        return Waits(len(mappings), Decimal(100)), Waits(3, Decimal(50))

    def going_with(self, company, mappings, start, stop):
        return self.listed[start:stop]

    def let_go(self, publication, start, stop):
        return self.listed[start:stop]

    def sent_with(self, company, mappings, start, stop):
        return self.sent[start:stop], len(self.sent)

    def using(self, company, record, limit):
        return self.listed[:limit]


@pytest.fixture(autouse=True)
def bills():
    before = waiting._provider
    provider = Bills()
    waiting.provide(provider)
    yield provider
    waiting.provide(before)


@pytest.fixture
def told():
    """What the app told others, as (sources, publication)."""
    heard = []

    def listen(sender, *, company, sources, publication, **kwargs):
        heard.append((list(sources), publication))

    mappings_changed.connect(listen)
    yield heard
    mappings_changed.disconnect(listen)


# --- A company with one draft, and a controller at her browser


@pytest.fixture
def pulled(company):
    """Both lists were pulled once."""
    RecordFactory(company=company, project=True)
    RecordFactory(company=company, account=True)
    Connection.objects.filter(company=company).update(last_pulled_at="2026-11-20T09:40Z")


@pytest.fixture
def draft(company, pulled):
    source = RecordFactory(
        company=company, name="Delta Drywall LLC", code="PC-10207", city="Austin"
    )
    target = RecordFactory(company=company, in_ledger=True, name="Delta Drywall", code="V-1540")
    mapping = MappingFactory(company=company, source=source, target=target, draft=True)
    PublicationFactory(company=company, number=1)
    return mapping


@pytest.fixture
def url(draft):
    return f"/c/acme/mappings/vendors/{draft.source_id}/"


@pytest.fixture
def dana(client_for, controller):
    return client_for(controller)
