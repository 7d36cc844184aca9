"""The tokens of one connection: renewed once, saved before they are used.

    connected ──expires within 5 min, or was refused──▶ refreshing (a lease of 30 s on the row)
        ├─ new pair ──▶ saved, then used
        ├─ no answer ──▶ lease given back, NotSent; the old refresh token may still live
        └─ rejected ──▶ a newer pair on the row, else the previous token once, else needs consent
    refused although it was just renewed ──▶ needs consent

Source: docs/architecture.md, "Tokens". The row decides, so this holds across processes and hosts.
A pair is replaced only where `token_version` is still the one that was read, and leases are
measured by the database's clock.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from audit import trail
from audit.models import Verb
from connectors.errors import CredentialsExpired, NotSent, Unreachable
from connectors.models import Connection
from connectors.oauth import OAuthApp, TokenPair
from connectors.vault import seal, unseal

RENEW_BEFORE = timedelta(minutes=5)
# Longer than a refresh can take (oauth.SECONDS), so that no second one starts beside it.
LEASE = timedelta(seconds=30)
WAIT_SECONDS = 35
ASK_AGAIN_SECONDS = 0.1
# A system may have lost our last refresh; its previous token is then the one that still lives.
KEEP_PREVIOUS = timedelta(days=1)


@dataclass(frozen=True)
class Held:
    """The tokens as they lay on the row at one moment."""

    version: int
    access: str
    refresh: str
    previous: str  # "" when there is none, or it was kept for its day
    expires_at: datetime

    def __repr__(self) -> str:
        return f"Held(version={self.version})"

    def is_good(self, refused: str) -> bool:
        return self.access != refused and self.expires_at - datetime.now(UTC) > RENEW_BEFORE


class ConnectionTokens:
    """Satisfies `http.Tokens`. Keeps nothing in memory: another process may renew at any moment.

    A refresh must not run inside a transaction, where its result could be rolled back or hidden
    from others: it raises RuntimeError there.
    """

    def __init__(
        self,
        connection: Connection,
        app: OAuthApp,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.connection_id = connection.pk
        self.app = app
        self.sleep = sleep

    def access(self) -> str:
        return self._sure("")

    def renew(self, refused: str) -> str:
        return self._sure(refused)

    def give_up(self, refused: str) -> None:
        """Every further call would be refused as well. Somebody's newer pair is left alone."""
        held = self._read()
        if held.access == refused:
            lose_consent(self.connection_id, self.app.system, version=held.version)

    def _sure(self, refused: str) -> str:
        """Without a token the request itself never left, so a write may safely be tried again."""
        try:
            return self._good(refused)
        except Unreachable as error:
            raise NotSent(str(error)) from error

    def _good(self, refused: str) -> str:
        give_up = time.monotonic() + WAIT_SECONDS
        while True:
            held = self._read()
            if held.is_good(refused):
                return held.access
            if self._lease(held):
                return self._refreshed(held)
            if time.monotonic() > give_up:
                raise Unreachable(f"{self.app.system} takes long to sign us in. Try again later.")
            self.sleep(ASK_AGAIN_SECONDS)

    def _read(self) -> Held:
        row = Connection.objects.get(pk=self.connection_id)
        if row.state != Connection.State.CONNECTED:
            raise CredentialsExpired(row.problem or f"{self.app.system} is not connected.")
        return _held(row)

    def _lease(self, held: Held) -> bool:
        """Be the only one who refreshes this pair, for as long as a refresh can take."""
        free = Q(refresh_until=None) | Q(refresh_until__lte=Now())
        return self._update(held, free, refresh_until=Now() + LEASE)

    def _refreshed(self, held: Held) -> str:
        try:
            pair = self.app.refresh(held.refresh)
        except CredentialsExpired:
            return self._after_rejection(held)
        except Unreachable:
            self._update(held, refresh_until=None)
            raise
        return self._save(held, pair)

    def _after_rejection(self, held: Held) -> str:
        """Our refresh token is dead: somebody has a newer one, or only the previous one lives."""
        now = self._read()
        if now.version != held.version:
            return now.access
        if held.previous and self._update(held, refresh_until=Now() + LEASE):
            try:
                return self._save(held, self.app.refresh(held.previous))
            except CredentialsExpired:
                pass
            except Unreachable:
                self._update(held, refresh_until=None)
                raise
        if lose_consent(self.connection_id, self.app.system, version=held.version):
            raise CredentialsExpired(_problem(self.app.system))
        return self._read().access

    def _save(self, held: Held, pair: TokenPair) -> str:
        """Commit the new pair, then hand it out. Late is not wrong: only the version counts."""
        with transaction.atomic(durable=True):
            row = _locked(self.connection_id)
            if row.token_version == held.version:
                was_lost = row.state == Connection.State.NEEDS_CONSENT
                put(row, pair, previous=held.refresh if held.refresh != pair.refresh else "")
                if was_lost:
                    row.state, row.problem = Connection.State.CONNECTED, ""
                row.save()
                if was_lost:
                    trail.record(Verb.CONNECTED, row, by=None, reason="The answer came late.")
        return self._read().access

    def _update(self, held: Held, *conditions: Q, **values: object) -> bool:
        """Change the row while it still holds this pair."""
        with transaction.atomic(durable=True):
            row = Connection.objects.filter(pk=self.connection_id, token_version=held.version)
            return row.filter(*conditions).update(**values) == 1


def put(row: Connection, pair: TokenPair, *, previous: str = "") -> None:
    """Lay a new pair on a locked row; the caller saves. Whoever read an older version loses."""
    secret = {"access": pair.access, "refresh": pair.refresh}
    if previous:
        until = datetime.now(UTC) + KEEP_PREVIOUS
        secret |= {"previous_refresh": previous, "previous_until": until.isoformat()}
    seal(row, "credentials", secret)
    row.token_version += 1
    row.token_expires_at = pair.expires_at
    row.refresh_until = None


def lose_consent(
    connection_id: int, system: str, *, version: int | None = None, problem: str = ""
) -> bool:
    """A person has to sign in again: say so on the connection and, once, in the trail.

    With `version`, only while the tokens are still those; False when they are not. `problem` is a
    sentence, where it is known what is wrong.
    """
    with transaction.atomic(durable=True):
        row = _locked(connection_id)
        if version is not None and row.token_version != version:
            return False
        if row.state == Connection.State.CONNECTED:
            row.state, row.problem = Connection.State.NEEDS_CONSENT, problem or _problem(system)
            row.refresh_until = None
            row.save(update_fields=["state", "problem", "refresh_until"])
            trail.record(Verb.LOST_CONSENT, row, by=None, machine=system, reason=row.problem)
    return True


def _held(row: Connection) -> Held:
    secret = unseal(row, "credentials") or {}
    until = secret.get("previous_until", "")
    is_kept = bool(until) and datetime.fromisoformat(until) > datetime.now(UTC)
    return Held(
        version=row.token_version,
        access=secret.get("access", ""),
        refresh=secret.get("refresh", ""),
        previous=secret.get("previous_refresh", "") if is_kept else "",
        expires_at=row.token_expires_at or datetime.min.replace(tzinfo=UTC),
    )


def _locked(connection_id: int) -> Connection:
    # NO KEY: rows that refer to the connection may be written meanwhile.
    return Connection.objects.select_for_update(of=("self",), no_key=True).get(pk=connection_id)


def _problem(system: str) -> str:
    return f"{system} no longer accepts our sign-in. An admin has to reconnect it under Settings."
