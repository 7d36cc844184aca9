"""What an admin types in to tie a system: made of what its package asks for."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from companies.models import User
from connectors.errors import ConnectorError
from connectors.models import Connection
from connectors.packages import Field, Package
from connectors.vault import unseal

LONGEST = 4000  # a private key fits, a book does not
# A shorter secret would be half told by its end.
LONG_ENOUGH_TO_SHOW_ITS_END = 12
END = 4


class CredentialsForm(forms.Form):
    """One input per field of the package. A secret is write-only: whether it is set and how it
    ends is all that a page ever shows of it, and left blank the one that is set stays.
    """

    def __init__(
        self, package: Package, *args: Any, known: Connection | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.asked = package.fields
        self.secrets: Mapping[str, str] = (unseal(known, "credentials") or {}) if known else {}
        options: Mapping[str, Any] = known.options if known else {}
        for each in package.fields:
            kept = self.secrets.get(each.name, "") if each.is_secret else ""
            self.fields[each.name] = _input(each, kept, options.get(each.name, ""))

    def typed(self) -> dict[str, str]:
        """Every field as `Package.sign_in` wants it, secrets that were left blank included."""
        typed = {name: str(value).strip() for name, value in self.cleaned_data.items()}
        kept = {each.name for each in self.asked if each.is_secret and not typed[each.name]}
        return typed | {name: str(self.secrets.get(name, "")) for name in kept}

    def refused(self, error: ConnectorError) -> None:
        """Show the other system's answer at the field that it complains about, if it names one."""
        field = getattr(error, "field", "")
        self.add_error(field if field in self.fields else None, str(error))


class FilesForm(forms.Form):
    name = forms.CharField(
        label="Name of the builder",
        max_length=200,
        help_text="As the other system names the company whose files you will bring in.",
    )


class OwnerForm(forms.Form):
    to = forms.ModelChoiceField(
        User.objects.none(), label="Who looks after it from now on", empty_label=None
    )

    def __init__(self, heirs: Sequence[User], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["to"]
        assert isinstance(choice, forms.ModelChoiceField)  # noqa: S101
        choice.queryset = User.objects.filter(pk__in=[user.pk for user in heirs]).order_by("name")


def ends_with(secret: str) -> str:
    """ "ends with 1a2b", or blank where that would tell too much."""
    return f", ends with {secret[-END:]}" if len(secret) >= LONG_ENOUGH_TO_SHOW_ITS_END else ""


def _input(asked: Field, kept: str, option: str) -> forms.CharField:
    if not asked.is_secret:
        return forms.CharField(
            label=asked.label,
            help_text=asked.help,
            required=asked.is_required,
            max_length=LONGEST,
            initial=option,
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        )
    said = f"Set{ends_with(kept)}. Leave it blank to keep it." if kept else "Not set yet."
    return forms.CharField(
        label=asked.label,
        help_text=f"{asked.help} {said}".strip(),
        required=asked.is_required and not kept,
        max_length=LONGEST,
        strip=False,
        # "new-password": a browser must not fill in the password of this site.
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
