"""Giving and taking back consent: a person's trip to the other system's own page and back.

Both systems let an app sign in with its secret; neither offers PKCE (fact sheets, section 1). So
what ties the answer to the question is `state`: random, used once, ten minutes old at most, and
bound to the company, the person and the browser session that began.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from audit import trail
from audit.models import Verb
from common.choices import System, Way
from common.errors import AppError, Conflict
from companies import access
from companies.models import Company, Membership, User
from connectors import registry
from connectors.errors import CredentialsExpired
from connectors.models import Connection, ConsentRequest
from connectors.oauth import OAuthApp, TokenPair
from connectors.records import PulledCompany
from connectors.signals import reconnected
from connectors.tokens import put
from connectors.vault import seal, unseal

CONSENT_LIVES = timedelta(minutes=10)


class ConsentRefused(AppError):
    """The person, or the other system, said no on its own page."""


class OtherCompany(Conflict):
    """The sign-in is for another company file than the one we are connected to."""


@dataclass(frozen=True)
class Choice:
    """A sign-in that sees several companies: a person has to say which one."""

    consent: ConsentRequest
    companies: list[PulledCompany]


@dataclass(frozen=True)
class Fresh:
    """Satisfies `http.Tokens` for the first questions, before there is a connection."""

    pair: TokenPair

    def access(self) -> str:
        return self.pair.access

    def renew(self, refused: str) -> str:
        raise CredentialsExpired("The new sign-in was not accepted. Start again.")

    def give_up(self, refused: str) -> None:
        """There is no connection yet that could lose its consent."""


# --- Going there and coming back ------------------------------------------------------------------


def start_consent(company: Company, *, by: User, system: System, session_key: str) -> str:
    """The address of the other system's consent page, good for ten minutes.

    Raises:
        Conflict: we are connected to another system on this side.
    """
    refuse_another_system(registry.connection_of(company, registry.PACKAGES[system].side), system)
    state = secrets.token_urlsafe(32)
    with transaction.atomic():
        forget_expired(company)
        ConsentRequest.objects.create(
            company=company,
            user=by,
            system=system,
            state_sha256=_hash(state),
            session_sha256=_hash(session_key),
            expires_at=Now() + CONSENT_LIVES,
        )
    return _oauth_app(system).consent_url(state=state, redirect_uri=redirect_uri())


def redirect_uri() -> str:
    """Registered with both systems, letter for letter."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('connect-callback')}"


def take_up(state: str, *, by: User, session_key: str) -> ConsentRequest:
    """The request that an answer belongs to. It cannot be taken up twice.

    Raises:
        Conflict: unknown, used, too old, or begun by somebody else or in another session.
        NotAllowed: its person may no longer manage that company's connections.
    """
    mine = ConsentRequest.objects.filter(
        state_sha256=_hash(state),
        session_sha256=_hash(session_key),
        user=by,
        used_at=None,
        expires_at__gt=Now(),
    )
    with transaction.atomic(durable=True):
        consent = mine.select_for_update(of=("self",)).select_related("company").first()
        if consent is None:
            raise Conflict(
                "This sign-in was used already, is older than ten minutes, or began in another "
                "browser. Open Settings, Connections and start again."
            )
        consent.used_at = timezone.now()
        consent.save(update_fields=["used_at"])
    _check(consent, by)
    return consent


def finish_consent(consent: ConsentRequest, answer: Mapping[str, str]) -> Connection | Choice:
    """Turn what the consent page sent back into a connection.

    `answer` is the callback's query. A Choice comes back when the sign-in sees several companies
    and none of them is the one that we were connected to.

    Raises:
        ConsentRefused: somebody said no there.
        OtherCompany: we are connected to another company file.
        ConnectorError: the system did not answer, or did not accept the code.
    """
    system = System(consent.system)
    if said := answer.get("error"):
        raise ConsentRefused(_refusal(system, said))
    named = answer.get("realmId", "")
    if not re.fullmatch(r"[0-9]{0,32}", named) or not answer.get("code"):
        raise ConsentRefused(f"What {system.label} sent back is no sign-in. Start again.")
    app = _oauth_app(system)
    try:
        pair = app.exchange(answer["code"], redirect_uri=redirect_uri())
    except CredentialsExpired as error:
        raise ConsentRefused(
            f"{system.label} did not accept the sign-in it had just given. Start again."
        ) from error
    companies = _companies_seen(system, pair, named)
    if not companies:
        raise ConsentRefused(
            f"This {system.label} sign-in sees no company. Ask a {system.label} admin to let it "
            "in, then start again."
        )
    return _settle(consent, pair, companies)


def companies_to_choose(consent: ConsentRequest, *, by: User) -> list[PulledCompany]:
    pair = _kept(consent, by)
    return _companies_seen(System(consent.system), pair, "")


def choose(consent: ConsentRequest, external_id: str, *, by: User) -> Connection:
    """Connect to the company that a person picked from a Choice."""
    pair = _kept(consent, by)
    seen = _companies_seen(System(consent.system), pair, "")
    picked = next((company for company in seen if company.external_id == external_id), None)
    if picked is None:
        raise Conflict("This sign-in no longer sees that company. Choose another one.")
    connection = _connect(consent, pair, picked)
    seal(consent, "credentials", None)
    consent.save(update_fields=["credentials"])
    return connection


def disconnect(connection: Connection, *, by: User) -> Connection:
    """Stop using a connection and give its consent back. Records, bills and mappings stay.

    Raises:
        Unreachable: we are disconnected, but the other system could not be told.
    """
    with transaction.atomic(durable=True):
        row = Connection.objects.select_for_update(of=("self",), no_key=True).get(pk=connection.pk)
        if row.state == Connection.State.DISCONNECTED:
            return row
        # Only a consent can be given back; credentials and passwords are just forgotten.
        secret = unseal(row, "credentials") if row.way == Way.CONSENT else None
        before = row.state
        row.state, row.problem = Connection.State.DISCONNECTED, ""
        seal(row, "credentials", None)
        # Whoever is refreshing right now must not bring the connection back.
        row.token_version += 1
        row.token_expires_at = row.refresh_until = None
        row.save()
        trail.record(
            Verb.DISCONNECTED, row, by=by, before={"state": before}, after={"state": row.state}
        )
    if secret:
        _oauth_app(System(row.system)).revoke(secret["refresh"])
    return row


def forget_expired(company: Company | None = None) -> int:
    """Drop trips that are over, with any tokens they kept; of every company unless one is named."""
    over = ConsentRequest.objects.filter(expires_at__lte=Now())
    if company is not None:
        over = over.filter(company=company)
    return over.delete()[0]


# --- The connection itself ------------------------------------------------------------------------


def _settle(
    consent: ConsentRequest, pair: TokenPair, companies: list[PulledCompany]
) -> Connection | Choice:
    system = System(consent.system)
    live = registry.connection_of(consent.company, registry.PACKAGES[system].side)
    refuse_another_system(live, system)
    if live is not None:
        same = [c for c in companies if c.external_id == live.external_company_id]
        if not same:
            raise other_company(live, " or ".join(f"“{company.name}”" for company in companies))
        return _connect(consent, pair, same[0])
    if len(companies) == 1:
        return _connect(consent, pair, companies[0])
    kept = {
        "access": pair.access,
        "refresh": pair.refresh,
        "expires_at": pair.expires_at.isoformat(),
    }
    seal(consent, "credentials", kept)
    consent.expires_at = timezone.now() + CONSENT_LIVES
    consent.save(update_fields=["credentials", "expires_at"])
    return Choice(consent, companies)


def _connect(consent: ConsentRequest, pair: TokenPair, pulled: PulledCompany) -> Connection:
    return connect(
        consent.company,
        System(consent.system),
        Way.CONSENT,
        pulled,
        by=consent.user,
        let_in=lambda row: put(row, pair),
    )


def connect(
    company: Company,
    system: System,
    way: Way,
    pulled: PulledCompany,
    *,
    by: User,
    let_in: Callable[[Connection], None],
    state: Connection.State = Connection.State.CONNECTED,
) -> Connection:
    """Save what lets us in on the row of this very company file, old or new.

    `let_in` lays tokens or credentials on the locked row: whoever opens it next finds them.

    Raises:
        OtherCompany: we are connected to another company file on this side.
        Conflict: we are connected to another system on this side.
    """
    side = registry.PACKAGES[system].side
    with transaction.atomic(durable=True):
        # Two admins may come back at the same time; the second finds what the first one saved.
        company = lock_company(company)
        live = registry.connection_of(company, side)
        refuse_another_system(live, system)
        if live is not None and live.external_company_id != pulled.external_id:
            raise other_company(live, f"“{pulled.name}”")
        row = _row(company, system, pulled.external_id)
        before = {"state": row.state, "name": row.name} if row.pk else None
        row.name, row.way = pulled.name, way
        if row.state != Connection.State.PAUSED:
            row.state, row.problem = state, ""
        row.connected_by, row.connected_at = by, timezone.now()
        row.books_closed_through = pulled.closed_through
        row.features = dict(pulled.features)
        let_in(row)
        row.save()
        trail.record(
            Verb.CONNECTED,
            row,
            by=by,
            before=before,
            after={"state": row.state, "name": row.name, "company": row.external_company_id},
        )
    # After the commit: who listens takes locks that come before the connection's.
    reconnected.send(Connection, connection=row)
    return row


def lock_company(company: Company) -> Company:
    return Company.objects.select_for_update(of=("self",), no_key=True).get(pk=company.pk)


def refuse_another_system(live: Connection | None, system: System) -> None:
    """Mappings name the records of one system; another one beside it would have none of them."""
    if live is not None and live.system != system:
        name = live.get_system_display()
        raise Conflict(
            f"{name} is connected as the {live.get_side_display().lower()}. Disconnect it first: "
            f"what was pulled and decided is kept, but mappings to {name} say nothing about "
            f"{system.label}, so they have to be decided anew."
        )


def _row(company: Company, system: System, external_id: str) -> Connection:
    """The row that knew this company file before, so that its records and mappings still fit."""
    known = company.connections.filter(system=system, external_company_id=external_id)
    row = known.select_for_update(of=("self",), no_key=True).order_by("-pk").first()
    return row or Connection(
        company=company,
        side=registry.PACKAGES[system].side,
        system=system,
        external_company_id=external_id,
    )


def _oauth_app(system: System) -> OAuthApp:
    app = registry.PACKAGES[system].oauth_app
    if app is None:
        raise Conflict(f"{system.label} has no consent page. Connect it under Settings.")
    return app()


def _companies_seen(system: System, pair: TokenPair, named: str) -> list[PulledCompany]:
    """The companies a fresh sign-in may read. `named` is the one that the consent page named,
    where the system lets a person choose there.
    """
    ask = registry.PACKAGES[system].companies_seen
    return ask(Fresh(pair), named) if ask is not None else []


def other_company(live: Connection, seen: str) -> OtherCompany:
    name = live.get_system_display()
    return OtherCompany(
        f"This is {seen}, but this company is connected to “{live.name}” in {name}. "
        f"Choose “{live.name}” there, or disconnect it first."
    )


def _kept(consent: ConsentRequest, by: User) -> TokenPair:
    _check(consent, by)
    secret: dict[str, Any] | None = unseal(consent, "credentials")
    if consent.user_id != by.pk or secret is None or consent.expires_at <= timezone.now():
        raise Conflict("This sign-in is over. Open Settings, Connections and start again.")
    expires_at = datetime.fromisoformat(secret["expires_at"]).astimezone(UTC)
    return TokenPair(secret["access"], secret["refresh"], expires_at)


def _check(consent: ConsentRequest, by: User) -> None:
    """Rights are read again on the way back: they may have been taken meanwhile."""
    membership = Membership.objects.filter(company=consent.company_id, user=by).first()
    if membership is None:
        raise Conflict("You no longer belong to that company.")
    access.check(membership, access.Action.MANAGE_CONNECTIONS)


def _refusal(system: System, said: str) -> str:
    if said == "access_denied":
        return (
            f"{system.label} was not connected, because the consent was refused there. "
            "Nothing has changed."
        )
    word = f" ({said})" if re.fullmatch(r"[a-z_]{1,40}", said) else ""
    return f"{system.label} could not sign us in{word}. Start again, or ask its admin."


def _hash(value: str) -> str:
    return sha256(value.encode()).hexdigest()
