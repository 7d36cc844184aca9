"""What can be created in the ledger for a source record that has no counterpart there.

Mapping's pages show it and know nothing of creating: the app that does it answers here, as
`mapping.waiting` lets bills answer.
"""

from collections.abc import Callable
from dataclasses import dataclass

from common.choices import RecordKind
from companies.models import Company
from connectors.models import Connection
from mapping.models import Kind
from mapping.targets import system_name


@dataclass(frozen=True)
class Offer:
    """Empty where there is nothing to offer; then `sentence` says why, where somebody may ask."""

    connection: Connection | None = None
    kinds: tuple[RecordKind, ...] = ()  # one of which it may become
    # What to know before, or why not: "QuickBooks Online cannot create projects …"
    sentence: str = ""

    @property
    def ledger(self) -> str:
        return system_name(self.connection) if self.connection else "the ledger"


Answers = Callable[[Company, Kind, Connection | None], Offer]
_answers: list[Answers] = []


def provide(answers: Answers) -> None:
    """Said once, while the apps are made ready."""
    _answers[:] = [answers]


def offer(company: Company, kind: Kind, ledger: Connection | None) -> Offer:
    return _answers[0](company, kind, ledger) if _answers else Offer()
