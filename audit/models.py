"""The trail: lines that the database keeps as they were written."""

from django.db import models

from audit.querysets import EntryQuerySet


class Verb(models.TextChoices):
    DRAFTED = "drafted"
    ACCEPTED = "accepted"
    OVERRODE = "overrode"
    LEFT = "left", "left for later"
    NO_MATCH = "no_match", "marked as no match"
    UNDID = "undid", "undid the decision on"
    COMMENTED = "commented", "commented on"
    PUBLISHED = "published"
    UNPUBLISHED = "unpublished"
    WENT_STALE = "went_stale", "became stale"
    CAME_BACK = "came_back", "saw the target return for"
    CONFIRMED = "confirmed"
    PULLED = "pulled"
    BROUGHT_IN = "brought_in", "brought in"
    APPROVED = "approved"
    REJECTED = "rejected"
    SENT = "sent", "asked to send"
    CLAIMED = "claimed", "started sending"
    POSTED = "posted"
    FAILED = "failed", "failed to send"
    UNKNOWN = "unknown", "lost the answer of"
    REQUEUED = "requeued", "queued again"
    SET_ASIDE = "set_aside", "set aside"
    RESOLVED = "resolved"
    TOLD_PAID = "told_paid", "told the source what was paid of"
    INVITED = "invited"
    JOINED = "joined"
    CHANGED_ROLE = "changed_role", "changed the role of"
    REMOVED = "removed"
    CHANGED_SETTINGS = "changed_settings", "changed settings of"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    PAUSED = "paused"
    RESUMED = "resumed"
    HANDED_OVER = "handed_over", "handed over"
    CREATED = "created", "created in the ledger"
    LOST_CONSENT = "lost_consent", "lost the consent of"
    MADE_TOKEN = "made_token", "made the API token"
    REVOKED_TOKEN = "revoked_token", "revoked the API token"

    @property
    def words(self) -> str:
        """Amid a sentence: "made the API token"; Django capitalizes the labels it makes."""
        return self.label[0].lower() + self.label[1:]


class Entry(models.Model):
    """Who did what to which thing, when, and what it was before. Never changed, never deleted.

    A database trigger refuses UPDATE, DELETE and TRUNCATE. Names are stored beside the keys,
    because entries outlive people and renames.
    """

    company = models.ForeignKey("companies.Company", models.PROTECT, related_name="trail")
    at = models.DateTimeField(auto_now_add=True)
    # Null when a machine did it; `who` then names the machine.
    user = models.ForeignKey("companies.User", models.PROTECT, null=True, related_name="+")
    who = models.CharField(max_length=200)
    verb = models.CharField(max_length=20, choices=Verb.choices)
    object_type = models.CharField(max_length=60)  # "mapping.mapping"
    object_id = models.BigIntegerField()
    object_name = models.CharField(max_length=600)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    reason = models.TextField(blank=True)
    request_id = models.CharField(max_length=40, blank=True)
    # Lines of one act share this id; the first of each verb leads, and speaks for all on a page.
    act = models.UUIDField(null=True)
    leads = models.BooleanField(default=True)

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["company", "-id"], name="trail_newest_first"),
            models.Index(fields=["company", "object_type", "object_id"], name="trail_of_an_object"),
            models.Index(fields=["company", "act", "verb"], name="trail_of_an_act"),
            # What people did this week, counted without the lines of machines.
            models.Index(
                fields=["company", "at"],
                include=["verb"],
                condition=models.Q(user__isnull=False),
                name="trail_of_people",
            ),
            # What the page lists; the further lines of an act would only be stepped over.
            models.Index(
                fields=["company", "-id"], condition=models.Q(leads=True), name="trail_leads"
            ),
            models.Index(
                fields=["company", "user", "-id"],
                condition=models.Q(leads=True),
                name="trail_of_a_person",
            ),
            models.Index(
                fields=["company", "verb", "-id"],
                condition=models.Q(leads=True),
                name="trail_of_a_verb",
            ),
        ]
