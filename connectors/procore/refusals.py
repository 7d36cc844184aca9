"""What Procore's "no" means, whatever shape its body has this time.

Source: Procore fact sheet, 1.5 and 2.5. The shapes differ by version, by resource and by what went
wrong, so every key is optional here and a body that is no JSON at all is read as text.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from connectors.errors import AccessDenied, ConnectorError, NotShown, Refused
from connectors.http import Answer
from connectors.records import JSON

LONGEST_REASON = 300


@dataclass(frozen=True, kw_only=True)
class Reason:
    text: str = ""
    code: str = ""
    field: str = ""


def refusal(answer: Answer) -> ConnectorError:
    """A 403 and a hidden 404 concern one thing only; any other 4xx needs a person."""
    reason = read_reason(answer)
    if answer.status in {403, 404}:
        said = f" It said: {reason.text}" if reason.text else ""
        kind = NotShown if answer.status == 404 else AccessDenied
        return kind(
            "Procore does not let our sign-in see this. Ask a Procore admin to give it access to "
            f"the project and the tool.{said}",
            request_id=answer.request_id,
        )
    return Refused(
        f"Procore refused the request: {reason.text or f'HTTP {answer.status}, no reason given'}",
        code=reason.code or str(answer.status),
        field=reason.field,
        request_id=answer.request_id,
    )


def read_reason(answer: Answer) -> Reason:
    data = answer.data
    if isinstance(data, dict):
        return _from_object(data)
    if data is None:
        return Reason(text=_from_text(answer.body))
    return Reason(text=_joined(_sentences(data)))


def _from_object(data: dict[str, JSON]) -> Reason:
    inner = data.get("error")
    if isinstance(inner, dict):  # 2.0 resources, and hooks that could not be created
        return Reason(
            text=_joined([*_sentences(inner.get("message")), *_sentences(inner.get("details"))]),
            code=_word(inner.get("code")),
            field=_first_source(inner.get("details")),
        )
    errors = data.get("errors")
    parts = [
        *_sentences(errors),
        *_sentences(data.get("message")),
        *_sentences(data.get("reason")),
        *_sentences(inner),
        *_sentences(data.get("error_description")),
    ]
    field = next(iter(errors), "") if isinstance(errors, dict) else _word(data.get("fields"))
    return Reason(text=_joined(parts), code=_word(data.get("code")), field=str(field))


def _sentences(value: JSON) -> Iterator[str]:
    """Every sentence in text, a list, `{field: [texts]}` or a detail with a message."""
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, list):
        for item in value:
            yield from _sentences(item)
    elif isinstance(value, dict):
        if "message" in value:
            yield from _sentences(value["message"])
            return
        for name, texts in value.items():
            for text in _sentences(texts):
                yield f"{name} {text}"


def _from_text(body: bytes) -> str:
    text = body.decode("utf-8", "replace").strip()
    # A proxy's error page says nothing a person can use.
    return "" if text.startswith("<") else text[:LONGEST_REASON]


def _joined(parts: Iterable[str]) -> str:
    unique = dict.fromkeys(part for part in parts if part)
    return "; ".join(unique)[:LONGEST_REASON]


def _word(value: JSON) -> str:
    return str(value) if isinstance(value, str | int) else ""


def _first_source(details: JSON) -> str:
    if not isinstance(details, list):
        return ""
    sources = (detail.get("source") for detail in details if isinstance(detail, dict))
    return next((source for source in sources if isinstance(source, str)), "")
