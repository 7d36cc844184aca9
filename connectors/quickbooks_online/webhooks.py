"""What Intuit tells us by itself, at one address for all companies that use our app.

Section 6.3 of the reference sheet of QuickBooks Online: two forms of the body, one signature. The
body holds no data, only what changed in which company.
"""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from common.choices import RecordKind
from connectors.http import parse_json
from connectors.quickbooks_online.payments import PAYMENT
from connectors.records import JSON, News

SIGNATURE = "intuit-signature"
KINDS = {
    "vendor": RecordKind.VENDOR,
    "customer": RecordKind.CUSTOMER,  # or a project: reading it again tells
    "item": RecordKind.ITEM,
    "account": RecordKind.ACCOUNT,
    "class": RecordKind.CLASS,
    "department": RecordKind.LOCATION,
    "term": RecordKind.TERM,
    "billpayment": PAYMENT,
}
REMOVALS = {"delete", "deleted"}

_TYPE = re.compile(r"qbo\.(?P<entity>[a-z]+)\.(?P<verb>[a-z]+)\.v\d+")
_ID = re.compile(r"[0-9A-Za-z-]{1,40}")


def signature(body: bytes, verifier: str) -> str:
    digest = hmac.new(verifier.encode(), body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def is_genuine(headers: Mapping[str, str], body: bytes, verifier: str) -> bool:
    given = headers.get(SIGNATURE, "")
    return hmac.compare_digest(given.encode(), signature(body, verifier).encode())


def by_company(body: bytes) -> dict[str, bytes]:
    """Each company's part; the bytes themselves where there is but one.

    Raises:
        ValueError: it is neither form.
    """
    said = _parsed(body)
    parts: dict[str, list[JSON]] = {}
    if isinstance(said, list):
        for event in said:
            parts.setdefault(_text(event, "intuitaccountid"), []).append(event)
    else:
        for notification in said["eventNotifications"]:
            parts.setdefault(_text(notification, "realmId"), []).append(notification)
    if len(parts) == 1:
        return dict.fromkeys(parts, body)
    whole = (lambda part: part) if isinstance(said, list) else _enveloped
    return {realm: json.dumps(whole(part), default=str).encode() for realm, part in parts.items()}


def read(_headers: Mapping[str, str], body: bytes) -> list[News]:
    """Raises ValueError when it is neither form."""
    said = _parsed(body)
    if isinstance(said, list):
        return [_from_cloud_event(event) for event in said]
    return [
        news
        for notification in said["eventNotifications"]
        for entity in _entities(notification)
        for news in _from_entity(entity)
    ]


def _parsed(body: bytes) -> JSON:
    said = parse_json(body)
    if isinstance(said, list) and all(isinstance(event, dict) for event in said):
        return said
    notifications = said.get("eventNotifications") if isinstance(said, dict) else None
    if not isinstance(notifications, list) or not all(isinstance(n, dict) for n in notifications):
        raise ValueError("it is neither form of Intuit's webhooks")
    return said


def _enveloped(notifications: list[JSON]) -> JSON:
    return {"eventNotifications": notifications}


def _entities(notification: JSON) -> list[JSON]:
    changed = notification.get("dataChangeEvent")
    entities = changed.get("entities") if isinstance(changed, dict) else None
    if not isinstance(entities, list) or not all(isinstance(each, dict) for each in entities):
        raise ValueError("a notification without entities")
    return entities


def _from_entity(entity: JSON) -> Iterator[News]:
    """The old form has no id of its own, so what it says stands for it. A merge is two changes."""
    name, verb = _text(entity, "name"), _text(entity, "operation")
    moment = str(entity.get("lastUpdated") or "")
    keys = [_identifier(entity.get("id"))]
    if merged := entity.get("deletedId") or entity.get("deletedID"):
        keys.append(_identifier(merged))
    for key in keys:
        yield News(
            event_id=f"{name}:{key}:{verb}:{moment}"[:120],
            kind=KINDS.get(name.lower(), ""),
            external_id=key,
            happened_at=_moment(moment),
            is_removal=verb.lower() in REMOVALS,
        )


def _from_cloud_event(event: JSON) -> News:
    found = _TYPE.fullmatch(_text(event, "type"))
    if found is None:
        raise ValueError("an event of an unknown type")
    return News(
        event_id=_text(event, "id"),
        kind=KINDS.get(found["entity"], ""),
        external_id=_identifier(event.get("intuitentityid")),
        happened_at=_moment(str(event.get("time") or "")),
        is_removal=found["verb"] in REMOVALS,
    )


def _text(said: JSON, name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"no {name}")
    return value


def _identifier(value: JSON) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError("an id that is none")
    return value


def _moment(text: str) -> datetime | None:
    """Seen in several spellings, so leniently; without an offset it says nothing."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
