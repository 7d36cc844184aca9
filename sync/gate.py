"""May this bill leave, and if not, why not? A list of small rules, asked in reading order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property

from django.utils.text import capfirst

from common.choices import RecordKind
from common.errors import AppError
from common.templatetags.format import money
from companies.models import CompanySettings, User
from connectors.models import Connection, Record
from mapping import riding
from mapping.lookup import Lookup
from mapping.models import Kind, Mapping, target_kinds
from sync import dimensions, documents, needing
from sync.dimensions import Tasks
from sync.documents import Coding
from sync.models import Approval, Bill, BillLine, Push


class Fix(StrEnum):
    """What a person can do about a hold, where it is shown."""

    MAP = "map"  # choose or accept a mapping
    PUBLISH = "publish"
    ASK_ADMIN = "ask_admin"  # stale: an admin has to unpublish, or the ledger has to be mended
    APPROVE = "approve"
    SETTINGS = "settings"
    SOURCE = "source"  # mend it where the bill comes from
    WAIT = "wait"


@dataclass(frozen=True)
class Hold:
    """One reason to hold a bill: a sentence, and what would lift it."""

    rule: str
    sentence: str
    fix: Fix
    record: Record | None = None
    mapping: Mapping | None = None
    lines: tuple[int, ...] = ()  # positions of the lines it concerns; none means the whole bill


class BillHeld(AppError):
    """A bill may not be sent now. Carries every reason."""

    def __init__(self, bill: Bill, holds: list[Hold]) -> None:
        super().__init__(
            f"{capfirst(str(bill))} cannot be sent: " + " ".join(hold.sentence for hold in holds)
        )
        self.holds = holds
        self.details = {
            "holds": [
                {"rule": hold.rule, "sentence": hold.sentence, "fix": hold.fix.value}
                for hold in holds
            ]
        }


@dataclass
class Question:
    """A bill and everything the rules look at. Rows are read once, whoever asks."""

    bill: Bill
    lookup: Lookup
    settings: CompanySettings
    ledger: Connection | None
    sender: User | None = None  # who asks to send it; None when nobody does yet
    lines: list[BillLine] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lines = list(self.bill.lines.select_related("cost_code", "cost_type"))
        ways = needing.ways_of(self.bill, self.lines, self.settings)
        self.lookup.expect(documents.records_of(self.bill, self.lines, ways))
        self.coding = Coding(ways, self.lookup)

    @property
    def options(self) -> dict[str, str]:
        """What an admin chose for the ledger's connection, e.g. a location for all lines."""
        return self.ledger.options if self.ledger else {}

    @property
    def mappings_in_force(self) -> list[Mapping]:
        """Those that the document would rest on, each once."""
        records = [self.bill.vendor, self.bill.project, *map(self.coding.record_of, self.lines)]
        found = {record.pk: self.lookup.mapping_for(record.pk) for record in records if record}
        return [mapping for mapping in found.values() if mapping and mapping.is_in_force]

    @property
    def closed_through(self) -> date | None:
        """The later of our own closing date and the ledger's."""
        days = [self.settings.closed_through, self.ledger and self.ledger.books_closed_through]
        return max((day for day in days if day), default=None)

    @cached_property
    def pushes(self) -> list[Push]:
        """Of this bill, newest version first; with those of its vendor that have its number.

        What the ledger knows as one vendor is one vendor here, however often the source has it.
        """
        bill = self.bill
        pushes = Push.objects.filter(company=bill.company_id)
        found = [pushes.filter(bill=bill)]
        if bill.plain_number and bill.vendor_id:
            numbered = pushes.filter(bill__plain_number=bill.plain_number)
            found.append(numbered.filter(bill__vendor=bill.vendor_id))
            mapping = self.lookup.mapping_for(bill.vendor_id)
            if mapping is not None and mapping.target_id:
                same = Mapping.objects.filter(company=bill.company_id, target=mapping.target_id)
                found.append(numbered.filter(bill__vendor__in=same.values("source")))
        # Each by an index of its own; asked as one condition, every push and bill would be read.
        first, *more = (each.order_by().values("pk") for each in found)
        return list(
            Push.objects.filter(pk__in=first.union(*more))
            .select_related("bill", "asked_by")
            .order_by("-version", "-id")
        )

    @property
    def own_pushes(self) -> list[Push]:
        return [push for push in self.pushes if push.bill_id == self.bill.pk]


def document_is_sound(asked: Question) -> Iterator[Hold]:
    """Judged anew by the lines as they are: what was noted when it was pulled is for the lists."""
    bill = asked.bill
    fault = documents.fault(bill, asked.lines, asked.settings)
    if fault == Bill.Fault.DOES_NOT_ADD_UP:
        total = documents.total_of(asked.lines)
        yield Hold(
            "adds_up",
            f"Its lines come to {money(total, bill.currency)}, its total is"
            f" {money(bill.total, bill.currency)}. Correct it in the source.",
            Fix.SOURCE,
        )
    elif fault:
        yield Hold("document", f"{_name(bill)} {documents.clause(fault)}.", Fix.SOURCE)


def vendor_is_published(asked: Question) -> Iterator[Hold]:
    if asked.bill.vendor:
        yield from _mapping_hold(asked, Kind.VENDOR, asked.bill.vendor)


def project_is_published(asked: Question) -> Iterator[Hold]:
    yield from _mapping_hold(asked, Kind.PROJECT, asked.bill.project)


def line_codes_are_published(asked: Question) -> Iterator[Hold]:
    positions: dict[int, list[int]] = {}
    records: dict[int, Record] = {}
    for line in asked.lines:
        record = asked.coding.record_of(line)
        if record is not None:
            records[record.pk] = record
            positions.setdefault(record.pk, []).append(line.position)
    for pk, record in records.items():
        yield from _mapping_hold(asked, Kind(record.kind), record, tuple(positions[pk]))


def what_rides_along_can_be_used(asked: Question) -> Iterator[Hold]:
    """A class that the ledger ignores would be lost in silence."""
    features = asked.ledger.features if asked.ledger else {}
    for mapping in asked.mappings_in_force:
        for record in mapping.riding:
            kind = RecordKind(record.kind)
            if not record.is_usable:
                why = "cannot be used in the ledger any more"
            elif record.connection_id != (asked.ledger.pk if asked.ledger else None):
                why = "is of a ledger that is not connected now"
            elif not features.get(riding.FEATURES[kind]):
                why = "would be lost: the ledger has them switched off"
            else:
                continue
            yield Hold(
                "riding",
                f"The {kind.label.lower()} {record.label}, which goes along with {mapping.source},"
                f" {why}. Ask an admin to unpublish that mapping, and choose another.",
                Fix.ASK_ADMIN,
                record=mapping.source,
                mapping=mapping,
            )


def accounts_get_what_they_demand(asked: Question) -> Iterator[Hold]:
    """A ledger may want a task, a location or a department on whatever posts to an account."""
    project, vendor = map(asked.coding.in_force, (asked.bill.project, asked.bill.vendor))
    if project is None:
        return
    tasks = Tasks(project.target)
    places = [project.location, vendor and vendor.location, asked.options.get("location")]
    for line in asked.lines:
        mapping = asked.coding.in_force(asked.coding.record_of(line))
        if mapping is None or mapping.target is None or not mapping.target.requires:
            continue
        said = {
            "class": mapping.ledger_class or project.ledger_class,
            "department": mapping.department or project.department,
            "location": any(places),
        }
        named = [name for name, value in said.items() if value]
        if lacks := dimensions.missing(mapping.target, tasks.of(line), named=named):
            yield Hold(
                "dimension",
                dimensions.sentence(mapping.target, line, lacks),
                Fix.ASK_ADMIN,
                record=mapping.source,
                mapping=mapping,
                lines=(line.position,),
            )


def retainage_has_an_account(asked: Question) -> Iterator[Hold]:
    if all(line.retainage == 0 for line in asked.lines):
        return
    account = asked.settings.retainage_account
    if account is None:
        yield Hold(
            "retainage",
            "It holds retainage, and no account is named for it. Name one in Settings.",
            Fix.SETTINGS,
        )
    elif not account.is_usable or (asked.ledger and account.connection_id != asked.ledger.pk):
        yield Hold(
            "retainage",
            f"The account for retainage, {account.label}, cannot be used in the ledger any more."
            " Name another in Settings.",
            Fix.SETTINGS,
            record=account,
        )


def period_is_open(asked: Question) -> Iterator[Hold]:
    closed = asked.closed_through
    if closed and asked.bill.bill_date <= closed:
        yield Hold(
            "period",
            f"It is dated {asked.bill.bill_date:%-d %b %Y}, and the books are closed through"
            f" {closed:%-d %b %Y}. Reopen the period or change the date in the source.",
            Fix.SOURCE,
        )


def amount_is_approved(asked: Question) -> Iterator[Hold]:
    limit = asked.settings.approval_amount
    if limit is None or asked.bill.total < limit:
        return
    word = asked.bill.approvals.filter(version=asked.bill.version).select_related("by").first()
    if word is None:
        yield Hold(
            "approval",
            f"Bills of {money(limit, asked.settings.currency)} and above need the approval of a"
            " second person.",
            Fix.APPROVE,
        )
    elif word.decision == Approval.Decision.REJECTED:
        yield Hold("approval", f"{word.by} rejected it. Ask them why.", Fix.APPROVE)
    elif asked.sender is not None and asked.sender == word.by:
        yield Hold(
            "approval",
            "You approved it, so somebody else has to send it.",
            Fix.APPROVE,
        )


def number_is_new(asked: Question) -> Iterator[Hold]:
    """No other document of this vendor with the same number has gone or is on its way."""
    bill = asked.bill
    if not bill.plain_number or bill.vendor_id is None or _number_was_cleared(asked):
        return
    other = next(
        (
            push.bill
            for push in asked.pushes
            if push.bill_id != bill.pk and push.is_perhaps_in_the_ledger
        ),
        None,
    )
    if other:
        yield Hold(
            "number",
            f"{_name(other)} of the same vendor has the same number and was sent, or is"
            " being looked into. If they are two bills, correct the number in the source, or enter"
            " this one in the ledger by hand.",
            Fix.SOURCE,
        )


def no_other_version_went(asked: Question) -> Iterator[Hold]:
    """A second version would be a second bill, hence a second payment."""
    version = asked.bill.version
    if any(p.version != version and p.is_perhaps_in_the_ledger for p in asked.own_pushes):
        yield Hold(
            "version",
            "An earlier version of it was sent already. Change it in the ledger by hand;"
            " it is not sent a second time.",
            Fix.SOURCE,
        )
    elif any(
        asked.ledger and p.connection_id != asked.ledger.pk and p.is_perhaps_in_the_ledger
        for p in asked.own_pushes
    ):
        yield Hold(
            "version",
            "It was sent to another company file already. It is not sent a second time.",
            Fix.SOURCE,
        )


def ledger_is_connected(asked: Question) -> Iterator[Hold]:
    if asked.ledger is None:
        yield Hold(
            "ledger", "No ledger is connected. An admin can connect one in Settings.", Fix.SETTINGS
        )


RULES = (
    document_is_sound,
    vendor_is_published,
    project_is_published,
    line_codes_are_published,
    what_rides_along_can_be_used,
    accounts_get_what_they_demand,
    retainage_has_an_account,
    period_is_open,
    amount_is_approved,
    number_is_new,
    no_other_version_went,
    ledger_is_connected,
)


def holds(asked: Question) -> list[Hold]:
    """Every reason to hold the bill; an empty list opens the gate."""
    return [hold for rule in RULES for hold in rule(asked)]


def _mapping_hold(
    asked: Question, kind: Kind, record: Record, lines: tuple[int, ...] = ()
) -> Iterator[Hold]:
    mapping = asked.lookup.mapping_for(record.pk)
    what = f"{kind.singular.capitalize()} {record}"
    if mapping is None or mapping.state in {Mapping.State.LEFT, Mapping.State.NO_MATCH}:
        yield Hold("mapping", f"{what} is unmapped.", Fix.MAP, record, mapping, lines)
    elif mapping.stale:
        why = Mapping.Stale(mapping.stale).label
        yield Hold(
            "mapping",
            f"{what} points to {mapping.target}, which {why}.",
            Fix.ASK_ADMIN,
            record,
            mapping,
            lines,
        )
    elif mapping.state != Mapping.State.PUBLISHED:
        word = "a draft" if mapping.state == Mapping.State.DRAFT else "accepted, not published"
        fix = Fix.MAP if mapping.state == Mapping.State.DRAFT else Fix.PUBLISH
        yield Hold("mapping", f"{what} is {word}.", fix, record, mapping, lines)
    elif wrong := _wrong_with(mapping.target, kind, asked):
        yield Hold(
            "mapping",
            f"{what} points to {mapping.target}, which {wrong}.",
            Fix.ASK_ADMIN,
            record,
            mapping,
            lines,
        )


def _wrong_with(target: Record | None, kind: Kind, asked: Question) -> str:
    if target is None or not target.is_usable:
        return "cannot be used in the ledger"
    if asked.ledger is not None and target.connection_id != asked.ledger.pk:
        return "is of a ledger that is not connected now"
    if target.kind not in target_kinds(kind, asked.settings):
        return "is not of the kind that Settings ask for"
    return ""


def _number_was_cleared(asked: Question) -> bool:
    """A person looked at both and said that they are two bills."""
    version = asked.bill.version
    return any(push.version == version and push.number_cleared for push in asked.own_pushes)


def _name(bill: Bill) -> str:
    return f"Bill {bill.number or bill.external_id}"
