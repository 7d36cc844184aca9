"""Posts one bill, once: claim, call, settle.

A worker may die anywhere between: the lease runs out, and what may have been sent is looked up
before anything else happens. The state machine, and what each kind of answer becomes:
docs/sending.md.
"""

from datetime import timedelta

from connectors import calls, registry
from sync import calling, claiming, sends
from sync.models import Push
from sync.steps import Step, reached

BETWEEN_BELLS = timedelta(seconds=2)


def push(push_id: int) -> None:
    """Take the next step with one push. Safe to run twice, and at the same time."""
    reached(Step.STARTED)
    unlocked = Push.objects.select_related("company", "connection").get(pk=push_id)
    ledger = registry.open_ledger(unlocked.connection)
    claim = claiming.claim(unlocked, ledger)
    if claim is not None:
        with calls.serving("sync.push", push_id):
            if claim.looks:
                calling.look(claim, ledger)
            else:
                calling.send(claim, ledger)
    if ledger.traits.calls_at_once == 1:
        lately = BETWEEN_BELLS if claim is None else None
        Push.objects.ring_next(unlocked.connection, claiming.TASK, unrung_for=lately)
    if unlocked.run_id:
        sends.close_finished(unlocked.run_id)
