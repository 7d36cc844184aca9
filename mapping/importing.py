"""Brings a file's mappings in: first every difference is shown, then what was shown is done.

What the file says is held against the rows as they were when it was previewed. A row that changed
since, or that is published, keeps what it has, and the file says so.
"""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from common.errors import AppError, Conflict
from companies import access
from companies.models import Company, User
from connectors.models import Record
from mapping import drafts, publishing, reviewing, searching, targets, worklist
from mapping.files import Line
from mapping.matching.names import normalise
from mapping.models import Kind, Mapping, MappingFile
from mapping.targets import Systems

State = Mapping.State
AGREES: Final = (State.NO_DRAFT, State.DRAFT, State.ACCEPTED, State.PUBLISHED)
TASK: Final = "mapping.tasks.apply_file"
BATCH: Final = 100
LEASE: Final = timedelta(seconds=180)
WORKS_FOR_SECONDS: Final = 45.0
# A person wrote it down, but nobody said so here: high, and still for a person to accept.
CONFIDENCE: Final = Decimal("0.970")


class Says(StrEnum):
    """What one line of the file comes to."""

    CHANGES = "changes"  # another target, or none fits, than the row has
    SAME = "same"
    NOTHING = "nothing"  # no target named, and not "no match"
    CANNOT = "cannot"


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of the file beside the row it is about."""

    line: Line
    says: Says
    source: Record | None = None
    mapping: Mapping | None = None
    target: Record | None = None
    problem: str = ""  # a sentence; blank unless it cannot be done

    @property
    def version(self) -> int:
        return self.mapping.version if self.mapping else 0

    @property
    def is_decided(self) -> bool:
        return self.mapping is not None and not self.mapping.is_undecided


class _Lists:
    """Both sides' records by id, code and name, read once."""

    def __init__(self, company: Company, kind: Kind) -> None:
        self.company, self.kind = company, kind
        systems = Systems.of(company)
        self.source_system, self.ledger_system = systems.source, systems.ledger
        sources = worklist.sources(systems, kind).defer("payload", "search_text")
        takeable = searching.takeable(company, kind, systems).select_related("connection")
        self.sources = _Finder(sources)
        self.targets = _Finder(takeable.defer("payload", "search_text"))
        self.mappings = {
            mapping.source_id: mapping
            for mapping in company.mappings.filter(kind=kind).with_records()
        }


class _Finder:
    """Records by what a person may write of them; several of one name are none."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.by_id: dict[str, list[Record]] = {}
        self.by_code: dict[str, list[Record]] = {}
        self.by_name: dict[str, list[Record]] = {}
        for record in records:
            self.by_id.setdefault(record.external_id, []).append(record)
            if record.code:
                self.by_code.setdefault(record.code.casefold(), []).append(record)
            for name in {record.name.casefold(), (record.path or record.name).casefold()}:
                self.by_name.setdefault(name, []).append(record)

    def find(self, external_id: str, code: str, name: str) -> tuple[Record | None, str]:
        """The one record that is meant, or the reason there is none."""
        if external_id:
            found = self.by_id.get(external_id, [])
            if not found:
                return None, f"id {external_id} is not in the list"
        else:
            coded = self.by_code.get(code.casefold(), []) if code else []
            named = self.by_name.get(name.casefold(), []) if name else []
            if code and not coded:
                return None, f"code {code} is not in the list"
            found = [each for each in coded if each in named] if code and name else coded or named
            if not found:
                return None, f"{name or code} is not in the list"
        if len(found) > 1:
            return None, f"{len(found)} records are called {name or code or external_id}"
        if name and external_id and not _is_called(found[0], name):
            return None, f"id {external_id} is {found[0].name} and not {name}"
        return found[0], ""


def _is_called(record: Record, name: str) -> bool:
    return normalise(name) in {normalise(record.name), normalise(record.path or record.name)}


def compare(company: Company, kind: Kind, lines: Sequence[Line]) -> list[Difference]:
    """Each line of the file beside the row it is about, in the file's order."""
    lists = _Lists(company, kind)
    found = [_difference(line, lists) for line in lines]
    times = Counter(each.source.pk for each in found if each.source)
    return [
        _cannot(each, "The file names this record more than once. Keep one of the rows.")
        if each.source and times[each.source.pk] > 1
        else each
        for each in found
    ]


def _cannot(difference: Difference, problem: str) -> Difference:
    return Difference(
        difference.line, Says.CANNOT, difference.source, difference.mapping, None, problem
    )


def _difference(line: Line, lists: _Lists) -> Difference:
    source, wrong = lists.sources.find(line.source_id, line.source_code, line.source_name)
    if source is None:
        return Difference(line, Says.CANNOT, problem=f"In {lists.source_system}, {wrong}.")
    mapping = lists.mappings.get(source.pk)
    here = Difference(line, Says.NOTHING, source, mapping)
    if not line.names_a_target and not line.says_no_match:
        return here
    target = None
    if line.names_a_target:
        target, wrong = lists.targets.find(line.ledger_id, line.ledger_code, line.ledger_name)
        if target is None:
            return _cannot(here, f"In {lists.ledger_system}, {wrong}.")
        if wrong := targets.problem(target, lists.kind, lists.company):
            return _cannot(here, f"{target.name} {wrong}.")
    if target is not None and _says_otherwise(mapping, line):
        return _cannot(here, f"It says {line.state} and names {target.name}. Keep one of the two.")
    if _is_same(mapping, target, line):
        return Difference(line, Says.SAME, source, mapping, target)
    if problem := _moved_on(here):
        return _cannot(here, problem)
    return Difference(line, Says.CHANGES, source, mapping, target)


def _moved_on(here: Difference) -> str:
    """Why the row is no longer one that this line of the file may change; blank when it is."""
    if here.mapping is not None and here.mapping.state == Mapping.State.PUBLISHED:
        return "It is published. Ask an admin to unpublish it first."
    was = here.line.version.removesuffix(".0")  # a spreadsheet may have made a number of it
    if was in ("", str(here.version)):
        return ""
    if here.is_decided:
        return "It was decided anew since the file was written. Look at it here."
    # Where there was no row, the target in the file is a person's and no draft of then.
    return "" if was == "0" else "The draft changed since the file was written. Look at it here."


def _says_otherwise(mapping: Mapping | None, line: Line) -> bool:
    """Somebody wrote a state of which a target is no part, and left the target where it was."""
    stands = (mapping.get_state_display() if mapping else State.NO_DRAFT.label).casefold()
    agrees = {"", stands, "accepted", *(each.label.casefold() for each in AGREES)}
    return line.state.casefold() not in agrees


def _is_same(mapping: Mapping | None, target: Record | None, line: Line) -> bool:
    """What the row says already; also a draft or a row left, written back just as it went out."""
    if mapping is None or mapping.target_id != (target.pk if target else None):
        return False
    is_settled = mapping.state in (State.ACCEPTED, State.PUBLISHED, State.NO_MATCH)
    return is_settled or line.state.casefold() == mapping.get_state_display().casefold()


@transaction.atomic
def keep(
    company: Company, kind: Kind, name: str, differences: Sequence[Difference], *, by: User
) -> MappingFile:
    """Keep what the file comes to, so that exactly this can be done later."""
    return MappingFile.objects.create(
        company=company,
        kind=kind,
        name=name[:200],
        uploaded_by=by,
        lines=[_kept(each) for each in differences],
        changes=sum(each.says == Says.CHANGES for each in differences),
    )


def _kept(each: Difference) -> dict[str, Any]:
    mapping = each.mapping
    return {
        "line": each.line.number,
        "says": each.says,
        "source": each.source.pk if each.source else None,
        "source_label": str(each.source)
        if each.source
        else each.line.source_name or each.line.source_id,
        "state": mapping.state if mapping else Mapping.State.NO_DRAFT,
        "before": mapping.target.label if mapping and mapping.target else "",
        "target": each.target.pk if each.target else None,
        "after": each.target.label if each.target else "",
        "note": each.line.note,
        "version": each.version,
        "is_decided": each.is_decided,
        "problem": each.problem,
        "done": "",  # "done", or why not, once it was brought in
    }


@transaction.atomic
def start(file: MappingFile, mode: str, *, by: User) -> MappingFile:
    """Have the file brought in as `mode` says: drafts, or accepted by this person."""
    access.check(publishing.membership_of(file.company, by), access.Action.DECIDE)
    file = MappingFile.objects.select_for_update().get(pk=file.pk)
    if file.state != MappingFile.State.PREVIEWED:
        raise Conflict("This file was brought in already. Upload it again to see what differs now.")
    file.state, file.mode, file.applied_by = MappingFile.State.WAITING, mode, by
    file.due_at = timezone.now()
    file.save()
    MappingFile.objects.ring(TASK, [file.pk])
    return file


def apply(file: MappingFile) -> None:
    """Bring in what is left of a file, for a while. Safe to run twice, and by two workers."""
    claimed = (
        MappingFile.objects.filter(
            pk=file.pk, state__in=[MappingFile.State.WAITING, MappingFile.State.RUNNING]
        )
        .due()
        .update(lease_until=Now() + LEASE, fence=F("fence") + 1, state=MappingFile.State.RUNNING)
    )
    if not claimed:
        return
    file.refresh_from_db()
    until = time.monotonic() + WORKS_FOR_SECONDS
    while file.left and time.monotonic() < until:
        if not _apply_batch(file):
            return  # somebody else has it
    if file.left:
        _ours(file).update(lease_until=None, due_at=Now(), rung_at=None)
        MappingFile.objects.ring(TASK, [file.pk])
    else:
        _ours(file).update(
            lease_until=None,
            due_at=None,
            state=MappingFile.State.DONE,
            finished_at=timezone.now(),
        )


def _ours(file: MappingFile) -> Any:
    return MappingFile.objects.filter(pk=file.pk, fence=file.fence)


@transaction.atomic
def _apply_batch(file: MappingFile) -> bool:
    publishing.lock_company(file.company)
    if not _ours(file).select_for_update().exists():
        return False
    batch = [each for each in file.lines if each["says"] == Says.CHANGES and not each["done"]]
    batch = batch[:BATCH]
    bring = _as_drafts if file.mode == MappingFile.Mode.DRAFTS else _as_decisions
    bring(file, batch)
    file.brought_in = sum(each["done"] == "done" for each in file.lines)
    _ours(file).update(lines=file.lines, brought_in=file.brought_in, lease_until=Now() + LEASE)
    return True


def _as_drafts(file: MappingFile, batch: list[dict[str, Any]]) -> None:
    """Only where nobody decided; a pair that a person refused is not drafted."""
    sources, ledger = _records(file, batch, "source"), _records(file, batch, "target")
    proposals = {}
    for each in batch:
        source, target = sources.get(each["source"]), ledger.get(each["target"])
        if source is None or target is None:
            each["done"] = "A file brings in drafts only where it names a record of the ledger."
            continue
        reason = f"row {each['line']} of {file.name}"
        proposals[source.pk] = drafts.Proposal(source, target, CONFIDENCE, reason)
    result = drafts.bring_in(
        file.company,
        Kind(file.kind),
        list(proposals.values()),
        ranker=drafts.FROM_FILE,
        by=file.applied_by,
        machine=f"File {file.name}"[:200],
    )
    why_not = {proposal.source.pk: sentence for proposal, sentence in result.left_out}
    standing = dict(
        file.company.mappings.filter(source_id__in=proposals).values_list(
            "source_id", "suggestion__run"
        )
    )
    for each in batch:
        if each["source"] in proposals:
            brought = standing.get(each["source"]) == result.run.pk
            each["done"] = (
                "done"
                if brought
                else why_not.get(each["source"])
                or "A person decided this. Drafts never change what somebody decided."
            )


def _as_decisions(file: MappingFile, batch: list[dict[str, Any]]) -> None:
    """Each as if the person had chosen it in the table, in the version that was previewed."""
    by = file.applied_by
    if by is None:  # `start` names the person
        raise AppError("Nobody stands behind this file, so nothing was accepted.")
    sources, ledger = _records(file, batch, "source"), _records(file, batch, "target")
    mappings = {
        mapping.source_id: mapping
        for mapping in file.company.mappings.filter(source_id__in=sources)
    }
    for each in batch:
        source = sources.get(each["source"])
        if source is None or (each["target"] and each["target"] not in ledger):
            each["done"] = "The record is no longer there."
            continue
        try:
            with transaction.atomic():
                reviewing.choose(
                    mappings.get(source.pk) or source,
                    ledger.get(each["target"]),
                    by=by,
                    note=each["note"],
                    version=each["version"],
                )
        except AppError as refused:
            each["done"] = str(refused)
        else:
            each["done"] = "done"


def _records(file: MappingFile, batch: list[dict[str, Any]], name: str) -> dict[int, Record]:
    wanted = [each[name] for each in batch if each[name]]
    return (
        file.company.records.select_related("connection", "company")
        .defer("payload", "search_text")
        .in_bulk(wanted)
    )
