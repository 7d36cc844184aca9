"""Reading JSON from outside without surprises."""

import json
from typing import Any

from rest_framework import exceptions
from rest_framework.parsers import BaseParser

LARGEST_BODY = 1024 * 1024
DEEPEST = 32


class StrictJSONParser(BaseParser):
    """JSON without surprises: at most 1 MB and 32 levels, no duplicate keys, NaN or NUL."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        body = stream.read(LARGEST_BODY + 1)
        if len(body) > LARGEST_BODY:
            raise exceptions.ParseError("The body is larger than 1 MB.")
        try:
            text = body.decode("utf-8")
            if "\x00" in text or "\\u0000" in text:
                raise ValueError("a NUL character")
            if _depth(text) > DEEPEST:
                raise ValueError("more than 32 levels")
            found = json.loads(
                text, object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_exact
            )
            if "\\ud" in text.lower():
                # Half of a surrogate pair is no text: nothing could store or answer it.
                json.dumps(found, ensure_ascii=False).encode()
            return found
        except (ValueError, RecursionError) as error:
            raise exceptions.ParseError(f"The body is not acceptable JSON: {error}.") from error


def _depth(text: str) -> int:
    """Deepest nesting, counted without building it; brackets in strings do not count."""
    depth = deepest = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key appears twice")
    return found


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not a number")


def _exact(text: str) -> str:
    """Amounts come as strings or integers; a number with a point is kept as it was written."""
    return text
