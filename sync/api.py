"""Bills and pushes over HTTP: the same operations as the pages."""

from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from common.api import Asked, Count, Day, Id, Text
from common.bill_numbers import plain_number
from common.errors import Conflict
from companies.access import Action
from companies.api import CompanyViewSet
from mapping.api import LEVELS, RecordBriefSerializer
from sync import gate, sending
from sync.models import Bill, BillLine, Push, Readiness, Run
from sync.querysets import BillQuerySet

MANY = 5_000
NOT_SENT = "not_sent"
DELIVERY = [(NOT_SENT, "Not sent"), *Push.State.choices]
PARTIES = ("vendor", "project")
HEAVY = ("payload", "search_text")


# --- Answers --------------------------------------------------------------------------------------


class BillSerializer(serializers.ModelSerializer[Bill]):
    vendor = RecordBriefSerializer(allow_null=True)
    project = RecordBriefSerializer()
    commitment = serializers.IntegerField(source="commitment_id", allow_null=True)
    delivery = serializers.SerializerMethodField(help_text="How far it is on its way.")
    fault = serializers.ChoiceField(
        Bill.Fault.choices, help_text="Why the document itself cannot go; blank when it can."
    )

    class Meta:
        model = Bill
        fields = [
            "id",
            "kind",
            "external_id",
            "number",
            "vendor",
            "project",
            "commitment",
            "bill_date",
            "due_date",
            "period_start",
            "period_end",
            "description",
            "status",
            "is_approved",
            "currency",
            "total",
            "version",
            "readiness",
            "fault",
            "delivery",
            "first_seen_at",
            "last_seen_at",
            "gone_at",
        ]
        read_only_fields = fields

    def get_delivery(self, bill: Bill) -> str:
        return getattr(bill, "delivery", None) or NOT_SENT


class BillLineSerializer(serializers.ModelSerializer[BillLine]):
    cost_code = RecordBriefSerializer(allow_null=True)
    cost_type = RecordBriefSerializer(allow_null=True)

    class Meta:
        model = BillLine
        fields = ["position", "description", "cost_code", "cost_type", "amount", "retainage"]
        read_only_fields = fields


class BasisSerializer(serializers.Serializer[Any]):
    """What one part of a bill that was sent rests on, frozen as it was sent."""

    line = serializers.IntegerField(help_text="Its position; 0 is the bill itself.")
    level = serializers.ChoiceField(LEVELS, help_text="Which of several mappings decided.")
    record = serializers.IntegerField()
    mapping = serializers.IntegerField()
    version = serializers.IntegerField()
    target = serializers.IntegerField()
    target_id = serializers.CharField(help_text="The ledger's own ids.")
    class_id = serializers.CharField()
    location_id = serializers.CharField()


class PushSerializer(serializers.ModelSerializer[Push]):
    """One attempt-chain to deliver one version of one bill."""

    bill = serializers.IntegerField(source="bill_id")
    run = serializers.IntegerField(source="run_id", allow_null=True)
    asked_by = serializers.CharField(source="asked_by.name")
    external_id = serializers.CharField(help_text="The bill's id in the ledger, once posted.")
    rests_on = BasisSerializer(many=True)

    class Meta:
        model = Push
        fields = [
            "id",
            "bill",
            "version",
            "state",
            "cause",
            "sentence",
            "external_id",
            "sends",
            "asked_by",
            "asked_at",
            "first_sent_at",
            "last_sent_at",
            "posted_at",
            "rests_on",
            "run",
        ]
        read_only_fields = fields


class BillDetailSerializer(BillSerializer):
    lines = BillLineSerializer(many=True)
    pushes = PushSerializer(many=True)

    class Meta(BillSerializer.Meta):
        fields = [*BillSerializer.Meta.fields, "lines", "pushes"]
        read_only_fields = fields


class HoldSerializer(serializers.Serializer[gate.Hold]):
    rule = serializers.CharField()
    sentence = serializers.CharField(help_text="What holds it, for a person.")
    fix = serializers.ChoiceField([fix.value for fix in gate.Fix], help_text="What lifts it.")
    record = RecordBriefSerializer(allow_null=True)
    mapping = serializers.IntegerField(source="mapping.pk", allow_null=True)
    lines = serializers.ListField(
        child=serializers.IntegerField(), help_text="Positions; none means the whole bill."
    )


class ReadinessSerializer(serializers.Serializer[Any]):
    readiness = serializers.ChoiceField(Readiness.choices)
    may_leave = serializers.BooleanField(help_text="Nothing holds it now.")
    holds = HoldSerializer(many=True)


class RunPushSerializer(serializers.Serializer[Push]):
    id = serializers.IntegerField()
    bill = serializers.IntegerField(source="bill_id")


class SendRunSerializer(serializers.ModelSerializer[Run]):
    """Bills that were sent together. Each has a push of its own."""

    pushes = RunPushSerializer(many=True)

    class Meta:
        model = Run
        fields = ["id", "state", "started_at", "pushes"]
        read_only_fields = fields


# --- Questions ------------------------------------------------------------------------------------


class BillQuery(Asked):
    readiness = serializers.ChoiceField(Readiness.choices, required=False)
    delivery = serializers.ChoiceField(DELIVERY, required=False)
    fault = serializers.ChoiceField(
        [*Bill.Fault.choices, ("any", "Any"), ("none", "None")], required=False
    )
    vendor = Id(required=False, help_text="The vendor record's id.")
    project = Id(required=False, help_text="The project record's id.")
    number = Text(
        required=False, max_length=200, help_text="However it is spelled: INV-001 finds #1."
    )
    date_from = Day(required=False, help_text="Dated on or after this day.")
    date_to = Day(required=False, help_text="Dated on or before this day.")


class SendManyBody(Asked):
    ids = serializers.ListField(child=Id(), allow_empty=False, max_length=MANY)
    expected = Count(help_text="How many of them you expect to go.")

    def validate_ids(self, ids: list[int]) -> list[int]:
        if len(set(ids)) != len(ids):
            raise serializers.ValidationError("A bill is named twice.")
        return ids


class PushQuery(Asked):
    state = serializers.ChoiceField(Push.State.choices, required=False)
    bill = Id(required=False)


# --- Views ----------------------------------------------------------------------------------------


class BillViewSet(CompanyViewSet):
    required = {
        "list": Action.SEE_BILLS,
        "retrieve": Action.SEE_BILLS,
        "readiness": Action.SEE_BILLS,
        "send": Action.SEND,
        "send_many": Action.SEND,
    }
    queries = {"list": BillQuery}
    bodies = {"send": Asked, "send_many": SendManyBody}
    answers = {
        "list": (200, BillSerializer(many=True)),
        "retrieve": (200, BillDetailSerializer),
        "readiness": (200, ReadinessSerializer),
        "send": (202, PushSerializer),
        "send_many": (202, SendRunSerializer),
    }

    def get_queryset(self) -> BillQuerySet:
        rows: BillQuerySet = self.company.bills.visible_to(self.membership)
        return (
            rows.with_delivery()
            .select_related("vendor", "project")
            .defer("payload", *(f"{side}__{name}" for side in PARTIES for name in HEAVY))
        )

    def list(self, request: Request) -> Response:
        """List bills, newest first. A project manager sees those of own projects."""
        asked = self.query()
        wanted = Q()
        for name in ("readiness", "vendor", "project"):
            if name in asked:
                wanted &= Q(**{name: asked[name]})
        if "date_from" in asked:
            wanted &= Q(bill_date__gte=asked["date_from"])
        if "date_to" in asked:
            wanted &= Q(bill_date__lte=asked["date_to"])
        if "number" in asked:
            plain = plain_number(asked["number"])
            spelled = Q(number__iexact=asked["number"])
            wanted &= spelled | Q(plain_number=plain) if plain else spelled
        return self.page(self.get_queryset().filter(wanted & _delivery(asked) & _fault(asked)))

    def retrieve(self, request: Request, pk: str) -> Response:
        """Show one bill with its lines and its pushes."""
        self.query()
        rows = self.get_queryset().prefetch_related("lines__cost_code", "lines__cost_type")
        return self.answer(self.one(rows.prefetch_related("pushes__asked_by"), pk=pk))

    @action(detail=True)
    def readiness(self, request: Request, pk: str) -> Response:
        """Say what holds a bill, and what would lift each hold."""
        self.query()
        bill = self.one(self.get_queryset(), pk=pk)
        bill.company = self.company
        holds = gate.holds(sending.question(bill, sender=self.person))
        return self.answer({"readiness": bill.readiness, "may_leave": not holds, "holds": holds})

    @action(detail=True, methods=["post"])
    def send(self, request: Request, pk: str) -> Response:
        """Send one bill to the ledger.

        It is queued; its push says what becomes of it. A bill that is held answers 422 with every
        reason.
        """
        self.body()
        bill = self.one(self.get_queryset(), pk=pk)
        return self.answer(sending.send(bill, by=self.person))

    @action(detail=False, methods=["post"], url_path="send")
    def send_many(self, request: Request) -> Response:
        """Send those of these bills that are ready and were not sent yet.

        Nothing is sent when their number is not the expected one.
        """
        said = self.body()
        self.check_all_there(self.get_queryset(), said["ids"])
        ready = self.get_queryset().filter(pk__in=said["ids"]).sendable(self.company).versions()
        if len(ready) != said["expected"]:
            raise Conflict(
                f"Now {len(ready)} of them can be sent, not {said['expected']}. Look again."
            )
        return self.answer(sending.send_all(self.company, ready, by=self.person))


class PushViewSet(CompanyViewSet):
    required = {"list": Action.SEE_BILLS, "retrieve": Action.SEE_BILLS}
    queries = {"list": PushQuery}
    answers = {"list": (200, PushSerializer(many=True)), "retrieve": (200, PushSerializer)}

    def get_queryset(self) -> "QuerySet[Push]":
        visible = self.company.bills.visible_to(self.membership).values("pk")
        rows: QuerySet[Push] = self.company.pushes.filter(bill__in=visible)
        return rows.select_related("asked_by").defer("payload", "answer").order_by("-pk")

    def list(self, request: Request) -> Response:
        """List pushes, newest first."""
        return self.page(self.get_queryset().filter(**self.query()))

    def retrieve(self, request: Request, pk: str) -> Response:
        """Show one push: how far it is, and why it went no further."""
        self.query()
        return self.answer(self.one(self.get_queryset(), pk=pk))


def _delivery(asked: dict[str, Any]) -> Q:
    wanted = asked.get("delivery")
    if wanted is None:
        return Q()
    return Q(delivery=None) if wanted == NOT_SENT else Q(delivery=wanted)


def _fault(asked: dict[str, Any]) -> Q:
    wanted = asked.get("fault")
    if wanted is None:
        return Q()
    if wanted == "any":
        return ~Q(fault="")
    return Q(fault="" if wanted == "none" else wanted)
