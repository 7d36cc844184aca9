"""What is kept of the talk with a Web Connector: its sessions, and our questions to it.

Sections are those of the reference sheet of QuickBooks Desktop.
"""

from django.db import models
from django.db.models import Q


class WebConnectorSession(models.Model):
    """One run of a Web Connector, from `authenticate` to `closeConnection` (1.3).

    Its ticket is known to the Web Connector alone; we keep a hash. Ten minutes without a call end
    it. One is open per connection, so QuickBooks is asked by one machine at a time.
    """

    company = models.ForeignKey("companies.Company", models.PROTECT, related_name="+")
    connection = models.ForeignKey(
        "connectors.Connection", models.PROTECT, related_name="web_sessions", db_index=False
    )
    ticket_sha256 = models.CharField(max_length=64, unique=True)
    opened_at = models.DateTimeField()
    heard_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)  # when it was last given a question
    closed_at = models.DateTimeField(null=True)
    # Whether the company file it has open was recognised as ours: nothing is asked before.
    is_recognised = models.BooleanField(default=False)
    has_tried_open_file = models.BooleanField(default=False)
    company_file = models.TextField(blank=True)  # where the file lies on that computer
    country = models.CharField(max_length=8, blank=True)
    qbxml_version = models.CharField(max_length=12, blank=True)
    done = models.PositiveIntegerField(default=0)  # questions answered
    problem = models.TextField(blank=True)  # what `getLastError` tells

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection"], condition=Q(closed_at=None), name="one_open_web_session"
            ),
        ]
        indexes = [models.Index(fields=["connection", "-id"], name="web_sessions_newest")]

    def __str__(self) -> str:
        return f"session {self.pk}"


class WebConnectorQuestion(models.Model):
    """One qbXML message set for QuickBooks. Handed out once, whatever becomes of it.

    Waiting questions are handed to the session in their order. One that nobody took was surely
    not asked; one that was handed out and came to no answer may have been carried out.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting to be asked"
        HANDED = "handed", "Asked"
        ANSWERED = "answered", "Answered"
        WITHDRAWN = "withdrawn", "Withdrawn before it was asked"
        BROKEN_OFF = "broken_off", "Asked, and no answer will come"

    company = models.ForeignKey("companies.Company", models.PROTECT, related_name="+")
    connection = models.ForeignKey(
        "connectors.Connection", models.PROTECT, related_name="web_questions", db_index=False
    )
    session = models.ForeignKey(
        WebConnectorSession, models.PROTECT, null=True, related_name="questions"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    # By which an answer that comes late is known: `newMessageSetID` of a write, else `requestID`.
    mark = models.CharField(max_length=50)
    body = models.TextField()
    asked_at = models.DateTimeField(auto_now_add=True)
    handed_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answer = models.TextField(blank=True)
    # Filled instead of an answer when QuickBooks could not run the question (1.6).
    hresult = models.CharField(max_length=40, blank=True)
    message = models.TextField(blank=True)
    times_answered = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["connection", "state", "id"], name="web_questions_in_order"),
            models.Index(fields=["connection", "mark"], name="web_questions_by_mark"),
        ]

    def __str__(self) -> str:
        return f"question {self.pk}"
