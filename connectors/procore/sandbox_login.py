"""The login host of the sandbox: consent, tokens that rotate, revocation.

Source: Procore fact sheet, 1.2. The wording of a failure is not documented; it follows RFC 6749.
"""

import secrets
from datetime import datetime, timedelta
from html import escape
from urllib.parse import urlencode, urlsplit

from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from connectors.records import JSON
from connectors.sandboxing import Doc, Sandbox, json_response

CODE_LIVES = timedelta(minutes=10)
ACCESS_LIVES = timedelta(seconds=5400)
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
LOOPBACK = {"localhost", "127.0.0.1"}

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Connect to Procore (sandbox)</title>
<style>body{{font:16px/1.5 sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem}}
button{{font:inherit;padding:.5rem 1.25rem;margin-right:.5rem}}</style></head>
<body><h1>Procore sandbox</h1>
<p><strong>Tieout</strong> asks to read and update <strong>{company}</strong> as Sam Sandbox.</p>
<form method="post">{fields}
<button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</form></body></html>"""


class LoginHost(Sandbox):
    """What a person and a token request meet before the API."""

    client_id: str
    client_secret: str

    login_routes = [
        ("GET", "/oauth/authorize", "ask_consent"),
        ("POST", "/oauth/authorize", "take_consent"),
        ("POST", "/oauth/token", "give_tokens"),
        ("GET", "/oauth/token/info", "describe_token"),
        ("POST", "/oauth/revoke", "revoke"),
    ]

    def ask_consent(self, request: Request) -> Response:
        wrong = self._wrong_with(request.args)
        if wrong:
            return Response(wrong, status=400)
        company = self.store.all("company")[0]["name"]
        fields = "".join(
            f'<input type="hidden" name="{name}" value="{escape(request.args.get(name, ""))}">'
            for name in ("response_type", "client_id", "redirect_uri", "state")
        )
        return Response(
            PAGE.format(company=escape(company), fields=fields), mimetype="text/html; charset=utf-8"
        )

    def take_consent(self, request: Request) -> Response:
        wrong = self._wrong_with(request.form)
        if wrong:
            return Response(wrong, status=400)
        redirect_uri = request.form["redirect_uri"]
        if request.form.get("decision") == "allow":
            code = secrets.token_urlsafe(24)
            expires_at = (self.now() + CODE_LIVES).isoformat()
            self.store.put(
                "login_code", code, {"redirect_uri": redirect_uri, "expires_at": expires_at}
            )
            answer = {"code": code}
        else:
            answer = {"error": "access_denied"}
        if state := request.form.get("state"):
            answer["state"] = state
        if redirect_uri == OUT_OF_BAND:
            return json_response(answer)
        joint = "&" if urlsplit(redirect_uri).query else "?"
        return redirect(f"{redirect_uri}{joint}{urlencode(answer)}")

    def _wrong_with(self, asked: JSON) -> str:
        if asked.get("client_id") != self.client_id:
            return "Unknown client_id."
        if asked.get("response_type") != "code":
            return "response_type must be code."
        target = urlsplit(asked.get("redirect_uri", ""))
        is_safe = target.scheme == "https" or (
            target.scheme == "http" and target.hostname in LOOPBACK
        )
        if not is_safe and target.geturl() != OUT_OF_BAND:
            return "redirect_uri must be https, or http on localhost."
        return ""

    def give_tokens(self, request: Request) -> Response:
        asked = self._body(request)
        if not self._is_our_client(asked):
            return _no("invalid_client", "Client authentication failed.")
        match asked.get("grant_type"):
            case "authorization_code":
                return self._for_code(asked)
            case "refresh_token":
                return self._for_refresh(asked)
        return _no("unsupported_grant_type", "This grant type is not supported.", 400)

    def _for_code(self, asked: Doc) -> Response:
        """A code works once, whatever comes of it."""
        code = str(asked.get("code", ""))
        issued = self.store.get("login_code", code)
        self.store.delete("login_code", code)
        if (
            issued is None
            or issued["redirect_uri"] != asked.get("redirect_uri")
            or self._is_past(issued)
        ):
            return _no("invalid_grant", "The authorization code is invalid.")
        return json_response(self._new_pair())

    def _for_refresh(self, asked: Doc) -> Response:
        """The refresh token dies with this request, even if nobody receives the new one."""
        refresh = str(asked.get("refresh_token", ""))
        if self.store.get("refresh_token", refresh) is None:
            return _no("invalid_grant", "The refresh token is invalid.")
        self.store.delete("refresh_token", refresh)
        return json_response(self._new_pair())

    def _new_pair(self) -> Doc:
        access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        now = self.now()
        self.store.put(
            "access_token",
            access,
            {
                "created_at": int(now.timestamp()),
                "expires_at": (now + ACCESS_LIVES).isoformat(),
                "refresh_token": refresh,
            },
        )
        self.store.put("refresh_token", refresh, {"access_token": access})
        return {
            "access_token": access,
            "token_type": "bearer",
            "expires_in": int(ACCESS_LIVES.total_seconds()),
            "refresh_token": refresh,
            "created_at": int(now.timestamp()),
        }

    def describe_token(self, request: Request) -> Response:
        token = self.bearer(request)
        if token is None:
            return _no("invalid_token", "The access token is invalid")
        left = datetime.fromisoformat(token["expires_at"]) - self.now()
        return json_response(
            {
                "resource_owner_id": 1,
                "scopes": [],
                "expires_in_seconds": int(left.total_seconds()),
                "application": {"uid": self.client_id},
                "created_at": token["created_at"],
            }
        )

    def revoke(self, request: Request) -> Response:
        """Kills both tokens of a pair; 200 also for a token nobody knows."""
        asked = self._body(request)
        if not self._is_our_client(asked):
            return _no("invalid_client", "Client authentication failed.")
        token = str(asked.get("token", ""))
        pair = self.store.get("access_token", token) or self.store.get("refresh_token", token) or {}
        for one in (token, *pair.values()):
            self.store.delete("access_token", str(one))
            self.store.delete("refresh_token", str(one))
        return json_response({})

    def bearer(self, request: Request) -> Doc | None:
        """The live access token of a request."""
        given = request.authorization
        if given is None or given.type != "bearer" or not given.token:
            return None
        token = self.store.get("access_token", given.token)
        return None if token is None or self._is_past(token) else token

    def _is_past(self, issued: Doc) -> bool:
        return datetime.fromisoformat(issued["expires_at"]) <= self.now()

    def _is_our_client(self, asked: Doc) -> bool:
        """1.2: the credentials are in the body; a Basic header is not looked at."""
        given = str(asked.get("client_id", "")), str(asked.get("client_secret", ""))
        return given == (self.client_id, self.client_secret)

    def _body(self, request: Request) -> Doc:
        """Forms and JSON are both in use."""
        if request.is_json:
            body = request.get_json(silent=True)
            return body if isinstance(body, dict) else {}
        return request.form.to_dict()


def _no(error: str, description: str, status: int = 401) -> Response:
    return json_response({"error": error, "error_description": description}, status)
