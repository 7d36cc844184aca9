"""Systems that call us: a connection that waits for its first call, its password, the call itself.

Nobody is asked for consent and nothing is tried. An admin takes a file and a password to the
machine of the other system; the first call says which company file it speaks for, and from then on
the connection is that company file's. The password is shown once and only its hash is kept.
"""

import hmac
import secrets
from hashlib import sha256

from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.models import Verb
from common.choices import System, Way
from companies.models import Company, User
from connectors import linking, registry
from connectors.models import Connection
from connectors.records import PulledCompany
from connectors.signals import reconnected
from connectors.vault import seal, unseal

# Nobody types it twice: 4 x 5 characters without those that look alike, some 98 bits.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
GROUPS, GROUP = 4, 5


def begin(company: Company, system: System, *, by: User) -> tuple[Connection, str]:
    """A connection that waits for its first call, and the password that the caller has to know.

    Begun again while one waits or works, that one gets a new password and waits for a call with it.

    Raises:
        Conflict: this side is tied to another system.
    """
    password = "-".join(
        "".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS)
    )
    with transaction.atomic(durable=True):
        company = linking.lock_company(company)
        live = registry.connection_of(company, registry.PACKAGES[system].side)
        linking.refuse_another_system(live, system)
        row = live or Connection(
            company=company,
            side=registry.PACKAGES[system].side,
            system=system,
            external_company_id="",
            name=company.name,  # until the first call says what the company file is called
        )
        before = {"state": row.state, "name": row.name} if row.pk else None
        if row.state != Connection.State.PAUSED:
            row.state, row.problem = Connection.State.WAITING, ""
        row.way = Way.CONNECTOR_FILE
        row.connected_by, row.connected_at = by, timezone.now()
        seal(row, "credentials", {"password_sha256": _hash(password)})
        row.save()
        trail.record(
            Verb.CONNECTED, row, by=by, before=before, after={"state": row.state, "name": row.name}
        )
    return row, password


def lets_in(connection: Connection, password: str) -> bool:
    """Is this the password that its admin was shown? False for one that was disconnected."""
    secret = unseal(connection, "credentials") or {}
    kept = secret.get("password_sha256", "")
    return bool(kept) and hmac.compare_digest(kept, _hash(password))


def heard(connection: Connection, pulled: PulledCompany) -> Connection:
    """A call came in for this company file. The first one ties the connection to it.

    Where this company was tied to the same file before, that row is taken up again, so that its
    records and mappings still fit; it takes over the address and the password of the waiting one.

    Raises:
        OtherCompany: the connection belongs to another company file, which stays so.
    """
    with transaction.atomic(durable=True):
        linking.lock_company(connection.company)
        row = _locked(connection.pk)
        is_first = row.state == Connection.State.WAITING
        if not row.external_company_id:
            row = _take_up(row, pulled)
        elif row.external_company_id != pulled.external_id:
            raise linking.other_company(row, f"“{pulled.name}”")
        if is_first:
            row.state, row.problem = Connection.State.CONNECTED, ""
        row.name = pulled.name
        row.books_closed_through = pulled.closed_through
        row.features = dict(pulled.features)
        row.last_heard_at = timezone.now()
        row.save()
        if is_first:
            trail.record(
                Verb.CONNECTED,
                row,
                by=None,
                machine=row.get_system_display(),
                before={"state": Connection.State.WAITING},
                after={"state": row.state, "name": row.name, "company": row.external_company_id},
            )
    if is_first:
        reconnected.send(Connection, connection=row)
    return row


def _take_up(waiting: Connection, pulled: PulledCompany) -> Connection:
    """The row that knew this company file before, at the address of the one that waited."""
    known = Connection.objects.filter(
        company=waiting.company_id, system=waiting.system, external_company_id=pulled.external_id
    ).exclude(pk=waiting.pk)
    row = known.select_for_update(of=("self",), no_key=True).order_by("-pk").first()
    if row is None:
        waiting.external_company_id = pulled.external_id
        return waiting
    for named_it in (waiting.calls, waiting.web_sessions, waiting.web_questions):
        named_it.update(connection=row)
    row.state = waiting.state
    # Secrets are bound to the row's key, which moves with them.
    row.row_key, row.credentials = waiting.row_key, waiting.credentials
    row.way, row.options = waiting.way, waiting.options
    row.connected_by, row.connected_at = waiting.connected_by, waiting.connected_at
    waiting.delete()
    return row


def _locked(pk: int) -> Connection:
    rows = Connection.objects.select_related("company")
    return rows.select_for_update(of=("self",), no_key=True).get(pk=pk)


def _hash(password: str) -> str:
    return sha256(password.encode()).hexdigest()
