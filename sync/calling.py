"""Asks the ledger, with no transaction open: is it there, and if not, here it is.

One POST at most for each claim, under the push's key, and only while enough of the lease is left.
"""

import time
from datetime import date
from decimal import Decimal
from functools import partial

from django.conf import settings

from connectors import pacing
from connectors.base import Ledger
from connectors.errors import ConnectorError
from connectors.records import SoughtBill
from sync import settling
from sync.claiming import Claim
from sync.models import Push
from sync.steps import Step, reached


def send(claim: Claim, ledger: Ledger) -> None:
    with pacing.spaced(claim.push.connection, ledger.traits, claim.not_before):
        _send(claim, ledger)


def look(claim: Claim, ledger: Ledger) -> None:
    with pacing.spaced(claim.push.connection, ledger.traits, claim.not_before):
        _look(claim, ledger)


def _send(claim: Claim, ledger: Ledger) -> None:
    push = claim.push
    _wait_for_our_turn(claim)
    if claim.lease_left < settings.SENDING["enough_lease"]:
        return  # too late to be sure of our lease; it is looked up when it has run out
    try:
        # Nothing of this key has left yet on a first send, so what is found here is not ours to
        # make again: a bill that was there before us, or our own after a lost answer.
        found = ledger.find_bills(_sought(push))
    except ConnectorError as error:
        settling.settle(claim, partial(settling.not_sent, error=error))
        return
    if found and (not push.number_cleared or any(bill.key == push.key for bill in found)):
        settling.settle(claim, partial(settling.saw, found=found))
        return
    reached(Step.ASKED_FIRST)
    if claim.lease_left < settings.SENDING["enough_lease"]:
        return
    try:
        posted = ledger.post_bill(bytes(push.payload or b""), key=push.key)
    except ConnectorError as error:
        reached(Step.ANSWERED)
        settling.settle(claim, partial(settling.refused_or_unknown, error=error))
        return
    reached(Step.ANSWERED)
    settling.settle(claim, partial(settling.accept_as_posted, posted=posted), even_late=True)


def _look(claim: Claim, ledger: Ledger) -> None:
    push = claim.push
    _wait_for_our_turn(claim)
    try:
        found = ledger.find_bills(_sought(push))
    except ConnectorError as error:
        reached(Step.LOOKED)
        settling.settle(claim, partial(settling.look_failed, error=error), looked=True)
        return
    reached(Step.LOOKED)
    if found:
        settling.settle(claim, partial(settling.saw, found=found), looked=True)
    else:
        settling.settle(claim, partial(settling.saw_nothing, ledger=ledger), looked=True)


def _wait_for_our_turn(claim: Claim) -> None:
    time.sleep(max(0.0, claim.not_before - time.monotonic()))


def _sought(push: Push) -> SoughtBill:
    """What to look for: as it was frozen, whatever the bill or the mappings say by now."""
    return SoughtBill(
        key=push.key,
        vendor_id=push.sought["vendor_id"],
        number=push.sought["number"],
        bill_date=date.fromisoformat(push.sought["date"]),
        total=Decimal(push.sought["total"]),
    )
