"""The steps from nothing to the first drafts: source, ledger, first pull, first drafts.

Each step saves by itself and has an address of its own, so that people leave and come back; where
they go on follows from what is there, and nothing else is kept.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse

from common.choices import Side, System, Way
from companies.models import Company
from connectors import registry
from connectors.models import Connection
from connectors.packages import Package

SOURCE, LEDGER, PULL, DRAFTS = range(4)
LABELS = ("Source", "Ledger", "First pull", "First drafts")


@dataclass(frozen=True)
class Offer:
    """A system that a person may choose, and the ways in which it can be tied."""

    system: System
    package: Package

    @property
    def ways(self) -> Sequence[tuple[Way, str]]:
        """Each way with what it means."""
        return [(way, self.package.ways_mean.get(way, "")) for way in self.package.ways]


def offers(side: Side) -> list[Offer]:
    return [Offer(system, registry.PACKAGES[system]) for system in registry.systems(side)]


def live(company: Company) -> list[Connection]:
    rows = company.connections.exclude(state=Connection.State.DISCONNECTED)
    return list(rows.select_related("connected_by", "owner", "paused_by"))


def steps(
    company: Company, connections: Iterable[Connection], *, at: int | None = None
) -> list[dict[str, Any]]:
    """For components/_steps.html. `at` is the step whose page this is; else the first undone."""
    done = _done(connections)
    undone = next(number for number, is_done in enumerate(done) if not is_done)
    here = undone if at is None else at
    return [
        {
            "label": label,
            "done": done[number],
            "current": number == here,
            # What is done can be looked at again, and the next thing to do is open.
            "url": address(company, number) if done[number] or number == undone else "",
        }
        for number, label in enumerate(LABELS)
    ]


def is_set_up(connections: Iterable[Connection]) -> bool:
    return all(_done(connections)[:DRAFTS])


def next_step(company: Company, connections: Iterable[Connection]) -> str:
    """Where to go on."""
    done = _done(connections)
    return address(company, next(number for number, is_done in enumerate(done) if not is_done))


def address(company: Company, step: int) -> str:
    if step in (SOURCE, LEDGER):
        return reverse("connectors:choose-system", args=[company.slug, list(Side)[step].value])
    name = "sync:first-pull" if step == PULL else "sync:first-drafts"
    return reverse(name, args=[company.slug])


def goes_on_at(connection: Connection) -> str:
    """Where a person goes on who has just tied this connection."""
    company = connection.company
    page = registry.package_of(connection).pages.get(Way(connection.way))
    if connection.state == Connection.State.WAITING:
        page = "connectors:connector"
    if page and (url := page_of(page, connection)):
        return url
    rows = live(company)
    if is_set_up(rows):
        return reverse("connectors:connections", args=[company.slug])
    return next_step(company, rows)


def page_of(name: str, connection: Connection) -> str:
    """A page of one connection; blank where that page is not built in."""
    try:
        return reverse(name, args=[connection.company.slug, connection.pk])
    except NoReverseMatch:
        return ""


def _done(connections: Iterable[Connection]) -> list[bool]:
    by_side = {row.side: row for row in connections if row.state != Connection.State.WAITING}
    tied = [side in by_side for side in Side]
    pulled = all(tied) and all(row.last_pulled_at for row in by_side.values())
    return [*tied, pulled, False]
