"""Connections to other systems, the rows we mirror from them, and every call we made."""

from datetime import timedelta
from uuid import uuid4

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince

from common.choices import COMBINED, RecordKind, Side, System, Way
from common.work import Work, WorkQuerySet
from companies.models import Company, User
from connectors.querysets import RecordQuerySet, Words
from connectors.quickbooks_desktop.models import (  # noqa: F401  # Django looks for models here
    WebConnectorQuestion,
    WebConnectorSession,
)
from connectors.vault import SecretField


class Connection(models.Model):
    """One company's tie to one company file in another system.

    `row_key` binds the encrypted credentials to this row, and is in the address at which the other
    system tells us news or calls us: nobody can guess it. Tokens are replaced by compare-and-swap
    on `token_version` under `refresh_until`, one refresh at a time: connectors/tokens.py.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting for its first call"  # of a system that calls us
        CONNECTED = "connected", "Working"
        PAUSED = "paused", "Paused"  # by an admin; nothing is read or sent, everything is kept
        NEEDS_CONSENT = "needs_consent", "Needs sign-in"
        DISCONNECTED = "disconnected", "Disconnected"

    company = models.ForeignKey(Company, models.PROTECT, related_name="connections")
    side = models.CharField(max_length=6, choices=Side.choices)
    system = models.CharField(max_length=20, choices=System.choices)
    way = models.CharField(max_length=14, choices=Way.choices, default=Way.CONSENT)
    external_company_id = models.CharField(max_length=64)
    name = models.CharField(max_length=1024)  # the company as the other system names it
    state = models.CharField(max_length=14, choices=State.choices, default=State.CONNECTED)
    problem = models.TextField(blank=True)  # a sentence; blank while all is well
    connected_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    connected_at = models.DateTimeField()
    # Who looks after it, where that is another person than the one who connected it.
    owner = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    paused_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    paused_at = models.DateTimeField(null=True, blank=True)
    row_key = models.UUIDField(default=uuid4, editable=False, unique=True)
    # {"access", "refresh"} and, for a day after a refresh, {"previous_refresh", "previous_until"}
    credentials = SecretField()
    token_version = models.PositiveIntegerField(default=0)
    token_expires_at = models.DateTimeField(null=True)
    refresh_until = models.DateTimeField(null=True)
    # Calls wait for this moment: the rate limit's next free slot, or a pause asked for by a 429.
    next_free_at = models.DateTimeField(null=True)
    books_closed_through = models.DateField(null=True)
    features = models.JSONField(default=dict)
    # What an admin chose or typed in that is no secret: a user id, an entity, a default location.
    options = models.JSONField(default=dict, blank=True)
    # {"secret"} and, for a day after a change, {"previous", "previous_until"}
    hook_secret = SecretField()
    hooks_set_at = models.DateTimeField(null=True)  # when the system was last asked to tell us
    last_heard_at = models.DateTimeField(null=True)  # a webhook, or a call of its connector
    last_pulled_at = models.DateTimeField(null=True)  # the last complete pull
    last_sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            # One source and one ledger a company for now; routing by project comes later.
            models.UniqueConstraint(
                fields=["company", "side"],
                condition=~Q(state="disconnected"),
                name="one_live_connection_a_side",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_system_display()}: {self.name}"

    @property
    def last_heard(self) -> str:
        """ "last heard 14 minutes ago": for systems that call us, or tell us news."""
        if self.last_heard_at is None:
            return "never heard so far"
        if timezone.now() - self.last_heard_at < timedelta(minutes=1):
            return "last heard just now"
        ago = timesince(self.last_heard_at, depth=1).replace("\N{NO-BREAK SPACE}", " ")
        return f"last heard {ago} ago"

    @property
    def in_charge(self) -> User:
        return self.owner or self.connected_by


class ConsentRequest(models.Model):
    """A trip to another system's consent page. Its state is random, single use, ten minutes."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    user = models.ForeignKey(User, models.PROTECT, related_name="+")
    system = models.CharField(max_length=20, choices=System.choices)
    state_sha256 = models.CharField(max_length=64, unique=True)
    session_sha256 = models.CharField(max_length=64)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    # While a person chooses among several companies: {"access", "refresh", "expires_at"}.
    row_key = models.UUIDField(default=uuid4, editable=False)
    credentials = SecretField()


class Record(models.Model):
    """A mirrored row of either side, known by connection, kind and external id, never by name."""

    # Keys without an index of their own begin one that is listed below.
    company = models.ForeignKey(Company, models.PROTECT, related_name="records", db_index=False)
    connection = models.ForeignKey(
        Connection, models.PROTECT, related_name="records", db_index=False
    )
    kind = models.CharField(max_length=12, choices=RecordKind.choices)
    external_id = models.CharField(max_length=120)
    code = models.CharField(max_length=120, blank=True)
    name = models.CharField(max_length=600)
    path = models.CharField(max_length=2000, blank=True)
    parent_external_id = models.CharField(max_length=120, blank=True)
    type = models.CharField(max_length=80, blank=True)
    other_names = models.JSONField(default=list)
    address = models.CharField(max_length=600, blank=True)
    city = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=255, blank=True)
    postcode = models.CharField(max_length=40, blank=True)
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=60, blank=True)
    tax_id = models.CharField(max_length=40, blank=True)
    term_id = models.CharField(max_length=120, blank=True)  # a ledger vendor's payment term
    is_active = models.BooleanField(default=True)
    is_selectable = models.BooleanField(default=True)
    requires = models.JSONField(default=list)  # of connectors.records.DIMENSIONS
    # Set when a complete pass over the list no longer found it.
    gone_at = models.DateTimeField(null=True, blank=True)
    renamed_from = models.CharField(max_length=600, blank=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    payload = models.JSONField(null=True)
    payload_sha256 = models.CharField(max_length=64)
    # What a record that we put together is made of: a pair's code and type, or the project that
    # differs and in what. See mapping/combining.py.
    part_project = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", db_index=False
    )
    part_code = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", db_index=False
    )
    part_type = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="+", db_index=False
    )
    # Lower-case name, code, city and further names in one: what the search box looks through.
    search_text = models.TextField(blank=True)

    objects = RecordQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind", "external_id"], name="one_record_an_external_id"
            ),
            models.UniqueConstraint(
                fields=["connection", "kind", "part_project", "part_code", "part_type"],
                condition=Q(kind__in=COMBINED),
                nulls_distinct=False,
                name="one_record_a_combination",
            ),
        ]
        indexes = [
            # All that the review table counts and sorts by: the rows themselves are wide.
            models.Index(
                fields=["company", "kind", "name"],
                include=["id", "connection", "gone_at"],
                name="record_by_kind_and_name",
            ),
            # What somebody types into a box finds a row among tens of thousands by this.
            GinIndex(Words("search_text"), name="record_by_words"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}" if self.code and self.code != self.name else self.name

    @property
    def is_usable(self) -> bool:
        """May a document that is sent today refer to it?"""
        return self.is_active and self.is_selectable and self.gone_at is None

    @property
    def label(self) -> str:
        """The name with its place in the tree: two accounts called "Materials" differ by path."""
        return f"{self.code} {self.path or self.name}".strip()


class RoutedProject(models.Model):
    """A project of a source account whose bills come to this company's books: routing.py."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="routed")
    project = models.ForeignKey(Record, models.CASCADE, related_name="+")
    account = models.CharField(max_length=100)  # the same for every company tied to it
    project_external_id = models.CharField(max_length=120)

    class Meta:
        constraints = [
            # Across companies: no bill reaches two sets of books.
            models.UniqueConstraint(
                fields=["account", "project_external_id"], name="a_project_has_one_set_of_books"
            )
        ]


class Call(models.Model):
    """One request we made and its answer, without secrets."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="calls")
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="calls")
    # The document it served, e.g. ("sync.push", 12); blank for lists.
    subject_type = models.CharField(max_length=60, blank=True)
    subject_id = models.BigIntegerField(null=True)
    made_at = models.DateTimeField()
    method = models.CharField(max_length=8)
    path = models.TextField()
    status = models.PositiveSmallIntegerField(null=True)
    duration_ms = models.PositiveIntegerField()
    request_id = models.CharField(max_length=120, blank=True)
    request_body = models.TextField(blank=True)
    response_body = models.TextField(blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["subject_type", "subject_id"],
                condition=~Q(subject_type=""),
                name="calls_of_a_document",
            )
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def get_absolute_url(self) -> str:
        return reverse("connectors:call", args=[self.company.slug, self.pk])

    @property
    def outcome(self) -> str:
        return str(self.status or self.error)


class InboxEvent(Work):
    """What another system told us by itself, kept as it came until it was heard."""

    class State(models.TextChoices):
        RECEIVED = "received", "Received"
        DONE = "done", "Heard"
        SET_ASIDE = "set_aside", "Set aside"

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    connection = models.ForeignKey(Connection, models.PROTECT, related_name="inbox")
    event_id = models.CharField(max_length=120)  # the sender's own, or a hash of the body
    body = models.BinaryField()
    headers = models.JSONField(default=dict)  # without what proves the sender
    received_at = models.DateTimeField(db_index=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.RECEIVED)
    heard_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)  # why it was set aside, or waits

    objects = WorkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "event_id"], name="one_row_an_event"),
        ]

    def __str__(self) -> str:
        return f"news {self.event_id} of {self.connection}"


class RefusedNews(models.Model):
    """How often, on one day, somebody told us something and could not prove where from."""

    system = models.CharField(max_length=20, choices=System.choices)
    # None: at the address that a system has for all its companies.
    connection = models.ForeignKey(Connection, models.PROTECT, null=True, related_name="+")
    day = models.DateField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["system", "connection", "day"],
                nulls_distinct=False,
                name="one_count_a_day_of_refused_news",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} refused on {self.day}"


# What exported files brought: Django looks for models here.
from connectors import file_models as file_models  # noqa: E402
