"""Drafts after another company's decisions: what the same name was called in its books.

A person has to belong to both companies and may look at mappings in the other. Only names cross
over, and only as drafts of records that nobody has decided on here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from common.errors import AppError
from companies import access
from companies.models import Company, User
from connectors.models import Record
from mapping import drafts, publishing, searching, worklist
from mapping.matching.names import code_key, normalise
from mapping.models import Kind, Mapping, kinds_in_use
from mapping.targets import Systems

# Another company's books may call something else by the same name: for a person to look at.
CONFIDENCE: Final = Decimal("0.940")


@dataclass(frozen=True)
class Clone:
    """What another company's decisions would draft here, and why the others would not."""

    other: Company
    kind: Kind
    proposals: tuple[drafts.Proposal, ...]
    not_here: int  # decided there, and no record of that name or no undecided one is here
    no_target: int  # the record is here, and no single row of this ledger has the target's name


def may_clone_from(company: Company, by: User) -> list[Company]:
    """Companies whose mappings this person may see, without this one."""
    return [
        membership.company
        for membership in by.memberships.select_related("company")
        .exclude(company=company)
        .order_by("company__name")
        if access.may(membership, access.Action.SEE_MAPPINGS)
    ]


def preview(company: Company, other: Company, kind: Kind, *, by: User) -> Clone:
    """What `clone` would draft.

    Raises:
        AppError: the person does not belong to the other company, or this kind needs no mapping.
    """
    access.check(publishing.membership_of(company, by), access.Action.DECIDE)
    if other not in may_clone_from(company, by):
        raise AppError("You may not see that company's mappings. Choose another one.")
    if kind not in kinds_in_use(company.settings):
        raise AppError(f"{kind.label} need no mapping here, so none can be drafted.")
    systems = Systems.of(company)
    here = _by_name(_undecided(kind, systems))
    ledger = _by_name(
        searching.takeable(company, kind, systems).usable().select_related("connection")
    )
    proposals: dict[int, drafts.Proposal] = {}
    not_here = no_target = 0
    for mapping in _decided(other, kind):
        sources = here.get(_key(mapping.source), [])
        if not sources or mapping.target is None:
            not_here += 1
            continue
        found = ledger.get(_key(mapping.target), [])
        if len(found) != 1:  # none, or several of one name: nobody can say which
            no_target += 1
            continue
        for source in sources:
            reason = f"another company of {by.name} calls it {mapping.target.name}"
            proposals[source.pk] = drafts.Proposal(source, found[0], CONFIDENCE, reason)
    return Clone(other, kind, tuple(proposals.values()), not_here, no_target)


def clone(company: Company, other: Company, kind: Kind, *, by: User) -> drafts.BroughtIn:
    """Draft after the other company's decisions. Rows that somebody decided stay as they are."""
    found = preview(company, other, kind, by=by)
    return drafts.bring_in(
        company,
        kind,
        found.proposals,
        ranker=drafts.FROM_COMPANY,
        by=by,
        machine="Clone of another company",
    )


def _decided(other: Company, kind: Kind) -> Iterable[Mapping]:
    """The oldest first: where two decisions differ, the latest one speaks."""
    return (
        other.mappings.filter(
            kind=kind, state__in=[Mapping.State.ACCEPTED, Mapping.State.PUBLISHED]
        )
        .with_records()
        .order_by("decided_at", "pk")
    )


def _undecided(kind: Kind, systems: Systems) -> Iterable[Record]:
    return (
        worklist.sources(systems, kind)
        .filter(worklist.TO_REVIEW)
        .select_related("connection", "company")
        .defer("payload", "search_text")
    )


def _key(record: Record) -> tuple[str, str]:
    """Code and name: a cost code of the same name under another number is another one."""
    return code_key(record.code), normalise(record.path or record.name)


def _by_name(records: Iterable[Record]) -> dict[tuple[str, str], list[Record]]:
    found: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        found.setdefault(_key(record), []).append(record)
    return found
