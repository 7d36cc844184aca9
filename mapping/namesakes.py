"""What was decided before on records of the same name: shown beside a draft, never taken over."""

from dataclasses import dataclass
from datetime import datetime

from companies.models import Company
from connectors.models import Record
from mapping import comparing
from mapping.matching.names import normalise
from mapping.models import UNDECIDED, Kind, Mapping

SHOWN = 5
WEIGHED = 500
State = Mapping.State
WORDS = {
    State.ACCEPTED: "accepted as",
    State.PUBLISHED: "published as",
    State.LEFT: "left for later",
    State.NO_MATCH: "no match",
}


@dataclass(frozen=True)
class Namesake:
    """Another record of this name, and what a person decided on it."""

    name: str
    detail: str
    url: str
    decision: str
    who: str
    at: datetime | None


def decided(company: Company, kind: Kind, source: Record) -> list[Namesake]:
    """The newest decisions on other records whose name is the same once normalised."""
    name = normalise(source.name)
    longest = max(name.split(), key=len, default="")
    if not longest:
        return []
    others = (
        company.mappings.with_records()
        .filter(kind=kind, source__search_text__contains=longest)
        .exclude(state__in=UNDECIDED)
        .exclude(source=source)
        .order_by("-decided_at", "-pk")[:WEIGHED]
    )
    same = [mapping for mapping in others if normalise(mapping.source.name) == name]
    return [_namesake(company, mapping) for mapping in same[:SHOWN]]


def _namesake(company: Company, mapping: Mapping) -> Namesake:
    mapping.company = company
    words = WORDS[State(mapping.state)]
    if mapping.state in (State.ACCEPTED, State.PUBLISHED) and mapping.target:
        words = f"{words} {mapping.target.name}"
    return Namesake(
        mapping.source.name,
        comparing.detail_of(mapping.source),
        mapping.get_absolute_url(),
        words,
        str(mapping.decided_by),
        mapping.decided_at,
    )
