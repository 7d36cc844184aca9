"""Where a Web Connector calls us. The address holds the connection's key; a password follows.

Sections are those of the reference sheet.
"""

import structlog
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from connectors.models import Connection
from connectors.quickbooks_desktop import soap, wsdl
from connectors.quickbooks_desktop.connector_file import address
from connectors.quickbooks_desktop.service import Service, UnknownOperation
from connectors.safe_xml import LARGEST, BadXml

log = structlog.get_logger()


@csrf_exempt  # a program calls, without cookies; it signs in by its own name and password
@require_http_methods(["GET", "HEAD", "POST"])
def web_connector(request: HttpRequest, row_key: str) -> HttpResponse:
    connections = Connection.objects.select_related("company__settings")
    connection = get_object_or_404(
        connections.exclude(state=Connection.State.DISCONNECTED),
        row_key=row_key,
        system="quickbooks_desktop",
    )
    if request.method != "POST":
        # Asked for as it is added to a Web Connector (1.2).
        if any(name.lower() == "wsdl" for name in request.GET):
            return HttpResponse(wsdl.describe(address(connection)), content_type=soap.CONTENT_TYPE)
        return HttpResponse("Tieout waits here for a QuickBooks Web Connector.", "text/plain")
    return _answered(request, Service(connection))


def _answered(request: HttpRequest, service: Service) -> HttpResponse:
    # Read here and not as request.body, whose limit is meant for pages.
    body = request.read(LARGEST + 1)
    try:
        called = soap.read_call(body)
        result = service.answer(called)
    except BadXml as error:
        return _fault(f"This call cannot be read: {error}.")
    except UnknownOperation as error:
        return _fault(f"There is no operation {str(error)[:60]!r} here.")
    except ValueError:
        return _fault("A number in this call is none.")
    return HttpResponse(soap.write_result(called.operation, result), content_type=soap.CONTENT_TYPE)


def _fault(sentence: str) -> HttpResponse:
    """SOAP 1.1 over HTTP says 500 whoever is at fault; a run of the Web Connector ends by it."""
    log.warning("web connector misunderstood", sentence=sentence)
    return HttpResponse(soap.write_fault(sentence), status=500, content_type=soap.CONTENT_TYPE)
