"""The trail over HTTP."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit.models import Entry, Verb
from common.api import Asked, Day, Id, Text
from companies.access import Action
from companies.api import CompanyViewSet


class EntrySerializer(serializers.ModelSerializer[Entry]):
    user = serializers.IntegerField(
        source="user_id", allow_null=True, help_text="Null when a machine did it."
    )

    class Meta:
        model = Entry
        fields = [
            "id",
            "at",
            "who",
            "user",
            "verb",
            "object_type",
            "object_id",
            "object_name",
            "before",
            "after",
            "reason",
            "request_id",
            "act",
        ]
        read_only_fields = fields


class TrailQuery(Asked):
    who = Text(
        required=False, max_length=19, help_text='A person\'s id, or "machine" for machines.'
    )
    verb = serializers.ChoiceField(Verb.choices, required=False)
    object_type = Text(required=False, max_length=60, help_text="For example mapping.mapping.")
    object_id = Id(required=False)
    object = Text(required=False, max_length=200, help_text="Words in the object's name.")
    act = serializers.UUIDField(required=False, help_text="The lines of one act.")

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of Python, so these two cannot be declared in the class body.
        first = Day(required=False, help_text="On or after this day, in the company's time zone.")
        last = Day(required=False, help_text="On or before this day, in the company's time zone.")
        return {**super().get_fields(), "from": first, "to": last}

    def validate_who(self, who: str) -> int | None:
        if who == "machine":
            return None
        if not (who.isascii() and who.isdigit() and int(who) < 2**63):
            raise serializers.ValidationError('Give a person\'s id, or "machine".')
        return int(who)


class EntryViewSet(CompanyViewSet):
    required = {"list": Action.SEE_TRAIL, "retrieve": Action.SEE_TRAIL}
    queries = {"list": TrailQuery}
    answers = {"list": (200, EntrySerializer(many=True)), "retrieve": (200, EntrySerializer)}

    def get_queryset(self) -> "QuerySet[Entry]":
        rows: QuerySet[Entry] = self.company.trail.order_by("-pk")
        return rows

    def list(self, request: Request) -> Response:
        """List lines of the trail, newest first."""
        asked = self.query()
        zone = ZoneInfo(self.company.settings.time_zone)
        rows = self.get_queryset()
        exact = ("verb", "object_type", "object_id", "act")
        rows = rows.filter(**{name: asked[name] for name in exact if name in asked})
        if "who" in asked:
            rows = rows.filter(user=asked["who"])
        for word in asked.get("object", "").split():
            rows = rows.filter(object_name__icontains=word)
        if "from" in asked:
            rows = rows.filter(at__gte=_start(asked["from"], zone))
        if "to" in asked:
            rows = rows.filter(at__lt=_start(asked["to"] + timedelta(days=1), zone))
        return self.page(rows)

    def retrieve(self, request: Request, pk: str) -> Response:
        """Show one line of the trail."""
        self.query()
        return self.answer(self.one(self.get_queryset(), pk=pk))


def _start(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)
