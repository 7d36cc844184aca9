"""Small pieces of a page that are easier to write as a tag than as an include.

Those that a table repeats in every row are built here and not in a template file, because a
hundred rows would load that file a thousand times. `templates/components/` shows them too.
"""

import html
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.middleware.csrf import get_token
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from common import requests
from common.templatetags.format import confidence_percent, missing

register = template.Library()


@dataclass(frozen=True)
class Look:
    icon: str
    word: str
    tone: str  # a colour of app.css: ok, warn, bad, draft or quiet


STATES = {
    # mappings
    "draft": Look("square-dashed", "Draft", "draft"),
    "accepted": Look("check", "Accepted, not published", "warn"),
    "overridden": Look("arrow-left-right", "Overridden, not published", "warn"),
    "published": Look("circle-check", "Published", "ok"),
    "left": Look("clock", "Left for later", "quiet"),
    "no_match": Look("minus", "No match", "quiet"),
    "none": Look("minus", "No draft", "quiet"),
    "stale": Look("triangle-alert", "Changed in the ledger", "bad"),
    # bills: readiness, then approval, then delivery
    "ready": Look("check", "Ready", "ok"),
    "needs_publishing": Look("chart-pie", "Needs publishing", "warn"),
    "unmapped": Look("x", "Unmapped", "bad"),
    "not_needed": Look("minus", "No approval needed", "quiet"),
    "waiting": Look("clock", "Waiting for approval", "warn"),
    "approved": Look("check", "Approved", "ok"),
    "rejected": Look("x", "Rejected", "bad"),
    "not_sent": Look("minus", "Not sent", "quiet"),
    "queued": Look("clock", "Queued", "quiet"),
    "sending": Look("loader", "Sending", "quiet"),
    "sent": Look("arrow-up", "Sent", "ok"),
    "posted": Look("arrow-up", "Sent", "ok"),
    "unknown": Look("circle-question-mark", "Outcome unknown", "warn"),
    "failed": Look("triangle-alert", "Failed", "bad"),
    "set_aside": Look("archive", "Set aside", "quiet"),
    "paid": Look("check", "Paid", "ok"),
    "partly_paid": Look("clock", "Partly paid", "warn"),
    "not_paid": Look("minus", "Not paid", "quiet"),
    # runs and connections
    "running": Look("loader", "Running", "quiet"),
    "done": Look("check", "Done", "ok"),
    "stopped": Look("minus", "Stopped", "quiet"),
    "working": Look("check", "Working", "ok"),
    "waiting_for_call": Look("clock", "Waiting for its first call", "warn"),
    "paused": Look("lock", "Paused", "warn"),
    "halted": Look("triangle-alert", "Stopped", "bad"),
    "not_tried": Look("minus", "Not tried", "quiet"),
    "silent": Look("clock", "Not heard lately", "warn"),
    "needs_sign_in": Look("triangle-alert", "Needs sign-in", "bad"),
    "disconnected": Look("minus", "Disconnected", "quiet"),
}
BANDS = {
    "high": Look("bars-3", "high", "ok"),
    "medium": Look("bars-2", "medium", "warn"),
    "low": Look("bars-1", "low", "bad"),
}
KINDS = {
    "vendor": "building-2",
    "project": "hard-hat",
    "cost_code": "hash",
    "cost_type": "tag",
    "pair": "hash",
    "override": "hard-hat",
    "default": "wallet",
    "location": "tag",
    "department": "tag",
    "customer": "users",
    "item": "package",
    "account": "wallet",
    "class": "tag",
    "term": "calendar",
    "bill": "file-text",
}


# A look is made of its arguments alone; a table asks for the same few in every row.
LOOKS = 1000


def _slug(value: object) -> str:
    return str(value).lower().replace("-", "_").replace(" ", "_")


@register.simple_tag
@lru_cache(LOOKS)
def icon(name: str, classes: str = "") -> SafeString:
    """A drawing beside words that already say it; screen readers skip it."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        classes,
        static("icons.svg"),
        name,
    )


@register.simple_tag
@lru_cache(LOOKS)
def kind_icon(kind: str) -> SafeString:
    return icon(KINDS.get(_slug(kind), "file-text"), "kind")


@register.simple_tag
@lru_cache(LOOKS)
def status(value: str, label: str = "") -> SafeString:
    """Icon, word and colour of a state. `label` replaces the usual word."""
    look = STATES.get(
        _slug(value), Look("minus", str(value).replace("_", " ").capitalize(), "quiet")
    )
    return format_html(
        '<span class="status {}">{}<span>{}</span></span>',
        look.tone,
        icon(look.icon),
        label or look.word,
    )


@register.simple_tag
def confidence(share: Decimal | float | None, band: str) -> SafeString:
    """Bars, percent and word. `band` is high, medium or low, from the company's thresholds."""
    if share is None or share == "":
        return format_html('<span class="confidence">{}</span>', missing("no score"))
    look = BANDS[band]
    return format_html(
        '<span class="confidence {}">{}<b>{}</b> <span>{}</span></span>',
        look.tone,
        icon(look.icon),
        confidence_percent(Decimal(str(share))),
        look.word,
    )


@register.simple_tag
@lru_cache(LOOKS)
def key(letter: str) -> SafeString:
    """The key printed on a button. The button's name does not need it read out."""
    return format_html('<kbd class="key" aria-hidden="true">{}</kbd>', letter.upper())


def _escaped(value: object) -> str:
    return value if isinstance(value, SafeString) else html.escape(str(value))


def _attributes(pairs: dict[str, Any]) -> SafeString:
    """`hx_target="#row"` becomes hx-target="#row"; None and False are left out."""
    return SafeString(
        "".join(
            f' {name.replace("_", "-")}="{"" if value is True else _escaped(value)}"'
            for name, value in pairs.items()
            if value is not None and value is not False and value != ""
        )
    )


@register.simple_tag(takes_context=True)
def action(
    context: Context,
    url: str,
    label: str,
    *,
    id: str,  # noqa: A002
    target: str = "",
    swap: str = "outerHTML",
    about: str = "",
    key: str = "",
    icon: str = "",
    style: str = "",
    version: object = None,
    values: dict[str, object] | None = None,
    advance: bool = False,
    sync: str = "",
    **attributes: Any,
) -> SafeString:
    """One change as one real form with one button; works without scripts.

    `about` finishes the button's name for those who hear it ("Delta Drywall LLC"); `style` is
    primary, quiet or danger; `advance` moves focus to the next undecided row at once; other named
    values become attributes of the form (`hx_push_url="true"`).
    """
    request = context.get("request") or getattr(context, "request", None)
    token = context.get("csrf_token") or (get_token(request) if request else "")
    hidden = {"csrfmiddlewaretoken": token, "version": version, **(values or {})}
    form = {
        "action": url,
        **({"hx-post": url, "hx-target": target, "hx-swap": swap} if target else {}),
        "hx-sync": sync or ("closest tr:drop" if target else ""),
        "data-advance": advance,
        **attributes,
    }
    inputs = "".join(
        f'<input type="hidden" name="{name}" value="{_escaped(value)}">'
        for name, value in hidden.items()
        if value is not None
    )
    button = _attributes({"id": id, "data-key": key.lower()})
    heard = f' <span class="visually-hidden">{_escaped(about)}</span>' if about else ""
    return SafeString(
        f'<form class="action" method="post"{_attributes(form)}>{inputs}'
        f'<button class="button {_escaped(style)}" type="submit"{button}>'
        f"{_icon(icon) if icon else ''}{_escaped(label)}{heard}{_key(key) if key else ''}"
        "</button></form>"
    )


_icon, _key = icon, key


@register.simple_tag
def reference() -> str:
    """The id of this request, to quote when something broke."""
    return requests.current()


@register.simple_tag
def initials(name: object) -> str:
    words = str(name).replace("@", " ").split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()
