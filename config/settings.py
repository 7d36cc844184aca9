"""Settings, read from the environment here and nowhere else. `docs/operations.md` lists them."""

import base64
import secrets
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import environ
import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config.embedded import database_url

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
VAR_DIR = Path(env.str("VAR_DIR", str(BASE_DIR / "var")))
VAR_DIR.mkdir(exist_ok=True)

# A development machine (the default) makes its own secrets and keeps them under var/. Anything
# else has to be told: a missing secret stops the start with a sentence that names it.
DEVELOPMENT = env.bool("DEVELOPMENT", True)
DEBUG = env.bool("DEBUG", False)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
LOCAL_HOSTS = {"localhost", "127.0.0.1", "[::1]", "testserver"}

if DEBUG and not set(ALLOWED_HOSTS) <= LOCAL_HOSTS:
    raise ImproperlyConfigured(
        "DEBUG is on and ALLOWED_HOSTS names a public host. Switch DEBUG off before serving others."
    )
if DEVELOPMENT and not set(ALLOWED_HOSTS) <= LOCAL_HOSTS:
    raise ImproperlyConfigured(
        "ALLOWED_HOSTS names a public host. Set DEVELOPMENT=0, SECRET_KEY and TIEOUT_KEYS as well."
    )


def _secret(name: str, make: Callable[[], str]) -> str:
    """A secret from the environment; on a development machine, from a file under var/."""
    if value := str(env.str(name, "")):
        return value
    if not DEVELOPMENT:
        raise ImproperlyConfigured(f"{name} is not set. Set it in the environment and start again.")
    file = VAR_DIR / f"{name.lower()}.secret"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(make(), encoding="ascii")
    return file.read_text(encoding="ascii")


SECRET_KEY = _secret("SECRET_KEY", lambda: secrets.token_urlsafe(50))
# Newest first: "<key id>:<32 bytes, base64>", comma separated. The first encrypts, all decrypt.
TIEOUT_KEYS = _secret(
    "TIEOUT_KEYS", lambda: "k1:" + base64.b64encode(secrets.token_bytes(32)).decode()
)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_filters",
    "django_htmx",
    "django_q",
    "drf_spectacular",
    "rest_framework",
    "common",
    "audit",
    "companies",
    "connectors",
    "mapping",
    "sync",
    "reconciliation",
    "reports",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Static files are compressed beforehand; this is for pages. Random padding guards the token.
    "django.middleware.gzip.GZipMiddleware",
    "common.middleware.RequestIdMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "companies.middleware.SessionLifeMiddleware",
    "companies.middleware.CompanyMiddleware",
    "common.middleware.AppErrorMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.navigation.navigation",
            ],
            "builtins": ["common.templatetags.format", "common.templatetags.components"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"


# --- Database ---------------------------------------------------------------------------------


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured(
            "DATABASE_URL has to name a PostgreSQL server: postgres://user@host/database."
        )
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    host = query.pop("host", parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": parts.username or "",
        "PASSWORD": parts.password or "",
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **query,
            # Pages ask for what takes milliseconds: compiling a query, or starting a second process
            # for it, would take longer. What they read lies in memory, where a row by its key
            # costs little more than the next one.
            "options": "-c statement_timeout=30s -c lock_timeout=5s"
            " -c idle_in_transaction_session_timeout=60s"
            " -c jit=off -c max_parallel_workers_per_gather=0 -c random_page_cost=1.1",
        },
        "TEST": {"NAME": env.str("TEST_DATABASE", "test_tieout")},
    }


DATABASES = {
    "default": _database(env.str("DATABASE_URL", "") or database_url(VAR_DIR / "postgres"))
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Counted and shared by all processes: sign-in limits live here.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "django_cache",
    }
}

# --- People -----------------------------------------------------------------------------------

AUTH_USER_MODEL = "companies.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # people come by invitation, which went to that address
ACCOUNT_ADAPTER = "companies.accounts.AccountAdapter"
ACCOUNT_RATE_LIMITS = {"login_failed": "5/5m/key,50/5m/ip"}
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
EMAIL_BACKEND = env.str("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "tieout@localhost")

HTTPS = env.bool("HTTPS", not DEVELOPMENT)
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_IDLE_SECONDS = 60 * 60
SESSION_COOKIE_AGE = 12 * 60 * 60
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "common.middleware.csrf_failure"
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        # Consent forms are answered by a redirect to the other system's own page.
        "form-action": [SELF],
        "object-src": [NONE],
        "img-src": [SELF, "data:"],
    }
}

# --- Pages ------------------------------------------------------------------------------------

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 12_000

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["companies.tokens.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["companies.tokens.MayUseApi"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["common.strict_json.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "common.api.Pages",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "common.api.answer_error",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tieout",
    "VERSION": "1",
    "DESCRIPTION": "Mappings, bills and the trail of one company, with the rights of the person"
    " whose token is used.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {
        "MappingKind": "mapping.models.Kind",
        "MappingState": "mapping.models.Mapping.State",
        "RecordKind": "common.choices.RecordKind",
        "BillKind": "sync.models.Bill.Kind",
        "PushState": "sync.models.Push.State",
        "RunState": "sync.models.Run.State",
    },
}

# --- The queue: docs/decisions/0003 says where each number comes from ---------------------------

WORKERS = env.int("WORKERS", 2)
Q_CLUSTER = {
    "name": "tieout",
    "orm": "default",
    "workers": WORKERS,
    "queue_limit": WORKERS,
    "bulk": 1,
    "timeout": 120,
    "retry": 600,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "recycle": 500,
    "max_rss": 300_000,
    "poll": 0.5,
    "catch_up": False,
    "guard_cycle": 0.5,
    "label": "Queue",
}

# Sending, in seconds. docs/sending.md says why each is what it is; the crash tests shorten them.
SENDING = {
    "lease": env.float("SENDING_LEASE", 180),
    "enough_lease": env.float("SENDING_ENOUGH_LEASE", 70),  # less than this left: give up
    "settled_after": env.float("SENDING_SETTLED_AFTER", 300),
    "between_looks": env.float("SENDING_BETWEEN_LOOKS", 60),
    "first_look": env.float("SENDING_FIRST_LOOK", 10),
    "back_off": env.float("SENDING_BACK_OFF", 15),
}
# Tests name a function here that is told each step of sending as it is reached.
SENDING_WATCHER = ""

# --- The systems we talk to ---------------------------------------------------------------------
# Each host is named here and nowhere else: no page takes a free address. The sandboxes of
# `manage.py sandbox` listen where these defaults point.

PROCORE = {
    "login_url": env.str("PROCORE_LOGIN_URL", "http://127.0.0.1:8701"),
    "api_url": env.str("PROCORE_API_URL", "http://127.0.0.1:8701"),
    "client_id": env.str("PROCORE_CLIENT_ID", "tieout-sandbox"),
    "client_secret": env.str("PROCORE_CLIENT_SECRET", "tieout-sandbox-secret"),
}
# Its interface is our assumption, so there is no address but the sandbox's: docs/decisions/0030.
BUILDERTREND = {"api_url": env.str("BUILDERTREND_API_URL", "http://127.0.0.1:8703")}
QUICKBOOKS_ONLINE = {
    "authorize_url": env.str("QBO_AUTHORIZE_URL", "http://127.0.0.1:8702/connect/oauth2"),
    "token_url": env.str("QBO_TOKEN_URL", "http://127.0.0.1:8702/oauth2/v1/tokens/bearer"),
    "revoke_url": env.str("QBO_REVOKE_URL", "http://127.0.0.1:8702/v2/oauth2/tokens/revoke"),
    "api_url": env.str("QBO_API_URL", "http://127.0.0.1:8702"),
    "app_url": env.str("QBO_APP_URL", "http://127.0.0.1:8702/app"),
    "client_id": env.str("QBO_CLIENT_ID", "tieout-sandbox"),
    "client_secret": env.str("QBO_CLIENT_SECRET", "tieout-sandbox-secret"),
    # Proves Intuit's webhooks. Without one none is taken; a known default would let anybody in.
    "verifier_token": env.str(
        "QBO_VERIFIER_TOKEN", "tieout-sandbox-verifier" if DEVELOPMENT else ""
    ),
}
# Its Web Connector calls us; we call nothing of it. The sandbox's console is here.
# The rest are seconds. Taken and answered have to fit a push's lease and a task's
# time limit twice: the look before a bill, and the bill.
QUICKBOOKS_DESKTOP = {
    "sandbox_url": env.str("QBD_SANDBOX_URL", "http://127.0.0.1:8704"),
    "taken_within": env.float("QBD_TAKEN_WITHIN", 15),  # a question that nobody took is withdrawn
    "answered_within": env.float("QBD_ANSWERED_WITHIN", 40),
    "holds_call": env.float("QBD_HOLDS_CALL", 4),  # a call for work waits so long for a question
    "silent_after": env.float("QBD_SILENT_AFTER", 120),  # without a call, nobody is on the line
    "ends_after": env.float("QBD_ENDS_AFTER", 600),  # without a call, a session's ticket is void
    # Work that waits, and no question of it: a session does not stay open for ever.
    "gives_up_after": env.float("QBD_GIVES_UP_AFTER", 180),
}
SAGE_INTACCT = {
    "api_url": env.str("INTACCT_API_URL", "http://127.0.0.1:8705/ia/xml/xmlgw.phtml"),
    "app_url": env.str("INTACCT_APP_URL", "http://127.0.0.1:8705"),
    # Ours as a vendor of Sage's; each company authorises it beside its own web-services user.
    "sender_id": env.str("INTACCT_SENDER_ID", "tieout-sandbox"),
    "sender_password": env.str("INTACCT_SENDER_PASSWORD", "tieout-sandbox-secret"),
}
# The companies that sandboxes load, and where matching data lies beside the project, if it does.
SEEDS = {
    "demo": BASE_DIR / "connectors" / "seeds" / "demo",
    "real": VAR_DIR / "seeds" / "real",
}
SHARED_DATA = Path(env.str("SHARED_DATA", str(BASE_DIR.parent / "shared" / "data")))

# Where people reach this installation; consent pages send them back here.
PUBLIC_URL = env.str("PUBLIC_URL", "http://localhost:8000")

# An OpenAI-compatible endpoint for drafting. Without AI_MODEL the local ranker works alone and
# no name leaves this machine.
AI = {
    "model": env.str("AI_MODEL", ""),
    "base_url": env.str("AI_BASE_URL", ""),
    "api_key": env.str("AI_API_KEY", ""),
    "dollars_per_million_in": env.float("AI_DOLLARS_PER_MILLION_IN", 0.0),
    "dollars_per_million_out": env.float("AI_DOLLARS_PER_MILLION_OUT", 0.0),
    "dollars_per_run": env.float("AI_DOLLARS_PER_RUN", 1.0),
    "dollars_per_month": env.float("AI_DOLLARS_PER_MONTH", 20.0),  # each company
    "tokens_per_run": env.int("AI_TOKENS_PER_RUN", 500_000),
    "tokens_per_month": env.int("AI_TOKENS_PER_MONTH", 10_000_000),
    "calls_a_day": env.int("AI_CALLS_A_DAY", 2_000),
    "records_a_request": env.int("AI_RECORDS_A_REQUEST", 10),
    "timeout_seconds": env.float("AI_TIMEOUT_SECONDS", 20.0),
}

# --- Logs ---------------------------------------------------------------------------------------

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(),
    ],
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"django-q": {"level": env.str("QUEUE_LOG_LEVEL", "WARNING")}},
}
