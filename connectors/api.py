"""Records over HTTP: what either side calls its vendors, projects, codes and accounts."""

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.api import Asked, Id, Text
from common.choices import RecordKind, Side
from companies.access import Action
from companies.api import CompanyViewSet
from connectors.models import Record


class RecordSerializer(serializers.ModelSerializer[Record]):
    side = serializers.ChoiceField(Side.choices, source="connection.side")

    class Meta:
        model = Record
        fields = [
            "id",
            "side",
            "kind",
            "external_id",
            "code",
            "name",
            "label",
            "type",
            "is_usable",
            "gone_at",
        ]
        read_only_fields = fields


class RecordDetailSerializer(RecordSerializer):
    """Everything we read of it, but never the row as it came: that may hold bank and tax data."""

    connection = serializers.IntegerField(source="connection_id")
    other_names = serializers.ListField(child=serializers.CharField())
    tax_id_ends_in = serializers.SerializerMethodField()

    class Meta(RecordSerializer.Meta):
        fields = [
            *RecordSerializer.Meta.fields,
            "connection",
            "path",
            "parent_external_id",
            "other_names",
            "address",
            "city",
            "state",
            "postcode",
            "email",
            "phone",
            "tax_id_ends_in",
            "is_active",
            "is_selectable",
            "renamed_from",
            "first_seen_at",
            "last_seen_at",
        ]
        read_only_fields = fields

    def get_tax_id_ends_in(self, record: Record) -> str:
        return record.tax_id[-4:]


class RecordQuery(Asked):
    side = serializers.ChoiceField(Side.choices, required=False)
    kind = serializers.ChoiceField(RecordKind.choices, required=False)
    usable = serializers.BooleanField(
        required=False, help_text="True: only what a bill sent today may refer to."
    )
    search = Text(required=False, max_length=200, help_text="Words in its name, code or city.")
    external_id = Text(required=False, max_length=120)
    connection = Id(required=False)


FILTERS = {
    "side": "connection__side",
    "kind": "kind",
    "external_id": "external_id",
    "connection": "connection",
}


class RecordViewSet(CompanyViewSet):
    required = {"list": Action.SEE_MAPPINGS, "retrieve": Action.SEE_MAPPINGS}
    queries = {"list": RecordQuery}
    answers = {
        "list": (200, RecordSerializer(many=True)),
        "retrieve": (200, RecordDetailSerializer),
    }

    def get_queryset(self) -> "QuerySet[Record]":
        rows: QuerySet[Record] = self.company.records.select_related("connection")
        return rows.defer("payload", "search_text").order_by("kind", "name", "pk")

    def list(self, request: Request) -> Response:
        """List mirrored records by kind and name, of connections that were not taken back too."""
        asked = self.query()
        rows = self.get_queryset()
        for name, field in FILTERS.items():
            if name in asked:
                rows = rows.filter(**{field: asked[name]})
        if "usable" in asked:
            usable = Record.objects.usable().values("pk")
            rows = rows.filter(pk__in=usable) if asked["usable"] else rows.exclude(pk__in=usable)
        for word in asked.get("search", "").lower().split():
            rows = rows.filter(search_text__contains=word)
        return self.page(rows)

    def retrieve(self, request: Request, pk: str) -> Response:
        """Show one record. The raw row of the other system is not given out."""
        self.query()
        return self.answer(self.one(self.get_queryset(), pk=pk))
