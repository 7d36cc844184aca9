"""Webhooks as a sandbox sends them: in order, again when nobody takes them, and badly on request.

Deliveries lie in the sandbox's books until they were taken or given up. A failed one holds back
the others to its address, as Procore's and Intuit's do (their sheets, 10.3 and 6.3).
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import requests

from connectors.sandboxing import Doc, Store

LOOK_SECONDS = 0.1


@dataclass
class Mischief:
    """What is done to the next `times` deliveries.

    duplicate (sent twice), reorder (sent after the one that follows it), delay (`seconds`), forge
    (with another secret, and the true one as well), lose (never sent).
    """

    kind: Literal["duplicate", "reorder", "delay", "forge", "lose"]
    times: int = 1
    seconds: float = 0.0


class Deliveries:
    def __init__(
        self,
        store: Store,
        lock: threading.RLock,
        now: Callable[[], datetime],
        *,
        retries: Sequence[timedelta],
        answer_seconds: float,
    ) -> None:
        self.store, self.lock, self.now = store, lock, now
        self.retries, self.answer_seconds = retries, answer_seconds
        self.mischief: list[Mischief] = []
        self.statuses: list[int | None] = []  # of everything that was sent; None: nobody answered
        self._sender: threading.Thread | None = None

    def queue(
        self, url: str, headers: Mapping[str, str], body: str, forged: Mapping[str, str]
    ) -> None:
        """Within a transaction of the books. `forged` are headers with a proof that is none."""
        number = self.store.next_number("delivery")
        doc: Doc = {
            "number": number, "url": url, "headers": dict(headers), "body": body, "tries": 0,
            "due": self.now().isoformat(), "order": 2 * number, "held": False, "late": False,
        }  # fmt: skip
        for earlier in self.store.all("deliveries"):
            if earlier["held"]:
                passed = {**earlier, "held": False, "order": doc["order"] + 1}
                self.store.put("deliveries", earlier["number"], passed)
        one = next((each for each in self.mischief if each.times > 0), None)
        if one is not None:
            one.times -= 1
            if one.kind == "lose":
                return
            if one.kind == "duplicate":
                self._put_again(doc)
            elif one.kind == "forge":
                self._put_again({**doc, "headers": dict(forged), "tries": len(self.retries)})
            elif one.kind == "reorder":
                doc["held"] = True
            elif one.kind == "delay":
                due = self.now() + timedelta(seconds=one.seconds)
                doc |= {"due": due.isoformat(), "late": True}
        self.store.put("deliveries", number, doc)

    def _put_again(self, doc: Doc) -> None:
        number = self.store.next_number("delivery")
        self.store.put("deliveries", number, {**doc, "number": number, "late": True})

    def send_due(self) -> int:
        """Send what is due, each once; how many were sent."""
        count = 0
        blocked: set[str] = set()
        for doc in self._waiting():
            is_due = datetime.fromisoformat(doc["due"]) <= self.now()
            if doc["url"] in blocked or not is_due:
                if not doc["late"]:
                    blocked.add(doc["url"])
                continue
            count += 1
            if not self._send(doc) and not doc["late"]:
                blocked.add(doc["url"])
        return count

    def _waiting(self) -> list[Doc]:
        with self.lock:
            docs = [doc for doc in self.store.all("deliveries") if not doc["held"]]
        return sorted(docs, key=lambda doc: int(doc["order"]))

    def _send(self, doc: Doc) -> bool:
        status = post(doc["url"], doc["headers"], doc["body"].encode(), self.answer_seconds)
        self.statuses.append(status)
        was_taken = status is not None and 200 <= status < 300
        with self.lock, self.store.transaction():
            if was_taken or doc["tries"] >= len(self.retries):
                self.store.delete("deliveries", doc["number"])
            else:
                due = self.now() + self.retries[doc["tries"]]
                again = {**doc, "tries": doc["tries"] + 1, "due": due.isoformat()}
                self.store.put("deliveries", doc["number"], again)
        return was_taken

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


def post(url: str, headers: Mapping[str, str], body: bytes, seconds: float) -> int | None:
    """None when nobody answered in time."""
    session = requests.Session()
    session.trust_env = False
    try:
        with session:
            answer = session.post(
                url, data=body, headers=dict(headers), timeout=seconds, allow_redirects=False
            )
    except requests.RequestException:
        return None
    return answer.status_code
