"""Mappings as files, in and out, and drafts after another company's decisions."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common import csv_out
from common.errors import AppError
from common.seen import number
from companies.access import Action, CompanyRequest, may, refusal, requires
from mapping import cloning, files, importing, showing
from mapping.forms import UploadForm
from mapping.models import Kind, MappingFile
from mapping.targets import Systems

LINES = 100
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TABS = {
    "changes": "Changes",
    "cannot": "Cannot be brought in",
    "same": "As it is",
    "nothing": "Nothing said",
    "refused": "Not brought in",
}


@require_safe
@requires(Action.EXPORT)
def export(request: CompanyRequest, kind: Kind, form: str) -> HttpResponseBase:
    kind = showing.kind_in_use(request, kind)
    name = f"{request.company.slug}-{kind.slug}.{form}"
    if form == "csv":
        return csv_out.attachment(name, files.HEADS, files.rows(request.company, kind))
    response = HttpResponse(files.workbook(request.company, kind), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.DECIDE)
def upload(request: CompanyRequest, kind: Kind) -> HttpResponse:
    """The file to bring in; what it would change is shown next."""
    kind = showing.kind_in_use(request, kind)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data["file"]
        try:
            lines = files.read(given.read())
        except AppError as refused:
            form.add_error("file", str(refused))
        else:
            differences = importing.compare(request.company, kind, lines)
            kept = importing.keep(request.company, kind, given.name, differences, by=request.user)
            return redirect(kept)
    context = {
        "kind": kind,
        "form": form,
        "systems": Systems.of(request.company),
        "latest": request.company.mapping_files.filter(kind=kind).select_related("uploaded_by")[
            :10
        ],
    }
    return render(request, "mapping/upload.html", context, status=422 if form.is_bound else 200)


@require_safe
@requires(Action.SEE_MAPPINGS)
def file(request: CompanyRequest, pk: int) -> HttpResponse:
    """What a file comes to, line by line; how bringing it in gets on; what became of it."""
    found = get_object_or_404(
        request.company.mapping_files.select_related("uploaded_by", "applied_by"), pk=pk
    )
    context = _of_file(request, found)
    if request.htmx:
        return render(request, "mapping/_file_run.html", context)
    return render(request, "mapping/file.html", context)


@require_POST
@requires(Action.DECIDE)
def apply(request: CompanyRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(request.company.mapping_files, pk=pk)
    mode = request.POST.get("mode", "")
    if mode not in MappingFile.Mode.values:
        raise AppError("Choose whether the rows come in as drafts or accepted.")
    importing.start(found, mode, by=request.user)
    return redirect(found)


def _of_file(request: CompanyRequest, found: MappingFile) -> dict[str, Any]:
    by_tab: dict[str, list[dict[str, Any]]] = {name: [] for name in TABS}
    for line in found.lines:
        by_tab[line["says"]].append(line)
        if line["done"] not in ("", "done"):
            by_tab["refused"].append(line)
    tab = request.GET.get("tab", "")
    if tab not in TABS:
        tab = "refused" if by_tab["refused"] else "changes"
    changes = by_tab["changes"]
    decides = may(request.membership, Action.DECIDE)
    return {
        "file": found,
        "kind": Kind(found.kind),
        "tab": tab,
        "tabs": [(name, label, len(by_tab[name])) for name, label in TABS.items()],
        "page": Paginator(by_tab[tab], LINES).get_page(number(request.GET.get("page", "")) or 1),
        "as_drafts": sum(not line["is_decided"] and bool(line["target"]) for line in changes),
        "systems": Systems.of(request.company),
        "decides": decides,
        "refusal": "" if decides else refusal(request.company, Action.DECIDE),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.DECIDE)
def clone(request: CompanyRequest, kind: Kind) -> HttpResponse:
    """Choose another company, see what its decisions would draft, and draft it."""
    kind = showing.kind_in_use(request, kind)
    others = cloning.may_clone_from(request.company, request.user)
    asked = request.POST.get("company") or request.GET.get("company") or ""
    other = next((each for each in others if each.slug == asked), None)
    if request.method == "POST":
        if other is None:
            raise AppError("Choose a company whose mappings you may see.")
        result = cloning.clone(request.company, other, kind, by=request.user)
        messages.success(request, f"{result.drafted:,} drafts made after {other.name}.")
        return redirect(reverse("mapping:review", args=[request.company.slug, kind.slug]))
    found = cloning.preview(request.company, other, kind, by=request.user) if other else None
    context = {"kind": kind, "others": others, "other": other, "found": found}
    return render(request, "mapping/clone.html", context)
