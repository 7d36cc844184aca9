"""How the demo waits for what workers do."""

import time
from collections.abc import Callable

from django.core.management.base import CommandError

LONGEST_SECONDS = 900
# Told when something is over, and what it is; returns once it is. Workers do it meanwhile: in
# processes of their own, or, in a test, within this very call.
Wait = Callable[[Callable[[], bool], str], None]


def for_workers(over: Callable[[], bool], what: str) -> None:
    """Until `over`, while workers of their own do it."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while not over():
        if time.monotonic() > deadline:
            raise CommandError(
                f"Waited {LONGEST_SECONDS} seconds for {what}. The logs are under var/log/."
            )
        time.sleep(0.2)
