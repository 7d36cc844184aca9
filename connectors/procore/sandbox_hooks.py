"""Procore's webhooks: hooks, their triggers, and what is told of a change.

Source: Procore fact sheet, 10. A hook of the company is told of what lies above its projects, a
hook of a project of what lies in it. Invoices of subcontracts are told by none (10.4).
"""

import json
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any
from uuid import uuid4

from werkzeug.wrappers import Request, Response

from connectors.procore.sandbox_api import ApiHost, api
from connectors.procore.sandbox_rules import Denied, missing_param, not_found
from connectors.sandbox_deliveries import Deliveries, Mischief
from connectors.sandboxing import Doc, json_response

# 10.3: back-off from a second to an hour; after twelve hours an event is discarded.
RETRIES = tuple(timedelta(seconds=min(2**n, 3600)) for n in range(22))
ANSWER_SECONDS = 5
MOST_TRIGGERS = 500
EVENTS = {"create", "update", "delete"}
COMPANY_RESOURCES = {
    "vendors": "Company Vendors", "projects": "Projects", "cost_types": "Line Item Types",
}  # fmt: skip
PROJECT_RESOURCES = {
    "direct_costs": "Direct Costs",
    "direct_cost_lines": "Direct Cost Line Items",
    "contract_payments": "Contract Payments",
}
CONTRACTS = {"subcontract": "Work Order Contract", "purchase_order": "Purchase Order Contract"}


class Hooks(ApiHost):
    sends_by_itself = False  # else only when `deliveries.send_due()` is called

    hook_routes = [
        ("GET", "/rest/v1.0/webhooks/hooks", "hooks"),
        ("POST", "/rest/v1.0/webhooks/hooks", "add_hook"),
        ("PATCH", "/rest/v1.0/webhooks/hooks/<int:hook_id>", "change_hook"),
        ("DELETE", "/rest/v1.0/webhooks/hooks/<int:hook_id>", "delete_hook"),
        ("GET", "/rest/v1.0/webhooks/hooks/<int:hook_id>/triggers", "triggers"),
        ("POST", "/rest/v1.0/webhooks/hooks/<int:hook_id>/triggers", "add_trigger"),
        ("POST", "/rest/v1.0/webhooks/hooks/<int:hook_id>/triggers/bulk", "add_triggers"),
        ("POST", "/_sandbox/mischief", "order_mischief"),
        ("POST", "/_sandbox/deliver", "deliver"),
    ]

    @cached_property
    def deliveries(self) -> Deliveries:
        return Deliveries(
            self.store, self._books, self.now, retries=RETRIES, answer_seconds=ANSWER_SECONDS
        )

    # --- Configuration ------------------------------------------------------------------------

    @api()
    def hooks(self, request: Request) -> Response:
        scope = self._scope(request.args)
        found = [hook for hook in self.store.all("hooks") if scope.items() <= hook.items()]
        if namespace := request.args.get("namespace"):
            found = [hook for hook in found if hook["namespace"] == namespace]
        return json_response(found)

    @api()
    def add_hook(self, request: Request) -> Response:
        body = _body(request)
        scope, said = self._scope(body), _part(body, "hook")
        if not said.get("destination_url") or not said.get("namespace"):
            # 2.5: this one fails with a 500 and a body of its own.
            raise Denied(500, {"error": {"code": "invalid", "message": "namespace or address"}})
        number = self.store.next_number("hook")
        hook = {
            "id": number,
            "owned_by_company_id": None,
            "owned_by_project_id": None,
            **scope,
            "api_version": said.get("api_version", "v2"),
            "namespace": said["namespace"],
            "destination_url": said["destination_url"],
            "destination_headers": said.get("destination_headers", {}),
        }
        self.store.put("hooks", number, hook)
        return json_response(hook, 201)

    @api()
    def change_hook(self, request: Request, hook_id: int) -> Response:
        body = _body(request)
        hook = self._hook(body, hook_id)
        said = _part(body, "hook")
        named = ("destination_url", "destination_headers", "api_version")
        changed = {**hook, **{name: said[name] for name in named if name in said}}
        self.store.put("hooks", hook_id, changed)
        return json_response(changed)

    @api()
    def delete_hook(self, request: Request, hook_id: int) -> Response:
        self._hook(request.args, hook_id)
        self.store.delete("hooks", hook_id)
        return json_response({})

    @api()
    def triggers(self, request: Request, hook_id: int) -> Response:
        self._hook(request.args, hook_id)
        return json_response(self.store.all(f"triggers/{hook_id}"))

    @api()
    def add_trigger(self, request: Request, hook_id: int) -> Response:
        body = _body(request)
        hook = self._hook(body, hook_id)
        return json_response(self._add(hook, _part(body, "trigger")), 201)

    @api()
    def add_triggers(self, request: Request, hook_id: int) -> Response:
        body = _body(request)
        hook, wanted = self._hook(body, hook_id), body.get("triggers")
        if not isinstance(wanted, list) or len(wanted) > MOST_TRIGGERS:
            raise Denied(413, {"errors": ["triggers is missing or too long"]})
        return json_response([self._add(hook, trigger) for trigger in wanted])

    def _add(self, hook: Doc, said: Doc) -> Doc:
        name, event = said.get("resource_name", ""), said.get("event_type", "")
        if not name or event not in EVENTS:
            raise Denied(422, {"errors": {"event_type": ["is not one of create, update, delete"]}})
        number = self.store.next_number("trigger")
        doc = {
            "id": number,
            "webhook_hook_id": hook["id"],
            "resource_name": name,
            "event_type": event.upper(),  # 12: trigger responses are in capitals
        }
        self.store.put(f"triggers/{hook['id']}", f"{name}/{event}", doc)
        return doc

    def _scope(self, said: Mapping[str, Any]) -> Doc:
        if project_id := said.get("project_id"):
            return {"owned_by_project_id": self.the_project(int(project_id))["id"]}
        if company_id := said.get("company_id"):
            if str(company_id) != str(self.own_company["id"]):
                raise not_found()
            return {"owned_by_company_id": self.own_company["id"]}
        raise missing_param("company_id")

    def _hook(self, said: Mapping[str, Any], hook_id: int) -> Doc:
        hook = self.store.get("hooks", hook_id)
        if hook is None or not self._scope(said).items() <= hook.items():
            raise not_found()
        return hook

    # --- What is told -------------------------------------------------------------------------

    def tell(self, table: str, row: Doc, event: str) -> None:
        """Within a transaction of the books: a row of a table was created, changed or deleted."""
        name, project_id = self._resource(table, row)
        if not name:
            return
        for hook in self.store.all("hooks"):
            if project_id != hook["owned_by_project_id"]:
                continue
            if self.store.get(f"triggers/{hook['id']}", f"{name}/{event}") is None:
                continue
            body = {
                "id": self.store.next_number("webhook event", start=913_377_120),
                "ulid": uuid4().hex.upper()[:26],
                "timestamp": f"{self.now():%Y-%m-%dT%H:%M:%S.%fZ}",
                "metadata": {"source_user_id": None, "source_application_id": None},
                "company_id": self.own_company["id"],
                "project_id": project_id,
                "api_version": "v2.0",
                "event_type": event,
                "resource_name": name,
                "resource_id": row["id"],
            }
            headers = {"Content-Type": "application/json", **hook["destination_headers"]}
            forged = {**headers, "Authorization": "Bearer somebody-else"}
            self.deliveries.queue(hook["destination_url"], headers, json.dumps(body), forged)
        if self.sends_by_itself:
            self.deliveries.wake()

    def _resource(self, table: str, row: Doc) -> tuple[str, int | None]:
        if table in COMPANY_RESOURCES:
            return COMPANY_RESOURCES[table], None
        holder = row
        if table == "commitments":
            return f"{CONTRACTS[row['type']]}s", row["project_id"]
        if table == "commitment_lines":
            holder = self.store.get("commitments", row["commitment_id"]) or {}
            return f"{CONTRACTS[holder['type']]} Line Items", holder["project_id"]
        if table == "direct_cost_lines":
            holder = self.store.get("direct_costs", row["direct_cost_id"]) or {}
        if table == "contract_payments":
            holder = self.store.get("commitments", row["contract_id"]) or {}
        return PROJECT_RESOURCES.get(table, ""), holder.get("project_id")

    def order_mischief(self, request: Request) -> Response:
        """JSON {"kind", "times", "seconds"} of the deliveries to come."""
        self.deliveries.mischief.append(Mischief(**json.loads(request.get_data())))
        return json_response([vars(one) for one in self.deliveries.mischief])

    def deliver(self, request: Request) -> Response:
        return json_response({"sent": self.deliveries.send_due()})


def _body(request: Request) -> Doc:
    body: Doc = json.loads(request.get_data() or b"{}")
    return body


def _part(body: Doc, name: str) -> Doc:
    part = body.get(name)
    if not isinstance(part, dict):
        raise missing_param(name)
    return part
