"""What Buildertrend tells us by itself, by the ASSUMED contract: fact sheet, 6 and 8.4."""

import hmac
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from common.choices import RecordKind
from connectors.http import parse_json
from connectors.records import JSON, News, PulledBill, PulledCommitment

EVENTS = (
    "purchase_order.approved", "purchase_order.released", "purchase_order.declined",
    "purchase_order.recalled", "change_order.created", "change_order.signed",
    "change_order.declined", "cost_item.created", "cost_item.updated", "budget.updated",
    "bill.created", "bill.updated", "bill.approved", "bill.paid", "job.created", "job.updated",
    "vendor.updated",
)  # fmt: skip
# What to read again. Of a cost item, its bill is told; change orders and budgets we do not read.
KINDS: Mapping[str, str] = {
    "job": RecordKind.PROJECT,
    "vendor": RecordKind.VENDOR,
    "purchase_order": PulledCommitment.Kind.PURCHASE_ORDER,
    "bill": PulledBill.Kind.BILL,
}
LARGEST_SKEW_SECONDS = 300
_SIGNATURE = re.compile(r"v1=[0-9a-f]{64}")
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def is_genuine(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Signed with `secret` within the last five minutes; while secrets change, ask for each."""
    said = {name.lower(): value for name, value in headers.items()}
    timestamp, given = said.get("x-bt-timestamp", ""), said.get("x-bt-signature", "")
    if not secret or not _SIGNATURE.fullmatch(given):
        return False
    signed = timestamp.encode() + b"." + body
    expected = "v1=" + hmac.new(secret.encode(), signed, "sha256").hexdigest()
    # Both are looked at whatever the other says, so that the time taken tells nothing.
    return hmac.compare_digest(expected, given) & _is_recent(timestamp)


def _is_recent(timestamp: str) -> bool:
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        return False
    return abs(time.time() - int(timestamp)) <= LARGEST_SKEW_SECONDS


def read(headers: Mapping[str, str], body: bytes) -> list[News]:
    """One event. Its delivery is the same when it is sent again; its sample is not read."""
    said = {name.lower(): value for name, value in headers.items()}
    delivery, event = said.get("x-bt-delivery", "").strip(), parse_json(body)
    if not delivery or not isinstance(event, dict) or not isinstance(event.get("event"), str):
        raise ValueError("it is no event of Buildertrend's")
    data = event.get("data")
    if not isinstance(data, dict):
        raise ValueError("an event of Buildertrend's that does not say what changed")
    resource = data.get("resource") or canonical(event["event"]).partition(".")[0]
    return [
        News(
            event_id=delivery,
            kind=KINDS.get(canonical(str(resource)), ""),
            external_id=_id(data, "id"),
            project_id=_id(data, "jobId"),
            happened_at=_moment(event.get("occurredAt")),
        )
    ]


def canonical(name: str) -> str:
    """6: `PurchaseOrder.Approved` and `purchase_order.approved` are one event."""
    return _WORD.sub("_", name).lower()


def _id(data: JSON, key: str) -> str:
    value = data.get(key)
    return str(value) if isinstance(value, int | str) else ""


def _moment(value: JSON) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
