"""What the pages of exported files send: a file, what its columns are, which jobs it means."""

from typing import Any

from django import forms
from django.http import QueryDict

from connectors.buildertrend.files.families import TOLD, Layout, List
from connectors.buildertrend.files.jobs import NEW
from connectors.buildertrend.files.reading import LIMITS
from connectors.file_models import SourceFile

MOST_BYTES = LIMITS.megabytes * 1024 * 1024
COLUMN = "column-"
NAME = "job-"


class UploadForm(forms.Form):
    file = forms.FileField(
        label="File",
        help_text="XLS, XLSX or CSV, 10 MB at most. Choose it, or drop it on the field. You see"
        " what it comes to before anything changes.",
        widget=forms.ClearableFileInput({"accept": ".xls,.xlsx,.csv,text/csv"}),
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )
    is_full = forms.BooleanField(
        label="It is a full export: nothing is missing from the jobs in it",
        required=False,
        help_text="What we had of these jobs and the file lacks is then flagged, and such bills"
        " are held. Nothing is deleted.",
    )
    is_approved = forms.BooleanField(
        label="Bills whose status the file does not tell are approved for payment",
        required=False,
        help_text="Some exports have no column for it. Leave it off, and such bills are held.",
    )

    def clean_file(self) -> Any:
        given = self.cleaned_data["file"]
        if given.size > MOST_BYTES:
            raise forms.ValidationError("The file is larger than 10 MB. Split it.")
        return given


class ColumnsForm(forms.Form):
    """One choice for each field of a list: which column it is, or that there is none."""

    def __init__(self, file: SourceFile, layout: Layout, data: QueryDict | None = None) -> None:
        super().__init__(data)
        heads = [
            (str(at), head or f"Column {at + 1}") for at, head in enumerate(file.asks["heads"])
        ]
        for each in layout.fields:
            self.fields[f"{COLUMN}{each.name}"] = forms.ChoiceField(
                label=each.label,
                choices=[("", "Not in the file"), *heads],
                required=each.is_needed,
                error_messages={"required": "Choose the column that holds it."},
            )

    def columns(self) -> dict[str, int]:
        return {
            name.removeprefix(COLUMN): int(at) for name, at in self.cleaned_data.items() if at != ""
        }


class JobsForm(forms.Form):
    """One choice for each job name that nobody confirmed: a new job, or one that we know."""

    def __init__(
        self, names: dict[str, str], known: list[tuple[str, str]], data: QueryDict | None = None
    ) -> None:
        super().__init__(data)
        self.names = list(names)
        for at, label in enumerate(names.values()):
            self.fields[f"{NAME}{at}"] = forms.ChoiceField(
                label=label,
                choices=[
                    ("", "Choose…"),
                    (NEW, "A new job"),
                    *((job, f"Same as {name}") for job, name in known),
                ],
                error_messages={"required": "Say which job it is, or that it is a new one."},
            )

    def answers(self) -> dict[str, str]:
        return {name: self.cleaned_data[f"{NAME}{at}"] for at, name in enumerate(self.names)}


class JobForm(forms.Form):
    """Which job a whole file is about that names none."""

    def __init__(self, known: list[tuple[str, str]], data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.fields["job"] = forms.ChoiceField(
            label="Job",
            choices=[("", "Choose…"), (NEW, "A new job, named below"), *known],
            error_messages={"required": "Choose the job that this file is about."},
        )
        self.fields["name"] = forms.CharField(
            label="Name of the new job",
            max_length=600,
            required=False,
            help_text="As Buildertrend writes it. Leave it blank for a job we know.",
        )


def layout_of(said: str) -> Layout | None:
    """What a person said that a file with unknown heads is a list of."""
    return next((layout for layout in TOLD if layout.kind == said), None)


def lists() -> list[tuple[List, str]]:
    return [(layout.kind, layout.kind.label) for layout in TOLD]
