"""Asks a system to tell us its news: once it is connected, again with another secret when it is
reconnected, and once a day for what is new there (a hook for each project, for example).

The row says what is to be done and how far it came: `hooks_set_at`, and `options["hooked"]`.
"""

import secrets
from collections.abc import Iterator
from datetime import timedelta
from time import monotonic

import structlog
from django.core.cache import cache
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from connectors import receiving, registry
from connectors.errors import ConnectorError
from connectors.models import Connection
from connectors.vault import seal, unseal

log = structlog.get_logger()

TASK = "sync.tasks.ask_for_news"
AGAIN_AFTER = timedelta(days=1)
OLD_SECRET_LIVES = timedelta(days=1)
TRY_AGAIN_SECONDS = 600
# A task has 90 seconds; what is left of a company with many projects is done by the next one.
LONGEST_SECONDS = 45
SECRET_BYTES = 32


def due() -> Iterator[int]:
    """Connections to ask for, each at most every ten minutes."""
    asked_long_ago = (
        Q(hooks_set_at=None)
        | Q(hooks_set_at__lt=F("connected_at"))
        | Q(hooks_set_at__lt=timezone.now() - AGAIN_AFTER)
    )
    connected = Connection.objects.filter(asked_long_ago, state=Connection.State.CONNECTED)
    for connection in connected:
        webhooks = registry.package_of(connection).webhooks
        if webhooks is None or webhooks.subscribe is None:
            continue
        if cache.add(f"asked-for-news-{connection.pk}", 1, timeout=TRY_AGAIN_SECONDS):
            yield connection.pk


def ask(connection: Connection) -> bool:
    """Ask for news, or go on asking; is it done? Polls bring everything all the same."""
    webhooks = registry.package_of(connection).webhooks
    if webhooks is None or webhooks.subscribe is None:
        return True
    secret = _secret(connection)
    address, started = receiving.address(connection), monotonic()
    done = list(connection.options.get("hooked", ()))
    try:
        for part in webhooks.subscribe(connection, address, secret, tuple(done)):
            done.append(part)
            if monotonic() - started > LONGEST_SECONDS:
                _note(connection, done)
                return False
    except ConnectorError as error:
        _note(connection, done)
        log.warning("not told of news", connection=connection.pk, reason=type(error).__name__)
        return False
    _note(connection, [], is_done=True)
    return True


@transaction.atomic
def _secret(connection: Connection) -> str:
    """Ours to prove by; another one after each reconnection. The one before holds for a day more,
    for what is on its way.
    """
    row = Connection.objects.select_for_update(of=("self",), no_key=True).get(pk=connection.pk)
    held = unseal(row, "hook_secret") or {}
    connected = row.connected_at.isoformat()
    if not held.get("secret") or held.get("for") != connected:
        fresh = {"secret": secrets.token_urlsafe(SECRET_BYTES), "for": connected}
        if held.get("secret"):
            until = timezone.now() + OLD_SECRET_LIVES
            fresh |= {"previous": held["secret"], "previous_until": until.isoformat()}
        seal(row, "hook_secret", fresh)
        row.options = {name: value for name, value in row.options.items() if name != "hooked"}
        row.save(update_fields=["hook_secret", "options"])
        held = fresh
    connection.options = row.options
    return str(held["secret"])


@transaction.atomic
def _note(connection: Connection, done: list[str], *, is_done: bool = False) -> None:
    row = Connection.objects.select_for_update(of=("self",), no_key=True).get(pk=connection.pk)
    row.options = {name: value for name, value in row.options.items() if name != "hooked"}
    if done:
        row.options["hooked"] = done
    if is_done:
        row.hooks_set_at = timezone.now()
    row.save(update_fields=["options", "hooks_set_at"])
