"""A connection of each side, and rows mirrored through it."""

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from common.choices import RecordKind, Side, System
from companies.tests.factories import CompanyFactory, UserFactory
from connectors.models import Connection, Record
from connectors.vault import seal

SECRET = {"access": "canary-access", "refresh": "canary-refresh", "previous_refresh": ""}


class ConnectionFactory(DjangoModelFactory):
    """To the ledger unless told `source=True`; its credentials are sealed as in life."""

    class Meta:
        model = Connection

    class Params:
        source = factory.Trait(
            side=Side.SOURCE,
            system=System.PROCORE,
            name="Acme Builders",
            external_company_id="8089",
        )
        ledger = factory.Trait(side=Side.LEDGER)  # says aloud what is so anyway
        disconnected = factory.Trait(state=Connection.State.DISCONNECTED, secret=None)

    company = factory.SubFactory(CompanyFactory)
    side = Side.LEDGER
    system = System.QUICKBOOKS_ONLINE
    external_company_id = "9341452"
    name = "Acme Builders Inc"
    connected_by = factory.SubFactory(UserFactory)
    connected_at = factory.LazyFunction(timezone.now)

    @classmethod
    def _create(cls, model_class, *args, secret=SECRET, **kwargs):
        connection = model_class(*args, **kwargs)
        seal(connection, "credentials", secret)
        connection.save()
        return connection


class RecordFactory(DjangoModelFactory):
    """A vendor of the source, unless a trait says otherwise.

    `in_ledger=True` puts it on the other side: `RecordFactory(in_ledger=True)` is a vendor of the
    ledger. Its company's live connection of that side is used, or made.
    """

    class Meta:
        model = Record
        exclude = ["in_ledger"]

    class Params:
        project = factory.Trait(
            kind=RecordKind.PROJECT, name=factory.Sequence(lambda n: f"Oak St Lofts {n}")
        )
        cost_code = factory.Trait(
            kind=RecordKind.COST_CODE,
            code=factory.Sequence(lambda n: f"03-{n:03}"),
            name=factory.Sequence(lambda n: f"Concrete {n}"),
        )
        cost_type = factory.Trait(
            kind=RecordKind.COST_TYPE, code="L", name=factory.Sequence(lambda n: f"Labor {n}")
        )
        customer = factory.Trait(
            in_ledger=True,
            kind=RecordKind.CUSTOMER,
            name=factory.Sequence(lambda n: f"Oak St Lofts LLC {n}"),
        )
        item = factory.Trait(
            in_ledger=True,
            kind=RecordKind.ITEM,
            name=factory.Sequence(lambda n: f"Concrete work {n}"),
        )
        account = factory.Trait(
            in_ledger=True,
            kind=RecordKind.ACCOUNT,
            code=factory.Sequence(lambda n: f"5{n:03}"),
            name=factory.Sequence(lambda n: f"Job materials {n}"),
            type="Cost of Goods Sold",
        )
        retainage_account = factory.Trait(
            in_ledger=True,
            kind=RecordKind.ACCOUNT,
            code=factory.Sequence(lambda n: f"2{n:03}"),
            name=factory.Sequence(lambda n: f"Retainage payable {n}"),
            type="Other Current Liability",
        )
        inactive = factory.Trait(is_active=False)
        gone = factory.Trait(gone_at=factory.LazyFunction(timezone.now))

    in_ledger = False
    company = factory.SubFactory(CompanyFactory)
    connection = factory.LazyAttribute(
        lambda row: _connection(row.company, Side.LEDGER if row.in_ledger else Side.SOURCE)
    )
    kind = RecordKind.VENDOR
    external_id = factory.Sequence(lambda n: str(1000 + n))
    name = factory.Sequence(lambda n: f"Delta Drywall {n}")
    path = factory.SelfAttribute("name")
    first_seen_at = factory.LazyFunction(timezone.now)
    last_seen_at = factory.SelfAttribute("first_seen_at")
    payload_sha256 = "0" * 64
    search_text = factory.LazyAttribute(lambda row: f"{row.code} {row.name}".strip().lower())
    code = ""


def _connection(company, side):
    live = Connection.objects.filter(company=company, side=side).exclude(
        state=Connection.State.DISCONNECTED
    )
    return live.first() or ConnectionFactory(company=company, source=side == Side.SOURCE)
