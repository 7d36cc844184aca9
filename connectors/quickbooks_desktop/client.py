"""Asks QuickBooks Desktop, through its Web Connector. Satisfies Ledger.

Sections named here are those of the project's reference sheet of QuickBooks Desktop.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

from common.bill_numbers import plain_number
from common.choices import RecordKind
from connectors.base import LedgerTraits
from connectors.errors import Refused, UnexpectedPayload, Unreachable
from connectors.limits import short_number
from connectors.quickbooks_desktop import qbxml, refusals, translate, writing
from connectors.quickbooks_desktop.limits import LIMITS
from connectors.quickbooks_desktop.line import Line
from connectors.quickbooks_desktop.qbxml import Reply, Request
from connectors.records import (
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

PAGE = 200  # rows of a list in one answer: some 400 kB, well below what we read
BILLS_A_PAGE = 100  # with their lines
# A person may have moved a bill's date by a month before we look for it.
DAYS_AROUND = timedelta(days=45)
# QuickBooks's clock may be an hour beside its time zone in summer (2.3), and its computer in
# another zone than the company's: so much further back changes are asked for.
CLOCKS_DIFFER = timedelta(hours=4)
# Names are unique across these four lists together (3).
SHARING_NAMES: tuple[str, ...] = ("Customer", "Vendor", "Employee", "OtherName")
PAYMENTS = ("BillPaymentCheck", "BillPaymentCreditCard")


class QuickBooksDesktopClient:
    """One company file. It can be asked only while its Web Connector is in session."""

    traits = LedgerTraits(
        # A message set's id guards against a repeat, but for how long is not established (7, 9),
        # so a bill whose answer was lost is looked up and never sent again by itself.
        remembers_keys=False,
        key_lifetime=timedelta(0),
        calls_at_once=1,  # the Web Connector does one thing at a time (1.2)
        calls_per_minute=600,  # no limit is published; what it takes in turn sets the pace
        calls_to_find=1,  # both questions in one message set
    )
    limits = LIMITS
    kinds = tuple(translate.LISTS)
    creatable = (RecordKind.VENDOR, RecordKind.CUSTOMER)

    def __init__(self, line: Line, *, file_id: str, currency: str, zone: ZoneInfo) -> None:
        """`file_id` is what the company file is known by, `currency` what its books are kept in,
        `zone` the company's: QuickBooks tells and takes its local time.
        """
        self.line = line
        self.file_id = file_id
        self.currency = currency
        self.zone = zone

    def check_on_line(self) -> None:
        self.line.check_open()

    # --- Lists ------------------------------------------------------------------------------------

    def company(self) -> PulledCompany:
        names = ("HostQueryRq", "CompanyQueryRq", "PreferencesQueryRq")
        replies = self._ask(*(Request(name=name) for name in names))
        rows = {row.tag: qbxml.as_json(row) for reply in replies for row in reply.rows}
        return translate.company(rows, file_id=self.file_id)

    def records(self, kind: RecordKind) -> Iterator[PulledRecord | Unreadable]:
        # Without a word about it the inactive rows are left out (2.4).
        for row in self._list(kind, {"ActiveStatus": "All"}):
            yield self._record(kind, row)

    def changes(
        self, kind: RecordKind, since: datetime
    ) -> Iterator[PulledRecord | Removed | Unreadable]:
        local = self._local(since)
        for row in self._list(kind, {"ActiveStatus": "All", "FromModifiedDate": local}):
            yield self._record(kind, row)
        for external_id in self._deleted("List", translate.LISTS[kind].deleted, local):
            yield Removed(kind=kind, external_id=external_id)

    def record(self, kind: RecordKind, external_id: str) -> PulledRecord | Unreadable | None:
        rows = self._one(translate.LISTS[kind].query, {"ListID": external_id})
        return self._record(kind, rows[0]) if rows else None

    def _record(self, kind: RecordKind, row: Element) -> PulledRecord | Unreadable:
        found = translate.record(kind, row, self.zone)
        if isinstance(found, Unreadable):
            return found
        return translate.payable_in(self.currency, found)

    # --- Bills ------------------------------------------------------------------------------------

    def stored_number(self, number: str) -> str:
        return short_number(qbxml.speakable(number), LIMITS.bill_number.longest)

    def write_bill(self, bill: OutgoingBill) -> bytes:
        return writing.bill(bill, currency=self.currency).encode()

    def post_bill(self, payload: bytes, *, key: str) -> PostedBill:
        """The message set carries the key as its id: QuickBooks does not run it twice (7)."""
        row = self._add(payload.decode(), key, "BillAddRq", what="the bill")
        return translate.posted_bill(row, sought={writing.guid(key): key})

    def find_bills(self, sought: SoughtBill) -> list[PostedBill]:
        """By the number, and among the vendor's bills around its day: a bookkeeper may have spelled
        the number otherwise, or a person may have changed it, and then our mark tells.
        """
        vendor = {"EntityFilter": {"ListID": sought.vendor_id}}
        first, last = sought.bill_date - DAYS_AROUND, sought.bill_date + DAYS_AROUND
        questions: list[dict[str, Any]] = [
            {**vendor, "TxnDateRangeFilter": {"FromTxnDate": first, "ToTxnDate": last}}
        ]
        if sought.number:
            # RefNumber itself may not stand beside a filter (7).
            exactly = {"FromRefNumber": sought.number, "ToRefNumber": sought.number}
            questions.append({**vendor, "RefNumberRangeFilter": exactly})
        asked = [Request(name="BillQueryRq", content=content) for content in questions]
        number, ours = plain_number(sought.number), {writing.guid(sought.key): sought.key}
        found: dict[str, PostedBill] = {}
        for reply in self._ask(*asked, what="our look for the bill"):
            for row in reply.rows:
                bill = translate.posted_bill(row, sought=ours)
                if bill.key == sought.key or (number and plain_number(bill.number) == number):
                    found[bill.external_id] = bill
        return list(found.values())

    def bills(self, since: date) -> Iterator[PostedBill | Unreadable]:
        wanted = {"TxnDateRangeFilter": {"FromTxnDate": since}, "IncludeLineItems": True}
        for row in self._pages("BillQueryRq", wanted, "TxnID", BILLS_A_PAGE):
            yield translate.listed_bill(row)

    def bill(self, external_id: str) -> PostedBill | None:
        rows = self._one("BillQueryRq", {"TxnID": external_id, "IncludeLineItems": True})
        return translate.posted_bill(rows[0]) if rows else None

    def payments(self, since: datetime) -> Iterator[PulledPayment | Removed | Unreadable]:
        """By cheque and by card, which are two questions (4); a void is a change of one."""
        local = self._local(since)
        wanted = {
            "ModifiedDateRangeFilter": {"FromModifiedDate": local},
            "IncludeLineItems": True,
        }
        for kind in PAYMENTS:
            for row in self._pages(f"{kind}QueryRq", wanted, "TxnID", BILLS_A_PAGE):
                yield translate.payment(row, self.zone)
        for external_id in self._deleted("Txn", PAYMENTS, local):
            yield Removed(kind=translate.PAYMENT, external_id=external_id)

    # --- Creating ---------------------------------------------------------------------------------

    def names_taken(self, new: NewRecord) -> list[NameTaken]:
        """Jobs need a name of their own below their customer only (3)."""
        name, lists = new.name.strip(), SHARING_NAMES
        if new.kind == RecordKind.CUSTOMER and new.parent_id:
            lists = ("Customer",)
            name = f"{self._full_name(new.parent_id)}:{name}"
        asked = [Request(name=f"{each}QueryRq", content={"FullName": name}) for each in lists]
        return [
            NameTaken(
                kind="Other name" if each == "OtherName" else each,
                name=row.findtext("FullName") or row.findtext("Name") or "",
                external_id=row.findtext("ListID", ""),
                is_active=row.findtext("IsActive", "true") in {"true", "1"},
            )
            for each, reply in zip(lists, self._ask(*asked), strict=True)
            for row in reply.rows
        ]

    def write_record(self, new: NewRecord) -> bytes:
        return writing.new_record(new, key="").encode()

    def create_record(self, new: NewRecord, *, key: str) -> PulledRecord:
        parent = self._full_name(new.parent_id) if new.parent_id else ""
        body = writing.new_record(new, key=key, parent=parent)
        kind = "VendorAddRq" if new.kind == RecordKind.VENDOR else "CustomerAddRq"
        row = self._add(body, key, kind, what=f"the new {new.kind.label.lower()}")
        made = translate.record(new.kind, row, self.zone)
        if isinstance(made, Unreadable):
            raise UnexpectedPayload(made.sentence, payload=made.payload)
        return made

    def _full_name(self, external_id: str) -> str:
        rows = self._one("CustomerQueryRq", {"ListID": external_id})
        if not rows:
            raise Refused("QuickBooks no longer has that customer. Pull, then choose another one.")
        return rows[0].findtext("FullName", "")

    # --- Asking -----------------------------------------------------------------------------------

    def _list(self, kind: RecordKind, wanted: Mapping[str, Any]) -> Iterator[Element]:
        """Every row of a list, in pages where it has any (2.4)."""
        how = translate.LISTS[kind]
        if how.has_iterator:
            yield from self._pages(how.query, wanted, "ListID", PAGE)
            return
        (reply,) = self._ask(Request(name=how.query, content=wanted))
        yield from reply.rows

    def _pages(
        self, query: str, wanted: Mapping[str, Any], key: str, size: int
    ) -> Iterator[Element]:
        """An iterator lives in one session of QuickBooks only (2.4): lost, it is begun anew once,
        and what came already is left out.
        """
        seen: set[str] = set()
        for last_try in (False, True):
            try:
                for row in self._iterate(query, {**wanted, "MaxReturned": str(size)}):
                    identity = row.findtext(key, "")
                    if not identity or identity not in seen:
                        seen.add(identity)
                        yield row
            except _IteratorLost as lost:
                if last_try:
                    raise Unreachable(
                        "QuickBooks loses its place in this list again and again. It is read anew"
                        " later."
                    ) from lost
            else:
                return

    def _iterate(self, query: str, wanted: Mapping[str, Any]) -> Iterator[Element]:
        attributes = {"iterator": "Start"}
        while True:
            asked = Request(name=query, content=wanted, attributes=attributes)
            try:
                (reply,) = self._ask(asked)
            except Refused as error:
                if attributes["iterator"] == "Continue":
                    raise _IteratorLost from error
                raise
            yield from reply.rows
            if int(reply.attributes.get("iteratorRemainingCount") or 0) == 0:
                return
            attributes = {"iterator": "Continue", "iteratorID": reply.attributes["iteratorID"]}

    def _deleted(self, what: str, kinds: tuple[str, ...], since: str) -> Iterator[str]:
        """Kept for 90 days (4); what is older is found by the sweep of a whole list."""
        content = {
            f"{what}DelType": list(kinds),
            "DeletedDateRangeFilter": {"FromDeletedDate": since},
        }
        (reply,) = self._ask(Request(name=f"{what}DeletedQueryRq", content=content))
        for row in reply.rows:
            yield row.findtext(f"{what}ID", "")

    def _one(self, query: str, content: Mapping[str, Any]) -> list[Element]:
        """What has this id; nothing where there is no such thing, or it is no id at all."""
        answer = self.line.ask(Request(name=query, content=content))
        reply = _only(answer)
        if reply.code in refusals.NO_SUCH_ID:
            return list(reply.rows)
        return list(_checked(reply, "our question").rows)

    def _ask(self, *requests: Request, what: str = "our question") -> list[Reply]:
        """One reply for each request, in their order."""
        replies = self.line.ask(*requests).replies
        expected = [request.name.removesuffix("Rq") + "Rs" for request in requests]
        if [reply.name for reply in replies] != expected:
            raise UnexpectedPayload(
                "QuickBooks answered with something other than what we asked for.",
                payload=[reply.name for reply in replies],
            )
        return [_checked(reply, what) for reply in replies]

    def _add(self, body: str, key: str, request: str, *, what: str) -> Element:
        """Send what adds one thing, once; the row that QuickBooks made of it."""
        answer = self.line.send(body, mark=writing.message_set_id(key), what=request)
        refusals.check_recovery(answer)
        reply = _only(answer)
        if reply.severity == "Error":
            raise refusals.refusal(reply, what=what)
        if not reply.rows:
            # No error, and nothing to show for it: this is no clear no.
            said = f"{reply.message.strip().rstrip('.') or 'nothing'} (status {reply.code})"
            raise Unreachable(f"QuickBooks did not show {what} after it was sent. It said: {said}.")
        return reply.rows[0]

    def _local(self, since: datetime) -> str:
        """QuickBooks's own time without an offset (2.3)."""
        earlier = (since - CLOCKS_DIFFER).astimezone(self.zone)
        return max(earlier.replace(tzinfo=None), datetime(1970, 1, 2)).isoformat(  # noqa: DTZ001
            timespec="seconds"
        )


class _IteratorLost(Exception):
    """QuickBooks no longer knows an iterator: another session began in between."""


def _only(answer: qbxml.Answer) -> Reply:
    if len(answer.replies) != 1:
        # A write may have been done all the same, so this is no clear no.
        raise Unreachable("QuickBooks answered with something other than what we asked for.")
    return answer.replies[0]


def _checked(reply: Reply, what: str) -> Reply:
    """Warnings bring rows along and are let pass; nothing found is no error (6)."""
    if reply.severity != "Error" or reply.code in refusals.NOTHING_FOUND:
        return reply
    raise refusals.refusal(reply, what=what)
