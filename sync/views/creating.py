"""A record that the ledger lacks: the form, what would be sent, and what came of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from common.choices import RecordKind, Side
from common.errors import AppError
from companies.access import Action, CompanyRequest, requires
from connectors import registry
from connectors.errors import Refused
from connectors.models import Connection, Record
from connectors.records import NameTaken, NewRecord
from mapping import showing
from mapping.models import Kind, Mapping
from mapping.offering import Offer
from sync import creating, offers
from sync.models import RecordCreation
from sync.views.showing import readable

NEAR = 50  # names that the box of the parent proposes
ADDRESS = ("address", "city", "state", "postcode", "email", "phone")
LABELS = {"postcode": "ZIP code", "email": "Mail", "address": "Street"}


class CreateForm(forms.Form):
    """What the record will be called there, filled from the source record.

    Lengths and characters are the ledger's own; its sentences stand at the fields.
    """

    def __init__(self, source: Record, offer: Offer, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connection = offer.connection
        assert self.connection is not None  # noqa: S101  # there is no form without an offer
        self.ledger = registry.open_ledger(self.connection)
        kinds = [(kind.value, kind.label) for kind in offer.kinds]
        self.fields["kind"] = forms.ChoiceField(label="Becomes a", choices=kinds)
        if len(kinds) == 1:
            self.fields["kind"].initial = kinds[0][0]
            self.fields["kind"].widget = forms.HiddenInput()
        self.fields["name"] = forms.CharField(label="Name", max_length=600, initial=source.name)
        if any(kind in self.ledger.limits.codes for kind in offer.kinds):
            self.fields["code"] = _text("Number", 120, source.code)
        if RecordKind.CUSTOMER in offer.kinds or RecordKind.PROJECT in offer.kinds:
            self.fields["parent"] = forms.CharField(
                label="Customer it belongs to",
                required=False,
                max_length=2000,
                help_text="As the ledger names the customer. Left blank, it stands by itself.",
                widget=forms.TextInput(attrs={"list": "customers", "autocomplete": "off"}),
            )
        for name in ADDRESS:
            label = LABELS.get(name, name.capitalize())
            self.fields[name] = _text(label, 600, getattr(source, name))

    def clean_parent(self) -> Record | None:
        said = self.cleaned_data["parent"].strip()
        if not said:
            return None
        found = [
            row for row in self.customers() if said.lower() in (row.path.lower(), row.name.lower())
        ]
        exact = [row for row in found if row.path.lower() == said.lower()] or found
        if len(exact) != 1:
            count = "No" if not exact else f"{len(exact)} active"
            raise ValidationError(
                f"{count} customer{'s are' if exact else ' is'} called “{said}”. Type the whole "
                "name as the ledger shows it, or leave it blank."
            )
        return exact[0]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "name" in cleaned and "kind" in cleaned:
            for name, sentence in creating.complaints(self.new(), self.ledger.limits).items():
                self.add_error(name if name in self.fields else None, sentence)
        return cleaned

    def new(self) -> NewRecord:
        said = self.cleaned_data
        texts = {name: str(said.get(name, "")).strip() for name in ("name", "code", *ADDRESS)}
        parent = said.get("parent")
        return NewRecord(
            kind=RecordKind(said["kind"]),
            parent_id=parent.external_id if parent else "",
            **texts,
        )

    def customers(self) -> QuerySet[Record]:
        assert self.connection is not None  # noqa: S101
        rows = self.connection.records.filter(
            kind=RecordKind.CUSTOMER, is_active=True, gone_at=None
        )
        return rows.only("name", "path", "external_id").order_by("path")


@dataclass(frozen=True)
class Existing:
    """Somebody in the ledger who has the name already, and whether the mapping may point there."""

    taken: NameTaken
    record: Record | None


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.DECIDE)
def create(request: CompanyRequest, pk: int) -> HttpResponse:
    """Form, then what would be sent, then the button. Nothing leaves before the last."""
    source = get_object_or_404(
        request.company.records.filter(connection__side=Side.SOURCE, kind__in=_kinds()), pk=pk
    )
    kind = Kind(source.kind)
    mapping = Mapping.objects.filter(source=source).first()
    under_way = source.creations.filter(state__in=RecordCreation.UNDER_WAY).first()
    if under_way is not None:
        return redirect("sync:creation", request.company.slug, under_way.pk)
    offer = offers.offer(
        request.company, kind, registry.connection_of(request.company, Side.LEDGER)
    )
    context: dict[str, Any] = {
        "source": source,
        "kind": kind,
        "offer": offer,
        "mapping_url": showing.list_url(request, kind) + f"{source.pk}/",
        "version": mapping.version if mapping else 0,
    }
    if not offer.kinds or offer.connection is None:
        return render(request, "sync/cannot_create.html", context)
    form = CreateForm(source, offer, request.POST or None)
    context["form"] = form
    context["customers"] = list(form.customers()[:NEAR]) if "parent" in form.fields else []
    if request.method != "POST" or "change" in request.POST:
        return render(request, "sync/create.html", context)
    if not form.is_valid():
        return render(request, "sync/create.html", context, status=422)
    try:
        if request.POST.get("step") == "create":
            return _ask(request, source, offer.connection, form)
        shown = creating.preview(offer.connection, form.new())
    except AppError as error:
        field = error.field if isinstance(error, Refused) else ""
        form.add_error(field if field in form.fields else None, str(error))
        return render(request, "sync/create.html", context, status=422)
    context |= {
        "preview": shown,
        "payload": _spread(shown.payload),
        "existing": _existing(offer.connection, form.new().kind, shown.taken),
        "unasked": shown.unasked,
    }
    return render(request, "sync/create_preview.html", context)


@require_safe
@requires(Action.DECIDE)
def creation(request: CompanyRequest, pk: int) -> HttpResponse:
    """What came of it. Looks again by itself; leaving is safe."""
    rows = request.company.record_creations.select_related(
        "source", "connection", "asked_by", "target"
    )
    found = get_object_or_404(rows, pk=pk)
    context = {
        "creation": found,
        "kind": Kind(found.source.kind),
        "mapping_url": showing.list_url(request, Kind(found.source.kind)) + f"{found.source_id}/",
        "payload": _spread(bytes(found.payload)),
        "is_waiting": found.state == RecordCreation.State.WAITING and found.sentence,
    }
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "sync/_creation.html", context)
    return render(request, "sync/creation.html", context)


def _ask(
    request: CompanyRequest, source: Record, connection: Connection, form: CreateForm
) -> HttpResponse:
    try:
        version = int(request.POST.get("version", ""))
    except ValueError as error:
        raise Http404 from error
    parent = form.cleaned_data.get("parent")
    made = creating.ask(
        source,
        connection,
        form.new(),
        parent=parent.label if parent else "",
        by=request.user,
        version=version,
    )
    return redirect("sync:creation", request.company.slug, made.pk)


def _existing(
    connection: Connection, kind: RecordKind, taken: Sequence[NameTaken]
) -> list[Existing]:
    ids = [each.external_id for each in taken if each.is_active]
    rows = connection.records.filter(kind=kind, external_id__in=ids).defer("payload")
    known = {row.external_id: row for row in rows if row.is_usable}
    return [Existing(each, known.get(each.external_id)) for each in taken]


def _kinds() -> list[str]:
    return [kind.value for kind in offers.OFFERED]


def _text(label: str, longest: int, initial: str) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=longest, initial=initial)


def _spread(payload: bytes) -> str:
    """JSON over lines; XML as it is."""
    text = payload.decode(errors="replace")
    try:
        return readable(text)
    except json.JSONDecodeError:
        return text
