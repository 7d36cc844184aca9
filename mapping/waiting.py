"""What waits for a mapping. Bills live further left, so sync fills this in when it starts."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from django.db.models import Expression

from companies.models import Company

if TYPE_CHECKING:
    from mapping.models import Publication


@dataclass(frozen=True)
class Waits:
    """Bills not yet sent and what they are worth together."""

    bills: int = 0
    amount: Decimal = Decimal(0)
    # Of these, what waits for this record alone: publish it, and they can go.
    alone: int = 0
    amount_alone: Decimal = Decimal(0)


@dataclass(frozen=True)
class WaitingBill:
    """One bill that uses a record, for a mapping's own page."""

    name: str
    url: str
    amount: Decimal
    status: str  # the word people see: Ready, Needs publishing, Unmapped, Posted …


@dataclass(frozen=True)
class SentBill:
    """One bill that went out, or may have, with the mappings it froze."""

    name: str
    url: str
    amount: Decimal
    status: str
    at: datetime | None  # when it was posted
    versions: dict[int, int]  # of the mappings asked for, by id


class WaitingBills(Protocol):
    def by_record(self, company: Company, records: Collection[int]) -> dict[int, Waits]:
        """The unsent bills that need each source record; records without any are left out."""

    def listed_at(self, company: Company, record: int) -> str:
        """Where the bills that `by_record` counts are listed."""

    def by_kind(self, company: Company) -> dict[str, Waits]:
        """For each mapping kind, the unsent bills that an unpublished record of it holds."""

    def amount_of(self, source: str) -> Expression:
        """For annotate(): money waiting for the record whose id is in the column `source`."""

    def let_go_by(self, company: Company, mappings: Collection[int]) -> Waits:
        """What would become ready if these mappings were published together."""

    def going_with(
        self, company: Company, mappings: Collection[int], start: int, stop: int
    ) -> list[WaitingBill]:
        """Some of the bills that `let_go_by` counts, newest first."""

    def let_go(self, publication: "Publication", start: int, stop: int) -> list[WaitingBill]:
        """Some of the bills that became ready with a publication, newest first."""

    def sent_with(
        self, company: Company, mappings: Collection[int], start: int, stop: int
    ) -> tuple[list[SentBill], int]:
        """Some of the bills that froze a version of these, newest first; and how many in all."""

    def resting_on(self, company: Company, mappings: Collection[int]) -> tuple[Waits, Waits]:
        """What would need publishing again without these mappings, and what was sent already."""

    def using(self, company: Company, record: int, limit: int) -> list[WaitingBill]:
        """The newest bills that use a record."""


_provider: WaitingBills | None = None


def provide(provider: WaitingBills) -> None:
    global _provider  # set once, when the apps are ready
    _provider = provider


def bills() -> WaitingBills:
    if _provider is None:
        raise RuntimeError("sync has not said where bills are: is it in INSTALLED_APPS?")
    return _provider
