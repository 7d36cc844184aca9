"""OAuth 2.0 authorization code flow, the same for every system that uses it.

Source: RFC 6749, RFC 7636. The HTTP work is authlib's; what an answer means for us is decided here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from connectors.errors import CredentialsExpired, Unreachable

# To connect, and to answer: together less than the lease of a refresh (tokens.LEASE).
SECONDS = (5, 20)


@dataclass(frozen=True)
class TokenPair:
    """What a token endpoint gave us. Never printed: `repr` hides both."""

    access: str
    refresh: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"TokenPair(expires_at={self.expires_at.isoformat()})"


@dataclass(frozen=True, kw_only=True)
class OAuthApp:
    """One system's endpoints and our registration there."""

    system: str  # as a person knows it
    authorize_url: str
    token_url: str
    revoke_url: str
    client_id: str
    client_secret: str
    scope: str = ""
    # "client_secret_basic" or "client_secret_post", as the system documents.
    client_auth: str = "client_secret_basic"

    def __repr__(self) -> str:
        return f"OAuthApp({self.system})"

    def consent_url(self, *, state: str, redirect_uri: str) -> str:
        url, _state = self._session(redirect_uri).create_authorization_url(
            self.authorize_url, state=state
        )
        return str(url)

    def exchange(self, code: str, *, redirect_uri: str) -> TokenPair:
        """Swap the code a person brought back for tokens."""
        with self._session(redirect_uri) as session:
            return self._tokens(
                lambda: session.fetch_token(
                    self.token_url,
                    grant_type="authorization_code",
                    code=code,
                    timeout=SECONDS,
                    allow_redirects=False,
                ),
            )

    def refresh(self, refresh_token: str) -> TokenPair:
        """A new pair; the old refresh token may be dead from this moment.

        Raises:
            CredentialsExpired: the system rejected the refresh token itself.
            Unreachable: no clear answer; the old token may still live.
        """
        with self._session() as session:
            return self._tokens(
                lambda: session.refresh_token(
                    self.token_url,
                    refresh_token=refresh_token,
                    timeout=SECONDS,
                    allow_redirects=False,
                ),
            )

    def revoke(self, token: str) -> None:
        """End the grant this token belongs to. A token that nobody knows any more is fine.

        The body is JSON: Intuit takes nothing else, Procore takes it as well.
        """
        body, basic = {"token": token}, None
        if self.client_auth == "client_secret_post":
            body |= {"client_id": self.client_id, "client_secret": self.client_secret}
        else:
            basic = (self.client_id, self.client_secret)
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.post(
                    self.revoke_url,
                    json=body,
                    auth=basic,
                    headers={"Accept": "application/json"},
                    timeout=SECONDS,
                    allow_redirects=False,
                )
        except requests.RequestException as error:
            raise self._not_revoked() from error
        if answer.status_code not in {200, 400}:  # 400 is Intuit's word for a dead token
            raise self._not_revoked()

    def _not_revoked(self) -> Unreachable:
        return Unreachable(
            f"{self.system} could not be told that we disconnected. "
            f"Remove Tieout from the connected apps there as well."
        )

    def _session(self, redirect_uri: str | None = None) -> OAuth2Session:
        session = OAuth2Session(
            self.client_id,
            self.client_secret,
            token_endpoint_auth_method=self.client_auth,
            revocation_endpoint_auth_method=self.client_auth,
            scope=self.scope or None,
            redirect_uri=redirect_uri,
        )
        session.trust_env = False
        return session

    def _tokens(self, ask: Callable[[], dict[str, Any]]) -> TokenPair:
        try:
            token = ask()
        except OAuthError as error:
            if error.error in {"invalid_grant", "invalid_token", "unauthorized_client"}:
                raise CredentialsExpired(
                    f"{self.system} no longer accepts our sign-in. An admin has to reconnect it."
                ) from error
            raise Unreachable(
                f"{self.system} refused to sign us in ({error.error}). Try again later."
            ) from error
        except (requests.RequestException, ValueError) as error:
            raise Unreachable(f"{self.system} cannot be reached to sign in.") from error
        try:
            return TokenPair(
                token["access_token"],
                token["refresh_token"],
                datetime.now(UTC) + timedelta(seconds=int(token["expires_in"])),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Unreachable(f"{self.system} signed us in without giving tokens.") from error
