"""Companies, the people in them, and what each company has decided."""

from decimal import Decimal
from typing import Any, ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractBaseUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A person, known by e-mail address. What they may do is in their memberships."""

    class Density(models.TextChoices):
        COMFORTABLE = "comfortable", "Comfortable"
        COMPACT = "compact", "Compact"

    class Theme(models.TextChoices):
        SYSTEM = "system", "As the system"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)  # operators of this installation
    date_joined = models.DateTimeField(default=timezone.now)
    shortcuts = models.BooleanField("Single-key shortcuts", default=True)
    density = models.CharField(max_length=12, choices=Density.choices, default=Density.COMFORTABLE)
    theme = models.CharField(max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    time_zone = models.CharField(max_length=50, blank=True)  # blank: the company's

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="one_user_an_address")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name


class Company(models.Model):
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=60, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("sync:overview", args=[self.slug])


class Role(models.TextChoices):
    ADMIN = "admin", "Admin"
    CONTROLLER = "controller", "Controller"
    ACCOUNTANT = "accountant", "Accountant"
    PROJECT_MANAGER = "project_manager", "Project manager"
    VIEWER = "viewer", "Viewer"


class Membership(models.Model):
    """One person's role in one company. Removing the row removes every right at once."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    joined_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "user"], name="one_membership_a_person")
        ]

    def __str__(self) -> str:
        return str(self.user)


class Invitation(models.Model):
    """An open door for one address. The token itself is only in the mail."""

    company = models.ForeignKey(Company, models.PROTECT, related_name="invitations")
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=20, choices=Role.choices)
    token_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "company",
                Lower("email"),
                condition=models.Q(accepted_at=None),
                name="one_open_invitation_an_address",
            )
        ]

    def __str__(self) -> str:
        return self.email


def _share() -> list[Any]:
    return [MinValueValidator(Decimal("0.500")), MaxValueValidator(Decimal("1.000"))]


class CompanySettings(models.Model):
    """What a company has decided about how its bills cross. Changed by an admin only."""

    class Granularity(models.TextChoices):
        COST_CODE = "cost_code", "Cost codes"
        COST_TYPE = "cost_type", "Cost types"
        PAIR = "pair", "Cost code and cost type together"

    class PostingStyle(models.TextChoices):
        ITEMS = "items", "Items (products and services)"
        ACCOUNTS = "accounts", "Accounts"
        EITHER = "either", "Either, chosen for each code"

    class ProjectTarget(models.TextChoices):
        PROJECT = "project", "A project"
        CUSTOMER = "customer", "A customer or sub-customer"
        EITHER = "either", "Either"

    company = models.OneToOneField(Company, models.PROTECT, related_name="settings")
    granularity = models.CharField(
        max_length=12, choices=Granularity.choices, default=Granularity.COST_CODE
    )
    posting_style = models.CharField(
        max_length=12, choices=PostingStyle.choices, default=PostingStyle.ACCOUNTS
    )
    project_target = models.CharField(
        max_length=12, choices=ProjectTarget.choices, default=ProjectTarget.EITHER
    )
    # Lines that nothing else is decided for go where the mapping of "All other lines" says.
    has_default = models.BooleanField(default=False)
    # Where held retainage is kept in the ledger; bills that hold any wait until it is named.
    retainage_account = models.ForeignKey(
        "connectors.Record", models.PROTECT, null=True, blank=True, related_name="+"
    )
    # The books are closed on and before this day; later of ours and the ledger's own counts.
    closed_through = models.DateField(null=True, blank=True)
    # Bills of this amount and above wait for a second person. Null: none do.
    approval_amount = models.DecimalField(
        max_digits=14, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    # Where the ledger has drafts: somebody there looks at each bill before it counts.
    send_as_draft = models.BooleanField(default=True)
    # Who accepted a mapping may not publish it.
    second_person_publishes = models.BooleanField(default=False)
    # A draft at or above `high` may be accepted with others in one step; below `medium` none is
    # drafted. Shares of one. What of vendors and projects is sure enough, the ranker decides by
    # itself, so that of a whole list nearly all drafts are right; the bar starts below that.
    vendor_high = models.DecimalField(
        max_digits=4, decimal_places=3, default=Decimal("0.950"), validators=_share()
    )
    vendor_medium = models.DecimalField(
        max_digits=4, decimal_places=3, default=Decimal("0.600"), validators=_share()
    )
    project_high = models.DecimalField(
        max_digits=4, decimal_places=3, default=Decimal("0.950"), validators=_share()
    )
    project_medium = models.DecimalField(
        max_digits=4, decimal_places=3, default=Decimal("0.600"), validators=_share()
    )
    line_high = models.DecimalField(
        max_digits=4, decimal_places=3, default=Decimal("0.900"), validators=_share()
    )
    line_medium = models.DecimalField(
        max_digits=4, decimal_places=3, default=Decimal("0.700"), validators=_share()
    )
    currency = models.CharField(max_length=3, default="USD")
    time_zone = models.CharField(max_length=50, default="America/Chicago")
    pull_every_minutes = models.PositiveSmallIntegerField(
        default=60, validators=[MinValueValidator(5), MaxValueValidator(1440)]
    )

    class Meta:
        verbose_name_plural = "company settings"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(vendor_medium__lte=models.F("vendor_high"))
                & models.Q(project_medium__lte=models.F("project_high"))
                & models.Q(line_medium__lte=models.F("line_high")),
                name="medium_is_not_above_high",
            )
        ]

    def __str__(self) -> str:
        return f"settings of {self.company}"


class ApiToken(models.Model):
    """Lets a program act for one person in one company, with that person's rights of the moment.

    Shown once; only its hash is kept.
    """

    company = models.ForeignKey(Company, models.PROTECT, related_name="api_tokens")
    user = models.ForeignKey(User, models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    token_sha256 = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name
