"""What Buildertrend's "no" means, by the assumed contract: Buildertrend fact sheet, 8.1."""

from connectors.errors import AccessDenied, ConnectorError, Refused
from connectors.http import Answer

LONGEST_REASON = 300


def refusal(answer: Answer) -> ConnectorError:
    """A 403 and a 404 concern one thing only; any other 4xx needs a person."""
    said = _error(answer)
    reason, fields = _text(said.get("message")), said.get("fields")
    field, why = _first(fields)
    request_id = answer.request_id or _text(said.get("requestId"))
    if answer.status == 403:
        return AccessDenied(
            "Buildertrend does not let our app see this. Ask Buildertrend, or the admin of the "
            f"account there, to give it access.{_quoted(reason)}",
            request_id=request_id,
        )
    if answer.status == 404:
        return AccessDenied(
            f"Buildertrend does not have this, or hides it from our app.{_quoted(reason)}",
            request_id=request_id,
        )
    detail = f" ({field}: {why})" if field else ""
    return Refused(
        "Buildertrend refused the request: "
        f"{reason or f'HTTP {answer.status}, no reason given'}{detail}",
        code=_text(said.get("code")) or str(answer.status),
        field=field,
        request_id=request_id,
    )


def _error(answer: Answer) -> dict[str, object]:
    """The envelope's inside; nothing where a proxy answered in its own words."""
    error = answer.data.get("error") if isinstance(answer.data, dict) else None
    return error if isinstance(error, dict) else {}


def _first(fields: object) -> tuple[str, str]:
    if isinstance(fields, list) and fields and isinstance(fields[0], dict):
        return _text(fields[0].get("name")), _text(fields[0].get("reason"))
    return "", ""


def _quoted(reason: str) -> str:
    return f" It said: {reason}" if reason else ""


def _text(value: object) -> str:
    return value.strip()[:LONGEST_REASON] if isinstance(value, str) else ""
