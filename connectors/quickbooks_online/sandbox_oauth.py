"""Signing in to the sandbox: consent, tokens that rotate and run out, disconnecting.

Source: section 1 of the reference sheet.
"""

import base64
import json
import secrets
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import urlencode

from markupsafe import Markup
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from connectors.quickbooks_online import sandbox_faults as faults
from connectors.quickbooks_online.sandbox_books import BooksSandbox
from connectors.quickbooks_online.sandbox_html import page
from connectors.sandboxing import Doc, json_response

CODE_LIFE = timedelta(minutes=10)
ACCESS_LIFE = timedelta(seconds=3600)
REFRESH_LIFE = timedelta(days=100)
# The refresh token changes its value about once a day; in between the same one comes back (1.5).
ROTATES_AFTER = timedelta(hours=24)
SCOPES = {"com.intuit.quickbooks.accounting", "openid", "profile", "email", "phone", "address"}
ACCOUNTING = "com.intuit.quickbooks.accounting"

CONSENT = Markup("""
<p><strong>{client}</strong> asks to read and write the books of <strong>{company}</strong>.</p>
<form method="post" action="/connect/oauth2">{hidden}
<p class="buttons"><button name="decision" value="connect">Connect</button>
<button name="decision" value="cancel">Cancel</button></p></form>""")
HIDDEN = Markup('<input type="hidden" name="{}" value="{}">')


class SignIn(BooksSandbox):
    """The pages and endpoints at which an app gets, renews and gives back its tokens."""

    client_id: str
    client_secret: str

    sign_in_routes: ClassVar = [
        ("GET", "/.well-known/openid_configuration", "discovery"),
        ("GET", "/.well-known/openid_sandbox_configuration", "discovery"),
        ("GET", "/oauth2/v1/jwks", "signing_keys"),
        ("GET|POST", "/connect/oauth2", "consent"),
        ("POST", "/oauth2/v1/tokens/bearer", "tokens"),
        ("POST", "/v2/oauth2/tokens/revoke", "revoke"),
        ("GET", "/v1/openid_connect/userinfo", "user_info"),
        ("POST", "/_sandbox/connect", "connect_at_once"),
    ]

    def discovery(self, request: Request) -> Response:
        here = request.host_url.rstrip("/")
        return json_response(
            {
                "issuer": here,
                "authorization_endpoint": f"{here}/connect/oauth2",
                "token_endpoint": f"{here}/oauth2/v1/tokens/bearer",
                "revocation_endpoint": f"{here}/v2/oauth2/tokens/revoke",
                "userinfo_endpoint": f"{here}/v1/openid_connect/userinfo",
                "jwks_uri": f"{here}/oauth2/v1/jwks",
                "response_types_supported": ["code"],
                "scopes_supported": sorted(SCOPES),
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            }
        )

    def signing_keys(self, request: Request) -> Response:
        """None: the sandbox gives out no identity tokens."""
        return json_response({"keys": []})

    # --- Consent ------------------------------------------------------------------------------

    def consent(self, request: Request) -> Response:
        asked = {name: request.values.get(name, "") for name in ("redirect_uri", "scope", "state")}
        if request.values.get("client_id") != self.client_id:
            return page(
                "Not connected", Markup("<p>No app is registered under this client id.</p>"), 400
            )
        if not asked["redirect_uri"].startswith(("http://", "https://")):
            return page(
                "Not connected", Markup("<p>The app names no address to return to.</p>"), 400
            )
        problem = self._problem(request, asked)
        if problem:
            return _back(asked, error=problem)
        if request.method == "GET":
            return self._consent_page(request)
        code = secrets.token_urlsafe(24)
        self.store.put("code", code, {**asked, "until": self._in(CODE_LIFE)})
        return _back(asked, code=code, realmId=self.entities.company["realm"])

    def _problem(self, request: Request, asked: dict[str, str]) -> str:
        if request.values.get("response_type", "code") != "code":
            return "unsupported_response_type"
        if ACCOUNTING not in asked["scope"].split() or set(asked["scope"].split()) - SCOPES:
            return "invalid_scope"
        if request.method == "POST" and request.form.get("decision") != "connect":
            return "access_denied"
        return ""

    def _consent_page(self, request: Request) -> Response:
        names = ("client_id", "response_type", "scope", "redirect_uri", "state")
        hidden = Markup().join(HIDDEN.format(n, request.args.get(n, "")) for n in names)
        company = self.entities.company["name"]
        body = CONSENT.format(client="Tieout", company=company, hidden=hidden)
        return page("Connect to QuickBooks", body)

    # --- Tokens -------------------------------------------------------------------------------

    def tokens(self, request: Request) -> Response:
        if not self._knows_client(request):
            return json_response({"error": "invalid_client"}, 401)
        match request.form.get("grant_type"):
            case "authorization_code":
                return self._exchange(request)
            case "refresh_token":
                return self._refresh(request.form.get("refresh_token", ""))
        return json_response({"error": "unsupported_grant_type"}, 400)

    def _exchange(self, request: Request) -> Response:
        code = request.form.get("code", "")
        known = self.store.get("code", code)
        self.store.delete("code", code)
        if known is None or self._is_over(known["until"]):
            return _invalid_grant("The authorization code is unknown, used or too old.")
        if known["redirect_uri"] != request.form.get("redirect_uri"):
            return _invalid_grant("The redirect address is another one.")
        return json_response(self._new_grant(known["scope"]))

    def _refresh(self, refresh: str) -> Response:
        pointer = self.store.get("refresh", refresh)
        grant = self.store.get("grant", pointer["grant"]) if pointer else None
        if grant is None or grant["refresh"] != refresh or self._is_over(grant["until"]):
            return _invalid_grant("Incorrect or expired refresh token.")
        if self.now() - datetime.fromisoformat(grant["rotated_at"]) >= ROTATES_AFTER:
            grant = {**grant, **self._refresh_token(grant["id"])}
        return json_response(self._issue({**grant, "until": self._in(REFRESH_LIFE)}))

    def revoke(self, request: Request) -> Response:
        """Either token ends the whole connection (1.6)."""
        if not self._knows_client(request):
            return json_response({"error": "invalid_client"}, 401)
        try:
            token = json.loads(request.get_data())["token"]
        except (ValueError, KeyError, TypeError):
            return json_response({"error": "invalid_request"}, 400)
        known = self.store.get("access", token) or self.store.get("refresh", token)
        if known is None or self.store.get("grant", known["grant"]) is None:
            return json_response({"error": "invalid_token"}, 400)
        self.store.delete("grant", known["grant"])
        return Response(status=200)

    def user_info(self, request: Request) -> Response:
        if self.grant_of(request) is None:
            return json_response({"error": "invalid_token"}, 401)
        return json_response(
            {"sub": "sandbox-user", "email": "books@sandbox.example", "emailVerified": True}
        )

    def connect_at_once(self, request: Request) -> Response:
        """Consent without a browser, for tests and the demo."""
        return json_response(
            {"realmId": self.entities.company["realm"], **self._new_grant(ACCOUNTING)}
        )

    def grant_of(self, request: Request) -> Doc | None:
        """The grant behind the request's bearer token while both live."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        access = self.store.get("access", token) if kind == "Bearer" else None
        if access is None or self._is_over(access["until"]):
            return None
        return self.store.get("grant", access["grant"])

    def _new_grant(self, scope: str) -> Doc:
        key = str(self.store.next_number("grant"))
        return self._issue(
            {
                "id": key,
                "realm": self.entities.company["realm"],
                "scope": scope,
                "until": self._in(REFRESH_LIFE),
                **self._refresh_token(key),
            }
        )

    def _refresh_token(self, grant: str) -> Doc:
        token = f"AB{secrets.token_urlsafe(36)}"
        self.store.put("refresh", token, {"grant": grant})
        return {"refresh": token, "rotated_at": self.now().isoformat()}

    def _issue(self, grant: Doc) -> Doc:
        # Real ones are well over a kilobyte (1.4): a column that is too short shows here.
        access = secrets.token_urlsafe(900)
        self.store.put("grant", grant["id"], grant)
        self.store.put("access", access, {"grant": grant["id"], "until": self._in(ACCESS_LIFE)})
        return {
            "token_type": "bearer",
            "access_token": access,
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "refresh_token": grant["refresh"],
            "x_refresh_token_expires_in": int(REFRESH_LIFE.total_seconds()),
        }

    def _knows_client(self, request: Request) -> bool:
        sent = request.headers.get("Authorization", "")
        ours = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        return secrets.compare_digest(sent.encode(), f"Basic {ours}".encode())

    def _in(self, life: timedelta) -> str:
        return (self.now() + life).isoformat()

    def _is_over(self, until: str) -> bool:
        return self.now() >= datetime.fromisoformat(until)

    def admit(self, request: Request, realm: str) -> None:
        """Only the bearer of a living token of this very company gets in.

        Raises:
            Refusal: as the gateway words it.
        """
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            raise faults.TokenRefused("Malformed bearer token: too short or too long")
        grant = self.grant_of(request)
        if grant is None:
            raise faults.TokenRefused("Token expired")
        if grant["realm"] != realm:
            raise faults.wrong_realm()


def _back(asked: dict[str, str], **said: str) -> Response:
    glue = "&" if "?" in asked["redirect_uri"] else "?"
    query = urlencode({**said, "state": asked["state"]})
    return redirect(f"{asked['redirect_uri']}{glue}{query}", code=302)


def _invalid_grant(description: str) -> Response:
    return json_response({"error": "invalid_grant", "error_description": description}, 400)
