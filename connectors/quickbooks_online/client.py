"""Speaks QuickBooks Online's REST interface, version 3. Satisfies Ledger.

Sections named here are those of the project's reference sheet of QuickBooks Online.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from urllib.parse import quote

from common.bill_numbers import plain_number
from common.choices import RecordKind
from connectors.base import LedgerTraits
from connectors.errors import TargetInactive, UnexpectedPayload, Unreachable
from connectors.http import Answer, CallMade, Http, Tokens
from connectors.limits import short_number
from connectors.quickbooks_online import payments, refusals, translate, writing
from connectors.quickbooks_online.limits import LIMITS
from connectors.records import (
    JSON,
    NameTaken,
    NewRecord,
    OutgoingBill,
    PostedBill,
    PulledCompany,
    PulledPayment,
    PulledRecord,
    Removed,
    SoughtBill,
    Unreadable,
)

MINOR_VERSION = "75"  # 2.4
PAGE = 1000  # section 4
# A person may have moved a bill's date by a month before we look for it.
DAYS_AROUND = timedelta(days=45)
# 6.2: how far back one may ask what changed, less an hour for clocks that differ; and how much
# one answer holds. There are no pages: what is as long as that may have been cut.
LOOKS_BACK = timedelta(days=30) - timedelta(hours=1)
MOST_CHANGES = 1000


class QuickBooksOnlineClient:
    """One company in QuickBooks Online."""

    traits = LedgerTraits(
        remembers_keys=True,  # 5.7; how long is not published, so we rely on less than a day
        key_lifetime=timedelta(hours=20),
        calls_at_once=8,  # 3.5: ten are refused
        calls_per_minute=500,
        calls_to_find=2,  # by the number, and by our key in the note
    )
    limits = LIMITS
    kinds = (
        RecordKind.VENDOR,
        RecordKind.CUSTOMER,
        RecordKind.PROJECT,
        RecordKind.ITEM,
        RecordKind.ACCOUNT,
        RecordKind.CLASS,
        RecordKind.LOCATION,
        RecordKind.TERM,
    )

    def __init__(
        self,
        *,
        base_url: str,
        app_url: str,
        tokens: Tokens,
        realm_id: str,
        record: Callable[[CallMade], None] = lambda _call: None,
    ) -> None:
        """`app_url` is where people open QuickBooks; `realm_id` is its id of the company."""
        self.realm_id = realm_id
        self.app_url = app_url.rstrip("/")
        # A session each, because a "no" to a bill reads otherwise than a "no" to a question.
        self._reading, self._posting, self._creating = (
            Http(
                system="QuickBooks",
                base_url=base_url.rstrip("/"),
                tokens=tokens,
                refusal=partial(refusals.refusal, what=what),
                record=record,
                request_id_header="intuit_tid",
            )
            for what in ("our question", "the bill", "the new record")
        )

    def company(self) -> PulledCompany:
        info = self._get(f"companyinfo/{quote(self.realm_id, safe='')}", "CompanyInfo")
        preferences = self._get("preferences", "Preferences")
        return translate.company(info, preferences, realm_id=self.realm_id)

    def records(self, kind: RecordKind) -> Iterator[PulledRecord | Unreadable]:
        entity, _translated = translate.LISTS[kind]
        # Without a word about Active the inactive rows are left out (section 4).
        for payload in self._rows(entity, ["Active IN (true,false)"]):
            if translate.belongs(kind, payload):
                yield translate.record(kind, payload)

    def changes(
        self, kind: RecordKind, since: datetime
    ) -> Iterator[PulledRecord | Removed | Unreadable]:
        """6.2. Whole where so much changed, or so long ago, that the answer would be cut."""
        entity, _translated = translate.LISTS[kind]
        changed = self._changed(entity, since)
        if changed is None:
            yield from self.records(kind)
            return
        for payload in changed:
            if translate.is_deleted(payload) or not translate.belongs(kind, payload):
                # A customer that was made a project is no customer any more.
                yield Removed(kind=kind, external_id=str(payload["Id"]))
            else:
                yield translate.record(kind, payload)

    def record(self, kind: RecordKind, external_id: str) -> PulledRecord | Unreadable | None:
        """A customer that was made a project comes as the project it is now."""
        entity, _translated = translate.LISTS[kind]
        payload = self._read(entity, external_id)
        return None if payload is None else translate.record(kind, payload)

    def payments(self, since: datetime) -> Iterator[PulledPayment | Removed | Unreadable]:
        """7.15, and for the deleted ones 6.2, which tells them for 30 days."""
        known = datetime.now(UTC) - LOOKS_BACK + timedelta(minutes=1)
        changed = self._changed("BillPayment", max(since, known))
        for payload in changed or []:
            if translate.is_deleted(payload):
                yield Removed(kind=payments.PAYMENT, external_id=str(payload["Id"]))
        if changed is None or since < known:
            moment = quoted(since.isoformat(timespec="seconds"))
            wanted = [f"MetaData.LastUpdatedTime >= {moment}"]
            changed = list(self._rows("BillPayment", wanted))
        for payload in changed:
            if not translate.is_deleted(payload):
                yield payments.payment(payload)

    # 7.7: a project is made in QuickBooks itself; a sub-customer serves as well.
    creatable = tuple(writing.ENTITIES)

    def names_taken(self, new: NewRecord) -> list[NameTaken]:
        """7.1: vendors, customers and employees share their names; jobs only below one customer.

        An inactive row counts under the name it has, which QuickBooks marks as deleted.
        """
        wanted = [f"DisplayName = {quoted(new.name.strip())}", "Active IN (true,false)"]
        return [
            NameTaken(
                kind=entity,
                name=str(row["DisplayName"]),
                external_id=str(row["Id"]),
                is_active=bool(row.get("Active", True)),
            )
            for entity in ("Vendor", "Customer", "Employee")
            for row in self._rows(entity, wanted)
            if not translate.is_elsewhere(entity, row, new)
        ]

    def write_record(self, new: NewRecord) -> bytes:
        return writing.written(writing.record_payload(new)).encode()

    def create_record(self, new: NewRecord, *, key: str) -> PulledRecord:
        """The key goes in the query, as a bill's does (5.7)."""
        entity, payload = writing.ENTITIES.get(new.kind, ""), self.write_record(new)
        answer = self._creating.post(
            self._path(entity.lower()), payload, self._params(requestid=key)
        )
        made = translate.record(new.kind, self._inside(answer, entity, what="the new record"))
        if isinstance(made, Unreadable):
            raise Unreachable(made.sentence, request_id=answer.request_id)
        return made

    def stored_number(self, number: str) -> str:
        return short_number(number, LIMITS.bill_number.longest)

    def write_bill(self, bill: OutgoingBill) -> bytes:
        return writing.written(writing.bill_payload(bill)).encode()

    def post_bill(self, payload: bytes, *, key: str) -> PostedBill:
        """The key goes in the query: there QuickBooks repeats its first answer (5.7)."""
        answer = self._posting.post(self._path("bill"), payload, self._params(requestid=key))
        return self._posted(self._inside(answer, "Bill", what="the bill"))

    def find_bills(self, sought: SoughtBill) -> list[PostedBill]:
        """By the number, then among the bills around its day: a bookkeeper may have spelled the
        number otherwise, or a person may have changed it, and then our key in the note tells.
        """
        number = plain_number(sought.number)
        vendor = f"VendorRef = {quoted(sought.vendor_id)}"
        found: dict[str, PostedBill] = {}
        if sought.number:
            for payload in self._rows("Bill", [vendor, f"DocNumber = {quoted(sought.number)}"]):
                bill = self._posted(payload)
                found[bill.external_id] = bill
        first, last = sought.bill_date - DAYS_AROUND, sought.bill_date + DAYS_AROUND
        around = [
            vendor,
            f"TxnDate >= {quoted(first.isoformat())}",
            f"TxnDate <= {quoted(last.isoformat())}",
        ]
        for payload in self._rows("Bill", around):
            bill = self._posted(payload)
            if bill.key == sought.key or (number and plain_number(bill.number) == number):
                found[bill.external_id] = bill
        return list(found.values())

    def bills(self, since: date) -> Iterator[PostedBill | Unreadable]:
        for payload in self._rows("Bill", [f"TxnDate >= {quoted(since.isoformat())}"]):
            yield translate.listed_bill(payload, app_url=self.app_url)

    def bill(self, external_id: str) -> PostedBill | None:
        payload = self._read("Bill", external_id)
        return None if payload is None else self._posted(payload)

    def _read(self, entity: str, external_id: str) -> JSON | None:
        try:
            return self._get(f"{entity.lower()}/{quote(external_id, safe='')}", entity)
        except TargetInactive as error:
            if error.code == refusals.NOT_FOUND:
                return None
            raise

    def _changed(self, entity: str, since: datetime) -> list[JSON] | None:
        """Everything of one entity that changed, deleted rows too; None where it cannot be told."""
        if since < datetime.now(UTC) - LOOKS_BACK:
            return None
        moment = since.astimezone(UTC).isoformat(timespec="seconds")
        answer = self._reading.get(
            self._path("cdc"), self._params(entities=entity, changedSince=moment)
        )
        rows = translate.captured(self._inside(answer, "CDCResponse", kind=list), entity)
        return None if len(rows) >= MOST_CHANGES else rows

    def _rows(self, entity: str, wanted: list[str]) -> Iterator[JSON]:
        """Every row. Pages are cut from a moving list: the order is fixed, repeats are dropped."""
        seen: set[str] = set()
        start = 1
        while True:
            page = self._page(
                f"SELECT * FROM {entity} WHERE {' AND '.join(wanted)}"  # noqa: S608 - quoted()
                f" ORDERBY Id STARTPOSITION {start} MAXRESULTS {PAGE}",
                entity,
            )
            for row in page:
                key = str(row.get("Id", "")) if isinstance(row, dict) else ""
                if not key or key not in seen:
                    seen.add(key)
                    yield row
            if len(page) < PAGE:
                return
            start += PAGE

    def _page(self, statement: str, entity: str) -> list[JSON]:
        answer = self._reading.get(self._path("query"), self._params(query=statement))
        rows = self._inside(answer, "QueryResponse").get(entity, [])
        return rows if isinstance(rows, list) else [rows]

    def _get(self, path: str, name: str) -> JSON:
        return self._inside(self._reading.get(self._path(path), self._params()), name)

    def _inside(
        self, answer: Answer, name: str, what: str = "our question", kind: type = dict
    ) -> JSON:
        """What the answer's envelope holds. A 200 may carry a fault all the same (3.1)."""
        if refusals.complaints(answer):
            raise refusals.refusal(answer, what=what)
        content = answer.data.get(name) if isinstance(answer.data, dict) else None
        if not isinstance(content, kind):
            raise UnexpectedPayload(
                "QuickBooks answered with something other than what we asked for.",
                payload=answer.data,
                request_id=answer.request_id,
            )
        return content

    def _posted(self, payload: JSON) -> PostedBill:
        return translate.posted_bill(payload, app_url=self.app_url)

    def _path(self, path: str) -> str:
        return f"/v3/company/{quote(self.realm_id, safe='')}/{path}"

    def _params(self, **more: str) -> dict[str, str]:
        return {**more, "minorversion": MINOR_VERSION}


def quoted(value: str) -> str:
    """A value of the query language (section 4)."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
