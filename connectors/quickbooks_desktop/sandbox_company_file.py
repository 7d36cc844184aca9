"""A company file that is open in QuickBooks: takes a message set as text, answers with text.

Source: sections 2.1, 2.2 and 7 of the reference sheet.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from defusedxml.ElementTree import fromstring

from connectors.quickbooks_desktop import sandbox_bills as bills
from connectors.quickbooks_desktop import sandbox_commitments as commitments
from connectors.quickbooks_desktop import sandbox_envelope as envelope
from connectors.quickbooks_desktop import sandbox_info as info
from connectors.quickbooks_desktop import sandbox_lists as lists
from connectors.quickbooks_desktop import sandbox_payments as payments
from connectors.quickbooks_desktop import sandbox_queries as queries
from connectors.quickbooks_desktop.sandbox_books import LISTS, PAYMENTS, CompanyBooks
from connectors.quickbooks_desktop.sandbox_envelope import MessageSet
from connectors.quickbooks_desktop.sandbox_order import GRAMMAR, WRAPPED
from connectors.quickbooks_desktop.sandbox_queries import Iteration
from connectors.quickbooks_desktop.sandbox_recovery import MessageSets
from connectors.quickbooks_desktop.sandbox_refusals import Refusal
from connectors.quickbooks_desktop.sandbox_shapes import moment, ret, written
from connectors.sandboxing import Doc, Store

LONGEST_REQUEST_ID = 50


@dataclass
class _Answered:
    """What one request gets back, before it is written."""

    content: list[Element] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    problem: Refusal | None = None
    recovery: Doc | None = None


@dataclass
class CompanyFile:
    """`lock` is held while a set runs: one at a time, whoever asks."""

    books: CompanyBooks
    store: Store
    lock: AbstractContextManager[object]
    now: Callable[[], datetime]

    @property
    def path(self) -> str:
        return str(self.books.company["path"])

    def stamp(self, owner: str) -> str:
        """The FileID an application left here, blank where it never did (1.5)."""
        return str(self.books.company["stamps"].get(owner.upper(), ""))

    def put_stamp(self, owner: str, file_id: str) -> None:
        with self.lock, self.store.transaction():
            stamps = {**self.books.company["stamps"], owner.upper(): file_id}
            self.books.change_company(stamps=stamps)

    def open(self, application: str) -> "Session":
        return Session(self, application)


class Session:
    """One run of one application: its iterators end with it (2.4)."""

    def __init__(self, file: CompanyFile, application: str) -> None:
        self._file = file
        self._books = file.books
        self._sets = MessageSets(file.store, application)
        self._iterations: dict[str, Iteration] = {}

    def process(self, text: str) -> str:
        """Run a message set, or answer as before where it ran already.

        Raises:
            CannotRun: the whole set is refused.
        """
        asked = envelope.read(text)
        with self._file.lock:
            try:
                with self._file.store.transaction():
                    return self._answer(text, asked)
            except BaseException:
                self._books.forget()
                raise

    def _answer(self, text: str, asked: MessageSet) -> str:
        new = asked.attributes.get("newMessageSetID", "")
        old = asked.attributes.get("oldMessageSetID", "")
        root = Element("QBXML")
        responses = SubElement(root, "QBXMLMsgsRs")
        if not new and not old:
            self._run(asked, responses)
            return _written(root)
        if new:
            responses.set("newMessageSetID", new)
        if old:
            responses.set("oldMessageSetID", old)
        recalled = self._sets.recalled(text, new, old, is_empty=not asked.requests)
        if recalled is not None:
            responses.set("messageSetStatusCode", str(recalled.status))
            if recalled.responses:
                responses.extend(_responses(recalled.responses))
            return _written(root)
        self._run(asked, responses)
        if new:
            self._sets.keep(text, new, _written(root))
        responses.set("messageSetStatusCode", "0")
        return _written(root)

    def _run(self, asked: MessageSet, responses: Element) -> None:
        stops = asked.attributes["onError"] == "stopOnError"
        brief = asked.attributes.get("responseData") == "includeNone"
        failed = False
        for request in asked.requests:
            name = request.tag.removesuffix("Rq")
            if failed and stops:
                answered = _Answered(problem=_not_processed())
            else:
                answered = self._answered(name, request, asked.version)
            problem = answered.problem
            failed = failed or (problem is not None and problem.severity == "Error")
            _write_response(responses, name, request, answered, brief=brief)

    def _answered(self, name: str, request: Element, version: int) -> _Answered:
        if len(request.get("requestID", "")) > LONGEST_REQUEST_ID:
            return _Answered(problem=Refusal(1060, "The request ID is longer than 50 characters."))
        body = request[0] if name in WRAPPED else request
        try:
            said = GRAMMAR.read(name, body, version, clears=name.endswith("Mod"))
            if name.endswith("Query"):
                return self._queried(name, said, dict(request.attrib))
            return self._ordered(name, said, version)
        except Refusal as refusal:
            counted = {"retCount": "0"} if name.endswith("Query") else {}
            return _Answered(problem=refusal, attributes=counted)

    # --- Questions ----------------------------------------------------------------------------

    def _queried(self, query: str, said: Doc, attributes: dict[str, str]) -> _Answered:
        books, only = self._books, said.get("IncludeRetElement", [])
        if query in info.ABOUT:
            return _Answered([info.ABOUT[query](books, said)])
        if query in {"ListDeletedQuery", "TxnDeletedQuery"}:
            gone = queries.deleted(books, said, self._file.now())
            content = [_deletion(books, f"{query.removesuffix('Query')}Ret", doc) for doc in gone]
            return _Answered(content, {"retCount": str(len(gone))})
        found = queries.run(books, query, said, attributes, self._iterations)
        counted = {"retCount": str(len(found.rows)), **found.attributes}
        if attributes.get("metaData") == "MetaDataOnly":
            return _Answered([], counted, found.problem)
        kind = query.removesuffix("Query")
        lines = said.get("IncludeLineItems", False)
        linked = said.get("IncludeLinkedTxns", False)
        content = [
            ret(books, kind, doc, lines=lines, linked=linked, only=only) for doc in found.rows
        ]
        return _Answered(content, counted, found.problem)

    # --- Orders -------------------------------------------------------------------------------

    def _ordered(self, name: str, said: Doc, version: int) -> _Answered:
        if name in DELETES:
            return self._deleted(name, said)
        books, now = self._books, self._file.now()
        kind = name.removesuffix("Add").removesuffix("Mod")
        if name == "PurchaseOrderAdd":
            doc = commitments.added(books, said, now)
        elif name == "BillMod":
            doc = bills.modified(books, said, now)
        elif kind in LISTS:
            change = lists.added if name.endswith("Add") else lists.modified
            doc = change(books, kind, said, now)
        else:
            doc = bills.added(books, kind, said, now)
        answered = _Answered([ret(books, kind, doc, lines=True)])
        if name.endswith("Add") and version >= 11:
            answered.recovery = doc
        return answered

    def _deleted(self, name: str, said: Doc) -> _Answered:
        books, now = self._books, self._file.now()
        kind = said.get("ListDelType") or said.get("TxnDelType") or said["TxnVoidType"]
        key = said.get("ListID") or said["TxnID"]
        if name == "TxnVoid":
            if kind in PAYMENTS:
                void = payments.voided(books, key, now)
            else:
                void = bills.voided(books, kind, key, now)
            return _Answered(_fields(TxnVoidType=kind, TxnID=key, RefNumber=void.get("RefNumber")))
        if name == "ListDel":
            gone = lists.deleted(books, _list_of(kind), key, now)
            when = moment(books, gone["TimeDeleted"])
            return _Answered(
                _fields(ListDelType=kind, ListID=key, TimeDeleted=when, FullName=gone["name"])
            )
        if kind in PAYMENTS:
            gone = payments.deleted(books, key, now)
        elif kind == "PurchaseOrder":
            gone = commitments.deleted(books, key, now)
        else:
            gone = bills.deleted(books, kind, key, now)
        when = moment(books, gone["TimeDeleted"])
        return _Answered(
            _fields(TxnDelType=kind, TxnID=key, TimeDeleted=when, RefNumber=gone["name"])
        )


DELETES = {"ListDel", "TxnDel", "TxnVoid"}


def _list_of(kind: str) -> str:
    """The list that a type of deletion means."""
    if kind.startswith("Item"):
        return "Item"
    return "Terms" if kind.endswith("Terms") else kind


def _not_processed() -> Refusal:
    return Refusal(3231, "The request has not been processed.")


# --- Writing --------------------------------------------------------------------------------------


def _write_response(
    parent: Element, name: str, request: Element, answered: _Answered, *, brief: bool
) -> None:
    response = SubElement(parent, f"{name}Rs")
    if "requestID" in request.attrib:
        response.set("requestID", request.attrib["requestID"])
    problem = answered.problem
    response.set("statusCode", str(problem.code) if problem else "0")
    response.set("statusSeverity", problem.severity if problem else "Info")
    response.set("statusMessage", problem.message if problem else "Status OK")
    for attribute, value in answered.attributes.items():
        response.set(attribute, value)
    if not brief:
        response.extend(answered.content)
        if answered.recovery is not None:
            _write_recovery(response, answered.recovery)


def _write_recovery(response: Element, doc: Doc) -> None:
    recovery = SubElement(response, "ErrorRecovery")
    for prop in ("ListID", "TxnID", "TxnNumber", "EditSequence", "ExternalGUID"):
        if prop in doc:
            written(recovery, prop, doc[prop])


def _deletion(books: CompanyBooks, name: str, doc: Doc) -> Element:
    is_list = name.startswith("List")
    element = Element(name)
    written(element, "ListDelType" if is_list else "TxnDelType", doc["kind"])
    written(element, "ListID" if is_list else "TxnID", doc["id"])
    written(element, "TimeCreated", moment(books, doc["TimeCreated"]))
    written(element, "TimeDeleted", moment(books, doc["TimeDeleted"]))
    if doc["name"]:
        written(element, "FullName" if is_list else "RefNumber", doc["name"])
    return element


def _fields(**said: object) -> list[Element]:
    holder = Element("fields")
    for prop, value in said.items():
        if value:
            written(holder, prop, value)
    return list(holder)


def _written(root: Element) -> str:
    """Everything outside ASCII as a numeric entity."""
    body: bytes = tostring(root, encoding="us-ascii")
    return '<?xml version="1.0" ?>' + body.decode("ascii")


def _responses(text: str) -> Element:
    """The responses of a set that ran before, as they were written."""
    root: Element = fromstring(text)
    return root[0]
