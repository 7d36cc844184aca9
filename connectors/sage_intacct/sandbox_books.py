"""The books of one Sage Intacct company: rows by object, each with its record number.

A row is a flat dict of texts and Decimals by column; days are kept as YYYY-MM-DD and moments in
UTC, so that they compare. A nested element is a column with a dot: DISPLAYCONTACT.PRINTAS.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from typing import Any

from connectors.sage_intacct.sandbox_objects import KINDS
from connectors.sandboxing import Doc, Sandbox, Store

DEFAULT_COMPANY: Doc = {
    "id": "sandbox-co",
    "name": "Sandbox Company",
    "base_currency": "USD",
    "web_services": True,
    "senders": [],  # empty: whichever sender the sandbox itself knows
    "uses_labels": False,
    "approvals": False,
    "unique_bill_numbers": True,
    "auto_number": [],  # objects whose ids Intacct gives out: VENDOR, CUSTOMER, PROJECT
    "session_seconds": 12 * 3600,
    "rate_limited": 0,  # so many further requests are refused
    "absent": [],  # objects of modules the company has not subscribed, e.g. COSTTYPE
    "closed": [],  # [first day, last day] of every closed month
}
DEFAULT_USER: Doc = {
    "user_id": "xml_tieout",
    "password": "tieout-sandbox",
    "entities": [],  # empty: all of them, and the top level
    "denied": [],  # rights the role lacks, e.g. "APBILL:add"
}


class Books:
    """Keeps every row in memory beside the store. Rows are never changed in place."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows: dict[str, dict[str, Doc]] = {}
        self._names: dict[str, dict[str, str]] = {}
        self._touched: set[str] = set()

    # --- Undoing ------------------------------------------------------------------------------

    def mark(self) -> None:
        self._touched.clear()

    def forget_touched(self) -> None:
        """The store went back to the last mark: so does what is in memory."""
        for kind in self._touched:
            self._rows.pop(kind, None)
            self._names.pop(kind, None)
        self._touched.clear()

    # --- The company --------------------------------------------------------------------------

    @property
    def company(self) -> Doc:
        return {**DEFAULT_COMPANY, **(self._store.get("company", "company") or {})}

    def change_company(self, **changes: Any) -> None:
        self._store.put("company", "company", {**self.company, **changes})

    def user(self, user_id: str) -> Doc | None:
        found = self._store.get("user", user_id)
        return {**DEFAULT_USER, **found} if found else None

    def put_user(self, user: Doc) -> None:
        self._store.put("user", user["user_id"], user)

    @property
    def is_multi_entity(self) -> bool:
        return bool(self._all("LOCATIONENTITY"))

    def entity_of(self, location_id: str) -> str:
        """The entity that a location lies in; blank when it lies in none."""
        seen: set[str] = set()
        while location_id and location_id.casefold() not in seen:
            if self.named("LOCATIONENTITY", location_id):
                return location_id
            seen.add(location_id.casefold())
            location = self.named("LOCATION", location_id)
            location_id = location.get("PARENTID", "") if location else ""
        return ""

    # --- Rows ---------------------------------------------------------------------------------

    def get(self, kind: str, recordno: str) -> Doc | None:
        return self._all(kind).get(recordno)

    def named(self, kind: str, *key: str) -> Doc | None:
        """By natural id, in any case (9)."""
        self._all(kind)
        recordno = self._names[kind].get(_name(key))
        return self._rows[kind].get(recordno) if recordno else None

    def all(self, kind: str) -> list[Doc]:
        return list(self._all(kind).values())

    def lines(self, kind: str, recordno: str) -> Iterator[Doc]:
        """The lines of a bill or the details of a payment."""
        line = KINDS[kind].lines
        holder = "PAYMENTKEY" if line == "APPYMTDETAIL" else "RECORDKEY"
        return (row for row in self._all(line).values() if row[holder] == recordno)

    def put(self, kind: str, doc: Doc, now: datetime) -> Doc:
        """Keep a new row or a new version of one, with its number and stamps."""
        old = self.get(kind, doc["RECORDNO"]) if "RECORDNO" in doc else None
        columns, stamp = KINDS[kind].columns, moment(now)
        kept = {"MEGAENTITYID": "", **doc}
        kept["RECORDNO"] = doc.get("RECORDNO") or str(self._store.next_number(kind))
        if "STATUS" in columns:
            kept.setdefault("STATUS", "active")
        created = "AUWHENCREATED" if "AUWHENCREATED" in columns else "WHENCREATED"
        if created in columns:
            kept[created] = old[created] if old else stamp
        if "WHENMODIFIED" in columns:
            kept["WHENMODIFIED"] = stamp
        self._all(kind)[kept["RECORDNO"]] = kept
        if key := _key(kind, kept):
            self._names[kind][key] = kept["RECORDNO"]
        self._touched.add(kind)
        self._store.put(kind, kept["RECORDNO"], kept)
        return kept

    def delete(self, kind: str, recordno: str) -> None:
        gone = self._all(kind).pop(recordno)
        self._names[kind].pop(_key(kind, gone), None)
        self._touched.add(kind)
        self._store.delete(kind, recordno)

    def _all(self, kind: str) -> dict[str, Doc]:
        if kind not in self._rows:
            rows = {row["RECORDNO"]: row for row in self._store.all(kind)}
            self._rows[kind] = rows
            self._names[kind] = {
                key: number for number, row in rows.items() if (key := _key(kind, row))
            }
        return self._rows[kind]


class BooksSandbox(Sandbox):
    """A sandbox that keeps these books: what its endpoints and pages are built on."""

    @cached_property
    def entities(self) -> Books:
        return Books(self.store)


def moment(now: datetime) -> str:
    """As it is kept and compared: to the second, UTC."""
    return now.strftime("%Y-%m-%d %H:%M:%S")


def _key(kind: str, row: Doc) -> str:
    return _name(tuple(row.get(column, "") for column in KINDS[kind].key))


def _name(parts: tuple[str, ...]) -> str:
    return "/".join(parts).casefold() if all(parts) else ""
