"""Walks every route as everybody, with one company's ids, and says what came out or changed.

Company A has a row of every kind under one and the same id, so a route that takes an id always
names something that is there. Its names carry a canary. Each request runs in a savepoint that is
rolled back, so every one of them meets the same rows.
"""

import json
import logging
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from http.cookies import SimpleCookie

from django.apps import apps
from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.test.client import ClientHandler
from django.urls import URLPattern, get_resolver, resolve
from django.utils.regex_helper import normalize

from companies import tokens
from companies.access import ALLOWED
from companies.models import Role

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
CANARY = "Qz7canary"
ID = 4242  # of a row of every kind in company A

# What stands for each parameter of an address. A new one is added here.
KWARGS = {
    "company": "company-a",
    "pk": ID,
    "number": ID,
    "subject_id": ID,
    "record": ID,
    "subject_type": "sync.push",
    "kind": "vendors",
    "system": "quickbooks_online",
    "side": "ledger",
    "way": "consent",
    "token": "no-such-token",
    "key": "no-such-key",
    "uidb36": "1",
    "row_key": "00000000-0000-4000-8000-000000000000",  # in secret addresses: of no connection
}
# Those that name a row of company A: to others there is nothing there.
NAMES_A_ROW = {"pk", "number", "subject_id", "record"}

# What is sent along, in the address and in the body. Fields of the API are picked from here by
# name; a new field is added here, or to LEFT_OUT when leaving it out reaches further.
FIELDS = {
    "id": ID,
    "ids": [ID],
    "pk": ID,
    "mapping": ID,
    "mappings": [{"id": ID}],
    "source": ID,
    "target": ID + 4,
    "record": ID,
    "bill": ID,
    "bills": ID,
    "push": ID,
    "vendor": ID,
    "project": ID + 1,
    "connection": ID,
    "object_id": ID,
    "who": ID,
    "act": ID,
    "only": ID,
    "selected": ID,
    "external_id": "145",
    "expected": 1,
    "version": 1,
    "reason": "Because the probe asks",
    "note": "A note of the probe",
    "text": "A note of the probe",
    "role": "admin",
    "email": "probe@probe.test",
    "decision": "approved",
    "choice": "not_there",
    "retainage_account": ID + 6,
}
ON_PAGES = {**FIELDS, "mappings": [ID]}
LEFT_OUT = {
    "kind", "state", "stale", "search", "side", "usable", "readiness", "delivery", "fault",
    "number", "date_from", "date_to", "verb", "object", "object_type", "from", "to", "all",
}  # fmt: skip

# Open to everybody, and why.
PUBLIC = {
    "account_login": "where people sign in",
    "account_logout": "asks whether to sign out",
    "account_inactive": "says that an account is closed",
    "account_signup": "says that people come by invitation",
    "account_confirm_email": "a link from a mail",
    "account_email_verification_sent": "says that a mail is on its way",
    "account_confirm_login_code": "a step of signing in",
    "account_reset_password": "asks for an address, and says the same whatever it is",
    "account_reset_password_done": "says that a mail may be on its way",
    "account_reset_password_from_key": "a link from a mail",
    "account_reset_password_from_key_done": "says that the password is new",
    "mfa_authenticate": "a step of signing in",
    "join": "what an invitation's link opens; it shows no more than the invitation",
    "health": "says whether the machines work, to whoever watches them",
    "qbwc": "a program calls it, which signs in by a name and a password of its own",
    "hooks:connection": "where a system tells news, and proves itself by a secret",
    "hooks:system": "the same, of all companies that it knows",
    "api:docs": "describes the API and holds no data",
    "api:schema": "describes the API and holds no data",
}
# Say 503 when something is not well, which is their answer and no stumble.
HEALTH = {"health"}
# Change by being there: when somebody was last seen says nothing about what was done.
NOTED_ALONG = ["last_seen_at", "last_used_at", "last_login"]
FRAGMENT = {"HTTP_HX_REQUEST": "true"}
READING = ("SELECT", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT")
ALL_ROWS = "md5(string_agg((to_jsonb(t) - %s::text[])::text, '' ORDER BY t.id))"


@dataclass(frozen=True)
class Route:
    name: str
    template: str  # "/c/%(company)s/mappings/"
    kwargs: tuple[str, ...]
    callback: object

    def path(self, **instead):
        values = {**KWARGS, **instead}
        if unknown := [name for name in self.kwargs if name not in values]:
            raise LookupError(
                f"The route {self.name} takes {', '.join(unknown)}, which the probe does not know."
                " Add to KWARGS in tests/probe.py what names a row of company A there, and to"
                " NAMES_A_ROW if it does."
            )
        path = self.template % {name: values[name] for name in self.kwargs}
        if resolve(path).func is not self.callback:
            raise LookupError(
                f"{path} does not lead to {self.name}: KWARGS in tests/probe.py has a value that"
                " this route does not take."
            )
        return path

    @property
    def is_api(self):
        return hasattr(self.callback, "cls")

    @property
    def is_of_a_company(self):
        return "company" in self.kwargs

    @property
    def names_a_row(self):
        return bool(NAMES_A_ROW & set(self.kwargs))

    def action_of(self, method):
        """What a person must be allowed; None when this method is not offered or not fenced."""
        if not self.is_api:
            return getattr(self.callback, "required_action", None)
        return getattr(self.callback.cls, "required", {}).get(self.view_action(method))

    def view_action(self, method):
        actions = getattr(self.callback, "actions", None)
        if actions is None:
            return method
        return actions.get("get" if method == "HEAD" else method.lower())

    def fields(self, method):
        """(query, body) of a request: what this view reads, filled with company A's ids."""
        if not self.is_api:
            return ON_PAGES, ON_PAGES
        action = self.view_action(method)
        if action is None:
            return {}, FIELDS
        queries = getattr(self.callback.cls, "queries", {})
        bodies = getattr(self.callback.cls, "bodies", {})
        return self._filled(queries.get(action)), self._filled(bodies.get(action))

    def _filled(self, serializer):
        names = serializer().fields if serializer else {}
        if unknown := [name for name in names if name not in FIELDS and name not in LEFT_OUT]:
            raise LookupError(
                f"{self.name} reads {', '.join(unknown)}, which the probe does not know. Add to"
                " FIELDS in tests/probe.py what to send, or to LEFT_OUT."
            )
        return {name: FIELDS[name] for name in names if name in FIELDS}


def routes():
    """Every route there is, as the resolver sees it."""
    return list(_walk(get_resolver(), "", ""))


def _walk(resolver, prefix, namespace):
    for pattern in resolver.url_patterns:
        regex = prefix + pattern.pattern.regex.pattern.removeprefix("^").replace(r"\Z", "$")
        if not isinstance(pattern, URLPattern):
            inner = pattern.namespace
            yield from _walk(pattern, regex, f"{namespace}{inner}:" if inner else namespace)
            continue
        template, names = max(normalize(regex), key=lambda found: len(found[1]))
        name = f"{namespace}{pattern.name or pattern.lookup_str}"
        yield Route(name, "/" + template, tuple(names), pattern.callback)


@dataclass(frozen=True)
class Actor:
    name: str
    role: Role | None  # in company A; None for all others
    cookies: dict
    token: str = ""


class Browser(RequestFactory):
    """Django's test client without its notes on templates and without raising what went wrong."""

    def __init__(self):
        super().__init__()
        self.handler = ClientHandler(enforce_csrf_checks=False)

    def request(self, **request):
        return self.handler(self._base_environ(**request))


@dataclass
class Probe:
    """`people` are members of company A by role; `outsider` is the admin of company B."""

    company: object
    people: dict
    outsider: object
    requests: int = 0
    findings: list = field(default_factory=list)
    statuses: Counter = field(default_factory=Counter)
    seen: Counter = field(default_factory=Counter)  # answers with a canary, by role

    def __post_init__(self):
        self.client = Browser()
        self.signed_out = Actor("signed out", None, {})
        self.members = [self._actor(user, role) for role, user in self.people.items()]
        self.other = self._actor(self.outsider, None)
        self.own_slug = self.outsider.memberships.get().company.slug
        self.untouched = self._fingerprint()

    def walk(self, found):
        logging.disable(logging.CRITICAL)  # thousands of refusals would be told line by line
        try:
            for route in found:
                self._fence(route)
                self._walk_one(route)
        finally:
            logging.disable(logging.NOTSET)
        return self

    def _walk_one(self, route):
        # Outside of companies roles mean nothing: one member stands for all.
        members = self.members if route.is_api or route.is_of_a_company else self.members[:1]
        try:
            for actor in (self.signed_out, *members, self.other):
                self._all_methods(route, actor, route.path())
            if route.is_of_a_company:
                own = route.path(company=self.own_slug)
                self._all_methods(route, self.other, own, in_own_company=True)
        except LookupError as error:
            self.findings.append(str(error))

    # --- What must be so ----------------------------------------------------------------------

    def _fence(self, route):
        if route.is_api:
            offered = [m for m in METHODS if route.view_action(m)]
            lacking = [m for m in offered if route.action_of(m) is None]
            if lacking or not offered:
                self._found(route, "", f"names no required action for {', '.join(lacking)}")
        elif route.is_of_a_company and route.action_of("GET") is None:
            self._found(route, "", "names no required action: put @requires(…) on it")

    def _all_methods(self, route, actor, path, *, in_own_company=False):
        forbidden = {}
        for method in METHODS:
            query, body = route.fields(method)
            status = self._ask(route, actor, method, path, query, body, in_own_company)
            forbidden[method] = status == 403
            if actor is self.other and method == "GET":
                # Without filters a list shows all it has; a fragment takes ways of its own.
                self._ask(route, actor, method, path, {}, FRAGMENT, in_own_company)
        action = None if route.is_api or not actor.role else route.action_of("GET")
        if action and action not in ALLOWED[actor.role] and not any(forbidden.values()):
            self._found(route, actor.name, f"is never answered 403, but may not {action.label}")

    def _ask(self, route, actor, method, path, query, body, in_own_company):
        savepoint = transaction.atomic()
        # As a test's own transaction: code that insists on committing by itself may run in it.
        savepoint._from_testcase = True
        self.has_written = False
        with savepoint, connection.execute_wrapper(self._note_writing):
            response = self._send(route, actor, method, path, query, body)
            status = response.status_code
            text = self._everything_in(response)
            self.statuses[status] += 1
            where = f"{actor.name}{' in their own company' if in_own_company else ''}, {method}"
            if status >= 500 and not (route.name in HEALTH and status == 503):
                self._found(route, where, f"answered {status}")
            if CANARY in text:
                self.seen[actor.role] += 1
                if actor.role is None:
                    self._found(route, where, "let a name of company A out")
            if wrong := self._wrong_status(route, actor, method, response, in_own_company):
                self._found(route, where, f"answered {status}, {wrong}")
            if self._is_refused(route, actor, method) and self._has_changed():
                self._found(route, where, "changed rows of company A")
            transaction.set_rollback(True)
        return status

    def _is_refused(self, route, actor, method):
        if actor.role is None:
            return True
        action = route.action_of(method)
        return action is not None and action not in ALLOWED[actor.role]

    def _wrong_status(self, route, actor, method, response, in_own_company):
        """What should have come, or nothing when it is as it should be."""
        status = response.status_code
        if actor is self.signed_out:
            return self._wrong_for_signed_out(route, response)
        if actor is self.other:
            if route.is_of_a_company and not in_own_company:
                return "" if status == 404 else "not 404"
            if route.names_a_row and status not in {403, 404, 405}:
                return "not 404, 403 or 405"
            return ""
        action = route.action_of(method)
        if action is None:
            return ""
        if action in ALLOWED[actor.role]:
            # A view may ask more of what changes things; an admin may do everything.
            reads = method in {"GET", "HEAD"} or actor.role == Role.ADMIN
            return "though the role may" if reads and status == 403 else ""
        expected = {403} if route.is_api else {403, 405}
        return "" if status in expected else "not 403"

    def _wrong_for_signed_out(self, route, response):
        status = response.status_code
        if route.is_api:
            return "" if status == 401 else "not 401"
        if route.name in PUBLIC and not route.is_of_a_company:
            return ""
        to_sign_in = status == 302 and response["Location"].startswith("/account/login/")
        refused = {401, 404} if route.is_of_a_company else {401, 404, 405}
        return "" if to_sign_in or status in refused else "not sign-in, 401 or 404"

    def _found(self, route, who, what):
        self.findings.append(f"{route.name} ({who}): {what}" if who else f"{route.name} {what}")

    # --- Asking -------------------------------------------------------------------------------

    def _actor(self, user, role):
        membership = user.memberships.select_related("company", "user").get()
        browser = Client()  # one each: signing in ends the session that was there before
        browser.force_login(user)
        cookies = {name: morsel.value for name, morsel in browser.cookies.items()}
        _token, text = tokens.make(membership, name="Probe")
        return Actor(str(role or "other company"), role, cookies, text)

    def _send(self, route, actor, method, path, query, body):
        self.requests += 1
        headers = {}
        self.client.cookies = SimpleCookie({} if route.is_api else actor.cookies)
        if route.is_api and actor.token:
            headers["HTTP_AUTHORIZATION"] = f"Bearer {actor.token}"
        if route.is_api:
            content = {"data": json.dumps(body), "content_type": "application/json"}
        elif method == "POST":
            content = {"data": body}
        else:
            content = {"data": "", "content_type": "application/x-www-form-urlencoded"}
        if method in {"GET", "HEAD"}:
            content = FRAGMENT if body is FRAGMENT else {}
        address = f"{path}?{_encoded(query)}" if query else path
        ask = getattr(self.client, method.lower())
        return ask(address, **content, **headers)

    @staticmethod
    def _everything_in(response):
        content = b"".join(response.streaming_content) if response.streaming else response.content
        return content.decode(errors="replace") + str(response.headers)

    # --- Looking ------------------------------------------------------------------------------

    def _note_writing(self, execute, sql, params, many, context):
        self.has_written = self.has_written or not str(sql).lstrip().startswith(READING)
        return execute(sql, params, many, context)

    def _has_changed(self):
        # Where nothing but these was said there is nothing to compare.
        return self.has_written and self._fingerprint() != self.untouched

    def _fingerprint(self):
        """One hash over every row of company A and over its people."""
        sql, values = self._question
        return connection.connection.execute(sql, values, prepare=True).fetchone()[0]

    @cached_property
    def _question(self):
        tables = {model._meta.db_table: "company_id = %s" for model in owned_models()}
        tables["companies_company"] = "id = %s"
        member = "SELECT user_id FROM companies_membership WHERE company_id = %s"
        tables["companies_user"] = f"id IN ({member})"
        parts = [
            f"SELECT '{table}' AS name, {ALL_ROWS} AS rows FROM {table} t WHERE {condition}"  # noqa: S608 - our tables
            for table, condition in tables.items()
        ]
        union = " UNION ALL ".join(parts)
        sql = f"SELECT md5(string_agg(name || rows, '' ORDER BY name)) FROM ({union}) AS tables"  # noqa: S608 - of them
        return sql, [value for _ in tables for value in (NOTED_ALONG, self.company.pk)]


def owned_models():
    return [
        model
        for model in apps.get_models()
        if any(column.column == "company_id" for column in model._meta.concrete_fields)
    ]


def _encoded(query):
    from urllib.parse import urlencode

    flat = {k: v for k, v in query.items() if not (isinstance(v, list) and isinstance(v[0], dict))}
    return urlencode(flat, doseq=True)
