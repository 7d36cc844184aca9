"""Signing in by the ASSUMED contract: an app's own credentials for a token of an hour.

Source: Buildertrend fact sheet, 8.1; RFC 6749, 4.4. A token is kept in memory only: another
process asks for its own, and none of them makes another's invalid.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import requests

from connectors.errors import CredentialsExpired, NotSent
from connectors.http import parse_json
from connectors.oauth import SECONDS
from connectors.records import JSON

RENEW_BEFORE = timedelta(minutes=2)
NO_SUCH_CLIENT = {"invalid_client", "unauthorized_client", "access_denied"}  # RFC 6749, 5.2
REFUSED = (
    "Buildertrend does not accept the client id and secret. Check them with the person at "
    "Buildertrend who gave them to you, then enter them again."
)


@dataclass(frozen=True, kw_only=True)
class Token:
    access: str
    until: datetime

    def __repr__(self) -> str:
        return f"Token(until={self.until.isoformat()})"


@dataclass(frozen=True, kw_only=True)
class App:
    """Buildertrend's token endpoint and the credentials of one customer's app there."""

    token_url: str
    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return f"App({self.client_id})"

    @property
    def name(self) -> str:
        """What its token is kept under: it changes with the secret, and does not show it."""
        said = f"{self.token_url}|{self.client_id}|{self.client_secret}"
        return sha256(said.encode()).hexdigest()

    def sign_in(self) -> Token:
        """Raises CredentialsExpired or NotSent: whatever was to follow has not begun."""
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.post(
                    self.token_url,
                    data={
                        "grant_type": "client_credentials",
                        "client_id": self.client_id,
                        "client_secret": self.client_secret,
                    },
                    headers={"Accept": "application/json"},
                    timeout=SECONDS,
                    allow_redirects=False,
                )
        except requests.RequestException as error:
            raise NotSent("Buildertrend cannot be reached to sign in. We keep trying.") from error
        said = parse_json(answer.content)
        # A gateway's own page with a 403 says nothing of the credentials.
        if answer.status_code == 401 or _error(said) in NO_SUCH_CLIENT:
            raise CredentialsExpired(REFUSED)
        try:
            seconds = int(said["expires_in"])
            token = str(said["access_token"])
        except (KeyError, TypeError, ValueError) as error:
            raise NotSent("Buildertrend did not sign us in. We keep trying.") from error
        return Token(access=token, until=datetime.now(UTC) + timedelta(seconds=seconds))


_held: dict[str, Token] = {}
_one_at_a_time: dict[str, threading.Lock] = {}


class ClientCredentials:
    """Satisfies `http.Tokens`. `given_up` is called when the credentials are good for nothing."""

    def __init__(self, app: App, given_up: Callable[[], object] = lambda: None) -> None:
        self.app, self.given_up = app, given_up

    def access(self) -> str:
        return self._good("")

    def renew(self, refused: str) -> str:
        return self._good(refused)

    def give_up(self, refused: str) -> None:
        _held.pop(self.app.name, None)
        self.given_up()

    def _good(self, refused: str) -> str:
        with _one_at_a_time.setdefault(self.app.name, threading.Lock()):
            held = _held.get(self.app.name)
            is_fresh = held is not None and held.until - datetime.now(UTC) > RENEW_BEFORE
            if held is None or held.access == refused or not is_fresh:
                try:
                    held = _held[self.app.name] = self.app.sign_in()
                except CredentialsExpired:
                    self.given_up()
                    raise
            return held.access


def app_of(settings: Mapping[str, str], client_id: str, client_secret: str) -> App:
    return App(
        token_url=f"{settings['api_url'].rstrip('/')}/oauth/token",
        client_id=client_id,
        client_secret=client_secret,
    )


def _error(said: JSON) -> str:
    error = said.get("error") if isinstance(said, dict) else None
    return error if isinstance(error, str) else ""
