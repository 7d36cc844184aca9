"""The webhooks that the sandbox sends, and how it can be told to send them badly.

Source: Buildertrend fact sheet, 8.4. Deliveries lie in the books until they were taken; a thread
sends what is due while there is any.
"""

import hmac
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

import requests

from connectors.sandboxing import Doc, Store

EVENTS = (
    "purchase_order.approved", "purchase_order.released", "purchase_order.declined",
    "purchase_order.recalled", "change_order.created", "change_order.signed",
    "change_order.declined", "cost_item.created", "cost_item.updated", "budget.updated",
    "bill.created", "bill.updated", "bill.approved", "bill.paid", "job.created", "job.updated",
    "vendor.updated",
)  # fmt: skip
RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
ANSWER_SECONDS = 2
BOTH_SECRETS_LIVE = timedelta(hours=24)
LOOK_SECONDS = 0.1


@dataclass
class Mischief:
    """What is done to the next `times` deliveries.

    duplicate (sent twice), reorder (sent after the one that follows it), delay (`seconds`),
    corrupt (its signature is wrong).
    """

    kind: Literal["duplicate", "reorder", "delay", "corrupt"]
    times: int = 1
    seconds: float = 0.0


@dataclass(frozen=True)
class Sent:
    """What left, to the byte: a test sends it once more to play a thief."""

    url: str
    headers: dict[str, str]
    body: bytes
    status: int | None  # None when nobody answered


class Hooks:
    def __init__(self, store: Store, lock: threading.RLock, now: Callable[[], datetime]) -> None:
        self.store, self.lock, self.now = store, lock, now
        self.mischief: list[Mischief] = []
        self.sent: list[Sent] = []
        self._sender: threading.Thread | None = None

    # --- Subscriptions ------------------------------------------------------------------------

    def subscribe(self, url: str, events: list[str], secret: str) -> Doc:
        """A new subscription; with the address of an old one, that one under a new secret.

        For a day both secrets live: what was waiting goes out under the one it was made with.
        """
        known = next((one for one in self.store.all("subscriptions") if one["url"] == url), None)
        number = known["id"] if known else self.store.next_number("subscription")
        doc = {"id": number, "url": url, "events": events, "secret": secret}
        if known and known["secret"] != secret:
            until = self.now() + BOTH_SECRETS_LIVE
            doc |= {"previous": known["secret"], "previous_until": until.isoformat()}
        self.store.put("subscriptions", number, doc)
        return doc

    # --- Events -------------------------------------------------------------------------------

    def emit(self, event: str, account_id: int, data: Doc, sample: Doc | None = None) -> None:
        """Within a transaction of the books; sent after it."""
        body: Doc = {
            "id": uuid4().hex,
            "event": event,
            "occurredAt": f"{self.now():%Y-%m-%dT%H:%M:%SZ}",
            "accountId": account_id,
            "data": data,
        }
        if sample:
            body["sample"] = sample
        for subscription in self.store.all("subscriptions"):
            if event in subscription["events"]:
                self._queue(subscription, event, json.dumps(body))

    def _queue(self, subscription: Doc, event: str, body: str) -> None:
        number = self.store.next_number("delivery")
        doc = {
            "number": number,
            "delivery": str(uuid4()),
            "event": event,
            "url": subscription["url"],
            "secret": subscription["secret"],
            "body": body,
            "tries": 0,
            "due": self.now().isoformat(),
            "order": 2 * number,
            "held": False,
        }
        for earlier in self.store.all("deliveries"):
            if earlier["held"]:
                passed = {**earlier, "held": False, "order": doc["order"] + 1}
                self.store.put("deliveries", earlier["number"], passed)
        match self._mischief_for():
            case Mischief(kind="duplicate"):
                self.store.put("deliveries", number, doc)
                doc = {**doc, "number": self.store.next_number("delivery")}
            case Mischief(kind="delay", seconds=seconds):
                doc["due"] = (self.now() + timedelta(seconds=seconds)).isoformat()
            case Mischief(kind="reorder"):
                doc["held"] = True
            case Mischief(kind="corrupt"):
                doc["secret"] += "-wrong"
        self.store.put("deliveries", doc["number"], doc)

    def _mischief_for(self) -> Mischief | None:
        for one in self.mischief:
            if one.times > 0:
                one.times -= 1
                return one
        return None

    # --- Sending ------------------------------------------------------------------------------

    def send_due(self) -> int:
        """Send what is due, each once; how many were sent."""
        count = 0
        for doc in self._due():
            self._send(doc)
            count += 1
        return count

    def _due(self) -> list[Doc]:
        with self.lock:
            now = self.now()
            docs = [
                doc
                for doc in self.store.all("deliveries")
                if not doc["held"] and datetime.fromisoformat(doc["due"]) <= now
            ]
        return sorted(docs, key=lambda doc: int(doc["order"]))

    def _send(self, doc: Doc) -> None:
        stamp = str(int(self.now().timestamp()))
        body = doc["body"].encode()
        headers = {
            "Content-Type": "application/json",
            "X-BT-Event": doc["event"],
            "X-BT-Delivery": doc["delivery"],
            "X-BT-Timestamp": stamp,
            "X-BT-Signature": f"v1={signature(doc['secret'], stamp, body)}",
        }
        status = post(doc["url"], headers, body)
        self.sent.append(Sent(doc["url"], headers, body, status))
        with self.lock, self.store.transaction():
            if (status is not None and 200 <= status < 300) or doc["tries"] == len(RETRIES):
                self.store.delete("deliveries", doc["number"])
                return
            due = self.now() + RETRIES[doc["tries"]]
            again = {**doc, "tries": doc["tries"] + 1, "due": due.isoformat()}
            self.store.put("deliveries", doc["number"], again)

    def replay(self, sent: Sent) -> int | None:
        """The very same request once more, as somebody who listened would send it."""
        return post(sent.url, sent.headers, sent.body)

    def wake(self) -> None:
        """Have a thread send, until nothing is waiting any more."""
        with self.lock:
            if self.store.count("deliveries") == 0:
                return
            if self._sender is None or not self._sender.is_alive():
                self._sender = threading.Thread(target=self._keep_sending, daemon=True)
                self._sender.start()

    def _keep_sending(self) -> None:
        while True:
            self.send_due()
            with self.lock:
                if self.store.count("deliveries") == 0:
                    self._sender = None
                    return
            time.sleep(LOOK_SECONDS)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    signed = timestamp.encode() + b"." + body
    return hmac.new(secret.encode(), signed, "sha256").hexdigest()


def post(url: str, headers: dict[str, str], body: bytes) -> int | None:
    """8.4: who does not answer within two seconds did not take it."""
    session = requests.Session()
    session.trust_env = False
    try:
        with session:
            answer = session.post(
                url, data=body, headers=headers, timeout=ANSWER_SECONDS, allow_redirects=False
            )
    except requests.RequestException:
        return None
    return answer.status_code


def shown(subscription: Doc) -> dict[str, Any]:
    """Without its secret, which never leaves again."""
    return {
        "subscriptionId": subscription["id"],
        "url": subscription["url"],
        "events": subscription["events"],
    }
