"""What people ask of the trail: who, what, which record, when."""

from datetime import datetime, time, timedelta
from typing import Any

import django_filters
from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.text import capfirst

from audit.models import Entry, Verb
from audit.querysets import EntryQuerySet
from common.dates import FIRST_DAY, LAST_DAY

MACHINE = "machine"
DAYS = [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]


class TrailFilter(django_filters.FilterSet):  # type: ignore[misc]
    who = django_filters.ChoiceFilter(label="Who", method="by", empty_label="Anybody")
    verb = django_filters.ChoiceFilter(
        label="What",
        empty_label="Anything",
        choices=sorted(((v.value, capfirst(v.label)) for v in Verb), key=lambda pair: pair[1]),
    )
    record = django_filters.CharFilter(
        label="Record",
        field_name="object_name",
        lookup_expr="icontains",
        widget=forms.TextInput({"type": "search", "maxlength": 200, "autocomplete": "off"}),
    )
    since = django_filters.DateFilter(
        label="From", method="from_day", widget=forms.DateInput({"type": "date"}), validators=DAYS
    )
    until = django_filters.DateFilter(
        label="To", method="to_day", widget=forms.DateInput({"type": "date"}), validators=DAYS
    )
    # The lines of one act, named by the entry that speaks for it.
    act = django_filters.NumberFilter(method="of_act", widget=forms.HiddenInput)

    class Meta:
        model = Entry
        fields: tuple[str, ...] = ()

    def __init__(self, data: Any, *, queryset: EntryQuerySet, people: Any) -> None:
        super().__init__(data, queryset=queryset)
        wrote = queryset.filter(user=OuterRef("pk"), leads=True).order_by()
        people = people.filter(Exists(wrote)).values_list("pk", "name")
        self.filters["who"].field.choices = [
            (MACHINE, "Machines and schedules"),
            *((str(pk), name) for pk, name in people),
        ]

    @property
    def is_narrow(self) -> bool:
        """Does it look at single lines, so that acts are not folded?"""
        values = self.form.cleaned_data if self.form.is_valid() else {}
        return bool(values.get("record") or values.get("act"))

    @property
    def is_used(self) -> bool:
        return any(value not in (None, "") for value in self.form.cleaned_data.values())

    def by(self, entries: EntryQuerySet, _name: str, value: str) -> EntryQuerySet:
        if value == MACHINE:
            return entries.filter(user=None)
        return entries.filter(user_id=int(value))

    def from_day(self, entries: EntryQuerySet, _name: str, value: Any) -> EntryQuerySet:
        return entries.filter(at__gte=_start(value))

    def to_day(self, entries: EntryQuerySet, _name: str, value: Any) -> EntryQuerySet:
        return entries.filter(at__lt=_start(value + timedelta(days=1)))

    def of_act(self, entries: EntryQuerySet, _name: str, value: Any) -> EntryQuerySet:
        lead = entries.filter(pk=int(value)).first() if value < 2**63 else None
        return entries.of_the_act_of(lead).order_by("-pk") if lead else entries.none()


def _start(day: Any) -> datetime:
    """Midnight where the person is, as the page shows its times."""
    return timezone.make_aware(datetime.combine(day, time.min))
