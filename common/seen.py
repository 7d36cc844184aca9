"""Which rows a page showed, as its form or its address sends them back."""

from django.http import QueryDict

DIGITS = 18  # as many as an id of the database has for certain


def number(text: str) -> int | None:
    """A whole number as pages print it; None for the rest of what `isdigit` takes, like "²"."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None


def ids_of(query: QueryDict, name: str = "ids") -> set[int]:
    return {pk for text in query.getlist(name) if (pk := number(text)) is not None}
