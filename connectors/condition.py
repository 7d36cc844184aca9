"""How a connection is doing, in a word and a sentence that says what to do."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from common.choices import Way
from common.templatetags.format import ago
from connectors.models import Connection

# A connector asks for work every few minutes; after so long nobody is there.
SILENT_AFTER = timedelta(hours=2)


@dataclass(frozen=True)
class Condition:
    status: str  # a word of common.templatetags.components.STATES
    sentence: str = ""  # blank while all is well


def of(connection: Connection) -> Condition:
    state = Connection.State(connection.state)
    name = connection.get_system_display()
    if state == Connection.State.WAITING:
        return Condition(
            "waiting_for_call",
            f"{name} has not called yet. Start its connector on the computer where {name} runs.",
        )
    if state == Connection.State.PAUSED:
        who = f" by {connection.paused_by}" if connection.paused_by else ""
        return Condition(
            "paused", f"Paused{who}. Nothing is read or sent until an admin resumes it."
        )
    if state == Connection.State.NEEDS_CONSENT:
        sentence = f"{name} no longer accepts our sign-in. An admin has to reconnect it."
        return Condition("needs_sign_in", connection.problem or sentence)
    if state == Connection.State.DISCONNECTED:
        return Condition("disconnected")
    if connection.problem:  # signed in, but the other system takes nothing for now
        return Condition("halted", connection.problem)
    if _is_silent(connection):
        return Condition(
            "silent",
            f"Last heard {ago(connection.last_heard_at)}. See that the computer on which {name} "
            "runs is on and that the connector is started there; what waits goes on by itself.",
        )
    return Condition("working")


def _is_silent(connection: Connection) -> bool:
    calls_us = connection.way == Way.CONNECTOR_FILE
    heard = connection.last_heard_at
    return calls_us and (heard is None or heard < timezone.now() - SILENT_AFTER)
