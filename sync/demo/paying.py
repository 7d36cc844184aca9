"""Plays the bookkeeper: pays posted bills in the ledger's sandbox, and sees it come back."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from common.choices import Side, System
from common.money import to_cents
from connectors import registry
from connectors.models import Connection
from sync import paying
from sync.demo import tying
from sync.demo.checking import Job, pull
from sync.models import PaidNotice, Push

State = PaidNotice.State


@dataclass(frozen=True)
class Paid:
    """What was paid in the books, and what was heard of it."""

    cheques: int
    bills: int
    amount: Decimal
    seen: Decimal  # by us, of these bills
    told: int  # bills of which the source took the news
    source_takes: bool

    @property
    def is_back(self) -> bool:
        """Everything that was paid is known here, and to the source where it takes such news."""
        return self.seen == self.amount and (not self.source_takes or self.told == self.bills)

    def __str__(self) -> str:
        where = f"source told of {self.told}" if self.source_takes else "on our bill page only"
        return f"{self.seen} of {self.amount}, {where}"


def pay_and_see(job: Job) -> Paid:
    """One bill in full, one in part, and one cheque over several; then what the next pull brings.

    Raises:
        CommandError: the sandbox does not take a payment.
    """
    connection = registry.live_connection(job.company, Side.LEDGER)
    posted = job.company.pushes.filter(state=Push.State.POSTED, paid_notice=None)
    cheques = _cheques(posted.order_by("bill__bill_date", "bill__number", "pk"))
    for number, bills in enumerate(cheques, 1):
        _pay(connection, bills, f"{7000 + number}")
    pull(job, connection)
    pushes = Push.objects.filter(
        connection=connection, external_id__in=[bill for bills in cheques for bill in bills]
    ).select_related("bill__connection", "bill__project", "bill__commitment", "connection")
    notices = PaidNotice.objects.filter(push__in=pushes)
    job.wait(lambda: not notices.filter(state=State.WAITING).exists(), "the source to be told")
    return Paid(
        cheques=len(cheques),
        bills=len(pushes),
        amount=sum((amount for bills in cheques for amount in bills.values()), Decimal(0)),
        seen=sum((paying.paid_bill(push).paid for push in pushes), Decimal(0)),
        told=notices.filter(state=State.TOLD).count(),
        source_takes=not notices.filter(state=State.NOT_TAKEN).exists(),
    )


def _cheques(posted: Iterable[Push]) -> list[dict[str, Decimal]]:
    """What each cheque pays, by the ledger's id of the bill: as many as the bills suffice for."""
    of_vendor: dict[str, list[Push]] = defaultdict(list)
    for push in posted:
        of_vendor[push.sought["vendor_id"]].append(push)
    several = max(of_vendor.values(), key=len, default=[])[:2]
    alone = [push for pushes in of_vendor.values() for push in pushes if push not in several]
    cheques = [{push.external_id: _total(push)} for push in alone[:1]]
    cheques += [{push.external_id: to_cents(_total(push) / 3)} for push in alone[1:2]]
    if len(several) == 2:
        cheques.append({push.external_id: _total(push) for push in several})
    return cheques


def _total(push: Push) -> Decimal:
    return Decimal(push.sought["total"])


def _pay(connection: Connection, bills: dict[str, Decimal], number: str) -> None:
    """As its bookkeeper does, in the console of the sandbox."""
    yesterday = (timezone.now() - timedelta(days=1)).date()
    said = {bill: str(amount) for bill, amount in bills.items()}
    body = {"bills": said, "number": number, "date": yesterday.isoformat()}
    tying.order(System(connection.system), "pay", body)
