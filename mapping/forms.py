"""What the review table can be asked for, and what the forms of mapping's pages send."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.forms import BoundField
from django.http import QueryDict

from common.errors import AppError, Conflict
from common.seen import number
from companies.deciding import version_of
from companies.forms import THRESHOLDS, PercentField
from companies.models import Company, CompanySettings
from connectors.models import Record
from mapping.worklist import SORTS, TABS, Filters


class FilterForm(forms.Form):
    """Reads the address leniently: what it does not know counts as not asked for."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    band = forms.ChoiceField(
        label="Confidence",
        required=False,
        choices=[
            ("", "Any"),
            ("high", "High"),
            ("medium", "Medium"),
            ("low", "Low"),
            ("none", "No draft"),
        ],
    )
    waiting = forms.ChoiceField(
        label="Waiting bills",
        required=False,
        choices=[("", "Any"), ("some", "With bills"), ("none", "Without")],
    )
    sort = forms.ChoiceField(label="Sort", required=False, choices=list(SORTS.items()))

    def filters(self, tab: str, usual_sort: str = "") -> Filters:
        self.is_valid()
        given = {name: value for name, value in self.cleaned_data.items() if value}
        if usual_sort in SORTS:
            given.setdefault("sort", usual_sort)
        return Filters(tab=tab if tab in TABS else "review", **given)


class DecisionForm(forms.Form):
    """A decision on one row: the version looked at rides along."""

    version = forms.IntegerField(required=False, min_value=0)
    note = forms.CharField(required=False, max_length=2000)


def said(post: QueryDict) -> tuple[int | None, str]:
    """The version looked at, and the note."""
    form = DecisionForm(post)
    if not form.is_valid():
        raise AppError("The note or the row's version cannot be read, so nothing was saved.")
    return form.cleaned_data["version"], form.cleaned_data["note"]


class OverrideForm(DecisionForm):
    target = forms.CharField(max_length=20)  # a record's id, or "none"
    q = forms.CharField(required=False, max_length=200)

    def clean_target(self) -> str:
        target: str = self.cleaned_data["target"]
        if target != "none" and number(target) is None:
            raise forms.ValidationError("Choose a record.")
        return target

    def record(self, company: Company) -> Record | None:
        """What was chosen; None for "none of these"."""
        target = self.cleaned_data["target"]
        if target == "none":
            return None
        found = company.records.filter(pk=int(target)).select_related("connection").first()
        if found is None:
            raise Conflict("That record is no longer there. Choose another one.")
        return found


class CommentForm(forms.Form):
    text = forms.CharField(max_length=2000)


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label="Reason",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept in the trail, for whoever asks later.",
        error_messages={"required": "Write why, for whoever asks later."},
    )


class UploadForm(forms.Form):
    file = forms.FileField(
        label="File",
        help_text="CSV or XLSX, 5 MB at most. You see every difference before anything changes.",
        widget=forms.ClearableFileInput({"accept": ".csv,.xlsx,text/csv"}),
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )


class ThresholdsForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Both bars of each kind. `version` is what the person was looking at."""

    KINDS = (("vendor", "Vendors"), ("project", "Projects"), ("line", "Cost codes and types"))

    version = forms.CharField(widget=forms.HiddenInput)

    class Meta:
        model = CompanySettings
        fields = THRESHOLDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].initial = version_of(self.instance)
        for kind, label in self.KINDS:
            for bar in ("high", "medium"):
                self.fields[f"{kind}_{bar}"] = PercentField(label=f"{label}: {bar}, %")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        for kind, _ in self.KINDS:
            high, medium = values.get(f"{kind}_high"), values.get(f"{kind}_medium")
            if high is not None and medium is not None and medium > high:
                self.add_error(
                    f"{kind}_medium", "Medium cannot be above high. Lower it, or raise high."
                )
        return values

    @property
    def decided(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in THRESHOLDS}

    def bars(self) -> Iterator[BoundField]:
        for name in THRESHOLDS:
            yield self[name]
