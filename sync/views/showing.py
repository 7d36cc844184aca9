"""One bill as its page shows it: what holds it, its lines, its way to the ledger, what happened."""

import json
import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils import timezone

from audit.models import Entry, Verb
from companies.access import Action, CompanyRequest, may, refusal
from connectors import calls
from connectors.models import Call, Connection, Record
from mapping import combining, comparing, waiting
from mapping.lookup import Lookup
from mapping.models import Kind, Mapping
from mapping.thresholds import Thresholds
from mapping.waiting import Waits
from sync import counting, fitting, gate
from sync.gate import Fix, Hold
from sync.models import Approval, Bill, BillLine, Push, Readiness
from sync.views.frozen import Frozen, Part
from sync.views.paid import Paid

S = Push.State
SLOW_AFTER_SECONDS = 60
SHOWN = 50
CALLS_SHOWN = 5


@dataclass(frozen=True)
class Rights:
    decide: bool
    publish: bool
    approve: bool
    send: bool
    see_mappings: bool
    see_settings: bool
    see_trail: bool
    change_settings: bool

    @classmethod
    def of(cls, request: CompanyRequest) -> "Rights":
        return cls(
            *(
                may(request.membership, action)
                for action in (
                    Action.DECIDE,
                    Action.PUBLISH,
                    Action.APPROVE,
                    Action.SEND,
                    Action.SEE_MAPPINGS,
                    Action.SEE_SETTINGS,
                    Action.SEE_TRAIL,
                    Action.CHANGE_SETTINGS,
                )
            )
        )


@dataclass(frozen=True)
class HoldRow:
    """A hold, and what can be done about it right here."""

    publish = {"publish": 1}  # what a form adds that accepts and publishes in one step

    number: int
    hold: Hold
    waits: Waits
    url: str = ""  # the mapping's page
    bills_url: str = ""  # the bills that wait for the same record
    band: str = ""  # of its draft's confidence

    @property
    def mapping(self) -> Mapping | None:
        return self.hold.mapping

    @property
    def key(self) -> str:
        """What the ids of its controls end with: the same while the hold stays."""
        return str(self.hold.record.pk if self.hold.record else self.hold.rule)

    @property
    def look(self) -> tuple[str, str]:
        """State and word for {% status %}."""
        mapping = self.hold.mapping
        if self.hold.rule == "mapping" and mapping:
            return ("stale", "") if self.hold.fix is Fix.ASK_ADMIN else (str(mapping.state), "")
        return {
            Fix.MAP: ("unmapped", ""),
            Fix.APPROVE: ("waiting", "Approval"),
            Fix.SETTINGS: ("left", "Settings"),
        }.get(self.hold.fix, ("left", "Held"))

    @property
    def draft(self) -> Mapping | None:
        """A pairing that could be accepted as it is."""
        mapping = self.hold.mapping
        can = mapping and mapping.target and self.hold.fix is Fix.MAP
        takes = {Mapping.State.DRAFT, Mapping.State.LEFT}
        return mapping if can and mapping and mapping.state in takes else None

    @property
    def target_detail(self) -> str:
        mapping = self.hold.mapping
        return comparing.detail_of(mapping.target) if mapping and mapping.target else ""

    @property
    def kind(self) -> Kind | None:
        return Kind(self.hold.record.kind) if self.hold.record else None

    @property
    def may_differ(self) -> bool:
        """A line's code, type or pair: the bill's project may go by another than all others."""
        record = self.hold.record
        return record is not None and record.kind in combining.LINE_KINDS

    @property
    def lines_words(self) -> str:
        lines = self.hold.lines
        if not lines:
            return ""
        noun = "line" if len(lines) == 1 else "lines"
        return f"{noun} {', '.join(str(position) for position in lines)}"


@dataclass(frozen=True)
class LineRow:
    line: BillLine
    record: Record | None  # what the line is about
    mapping: Mapping | None  # the one that decides
    url: str
    where_from: str = ""  # which of several mappings that is
    where_from_url: str = ""
    is_sent: bool = False
    sent: Part | None = None  # what it went out with; a line without an amount did not

    @property
    def state(self) -> str:
        """For {% status %}."""
        if self.record is None or self.is_sent:
            return ""
        if self.mapping is None:
            return Readiness.UNMAPPED.value
        return "stale" if self.mapping.stale else str(self.mapping.state)

    @property
    def net(self) -> Decimal:
        return self.line.amount - self.line.retainage


@dataclass(frozen=True)
class Event:
    at: datetime
    who: str
    text: str
    note: str
    tone: str


@dataclass
class BillPage:
    """Reads what the page and its fragment need, each thing once."""

    request: CompanyRequest
    bill: Bill
    problem: str = ""  # why what somebody just tried was not done
    with_history: bool = False
    with_payments: bool = False
    rights: Rights = field(init=False)

    def __post_init__(self) -> None:
        self.rights = Rights.of(self.request)
        self.bill.company = self.request.company
        settings = self.request.company.settings
        account = settings.retainage_account_id and (
            Record.objects.select_related("connection")
            .filter(company=self.request.company, pk=settings.retainage_account_id)
            .first()
        )
        if account:
            settings.retainage_account = account
        lookup = Lookup(self.request.company)
        self.asked = gate.Question(
            self.bill,
            lookup,
            settings,
            self._ledger(account or None),
            self.request.user if self.rights.send else None,
        )

    def _ledger(self, account: Record | None) -> Connection | None:
        """The account for retainage lies in the ledger, so that its row was read already."""
        if account and account.connection.state != Connection.State.DISCONNECTED:
            return account.connection
        return counting.ledger_among(counting.live_connections(self.request.company))

    # --- Where it stands --------------------------------------------------------------------

    @cached_property
    def push(self) -> Push | None:
        """The one that may be in the ledger, or else this version's."""
        own = self.asked.own_pushes
        there = next((push for push in own if push.state != S.FAILED), None)
        return there or next((p for p in own if p.version == self.bill.version), None)

    @cached_property
    def paid(self) -> Paid | None:
        return Paid.of(self.push)

    @cached_property
    def fits(self) -> list[str]:
        """What the ledger's limits will make of it; once it is there, the ledger itself shows."""
        if not self.may_leave or self.asked.ledger is None:
            return []
        texts = [line.description for line in self.asked.lines]
        return list(fitting.sentences(self.bill, texts, self.asked.ledger))

    @property
    def is_moving(self) -> bool:
        return self.push is not None and self.push.state in counting.MOVING

    @property
    def is_slow(self) -> bool:
        """Ask less often: it has been on its way for a minute."""
        assert self.push is not None  # noqa: S101  # asked while it moves
        return (timezone.now() - self.push.asked_at).total_seconds() > SLOW_AFTER_SECONDS

    @cached_property
    def may_leave(self) -> bool:
        """Nothing of it is in the ledger or on its way, so the gate's answer matters."""
        return self.push is None or self.push.state == S.FAILED

    @cached_property
    def holds(self) -> list[HoldRow]:
        if not self.may_leave:
            return []
        found = gate.holds(self.asked)
        records = [hold.record.pk for hold in found if hold.record]
        counted = waiting.bills().by_record(self.request.company, records) if records else {}
        return [self._hold_row(number, hold, counted) for number, hold in enumerate(found, 1)]

    def _hold_row(self, number: int, hold: Hold, counted: dict[int, Waits]) -> HoldRow:
        if hold.record is None or hold.rule != "mapping":
            return HoldRow(number, hold, Waits())
        limits = Thresholds.of(Kind(hold.record.kind), self.asked.settings)
        return HoldRow(
            number,
            hold,
            counted.get(hold.record.pk, Waits()),
            self.mapping_url(hold.record),
            waiting.bills().listed_at(self.request.company, hold.record.pk),
            limits.band(hold.mapping.confidence if hold.mapping else None),
        )

    def mapping_url(self, record: Record) -> str:
        if not self.rights.see_mappings:
            return ""
        kind = Kind(record.kind)
        return reverse("mapping:detail", args=[self.request.company.slug, kind, record.pk])

    @property
    def state(self) -> str:
        """For {% status %}: delivery once there is one, else what holds it."""
        if self.push is not None:
            return str(self.push.state)
        if not self.holds:
            return Readiness.READY.value
        return "held" if self.is_held_by_itself else self.readiness

    @property
    def is_held_by_itself(self) -> bool:
        return all(row.hold.rule != "mapping" for row in self.holds)

    @property
    def readiness(self) -> str:
        """As the mappings are now, asked by the gate; the stored answer may be a moment older."""
        states = [
            row.mapping.state if row.mapping else None
            for row in self.holds
            if row.hold.rule == "mapping"
        ]
        if not states:
            return Readiness.READY.value
        none = {None, Mapping.State.LEFT, Mapping.State.NO_MATCH}
        missing = any(state in none for state in states)
        return (Readiness.UNMAPPED if missing else Readiness.NEEDS_PUBLISHING).value

    @property
    def can_be_sent(self) -> bool:
        return self.may_leave and not self.holds

    @property
    def sentence(self) -> str:
        if not self.may_leave:
            return ""
        number = len(self.holds)
        if not number:
            return "Nothing holds this bill. It can be sent."
        things = "1 thing holds" if number == 1 else f"{number} things hold"
        return f"{things} this bill, so it cannot be sent yet."

    @property
    def delivery_word(self) -> str:
        return Push.State(self.push.state).label if self.push else ""

    # --- Who can do what this person cannot ----------------------------------------------------

    @cached_property
    def send_refusal(self) -> str:
        return refusal(self.request.company, Action.SEND)

    @cached_property
    def approve_refusal(self) -> str:
        return refusal(self.request.company, Action.APPROVE)

    @cached_property
    def decide_refusal(self) -> str:
        return refusal(self.request.company, Action.DECIDE)

    @cached_property
    def publish_refusal(self) -> str:
        return refusal(self.request.company, Action.PUBLISH)

    @cached_property
    def settings_refusal(self) -> str:
        return refusal(self.request.company, Action.CHANGE_SETTINGS)

    # --- Approval ---------------------------------------------------------------------------

    @cached_property
    def approvals(self) -> list[Approval]:
        limit = self.asked.settings.approval_amount
        if limit is None or self.bill.total < limit:
            return []
        return list(self.bill.approvals.select_related("by"))

    @property
    def word(self) -> Approval | None:
        """The last word on this version."""
        return next((a for a in self.approvals if a.version == self.bill.version), None)

    @property
    def can_be_decided(self) -> bool:
        limit = self.asked.settings.approval_amount
        return (
            self.rights.approve
            and self.may_leave
            and limit is not None
            and self.bill.total >= limit
            and not (self.word and self.word.by_id == self.request.user.pk)
        )

    @property
    def asks_for_approval(self) -> bool:
        """Among what holds it, where the form stands then."""
        return any(row.hold.fix is Fix.APPROVE for row in self.holds)

    # --- Its lines --------------------------------------------------------------------------

    @cached_property
    def lines(self) -> list[LineRow]:
        if self.frozen is not None:
            return [self._sent_row(line, self.frozen) for line in self.asked.lines]
        found = []
        for line in self.asked.lines:
            way = self.asked.coding.way_of(line)
            if way is None:
                found.append(LineRow(line, None, None, ""))
                continue
            record = self.asked.lookup.ruling(way)
            mapping = self.asked.lookup.mapping_for(record.pk)
            row = LineRow(line, way.about, mapping, self.mapping_url(way.about))
            if len(way.records) > 1:
                words, url = combining.where_from(record), self.mapping_url(record)
                row = replace(row, where_from=words, where_from_url=url)
            found.append(row)
        return found

    @cached_property
    def frozen(self) -> Frozen | None:
        """What these very lines were sent with. A later version from the source has other lines."""
        push = self.push
        if push is None or self.may_leave or not push.rests_on:
            return None
        return Frozen(self.request, push) if push.version == self.bill.version else None

    def _sent_row(self, line: BillLine, frozen: Frozen) -> LineRow:
        named = line.cost_code or line.cost_type
        url = self.mapping_url(named) if named else ""
        part = frozen.of_line(line.position)
        return LineRow(line, named, None, url, is_sent=True, sent=part)

    @property
    def amount(self) -> Decimal:
        return sum((row.line.amount for row in self.lines), Decimal(0))

    @property
    def retainage(self) -> Decimal:
        return sum((row.line.retainage for row in self.lines), Decimal(0))

    @property
    def vendor_target(self) -> str:
        return self._target(self.bill.vendor_id)

    @property
    def project_target(self) -> str:
        return self._target(self.bill.project_id)

    def _target(self, record: int | None) -> str:
        """As it was sent, or else as it is decided now."""
        if self.frozen is not None and (part := self.frozen.of_record(record)):
            return part.target
        mapping = self.asked.lookup.mapping_for(record) if record else None
        return mapping.target.label if mapping and mapping.target else ""

    # --- Its way to the ledger --------------------------------------------------------------

    @cached_property
    def calls(self) -> list[Call]:
        if self.push is None or not self.rights.see_settings:
            return []
        made = calls.of_document(self.request.company, "sync.push", self.push.pk)
        return list(made.defer("request_body", "response_body")[:CALLS_SHOWN])

    @property
    def payload(self) -> str:
        """What was sent, spread over lines for people."""
        if self.push is None or self.push.payload is None:
            return ""
        text = bytes(self.push.payload).decode("utf-8", "replace")
        try:
            return readable(text)
        except ValueError:
            return text

    @property
    def found(self) -> list[dict[str, Any]]:
        """What the ledger has that may be this bill."""
        answer = self.push.answer if self.push else None
        found = answer.get("found", []) if isinstance(answer, dict) else []
        rows = [dict(row) if isinstance(row, dict) else {"id": row} for row in found]
        for row in rows:
            row["date"] = date.fromisoformat(row["date"]) if row.get("date") else None
        return rows

    @property
    def next_step(self) -> str:
        push = self.push
        if push is None or push.due_at is None or push.state not in counting.MOVING:
            return ""
        if push.state == S.SENDING:
            return "The answer is awaited."
        if push.state == S.UNKNOWN:
            return "It is looked up in the ledger before anything else happens."
        return "It is sent as soon as a worker is free." if push.sends == 0 else "It is sent again."

    # --- What happened ----------------------------------------------------------------------

    @cached_property
    def events(self) -> list[Event]:
        about = {"sync.bill": [self.bill.pk]}
        about["sync.push"] = [push.pk for push in self.asked.own_pushes]
        return history(self.request, about)


NUMBER = "\x00number:"


def readable(text: str) -> str:
    """JSON spread over lines, its numbers digit by digit as they were."""
    values = json.loads(text, parse_float=lambda digits: NUMBER + digits)
    spread = json.dumps(values, indent=2, ensure_ascii=False)
    return re.sub(r'"\\u0000number:([^"]*)"', r"\1", spread)


TONES = {
    Verb.POSTED: "ok",
    Verb.APPROVED: "ok",
    Verb.REJECTED: "bad",
    Verb.FAILED: "bad",
    Verb.SET_ASIDE: "warn",
    Verb.UNKNOWN: "warn",
}
WORDS = {
    Verb.APPROVED: "Approved it",
    Verb.REJECTED: "Rejected it",
    Verb.SENT: "Asked to send it",
    Verb.CLAIMED: "Started sending",
    Verb.POSTED: "Posted in the ledger",
    Verb.FAILED: "Could not be sent",
    Verb.UNKNOWN: "The answer was lost",
    Verb.REQUEUED: "Queued again",
    Verb.SET_ASIDE: "Set aside for a person",
    Verb.RESOLVED: "Said that it is not in the ledger",
}


def history(request: CompanyRequest, about: dict[str, list[int]]) -> list[Event]:
    """Newest first."""
    ids = {pk for group in about.values() for pk in group}
    lines = Entry.objects.filter(
        company=request.company, object_type__in=about, object_id__in=ids
    ).order_by("-id")[:SHOWN]
    return [
        Event(line.at, line.who, _told(line), line.reason, TONES.get(Verb(line.verb), ""))
        for line in lines
        if line.object_id in about[line.object_type]
    ]


def _told(line: Entry) -> str:
    said = WORDS.get(Verb(line.verb), str(line.get_verb_display()).capitalize())
    if line.verb == Verb.POSTED and line.after and line.after.get("id"):
        return f"{said} as {line.after['id']}"
    if line.verb in {Verb.SENT, Verb.APPROVED, Verb.REJECTED} and line.after:
        return f"{said}, version {line.after.get('version', 1)}"
    return said
