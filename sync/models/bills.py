"""Bills as the source has them, what each needs, and its way to the ledger."""

from decimal import Decimal

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.urls import reverse

from common.work import Work
from companies.models import Company, User
from connectors.models import Connection, Record
from connectors.records import PulledBill
from mapping.models import Kind, Level, Publication
from sync.models.around import Commitment
from sync.models.runs import Run
from sync.querysets import BillQuerySet, PushQuerySet


class Readiness(models.TextChoices):
    READY = "ready", "Ready"
    NEEDS_PUBLISHING = "needs_publishing", "Needs publishing"
    UNMAPPED = "unmapped", "Unmapped"


class Bill(models.Model):
    """A subcontractor invoice or direct cost, in the version the source shows now.

    `version` rises when what the source says changes. `readiness` and `fault` are answers kept
    beside the question for the lists: readiness.refresh() is the only writer of the first, the
    pull of the second; the gate asks again under lock before anything leaves.
    """

    class Kind(models.TextChoices):
        SUBCONTRACTOR_INVOICE = PulledBill.Kind.SUBCONTRACTOR_INVOICE.value, "Subcontractor invoice"
        DIRECT_COST = PulledBill.Kind.DIRECT_COST.value, "Direct cost"
        BILL = PulledBill.Kind.BILL.value, "Bill"

    class Fault(models.TextChoices):
        """Why the document itself cannot go, whatever is mapped."""

        NOT_APPROVED = "not_approved", "not approved in the source"
        GONE = "gone", "no longer in the source"
        COMES_TWICE = PulledBill.NotOurs.COMES_TWICE.value, "comes as an invoice of its own"
        NO_BILL = PulledBill.NotOurs.NO_BILL.value, "is no vendor's bill"
        SENT_BY_ANOTHER = (
            PulledBill.NotOurs.SENT_BY_ANOTHER.value,
            "was sent by another integration",
        )
        FROM_LEDGER = PulledBill.NotOurs.FROM_LEDGER.value, "came from the accounting system"
        PAID_THERE = PulledBill.NotOurs.PAID_THERE.value, "is paid already in the source"
        UNREADABLE = "unreadable", "cannot be read now"
        NO_VENDOR = "no_vendor", "names no vendor we know"
        NO_LINES = "no_lines", "has no lines"
        NO_COST_CODE = "no_cost_code", "a line has no cost code"
        NO_COST_TYPE = "no_cost_type", "a line has no cost type"
        DOES_NOT_ADD_UP = "does_not_add_up", "lines do not add up to its total"
        CURRENCY = "currency", "is in another currency"
        NEGATIVE = "negative", "is negative"
        ZERO = "zero", "is zero"

    # Keys without an index of their own begin one that is listed below: each index more is
    # written again for every bill that a publication makes ready.
    company = models.ForeignKey(Company, models.PROTECT, related_name="bills", db_index=False)
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="bills", db_index=False)
    kind = models.CharField(max_length=24, choices=Kind.choices)
    external_id = models.CharField(max_length=120)
    number = models.CharField(max_length=200, blank=True)
    # Spelling taken out ("INV-001" and "#001" are both "1"); finds a number used twice.
    plain_number = models.CharField(max_length=200, blank=True)
    vendor = models.ForeignKey(
        Record, models.PROTECT, null=True, related_name="vendor_bills", db_index=False
    )
    project = models.ForeignKey(
        Record, models.PROTECT, related_name="project_bills", db_index=False
    )
    commitment = models.ForeignKey(Commitment, models.PROTECT, null=True, related_name="bills")
    bill_date = models.DateField()
    due_date = models.DateField(null=True)
    period_start = models.DateField(null=True)
    period_end = models.DateField(null=True)
    description = models.TextField(blank=True)
    status = models.CharField(max_length=40)
    is_approved = models.BooleanField()
    # Why the source says that it is no bill for us to post: a Fault, or blank.
    not_ours = models.CharField(max_length=16, blank=True)
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=14, decimal_places=2)
    version = models.PositiveIntegerField(default=1)
    content_sha256 = models.CharField(max_length=64)
    payload = models.JSONField(null=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)
    # Since when the source has it, but not so that we could read it: what is here may be old.
    unreadable_at = models.DateTimeField(null=True)
    readiness = models.CharField(
        max_length=16, choices=Readiness.choices, default=Readiness.UNMAPPED
    )
    fault = models.CharField(max_length=16, choices=Fault.choices, blank=True)

    objects = BillQuerySet.as_manager()

    class Meta:
        ordering = ["-bill_date", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind", "external_id"], name="one_bill_an_external_id"
            )
        ]
        indexes = [
            models.Index(
                fields=["company", "readiness", "fault", "-bill_date", "-id"],
                include=["version", "total"],
                name="bills_by_readiness",
            ),
            models.Index(fields=["company", "-bill_date", "-id"], name="bills_newest_first"),
            models.Index(fields=["company", "vendor", "plain_number"], name="bills_by_number"),
            # All that the tabs count and order by, so that 50,000 rows need not be read for it.
            models.Index(
                fields=["company", "project"],
                include=[
                    "id",
                    "total",
                    "readiness",
                    "fault",
                    "bill_date",
                    "version",
                    "vendor",
                    "kind",
                    "number",
                ],
                name="bills_counted",
            ),
        ]

    def __str__(self) -> str:
        return f"bill {self.number or self.external_id}"

    def get_absolute_url(self) -> str:
        return reverse("sync:bill", args=[self.company.slug, self.pk])

    @property
    def status_word(self) -> str:
        """The one word a list shows: delivery once there is one, else readiness.

        For rows that were read `with_delivery()`.
        """
        delivery = getattr(self, "delivery", None)
        if delivery:
            return Push.State(delivery).label
        return Readiness(self.readiness).label


class BillLine(models.Model):
    """One row of a bill. Its share of what is paid is `amount - retainage`."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    bill = models.ForeignKey(Bill, models.CASCADE, related_name="lines", db_index=False)
    position = models.PositiveIntegerField()
    external_id = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    cost_code = models.ForeignKey(Record, models.PROTECT, null=True, related_name="+")
    cost_type = models.ForeignKey(Record, models.PROTECT, null=True, related_name="+")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    # Positive when held from this line, negative when released to it.
    retainage = models.DecimalField(max_digits=14, decimal_places=2, default=Decimal(0))

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["bill", "position"], name="bill_lines_have_an_order")
        ]


class BillNeed(models.Model):
    """One source record that may decide where something on a bill goes.

    The vendor, the project and each line's code are what a bill is `about`. `record` is that same
    record, or one of another `level` that may stand in for it: sync/needing.py. Of those for one
    `about`, exactly one `rules`: what the bill waits for while it is not in force.
    """

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    bill = models.ForeignKey(Bill, models.CASCADE, related_name="needs", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    record = models.ForeignKey(Record, models.PROTECT, related_name="needed_by", db_index=False)
    about = models.ForeignKey(Record, models.PROTECT, related_name="+", db_index=False)
    level = models.PositiveSmallIntegerField(choices=Level.choices, default=Level.WHOLE)
    rules = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["bill", "about", "record"], name="a_bill_needs_a_record_once"
            ),
        ]
        indexes = [models.Index(fields=["record", "bill"], name="bills_that_need_a_record")]


class LetGo(models.Model):
    """The bills that became ready with a publication: kept, whatever becomes of them later.

    By id in one row: a row for each of ten thousand took half of the time of publishing.
    """

    company = models.ForeignKey(Company, models.PROTECT, related_name="+", db_index=False)
    publication = models.OneToOneField(Publication, models.PROTECT, related_name="+")
    bills = ArrayField(models.BigIntegerField(), default=list)

    def __str__(self) -> str:
        return f"{len(self.bills)} bills by {self.publication}"


class Approval(models.Model):
    """A person's word on one version of a bill."""

    class Decision(models.TextChoices):
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    bill = models.ForeignKey(Bill, models.PROTECT, related_name="approvals")
    version = models.PositiveIntegerField()
    decision = models.CharField(max_length=8, choices=Decision.choices)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]


class Push(Work):
    """One attempt-chain to deliver one version of one bill under one key.

    State machine and crash points: docs/sending.md. `payload` and `mapping_versions` are frozen
    when the chain is first claimed; every resend sends these bytes. A chain ends by a clear
    refusal; sending the repaired bill again starts the next chain, with a new key.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENDING = "sending", "Sending"
        UNKNOWN = "unknown", "Unknown outcome"
        POSTED = "posted", "Posted"
        FAILED = "failed", "Failed"
        SET_ASIDE = "set_aside", "Set aside"

    class Cause(models.TextChoices):
        """Why a push failed, was set aside, or waits."""

        HELD = "held", "Held by the gate"
        REFUSED = "refused", "Refused by the ledger"
        PERIOD_CLOSED = "period_closed", "The period is closed"
        TARGET_INACTIVE = "target_inactive", "A record is inactive in the ledger"
        ACCESS = "access", "Access denied"
        CONSENT = "consent", "The connection needs sign-in"
        PAUSED = "paused", "The connection is paused"
        SUSPENDED = "suspended", "The ledger takes nothing now"
        BUSY = "busy", "The ledger is busy"
        UNREACHABLE = "unreachable", "The ledger cannot be reached"
        NO_ANSWER = "no_answer", "No answer came"
        NUMBER_TAKEN = "number_taken", "The number is already used"
        POSSIBLE_DUPLICATE = "possible_duplicate", "Possible duplicate"
        SEVERAL_FOUND = "several_found", "Several documents carry our key"
        NOT_FOUND = "not_found", "Not found, and too late to send again"
        KILLS_WORKERS = "kills_workers", "Sending it keeps breaking off"
        DIFFERS = "differs", "The ledger shows something else"

    company = models.ForeignKey(Company, models.PROTECT, related_name="pushes")
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="pushes")
    bill = models.ForeignKey(Bill, models.PROTECT, related_name="pushes")
    version = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    chain = models.PositiveIntegerField(default=1)
    key = models.CharField(max_length=24, unique=True)
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    run = models.ForeignKey(Run, models.PROTECT, null=True, related_name="pushes")
    payload = models.BinaryField(null=True)
    payload_sha256 = models.CharField(max_length=64, blank=True)
    mapping_versions = models.JSONField(default=dict)  # {"<mapping id>": version}
    # What each part of the payload rests on: sync/documents.py, Basis.
    rests_on = models.JSONField(default=list)
    # What a look-up looks for, frozen with the payload: vendor_id, number, date, total.
    sought = models.JSONField(default=dict)
    sends = models.PositiveIntegerField(default=0)
    first_sent_at = models.DateTimeField(null=True)
    last_sent_at = models.DateTimeField(null=True)
    # Look-ups in a row that found nothing, and when the last of them was.
    not_found = models.PositiveIntegerField(default=0)
    looked_at = models.DateTimeField(null=True)
    # Once an answer was lost, this chain never gets another key: docs/sending.md.
    was_unknown = models.BooleanField(default=False)
    # A person said that another document with the same number is a different bill.
    number_cleared = models.BooleanField(default=False)
    external_id = models.CharField(max_length=120, blank=True)
    answer = models.JSONField(null=True)
    cause = models.CharField(max_length=20, choices=Cause.choices, blank=True)
    sentence = models.TextField(blank=True)  # what happened, then what to do
    posted_at = models.DateTimeField(null=True)

    objects = PushQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "connection", "bill", "version"], name="one_push_a_version"
            ),
            models.UniqueConstraint(
                fields=["connection", "external_id"],
                condition=~Q(external_id=""),
                name="one_push_a_posted_document",
            ),
            models.CheckConstraint(
                condition=~Q(state="posted") | ~Q(external_id=""), name="what_is_posted_has_an_id"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "failed"]) | Q(payload__isnull=False),
                name="what_was_sent_is_kept",
            ),
        ]
        indexes = [
            models.Index(
                fields=["company", "state", "bill"], include=["version"], name="pushes_counted"
            ),
            # Which of them used a mapping, and in which version.
            GinIndex(fields=["mapping_versions"], name="pushes_by_mapping"),
        ]

    def __str__(self) -> str:
        return f"push of {self.bill}"

    def get_absolute_url(self) -> str:
        return self.bill.get_absolute_url()

    @property
    def is_perhaps_in_the_ledger(self) -> bool:
        """See PushQuerySet.perhaps_in_the_ledger()."""
        return self.state not in {self.State.QUEUED, self.State.FAILED}
