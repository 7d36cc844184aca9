"""Brings payments back: what the ledger paid of the bills we posted is told to the source.

A payment is the ledger's, whoever entered it. What it paid of a bill that we posted is said to the
source where the source takes that; elsewhere it is shown on the bill here. Nothing else goes back:
no budget, no commitment.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from audit import trail
from audit.models import Verb
from common.choices import Side
from common.money import ZERO
from connectors import calls, registry
from connectors.base import TakesPayments
from connectors.errors import (
    AccessDenied,
    ConnectorError,
    CredentialsExpired,
    Refused,
    UnexpectedPayload,
)
from connectors.models import Connection
from connectors.records import PaidBill, PulledPayment, Removed, ToldPayment, Unreadable
from sync.models import LedgerPayment, PaidNotice, PaymentShare, PullStep, Push
from sync.taking import Mirrored, batches, plain

TASK = "sync.tasks.tell_paid"
LEASE = timedelta(minutes=3)
# A payment entered while we last read may have been saved only afterwards.
OVERLAP = timedelta(days=1)
# Before the first read: bills are paid after they were posted, so nothing older concerns us.
FIRST_LOOK = timedelta(days=120)
MOST_TRIES = 10


# --- What the ledger says -------------------------------------------------------------------------


def since(connection: Connection) -> datetime:
    """From when on payments are asked for."""
    last = (
        PullStep.objects.filter(
            run__connection=connection, what=PullStep.What.PAYMENTS, state=PullStep.State.DONE
        )
        .order_by("-run__started_at")
        .values_list("run__started_at", flat=True)
        .first()
    )
    return last - OVERLAP if last else timezone.now() - FIRST_LOOK


def keep(
    connection: Connection, pulled: Iterable[PulledPayment | Removed | Unreadable]
) -> Mirrored:
    """Bring payments in, and let the source hear of those that paid a bill of ours."""
    result = Mirrored()
    for batch in batches(pulled, result):
        for payment in batch:
            with transaction.atomic():
                bills = set[str]()
                if isinstance(payment, PulledPayment):
                    bills = _keep_one(connection, payment)
                elif isinstance(payment, Removed):
                    bills = _forget(connection, payment.external_id)
                result.changed |= notify(connection, bills)
        result.found += len(batch)
    return result


def _keep_one(connection: Connection, pulled: PulledPayment) -> set[str]:
    """Write one payment; the ids of the ledger's bills of which it now says something else."""
    row, _made = LedgerPayment.objects.update_or_create(
        connection=connection,
        external_id=pulled.external_id[:120],
        defaults={
            "company_id": connection.company_id,
            "vendor_external_id": pulled.vendor_id[:120],
            "payment_date": pulled.payment_date,
            "number": pulled.number[:120],
            "amount": pulled.amount,
            "currency": pulled.currency,
            "is_void": pulled.is_void,
            "payload": plain(pulled.payload),
        },
    )
    paid: dict[str, Decimal] = {}
    for share in pulled.applied:
        paid[share.bill_id] = paid.get(share.bill_id, ZERO) + share.amount
    known = set(row.shares.values_list("bill_external_id", flat=True))
    PaymentShare.objects.bulk_create(
        [
            PaymentShare(
                company_id=connection.company_id,
                payment=row,
                bill_external_id=bill[:120],
                amount=paid.get(bill, ZERO),
            )
            for bill in known | paid.keys()
        ],
        update_conflicts=True,
        unique_fields=["payment", "bill_external_id"],
        update_fields=["amount"],
    )
    return known | paid.keys() | _replaced_by(row, pulled)


def _replaced_by(row: LedgerPayment, pulled: PulledPayment) -> set[str]:
    """Its bill, where single payments of it were counted so far: both would count twice."""
    single = PaymentShare.objects.filter(
        payment__connection=row.connection_id, bill_external_id=pulled.whole_of_bill
    ).exclude(payment=row)
    if pulled.whole_of_bill and single.exclude(amount=ZERO).update(amount=ZERO):
        return {pulled.whole_of_bill}
    return set()


def _forget(connection: Connection, external_id: str) -> set[str]:
    """Deleted in the ledger: it paid nothing, and who heard of it has to hear that."""
    row = LedgerPayment.objects.filter(connection=connection, external_id=external_id).first()
    if row is None:
        return set()
    LedgerPayment.objects.filter(pk=row.pk).update(is_void=True)
    return set(row.shares.values_list("bill_external_id", flat=True))


def notify(connection: Connection, bills: Collection[str]) -> set[int]:
    """Make the notices of our bills among these due, where there is news; their pushes' ids."""
    pushes = Push.objects.filter(
        connection=connection, state=Push.State.POSTED, external_id__in=bills
    )
    changed = set[int]()
    for push in pushes.select_related("bill__connection", "bill__project", "bill__commitment"):
        notice, _made = PaidNotice.objects.get_or_create(
            push=push, defaults={"company_id": push.company_id, "state": PaidNotice.State.TOLD}
        )
        if digest_of(paid_bill(push)) == notice.told_sha256:
            continue
        changed.add(push.pk)
        takes = registry.can(push.bill.connection, TakesPayments)
        PaidNotice.objects.filter(pk=notice.pk).update(
            state=PaidNotice.State.WAITING if takes else PaidNotice.State.NOT_TAKEN,
            due_at=Now() if takes else None,
            tries=0,
            sentence="",
        )
        if takes:
            PaidNotice.objects.ring(TASK, [notice.pk])
    return changed


# --- What was paid of one bill --------------------------------------------------------------------


def payments_of(push: Push) -> list[PaymentShare]:
    """Oldest first; void ones too, because the source may have heard of them."""
    return list(
        PaymentShare.objects.filter(
            company=push.company_id,
            bill_external_id=push.external_id,
            payment__connection=push.connection_id,
        )
        .select_related("payment")
        .order_by("payment__payment_date", "payment_id")
    )


def paid_bill(push: Push) -> PaidBill:
    """The whole state of one posted bill, as the source is to hear it."""
    shares, bill = payments_of(push), push.bill
    told = tuple(
        ToldPayment(
            key=_key(push, share),
            payment_date=share.payment.payment_date,
            number=share.payment.number,
            amount=share.amount,
            is_void=share.payment.is_void or share.amount == 0,
        )
        for share in shares
    )
    counted = [each for each in told if not each.is_void]
    paid = sum((each.amount for each in counted), ZERO)
    return PaidBill(
        kind=bill.kind,
        external_id=bill.external_id,
        project_id=bill.project.external_id,
        commitment_id=bill.commitment.external_id if bill.commitment else "",
        number=bill.number,
        paid=paid,
        is_paid_in_full=paid >= Decimal(push.sought["total"]),
        paid_date=max((each.payment_date for each in counted), default=None),
        payments=told,
        ledger=push.connection.get_system_display(),
        ledger_bill_id=push.external_id,
        ledger_url=(push.answer or {}).get("url", ""),
    )


def digest_of(paid: PaidBill) -> str:
    """Of what a source would be told; blank while nothing was ever paid."""
    if not paid.payments:
        return ""
    said = sorted(f"{name}={value}" for name, value in asdict(paid).items())
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def _key(push: Push, share: PaymentShare) -> str:
    said = f"{push.key}|{share.payment.external_id}"
    return hashlib.sha256(said.encode()).hexdigest()[:20]


# --- Telling --------------------------------------------------------------------------------------


def tell(notice_id: int) -> None:
    """Tell the source the present state of one bill. Safe to run twice, and at the same time."""
    taken = PaidNotice.objects.filter(pk=notice_id, state=PaidNotice.State.WAITING).due()
    if not taken.update(lease_until=Now() + LEASE, fence=F("fence") + 1, tries=F("tries") + 1):
        return
    notice = PaidNotice.objects.select_related(
        "push__bill__connection", "push__bill__project", "push__bill__commitment",
        "push__connection",
    ).get(pk=notice_id)  # fmt: skip
    push = notice.push
    paid = paid_bill(push)
    try:
        connection = registry.live_connection(notice.company, Side.SOURCE)
        if connection != push.bill.connection:
            # To another account, or another system, its ids are those of other documents.
            raise registry.NotConnected(
                f"{push.bill.connection.get_system_display()}, where this bill came from, is no"
                " longer connected, so it was not told."
            )
        client = registry.open_client(connection)
        if not isinstance(client, TakesPayments):
            _settle(notice, PaidNotice.State.NOT_TAKEN, "")
            return
        with calls.serving("sync.push", push.pk):
            client.tell_payment(paid)
    except (AccessDenied, Refused, UnexpectedPayload) as error:
        _settle(notice, PaidNotice.State.FAILED, str(error))
    except ConnectorError as error:
        # Without a sign-in, or paused, it waits for an admin, however long that takes.
        if notice.tries >= MOST_TRIES and not isinstance(error, CredentialsExpired):
            _settle(notice, PaidNotice.State.FAILED, str(error))
        else:
            _later(notice, str(error))
    else:
        _told(notice, paid)


def _told(notice: PaidNotice, paid: PaidBill) -> None:
    with transaction.atomic():
        if not _settle(notice, PaidNotice.State.TOLD, "", told_sha256=digest_of(paid)):
            return
        trail.record(
            Verb.TOLD_PAID,
            notice.push,
            by=None,
            machine="Sender",
            after={"paid": str(paid.paid), "in_full": paid.is_paid_in_full},
        )
    # What was read while we told: told once more, unless it is the same.
    notify(notice.push.connection, [notice.push.external_id])


def _settle(notice: PaidNotice, state: PaidNotice.State, sentence: str, **fields: str) -> bool:
    """Write what came of it, if the notice is still ours."""
    told = {"told_at": Now()} if state == PaidNotice.State.TOLD else {}
    return bool(
        PaidNotice.objects.filter(pk=notice.pk, fence=notice.fence).update(
            state=state, sentence=sentence, due_at=None, lease_until=None, **told, **fields
        )
    )


def _later(notice: PaidNotice, sentence: str) -> None:
    seconds = min(settings.SENDING["back_off"] * 2 ** (notice.tries - 1), 3600)
    PaidNotice.objects.filter(pk=notice.pk, fence=notice.fence).update(
        sentence=sentence, due_at=timezone.now() + timedelta(seconds=seconds), lease_until=None
    )
