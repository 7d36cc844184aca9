"""Which rows a page showed, and how they stood then, as its form sends it back."""

import hashlib
from collections.abc import Iterable

from django.http import QueryDict

DIGITS = 18  # as many as an id of the database has for certain


def number(text: str) -> int | None:
    """A whole number as pages print it; None for the rest of what `isdigit` takes, like "²"."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None


def ids_of(query: QueryDict, name: str = "ids") -> set[int]:
    return {pk for text in query.getlist(name) if (pk := number(text)) is not None}


def versions_of(query: QueryDict, name: str = "ids") -> dict[int, int]:
    """Versions by id, from "id:version" of each row ticked."""
    parts = [text.partition(":") for text in query.getlist(name)]
    pairs = [(number(pk), number(version)) for pk, _, version in parts]
    return {pk: version for pk, version in pairs if pk is not None and version is not None}


def fingerprint(rows: Iterable[tuple[object, ...]]) -> str:
    """Stands for thousands of rows, each as its id and whatever of it must not have changed."""
    return hashlib.sha256(repr(sorted(rows)).encode()).hexdigest()[:32]
