"""What was paid of a bill that was sent, and whether the source knows."""

from dataclasses import dataclass
from decimal import Decimal

from common.money import ZERO
from sync import paying
from sync.models import PaidNotice, PaymentShare, Push


@dataclass(frozen=True)
class Paid:
    """The ledger's payments of one bill, oldest first."""

    shares: list[PaymentShare]
    total: Decimal  # what was sent to be paid
    told: str  # whether the source knows, in a sentence

    @classmethod
    def of(cls, push: Push | None) -> "Paid | None":
        """None while the ledger paid nothing of it."""
        if push is None or push.state != Push.State.POSTED:
            return None
        shares = paying.payments_of(push)
        if not shares:
            return None
        return cls(shares, Decimal(push.sought["total"]), _told(push))

    @property
    def amount(self) -> Decimal:
        return sum((each.amount for each in self.shares if not each.payment.is_void), ZERO)

    @property
    def state(self) -> str:
        """For {% status %}."""
        if self.amount >= self.total:
            return "paid"
        return "partly_paid" if self.amount else "not_paid"


def _told(push: Push) -> str:
    source = push.bill.connection.get_system_display()
    notice = PaidNotice.objects.filter(push=push).first()
    match notice.state if notice else None:
        case PaidNotice.State.WAITING:
            why = f" {notice.sentence}" if notice and notice.sentence else ""
            return f"{source} will be told.{why}"
        case PaidNotice.State.TOLD:
            return f"{source} was told."
        case PaidNotice.State.FAILED:
            sentence = notice.sentence if notice else ""
            return f"{source} did not take it: {sentence}"
        case _:
            return f"{source} takes nothing back the way it is connected, so it is shown here only."
