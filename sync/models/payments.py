"""What the ledger has paid, and what the source was told of it."""

from django.db import models

from common.work import Work, WorkQuerySet
from companies.models import Company
from connectors.models import Connection
from sync.models.bills import Push


class LedgerPayment(models.Model):
    """Money that left the books, whoever entered it. The ledger's own ids stand for its rows."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="ledger_payments")
    connection = models.ForeignKey(
        Connection, models.PROTECT, related_name="ledger_payments", db_index=False
    )
    external_id = models.CharField(max_length=120)
    vendor_external_id = models.CharField(max_length=120, blank=True)
    payment_date = models.DateField()
    number = models.CharField(max_length=120, blank=True)
    amount = models.DecimalField(max_digits=16, decimal_places=2)
    currency = models.CharField(max_length=3, blank=True)
    is_void = models.BooleanField(default=False)  # voided or deleted there
    first_seen_at = models.DateTimeField(auto_now_add=True)
    payload = models.JSONField(null=True)

    class Meta:
        ordering = ["payment_date", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "external_id"], name="one_payment_an_external_id"
            )
        ]

    def __str__(self) -> str:
        return f"payment {self.number or self.external_id}"


class PaymentShare(models.Model):
    """What one payment paid of one bill of the ledger, ours or not.

    A share that a later read no longer shows stays with nothing, so that the source hears of it.
    """

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    payment = models.ForeignKey(LedgerPayment, models.CASCADE, related_name="shares")
    bill_external_id = models.CharField(max_length=120)
    amount = models.DecimalField(max_digits=16, decimal_places=2)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "bill_external_id"], name="one_share_a_bill_of_a_payment"
            )
        ]
        indexes = [models.Index(fields=["company", "bill_external_id"], name="shares_of_a_bill")]


class PaidNotice(Work):
    """That the source is to hear what was paid of one bill we posted.

    Telling says the whole state each time, and the same again changes nothing there, so a lost
    answer is simply told again.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "On its way"
        TOLD = "told", "Told"
        FAILED = "failed", "Not taken"
        NOT_TAKEN = "not_taken", "The source takes none"

    company = models.ForeignKey(Company, models.PROTECT, related_name="paid_notices")
    push = models.OneToOneField(Push, models.PROTECT, related_name="paid_notice")
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    told_sha256 = models.CharField(max_length=64, blank=True)  # of what the source was told last
    told_at = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0)
    sentence = models.TextField(blank=True)

    objects = WorkQuerySet.as_manager()

    def __str__(self) -> str:
        return f"notice of payment for {self.push}"
