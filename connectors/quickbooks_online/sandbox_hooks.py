"""Intuit's webhooks: one address for the app, both forms of the body. Source: 6.3 of the sheet."""

import json
from datetime import timedelta
from functools import cached_property
from typing import ClassVar
from uuid import uuid4

from werkzeug.wrappers import Request, Response

from connectors.http import parse_json
from connectors.quickbooks_online.sandbox_books import BooksSandbox
from connectors.quickbooks_online.webhooks import SIGNATURE, signature
from connectors.sandbox_deliveries import Deliveries, Mischief
from connectors.sandboxing import Doc, json_response

RETRIES = (
    *(timedelta(seconds=each) for each in (10, 20, 30, 300, 1200)),
    *(timedelta(hours=each) for each in (2, 4, 6, 6, 6)),
)
ANSWER_SECONDS = 3
VERBS = {"Create": "created", "Update": "updated", "Delete": "deleted"}
NOT_TOLD = {"CompanyInfo"}


class Hooks(BooksSandbox):
    sends_by_itself = False  # else only when `deliveries.send_due()` is called

    hook_routes: ClassVar = [
        ("POST", "/_sandbox/webhooks", "set_webhooks"),
        ("POST", "/_sandbox/mischief", "order_mischief"),
        ("POST", "/_sandbox/deliver", "deliver"),
    ]

    @cached_property
    def deliveries(self) -> Deliveries:
        return Deliveries(
            self.store, self._books, self.now, retries=RETRIES, answer_seconds=ANSWER_SECONDS
        )

    def tell_at(self, url: str, verifier: str, *, is_new_form: bool = False) -> None:
        """What the app's owner sets on Intuit's developer pages."""
        with self._books, self.store.transaction():
            form = "new" if is_new_form else "old"
            self.store.put("webhooks", "1", {"url": url, "verifier": verifier, "form": form})

    def tell(self, entity: str, key: str, operation: str) -> None:
        told = self.store.get("webhooks", "1")
        if told is None or entity in NOT_TOLD:
            return
        said = self._cloud_event if told["form"] == "new" else self._notification
        body = json.dumps(said(entity, key, operation))
        headers = {"Content-Type": "application/json", "intuit-t-id": str(uuid4())}
        proof = signature(body.encode(), told["verifier"])
        forged = signature(body.encode(), "somebody else")
        self.deliveries.queue(
            told["url"], {**headers, SIGNATURE: proof}, body, {**headers, SIGNATURE: forged}
        )
        if self.sends_by_itself:
            self.deliveries.wake()

    def _notification(self, entity: str, key: str, operation: str) -> Doc:
        moment = f"{self.now().isoformat(timespec='milliseconds')}".replace("+00:00", "Z")
        change = {"name": entity, "id": key, "operation": operation, "lastUpdated": moment}
        realm = self.entities.company["realm"]
        return {"eventNotifications": [
            {"realmId": realm, "dataChangeEvent": {"entities": [change]}}
        ]}  # fmt: skip

    def _cloud_event(self, entity: str, key: str, operation: str) -> list[Doc]:
        return [
            {
                "specversion": "1.0",
                "id": str(uuid4()),
                "source": "intuit.sandbox",
                "type": f"qbo.{entity.lower()}.{VERBS[operation]}.v1",
                "datacontenttype": "application/json",
                "time": self.now().isoformat().replace("+00:00", "Z"),
                "intuitentityid": key,
                "intuitaccountid": self.entities.company["realm"],
                "data": {},
            }
        ]

    def set_webhooks(self, request: Request) -> Response:
        """JSON {"url", "verifier", "form": "old" or "new"}."""
        said = parse_json(request.get_data())
        self.tell_at(said["url"], said["verifier"], is_new_form=said.get("form") == "new")
        return json_response(said)

    def order_mischief(self, request: Request) -> Response:
        """JSON {"kind", "times", "seconds"} of the deliveries to come."""
        self.deliveries.mischief.append(Mischief(**json.loads(request.get_data())))
        return json_response([vars(one) for one in self.deliveries.mischief])

    def deliver(self, request: Request) -> Response:
        return json_response({"sent": self.deliveries.send_due()})
