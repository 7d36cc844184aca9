"""The main job between every source and every ledger: one line a cell."""

import time
from dataclasses import dataclass
from decimal import Decimal

from connectors.seeding.pairs import Pair
from sync.demo import checking, paying
from sync.demo.checking import Job
from sync.demo.paying import Paid

HEAD = (
    f"{'source → ledger':<42}{'records':>12}{'bills':>7}{'drafts':>8}{'published':>11}{'posted':>8}"
    f"{'source = sent = ledger':>27}{'seconds':>9}  payment returned"
)


@dataclass(frozen=True)
class Cell:
    """What the main job did between two systems."""

    pair: Pair
    records: dict[str, int]  # by side
    bills: int
    drafts: int
    right: int
    published: int
    posted: int
    ready: int  # asked to go; all of them are posted when all is well
    source: Decimal
    sent: Decimal
    ledger: Decimal
    paid: Paid
    seconds: float

    @property
    def is_equal(self) -> bool:
        return self.source == self.sent == self.ledger

    @property
    def is_well(self) -> bool:
        """Something was posted, nothing was lost, and every cent is where it belongs."""
        return (
            0 < self.posted == self.ready
            and self.is_equal
            and self.paid.cheques == 3
            and self.paid.is_back
        )

    def __str__(self) -> str:
        totals = f"{self.source}"
        if not self.is_equal:
            totals = f"{self.source} {self.sent} {self.ledger}"
        name = f"{self.pair.source} → {self.pair.ledger}"
        records = f"{self.records.get('source', 0)} + {self.records.get('ledger', 0)}"
        return (
            f"{name:<42}{records:>12}{self.bills:>7}{self.drafts:>8}{self.published:>11}"
            f"{self.posted:>8}{totals:>27}{self.seconds:>9.1f}  {self.paid}"
            f"{'' if self.is_well else '   NOT WELL'}"
        )


def run(job: Job) -> Cell:
    """The whole job in one cell, from the first pull to the payment that comes back."""
    started = time.monotonic()
    found = checking.check(job)
    paid = paying.pay_and_see(job)
    drafts = found["drafts"].values()
    totals = {name: Decimal(total) for name, total in found["totals"].items()}
    return Cell(
        pair=job.pair,
        records={side: sum(kinds.values()) for side, kinds in found["records"].items()},
        bills=found["bills"],
        drafts=sum(kind["drafted"] for kind in drafts),
        right=sum(kind["right"] for kind in drafts),
        published=found["published"],
        posted=found["posted"],
        ready=found["asked_to_send"],
        source=totals["source"],
        sent=totals["payload"],
        ledger=totals["ledger"],
        paid=paid,
        seconds=time.monotonic() - started,
    )
