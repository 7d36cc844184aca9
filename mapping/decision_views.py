"""What a person decides in the table or on a mapping's page. Every change is a real form."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.errors import AppError, Conflict, NotAllowed
from companies.access import Action, CompanyRequest, check, requires
from connectors.models import Record
from mapping import comparing, replacing, reviewing, reviewing_many, searching, showing
from mapping.forms import CommentForm, OverrideForm, said
from mapping.models import Kind, Mapping
from mapping.rows import Row
from mapping.targets import Systems

FIRST = 10
Decide = Callable[[Row, int | None, str], object]


@require_POST
@requires(Action.DECIDE)
def accept(request: CompanyRequest, kind: Kind, pk: int) -> HttpResponse:
    def decide(row: Row, version: int | None, _note: str) -> Mapping:
        if row.mapping is None:
            raise Conflict("There is no draft to accept any more. Override chooses a record.")
        return reviewing.accept(row.mapping, by=request.user, version=version)

    return _decided(request, kind, pk, decide, "accepted")


@require_POST
@requires(Action.DECIDE)
def leave(request: CompanyRequest, kind: Kind, pk: int) -> HttpResponse:
    def decide(row: Row, version: int | None, note: str) -> Mapping:
        return reviewing.leave(_thing(row), by=request.user, note=note, version=version)

    return _decided(request, kind, pk, decide, "left for later")


@require_POST
@requires(Action.DECIDE)
def no_match(request: CompanyRequest, kind: Kind, pk: int) -> HttpResponse:
    def decide(row: Row, version: int | None, note: str) -> Mapping:
        return reviewing.no_match(_thing(row), by=request.user, note=note, version=version)

    return _decided(request, kind, pk, decide, "marked as no match")


@require_POST
@requires(Action.DECIDE)
def undo(request: CompanyRequest, kind: Kind, pk: int) -> HttpResponse:
    def decide(row: Row, version: int | None, _note: str) -> Mapping | None:
        if row.mapping is None:
            return None
        return reviewing.undo(row.mapping, by=request.user, version=version)

    return _decided(request, kind, pk, decide, "undone")


@require_POST
@requires(Action.DECIDE)
def comment(request: CompanyRequest, kind: Kind, pk: int) -> HttpResponse:
    row = showing.row_or_404(request, kind, pk)
    form = CommentForm(request.POST)
    if not form.is_valid():
        raise AppError("The note is empty or cannot be kept as it is. Write it anew.")
    reviewing.comment(_thing(row), form.cleaned_data["text"], by=request.user)
    messages.success(request, "Note saved.")
    return redirect(row.url + "#history")


# --- Override -----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.DECIDE)
def override(request: CompanyRequest, kind: Kind, pk: int) -> HttpResponse:
    if request.method == "POST":
        return _override(request, kind, pk)
    return _override_box(request, kind, showing.row_or_404(request, kind, pk))


@require_safe
@requires(Action.DECIDE)
def options(request: CompanyRequest, kind: Kind, pk: int) -> HttpResponse:
    row = showing.row_or_404(request, kind, pk)
    text = request.GET.get("q", "")[:200]
    if not request.htmx:
        return redirect(f"{row.url}override/?{urlencode({'q': text})}")
    answer = searching.search(request.company, kind, text)
    context = {
        "id": f"{row.dom}-pick",
        "options": [_option(option, row) for option in answer.options],
        "count": _counted(kind, text, answer),
        # A project that differs has to say what it uses instead.
        "none": "" if request.GET.get("only") else "None of these: mark as no match",
    }
    return render(request, "components/_listbox.html", context)


def _override(request: CompanyRequest, kind: Kind, pk: int) -> HttpResponse:
    publish = bool(request.POST.get("publish"))
    if publish:
        check(request.membership, Action.PUBLISH)
    form = OverrideForm(request.POST)
    if not form.is_valid():
        row = showing.row_or_404(request, kind, pk)
        typed = request.POST.get("q", "").strip()
        noun = kind.singular if kind is Kind.VENDOR else "record"
        error = f"Choose a {noun} from the list, or mark as no match."
        if typed:
            error = f"'{typed[:80]}' was not taken from the list. {error}"
        return _override_box(request, kind, row, error=error, status=422)

    def decide(row: Row, version: int | None, note: str) -> Mapping:
        target = form.record(request.company)
        if row.can_be_replaced and row.mapping is not None:
            check(request.membership, Action.UNPUBLISH)
            return replacing.replace(
                row.mapping,
                target,
                by=request.user,
                publish=publish,
                reason=note,
                membership=request.membership,
                version=version,
            )
        return reviewing.choose(
            _thing(row), target, by=request.user, publish=publish, note=note, version=version
        )

    if form.cleaned_data["target"] == "none":
        return _decided(request, kind, pk, decide, "marked as no match")
    done = "overridden"
    if publish:
        waits = request.company.settings.second_person_publishes
        done += ". Somebody else publishes it" if waits else " and published"
    return _decided(request, kind, pk, decide, done)


def _override_box(
    request: CompanyRequest, kind: Kind, row: Row, *, error: str = "", status: int = 200
) -> HttpResponse:
    text = (request.POST.get("q") or request.GET.get("q") or "")[:200]
    systems = Systems.of(request.company)
    context: dict[str, Any] = {
        "row": row,
        "kind": kind,
        "systems": systems,
        "rights": showing.Rights.of(request),
        "label": f"{kind.singular.capitalize()} in {systems.ledger}",
        "error": error,
        "note": request.POST.get("note", ""),
        "q": text,
    }
    if request.htmx:
        response = render(request, "mapping/_override.html", context, status=status)
        if status != 200:
            response["HX-Retarget"] = f"#{row.dom}-more"
            response["HX-Reswap"] = "outerHTML"
        return response
    suggestion = comparing.latest_suggestion(request.company, row.source)
    answer = searching.search(request.company, kind, text) if text else None
    context |= {
        "answer": answer,
        "counted": _counted(kind, text, answer) if answer else "",
        "candidates": comparing.candidates(suggestion, request.company, kind, row.source),
        "next": request.POST.get("next")
        or request.GET.get("next")
        or request.headers.get("Referer", ""),
    }
    return render(request, "mapping/override.html", context, status=status)


def _option(option: searching.Option, row: Row) -> dict[str, object]:
    suggestion = row.mapping.suggestion if row.mapping else None
    score = next(
        (
            each["score"]
            for each in (suggestion.candidates if suggestion else [])
            if each["record"] == option.record.pk
        ),
        None,
    )
    parts = [comparing.detail_of(option.record)]
    if score is not None and not option.problem:
        parts.append(f"{int(score * 100)}%")
    parts.append(option.problem)
    return {
        "value": option.record.pk,
        "label": option.record.name,
        "detail": " · ".join(part for part in parts if part),
        "disabled": bool(option.problem),
    }


def _counted(kind: Kind, text: str, answer: searching.Answer) -> str:
    noun = kind.singular if kind is Kind.VENDOR else "record"
    if not answer.options:
        return f"No {noun} matches '{text}'. Check the spelling or mark as no match."
    if not answer.matching:
        return f"No {noun} matches '{text}' exactly. These are near."
    match = "matches" if answer.matching == 1 else "match"
    return f"{answer.matching:,} of {answer.total:,} {match}"


# --- What all of them share ---------------------------------------------------------------------


def _thing(row: Row) -> Mapping | Record:
    return row.mapping or row.source


def _decided(
    request: CompanyRequest, kind: Kind, pk: int, decide: Decide, done: str
) -> HttpResponse:
    """Decide, then answer with the row as it is now, whatever came of it."""
    row = showing.row_or_404(request, kind, pk)
    version, note = said(request.POST)
    try:
        mapping = decide(row, version, note)
    except NotAllowed:
        raise
    except AppError as error:
        if not request.htmx:
            raise
        row = showing.row_or_404(request, kind, pk)
        row.problem = str(error)
        return showing.row_answer(request, kind, row, status=error.status)
    if not request.htmx:
        messages.success(request, f"{row.source.name}: {done}.")
        return showing.back(request, showing.list_url(request, kind))
    row = showing.row_or_404(request, kind, pk)
    if isinstance(mapping, Mapping) and mapping.is_override and mapping.target_id:
        row.like = len(reviewing_many.like_rows(mapping))
    return showing.row_answer(request, kind, row)
