"""Creates a record in the ledger for a person, once, and accepts it as the mapping's target.

Never by itself: a person saw what would be sent and pressed the button. Claim, call, settle, as
for bills; the state machine stands at `sync.models.RecordCreation`.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Protocol, cast

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from audit import trail
from audit.models import Verb
from common.choices import RecordKind
from common.dates import database_now
from common.errors import AppError, Conflict
from companies.access import Action, may
from companies.models import Membership, User
from connectors import calls, registry
from connectors.base import CreatesRecords, Ledger, Rereads
from connectors.errors import Asleep, ConnectorError, RateLimited
from connectors.limits import Limits
from connectors.models import Connection, Record
from connectors.records import NameTaken, NewRecord, PulledRecord
from mapping import publishing, reviewing
from mapping.models import Mapping as Decided
from sync import mirroring, transitions
from sync.models import RecordCreation

TASK = "sync.tasks.create_record"
LEASE = timedelta(minutes=3)
MOST_TRIES = 10
ASLEEP = timedelta(minutes=5)  # its own call rings sooner
State = RecordCreation.State


# --- Before the button ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Preview:
    """What a person reads before anything is sent."""

    payload: bytes
    taken: Sequence[NameTaken]
    # Set where the ledger could not be asked now; names are asked for again before it is created.
    unasked: str = ""


def complaints(new: NewRecord, limits: Limits) -> dict[str, str]:
    """What does not fit the ledger, by field of NewRecord."""
    checked = {
        "name": (limits.names.get(new.kind), "The name", new.name),
        "code": (limits.codes.get(new.kind), "The number", new.code),
        **{
            name: (limit, f"The {name.replace('_', ' ')}", getattr(new, name))
            for name, limit in limits.fields.items()
            if hasattr(new, name)
        },
    }
    found = {
        name: limit.complaint(what, value)
        for name, (limit, what, value) in checked.items()
        if limit is not None and value
    }
    return {name: sentence for name, sentence in found.items() if sentence}


def preview(connection: Connection, new: NewRecord) -> Preview:
    """Ask who has the name already, and write what would be sent.

    Raises:
        Refused: it cannot be said to this ledger.
        ConnectorError: the ledger did not answer, unless it is one that calls us.
    """
    ledger = _ledger(connection)
    payload = ledger.write_record(new)
    try:
        return Preview(payload, ledger.names_taken(new))
    except Asleep as error:
        return Preview(payload, [], unasked=str(error))


def ask(
    source: Record, connection: Connection, new: NewRecord, *, parent: str, by: User, version: int
) -> RecordCreation:
    """Have it created. `version` is the mapping's that the person looked at, 0 for none.

    Raises:
        Conflict: somebody asked for it already, or decided meanwhile.
    """
    payload = _ledger(connection).write_record(new)
    with transaction.atomic():
        mapping = Decided.objects.filter(source=source).first()
        if (mapping.version if mapping else 0) != version:
            raise Conflict("Somebody decided about it meanwhile. Look again before creating it.")
        try:
            with transaction.atomic():
                creation = RecordCreation.objects.create(
                    company=source.company,
                    connection=connection,
                    source=source,
                    kind=new.kind,
                    wanted=asdict(new),
                    parent_label=parent,
                    payload=payload,
                    key=transitions.new_key(),
                    mapping_version=version,
                    asked_by=by,
                    due_at=database_now(),
                )
        except IntegrityError as error:
            raise Conflict(f"{source.name} is being created already. Wait for the answer.") from (
                error
            )
        RecordCreation.objects.ring(TASK, [creation.pk])
    return creation


# --- Claim, call, settle --------------------------------------------------------------------------


@dataclass(frozen=True)
class Claim:
    creation: RecordCreation
    looks: bool  # True: find out what became of it. False: send it.
    taken: float


def work(creation_id: int) -> None:
    """Take the next step with one creation. Safe to run twice, and at the same time."""
    claim = _claim(creation_id)
    if claim is None:
        return
    ledger = _ledger(claim.creation.connection)
    with calls.serving("sync.recordcreation", creation_id):
        if claim.looks:
            _look(claim, ledger)
        else:
            _send(claim, ledger)


def _claim(creation_id: int) -> Claim | None:
    taken = time.monotonic()
    with transaction.atomic():
        due = RecordCreation.objects.filter(pk=creation_id, state__in=RecordCreation.UNDER_WAY)
        if not due.due().update(
            lease_until=Now() + LEASE, fence=F("fence") + 1, starts=F("starts") + 1
        ):
            return None
        creation = RecordCreation.objects.select_related(
            "company__settings", "connection__company", "source", "asked_by"
        ).get(pk=creation_id)
        state = creation.connection.state
        if state == Connection.State.DISCONNECTED and creation.state == State.WAITING:
            name = creation.connection.get_system_display()
            _fail(creation, f"{name} was disconnected. Connect it, then ask for it again.")
            return None
        if state != Connection.State.CONNECTED:
            word = creation.connection.get_state_display().lower()
            _wait(creation, ASLEEP, f"{creation.connection.get_system_display()} is {word}.")
            return None
        if creation.state == State.SENDING:
            # The worker that had it never came back.
            _become_unknown(creation, "The process that sent it ended before the answer came.")
            return None
        looks = creation.state == State.UNKNOWN
        if not looks:
            creation.state, creation.sent_at = State.SENDING, database_now()
            creation.save(update_fields=["state", "sent_at"])
    return Claim(creation, looks, taken)


def _send(claim: Claim, ledger: "Creating") -> None:
    creation = claim.creation
    try:
        taken = ledger.names_taken(creation.new)
    except ConnectorError as error:
        _not_sent(claim, error)  # only asked so far: nothing of it has left
        return
    if taken:
        _settle(claim, lambda row: _fail(row, names(taken)))
        return
    if time.monotonic() - claim.taken > LEASE.total_seconds() / 2:
        return  # too late to be sure of our lease: the next claim looks it up
    try:
        made = ledger.create_record(creation.new, key=creation.key)
    except ConnectorError as error:
        if error.surely_not_done:
            _not_sent(claim, error)
        else:
            sentence = str(error)
            _settle(claim, lambda row: _become_unknown(row, sentence))
        return
    _settle(claim, lambda row: _created(row, made), even_late=True)


def _look(claim: Claim, ledger: "Creating") -> None:
    """Somebody has that name now, or nobody: before it was sent nobody had it."""
    creation = claim.creation
    try:
        taken = [each for each in ledger.names_taken(creation.new) if each.is_active]
        made = _read(ledger, creation, taken[0].external_id) if taken else None
    except ConnectorError as error:
        wait, sentence = _delay(creation, error), str(error)
        _settle(claim, lambda row: _wait(row, wait, sentence))
        return
    if made is not None:
        _settle(claim, lambda row: _created(row, made))
    elif taken:
        _settle(claim, lambda row: _fail(row, names(taken)))
    else:
        _settle(claim, _saw_nothing)


def _read(ledger: "Creating", creation: RecordCreation, external_id: str) -> PulledRecord | None:
    """The row that has the name, in the words of a pull; None when it is of another list."""
    kind = RecordKind(creation.kind)
    if isinstance(ledger, Rereads):
        found = ledger.record(kind, external_id)
        return found if isinstance(found, PulledRecord) and found.kind == kind else None
    rows = (row for row in ledger.records(kind) if isinstance(row, PulledRecord))
    return next((row for row in rows if row.external_id == external_id), None)


def _not_sent(claim: Claim, error: ConnectorError) -> None:
    """Surely not done: tried again where waiting cures it, else a person has to act."""
    sentence, wait = str(error), _delay(claim.creation, error)
    cures = error.retryable and claim.creation.tries < MOST_TRIES
    if cures or isinstance(error, Asleep):
        _settle(claim, lambda row: _wait(row, wait, sentence, state=State.WAITING))
    else:
        _settle(claim, lambda row: _fail(row, sentence))


def _delay(creation: RecordCreation, error: ConnectorError) -> timedelta:
    if isinstance(error, RateLimited):
        return error.wait
    if isinstance(error, Asleep):
        return ASLEEP
    return timedelta(seconds=settings.SENDING["back_off"] * 2 ** min(creation.tries, 6))


# --- What it becomes ------------------------------------------------------------------------------


def _settle(
    claim: Claim, become: Callable[[RecordCreation], None], *, even_late: bool = False
) -> None:
    """Write what came of it, unless another worker has it; that it was created is always true."""
    with transaction.atomic():
        # First in the lock order: a new record is mirrored, and a mapping decided.
        publishing.lock_company(claim.creation.company)
        rows = RecordCreation.objects.select_for_update(of=("self",), no_key=True).select_related(
            "company__settings", "connection__company", "source__connection", "asked_by"
        )
        row = rows.get(pk=claim.creation.pk)
        is_ours = row.fence == claim.creation.fence
        if is_ours or (even_late and row.state != State.CREATED):
            become(row)


def _created(row: RecordCreation, made: PulledRecord) -> None:
    target = mirroring.one_record(row.connection, made)
    row.target, row.state = target, State.CREATED
    row.sentence = _accept(row, target)
    _release(row)
    trail.record(
        Verb.CREATED,
        target,
        by=row.asked_by,
        after={"for": row.source.name, "key": row.key, "external_id": target.external_id},
    )


def _accept(row: RecordCreation, target: Record) -> str:
    """The person who asked accepts it; a sentence where that cannot be any more."""
    membership = Membership.objects.filter(company=row.company, user=row.asked_by).first()
    if membership is None or not may(membership, Action.DECIDE):
        return f"{row.asked_by} may no longer decide mappings, so somebody else has to take it."
    mapping = Decided.objects.filter(source=row.source).first()
    try:
        with transaction.atomic():
            reviewing.override(
                mapping or row.source,
                target,
                by=row.asked_by,
                note="Created in the ledger for it",
                version=row.mapping_version,
            )
    except AppError as error:
        return f"It is in the ledger, but not taken for the mapping: {error}"
    return ""


def _become_unknown(row: RecordCreation, sentence: str) -> None:
    row.state, row.not_found = State.UNKNOWN, 0
    row.sentence = f"{sentence} It is looked up before anything else is done."
    _release(row, timedelta(seconds=settings.SENDING["first_look"]))


def _saw_nothing(row: RecordCreation) -> None:
    """Only when long enough has gone by, and two looks agree, is it surely not there."""
    now = database_now()
    row.not_found, row.looked_at = row.not_found + 1, now
    settled = timedelta(seconds=settings.SENDING["settled_after"])
    if row.not_found >= 2 and row.sent_at and now - row.sent_at > settled:
        row.state, row.not_found = State.WAITING, 0
        row.sentence = "It did not get there, so it is sent once more."
        row.tries += 1
        _release(row, timedelta(0))
        return
    _release(row, timedelta(seconds=settings.SENDING["between_looks"]))


def _wait(
    row: RecordCreation, wait: timedelta, sentence: str, *, state: State | None = None
) -> None:
    row.state = state or row.state
    row.sentence = sentence
    row.tries += 1
    _release(row, wait)


def _fail(row: RecordCreation, sentence: str) -> None:
    row.state, row.sentence = State.FAILED, sentence
    _release(row)
    trail.record(Verb.FAILED, row, by=None, machine="Sender", reason=sentence)


def _release(row: RecordCreation, wait: timedelta | None = None) -> None:
    row.lease_until, row.starts, row.rung_at = None, 0, None
    row.due_at = None if wait is None else database_now() + wait
    row.save()


def names(taken: Sequence[NameTaken]) -> str:
    """ "There is a customer “Delta” already." """
    said = "; ".join(
        f"{each.kind.lower()} “{each.name}”" + ("" if each.is_active else ", inactive")
        for each in taken
    )
    return (
        f"The ledger has this name already: {said}. Take that record, make it active there, or "
        "choose another name."
    )


# --- The ledger, as far as it creates -------------------------------------------------------------


class Creating(CreatesRecords, Ledger, Protocol):
    """A ledger that creates records."""


def _ledger(connection: Connection) -> Creating:
    if not registry.can(connection, CreatesRecords):
        raise Conflict(f"{connection.get_system_display()} takes no new records from us.")
    return cast("Creating", registry.open_ledger(connection))
