"""The API's own description: as a file for programs, as a page for people."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

TOKEN = "tieout_YOUR_TOKEN"  # noqa: S105  # stands in the examples for a real one
DEEPEST = 4
SAMPLES = {"integer": 1, "number": 0.5, "boolean": True, "string": "…", "object": {}}


@dataclass(frozen=True)
class Field:
    """One line of a table: a parameter, or a field of a body or an answer."""

    name: str  # with its place: "mappings[].id"
    type: str
    required: bool
    text: str


@dataclass(frozen=True)
class Answer:
    status: str
    text: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    text: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    answer: Answer  # when all goes well
    refusals: tuple[Answer, ...]
    example: str  # a body, as JSON; blank where there is none


@dataclass(frozen=True)
class Section:
    name: str
    operations: tuple[Operation, ...]


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    context = {"sections": sections(), "host": request.build_absolute_uri("/"), "token": TOKEN}
    return render(request, "api/docs.html", context)


@require_safe
def schema_json(_request: HttpRequest) -> JsonResponse:
    return JsonResponse(schema())


@cache
def schema() -> dict[str, Any]:
    """It follows from the code alone, so once a process is enough."""
    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return found


@cache
def sections() -> tuple[Section, ...]:
    found: dict[str, list[Operation]] = {}
    for path, methods in schema()["paths"].items():
        for method, spoken in methods.items():
            name = spoken["tags"][0].capitalize()
            found.setdefault(name, []).append(_operation(path, method, spoken))
    return tuple(Section(name, tuple(rows)) for name, rows in found.items())


def _operation(path: str, method: str, spoken: dict[str, Any]) -> Operation:
    answers = [
        Answer(status, answer.get("description", ""), _fields_of(answer))
        for status, answer in sorted(spoken["responses"].items())
    ]
    body = spoken.get("requestBody", {})
    return Operation(
        id=spoken["operationId"],
        method=method.upper(),
        path=path,
        summary=spoken.get("summary", ""),
        text=spoken.get("description", ""),
        parameters=tuple(
            Field(
                each["name"],
                _type(each["schema"]),
                each.get("required", False),
                each.get("description", ""),
            )
            for each in spoken.get("parameters", ())
        ),
        body=_fields_of(body),
        answer=answers[0],
        refusals=tuple(answers[1:]),
        example=json.dumps(_sample(_shape(body)), ensure_ascii=False) if body else "",
    )


def _shape(content: dict[str, Any]) -> dict[str, Any]:
    shape: dict[str, Any] = content.get("content", {}).get("application/json", {}).get("schema", {})
    return shape


def _fields_of(content: dict[str, Any]) -> tuple[Field, ...]:
    return tuple(_fields(_shape(content)))


def _fields(shape: dict[str, Any], prefix: str = "", depth: int = 0) -> Iterator[Field]:
    shape = _resolved(shape)
    required = set(shape.get("required", ()))
    for name, described in shape.get("properties", {}).items():
        inner = _resolved(described)
        is_list = inner.get("type") == "array"
        yield Field(
            prefix + name,
            _type(described),
            name in required,
            described.get("description", "") or inner.get("title", ""),
        )
        if depth < DEEPEST:
            below = inner["items"] if is_list else inner
            yield from _fields(below, f"{prefix}{name}{'[]' if is_list else ''}.", depth + 1)


def _resolved(shape: dict[str, Any]) -> dict[str, Any]:
    """What a reference points to; of several references, all their fields together."""
    if "$ref" in shape:
        return _resolved(schema()["components"]["schemas"][shape["$ref"].rsplit("/", 1)[1]])
    found = dict(shape)
    for part in shape.get("allOf", shape.get("oneOf", ())):
        found = {**_resolved(part), **found}
    return found


def _type(shape: dict[str, Any]) -> str:
    inner = _resolved(shape)
    if values := inner.get("enum"):
        words = " | ".join(str(value) for value in values if value not in ("", None))
    elif inner.get("type") == "array":
        words = f"list of {_type(inner['items'])}"
    else:
        words = inner.get("format") or inner.get("type", "any")
        words = {"decimal": "amount, as text", "date-time": "moment", "date": "day"}.get(
            words, words
        )
    return f"{words} or null" if inner.get("nullable") else words


def _sample(shape: dict[str, Any]) -> Any:
    """The smallest body that says something: required fields, or else the first one."""
    shape = _resolved(shape)
    if shape.get("type") == "array":
        return [_sample(shape["items"])]
    if "properties" in shape:
        names = shape.get("required") or list(shape["properties"])[:1]
        return {name: _sample(shape["properties"][name]) for name in names}
    return SAMPLES.get(shape.get("type", "object"))
