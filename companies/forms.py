"""What people type about themselves, each other and their company."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, ClassVar, cast
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.password_validation import (
    password_validators_help_text_html,
    validate_password,
)
from django.forms import BoundField

from common.choices import RecordKind, Side
from companies.access import Action, people
from companies.deciding import NAMES, version_of
from companies.models import Company, CompanySettings, Membership, Role, User

NEAR = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Toronto",
    "America/Vancouver",
)
CURRENCIES = {
    "USD": "US dollar (USD)",
    "CAD": "Canadian dollar (CAD)",
    "GBP": "British pound (GBP)",
    "EUR": "Euro (EUR)",
    "AUD": "Australian dollar (AUD)",
    "NZD": "New Zealand dollar (NZD)",
}
RETAINAGE_TYPE = "Other Current Liability"


def time_zones() -> list[Any]:
    """The usual ones first, then the whole world."""
    others = sorted(zone for zone in available_timezones() if "/" in zone and zone not in NEAR)
    return [
        ("North America", [(zone, zone.replace("_", " ")) for zone in NEAR]),
        ("Everywhere", [(zone, zone.replace("_", " ")) for zone in others]),
    ]


def _label(account: Any) -> str:
    return str(account.label)


class PercentField(forms.DecimalField):
    """Typed as 95, kept as 0.950."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=50, max_value=100, max_digits=4, decimal_places=1, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return f"{(value * 100).normalize():f}" if isinstance(value, Decimal) else value

    def clean(self, value: Any) -> Decimal:
        return cast("Decimal", super().clean(value)) / 100

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


# Set where their effect is seen: on the page that says how drafts did.
THRESHOLDS = (
    "vendor_high",
    "vendor_medium",
    "project_high",
    "project_medium",
    "line_high",
    "line_medium",
)


class InviteForm(forms.Form):
    email = forms.EmailField(
        label="E-mail address", max_length=254, widget=forms.EmailInput({"autocomplete": "off"})
    )
    role = forms.ChoiceField(label="Role", choices=Role.choices, initial=Role.CONTROLLER)


class RoleForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    class Meta:
        model = Membership
        fields = ("role",)


class JoinForm(forms.Form):
    name = forms.CharField(
        label="Your name", max_length=120, widget=forms.TextInput({"autocomplete": "name"})
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html(),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        name = self.cleaned_data.get("name", "")
        validate_password(password, User(email=self.email, name=name))
        return password


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    time_zone = forms.ChoiceField(required=False, label="Time zone", choices=time_zones)

    class Meta:
        model = User
        fields = ("name", "theme", "density", "time_zone", "shortcuts")
        labels: ClassVar[dict[str, str]] = {
            "name": "Your name",
            "theme": "Colors",
            "density": "Rows",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "shortcuts": "A, O, L and others, while the focus is inside a table of drafts.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.ChoiceField", self.fields["time_zone"])
        field.choices = [("", "The company's own"), *time_zones()]


class TokenForm(forms.Form):
    company = forms.ModelChoiceField(
        Company.objects.none(),
        label="Company",
        help_text="The token reaches this company only, with your rights of the moment.",
    )
    name = forms.CharField(
        label="Name",
        max_length=80,
        help_text="What uses it, so that you know which one to revoke: “nightly export”.",
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast("forms.ModelChoiceField[Company]", self.fields["company"])
        field.queryset = Company.objects.filter(memberships__user=user).order_by("name")
        field.empty_label = "Choose one"
        first = list(field.queryset[:2])
        if len(first) == 1:
            field.initial, field.empty_label = first[0], None


class SettingsForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """What a company decides about its bills. `version` is what the person was looking at."""

    SECTIONS = (
        (
            "How bills post",
            "What each line of a bill becomes in the ledger.",
            (
                "granularity",
                "has_default",
                "posting_style",
                "project_target",
                "retainage_account",
            ),
        ),
        (
            "Before a mapping is in force",
            "What has to be true when accepted mappings are published.",
            ("second_person_publishes", "send_as_draft"),
        ),
        (
            "Before a bill is sent",
            "What makes a bill wait although its mappings are published.",
            ("closed_through", "approval_amount"),
        ),
        ("Company", "", ("currency", "time_zone", "pull_every_minutes")),
    )

    version = forms.CharField(widget=forms.HiddenInput)
    currency = forms.ChoiceField(label="Currency", choices=CURRENCIES)
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=time_zones,
        help_text="Decides which day it is for this company.",
    )

    class Meta:
        model = CompanySettings
        fields = tuple(name for name in NAMES if name not in THRESHOLDS)
        labels: ClassVar[dict[str, str]] = {
            "granularity": "Lines are mapped by",
            "has_default": "All other lines go to the company's default",
            "posting_style": "Lines post to",
            "project_target": "A project becomes",
            "retainage_account": "Retainage account",
            "second_person_publishes": "Another person publishes what somebody accepted",
            "send_as_draft": "Enter bills as drafts",
            "closed_through": "Books closed through",
            "approval_amount": "Approval from this amount",
            "pull_every_minutes": "Pull every, in minutes",
        }
        help_texts: ClassVar[dict[str, str]] = {
            "granularity": "By both together, a line goes by its pair, or else by its cost code, or"
            " else by its cost type: whatever of these somebody published. A project may always"
            " differ.",
            "has_default": "A line that nothing else was decided for goes where the mapping of"
            " “All other lines” says, drafts or not. Choose and publish that under Mappings.",
            "posting_style": "With either, one bill may have lines of both kinds.",
            "project_target": "A project of QuickBooks stands under its customer, so a line that"
            " names the project is the customer's as well.",
            "retainage_account": "Where held retainage is kept in the ledger. Bills that hold any"
            " wait until it is chosen.",
            "closed_through": "Bills dated on or before this day wait. The ledger's own closing"
            " date counts as well; the later of both decides.",
            "approval_amount": "Bills of this amount and above wait for a second person. Leave it"
            " empty if none should.",
            "send_as_draft": "Where the ledger has drafts: somebody there submits each bill."
            " Other ledgers take bills as they are.",
            "pull_every_minutes": "From 5 minutes to 1440, which is once a day. A system that can"
            " say what changed is asked every 5 minutes and read whole every night, whatever"
            " stands here.",
        }
        widgets: ClassVar[dict[str, forms.Widget]] = {
            "granularity": forms.RadioSelect(),
            "posting_style": forms.RadioSelect(),
            "project_target": forms.RadioSelect(),
            "closed_through": forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = version_of(self.instance)
        self._offer_accounts()
        self.fields["second_person_publishes"].help_text = self._who_publishes()

    def _who_publishes(self) -> str:
        """Said before it is saved: with one person alone, what that person accepts would stay."""
        who = [str(user) for user in people(self.instance.company, Action.PUBLISH)]
        rule = "Who accepted a mapping may not publish it."
        if len(who) > 1:
            return f"{rule} {len(who)} people may publish now: {', '.join(who[:5])}."
        alone = who[0] if who else "Nobody"
        return (
            f"{rule} Only {alone} may publish now: what {alone} accepts would wait until you make"
            " somebody else an admin or a controller."
        )

    def _offer_accounts(self) -> None:
        """Liability accounts of this company's ledger, and the one chosen already."""
        field = cast("forms.ModelChoiceField[Any]", self.fields["retainage_account"])
        chosen = self.instance.retainage_account_id
        # By way of the field: the record's own app stands left of this one.
        records: Any = field.queryset
        records = records.filter(company_id=self.instance.company_id)
        offered = records.on(Side.LEDGER).of(RecordKind.ACCOUNT).usable()
        offered = offered.filter(type=RETAINAGE_TYPE)
        if chosen:
            offered = offered | records.on(Side.LEDGER).filter(pk=chosen)
        field.queryset = offered.order_by("code", "path")
        field.label_from_instance = _label  # type: ignore[assignment,method-assign]
        field.empty_label = "None chosen yet"

    @property
    def differing(self) -> set[str]:
        """What was typed and is not so yet."""
        return {name for name in self.changed_data if name in NAMES}

    @property
    def decided(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self._meta.fields or ()}

    def sections(self) -> Iterator[tuple[str, str, list[BoundField]]]:
        for title, text, names in self.SECTIONS:
            yield title, text, [self[name] for name in names]

    def as_facts(self) -> Iterator[tuple[str, list[tuple[str, Any]]]]:
        """The same in words, for people who may only read."""
        for title, _text, names in self.SECTIONS:
            yield title, [(str(self[name].label), self._said(name)) for name in names]

    def _said(self, name: str) -> Any:
        value = getattr(self.instance, name)
        if name == "retainage_account":
            return value.label if value else None
        if name == "approval_amount" and value is not None:
            return f"{value:,.2f} {self.instance.currency}"
        if isinstance(value, bool):
            return "Yes" if value else "No"
        if name == "closed_through":
            return f"{value.day} {value:%b} {value.year}" if value else None
        display = getattr(self.instance, f"get_{name}_display", None)
        return display() if display else value
