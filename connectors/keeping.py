"""Pausing a connection, resuming it, handing it over to another admin."""

from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.models import Verb
from common.errors import Conflict
from companies.access import Action, people
from companies.models import User
from connectors import linking
from connectors.models import Connection
from connectors.signals import paused, reconnected


def pause(connection: Connection, *, by: User) -> Connection:
    """Nothing more is read, sent or heard into work; what is there, and our sign-in, stay.

    Raises:
        Conflict: it does not work now, so there is nothing to pause.
    """
    with transaction.atomic(durable=True):
        row = _locked(connection)
        if row.state != Connection.State.CONNECTED:
            raise Conflict(_says(row, "It can be paused while it works."))
        before = {"state": row.state}
        row.state = Connection.State.PAUSED
        row.paused_by, row.paused_at = by, timezone.now()
        row.save(update_fields=["state", "paused_by", "paused_at"])
        trail.record(Verb.PAUSED, row, by=by, before=before, after={"state": row.state})
    # After the commit: who listens takes locks that come before the connection's.
    paused.send(Connection, connection=row, by=by)
    return row


def resume(connection: Connection, *, by: User) -> Connection:
    """Go on; what waited meanwhile is taken up at once.

    Raises:
        Conflict: it is not paused.
    """
    with transaction.atomic(durable=True):
        row = _locked(connection)
        if row.state != Connection.State.PAUSED:
            raise Conflict(_says(row, "Only a paused connection can be resumed."))
        before = {"state": row.state}
        row.state = Connection.State.CONNECTED
        row.paused_by = row.paused_at = None
        row.save(update_fields=["state", "paused_by", "paused_at"])
        trail.record(Verb.RESUMED, row, by=by, before=before, after={"state": row.state})
    reconnected.send(Connection, connection=row)
    return row


def heirs(connection: Connection) -> list[User]:
    """Who may take a connection over: the company's other admins, by name."""
    admins = people(connection.company, Action.MANAGE_CONNECTIONS)
    return [user for user in admins if user != connection.in_charge]


def hand_over(connection: Connection, *, to: User, by: User) -> Connection:
    """Somebody else looks after it from now on. The sign-in stays the one that it is.

    Raises:
        Conflict: that person is no admin of the company, or has it already.
    """
    with transaction.atomic(durable=True):
        linking.lock_company(connection.company)
        row = _locked(connection)
        if to not in heirs(row):
            raise Conflict(
                f"{to} cannot take over {row.get_system_display()}: only another admin of "
                f"{row.company} can. Choose one from the list."
            )
        before = {"owner": str(row.in_charge)}
        row.owner = to
        row.save(update_fields=["owner"])
        trail.record(Verb.HANDED_OVER, row, by=by, before=before, after={"owner": str(to)})
    return row


def _locked(connection: Connection) -> Connection:
    rows = Connection.objects.select_related("company", "connected_by", "owner")
    return rows.select_for_update(of=("self",), no_key=True).get(pk=connection.pk)


def _says(row: Connection, rest: str) -> str:
    return f"{row.get_system_display()} is not as you saw it: {row.get_state_display()}. {rest}"
