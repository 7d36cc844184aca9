"""What goes along with a mapping, and the projects that differ from it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from common.choices import RecordKind, Side
from common.errors import AppError, Conflict
from common.seen import number
from companies.access import Action, CompanyRequest, check, requires
from connectors.models import Record
from mapping import combining, excepting, riding, searching, showing
from mapping.forms import said
from mapping.models import Kind, Mapping
from mapping.rows import Row
from mapping.targets import Systems

MOST_PROJECTS = 500


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.DECIDE)
def along(request: CompanyRequest, kind: Kind, pk: int) -> HttpResponse:
    """What goes to the ledger beside the target: a class, a location, a department."""
    row = showing.row_or_404(request, kind, pk)
    mapping = row.mapping
    if mapping is None or mapping.state != Mapping.State.ACCEPTED:
        messages.info(request, "Accept a record first, then say what goes along with it.")
        return redirect(row.url)
    mapping.company = request.company
    choices = riding.choices(mapping, request.company)
    error, status = "", 200
    if request.method == "POST":
        try:
            chosen = {each.name: _picked(request, each) for each in choices}
            version, _note = said(request.POST)
            riding.choose(
                mapping,
                chosen,
                by=request.user,
                version=version,
            )
        except AppError as refused:
            error, status = str(refused), refused.status
        else:
            messages.success(request, f"{row.source.name}: saved. It is in force once published.")
            return redirect(row.url)
    context = {"row": row, "kind": kind, "choices": choices, "error": error}
    context["systems"] = Systems.of(request.company)
    return render(request, "mapping/along.html", context, status=status)


def _picked(request: CompanyRequest, choice: riding.Choice) -> Record | None:
    """One of those that were offered; None for none."""
    wanted = request.POST.get(choice.name, "")
    if not wanted:
        return None
    pk = number(wanted)
    found = next((record for record in choice.records if record.pk == pk), None)
    if found is None:
        raise Conflict("That record is no longer there. Choose another one.")
    return found


class ExceptForm(forms.Form):
    """One project, and the record that it uses instead."""

    project = forms.ModelChoiceField(Record.objects.none(), label="Project")
    target = forms.ModelChoiceField(
        Record.objects.none(), error_messages={"required": "Choose one."}
    )
    note = forms.CharField(max_length=2000, required=False)

    def __init__(self, *args: Any, request: CompanyRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        projects: Any = self.fields["project"]
        target: Any = self.fields["target"]
        projects.queryset = (
            request.company.records.on(Side.SOURCE)
            .of(RecordKind.PROJECT)
            .filter(gone_at=None)
            .select_related("connection")
            .order_by("-is_active", "name", "pk")
        )
        target.queryset = request.company.records.on(Side.LEDGER).select_related("connection")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.DECIDE)
def projects(request: CompanyRequest, kind: Kind, pk: int) -> HttpResponse:
    """Where single projects go by another record than all others, and one more of them."""
    row = showing.row_or_404(request, kind, pk)
    if row.source.kind not in combining.LINE_KINDS:
        raise Http404
    form = ExceptForm(request.POST or None, request=request)
    error, status = "", 200
    if request.method == "POST":
        publish = bool(request.POST.get("publish"))
        if publish:
            check(request.membership, Action.PUBLISH)
        if form.is_valid():
            try:
                made = _except(request, row, form, publish=publish)
            except AppError as refused:
                error, status = str(refused), refused.status
            else:
                messages.success(request, _done(made))
                return redirect(request.path)
        else:
            error, status = _asked_again(form), 422
    return render(
        request, "mapping/projects.html", _page(request, row, kind, form, error), status=status
    )


def _except(request: CompanyRequest, row: Row, form: ExceptForm, *, publish: bool) -> Mapping:
    row.source.company = request.company
    return excepting.except_project(
        row.source,
        form.cleaned_data["project"],
        form.cleaned_data["target"],
        by=request.user,
        publish=publish,
        note=form.cleaned_data["note"],
    )


def _asked_again(form: ExceptForm) -> str:
    """Where there are no scripts, words come without a pick: what they find is listed then."""
    if "project" in form.errors:
        return "Choose a project, and a record of the ledger for it."
    if form.data.get("q", "").strip():
        return "Choose one of the records that were found."
    return "Choose a record of the ledger from the list."


def _done(made: Mapping) -> str:
    target = made.target.label if made.target else ""
    if made.state == Mapping.State.PUBLISHED:
        return f"{made.source.name} → {target}: published."
    return f"{made.source.name} → {target}: accepted. Its bills wait until it is published."


def _page(
    request: CompanyRequest, row: Row, kind: Kind, form: ExceptForm, error: str
) -> dict[str, Any]:
    made = combining.overrides_of(row.source)
    mappings = {
        mapping.source_id: mapping
        for mapping in request.company.mappings.with_records()
        .filter(source__in=[record.pk for record in made])
        .exclude(state=Mapping.State.NO_DRAFT)  # undone: as in all other projects
    }
    slug = request.company.slug
    text = request.GET.get("q", request.POST.get("q", ""))[:200].strip()
    asked: Any = form["project"].field
    return {
        "row": row,
        "kind": kind,
        "error": error,
        "rights": showing.Rights.of(request),
        "systems": Systems.of(request.company),
        "own": [
            {
                "record": record,
                "mapping": mappings[record.pk],
                "url": reverse("mapping:detail", args=[slug, Kind.OVERRIDE, record.pk]),
            }
            for record in made
            if record.pk in mappings
        ],
        "projects": asked.queryset[:MOST_PROJECTS],
        "project": number(request.GET.get("project", request.POST.get("project", ""))),
        "label": f"Record in {Systems.of(request.company).ledger}",
        "q": text,
        "answer": searching.search(request.company, kind, text) if text else None,
    }
