"""What became of a published target, in words, and which record may stand in its place.

A ledger says "inactive" or leaves a row out; the list around it says why. A row that carries
another's name and is inactive was merged into it; a younger row with the old name is the same one
created anew. Where the list says nothing, what the machine found last is proposed.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q

from common.choices import RecordKind
from companies.models import Company, CompanySettings
from connectors.models import Record
from mapping import targets
from mapping.models import CONFIRMABLE, Kind, Mapping, Suggestion, target_kinds

Stale = Mapping.Stale
# A customer that is made a project keeps its id and changes its list.
TWINS = {RecordKind.CUSTOMER: RecordKind.PROJECT, RecordKind.PROJECT: RecordKind.CUSTOMER}
# Whose type says what they post; a customer's only says where it stands in the tree.
TYPED = {RecordKind.ITEM, RecordKind.ACCOUNT}


@dataclass(frozen=True)
class Heir:
    """The record that the ledger itself put in another's place, and how."""

    record: Record
    how: Stale


@dataclass(frozen=True)
class Proposal:
    """What a person is shown about a stale mapping."""

    sentence: str
    record: Record | None = None  # None: nothing better is known
    why: str = ""
    score: Decimal | None = None


def what_is_stale(mapping: Mapping, settings: CompanySettings, heir: Heir | None = None) -> str:
    """Why a published mapping no longer holds; blank while it does."""
    target = mapping.target
    if target is None or target.gone_at is not None:
        return heir.how if heir else Stale.GONE
    if not target.is_active:
        return heir.how if heir else Stale.INACTIVE
    if target.kind not in target_kinds(Kind(mapping.kind), settings):
        return Stale.WRONG_KIND
    if target.kind in TYPED and mapping.published_type not in ("", target.type):
        return Stale.RETYPED
    if not target.is_selectable:
        return Stale.WRONG_KIND
    if target.label != mapping.published_label:
        return Stale.MOVED if _leaf(mapping, target) == target.name else Stale.RENAMED
    rides_well = all(record.is_usable for record in mapping.riding)
    if not rides_well or mapping.riding_label != mapping.published_riding:
        return Stale.RIDING
    return ""


def heirs(company: Company, mappings: Iterable[Mapping]) -> dict[int, Heir]:
    """By the mapping's id, for those whose target is inactive or gone. One query for all."""
    lost = [
        (row, row.target)
        for row in mappings
        if row.target is not None and (row.target.gone_at or not row.target.is_active)
    ]
    if not lost:
        return {}
    names = {target.name for _, target in lost} | {_leaf(row, target) for row, target in lost}
    twins = [(TWINS.get(RecordKind(t.kind)), t.external_id) for _, t in lost]
    moved = Q(kind__in=[kind for kind, _ in twins if kind], external_id__in=[i for _, i in twins])
    there = list(
        Record.objects.filter(
            Q(name__in=names) | moved,
            company=company,
            connection__in={target.connection_id for _, target in lost},
            gone_at=None,
            is_active=True,
        )
        .select_related("connection")
        .defer("payload", "search_text")
    )
    found = {}
    for row, target in lost:
        others = [each for each in there if each.connection_id == target.connection_id]
        if heir := _heir(row, target, others):
            found[row.pk] = heir
    return found


def proposals(company: Company, mappings: Collection[Mapping]) -> dict[int, Proposal]:
    """What to do about stale mappings, by their id. `mappings` come `with_records()`."""
    stale = [row for row in mappings if row.stale]
    if not stale:
        return {}
    targets.attach_ends(company, stale)
    by_list = heirs(company, stale)
    open_ones = [r for r in stale if r.pk not in by_list and not can_be_confirmed(r)]
    drawn = _found_by_the_machine(company, open_ones)
    return {row.pk: _proposal(row, by_list.get(row.pk), drawn.get(row.source_id)) for row in stale}


def can_be_confirmed(mapping: Mapping) -> bool:
    """Is the target still one that a bill can use, so that a person may say it is right?"""
    if mapping.stale not in CONFIRMABLE or mapping.target is None:
        return False
    return all(record.is_usable for record in (mapping.target, *mapping.riding))


def sentence(mapping: Mapping, heir: Heir | None = None) -> str:  # noqa: C901  # one case a word
    """ "Delta Drywall was renamed in QuickBooks: it is Delta Drywall Inc now." """
    target = mapping.target
    if target is None:
        return "Its target is no longer there."
    system = targets.system_name(target.connection)
    name = mapping.published_label
    match mapping.stale:
        case "":
            return f"{name} is in {system} again as it was published."
        case Stale.RENAMED:
            return f"{name} was renamed in {system}: it is {target.label} now."
        case Stale.MOVED:
            return f"{name} was moved in {system}: it is {target.label} now."
        case Stale.MERGED if heir:
            return f"{name} was merged into {heir.record.label} in {system}."
        case Stale.RECREATED if heir:
            went = "is no longer in the list" if target.gone_at else "was made inactive"
            return (
                f"{name} {went} in {system}, and a new record of the same name was made there:"
                f" id {heir.record.external_id}."
            )
        case Stale.RETYPED if heir:
            return f"{name} was made a {RecordKind(heir.record.kind).label.lower()} in {system}."
        case Stale.RETYPED:
            was, now = mapping.published_type, target.type or "without a type"
            cannot = "" if target.is_selectable else ", which cannot be used on a bill"
            return f"{name} was of the type {was} in {system} and is {now} now{cannot}."
        case Stale.RIDING:
            return f"What goes along with {name} changed in {system}{_riding_now(mapping)}."
        case Stale.WRONG_KIND:
            return f"{name} can no longer be used on a bill."
    return f"{name} {Stale(mapping.stale).label} in {system}."


def _riding_now(mapping: Mapping) -> str:
    lost = next((record for record in mapping.riding if not record.is_usable), None)
    if lost is not None:
        return f": {lost.label} cannot be used any more"
    return f": it was {mapping.published_riding} and is {mapping.riding_label} now"


# --- Underneath ---------------------------------------------------------------------------------


def _heir(mapping: Mapping, target: Record, others: list[Record]) -> Heir | None:
    """Only where exactly one record fits: of two, a person chooses."""
    twin = TWINS.get(RecordKind(target.kind))
    same_id = [
        each for each in others if (each.kind, each.external_id) == (twin, target.external_id)
    ]
    if target.gone_at and len(same_id) == 1:
        return Heir(same_id[0], Stale.RETYPED)
    alike = [each for each in others if each.kind == target.kind and each.pk != target.pk]
    was, now = _published_path(mapping, target), _path(target)
    if now.casefold() != was.casefold():
        winners = [each for each in alike if _path(each).casefold() == now.casefold()]
        if len(winners) == 1:
            return Heir(winners[0], Stale.MERGED)
    again = [
        each
        for each in alike
        if _path(each).casefold() == was.casefold() and each.first_seen_at > target.first_seen_at
    ]
    return Heir(again[0], Stale.RECREATED) if len(again) == 1 else None


def _proposal(mapping: Mapping, heir: Heir | None, drawn: Suggestion | None) -> Proposal:
    said = sentence(mapping, heir)
    if can_be_confirmed(mapping):
        return Proposal(said, mapping.target, "the same record, as it is now")
    kind, company = Kind(mapping.kind), mapping.company
    if mapping.stale == Stale.RIDING:
        return Proposal(said)  # the target itself is right
    if heir and not targets.problem(heir.record, kind, company):
        why = {
            Stale.MERGED: "what it was merged into",
            Stale.RECREATED: "the new record of the same name",
            Stale.RETYPED: "the same record in its new list",
        }[heir.how]
        return Proposal(said, heir.record, why)
    if drawn and drawn.target and not targets.problem(drawn.target, kind, company):
        return Proposal(said, drawn.target, drawn.reason, drawn.confidence)
    return Proposal(said)


def _found_by_the_machine(company: Company, mappings: list[Mapping]) -> dict[int, Suggestion]:
    """The last suggestion for each source, where it names another record than the lost one."""
    if not mappings:
        return {}
    lost = {row.source_id: row.target_id for row in mappings}
    found = (
        Suggestion.objects.filter(company=company, source__in=lost)
        .order_by("source", "-pk")
        .distinct("source")
        .select_related("target__connection")
        .defer("target__payload", "target__search_text")
    )
    return {
        each.source_id: each
        for each in found
        if each.target_id and each.target_id != lost[each.source_id]
    }


def _path(record: Record) -> str:
    return record.path or record.name


def _published_path(mapping: Mapping, target: Record) -> str:
    return mapping.published_label.removeprefix(f"{target.code} ")


def _leaf(mapping: Mapping, target: Record) -> str:
    """The published name without its place in the tree. Vendors stand in no tree."""
    path = _published_path(mapping, target)
    return path.rpartition(":")[2] if target.path else path
