"""What each source record is called in the ledger, who says so, and since when it is in force."""

from decimal import Decimal
from uuid import NAMESPACE_OID, UUID, uuid5

from django.db import models
from django.db.models import Q
from django.urls import reverse

from common.choices import RIDERS, RecordKind
from common.work import Work, WorkQuerySet
from companies.models import Company, CompanySettings, User
from connectors.models import Record
from mapping.querysets import MappingQuerySet, PublicationQuerySet


class Kind(models.TextChoices):
    """The kinds of mapping, named for the source record they translate."""

    VENDOR = "vendor", "Vendors"
    PROJECT = "project", "Projects"
    COST_CODE = "cost_code", "Cost codes"
    COST_TYPE = "cost_type", "Cost types"
    PAIR = "pair", "Pairs"
    OVERRIDE = "override", "Project overrides"
    DEFAULT = "default", "Company default"

    @property
    def slug(self) -> str:
        return self.value.replace("_", "-") + "s"

    @property
    def lower_label(self) -> str:
        return self.label.lower()

    @property
    def singular(self) -> str:
        return self.label.lower().removesuffix("s")


class Level(models.IntegerChoices):
    """How specific a record is about a line. Of those that a person decided, the lowest rules."""

    WHOLE = 0, "the bill"  # vendor and project: there is no other level
    PROJECT_PAIR = 1, "the project's own pair"
    PROJECT_CODE = 2, "the project's own cost code"
    PROJECT_TYPE = 3, "the project's own cost type"
    PAIR = 4, "pair"
    COST_CODE = 5, "cost code"
    COST_TYPE = 6, "cost type"
    DEFAULT = 7, "company default"


def kinds_in_use(settings: CompanySettings) -> tuple[Kind, ...]:
    """What may decide where a bill of this company posts: vendor, project, and a line's levels."""
    ours = (Kind.OVERRIDE, Kind.DEFAULT) if settings.has_default else (Kind.OVERRIDE,)
    return drafted_kinds(settings) + ours


def drafted_kinds(settings: CompanySettings) -> tuple[Kind, ...]:
    """Those of them that the machine drafts: all that bills come with."""
    if settings.granularity == CompanySettings.Granularity.PAIR:
        return (Kind.VENDOR, Kind.PROJECT, Kind.PAIR, Kind.COST_CODE, Kind.COST_TYPE)
    return (Kind.VENDOR, Kind.PROJECT, Kind(settings.granularity))


def target_kinds(kind: Kind, settings: CompanySettings) -> tuple[RecordKind, ...]:
    """Which of the ledger's lists a mapping of this kind may point into."""
    if kind is Kind.VENDOR:
        return (RecordKind.VENDOR,)
    if kind is Kind.PROJECT:
        return {
            CompanySettings.ProjectTarget.PROJECT: (RecordKind.PROJECT,),
            CompanySettings.ProjectTarget.CUSTOMER: (RecordKind.CUSTOMER,),
            CompanySettings.ProjectTarget.EITHER: (RecordKind.PROJECT, RecordKind.CUSTOMER),
        }[CompanySettings.ProjectTarget(settings.project_target)]
    return {
        CompanySettings.PostingStyle.ITEMS: (RecordKind.ITEM,),
        CompanySettings.PostingStyle.ACCOUNTS: (RecordKind.ACCOUNT,),
        CompanySettings.PostingStyle.EITHER: (RecordKind.ITEM, RecordKind.ACCOUNT),
    }[CompanySettings.PostingStyle(settings.posting_style)]


class Publication(models.Model):
    """Mappings put in force together."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="publications")
    number = models.PositiveIntegerField()
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    # What it let go at that moment.
    bills_unblocked = models.PositiveIntegerField(default=0)
    amount_unblocked = models.DecimalField(max_digits=16, decimal_places=2, default=0)

    objects = PublicationQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["company", "number"], name="publications_are_numbered")
        ]

    def __str__(self) -> str:
        return f"publication no. {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("mapping:publication", args=[self.company.slug, self.number])


class SuggestionRun(Work):
    """One go of the machine over the records of one kind that nobody has decided on."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    company = models.ForeignKey(Company, models.PROTECT, related_name="suggestion_runs")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    started_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    ranker = models.CharField(max_length=80, default="local")
    to_look_at = models.PositiveIntegerField(default=0)
    looked_at = models.PositiveIntegerField(default=0)
    drafted = models.PositiveIntegerField(default=0)
    notice = models.TextField(blank=True)  # e.g. why the model was not asked
    cost_dollars = models.DecimalField(max_digits=10, decimal_places=6, default=0)

    objects = WorkQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"drafts for {self.get_kind_display().lower()}"

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)

    @property
    def has_failed(self) -> bool:
        return self.state == self.State.FAILED

    @property
    def has_asked(self) -> bool:
        """Something left the building, for the language model."""
        return self.exchanges.exists()

    @property
    def announcement(self) -> str:
        """What is said aloud on the way: the start and each quarter."""
        if not self.to_look_at or not self.looked_at:
            return "Drafting has started"
        quarters = 4 * self.looked_at // self.to_look_at
        return f"{25 * quarters}% looked at" if quarters else ""


def act_of(run_id: int) -> UUID:
    """Under which the lines of a run stand together in the trail."""
    return uuid5(NAMESPACE_OID, f"suggestion run {run_id}")


class Suggestion(models.Model):
    """What the machine found for one source record, kept for ever: five candidates and why."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="suggestions")
    run = models.ForeignKey(SuggestionRun, models.PROTECT, related_name="suggestions")
    source = models.ForeignKey(Record, models.PROTECT, related_name="suggestions")
    # Null when the machine abstained.
    target = models.ForeignKey(Record, models.PROTECT, null=True, related_name="+")
    confidence = models.DecimalField(max_digits=4, decimal_places=3, null=True)
    reason = models.CharField(max_length=300, blank=True)
    # [{"record": id, "score": 0.93, "reasons": ["same name but for the legal form"]}, …]
    candidates = models.JSONField(default=list)
    ranker = models.CharField(max_length=80, default="local")
    # What the local ranker drafts, or would say where it is not sure enough to.
    local_target = models.ForeignKey(Record, models.PROTECT, null=True, related_name="+")
    # What the language model said, blank where it gave no answer: a target, or "none_fits", or
    # "not_sure"; and how sure it said it is, which is not how sure it is shown.
    model = models.CharField(max_length=120, blank=True)
    model_target = models.ForeignKey(Record, models.PROTECT, null=True, related_name="+")
    model_reason = models.CharField(max_length=20, blank=True)
    model_confidence = models.DecimalField(max_digits=4, decimal_places=3, null=True)
    model_is_cached = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["source", "-id"], name="suggestions_of_a_record")]

    @property
    def runner_up(self) -> Decimal | None:
        """The best score among the candidates that were not drafted; the drafted one is first."""
        scores = [each["score"] for each in self.candidates[1:]]
        return Decimal(str(max(scores))) if scores else None


class ModelExchange(models.Model):
    """One request to a language model and what came back: everything that left the building.

    Written before the call with what it may cost, so that a call that never comes back counts.
    """

    company = models.ForeignKey(Company, models.PROTECT, related_name="model_exchanges")
    run = models.ForeignKey(SuggestionRun, models.PROTECT, related_name="exchanges")
    at = models.DateTimeField(auto_now_add=True)
    model = models.CharField(max_length=120)
    prompt = models.TextField()
    answer = models.TextField(blank=True)
    error = models.TextField(blank=True)
    records = models.PositiveIntegerField(default=0)  # asked about
    answered = models.PositiveIntegerField(default=0)  # of these, in a way that can be used
    tokens_in = models.PositiveIntegerField(default=0)
    tokens_out = models.PositiveIntegerField(default=0)
    cost_dollars = models.DecimalField(max_digits=10, decimal_places=6, default=0)
    duration_ms = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["company", "at"], name="exchanges_of_a_day")]

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out

    @property
    def cost(self) -> str:
        """A request costs less than a cent."""
        return f"${self.cost_dollars:.4f}"


class ModelAnswer(models.Model):
    """What a model said to one question, so that the same question is not asked and paid again."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="model_answers")
    exchange = models.ForeignKey(ModelExchange, models.PROTECT, related_name="answers")
    key = models.CharField(max_length=64)  # sha256 of model, instructions and question
    choice = models.PositiveSmallIntegerField(null=True)  # among the candidates of the question
    confidence = models.FloatField()
    reason = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "key"], name="one_answer_to_a_question")
        ]


class ModelMonth(models.Model):
    """What a company used of the language model in one month. Locked while a call is counted."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="model_months")
    first_day = models.DateField()
    calls = models.PositiveIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)
    cost_dollars = models.DecimalField(max_digits=12, decimal_places=6, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "first_day"], name="one_row_a_month")
        ]


class Mapping(models.Model):
    """What one source record is called in the ledger, and who stands behind it."""

    class State(models.TextChoices):
        # Undone or withdrawn. A row stays for ever, so that its version never begins anew; pages
        # show it like a record that has no row yet.
        NO_DRAFT = "none", "No draft"
        DRAFT = "draft", "Draft"
        ACCEPTED = "accepted", "Accepted, not published"
        PUBLISHED = "published", "Published"
        LEFT = "left", "Left for later"
        NO_MATCH = "no_match", "No match"

    class Stale(models.TextChoices):
        RENAMED = "renamed", "was renamed"
        MOVED = "moved", "was moved"
        MERGED = "merged", "was merged into another"
        INACTIVE = "inactive", "was made inactive"
        GONE = "gone", "is no longer in the list"
        RECREATED = "recreated", "was created anew"
        RETYPED = "retyped", "is of another type now"
        RIDING = "riding", "goes with something that changed"
        WRONG_KIND = "wrong_kind", "can no longer be used on a bill"

    company = models.ForeignKey(Company, models.PROTECT, related_name="mappings")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    source = models.ForeignKey(Record, models.PROTECT, related_name="mappings")
    target = models.ForeignKey(Record, models.PROTECT, null=True, related_name="mapped_from")
    # What rides along to the lines and to the bill, where a person said so: mapping/riding.py.
    ledger_class = models.ForeignKey(
        Record, models.PROTECT, null=True, related_name="+", db_index=False
    )
    location = models.ForeignKey(
        Record, models.PROTECT, null=True, related_name="+", db_index=False
    )
    department = models.ForeignKey(
        Record, models.PROTECT, null=True, related_name="+", db_index=False
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    # Why a published mapping holds its bills although it is published; blank while it is good.
    stale = models.CharField(max_length=10, choices=Stale.choices, blank=True)
    # 0 to 1; null when a person chose the pair and no score was involved.
    confidence = models.DecimalField(max_digits=4, decimal_places=3, null=True)
    # The best other candidate's: a draft that barely beat it is not accepted with others.
    runner_up = models.DecimalField(max_digits=4, decimal_places=3, null=True)
    suggestion = models.ForeignKey(Suggestion, models.PROTECT, null=True, related_name="+")
    is_override = models.BooleanField(default=False)
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)
    publication = models.ForeignKey(Publication, models.PROTECT, null=True, related_name="mappings")
    # The target's label when it was put in force: a rename afterwards makes the mapping stale.
    published_label = models.CharField(max_length=2200, blank=True)
    # Its type at that moment, where a type says what it posts.
    published_type = models.CharField(max_length=80, blank=True)
    # The label of what rides along.
    published_riding = models.CharField(max_length=4500, blank=True)
    # What the target was called when a rename was last noticed: another since then is news again.
    renamed_to = models.CharField(max_length=2200, blank=True)
    # Raised by every change; pages send it back, pushes freeze it.
    version = models.PositiveIntegerField(default=1)
    updated_at = models.DateTimeField(auto_now=True)

    objects = MappingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source"], name="one_mapping_a_source_record"),
            models.CheckConstraint(
                condition=Q(state="published", publication__isnull=False)
                | (~Q(state="published") & Q(publication__isnull=True)),
                name="mapping_in_force_says_which_publication",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["none", "left", "no_match"]) | Q(target__isnull=False),
                name="mapping_that_says_something_has_a_target",
            ),
            models.CheckConstraint(
                condition=~Q(state="none") | Q(target__isnull=True, decided_by__isnull=True),
                name="mapping_without_a_draft_says_nothing",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["none", "draft"]) | Q(decided_by__isnull=False),
                name="what_is_decided_has_a_person_behind_it",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["none", "draft"])
                | Q(**{f"{name}__isnull": True for name in RIDERS}),
                name="only_a_person_says_what_rides_along",
            ),
            models.CheckConstraint(
                condition=Q(stale="") | Q(state="published"), name="only_a_published_one_is_stale"
            ),
        ]
        indexes = [
            models.Index(fields=["company", "kind", "state"], name="mapping_by_kind_and_state"),
            models.Index(
                fields=["company", "kind", "-confidence"],
                condition=Q(state="draft"),
                name="drafts_by_confidence",
            ),
        ]

    def __str__(self) -> str:
        return f"{Kind(self.kind).singular} {self.source}"

    def get_absolute_url(self) -> str:
        return reverse(
            "mapping:detail", args=[self.company.slug, Kind(self.kind).slug, self.source_id]
        )

    @property
    def is_undecided(self) -> bool:
        """Nobody decided anything, so that the machine may change it."""
        return self.state in UNDECIDED

    @property
    def is_in_force(self) -> bool:
        return self.state == self.State.PUBLISHED and not self.stale

    @property
    def seen(self) -> str:
        """What a form sends back to say which row was shown, and in which version."""
        return f"{self.pk}:{self.version}"

    @property
    def riding(self) -> tuple[Record, ...]:
        """What goes along with the target: a class, a location, a department."""
        return tuple(record for name in RIDERS if (record := getattr(self, name)))

    @property
    def riding_label(self) -> str:
        """ "class Civil:Marine, location South Yard"; blank when nothing rides along."""
        named = (f"{RecordKind(row.kind).label.lower()} {row.label}" for row in self.riding)
        return ", ".join(named)

    def redraft(self, suggestion: Suggestion | None) -> None:
        """Say what the machine found, or nothing, in place of what stands here. Not yet saved."""
        before = self.state, self.target_id
        found = suggestion if suggestion and suggestion.target else None
        self.state = self.State.DRAFT if found else self.State.NO_DRAFT
        self.suggestion = found
        self.target = found.target if found else None
        self.confidence = found.confidence if found else None
        self.runner_up = found.runner_up if found else None
        self.is_override, self.note = False, ""
        self.ride_alone()
        self.decided_by = self.decided_at = None
        if (self.state, self.target_id) != before:
            self.version += 1

    def ride_alone(self) -> None:
        for name in RIDERS:
            setattr(self, name, None)

    def as_values(self) -> dict[str, object]:
        """For the trail."""
        return {
            "state": self.state,
            "target": self.target_id,
            "target_name": self.target.label if self.target else None,
            "confidence": None if self.confidence is None else str(self.confidence),
            "suggestion": self.suggestion_id,
            **({"riding": self.riding_label} if self.riding else {}),
            "version": self.version,
        }


UNDECIDED = (Mapping.State.NO_DRAFT, Mapping.State.DRAFT)
# Changes after which the target may still be right: a person says so, and it is in force again.
CONFIRMABLE = (
    Mapping.Stale.RENAMED,
    Mapping.Stale.MOVED,
    Mapping.Stale.RETYPED,
    Mapping.Stale.RIDING,
)
# Where a more specific mapping in one of these states stands, no other is asked.
DECIDED = (Mapping.State.ACCEPTED, Mapping.State.PUBLISHED, Mapping.State.LEFT)


class Refusal(models.Model):
    """A pair that a person turned down: no machine offers it again, a person may still choose it.

    Written and taken back only by `mapping/refusing.py`.
    """

    company = models.ForeignKey(Company, models.PROTECT, related_name="refusals")
    source = models.ForeignKey(Record, models.PROTECT, related_name="refusals", db_index=False)
    target = models.ForeignKey(Record, models.PROTECT, related_name="+")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    # The mapping's version after the decision that refused it: undoing that one takes it back.
    mapping_version = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "target"], name="a_pair_is_refused_once")
        ]

    def __str__(self) -> str:
        return f"refused by {self.by}"


class Precedent(models.Model):
    """What the ledger's own bills show: how often one source record was posted under a row of it.

    Bills that we posted are not counted: they would prove a mapping by itself. Written only by
    `learning.keep_precedents()`.
    """

    company = models.ForeignKey(Company, models.PROTECT, related_name="precedents")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    source = models.ForeignKey(Record, models.PROTECT, related_name="precedents", db_index=False)
    target = models.ForeignKey(Record, models.PROTECT, related_name="+")
    times = models.PositiveIntegerField()  # bills
    first_date = models.DateField()
    last_date = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "target"], name="one_precedent_a_pair")
        ]


class PublicationLine(models.Model):
    """What one publication put in force: kept as it was, whatever becomes of the mapping."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="+")
    publication = models.ForeignKey(Publication, models.PROTECT, related_name="lines")
    mapping = models.ForeignKey(Mapping, models.PROTECT, related_name="publication_lines")
    mapping_version = models.PositiveIntegerField()
    target = models.ForeignKey(Record, models.PROTECT, related_name="+")
    source_label = models.CharField(max_length=2200)
    target_label = models.CharField(max_length=2200)
    riding_label = models.CharField(max_length=4500, blank=True)


class MappingFile(Work):
    """A spreadsheet somebody uploaded: what it comes to line by line, and what was done of it."""

    class State(models.TextChoices):
        PREVIEWED = "previewed", "Previewed"
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"

    class Mode(models.TextChoices):
        DRAFTS = "drafts", "as drafts"
        ACCEPTED = "accepted", "accepted"

    company = models.ForeignKey(Company, models.PROTECT, related_name="mapping_files")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    name = models.CharField(max_length=200)
    uploaded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)
    # As `importing.keep` writes them: one a line of the file, with what became of it.
    lines = models.JSONField(default=list)
    changes = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PREVIEWED)
    mode = models.CharField(max_length=8, choices=Mode.choices, blank=True)
    applied_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    brought_in = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    objects = WorkQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("mapping:file", args=[self.company.slug, self.pk])

    @property
    def is_under_way(self) -> bool:
        return self.state in (self.State.WAITING, self.State.RUNNING)

    @property
    def left(self) -> int:
        """How many lines are still to be brought in."""
        return sum(each["says"] == "changes" and not each["done"] for each in self.lines)

    @property
    def refused(self) -> int:
        return sum(each["done"] not in ("", "done") for each in self.lines)
