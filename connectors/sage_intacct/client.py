"""Speaks Sage Intacct's XML gateway. Satisfies Ledger.

Sections named here are those of the project's reference sheet of Sage Intacct.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import islice
from xml.etree.ElementTree import Element

from common.bill_numbers import plain_number
from common.choices import RecordKind
from connectors.base import LedgerTraits
from connectors.errors import (
    AccessDenied,
    ConnectorError,
    Refused,
    TargetInactive,
    UnexpectedPayload,
    Unreachable,
)
from connectors.limits import short_number
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
from connectors.sage_intacct import asking, envelope, payments, posted, translate, writing
from connectors.sage_intacct.asking import rows
from connectors.sage_intacct.gateway import Gateway
from connectors.sage_intacct.limits import LIMITS
from connectors.sage_intacct.posted import BILL_COLUMNS, LINE_COLUMNS
from connectors.sage_intacct.translate import LABELS, LISTS, Row
from connectors.sage_intacct.writing import Defaults

# A person may have moved a bill's date by a month before we look for it.
DAYS_AROUND = timedelta(days=45)
# Lists of which only all rows together can be understood, or that offer no filter.
WHOLE = {RecordKind.ACCOUNT, RecordKind.TERM}
# Lists of modules that a company may not have subscribed (13), and terms, whose object is assumed:
# where the gateway knows no such object, there are none.
OPTIONAL = {RecordKind.TASK, RecordKind.COST_TYPE, RecordKind.TERM}
NO_SUCH_OBJECT = "Query Failed"  # 7


class SageIntacctClient:
    """One company in Sage Intacct, or one entity of it."""

    traits = LedgerTraits(
        # 6: a repeated control id is refused, the first answer is not given again, and how long it
        # is remembered is not established. So we look, and a person decides what stays unknown.
        remembers_keys=False,
        key_lifetime=timedelta(0),
        calls_at_once=1,  # 8: six a company on the smallest tier, which others share with us
        calls_per_minute=120,  # none is published; calls are invoiced by the month (8)
        calls_to_find=2,  # by the number, and by our key in the description
        has_drafts=True,
    )
    limits = LIMITS
    kinds = (
        RecordKind.VENDOR,
        RecordKind.CUSTOMER,
        RecordKind.PROJECT,
        RecordKind.TASK,
        RecordKind.COST_TYPE,
        RecordKind.ACCOUNT,
        RecordKind.ITEM,
        RecordKind.CLASS,
        RecordKind.LOCATION,
        RecordKind.DEPARTMENT,
        RecordKind.TERM,
    )
    creatable = (RecordKind.VENDOR, RecordKind.CUSTOMER, RecordKind.PROJECT)

    def __init__(
        self,
        *,
        gateway: Gateway,
        company_id: str,
        entity_id: str = "",
        app_url: str = "",
        defaults: Defaults = Defaults(),  # noqa: B008 - frozen
        account_labels: bool | None = None,
        payments_by_bill: bool = False,
        term_days: Mapping[str, int] | None = None,
    ) -> None:
        """`account_labels` is what an admin said, None to find out; `payments_by_bill` where our
        user may not read payments; `term_days` are the days of each payment term, as mirrored.
        """
        self.gateway = gateway
        self.company_id = company_id
        self.entity_id = entity_id
        self.app_url = app_url.rstrip("/")
        self.defaults = defaults
        self.account_labels = account_labels
        self.payments_by_bill = payments_by_bill
        self.term_days = term_days or {}

    # --- Lists --------------------------------------------------------------------------------

    def company(self) -> PulledCompany:
        """The gateway names no company but by its id, and tells no closed period (15)."""
        setup = self.gateway.ask(envelope.made("getFinancialSetup"))
        said = {element.tag.lower(): (element.text or "").strip() for element in setup.iter()}
        within = f" · {self.entity_id}" if self.entity_id else ""
        return PulledCompany(
            external_id=company_key(self.company_id, self.entity_id),
            name=f"{self.company_id}{within}",
            currency=said.get("basecurrency") or "USD",
            features={
                "account_labels": self.enters_by_labels,
                "several_entities": self.is_multi_entity,
                "several_currencies": said.get("multicurrency") == "true",
            },
        )

    def records(self, kind: RecordKind) -> Iterator[PulledRecord | Unreadable]:
        if kind == RecordKind.ACCOUNT:
            yield from self._accounts()
        else:
            yield from self._if_subscribed(kind)

    def changes(
        self, kind: RecordKind, since: datetime
    ) -> Iterator[PulledRecord | Removed | Unreadable]:
        """5.3. What was deleted is not told."""
        if kind in WHOLE:
            yield from self.records(kind)
        else:
            when = asking.from_moment("WHENMODIFIED", since.astimezone(UTC))
            yield from self._if_subscribed(kind, when)

    def record(self, kind: RecordKind, external_id: str) -> PulledRecord | Unreadable | None:
        if kind in WHOLE:
            listed = self.records(kind)
            return next((row for row in listed if row.external_id == external_id), None)
        key = LISTS[kind].key
        parts = translate.parted(external_id) if len(key) > 1 else (external_id,)
        if len(parts) != len(key):
            return None
        wanted = [asking.equal(column, part) for column, part in zip(key, parts, strict=True)]
        return next(self._listed(kind, *wanted), None)

    def _if_subscribed(
        self, kind: RecordKind, *conditions: Element
    ) -> Iterator[PulledRecord | Unreadable]:
        try:
            yield from self._listed(kind, *conditions)
        except Refused as error:
            if kind not in OPTIONAL or error.code != NO_SUCH_OBJECT:
                raise

    def _listed(
        self, kind: RecordKind, *conditions: Element
    ) -> Iterator[PulledRecord | Unreadable]:
        listed = LISTS[kind]
        for row in rows(self.gateway, listed.object, listed.fields, *conditions):
            yield translate.record(kind, listed, row)

    def _accounts(self) -> Iterator[PulledRecord | Unreadable]:
        """GL accounts and AP account labels, of which a company enters bills by one (10)."""
        kind, rules, demands = RecordKind.ACCOUNT, self._account_rules, {}
        for found in self._listed(kind):
            if isinstance(found, PulledRecord):
                demands[found.external_id] = found.requires
                found = rules.applied(found, demands)
            yield found
        for row in rows(self.gateway, LABELS.object, LABELS.fields):
            found = translate.record(kind, LABELS, row)
            yield rules.applied(found, demands) if isinstance(found, PulledRecord) else found

    @property
    def _account_rules(self) -> translate.AccountRules:
        """A line of a multi-entity company needs a location (9): ours, or the mapping's."""
        said = {"location"} if self.defaults.location_id else set()
        said |= {"department"} if self.defaults.department_id else set()
        always = {"location"} if self.is_multi_entity else set()
        return translate.AccountRules(
            self.enters_by_labels, always=frozenset(always), never=frozenset(said)
        )

    @cached_property
    def enters_by_labels(self) -> bool:
        """Nothing says how AP is set up. The newest line of a bill shows it; without any bill, we
        take it that whoever has labels uses them. An admin may say otherwise.
        """
        if self.account_labels is not None:
            return self.account_labels
        try:
            line = asking.newest(self.gateway, "APBILLITEM", ("RECORDNO", "ACCOUNTLABEL"))
            if line is not None:
                return bool(line.get("ACCOUNTLABEL"))
            return asking.newest(self.gateway, "APACCOUNTLABEL", ("RECORDNO",)) is not None
        except AccessDenied:
            return False

    @cached_property
    def is_multi_entity(self) -> bool:
        try:
            return asking.newest(self.gateway, "LOCATIONENTITY", ("RECORDNO",)) is not None
        except AccessDenied:
            return False

    # --- Bills --------------------------------------------------------------------------------

    def stored_number(self, number: str) -> str:
        return short_number(number, LIMITS.bill_number.longest)

    def write_bill(self, bill: OutgoingBill) -> bytes:
        """The function alone: whoever sends it puts its sign-in around it, which is no payload."""
        days = self.term_days.get(bill.term_id)
        return envelope.written(writing.bill_function(bill, self.defaults, term_days=days))

    def post_bill(self, payload: bytes, *, key: str) -> PostedBill:
        """In a transaction and under our key as the control id, which Intacct takes once (6)."""
        function = envelope.parsed(payload)
        if function is None or function.get("controlid") != key:
            raise ValueError("the payload is not what write_bill made for this key")
        data = self.gateway.send(function, what="the bill")
        with _was_taken("the bill"):
            number = envelope.text_in(data, "apbill/RECORDNO")
            made = self.bill(number) if number else None
        if made is None:
            raise UnexpectedPayload("Sage Intacct took the bill and does not show it.")
        return made

    def find_bills(self, sought: SoughtBill) -> list[PostedBill]:
        """By the number, then among the bills around its day: a bookkeeper may have spelled the
        number otherwise, or a person may have changed it, and then our key tells.
        """
        number = plain_number(sought.number)
        vendor = asking.equal("VENDORID", sought.vendor_id)
        found: dict[str, PostedBill] = {}
        if sought.number:
            for row in self._bill_rows(vendor, asking.equal("RECORDID", sought.number)):
                bill = self._posted(row)
                found[bill.external_id] = bill
        first, last = sought.bill_date - DAYS_AROUND, sought.bill_date + DAYS_AROUND
        for row in self._bill_rows(vendor, asking.between_days("WHENCREATED", first, last)):
            bill = self._posted(row)
            if bill.key == sought.key or (number and plain_number(bill.number) == number):
                found[bill.external_id] = bill
        return list(found.values())

    def bills(self, since: date) -> Iterator[PostedBill | Unreadable]:
        """Drafts too, but nothing that was taken back."""
        listed = self._bill_rows(asking.from_day("WHENCREATED", since))
        standing = (row for row in listed if row.get("STATE") not in posted.REVERSED)
        while batch := list(islice(standing, asking.MOST_IN)):
            lines = self._lines_of([row["RECORDNO"] for row in batch])
            for row in batch:
                yield posted.listed_bill(row, lines.get(row["RECORDNO"], []), app_url=self.app_url)

    def bill(self, external_id: str) -> PostedBill | None:
        """Read whole: what the company has of retainage columns comes along (11.1)."""
        try:
            data = asking.read(self.gateway, "APBILL", [external_id])
        except TargetInactive:
            return None
        if not len(data):
            return None
        lines = envelope.rows_in(data[0], "APBILLITEMS")
        return posted.posted_bill(envelope.row(data[0]), app_url=self.app_url, lines=lines)

    def _bill_rows(self, *conditions: Element) -> Iterator[Row]:
        return rows(self.gateway, "APBILL", BILL_COLUMNS, *conditions)

    def _lines_of(self, numbers: Sequence[str]) -> dict[str, list[Row]]:
        """The lines of several bills, by the bill's record number."""
        found: dict[str, list[Row]] = {}
        within = asking.among("RECORDKEY", numbers)
        for row in rows(self.gateway, "APBILLITEM", LINE_COLUMNS, within):
            found.setdefault(row.get("RECORDKEY", ""), []).append(row)
        return found

    def _posted(self, row: Row) -> PostedBill:
        return posted.posted_bill(row, app_url=self.app_url)

    # --- Payments -----------------------------------------------------------------------------

    def payments(self, since: datetime) -> Iterator[PulledPayment | Removed | Unreadable]:
        """12.1. Where our user may not read payments, what each bill says was paid of it."""
        when = asking.from_moment("WHENMODIFIED", since.astimezone(UTC))
        if self.payments_by_bill:
            for row in self._bill_rows(when):
                if row.get("STATE") != "Draft":
                    yield payments.of_a_bill(row)
            return
        changed = rows(self.gateway, "APPYMT", ("RECORDNO",), when)
        while batch := list(islice(changed, asking.MOST_KEYS)):
            numbers = [row["RECORDNO"] for row in batch]
            for element in asking.read(self.gateway, "APPYMT", numbers):
                details = envelope.rows_in(element, "APPYMTDETAILS")
                found = payments.payment(envelope.row(element), details)
                if found is not None:
                    yield found
                if isinstance(found, PulledPayment):
                    # What was told of these bills before payments could be read counts no more.
                    for share in found.applied:
                        yield Removed(
                            kind=payments.PAYMENT, external_id=payments.BY_BILL + share.bill_id
                        )

    # --- New records --------------------------------------------------------------------------

    def names_taken(self, new: NewRecord) -> list[NameTaken]:
        """An id is unique in its list. A name need not be, but the same one twice is a mistake."""
        listed = LISTS[new.kind]
        sought = [("NAME", new.name), (listed.key[0], new.code)]
        found: dict[str, NameTaken] = {}
        for column, value in sought:
            if not value:
                continue
            for row in self._listed(new.kind, asking.equal(column, value)):
                if isinstance(row, PulledRecord):
                    found[row.external_id] = NameTaken(
                        kind=new.kind.label,
                        name=row.name,
                        external_id=row.external_id,
                        is_active=row.is_active,
                    )
        return list(found.values())

    def write_record(self, new: NewRecord) -> bytes:
        return envelope.written(writing.record_function(new, self.defaults, key="preview"))

    def create_record(self, new: NewRecord, *, key: str) -> PulledRecord:
        function = writing.record_function(new, self.defaults, key=key)
        what = f"the {new.kind.label.lower()}"
        data = self.gateway.send(function, what=what)
        number = next((element.text or "" for element in data.iter("RECORDNO")), "")
        with _was_taken(what):
            made = next(self._listed(new.kind, asking.equal("RECORDNO", number)), None)
        if not isinstance(made, PulledRecord):
            raise UnexpectedPayload(f"Sage Intacct took {what} and does not show it.")
        return made


@contextmanager
def _was_taken(what: str) -> Iterator[None]:
    """It is there by now: what fails from here on must not read as if nothing had been done."""
    try:
        yield
    except ConnectorError as error:
        raise Unreachable(
            f"Sage Intacct took {what}, and could not be asked to show it: {error}",
            request_id=error.request_id,
        ) from error


def company_key(company_id: str, entity_id: str) -> str:
    """What tells one connection's books from another's: an entity has records of its own (1)."""
    return "|".join(part for part in (company_id.strip().lower(), entity_id.strip()) if part)
