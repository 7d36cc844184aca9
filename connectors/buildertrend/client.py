"""Asks Buildertrend by the ASSUMED contract: nothing of it is published.

What the answers mean is said in `payloads`, `translate` and `refusals`. Sections named below are
those of the Buildertrend fact sheet; what we assume, and how to check it, is in
docs/decisions/0030-buildertrend-is-assumed.md.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import quote

from common.choices import RecordKind
from connectors.buildertrend import payloads, translate
from connectors.buildertrend.refusals import refusal
from connectors.buildertrend.values import Bill, CostCode, CostType, Job, PurchaseOrder, Vendor
from connectors.buildertrend.webhooks import EVENTS
from connectors.errors import AccessDenied, UnexpectedPayload
from connectors.http import CallMade, Http, Tokens
from connectors.records import (
    JSON,
    PaidBill,
    PulledBill,
    PulledCommitment,
    PulledCompany,
    PulledRecord,
    Removed,
    Unreadable,
)

V = TypeVar("V", Job, Vendor, CostCode, CostType, PurchaseOrder, Bill)
T = TypeVar("T")

SYSTEM = "Buildertrend"
PAGE_SIZE = 200
# Where each list is, and the key of its rows' ids.
PATHS = {
    RecordKind.VENDOR: "/v1/vendors",
    RecordKind.PROJECT: "/v1/jobs",
    RecordKind.COST_CODE: "/v1/cost-codes",
    RecordKind.COST_TYPE: "/v1/cost-types",
}
ID_KEYS = {
    RecordKind.VENDOR: "vendorId",
    RecordKind.PROJECT: "jobId",
    RecordKind.COST_CODE: "costCodeId",
    RecordKind.COST_TYPE: "costTypeId",
}
BILLS, BILL_KEY = "/v1/bills", "billId"
ORDERS, ORDER_KEY = "/v1/purchase-orders", "purchaseOrderId"
SUBSCRIPTIONS = "/v1/webhook-subscriptions"


class BuildertrendClient:
    """One builder's account. Satisfies `Source`, and tells changes and takes payments."""

    kinds = (
        RecordKind.VENDOR,
        RecordKind.PROJECT,
        RecordKind.COST_CODE,
        RecordKind.COST_TYPE,
    )

    def __init__(
        self,
        *,
        base_url: str,
        tokens: Tokens,
        account_id: str,
        company_name: str = "",
        record: Callable[[CallMade], None] = lambda _call: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """The contract names an account by its number only, so a person gives it its name."""
        self.account_id, self.company_name = account_id, company_name
        self.http = Http(
            system=SYSTEM,
            base_url=base_url.rstrip("/"),
            tokens=tokens,
            headers={"X-BT-Account": account_id},
            refusal=refusal,
            record=record,
            sleep=sleep,
        )

    def company(self) -> PulledCompany:
        """8.2 has no resource for the account: being let in to its jobs has to do."""
        self.http.get(PATHS[RecordKind.PROJECT], {"limit": "1"})
        name = self.company_name or f"Account {self.account_id}"
        return PulledCompany(external_id=self.account_id, name=name)

    # --- Lists ------------------------------------------------------------------------------------

    def records(self, kind: RecordKind) -> Iterator[PulledRecord | Unreadable]:
        """8.1: a deleted row stays listed; here it is left out, as one that is gone."""
        for row in self.changes(kind, None):
            if not isinstance(row, Removed):
                yield row

    def changes(
        self, kind: RecordKind, since: datetime | None
    ) -> Iterator[PulledRecord | Removed | Unreadable]:
        for payload in self._rows(PATHS[kind], ID_KEYS[kind], **_since(since)):
            if (row := self._record(kind, payload)) is not None:
                yield row

    def record(self, kind: RecordKind, external_id: str) -> PulledRecord | Unreadable | None:
        """8.2: only jobs and vendors can be read alone. The other lists are short."""
        if kind in {RecordKind.COST_CODE, RecordKind.COST_TYPE}:
            rows = self._rows(PATHS[kind], ID_KEYS[kind])
            found = (row for row in rows if _id(row, ID_KEYS[kind]) == external_id)
            payload = next(found, None)
        else:
            payload = self._one(PATHS[kind], external_id)
        row = self._record(kind, payload) if payload is not None else None
        return None if isinstance(row, Removed) else row

    def _record(self, kind: RecordKind, row: JSON) -> PulledRecord | Removed | Unreadable | None:
        """None for what is no record at all: a payment that is kept among the cost codes (2.2)."""
        key = ID_KEYS[kind]
        match kind:
            case RecordKind.VENDOR:
                return _read(kind, key, row, payloads.vendor, translate.vendor)
            case RecordKind.PROJECT:
                return _read(kind, key, row, payloads.job, translate.project)
            case RecordKind.COST_CODE:
                return _read(kind, key, row, payloads.cost_code, translate.cost_code)
            case RecordKind.COST_TYPE:
                return _read(kind, key, row, payloads.cost_type, translate.cost_type)
        raise ValueError(f"Buildertrend keeps no list of {kind}")

    # --- Purchase orders and bills ----------------------------------------------------------------

    def commitments(self, project_id: str) -> Iterator[PulledCommitment | Unreadable]:
        for row in self.changed_commitments(project_id, None):
            if not isinstance(row, Removed):
                yield row

    def changed_commitments(
        self, project_id: str, since: datetime | None
    ) -> Iterator[PulledCommitment | Removed | Unreadable]:
        kind = PulledCommitment.Kind.PURCHASE_ORDER
        for payload in self._rows(ORDERS, ORDER_KEY, jobId=project_id, **_since(since)):
            yield _read(kind, ORDER_KEY, payload, payloads.purchase_order, self._commitment)

    def _commitment(self, order: PurchaseOrder) -> PulledCommitment:
        return translate.commitment(order, self._coding)

    def bills(self, project_id: str) -> Iterator[PulledBill | Unreadable]:
        for row in self.changed_bills(project_id, None):
            if not isinstance(row, Removed):
                yield row

    def changed_bills(
        self, project_id: str, since: datetime | None
    ) -> Iterator[PulledBill | Removed | Unreadable]:
        for payload in self._rows(BILLS, BILL_KEY, jobId=project_id, **_since(since)):
            yield self._bill(payload)

    def reread_bill(
        self, kind: PulledBill.Kind, external_id: str, project_id: str
    ) -> PulledBill | Unreadable | None:
        """One kind, and no project: a bill's address is its own there."""
        payload = self._one(BILLS, external_id)
        row = self._bill(payload) if payload is not None else None
        return None if isinstance(row, Removed) else row

    def _bill(self, payload: JSON) -> PulledBill | Removed | Unreadable:
        kind = PulledBill.Kind.BILL
        return _read(kind, BILL_KEY, payload, payloads.bill, self._coded_bill)

    def _coded_bill(self, bill: Bill) -> PulledBill:
        return translate.bill(bill, self._coding)

    @cached_property
    def _coding(self) -> translate.Coding:
        """What titles on lines mean. A code whose row cannot be read means nothing to us."""
        codes = self._rows(PATHS[RecordKind.COST_CODE], "costCodeId")
        types = self._rows(PATHS[RecordKind.COST_TYPE], "costTypeId")
        return translate.coding(
            _understood(payloads.cost_code, codes), _understood(payloads.cost_type, types)
        )

    # --- What we tell -----------------------------------------------------------------------------

    def tell_payment(self, paid: PaidBill) -> None:
        """8.2: the accounting link, so that the builder sees where a bill is. That it also says how
        much is paid is an assumption more. All is said at once, so that nothing is added up.
        """
        state = "paid" if paid.is_paid_in_full else "partly_paid" if paid.paid else "posted"
        link = {
            "system": paid.ledger.lower().replace(" ", "_"),
            "externalId": paid.ledger_bill_id,
            "externalUrl": paid.ledger_url or None,
            "state": state,
            "amountPaid": f"{paid.paid:.2f}",
            "paidDate": paid.paid_date.isoformat() if paid.paid_date else None,
        }
        address = f"{BILLS}/{quote(paid.external_id, safe='')}/accounting-link"
        self.http.put(address, _json(link))

    def create_todo(
        self,
        job_id: str,
        title: str,
        *,
        notes: str = "",
        due: date | None = None,
        assignee_id: str = "",
        key: str,
    ) -> str:
        """The new to-do's id. Sent once and never again by itself: reliability.md, "Sending"."""
        todo = {
            "jobId": job_id,
            "title": title,
            "notes": notes or None,
            "dueDate": due.isoformat() if due else None,
            "assignedUserId": assignee_id or None,
        }
        answer = self.http.post("/v1/todos", _json(todo), headers={"Idempotency-Key": key})
        return _id(answer.data, "taskId")

    # --- Webhooks ---------------------------------------------------------------------------------

    def subscribe(self, url: str, secret: str) -> str:
        """Have news told at `url`, signed with `secret`; the subscription's id.

        With another secret later it is the same subscription: for a day both sign (8.4).
        """
        asked = {"url": url, "events": list(EVENTS), "secret": secret}
        return _id(self.http.post(SUBSCRIPTIONS, _json(asked)).data, "subscriptionId")

    # --- Pages ------------------------------------------------------------------------------------

    def _rows(self, path: str, key: str, **params: Any) -> Iterator[JSON]:
        """Every row of a list, once: rows shift between pages while people work (8.1)."""
        seen: set[str] = set()
        cursors: set[str] = set()
        asked = {**params, "limit": PAGE_SIZE}
        while True:
            answer = self.http.get(path, asked)
            rows, following = _page(answer.data)
            if rows is None or following in cursors:
                raise UnexpectedPayload(
                    f"Buildertrend answered {path} with something that is not a page of a list.",
                    payload=answer.data,
                    request_id=answer.request_id,
                )
            for row in rows:
                # A row without an id is passed on, for its translation to complain about.
                if not _id(row, key) or _id(row, key) not in seen:
                    seen.add(_id(row, key))
                    yield row
            if not following:
                return
            cursors.add(following)
            asked = {**asked, "cursor": following}

    def _one(self, path: str, external_id: str) -> JSON | None:
        """None when it is not there. Being shut out altogether is another matter."""
        try:
            return self.http.get(f"{path}/{quote(external_id, safe='')}").data
        except AccessDenied:
            self.company()
            return None


def _page(data: JSON) -> tuple[list[JSON] | None, str]:
    """The rows and the cursor of the next page, "" on the last; no rows when it is no envelope."""
    page = data.get("page") if isinstance(data, dict) else None
    if not isinstance(page, dict) or "nextCursor" not in page:
        return None, ""
    rows = data.get("data")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return None, ""
    return rows, page["nextCursor"] or ""


def _read(
    kind: str, key: str, payload: JSON, read: Callable[[JSON], V], translated: Callable[[V], T]
) -> T | Removed | Unreadable:
    """One row that cannot be understood must not keep the others from coming."""
    external_id = _id(payload, key)
    try:
        value = read(payload)
        if value.is_deleted:
            return Removed(kind=kind, external_id=external_id)
        return translated(value)
    except UnexpectedPayload as error:
        return Unreadable(
            sentence=str(error), payload=error.payload, kind=kind, external_id=external_id
        )


def _understood(read: Callable[[JSON], V], rows: Iterable[JSON]) -> Iterator[V]:
    for row in rows:
        with suppress(UnexpectedPayload):
            yield read(row)


def _since(since: datetime | None) -> dict[str, str]:
    return {"updatedSince": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"} if since else {}


def _id(payload: JSON, key: str) -> str:
    value = payload.get(key) if isinstance(payload, dict) else None
    return str(value).strip() if isinstance(value, int | str) else ""


def _json(body: JSON) -> bytes:
    return json.dumps(body).encode()
