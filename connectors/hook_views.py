"""The addresses at which other systems tell us news. No person comes here."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from common.choices import System
from connectors import receiving
from connectors.models import Connection


@csrf_exempt  # who calls proves itself by a secret or a signature, never by a cookie
@require_POST
def connection(request: HttpRequest, row_key: UUID) -> HttpResponse:
    live = Connection.objects.exclude(state=Connection.State.DISCONNECTED)
    found = live.filter(row_key=row_key).first()
    if found is None:
        raise Http404
    body = _body(request)
    if body is None:
        return HttpResponse(status=413)
    return HttpResponse(status=200 if receiving.receive(found, request.headers, body) else 401)


@csrf_exempt
@require_POST
def system(request: HttpRequest, system: str) -> HttpResponse:
    """Of a system that has one address for all its companies."""
    try:
        named = System(system.replace("-", "_"))
    except ValueError:
        raise Http404 from None
    body = _body(request)
    if body is None:
        return HttpResponse(status=413)
    is_genuine = receiving.receive_for_all(named, request.headers, body)
    return HttpResponse(status=200 if is_genuine else 401)


def _body(request: HttpRequest) -> bytes | None:
    """The raw bytes; None when they are more than we take, which is more than a form may have."""
    try:
        if int(request.headers.get("Content-Length") or 0) > receiving.LARGEST:
            return None
    except ValueError:
        return None
    body = request.read(receiving.LARGEST + 1)
    return None if len(body) > receiving.LARGEST else body
