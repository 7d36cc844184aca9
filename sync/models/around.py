"""What stands beside the bills: commitments, teams, and what the ledger had already."""

from django.db import models

from companies.models import Company, Membership
from connectors.models import Connection, Record
from connectors.records import PulledCommitment


class Commitment(models.Model):
    """A subcontract or purchase order. Mirrored for reading; commitments post later."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="commitments")
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="+")
    kind = models.CharField(
        max_length=20, choices=[(k.value, k.value) for k in PulledCommitment.Kind]
    )
    external_id = models.CharField(max_length=120)
    number = models.CharField(max_length=120)
    title = models.CharField(max_length=600, blank=True)
    vendor = models.ForeignKey(Record, models.PROTECT, null=True, related_name="+")
    project = models.ForeignKey(Record, models.PROTECT, related_name="+")
    status = models.CharField(max_length=40)
    is_approved = models.BooleanField(default=False)
    commitment_date = models.DateField(null=True)
    original_amount = models.DecimalField(max_digits=14, decimal_places=2)
    revised_amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    content_sha256 = models.CharField(max_length=64)
    payload = models.JSONField(null=True)
    gone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind", "external_id"], name="one_commitment_an_external_id"
            )
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}".strip()


class CommitmentLine(models.Model):
    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    commitment = models.ForeignKey(Commitment, models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField()
    external_id = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    cost_code = models.ForeignKey(Record, models.PROTECT, null=True, related_name="+")
    cost_type = models.ForeignKey(Record, models.PROTECT, null=True, related_name="+")
    amount = models.DecimalField(max_digits=14, decimal_places=2)

    class Meta:
        ordering = ["position"]


class ProjectTeam(models.Model):
    """A project manager's own projects."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    project = models.ForeignKey(Record, models.CASCADE, related_name="team")
    membership = models.ForeignKey(Membership, models.CASCADE, related_name="projects")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "membership"], name="once_on_a_team")
        ]


class LedgerBill(models.Model):
    """A bill that is in the ledger already, whoever entered it: what it shows is in precedents.py.

    The ledger's own ids stand for its rows: they may come, and go, after the bill was read.
    """

    company = models.ForeignKey(Company, models.PROTECT, related_name="ledger_bills")
    connection = models.ForeignKey(
        Connection, models.PROTECT, related_name="ledger_bills", db_index=False
    )
    external_id = models.CharField(max_length=120)
    plain_number = models.CharField(max_length=200, blank=True)  # see Bill.plain_number
    vendor_external_id = models.CharField(max_length=120)
    bill_date = models.DateField()
    total = models.DecimalField(max_digits=16, decimal_places=2)
    # It carries our mark, so it says nothing that we did not say ourselves.
    is_ours = models.BooleanField(default=False)
    # [{"amount": "120.00", "account": "64", "item": "", "customer": "131"}, …]
    lines = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "external_id"], name="one_ledger_bill_an_external_id"
            )
        ]

    def __str__(self) -> str:
        return f"bill {self.external_id} in the ledger"
