"""One bill: what holds it and the fix in place, sending it, and settling what no machine can."""

from collections.abc import Callable
from http import HTTPStatus

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.errors import AppError, Conflict, NotAllowed
from common.middleware import with_toast
from companies.access import Action, CompanyRequest, check, requires
from connectors.models import Record
from mapping import combining, excepting, publishing, reviewing
from mapping.forms import OverrideForm, said
from mapping.models import Kind, Mapping
from sync import counting, sending
from sync.models import Approval, Bill, Push
from sync.querysets import BillQuerySet
from sync.views.paid import Paid
from sync.views.showing import BillPage

Act = Callable[[Bill], str]  # does it, and says what was done


@require_safe
@requires(Action.SEE_BILLS)
def bill(request: CompanyRequest, pk: int) -> HttpResponse:
    page = BillPage(
        request,
        _bill(request, pk),
        with_history=bool(request.GET.get("history")),
        with_payments=bool(request.GET.get("payments")),
    )
    return _answer(request, page)


@require_safe
@requires(Action.SEE_BILLS)
def history(request: CompanyRequest, pk: int) -> HttpResponse:
    """The trail of this bill, read once the page stands. Opened directly, it is on the page."""
    found = _bill(request, pk)
    if not request.htmx:
        return redirect(found.get_absolute_url() + "?history=1#history")
    return render(request, "sync/_history.html", {"page": BillPage(request, found)})


@require_safe
@requires(Action.SEE_BILLS)
def paid(request: CompanyRequest, pk: int) -> HttpResponse:
    """What the ledger paid of it, read once the page stands. Opened directly, it is on the page."""
    found = _bill(request, pk)
    if not request.htmx:
        return redirect(found.get_absolute_url() + "?payments=1#paid")
    shown = Paid.of(BillPage(request, found).push)
    context = {"paid": shown, "currency": found.currency}
    return render(request, "sync/_paid.html", context)


def _bill(request: CompanyRequest, pk: int) -> Bill:
    return get_object_or_404(_bills(request), pk=pk)


def _bills(request: CompanyRequest) -> BillQuerySet:
    mine = request.company.bills.all().visible_to(request.membership)
    return mine.select_related("vendor", "project", "commitment", "connection").defer(
        "payload", "commitment__payload", "vendor__payload", "project__payload"
    )


def _answer(
    request: CompanyRequest, page: BillPage, *, status: int = 200, toast: str = ""
) -> HttpResponse:
    context = {
        "page": page,
        "bill": page.bill,
        "push": page.push,
        "rights": page.rights,
        "currency": page.bill.currency,
    }
    if request.htmx and not request.htmx.history_restore_request:
        response = render(request, "sync/_bill.html", context, status=status)
        return with_toast(response, toast, level="success") if toast else response
    return render(request, "sync/bill.html", context, status=status)


def _done(request: CompanyRequest, pk: int, act: Act) -> HttpResponse:
    """Do it, then answer with the bill as it is now, whatever came of it."""
    found = _bill(request, pk)
    found.company = request.company
    try:
        said = act(found)
    except NotAllowed:
        raise
    except AppError as error:
        # A 502 from the ledger is shown in place as well: htmx swaps no server error.
        status = error.status if error.status < HTTPStatus.INTERNAL_SERVER_ERROR else 422
        page = BillPage(request, _bill(request, pk), problem=str(error))
        response = _answer(request, page, status=status)
        return _onto_bill(request, response)
    if request.htmx:
        return _onto_bill(
            request, _answer(request, BillPage(request, _bill(request, pk)), toast=said)
        )
    messages.success(request, said)
    return redirect(found.get_absolute_url())


def _onto_bill(request: CompanyRequest, response: HttpResponse) -> HttpResponse:
    """Forms in the dialog answer with the bill as well."""
    if request.htmx:
        response["HX-Retarget"] = "#bill"
        response["HX-Reswap"] = "outerHTML"
        if response.status_code != HTTPStatus.OK:
            response["HX-Trigger"] = "close-dialog"  # what went wrong is told on the bill
    return response


# --- Sending --------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.SEND)
def send(request: CompanyRequest, pk: int) -> HttpResponse:
    """GET asks whether to; POST sends, when the version looked at is still the present one."""
    if request.method != "POST":
        found = _bill(request, pk)
        context = {
            "bill": found,
            "currency": found.currency,
            "ledger": counting.ledger_among(counting.live_connections(request.company)),
            "again": found.pushes.filter(state=Push.State.FAILED).exists(),
        }
        return render(request, "sync/_send.html" if request.htmx else "sync/send.html", context)

    def act(bill: Bill) -> str:
        if request.POST.get("version", str(bill.version)) != str(bill.version):
            raise Conflict("The bill was changed in the source meanwhile. Look again, then send.")
        sending.send(bill, by=request.user)
        return f"{capfirst(str(bill))} is on its way."

    return _done(request, pk, act)


@require_POST
@requires(Action.SEND)
def link(request: CompanyRequest, pk: int) -> HttpResponse:
    """It is there: one of the bills found, or the one whose id was typed."""

    def act(bill: Bill) -> str:
        typed = request.POST.get("other", "").strip()
        external_id = typed or request.POST.get("external_id", "").strip()
        if not external_id:
            raise AppError("Choose the bill in the ledger, or type its number there.")
        sending.link(_set_aside(bill), external_id[:120], by=request.user)
        return f"{capfirst(str(bill))} is linked to bill {external_id} in the ledger."

    return _done(request, pk, act)


@require_POST
@requires(Action.SEND)
def send_again(request: CompanyRequest, pk: int) -> HttpResponse:
    """It is not there, or what is there is another bill."""

    def act(bill: Bill) -> str:
        sending.send_again(
            _set_aside(bill), by=request.user, reason=request.POST.get("reason", "")[:2000]
        )
        return f"{capfirst(str(bill))} is sent again."

    return _done(request, pk, act)


def _set_aside(bill: Bill) -> Push:
    push = bill.pushes.filter(state=Push.State.SET_ASIDE).select_related("connection").first()
    if push is None:
        raise Conflict("Somebody was first: this bill is not set aside any more.")
    push.company = bill.company
    return push


# --- Approval -------------------------------------------------------------------------------------


@require_POST
@requires(Action.APPROVE)
def approve(request: CompanyRequest, pk: int) -> HttpResponse:
    return _decided(request, pk, Approval.Decision.APPROVED)


@require_POST
@requires(Action.APPROVE)
def reject(request: CompanyRequest, pk: int) -> HttpResponse:
    return _decided(request, pk, Approval.Decision.REJECTED)


def _decided(request: CompanyRequest, pk: int, decision: Approval.Decision) -> HttpResponse:
    def act(bill: Bill) -> str:
        if request.POST.get("version", str(bill.version)) != str(bill.version):
            raise Conflict("The bill was changed in the source meanwhile. Look again, then decide.")
        note = request.POST.get("note", "")[:2000]
        sending.decide(bill, decision, by=request.user, note=note)
        return f"{capfirst(str(bill))} is {decision.label.lower()}."

    return _done(request, pk, act)


# --- The fix in place -----------------------------------------------------------------------------


@require_POST
@requires(Action.DECIDE)
def accept(request: CompanyRequest, pk: int, record: int) -> HttpResponse:
    """Accept the draft that holds the bill; with `publish`, put it in force in the same step."""
    publishes = bool(request.POST.get("publish"))
    if publishes:
        check(request.membership, Action.PUBLISH)

    def act(bill: Bill) -> str:
        mapping = _mapping(request, _needed(request, bill, record))
        if mapping is None:
            raise Conflict("There is no draft to accept any more. Choose a record.")
        with transaction.atomic():
            if publishes:
                publishing.lock_company(request.company)
            mapping = reviewing.accept(mapping, by=request.user, version=_version(request))
            if publishes:
                publishing.publish(request.company, by=request.user, only=[mapping.pk])
        return f"{mapping.source.name}: accepted{' and published' if publishes else ''}."

    return _done(request, pk, act)


@require_POST
@requires(Action.PUBLISH)
def publish(request: CompanyRequest, pk: int, record: int) -> HttpResponse:
    """Put the accepted mapping that holds the bill in force."""

    def act(bill: Bill) -> str:
        mapping = _mapping(request, _needed(request, bill, record))
        if mapping is None:
            raise Conflict("It was undone meanwhile, so there is nothing to publish.")
        version = _version(request)
        only = {mapping.pk: version} if version is not None else [mapping.pk]
        publishing.publish(request.company, by=request.user, only=only)
        return f"{mapping.source.name}: published."

    return _done(request, pk, act)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.DECIDE)
def choose(request: CompanyRequest, pk: int, record: int) -> HttpResponse:
    """Another record of the ledger than the draft's, or the first one. A box in its place.

    With `only`, for the bill's project alone: all others go by what holds for them.
    """
    found = _bill(request, pk)
    source = _needed(request, found, record)
    if request.method != "POST":
        if not request.htmx:
            return redirect(_page_to_choose(request, found, source))
        return _choose_box(request, found, source)
    publish = bool(request.POST.get("publish"))
    if publish:
        check(request.membership, Action.PUBLISH)
    form = OverrideForm(request.POST)
    only = _is_for_project(request, source)
    if not form.is_valid() or (only and form.cleaned_data["target"] == "none"):
        return _choose_box(request, found, source, error="Choose a record from the list.")

    def act(bill: Bill) -> str:
        target = form.record(request.company)
        if only and target is not None:
            source.company = request.company
            excepting.except_project(
                source,
                bill.project,
                target,
                by=request.user,
                publish=publish,
                note=form.cleaned_data["note"],
            )
            return (
                f"{source.name} → {target.name} in {bill.project.name} only:"
                f" {'published' if publish else 'accepted'}."
            )
        reviewing.choose(
            _mapping(request, source) or source,
            target,
            by=request.user,
            publish=publish,
            note=form.cleaned_data["note"],
            version=form.cleaned_data["version"],
        )
        if target is None:
            return f"{source.name}: marked as no match."
        return f"{source.name} → {target.name}: {'published' if publish else 'accepted'}."

    return _done(request, pk, act)


def _is_for_project(request: CompanyRequest, source: Record) -> bool:
    asked = request.GET if request.method != "POST" else request.POST
    return bool(asked.get("only")) and source.kind in combining.LINE_KINDS


def _page_to_choose(request: CompanyRequest, bill: Bill, source: Record) -> str:
    """Where the same is chosen without scripts."""
    address = [request.company.slug, Kind(source.kind), source.pk]
    if _is_for_project(request, source):
        return f"{reverse('mapping:projects', args=address)}?project={bill.project_id}"
    return reverse("mapping:override", args=address)


def _choose_box(
    request: CompanyRequest, bill: Bill, source: Record, *, error: str = ""
) -> HttpResponse:
    kind = Kind(source.kind)
    mapping = _mapping(request, source)
    slug = request.company.slug
    ledger = counting.ledger_among(counting.live_connections(request.company))
    only = _is_for_project(request, source)
    options_url = reverse("mapping:options", args=[slug, kind, source.pk])
    context = {
        "bill": bill,
        "source": source,
        "mapping": mapping,
        "only": only,
        "kind": kind,
        "error": error,
        "text": request.POST.get("q", ""),
        "ledger": ledger.get_system_display() if ledger else "the ledger",
        "label": f"{kind.singular.capitalize()} in {ledger.get_system_display()}"
        if ledger
        else f"{kind.singular.capitalize()} in the ledger",
        # The list that answers names itself after the mapping's row.
        "box_id": f"mapping-{source.pk}-pick",
        "options_url": f"{options_url}?only=1" if only else options_url,
        "publishes": BillPage(request, bill).rights.publish,
    }
    response = render(request, "sync/_choose.html", context, status=422 if error else 200)
    if error:
        response["HX-Retarget"] = f"#choose-at-{source.pk}"
        response["HX-Reswap"] = "innerHTML"
    return response


def _needed(request: CompanyRequest, bill: Bill, record: int) -> Record:
    """A source record that this bill needs a mapping for."""
    records = request.company.records.filter(pk__in=bill.needs.values("record"))
    return get_object_or_404(records.defer("payload"), pk=record)


def _mapping(request: CompanyRequest, source: Record) -> Mapping | None:
    return request.company.mappings.with_records().filter(source=source).first()


def _version(request: CompanyRequest) -> int | None:
    version, _note = said(request.POST)
    return version
