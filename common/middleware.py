"""Shows an AppError as one sentence, wherever it was raised."""

import json
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers

from common import requests
from common.errors import AppError

Handler = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = requests.begin()
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        # One URL gives a page to a browser and its fragment to htmx.
        patch_vary_headers(response, ["HX-Request"])
        if not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_cache=True)
        return response


class AppErrorMiddleware:
    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return error_answer(request, error) if isinstance(error, AppError) else None


def error_answer(request: HttpRequest, error: AppError) -> HttpResponse:
    """The sentence: as a toast for htmx, as a page of its own otherwise."""
    if request.headers.get("HX-Request"):
        # 409 and 422 swap: without this an empty answer would blank what it was meant for.
        answer = HttpResponse(status=error.status, headers={"HX-Reswap": "none"})
        return with_toast(answer, str(error), level="error")
    context = {"sentence": str(error), "status": error.status}
    return render(request, "error.html", context, status=error.status)


def with_toast(
    response: HttpResponse, text: str, *, level: str = "info", news: str = ""
) -> HttpResponse:
    """Let `text` appear as a toast; htmx reads the header on any status.

    `news` is the name of one more event that the page listens to.
    """
    events: dict[str, object] = {"toast": {"text": text, "level": level}}
    response["HX-Trigger"] = json.dumps(events | ({news: None} if news else {}))
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    return error_answer(request, StaleForm())


class StaleForm(AppError):
    status = 403

    def __init__(self) -> None:
        super().__init__(
            "This page is too old to be trusted, so nothing was saved. Reload it and try again."
        )
