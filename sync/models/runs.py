"""Pulls, sends and other long work, whose progress can be watched."""

from django.db import models
from django.db.models import Q
from django.urls import reverse

from common.choices import RecordKind
from common.work import Work, WorkQuerySet
from companies.models import Company, User
from connectors.models import Connection, Record


class Run(models.Model):
    """Something a person or the clock asked for, whose progress can be watched."""

    class Kind(models.TextChoices):
        PULL = "pull", "Pull"
        SEND = "send", "Send"

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        PARTLY = "partly", "Done, with problems"
        FAILED = "failed", "Failed"
        STOPPED = "stopped", "Stopped"

    company = models.ForeignKey(Company, models.PROTECT, related_name="runs")
    kind = models.CharField(max_length=4, choices=Kind.choices)
    connection = models.ForeignKey(Connection, models.PROTECT, null=True, related_name="runs")
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    started_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    # Of a pull that asks only for changes: how far before the last reading. None: everything.
    looks_back = models.DurationField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(kind="pull", state="running"),
                name="one_pull_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display().lower()} no. {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("sync:run", args=[self.company.slug, self.pk])


class PullStep(Work):
    """One list of a pull: vendors, or the bills of one project. Steps run in their order."""

    class What(models.TextChoices):
        COMPANY = "company", "Company"
        RECORDS = "records", "Lists"
        COMMITMENTS = "commitments", "Commitments"
        BILLS = "bills", "Bills"
        # Not for the lists' sake: what people posted before us shows what is called what.
        LEDGER_BILLS = "ledger_bills", "Bills entered so far"
        PAYMENTS = "payments", "Payments"

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    run = models.ForeignKey(Run, models.PROTECT, related_name="steps")
    position = models.PositiveIntegerField()
    what = models.CharField(max_length=12, choices=What.choices)
    record_kind = models.CharField(max_length=12, choices=RecordKind.choices, blank=True)
    project = models.ForeignKey(Record, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    found = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True)

    objects = WorkQuerySet.as_manager()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="steps_have_an_order")
        ]

    def __str__(self) -> str:
        what = (
            RecordKind(self.record_kind).label + "s"
            if self.record_kind
            else self.get_what_display()
        )
        return f"{what} of {self.project}" if self.project else what


class PullProblem(models.Model):
    """A record that could not be taken in, kept with what the source sent. Nothing is dropped."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="pull_problems")
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="+")
    step = models.ForeignKey(PullStep, models.PROTECT, related_name="problems")
    at = models.DateTimeField(auto_now_add=True)
    sentence = models.TextField()
    payload = models.JSONField(null=True)
    # Set when a later pull of the same list was read to its end; what kept a list from being read
    # at all, when a later pull met something else.
    cleared_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.sentence


class Judging(Work):
    """A company's bills being judged anew, because it decided otherwise: sync/judging.py."""

    company = models.OneToOneField(Company, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    reached = models.BigIntegerField(default=0)  # the last bill judged, by id; they go in order
    judged = models.PositiveIntegerField(default=0)
    to_judge = models.PositiveIntegerField(default=0)  # when it was asked for
    notice = models.TextField(blank=True)

    objects = WorkQuerySet.as_manager()

    def __str__(self) -> str:
        return f"bills of {self.company} judged anew"


class WorkerMark(models.Model):
    """When a queue worker last started and ended a task: the supervisor reads progress here."""

    host = models.CharField(max_length=120)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["host", "pid"], name="one_mark_a_worker")]
