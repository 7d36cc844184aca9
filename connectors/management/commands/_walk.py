"""Walks a sandbox's consent page as a person does, for the demo. Loopback only.

Not a way round consent: the page is asked for, its Allow is pressed, and what it sends back goes
through the same functions as a browser's return.
"""

import re
from html import unescape
from secrets import token_hex
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests
from django.core.management.base import CommandError

from common.choices import System
from companies.models import Company, User
from connectors import linking
from connectors.models import Connection

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
YES = {System.PROCORE: "allow", System.QUICKBOOKS_ONLINE: "connect"}
FIELD = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
FORM = re.compile(r'<form method="post"(?: action="([^"]*)")?>')


def connect_headless(company: Company, user: User, system: System) -> Connection:
    """Connect `company` to the sandbox of `system`, as `user`, who has to be an admin there."""
    session_key = token_hex(16)
    url = linking.start_consent(company, by=user, system=system, session_key=session_key)
    back = dict(parse_qsl(urlsplit(press_allow(url, YES[system])).query))
    consent = linking.take_up(back.get("state", ""), by=user, session_key=session_key)
    outcome = linking.finish_consent(consent, back)
    if isinstance(outcome, Connection):
        return outcome
    return linking.choose(consent, outcome.companies[0].external_id, by=user)


def press_allow(url: str, decision: str) -> str:
    """Open the consent page and press its button; the address a browser would be sent back to."""
    if urlsplit(url).hostname not in LOOPBACK:
        raise CommandError(f"{url} is not on this machine. Sign in there with a browser.")
    with requests.Session() as session:
        session.trust_env = False
        page = session.get(url, timeout=10, allow_redirects=False)
        form = FORM.search(page.text)
        if page.status_code != 200 or form is None:
            raise CommandError(f"The sandbox shows no consent page (HTTP {page.status_code}).")
        fields = {unescape(name): unescape(value) for name, value in FIELD.findall(page.text)}
        target = urljoin(url.partition("?")[0], unescape(form[1] or ""))
        answer = session.post(
            target, {**fields, "decision": decision}, timeout=10, allow_redirects=False
        )
    if answer.status_code not in {302, 303} or "Location" not in answer.headers:
        raise CommandError(f"The sandbox did not send us back (HTTP {answer.status_code}).")
    return answer.headers["Location"]
