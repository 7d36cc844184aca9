"""Every component in every state, for those who build pages."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from common.templatetags.components import KINDS, STATES


class SampleForm(forms.Form):
    name = forms.CharField(label="Company name", help_text="As it stands on invoices.")
    email = forms.EmailField(label="Address for alerts", required=False)
    granularity = forms.ChoiceField(
        label="Lines are mapped by",
        choices=[("cost_code", "Cost codes"), ("cost_type", "Cost types")],
    )
    density = forms.ChoiceField(
        label="Rows",
        choices=[("comfortable", "Comfortable"), ("compact", "Compact")],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea)
    shortcuts = forms.BooleanField(label="Single-key shortcuts", required=False)


class SampleFilter(forms.Form):
    q = forms.CharField(
        label="Search", required=False, widget=forms.TextInput(attrs={"type": "search"})
    )
    band = forms.ChoiceField(
        label="Confidence",
        required=False,
        choices=[("", "Any"), ("high", "High"), ("medium", "Medium"), ("low", "Low")],
    )
    sort = forms.ChoiceField(
        label="Sort",
        required=False,
        choices=[("-confidence", "Confidence, high first"), ("money", "Waiting money")],
    )


def _sample() -> dict[str, Any]:
    now = timezone.now()
    wrong = SampleForm({"email": "dana at acme", "density": "roomy"}, auto_id="wrong_%s")
    wrong.is_valid()
    return {
        "states": STATES,
        "kinds": KINDS,
        "now": now,
        "earlier": now - timedelta(minutes=12),
        "today": now.date(),
        "amounts": [Decimal("1204.50"), Decimal("-1204.50"), Decimal(0), None],
        "deltas": [Decimal(410), Decimal(-46000), Decimal(0)],
        "scores": [
            (Decimal("0.981"), "high"),
            (Decimal("0.899"), "medium"),
            (Decimal("0.412"), "low"),
            (None, ""),
        ],
        "tabs": [
            {"label": "To review", "url": "?tab=draft", "count": 76, "current": True},
            {"label": "Accepted", "url": "?tab=accepted", "count": 24},
            {"label": "Published", "url": "?tab=published", "count": 1188},
            {"label": "Ready", "url": "?tab=ready", "count": 31, "amount": Decimal(402000)},
            {"label": "All", "url": "?tab=all"},
        ],
        "filter_form": SampleFilter({"band": "high", "sort": "-confidence"}, auto_id="filter_%s"),
        "form": SampleForm(initial={"name": "Acme Builders", "density": "compact"}),
        "wrong_form": wrong,
        "fields": [
            {"label": "Name", "source": "Iron Ridge Supply", "ledger": "Iron Ridge Supplies"},
            {"label": "City", "source": "Waco TX", "ledger": "Waco TX"},
            {"label": "Tax ID", "source": "ends in 4410", "ledger": ""},
        ],
        "options": [
            {"value": 1, "label": "Delta Drywall", "detail": "V-1540 · Austin · 98%, 12 bills"},
            {"value": 2, "label": "Delta Drying Systems", "detail": "V-0388 · Dallas · 61%"},
            {
                "value": 3,
                "label": "Delta Drafting",
                "detail": "V-0911 · inactive in QuickBooks",
                "disabled": True,
            },
        ],
        "steps": [
            {"label": "Source", "url": "?step=1", "done": True},
            {"label": "Ledger", "url": "?step=2", "done": True},
            {"label": "First pull", "current": True},
            {"label": "First drafts"},
        ],
        "facts": [("System", "QuickBooks Online"), ("Company file", "Acme Books"), ("Class", None)],
        "events": [
            {
                "at": now,
                "who": "Dana Ruiz",
                "text": "Overrode Iron Ridge Steel with Iron Ridge Supplies",
                "note": "wrong branch",
                "tone": "warn",
            },
            {"at": now - timedelta(hours=3), "who": None, "text": "Drafted at 93%"},
        ],
    }


@login_required
def styleguide(request: HttpRequest) -> HttpResponse:
    if not request.user.is_staff:
        raise PermissionDenied
    sample = _sample()
    for field in sample["fields"]:
        field["differs"] = field["source"] != field["ledger"]
    return render(request, "styleguide.html", sample)
