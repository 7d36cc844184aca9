"""How the REST API pages lists and words errors."""

from typing import Any

from rest_framework import exceptions, status
from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response
from rest_framework.views import exception_handler

from common.errors import AppError


class Pages(PageNumberPagination):
    page_size_query_param = "page_size"
    max_page_size = 200


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
