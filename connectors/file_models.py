"""What came into a source by its exported files: files, rows, and what people said of them.

Django finds them through `connectors.models`.
"""

from django.db import models
from django.urls import reverse

from common.work import Work, WorkQuerySet
from companies.models import Company, User


class SourceFile(Work):
    """An exported file somebody uploaded: what it comes to, and what was done of it.

    Its given name is a label only. The bytes are kept until it was brought in, its SHA-256 and who
    uploaded it for ever.
    """

    class State(models.TextChoices):
        UPLOADED = "uploaded", "Being read"
        NEEDS_COLUMNS = "needs_columns", "Asks what its columns are"
        NEEDS_JOBS = "needs_jobs", "Asks which jobs it means"
        PREVIEWED = "previewed", "Previewed"
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Being brought in"
        DONE = "done", "Brought in"
        NOT_USED = "not_used", "Not used yet"
        REFUSED = "refused", "Refused"

    company = models.ForeignKey(Company, models.PROTECT, related_name="source_files")
    connection = models.ForeignKey(
        "connectors.Connection", models.PROTECT, related_name="source_files"
    )
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()  # bytes
    content = models.BinaryField(null=True)
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)
    # Said by who uploaded it: nothing is missing from it; what has no status was approved.
    is_full = models.BooleanField(default=False)
    is_approved = models.BooleanField(default=False)
    # Of which list it is, and of which family of exports; blank until it was read.
    kind = models.CharField(max_length=20, blank=True)
    family = models.CharField(max_length=1, blank=True)
    job = models.CharField(max_length=120, blank=True)  # of a file that names none: chosen
    state = models.CharField(max_length=14, choices=State.choices, default=State.UPLOADED)
    problem = models.TextField(blank=True)  # a sentence; blank while all is well
    # What a person has to say first: job names, or the rows in which the heads may stand.
    asks = models.JSONField(default=dict)
    new = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    same = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)  # totals, payments: said in `problems`
    errors = models.PositiveIntegerField(default=0)
    missing = models.PositiveIntegerField(default=0)  # known rows that a full export lacks
    sample = models.JSONField(default=list)  # the first rows, as people read them
    problems = models.JSONField(default=list)  # {"row", "sentence", "cells", "is_error"}
    previewed_at = models.DateTimeField(null=True)
    brought_in_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    finished_at = models.DateTimeField(null=True)

    objects = WorkQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("connectors:source-file", args=[self.company.slug, self.pk])

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.UPLOADED, self.State.WAITING, self.State.RUNNING)

    @property
    def found(self) -> int:
        """Rows that say something we understand."""
        return self.new + self.changed + self.same


class SourceRow(models.Model):
    """One row of an export by its natural key, as the latest file had it. Never deleted."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="+", db_index=False)
    connection = models.ForeignKey(
        "connectors.Connection", models.PROTECT, related_name="source_rows", db_index=False
    )
    kind = models.CharField(max_length=20)
    key = models.CharField(max_length=64)  # a digest of what makes it this row
    # What several rows are lines of; the key again where a row stands for itself.
    document = models.CharField(max_length=64)
    job = models.CharField(max_length=120, blank=True)  # the project's external id
    content = models.JSONField()
    content_sha256 = models.CharField(max_length=64)
    # The last to change it, and the last to have it.
    file = models.ForeignKey(SourceFile, models.PROTECT, related_name="rows")
    number = models.PositiveIntegerField()  # of its row in that file
    seen_in = models.ForeignKey(SourceFile, models.PROTECT, related_name="+", db_index=False)
    missing_since = models.DateTimeField(null=True)  # from an export that was said to be full

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind", "key"], name="one_source_row_a_key"
            )
        ]
        indexes = [models.Index(fields=["connection", "kind", "job"], name="source_rows_of_a_job")]

    def __str__(self) -> str:
        return f"{self.kind} {self.key[:8]}"


class JobName(models.Model):
    """Which job a name in an export means: said once by a person, kept for ever.

    A job may have had several names; the latest is the one it is called by.
    """

    company = models.ForeignKey(Company, models.PROTECT, related_name="job_names")
    connection = models.ForeignKey(
        "connectors.Connection", models.PROTECT, related_name="job_names"
    )
    name = models.CharField(max_length=600)  # without case and doubled blanks
    label = models.CharField(max_length=600)  # as the file has it
    source_id = models.CharField(max_length=60, blank=True)  # where an export carries ids
    job = models.CharField(max_length=120)  # the project's external id
    confirmed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "name", "source_id"], name="one_job_a_name"
            )
        ]

    def __str__(self) -> str:
        return self.label


class ColumnMap(models.Model):
    """What the columns of a file with these heads are: said once by a person."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="column_maps")
    fingerprint = models.CharField(max_length=64)  # of the heads, in their order
    heads = models.JSONField()
    kind = models.CharField(max_length=20)
    columns = models.JSONField()  # field to column, the first being 0
    saved_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "fingerprint"], name="one_map_of_columns")
        ]

    def __str__(self) -> str:
        return ", ".join(self.heads)[:80]
