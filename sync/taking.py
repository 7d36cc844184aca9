"""What comes from a pull, list or document: in batches, and so that the database takes it."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from decimal import Decimal
from itertools import islice
from typing import Any, TypeVar, cast

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q

from connectors.records import (
    PulledBill,
    PulledCommitment,
    Removed,
    Unreadable,
)

BATCH = 200
T = TypeVar("T")


@dataclass
class Mirrored:
    """What a pass over one list came to."""

    found: int = 0
    changed: set[int] = field(default_factory=set)  # ids of rows that are new or differ
    unreadable: list[Unreadable] = field(default_factory=list)


def batches(pulled: Iterable[T | Unreadable], result: Mirrored) -> Iterator[list[T]]:
    """The readable ones, some hundred at a time; what could not be read is kept aside."""
    source = iter(pulled)
    while batch := list(islice(source, BATCH)):
        result.unreadable += [row for row in batch if isinstance(row, Unreadable)]
        if readable := [storable_copy(row) for row in batch if not isinstance(row, Unreadable)]:
            yield readable


def unkept(pulled: PulledBill | PulledCommitment) -> Unreadable:
    """One that the database has no room for must not keep the others from coming."""
    what = pulled.kind.value.replace("_", " ")
    return Unreadable(
        sentence=f"The {what} {pulled.number or pulled.external_id} cannot be kept: a word or an"
        " amount in it is too long. Correct it in the source and pull again.",
        payload=pulled.payload,
        kind=pulled.kind,
        external_id=pulled.external_id,
    )


def storable_copy(pulled: T) -> T:
    """The same with texts that the database takes. Payloads are made plain where they are kept."""
    texts = {
        name: _storable_value(getattr(pulled, name))
        for name in (one.name for one in fields(cast("Any", pulled)))
        if name != "payload"
    }
    return cast("T", replace(cast("Any", pulled), **texts))


def _storable_value(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_storable_value(each) for each in value)
    if is_dataclass(value):
        return storable_copy(value)
    return storable(value) if type(value) is str else value


def storable(text: str) -> str:
    """Without what PostgreSQL refuses in a text: NUL, and one half of a surrogate pair."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode()


def hidden(unreadable: Iterable[Unreadable]) -> Q:
    """The rows that these stand for: not shown, and yet perhaps still there."""
    ids: dict[str, set[str]] = {}
    for mark in unreadable:
        ids.setdefault(str(mark.kind), set()).add(mark.external_id)
    hidden = Q(pk__in=[])
    for kind, those in ids.items():
        hidden |= Q(kind=kind) if "" in those else Q(kind=kind, external_id__in=those)
    return hidden


def named(rows: Iterable[Removed | Unreadable]) -> Q:
    named = Q(pk__in=[])
    for row in rows:
        named |= Q(kind=row.kind, external_id=row.external_id)
    return named


def sha256_of(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, cls=DjangoJSONEncoder, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def plain(payload: Any) -> Any:
    """A payload fit for a JSON column: exact numbers become strings of digits."""
    if isinstance(payload, Decimal):
        return str(payload)
    if isinstance(payload, dict):
        return {storable(str(key)): plain(value) for key, value in payload.items()}
    if isinstance(payload, list | tuple):
        return [plain(value) for value in payload]
    return storable(payload) if isinstance(payload, str) else payload
