"""Answers every query: by id, by name or by filters, in pages where a list has them (2.4).

What the sheet leaves open and is decided here: a filter that names something unknown is an invalid
reference (3140); an iterator that is gone answers 3120; and one has to be continued with the
filters it was started with, or is refused (3210).
"""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.quickbooks_desktop import sandbox_refusals as refusals
from connectors.quickbooks_desktop.sandbox_books import LISTS, CompanyBooks
from connectors.quickbooks_desktop.sandbox_refusals import Refusal
from connectors.quickbooks_desktop.sandbox_shapes import clock
from connectors.sandboxing import Doc

KEPT_DAYS = 90  # of what was deleted
NO_MATCH = Refusal(1, "A query request did not find a matching object in QuickBooks", "Info")
MATCHES: dict[str, Callable[[str, str], bool]] = {
    "StartsWith": str.startswith,
    "Contains": str.__contains__,
    "EndsWith": str.endswith,
}
COMPARED: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "LessThan": Decimal.__lt__,
    "LessThanEqual": Decimal.__le__,
    "Equal": Decimal.__eq__,
    "GreaterThan": Decimal.__gt__,
    "GreaterThanEqual": Decimal.__ge__,
}


@dataclass
class Iteration:
    """Where a query stands between two pages. It ends with the session it was started in."""

    query: str
    filters: Doc
    keys: list[str]


@dataclass
class Found:
    rows: list[Doc]
    attributes: dict[str, str] = field(default_factory=dict)
    problem: Refusal | None = None  # a warning beside the rows


def run(
    books: CompanyBooks,
    query: str,
    said: Doc,
    attributes: dict[str, str],
    iterations: dict[str, Iteration],
) -> Found:
    """The rows a query finds. Raises Refusal."""
    kind = query.removesuffix("Query")
    if "iterator" in attributes:
        return _page(books, query, said, attributes, iterations)
    named = "RefNumber" if "RefNumber" in said else "RefNumberCaseSensitive"
    if "ListID" in said or "TxnID" in said:
        wanted = said.get("ListID") or said["TxnID"]
        return _looked_up(wanted, lambda key: _one(books.get(kind, key)))
    if "FullName" in said:
        return _looked_up(said["FullName"], lambda name: _one(books.named(kind, name)))
    if named in said:
        return _looked_up(said[named], lambda number: _numbered(books, kind, number, named))
    rows = list(filtered(books, kind, said))
    if not rows:
        raise NO_MATCH
    return Found(rows[: said.get("MaxReturned", len(rows))])


def _looked_up(wanted: list[str], look: Callable[[str], list[Doc]]) -> Found:
    rows = {id(row): row for each in wanted for row in look(each)}
    missing = [each for each in wanted if not look(each)]
    if not missing:
        return Found(list(rows.values()))
    words = (
        "The query request has not been fully completed. There was a required element"
        f' ("{missing[0]}") that could not be found in QuickBooks.'
    )
    return Found(list(rows.values()), problem=Refusal(500, words, "Warn"))


def _one(doc: Doc | None) -> list[Doc]:
    return [doc] if doc else []


def _numbered(books: CompanyBooks, kind: str, number: str, named: str) -> list[Doc]:
    def same(other: str) -> bool:
        return other == number or (
            named == "RefNumber" and other.casefold() == number.casefold() and number != ""
        )

    return [doc for doc in books.all(kind) if same(doc.get("RefNumber") or "")]


# --- Pages ----------------------------------------------------------------------------------------


def _page(
    books: CompanyBooks,
    query: str,
    said: Doc,
    attributes: dict[str, str],
    iterations: dict[str, Iteration],
) -> Found:
    """The next page. Which rows there are was settled at the start; those gone are left out."""
    kind = query.removesuffix("Query")
    filters = {name: value for name, value in said.items() if name != "MaxReturned"}
    if attributes["iterator"] == "Start":
        if "MaxReturned" not in said:
            raise refusals.missing("MaxReturned")
        key_name = "ListID" if kind in LISTS else "TxnID"
        if key_name in said or "FullName" in said or "RefNumber" in said:
            raise Refusal(3153, "An iterator walks a filter, not ids or names.")
        key = f"{{{uuid.uuid4()}}}"
        rows = [doc[key_name] for doc in filtered(books, kind, said)]
        iterations[key] = Iteration(query, filters, rows)
    else:
        key = attributes.get("iteratorID", "")
        if key not in iterations or iterations[key].query != query:
            raise refusals.not_found(key)
    iteration = iterations[key]
    if attributes["iterator"] == "Stop":
        del iterations[key]
        return Found([], {"iteratorRemainingCount": "0", "iteratorID": key})
    if filters != iteration.filters:
        raise refusals.wrong_value(key, "iteratorID")
    if "MaxReturned" not in said:
        raise refusals.missing("MaxReturned")
    size = said["MaxReturned"]
    page, iteration.keys = iteration.keys[:size], iteration.keys[size:]
    shown = {"iteratorRemainingCount": str(len(iteration.keys)), "iteratorID": key}
    if not iteration.keys:
        del iterations[key]
    found = [doc for each in page if (doc := books.get(kind, each))]
    return Found(found, shown, problem=None if found else NO_MATCH)


# --- Filters --------------------------------------------------------------------------------------


def filtered(books: CompanyBooks, kind: str, said: Doc) -> Iterator[Doc]:
    if said.get("MaxReturned", 1) < 1:
        raise refusals.wrong_value("0", "MaxReturned")
    if "CurrencyFilter" in said:
        raise Refusal(3250, "Multiple currencies are not enabled in this company file.")
    passes = _list_filters if kind in LISTS else _transaction_filters
    tests = list(passes(books, said))
    return (doc for doc in books.all(kind) if all(test(doc) for test in tests))


def _list_filters(books: CompanyBooks, said: Doc) -> Iterator[Callable[[Doc], bool]]:
    active = said.get("ActiveStatus", "ActiveOnly")
    if active != "All":
        yield lambda doc: doc.get("IsActive", True) is (active == "ActiveOnly")
    yield from _modified_between(books, said)
    if name := said.get("NameFilter"):
        match, wanted = MATCHES[name["MatchCriterion"]], name["Name"].casefold()
        yield lambda doc: match(doc["Name"].casefold(), wanted)
    if span := said.get("NameRangeFilter"):
        yield lambda doc: _within(doc["Name"], span.get("FromName"), span.get("ToName"))
    if kinds := said.get("AccountType"):
        yield lambda doc: doc["AccountType"] in kinds
    if total := said.get("TotalBalanceFilter"):
        compare, amount = COMPARED[total["Operator"]], total["Amount"]
        yield lambda doc: compare(books.owed(doc["ListID"]), amount)
    if among := said.get("ClassFilter"):
        classes = _among(books, ("Class",), among)
        yield lambda doc: doc.get("ClassRef") in classes


def _transaction_filters(books: CompanyBooks, said: Doc) -> Iterator[Callable[[Doc], bool]]:
    yield from _modified_between(books, said.get("ModifiedDateRangeFilter", {}))
    if span := said.get("TxnDateRangeFilter"):
        start, end = span.get("FromTxnDate", ""), span.get("ToTxnDate", "9999")
        yield lambda doc: start <= doc["TxnDate"] <= end
    if among := said.get("EntityFilter"):
        people = _among(books, ("Vendor", "Customer", "Employee", "OtherName"), among)
        yield lambda doc: (doc.get("VendorRef") or doc.get("PayeeEntityRef")) in people
    if among := said.get("AccountFilter"):
        accounts = _among(books, ("Account",), among)
        yield lambda doc: not accounts.isdisjoint(_accounts(doc))
    if number := said.get("RefNumberFilter"):
        match, wanted = MATCHES[number["MatchCriterion"]], number["RefNumber"].casefold()
        yield lambda doc: match((doc.get("RefNumber") or "").casefold(), wanted)
    if numbers := said.get("RefNumberRangeFilter"):
        first, last = numbers.get("FromRefNumber"), numbers.get("ToRefNumber")
        yield lambda doc: _within(doc.get("RefNumber") or "", first, last)
    paid = said.get("PaidStatus", "All")
    if paid != "All":
        yield lambda doc: doc["IsPaid"] is (paid == "PaidOnly")


def _modified_between(books: CompanyBooks, said: Doc) -> Iterator[Callable[[Doc], bool]]:
    """Both ends are inclusive, by the company's clock; a day alone is the whole of it."""
    if "FromModifiedDate" in said:
        start = datetime.fromisoformat(said["FromModifiedDate"])
        yield lambda doc: clock(books, doc["TimeModified"]) >= start
    if "ToModifiedDate" in said:
        end = last_moment(said["ToModifiedDate"])
        yield lambda doc: clock(books, doc["TimeModified"]) <= end


def last_moment(text: str) -> datetime:
    end = datetime.fromisoformat(text)
    return end + timedelta(days=1, seconds=-1) if "T" not in text else end


def _within(text: str, first: str | None, last: str | None) -> bool:
    wanted = text.casefold()
    return (first is None or wanted >= first.casefold()) and (
        last is None or wanted <= last.casefold()
    )


def _among(books: CompanyBooks, kinds: tuple[str, ...], said: Doc) -> set[str]:
    """The ids a filter means, with those below them where it says so."""
    below = "ListIDWithChildren" in said or "FullNameWithChildren" in said
    ids = said.get("ListID") or [said.get("ListIDWithChildren")]
    names = said.get("FullName") or [said.get("FullNameWithChildren")]
    wanted = [{"ListID": key} for key in ids if key] + [
        {"FullName": name} for name in names if name
    ]
    found: set[str] = set()
    for each in wanted:
        match = books.found(kinds, each)
        if match is None:
            named = next(iter(each.values()))
            raise refusals.invalid_reference(kinds[0], named, "query")
        key = match[1]["ListID"]
        found |= books.branch(match[0], key) if below else {key}
    return found


def _accounts(value: Any) -> set[str]:
    """Every account a transaction names, in its head or its lines."""
    if isinstance(value, list):
        return {key for each in value for key in _accounts(each)}
    if not isinstance(value, dict):
        return set()
    found = {each for name, each in value.items() if name.endswith("AccountRef")}
    return found.union(*(_accounts(each) for each in value.values() if not isinstance(each, str)))


# --- What is gone ---------------------------------------------------------------------------------


def deleted(books: CompanyBooks, said: Doc, now: datetime) -> list[Doc]:
    """What was deleted in the last 90 days, of the types asked for. Never in pages (4)."""
    kinds = said.get("ListDelType") or said["TxnDelType"]
    span = said.get("DeletedDateRangeFilter", {})
    start = datetime.fromisoformat(span.get("FromDeletedDate", "1970-01-01"))
    end = last_moment(span.get("ToDeletedDate", "9999-01-01"))
    oldest = now - timedelta(days=KEPT_DAYS)
    rows = [
        doc
        for doc in books.deleted
        if doc["kind"] in kinds
        and datetime.fromisoformat(doc["TimeDeleted"]) >= oldest
        and start <= clock(books, doc["TimeDeleted"]) <= end
    ]
    if not rows:
        raise NO_MATCH
    return rows
