"""The session of one connection, shared by all workers: kept sealed beside its password.

A session ends some hours after its last call (3.4 of the reference sheet). Whoever finds it over
signs in anew; two who do so at once hold two sessions that both work, and the later one is kept.
"""

from datetime import datetime

from django.db import transaction

from connectors.errors import CredentialsExpired
from connectors.models import Connection
from connectors.sage_intacct.envelope import Login
from connectors.sage_intacct.gateway import Session
from connectors.sage_intacct.refusals import SYSTEM
from connectors.tokens import lose_consent
from connectors.vault import Secret, seal, unseal

PASSWORD, SESSION = "password", "session"


class ConnectionSessions:
    """Satisfies `gateway.Sessions`. Keeps nothing in memory but who it signed in as."""

    def __init__(self, connection: Connection) -> None:
        self.connection_id = connection.pk
        self._signed_in_with = ""

    def login(self) -> Login:
        row = self._working()
        secret = unseal(row, "credentials") or {}
        self._signed_in_with = str(secret.get(PASSWORD, ""))
        return Login(
            company_id=row.options.get("company_id", ""),
            user_id=row.options.get("user_id", ""),
            password=self._signed_in_with,
            entity_id=row.options.get("entity_id", ""),
        )

    def current(self) -> Session | None:
        kept = (unseal(self._working(), "credentials") or {}).get(SESSION)
        session = _session(kept) if kept else None
        return session if session is not None and session.is_good else None

    def keep(self, session: Session) -> None:
        said = {"id": session.id, "endpoint": session.endpoint, "until": session.until.isoformat()}
        self._change({SESSION: said})

    def forget(self, refused: Session) -> None:
        if self.current() == refused:
            self._change({SESSION: None})

    def give_up(self, error: CredentialsExpired) -> None:
        """Unless an admin gave another password meanwhile."""
        secret = unseal(Connection.objects.get(pk=self.connection_id), "credentials") or {}
        if secret.get(PASSWORD) == self._signed_in_with:
            lose_consent(self.connection_id, SYSTEM, problem=str(error))

    def _working(self) -> Connection:
        row = Connection.objects.get(pk=self.connection_id)
        if row.state != Connection.State.CONNECTED:
            raise CredentialsExpired(row.problem or f"{SYSTEM} is not connected.")
        return row

    def _change(self, part: Secret) -> None:
        with transaction.atomic(durable=True):
            # NO KEY: rows that refer to the connection may be written meanwhile.
            row = Connection.objects.select_for_update(of=("self",), no_key=True).get(
                pk=self.connection_id
            )
            secret = unseal(row, "credentials")
            if secret is None:
                return  # disconnected meanwhile
            seal(row, "credentials", {**secret, **part})
            row.save(update_fields=["credentials"])


def _session(kept: Secret) -> Session:
    return Session(kept["id"], kept["endpoint"], datetime.fromisoformat(kept["until"]))
