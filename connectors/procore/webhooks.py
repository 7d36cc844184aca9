"""What Procore tells us by itself, and how we ask it to. Sections are those of its fact sheet.

Procore signs nothing: all that proves a delivery is the header we chose (10.1). A hook of the
company tells of its lists, a hook of each project of its commitments and direct costs. Invoices of
subcontracts are told by none (10.4), and cost codes are known to us by their joined code and not
by the id that news has: both are left to polls.
"""

import hmac
import json
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime

from common.choices import RecordKind
from connectors.errors import AccessDenied
from connectors.http import Http, parse_json
from connectors.procore.client import ProcoreClient
from connectors.procore.translate import identifier, moment, text
from connectors.records import JSON, News, PulledBill, PulledCommitment, Unreadable

NAMESPACE = "tieout"
VERSION = "v2"
HOOKS = "/rest/v1.0/webhooks/hooks"
EVENTS = ("create", "update", "delete")
COMPANY = {
    "Company Vendors": RecordKind.VENDOR,
    "Projects": RecordKind.PROJECT,
    "Line Item Types": RecordKind.COST_TYPE,
}
PROJECT = {
    "Work Order Contracts": PulledCommitment.Kind.SUBCONTRACT,
    "Work Order Contract Line Items": PulledCommitment.Kind.SUBCONTRACT,
    "Purchase Order Contracts": PulledCommitment.Kind.PURCHASE_ORDER,
    "Purchase Order Contract Line Items": PulledCommitment.Kind.PURCHASE_ORDER,
    "Direct Costs": PulledBill.Kind.DIRECT_COST,
    "Direct Cost Line Items": PulledBill.Kind.DIRECT_COST,
}
KINDS: Mapping[str, str] = {**COMPANY, **PROJECT, "Project Vendors": RecordKind.VENDOR}


def header(secret: str) -> str:
    return f"Bearer {secret}"


def is_genuine(headers: Mapping[str, str], _body: bytes, secret: str) -> bool:
    given = headers.get("authorization", "")
    return hmac.compare_digest(given.encode(), header(secret).encode())


def read(_headers: Mapping[str, str], body: bytes) -> list[News]:
    """10.2: versions 2 and 3 name event and resource otherwise than version 4.

    Raises:
        ValueError: it is none of them.
    """
    said = parse_json(body)
    if not isinstance(said, dict):
        raise ValueError("it is no object")
    event_id, resource_id = text(said, "ulid") or text(said, "id"), text(said, "resource_id")
    name = text(said, "resource_name") or text(said, "resource_type")
    if not event_id or not resource_id.isdecimal() or not name:
        raise ValueError("an event without its id, its resource or the resource's id")
    # The news of a line has the line's id and not its document's: all of the project is read.
    is_line = name.endswith("Line Items")
    return [
        News(
            event_id=event_id,
            kind=KINDS.get(name, ""),
            external_id="" if is_line else resource_id,
            project_id=text(said, "project_id"),
            happened_at=_happened_at(said),
            is_removal=(text(said, "event_type") or text(said, "reason")) == "delete",
        )
    ]


def subscribe(
    client: ProcoreClient, address: str, secret: str, done: Collection[str]
) -> Iterator[str]:
    """A hook for the company, then one for each active project that we may see."""
    company = {"company_id": int(client.company_id)}
    if "company" not in done:
        _hook(client.http, company, address, secret, COMPANY)
        yield "company"
    for project in client.records(RecordKind.PROJECT):
        if isinstance(project, Unreadable) or not project.is_active or project.external_id in done:
            continue
        try:
            _hook(client.http, {"project_id": int(project.external_id)}, address, secret, PROJECT)
        except AccessDenied:
            continue  # polls ask for what there is to see
        yield project.external_id


def _hook(
    http: Http, scope: dict[str, int], address: str, secret: str, resources: Collection[str]
) -> None:
    """Make our hook of this scope as it has to be, whatever is there of it (10.1)."""
    said = {
        "api_version": VERSION,
        "namespace": NAMESPACE,
        "destination_url": address,
        "destination_headers": {"Authorization": header(secret)},
    }
    found = http.get(HOOKS, {**scope, "namespace": NAMESPACE, "api_version": VERSION}).data
    ours = next((hook for hook in found if text(hook, "namespace") == NAMESPACE), None)
    if ours is None:
        ours = http.post(HOOKS, _written({**scope, "hook": said})).data
    else:
        http.patch(f"{HOOKS}/{identifier(ours)}", _written({**scope, "hook": said}))
    path = f"{HOOKS}/{identifier(ours)}/triggers"
    listed = http.get(path, {**scope, "api_version": VERSION}).data
    known = {(text(one, "resource_name"), text(one, "event_type").lower()) for one in listed}
    missing = [
        {"resource_name": name, "event_type": event}
        for name in resources
        for event in EVENTS
        if (name, event) not in known
    ]
    if missing:
        # The sheet names this call but not its body; that it is like the single one's is assumed.
        body = {**scope, "api_version": VERSION, "triggers": missing}
        http.post(f"{path}/bulk", _written(body))


def _happened_at(said: JSON) -> datetime | None:
    try:
        return moment(text(said, "timestamp"))
    except ValueError:
        return None


def _written(body: JSON) -> bytes:
    return json.dumps(body).encode()
