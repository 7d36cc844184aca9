"""A company file to ask, and a service of a few lines for its Web Connector to call."""

import threading
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, tostring

from defusedxml.ElementTree import fromstring
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from connectors.quickbooks_desktop.sandbox import QuickBooksDesktopSandbox
from connectors.quickbooks_desktop.sandbox_refusals import CannotRun
from connectors.quickbooks_desktop.sandbox_seed import list_id

SEED = Path(__file__).parent / "sandbox_seed"
OWNER = "{6f0d6a0e-2d1b-4b52-9a55-0d0c3f1f7a10}"
FILE = "{b7d1a2c8-1a52-4a6e-8e0e-3d5b0e7f6c21}"
NS = "http://developer.intuit.com/"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"

RIDGELINE, PENA, SOUND, CLOSED = (list_id(key) for key in ("50", "51", "52", "53"))
PORT, PIER, RAMP, MASON = (list_id(key) for key in ("60", "61", "62", "63"))
SUBCONTRACTORS, MATERIALS, OLD_COSTS = (list_id(key) for key in ("14", "15", "16"))
PAYABLE, RETAINAGE, CHECKING = (list_id(key) for key in ("11", "12", "10"))
CAST, REBAR, NOT_BOUGHT = (list_id(key) for key in ("41", "43", "45"))


def message_set(
    body, *, version="13.0", declaration='<?xml version="1.0"?>', on_error="continueOnError", **more
):
    attributes = "".join(f' {name}="{value}"' for name, value in more.items())
    return (
        f'{declaration}<?qbxml version="{version}"?><QBXML>'
        f'<QBXMLMsgsRq onError="{on_error}"{attributes}>{body}</QBXMLMsgsRq></QBXML>'
    )


class Book:
    """A sandbox, and one session with its company file."""

    def __init__(self, **how):
        self.sandbox = QuickBooksDesktopSandbox(seed=SEED, pause_seconds=0.0, **how)
        self.books = self.sandbox.company_books
        self.session = self.sandbox.company_file.open(OWNER)

    def begin_again(self):
        self.session = self.sandbox.company_file.open(OWNER)

    def send(self, text):
        """The responses of a whole set, as elements below QBXMLMsgsRs."""
        return fromstring(self.session.process(text))[0]

    def ask(self, body, **how):
        """The one response to one request."""
        (response,) = self.send(message_set(body, **how))
        return response

    def status(self, body, **how):
        return int(self.ask(body, **how).get("statusCode"))

    def hresult(self, text):
        """Why the whole set was refused; blank where it was run."""
        try:
            self.session.process(text)
        except CannotRun as refused:
            return refused.hresult
        return ""

    def names(self, body, **how):
        return [
            ret.findtext("Name") for ret in self.ask(body, **how) if ret.find("Name") is not None
        ]


def bill(*lines, vendor=RIDGELINE, head="", tail=""):
    return (
        f"<BillAddRq><BillAdd><VendorRef><ListID>{vendor}</ListID></VendorRef>"
        f"{head}{''.join(lines)}{tail}</BillAdd></BillAddRq>"
    )


def expense(amount="100.00", *, account=SUBCONTRACTORS, more=""):
    return (
        f"<ExpenseLineAdd><AccountRef><ListID>{account}</ListID></AccountRef>"
        f"<Amount>{amount}</Amount>{more}</ExpenseLineAdd>"
    )


def item(more, *, key=CAST):
    return f"<ItemLineAdd><ItemRef><ListID>{key}</ListID></ItemRef>{more}</ItemLineAdd>"


# --- A service ------------------------------------------------------------------------------------


def answered(operation, said, *, namespace=NS):
    """The SOAP answer of one operation: a text, a number, or a list of strings."""
    envelope = Element(f"{{{SOAP}}}Envelope")
    body = SubElement(envelope, f"{{{SOAP}}}Body")
    response = SubElement(body, f"{{{NS}}}{operation}Response")
    result = SubElement(response, f"{{{NS}}}{operation}Result")
    if isinstance(said, list):
        for each in said:
            SubElement(result, f"{{{namespace}}}string").text = each
    else:
        result.text = str(said)
    return tostring(envelope)


class Service:
    """Says what it was told to say; the last answer of a list stays."""

    def __init__(self, **answers):
        self.answers = {
            "serverVersion": ["1"],
            "clientVersion": [""],
            "authenticate": [["ticket-1", ""]],
            "sendRequestXML": [""],
            "receiveResponseXML": [100],
            "getLastError": ["nothing was asked"],
            "connectionError": ["done"],
            "closeConnection": ["OK"],
            **answers,
        }
        self.heard = []  # (operation, [(argument, text) in their order])
        self.headers = []
        self._server = make_server("localhost", 0, self, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://localhost:{self._server.server_port}/qbwc"

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __call__(self, environ, start_response):
        request = Request(environ)
        if request.method == "GET":
            return Response("here")(environ, start_response)
        call = fromstring(request.get_data())[0][0]
        operation = call.tag.removeprefix(f"{{{NS}}}")
        self.headers.append(request.headers)
        self.heard.append(
            (operation, [(each.tag.removeprefix(f"{{{NS}}}"), each.text or "") for each in call])
        )
        said = self.answers[operation]
        answer = said.pop(0) if len(said) > 1 else said[0]
        if not isinstance(answer, Response):
            answer = Response(answered(operation, answer), mimetype="text/xml")
        return answer(environ, start_response)

    @property
    def operations(self):
        return [operation for operation, _arguments in self.heard]

    def arguments(self, operation, place=0):
        return [dict(arguments) for name, arguments in self.heard if name == operation][place]


def connector_file(url, **changes):
    """The text of a .qwc; a change of None leaves the element out."""
    said = {
        "AppName": "Tieout",
        "AppID": "",
        "AppURL": url,
        "AppDescription": "Posts approved bills",
        "AppSupport": url,
        "UserName": "tieout-7f3c",
        "OwnerID": OWNER,
        "FileID": FILE,
        "QBType": "QBFS",
        **changes,
    }
    root = Element("QBWCXML")
    for name, value in said.items():
        if value is not None:
            SubElement(root, name).text = value
    return tostring(root, encoding="unicode")


# --- A machine -----------------------------------------------------------------------------------

QUESTION = message_set("<ClassQueryRq requestID='1'/>")
ADD = message_set(bill(expense()), newMessageSetID="job-1")
PATH = r"C:\Books\Harbor Point.qbw"


class World:
    """A machine whose Web Connector knows one service."""

    def __init__(self, **answers):
        self.service = Service(**answers)
        self.book = Book()
        self.sandbox = self.book.sandbox
        self.connector = self.sandbox.connector
        self.connector.install(connector_file(self.service.url), "s3cret")

    def run(self, *troubles):
        for trouble in troubles:
            self.connector.troubles.order(trouble)
        return self.connector.run_once()

    @property
    def bills(self):
        return len(self.book.books.all("Bill"))
