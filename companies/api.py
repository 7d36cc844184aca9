"""What the views of the REST API share: company and person, typed questions, described answers."""

from collections.abc import Collection
from typing import Any, ClassVar, TypeVar, cast

from django.db import models
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse
from rest_framework import exceptions, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from common.api import Asked, ErrorSerializer, FieldErrorSerializer, once_each
from companies.access import Action
from companies.models import Company, Membership, User

M = TypeVar("M", bound=models.Model)
Answer = type[serializers.BaseSerializer[Any]] | serializers.BaseSerializer[Any]
PAGING = {"page", "page_size"}
NOT_THERE = "There is nothing with this id in your company."


class Described(AutoSchema):
    """Reads what a view says of itself: its questions, its answers, its docstrings."""

    view: "CompanyViewSet"  # type: ignore[override]  # it describes no other views

    def get_operation_id(self) -> str:
        return f"{self.view.basename}_{self.view.action}"

    def get_override_parameters(self) -> list[Any]:
        query = self.view.queries.get(self.view.action)
        return [query] if query else []

    def get_request_serializer(self) -> Any:
        return self.view.bodies.get(self.view.action)

    def get_response_serializers(self) -> Any:
        status, answer = self.view.answers[self.view.action]
        found: dict[int, Any] = {
            status: answer,
            401: OpenApiResponse(ErrorSerializer, "No token, or one that is not valid."),
            403: OpenApiResponse(ErrorSerializer, "This person's role does not permit it."),
            404: OpenApiResponse(ErrorSerializer, "There is no such thing in this company."),
            422: OpenApiResponse(FieldErrorSerializer, "Refused; the answer says why."),
        }
        if self.method == "POST":
            found[400] = OpenApiResponse(ErrorSerializer, "The body is not acceptable JSON.")
        found[409] = OpenApiResponse(
            ErrorSerializer, "Somebody was first, or its state does not permit this now."
        )
        return dict(sorted(found.items()))

    def get_summary(self) -> str:
        return self._words()[0]

    def get_description(self) -> str:  # type: ignore[override]  # drf-spectacular's own
        return self._words()[1]

    def _words(self) -> tuple[str, str]:
        text = getattr(self.view, self.view.action).__doc__ or ""
        first, _, rest = text.strip().partition("\n")
        return first, " ".join(rest.split())


class BearerToken(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "companies.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token made under Account, API tokens. It has its person's rights.",
        }


class CompanyViewSet(viewsets.GenericViewSet[Any]):
    """Of one company: the one the token was made in. By action: rights, questions, answers."""

    schema = Described()
    required: ClassVar[dict[str, Action]]
    queries: ClassVar[dict[str, type[Asked]]] = {}
    bodies: ClassVar[dict[str, type[Asked]]] = {}
    answers: ClassVar[dict[str, tuple[int, Answer]]]
    lookup_value_regex = "[0-9]{1,18}"
    http_method_names = ["get", "head", "post"]

    @property
    def membership(self) -> Membership:
        return cast("Membership", self.request.auth)

    @property
    def company(self) -> Company:
        return self.membership.company

    @property
    def person(self) -> User:
        return self.membership.user

    def check_permissions(self, request: Request) -> None:
        if request.auth and str(request.method).lower() not in (self.action_map or {}):
            raise exceptions.MethodNotAllowed(str(request.method))
        super().check_permissions(request)

    def query(self) -> dict[str, Any]:
        """What the address asks for. A filter nobody knows is refused: it would be ignored."""
        said = once_each(self.request.query_params)
        if self.action == "list" or self.answers_a_list():
            said = {name: value for name, value in said.items() if name not in PAGING}
        return self._checked(self.queries.get(self.action, Asked), said)

    def body(self) -> dict[str, Any]:
        self._checked(Asked, once_each(self.request.query_params))
        return self._checked(self.bodies.get(self.action, Asked), self.request.data)

    def answers_a_list(self) -> bool:
        return isinstance(self.answers[self.action][1], serializers.ListSerializer)

    def one(self, rows: "models.QuerySet[M]", **of: Any) -> M:
        """The row, or a 404 that is the same for a missing one and for another company's."""
        found = rows.filter(**of).first()
        if found is None:
            raise exceptions.NotFound(NOT_THERE)
        return found

    def check_all_there(self, rows: "models.QuerySet[M]", ids: Collection[int]) -> None:
        """A 404 when a single one is not there."""
        if rows.filter(pk__in=ids).count() != len(set(ids)):
            raise exceptions.NotFound(NOT_THERE)

    def page(self, rows: "models.QuerySet[M]") -> Response:
        answer = self.answers[self.action][1]
        child: Any = answer.child if isinstance(answer, serializers.ListSerializer) else answer
        kind = child if isinstance(child, type) else type(child)
        return self.get_paginated_response(kind(self.paginate_queryset(rows), many=True).data)

    def answer(self, thing: Any) -> Response:
        status, answer = self.answers[self.action]
        kind: Any = answer if isinstance(answer, type) else type(answer)
        return Response(kind(thing).data, status=status)

    @staticmethod
    def _checked(kind: type[Asked], said: Any) -> dict[str, Any]:
        asked = kind(data=said)
        asked.is_valid(raise_exception=True)
        checked: dict[str, Any] = asked.validated_data
        return checked
