"""Bills with their lines and needs, pushes in each state, and runs."""

import itertools
from datetime import date
from decimal import Decimal

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from common.bill_numbers import plain_number
from companies.tests.factories import CompanyFactory, UserFactory
from connectors.tests.factories import ConnectionFactory, RecordFactory
from mapping.models import Mapping
from mapping.tests.factories import MappingFactory
from sync import judging, needing, readiness
from sync.models import (
    Approval,
    Bill,
    BillLine,
    Judging,
    LedgerBill,
    ProjectTeam,
    PullProblem,
    PullStep,
    Push,
    Run,
)

_keys = itertools.count(1)


class BillFactory(DjangoModelFactory):
    """A sound direct cost of one line, $1,204.50, that nothing is mapped for.

    `BillFactory(ready=True)` publishes a mapping for all it needs; `accepted=True` only decides
    them, `drafted=True` leaves drafts. Readiness is worked out as in life.
    """

    class Meta:
        model = Bill
        exclude = ["line_amounts", "retainage", "cost_code", "state"]
        skip_postgeneration_save = True

    class Params:
        ready = factory.Trait(state="published")
        accepted = factory.Trait(state="accepted")
        drafted = factory.Trait(state="draft")

    state = ""
    line_amounts = (Decimal("1204.50"),)
    retainage = Decimal(0)
    company = factory.SubFactory(CompanyFactory)
    connection = factory.LazyAttribute(
        lambda row: (
            row.company.connections.filter(side="source").first()
            or ConnectionFactory(company=row.company, source=True)
        )
    )
    vendor = factory.SubFactory(RecordFactory, company=factory.SelfAttribute("..company"))
    project = factory.SubFactory(
        RecordFactory, company=factory.SelfAttribute("..company"), project=True
    )
    cost_code = factory.SubFactory(
        RecordFactory, company=factory.SelfAttribute("..company"), cost_code=True
    )
    kind = Bill.Kind.DIRECT_COST
    external_id = factory.Sequence(lambda n: str(7000 + n))
    number = factory.Sequence(lambda n: f"D-{1000 + n}")
    plain_number = factory.LazyAttribute(lambda row: plain_number(row.number))
    bill_date = date(2026, 9, 2)
    status = "approved"
    is_approved = True
    currency = "USD"
    total = factory.LazyAttribute(lambda row: sum(row.line_amounts) - row.retainage)
    content_sha256 = "0" * 64
    first_seen_at = factory.LazyFunction(timezone.now)
    last_seen_at = factory.SelfAttribute("first_seen_at")

    @classmethod
    def _adjust_kwargs(cls, **kwargs):
        cls._told = {name: kwargs[name] for name in ("line_amounts", "retainage", "cost_code")}
        cls._told["state"] = kwargs.get("state", "")
        return kwargs

    @factory.post_generation
    def parts(self, create, _extracted, **_kwargs):
        told = BillFactory._told
        for position, amount in enumerate(told["line_amounts"], 1):
            BillLine.objects.create(
                company=self.company,
                bill=self,
                position=position,
                external_id=str(position),
                description="Boards",
                cost_code=told["cost_code"],
                amount=amount,
                retainage=told["retainage"] if position == 1 else 0,
            )
        needing.write(self.company, [self.pk])
        for record in (self.vendor, self.project, told["cost_code"]):
            missing = record and not Mapping.objects.filter(source=record).exists()
            if told["state"] and missing:
                map_record(record, told["state"])
        readiness.refresh(self.company, bills=[self.pk])
        self.refresh_from_db(fields=["readiness"])


def map_record(record, state="published"):
    """A mapping of this record in that state, to a ledger record of the right kind."""
    target = {
        "vendor": {"in_ledger": True},
        "project": {"customer": True},
        "cost_code": {"account": True},
    }[record.kind]
    return MappingFactory(
        company=record.company,
        source=record,
        target=RecordFactory(company=record.company, **target),
        **{state: True},
    )


def judge_bills(company):
    """What a worker does after a setting was changed."""
    row = Judging.objects.select_related("company__settings").get(company=company)
    judging.judge(row)


class PushFactory(DjangoModelFactory):
    """Queued, unless a trait says otherwise."""

    class Meta:
        model = Push

    class Params:
        was_sent = factory.Trait(
            payload=b'{"TotalAmt": 1204.50}',
            payload_sha256="0" * 64,
            sends=1,
            first_sent_at=factory.LazyFunction(timezone.now),
            last_sent_at=factory.LazyFunction(timezone.now),
            sought=factory.LazyAttribute(
                lambda row: {
                    "vendor_id": "101",
                    "number": row.bill.number,
                    "date": row.bill.bill_date.isoformat(),
                    "total": str(row.bill.total),
                }
            ),
        )
        sending = factory.Trait(was_sent=True, state=Push.State.SENDING)
        unknown = factory.Trait(
            was_sent=True,
            state=Push.State.UNKNOWN,
            cause=Push.Cause.NO_ANSWER,
            sentence="The answer was lost.",
        )
        posted = factory.Trait(
            was_sent=True,
            state=Push.State.POSTED,
            external_id=factory.Sequence(lambda n: str(9000 + n)),
            posted_at=factory.LazyFunction(timezone.now),
            answer=factory.LazyAttribute(
                lambda row: {
                    "id": row.external_id,
                    "number": row.bill.number,
                    "url": f"https://ledger.test/app/bill?txnId={row.external_id}",
                }
            ),
            due_at=None,
        )
        failed = factory.Trait(
            state=Push.State.FAILED,
            cause=Push.Cause.PERIOD_CLOSED,
            sentence="The period is closed. Reopen it or change the date.",
            due_at=None,
        )
        set_aside = factory.Trait(
            was_sent=True,
            state=Push.State.SET_ASIDE,
            cause=Push.Cause.POSSIBLE_DUPLICATE,
            sentence="The ledger already has a bill of this vendor with that number.",
            answer={"found": [{"id": "881", "number": "D-7", "total": "12.00", "url": ""}]},
            due_at=None,
        )

    bill = factory.SubFactory(BillFactory, ready=True)
    company = factory.SelfAttribute("bill.company")
    connection = factory.LazyAttribute(
        lambda row: (
            row.company.connections.filter(side="ledger").first()
            or ConnectionFactory(company=row.company)
        )
    )
    version = factory.SelfAttribute("bill.version")
    key = factory.LazyFunction(lambda: f"key-{next(_keys):08}")
    asked_by = factory.SubFactory(UserFactory)
    asked_at = factory.LazyFunction(timezone.now)
    due_at = factory.SelfAttribute("asked_at")


class LedgerBillFactory(DjangoModelFactory):
    """A bill that somebody entered in the ledger, one line, on the company's live connection."""

    class Meta:
        model = LedgerBill
        exclude = ["vendor", "number", "line"]

    company = factory.SubFactory(CompanyFactory)
    connection = factory.SelfAttribute("vendor.connection")
    vendor = factory.SubFactory(
        RecordFactory, company=factory.SelfAttribute("..company"), in_ledger=True
    )
    number = factory.Sequence(lambda n: f"H-{1000 + n}")
    external_id = factory.Sequence(lambda n: str(8000 + n))
    plain_number = factory.LazyAttribute(lambda row: plain_number(row.number))
    vendor_external_id = factory.SelfAttribute("vendor.external_id")
    bill_date = date(2026, 9, 2)
    line = {}
    lines = factory.LazyAttribute(
        lambda row: [
            {"amount": str(row.total), "account": "", "item": "", "customer": "", **row.line}
        ]
    )


class RunFactory(DjangoModelFactory):
    """A pull of the source that is under way, unless a trait says otherwise."""

    class Meta:
        model = Run

    class Params:
        send = factory.Trait(kind=Run.Kind.SEND)
        done = factory.Trait(state=Run.State.DONE, finished_at=factory.LazyFunction(timezone.now))

    company = factory.SubFactory(CompanyFactory)
    kind = Run.Kind.PULL
    connection = factory.LazyAttribute(
        lambda row: (
            row.company.connections.filter(
                side="ledger" if row.kind == Run.Kind.SEND else "source"
            ).first()
            or ConnectionFactory(company=row.company, source=row.kind != Run.Kind.SEND)
        )
    )


class PullStepFactory(DjangoModelFactory):
    class Meta:
        model = PullStep

    run = factory.SubFactory(RunFactory)
    company = factory.SelfAttribute("run.company")
    position = factory.Sequence(lambda n: n + 1)
    what = PullStep.What.RECORDS
    record_kind = "vendor"


class PullProblemFactory(DjangoModelFactory):
    class Meta:
        model = PullProblem

    step = factory.SubFactory(PullStepFactory)
    company = factory.SelfAttribute("step.company")
    connection = factory.SelfAttribute("step.run.connection")
    sentence = "Bill 71 has no date."
    payload = {"id": 71, "amount": "12.30"}


class ApprovalFactory(DjangoModelFactory):
    class Meta:
        model = Approval

    bill = factory.SubFactory(BillFactory, ready=True)
    company = factory.SelfAttribute("bill.company")
    version = factory.SelfAttribute("bill.version")
    decision = Approval.Decision.APPROVED
    by = factory.SubFactory(UserFactory)


def manage(user, project):
    """Makes the project one of this project manager's own."""
    membership = user.memberships.get(company=project.company)
    return ProjectTeam.objects.create(
        company=project.company, project=project, membership=membership
    )
