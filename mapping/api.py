"""Mappings and publications over HTTP: the same operations as the pages."""

from typing import Any

from django.db.models import Count as CountOf
from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.api import Asked, Count, Id, Text
from common.choices import Side
from companies.access import Action
from companies.api import CompanyViewSet
from connectors.models import Record
from mapping import combining, publishing, reviewing
from mapping.models import Kind, Level, Mapping, Publication, PublicationLine
from mapping.querysets import MappingQuerySet

MANY = 10_000


# --- Answers --------------------------------------------------------------------------------------


class RecordBriefSerializer(serializers.ModelSerializer[Record]):
    """Enough of a record to recognise it."""

    class Meta:
        model = Record
        fields = ["id", "kind", "external_id", "code", "name", "label", "is_usable"]
        read_only_fields = fields


LEVELS = [(level.name.lower(), level.label) for level in Level]


class MappingSerializer(serializers.ModelSerializer[Mapping]):
    level = serializers.SerializerMethodField(
        help_text="How specific it is about a line. Of those somebody decided, the first rules."
    )
    about = serializers.SerializerMethodField(
        help_text="The level in words, where we put the source record together; else blank."
    )
    source = RecordBriefSerializer()  # type: ignore[assignment]  # a field may be called source
    target = RecordBriefSerializer(allow_null=True)
    decided_by = serializers.CharField(source="decided_by.name", allow_null=True)
    publication = serializers.IntegerField(
        source="publication.number", allow_null=True, help_text="Its number, while in force."
    )

    class Meta:
        model = Mapping
        fields = [
            "id",
            "kind",
            "level",
            "about",
            "state",
            "stale",
            "source",
            "target",
            "confidence",
            "is_override",
            "decided_by",
            "decided_at",
            "note",
            "publication",
            "version",
            "updated_at",
        ]
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(LEVELS))
    def get_level(self, mapping: Mapping) -> str:
        return combining.level_of(mapping.source).name.lower()

    def get_about(self, mapping: Mapping) -> str:
        return combining.in_words(mapping.source)


class CandidateSerializer(serializers.Serializer[Any]):
    record = serializers.IntegerField(required=False)
    score = serializers.FloatField(required=False, help_text="0 to 1.")
    reasons = serializers.ListField(child=serializers.CharField(), required=False)


class MappingDetailSerializer(MappingSerializer):
    reason = serializers.CharField(
        source="suggestion.reason", allow_null=True, help_text="Why the machine drafted it."
    )
    candidates = CandidateSerializer(source="suggestion.candidates", many=True, allow_null=True)

    class Meta(MappingSerializer.Meta):
        fields = [*MappingSerializer.Meta.fields, "reason", "candidates"]
        read_only_fields = fields


class PublicationSerializer(serializers.ModelSerializer[Publication]):
    by = serializers.CharField(source="by.name")

    class Meta:
        model = Publication
        fields = ["number", "by", "at", "bills_unblocked", "amount_unblocked"]
        read_only_fields = fields


class PublicationDetailSerializer(PublicationSerializer):
    mappings = serializers.IntegerField(
        source="mappings_count", help_text="How many it put in force."
    )

    class Meta(PublicationSerializer.Meta):
        fields = [*PublicationSerializer.Meta.fields, "mappings"]
        read_only_fields = fields


class PublicationLineSerializer(serializers.ModelSerializer[PublicationLine]):
    mapping = serializers.IntegerField(source="mapping_id")
    target = serializers.IntegerField(source="target_id")

    class Meta:
        model = PublicationLine
        fields = ["mapping", "mapping_version", "target", "source_label", "target_label"]
        read_only_fields = fields


class VersionSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    version = serializers.IntegerField()


class LeftOutSerializer(serializers.Serializer[publishing.LeftOut]):
    mapping = serializers.IntegerField(source="mapping.pk")
    sentence = serializers.CharField()


class PublishedSerializer(serializers.Serializer[publishing.PublicationResult]):
    publication = PublicationSerializer()
    mappings = VersionSerializer(many=True, help_text="What is in force now.")
    left_out = LeftOutSerializer(many=True, help_text="What could not be published, and why.")


class UnpublishedSerializer(serializers.Serializer[Any]):
    mappings = VersionSerializer(many=True, help_text="What is accepted again.")


# --- Questions ------------------------------------------------------------------------------------


class MappingQuery(Asked):
    kind = serializers.ChoiceField(Kind.choices, required=False)
    state = serializers.ChoiceField(Mapping.State.choices, required=False)
    stale = serializers.BooleanField(
        required=False, help_text="True: published, but the target changed in the ledger."
    )
    search = Text(required=False, max_length=200, help_text="Words in the name of either side.")
    source = Id(  # type: ignore[assignment]
        required=False, help_text="The source record's id."
    )


class AcceptBody(Asked):
    version = Count(required=False, help_text="The version you looked at.")


class OverrideBody(AcceptBody):
    target = Id(help_text="A record of the ledger.")
    note = Text(required=False, max_length=2000, allow_blank=True)


class DecideBody(Asked):
    source = Id(  # type: ignore[assignment]
        help_text="A source record that has no mapping yet, or none any more."
    )
    target = Id(help_text="A record of the ledger.")
    note = Text(required=False, max_length=2000, allow_blank=True)


class ChosenBody(Asked):
    id = Id()
    version = Count(required=False, help_text="The version you looked at: of all, or of none.")


class ManyBody(Asked):
    mappings = ChosenBody(  # type: ignore[call-arg]  # the list's own
        many=True, required=False, max_length=MANY, allow_empty=False
    )

    def validate_mappings(self, chosen: list[dict[str, int]]) -> list[dict[str, int]]:
        if len({each["id"] for each in chosen}) != len(chosen):
            raise serializers.ValidationError("A mapping is named twice.")
        if len({"version" in each for each in chosen}) > 1:
            raise serializers.ValidationError("Give the version of every mapping or of none.")
        return chosen


class PublishBody(ManyBody):
    all = serializers.BooleanField(required=False, help_text="Everything that is accepted.")

    def validate(self, said: dict[str, Any]) -> dict[str, Any]:
        if bool(said.get("all")) == ("mappings" in said):
            raise serializers.ValidationError({"mappings": ['Name mappings, or say "all": true.']})
        return said


class UnpublishBody(ManyBody):
    reason = Text(max_length=2000, help_text="Kept in the trail, for whoever asks later.")

    def get_fields(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().get_fields()
        fields["mappings"].required = True
        return fields


# --- Views ----------------------------------------------------------------------------------------


class MappingViewSet(CompanyViewSet):
    required = {
        "list": Action.SEE_MAPPINGS,
        "retrieve": Action.SEE_MAPPINGS,
        "create": Action.DECIDE,
        "accept": Action.DECIDE,
        "override": Action.DECIDE,
        "publish": Action.PUBLISH,
        "unpublish": Action.UNPUBLISH,
    }
    queries = {"list": MappingQuery}
    bodies = {
        "create": DecideBody,
        "accept": AcceptBody,
        "override": OverrideBody,
        "publish": PublishBody,
        "unpublish": UnpublishBody,
    }
    answers = {
        "list": (200, MappingSerializer(many=True)),
        "retrieve": (200, MappingDetailSerializer),
        "create": (201, MappingSerializer),
        "accept": (200, MappingSerializer),
        "override": (200, MappingSerializer),
        "publish": (201, PublishedSerializer),
        "unpublish": (200, UnpublishedSerializer),
    }

    def get_queryset(self) -> MappingQuerySet:
        rows: MappingQuerySet = self.company.mappings.with_records().order_by("pk")
        return rows

    def list(self, request: Request) -> Response:
        """List mappings, oldest first."""
        asked = self.query()
        rows = self.get_queryset()
        rows = rows.filter(**{name: asked[name] for name in ("kind", "state") if name in asked})
        if "source" in asked:
            rows = rows.filter(source=asked["source"])
        if "stale" in asked:
            rows = rows.exclude(stale="") if asked["stale"] else rows.filter(stale="")
        for word in asked.get("search", "").lower().split():
            rows = rows.filter(
                Q(source__search_text__contains=word) | Q(target__search_text__contains=word)
            )
        return self.page(rows)

    def retrieve(self, request: Request, pk: str) -> Response:
        """Show one mapping, with what the machine found for it."""
        self.query()
        return self.answer(self.one(self.get_queryset(), pk=pk))

    def create(self, request: Request) -> Response:
        """Say what a source record without a mapping or a draft is called in the ledger.

        It is accepted, and in force once it is published.
        """
        said = self.body()
        source = self.one(self._records(), pk=said["source"], connection__side=Side.SOURCE)
        target = self.one(self._records(), pk=said["target"])
        standing = source.mappings.filter(state=Mapping.State.NO_DRAFT).first()
        version = standing.version if standing else 0
        return self.answer(
            reviewing.override(
                source, target, by=self.person, note=said.get("note", ""), version=version
            )
        )

    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Agree with a draft.

        It is in force once it is published. Doing it twice does no harm.
        """
        said = self.body()
        mapping = self.one(self.get_queryset(), pk=pk)
        return self.answer(reviewing.accept(mapping, by=self.person, version=said.get("version")))

    @action(detail=True, methods=["post"])
    def override(self, request: Request, pk: str) -> Response:
        """Accept another record of the ledger than the draft's."""
        said = self.body()
        mapping = self.one(self.get_queryset(), pk=pk)
        target = self.one(self._records(), pk=said["target"])
        return self.answer(
            reviewing.override(
                mapping,
                target,
                by=self.person,
                note=said.get("note", ""),
                version=said.get("version"),
            )
        )

    @action(detail=False, methods=["post"])
    def publish(self, request: Request) -> Response:
        """Put accepted mappings in force, all of them or those named.

        Answers with the publication, the bills it let go, and what was left out and why.
        """
        said = self.body()
        only = None if said.get("all") else self._chosen(said)
        return self.answer(publishing.publish(self.company, by=self.person, only=only))

    @action(detail=False, methods=["post"])
    def unpublish(self, request: Request) -> Response:
        """Take published mappings back to accepted, with a reason. Their bills are held again."""
        said = self.body()
        chosen = self._chosen(said)
        rows = publishing.unpublish(
            self.get_queryset().filter(pk__in=list(chosen)),
            by=self.person,
            reason=said["reason"],
            membership=self.membership,
            versions=chosen if isinstance(chosen, dict) else None,
        )
        return self.answer({"mappings": rows})

    def _chosen(self, said: dict[str, Any]) -> publishing.Chosen:
        """Ids, or ids with versions; a 404 when one of them is not of this company."""
        chosen: list[dict[str, int]] = said["mappings"]
        ids = [each["id"] for each in chosen]
        self.check_all_there(self.company.mappings.all(), ids)
        if "version" in chosen[0]:
            return {each["id"]: each["version"] for each in chosen}
        return ids

    def _records(self) -> "QuerySet[Record]":
        return self.company.records.select_related("connection").defer("payload", "search_text")


class PublicationViewSet(CompanyViewSet):
    required = {
        "list": Action.SEE_MAPPINGS,
        "retrieve": Action.SEE_MAPPINGS,
        "lines": Action.SEE_MAPPINGS,
    }
    answers = {
        "list": (200, PublicationSerializer(many=True)),
        "retrieve": (200, PublicationDetailSerializer),
        "lines": (200, PublicationLineSerializer(many=True)),
    }
    lookup_field = "number"
    lookup_value_regex = "[0-9]{1,9}"

    def get_queryset(self) -> "QuerySet[Publication]":
        return self.company.publications.select_related("by")

    def list(self, request: Request) -> Response:
        """List publications, newest first."""
        self.query()
        return self.page(self.get_queryset())

    def retrieve(self, request: Request, number: str) -> Response:
        """Show one publication and what it let go."""
        self.query()
        rows = self.get_queryset().annotate(mappings_count=CountOf("lines"))
        return self.answer(self.one(rows, number=number))

    @action(detail=True)
    def lines(self, request: Request, number: str) -> Response:
        """List what one publication put in force, as it was then."""
        self.query()
        return self.page(self.one(self.get_queryset(), number=number).lines.order_by("pk"))
