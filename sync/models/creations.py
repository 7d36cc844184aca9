"""A record that a person has us create in the ledger, because it has no counterpart there."""

from django.db import models
from django.db.models import Q
from django.urls import reverse

from common.choices import RecordKind
from common.work import Work, WorkQuerySet
from companies.models import Company, User
from connectors.models import Connection, Record
from connectors.records import NewRecord


class RecordCreation(Work):
    """One wish of one person, carried out once.

        waiting ──claim──▶ sending ──answer──▶ created (mirrored, and accepted for its source)
           ▲                 ├─ a clear no ──▶ failed
           │ surely not done ┤
           └─────────────────┴─ anything else, or the worker died ──▶ unknown
                                     │ somebody has the name now ──▶ created
                                     └─ long gone by, and nobody has it ──▶ waiting, same key

    In the spirit of docs/sending.md: what may have been done is looked up before anything else.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting to be sent"
        SENDING = "sending", "Being sent"
        UNKNOWN = "unknown", "Outcome unknown"
        CREATED = "created", "Created"
        FAILED = "failed", "Not created"

    UNDER_WAY = (State.WAITING, State.SENDING, State.UNKNOWN)

    company = models.ForeignKey(Company, models.PROTECT, related_name="record_creations")
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="record_creations")
    source = models.ForeignKey(Record, models.PROTECT, related_name="creations")
    kind = models.CharField(max_length=12, choices=RecordKind.choices)  # what it becomes there
    wanted = models.JSONField()  # the fields of connectors.records.NewRecord
    parent_label = models.CharField(max_length=2000, blank=True)
    payload = models.BinaryField()  # as it was shown to the person who asked
    key = models.CharField(max_length=24, unique=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    sentence = models.TextField(blank=True)  # what happened, then what to do
    mapping_version = models.PositiveIntegerField()  # of the row that the person looked at
    asked_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    not_found = models.PositiveIntegerField(default=0)  # looks in a row that found nothing
    tries = models.PositiveIntegerField(default=0)
    target = models.ForeignKey(Record, models.PROTECT, null=True, related_name="+")

    objects = WorkQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source"],
                condition=Q(state__in=["waiting", "sending", "unknown"]),
                name="one_creation_at_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="created") | Q(target__isnull=False),
                name="what_was_created_is_mirrored",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display().lower()} {self.wanted.get('name', '')}"

    def get_absolute_url(self) -> str:
        return reverse("sync:creation", args=[self.company.slug, self.pk])

    @property
    def is_under_way(self) -> bool:
        return self.state in self.UNDER_WAY

    @property
    def new(self) -> NewRecord:
        return NewRecord(**{**self.wanted, "kind": RecordKind(self.kind)})
