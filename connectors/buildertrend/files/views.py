"""Exported files: upload, what they come to, what a person has to say of them, and bring in."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from common import csv_out
from common.choices import Way
from common.errors import AppError
from common.seen import number
from companies.access import Action, CompanyRequest, may, refusal, requires
from connectors.buildertrend.files import columns as named
from connectors.buildertrend.files import importing, jobs
from connectors.buildertrend.files.families import BY_KIND, Layout, List
from connectors.buildertrend.files.forms import (
    ColumnsForm,
    JobForm,
    JobsForm,
    UploadForm,
    layout_of,
    lists,
)
from connectors.file_models import SourceFile
from connectors.models import Connection

FILES_A_PAGE = 20
PROBLEMS_A_PAGE = 50
COLUMNS_SHOWN = 6
HEAVY = ("content", "sample", "problems", "asks")
State = SourceFile.State
# Which of the looks that pages know is that of a file's state.
LOOKS = {
    State.UPLOADED: "running",
    State.NEEDS_COLUMNS: "needs_publishing",
    State.NEEDS_JOBS: "needs_publishing",
    State.PREVIEWED: "needs_publishing",
    State.WAITING: "running",
    State.RUNNING: "running",
    State.DONE: "done",
    State.NOT_USED: "not_needed",
    State.REFUSED: "failed",
}


@require_safe
@requires(Action.SEE_SETTINGS)
def files(request: CompanyRequest, pk: int) -> HttpResponse:
    """Every file that was uploaded for a connection, and the way to upload another."""
    return _files(request, _connection(request, pk), UploadForm())


@require_POST
@requires(Action.BRING_IN_FILES)
def upload(request: CompanyRequest, pk: int) -> HttpResponse:
    connection = _connection(request, pk)
    form = UploadForm(request.POST, request.FILES)
    if connection.state == Connection.State.DISCONNECTED:
        raise AppError("This connection is disconnected. Connect it under Settings first.")
    if form.is_valid():
        given = form.cleaned_data
        try:
            file = importing.upload(
                connection,
                given["file"].name,
                given["file"].read(),
                by=request.user,
                is_full=given["is_full"],
                is_approved=given["is_approved"],
            )
        except AppError as refused:
            form.add_error("file", str(refused))
        else:
            return redirect(file)
    return _files(request, connection, form)


def _files(request: CompanyRequest, connection: Connection, form: UploadForm) -> HttpResponse:
    rows = connection.source_files.defer(*HEAVY).select_related("uploaded_by", "company")
    page = Paginator(rows, FILES_A_PAGE).get_page(number(request.GET.get("page", "")) or 1)
    context = {
        "connection": connection,
        "form": form,
        "page": page,
        "files": [(file, LOOKS[State(file.state)], _label(file)) for file in page],
        **_rights(request),
    }
    status = 422 if form.errors else 200
    return render(request, "connectors/source_files.html", context, status=status)


@require_safe
@requires(Action.SEE_SETTINGS)
def file(request: CompanyRequest, pk: int) -> HttpResponse:
    """What a file comes to, what it asks, how it gets on, and what became of it."""
    found = _file(request, pk)
    if request.htmx:
        return render(request, "connectors/_source_file_run.html", _of_file(request, found))
    return _page(request, found)


@require_POST
@requires(Action.BRING_IN_FILES)
def columns(request: CompanyRequest, pk: int) -> HttpResponse:
    """A person says what the columns are; files with the same heads are known from then on."""
    found = _file(request, pk)
    layout = layout_of(request.POST.get("list", ""))
    if found.state != State.NEEDS_COLUMNS or layout is None:
        raise AppError("Choose what the file is a list of first.")
    form = ColumnsForm(found, layout, request.POST)
    if form.is_valid():
        try:
            named.say(found, layout.kind, form.columns(), by=request.user)
        except AppError as refused:
            form.add_error(None, str(refused))
        else:
            return redirect(found)
    return _page(request, found, form, layout)


@require_POST
@requires(Action.BRING_IN_FILES)
def say_jobs(request: CompanyRequest, pk: int) -> HttpResponse:
    """A person says which jobs are meant; each name is asked for once."""
    found = _file(request, pk)
    if found.state != State.NEEDS_JOBS:
        raise AppError("This file does not ask for jobs. Open it to see what it comes to.")
    form = _jobs_form(found, request)
    if form.is_valid():
        try:
            if isinstance(form, JobsForm):
                jobs.confirm(found, form.answers(), by=request.user)
            else:
                said = form.cleaned_data
                jobs.choose(found, said["job"], said["name"], by=request.user)
        except AppError as refused:
            form.add_error(None, str(refused))
        else:
            return redirect(found)
    return _page(request, found, form)


@require_POST
@requires(Action.BRING_IN_FILES)
def bring_in(request: CompanyRequest, pk: int) -> HttpResponse:
    return redirect(importing.start(_file(request, pk), by=request.user))


@require_safe
@requires(Action.EXPORT)
def problems(request: CompanyRequest, pk: int) -> HttpResponseBase:
    """The rows that were not taken, with why, as a spreadsheet that runs nothing."""
    found = _file(request, pk)
    widest = max((len(each["cells"]) for each in found.problems), default=0)
    heads = ["Row", "What about it", *(f"Column {at}" for at in range(1, widest + 1))]
    return csv_out.attachment(
        f"{request.company.slug}-file-{found.pk}-rows.csv", heads, _problem_rows(found)
    )


def _problem_rows(found: SourceFile) -> Iterator[list[Any]]:
    for each in found.problems:
        yield [each["row"], each["sentence"], *each["cells"]]


# --- What a page shows ----------------------------------------------------------------------------


def _connection(request: CompanyRequest, pk: int) -> Connection:
    return get_object_or_404(request.company.connections, pk=pk, way=Way.FILES)


def _file(request: CompanyRequest, pk: int) -> SourceFile:
    files = request.company.source_files.defer("content")
    found = files.select_related("connection", "uploaded_by", "brought_in_by").filter(pk=pk).first()
    if found is None:
        raise Http404
    found.company = request.company
    return found


def _page(
    request: CompanyRequest,
    found: SourceFile,
    form: forms.Form | None = None,
    layout: Layout | None = None,
) -> HttpResponse:
    context = _of_file(request, found)
    status = 422 if form is not None else 200
    if found.state == State.NEEDS_COLUMNS and context["brings"]:
        layout = layout or layout_of(request.GET.get("list", ""))
        context |= {"layout": layout, "lists": lists()}
        if form is None and layout is not None:
            form = ColumnsForm(found, layout)
    elif found.state == State.NEEDS_JOBS and context["brings"]:
        form = form or _jobs_form(found)
    return render(request, "connectors/source_file.html", context | {"form": form}, status=status)


def _jobs_form(found: SourceFile, request: CompanyRequest | None = None) -> JobsForm | JobForm:
    known, data = jobs.known(found.connection), request.POST if request else None
    names = found.asks.get("names")
    return JobsForm(names, known, data) if names else JobForm(known, data)


def _of_file(request: CompanyRequest, found: SourceFile) -> dict[str, Any]:
    page = Paginator(found.problems, PROBLEMS_A_PAGE)
    shown = _shown(found)
    return {
        "file": found,
        "look": LOOKS[State(found.state)],
        "label": _label(found),
        "heads": [label for _, label in shown],
        "sample": [
            (
                each["row"],
                each["says"],
                [(label, _text(each["content"].get(name, ""))) for name, label in shown],
            )
            for each in found.sample
        ],
        "problems": page.get_page(number(request.GET.get("page", "")) or 1),
        **_rights(request),
    }


def _shown(found: SourceFile) -> list[tuple[str, str]]:
    """The fields that say something in the first rows, by name and label; a table has few."""
    if not found.sample:
        return []
    contents = [each["content"] for each in found.sample]
    fields = [
        (each.name, each.label.replace("_", " ").capitalize())
        for each in BY_KIND[List(found.kind)].fields
        if any(content.get(each.name) for content in contents)
    ]
    return fields[:COLUMNS_SHOWN]


def _text(value: Any) -> str:
    return "; ".join(value) if isinstance(value, list) else str(value)


def _label(found: SourceFile) -> str:
    return List(found.kind).label if found.kind else ""


def _rights(request: CompanyRequest) -> dict[str, Any]:
    brings = may(request.membership, Action.BRING_IN_FILES)
    return {
        "brings": brings,
        "refusal": "" if brings else refusal(request.company, Action.BRING_IN_FILES),
    }
