"""How the REST API reads questions, pages lists and words errors."""

from collections.abc import Mapping
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.http import QueryDict
from rest_framework import exceptions, serializers, status
from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response
from rest_framework.views import exception_handler

from common.dates import FIRST_DAY, LAST_DAY
from common.errors import AppError


class Pages(PageNumberPagination):
    page_size_query_param = "page_size"
    max_page_size = 200


class Asked(serializers.Serializer[Any]):
    """What a caller may say. A field that is not named here is refused by its name."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = sorted(str(name) for name in data if name not in self.fields)
            if unknown:
                raise exceptions.ValidationError({name: ["Not a field here."] for name in unknown})
        return super().to_internal_value(data)


class Id(serializers.IntegerField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": 2**63 - 1, **kwargs})


class Count(serializers.IntegerField):
    """A number or version of things; what the database keeps as a positive integer."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 0, "max_value": 2**31 - 1, **kwargs})


class Text(serializers.CharField):
    """Text without control characters; a number in its place is refused."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators.append(
            RegexValidator(
                r"[\x00-\x08\x0b-\x1f\x7f-\x9f]",
                "Control characters are not accepted.",
                inverse_match=True,
            )
        )

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Day(serializers.DateField):
    """A day near enough that a time zone can still be applied to it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators += [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]


class ErrorSerializer(serializers.Serializer[Any]):
    detail = serializers.CharField(help_text="What happened, then what to do.")


class HoldSentenceSerializer(serializers.Serializer[Any]):
    rule = serializers.CharField()
    sentence = serializers.CharField()
    fix = serializers.CharField()


class FieldErrorSerializer(ErrorSerializer):
    holds = HoldSentenceSerializer(
        many=True, required=False, help_text="Every reason, when a bill is held."
    )

    def get_fields(self) -> dict[str, Any]:
        # `fields` is a property of every serializer, so it cannot be declared in the class body.
        messages = serializers.ListField(child=serializers.CharField())
        described = "Messages by field, when fields are not right."
        by_field = serializers.DictField(child=messages, required=False, help_text=described)
        return {**super().get_fields(), "fields": by_field}


def once_each(query: QueryDict) -> dict[str, str]:
    """The address's parameters. Given twice, one of them would be ignored, so it is refused."""
    twice = [name for name, values in query.lists() if len(values) > 1]
    if twice:
        raise exceptions.ValidationError({name: ["Given more than once."] for name in twice})
    return {name: str(value) for name, value in query.items()}


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """Every error has one shape: a sentence, and per-field messages where there are any."""
    if isinstance(error, AppError):
        body: dict[str, Any] = {"detail": str(error)}
        body.update(getattr(error, "details", {}))
        return Response(body, status=error.status)
    response = exception_handler(error, context)
    if response is not None and isinstance(error, exceptions.ValidationError):
        response.data = {"detail": "Some fields are not right.", "fields": response.data}
        response.status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    return response
