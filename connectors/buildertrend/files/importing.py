"""An exported file from its upload to its rows being kept: read, previewed, then brought in.

The row remembers how far it got; a task carries it on. What was previewed is what is brought in:
when other rows of the list came meanwhile, the file is read again first.
"""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from audit import trail
from audit.models import Verb
from common import spreadsheets
from common.errors import Conflict
from common.spreadsheets import FileUnreadable
from common.work import WorkQuerySet
from companies.models import User
from connectors.buildertrend.files import jobs, reading
from connectors.buildertrend.files.families import BY_KIND, List
from connectors.buildertrend.files.headers import Opened, Saved, Unknown
from connectors.buildertrend.files.jobs import TASK, JobMap
from connectors.buildertrend.files.reading import Kept, Reading
from connectors.buildertrend.files.rows import Around, Problem
from connectors.file_models import SourceFile, SourceRow
from connectors.models import Connection
from connectors.signals import brought_in

State = SourceFile.State
LEASE: Final = timedelta(seconds=180)
WORKS_FOR_SECONDS: Final = 60.0
MOST_STARTS: Final = 3
BATCH: Final = 1_000
SHOWN: Final = 20
MOST_PROBLEMS: Final = 5_000
# One document must not come under two ids: A and B know it by name, C by Buildertrend's own id.
SAME_DOCUMENTS: Final = {
    List.LINES: (List.BILLS, List.PURCHASE_ORDERS),
    List.BILLS: (List.LINES,),
    List.PURCHASE_ORDERS: (List.LINES,),
}


# --- Upload ---------------------------------------------------------------------------------------


@transaction.atomic
def upload(
    connection: Connection,
    name: str,
    content: bytes,
    *,
    by: User,
    is_full: bool = False,
    is_approved: bool = False,
) -> SourceFile:
    """Keep a file so that it is read by a worker; what it comes to is shown then.

    Raises:
        FileUnreadable: by its first bytes or its size it is none that we can read.
    """
    spreadsheets.form_of(content, reading.LIMITS)
    file = SourceFile.objects.create(
        company=connection.company,
        connection=connection,
        name=name[:200] or "Unnamed",
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        content=content,
        uploaded_by=by,
        is_full=is_full,
        is_approved=is_approved,
        due_at=timezone.now(),
    )
    SourceFile.objects.ring(TASK, [file.pk])
    return file


@transaction.atomic
def start(file: SourceFile, *, by: User) -> SourceFile:
    """Have a previewed file brought in.

    Raises:
        Conflict: it was, or other rows of its list came since it was previewed.
    """
    file = SourceFile.objects.select_for_update(of=("self",)).get(pk=file.pk)
    if file.state != State.PREVIEWED:
        raise Conflict("This file was brought in already, or is being read. Open it to see.")
    later = file.connection.source_files.filter(kind=file.kind, finished_at__gt=file.previewed_at)
    if later.exists():
        read_anew(file)
        return file
    file.state, file.brought_in_by, file.due_at = State.WAITING, by, timezone.now()
    file.save()
    SourceFile.objects.ring(TASK, [file.pk])
    return file


def read_anew(file: SourceFile) -> None:
    """Have a locked file read once more."""
    file.state, file.due_at = State.UPLOADED, timezone.now()
    file.save()
    SourceFile.objects.ring(TASK, [file.pk])


# --- The task -------------------------------------------------------------------------------------


def work(file: SourceFile) -> None:
    """Carry a file on: read it, or bring it in. Safe to run twice, and by two workers."""
    claimed = (
        SourceFile.objects.filter(pk=file.pk)
        .due()
        .update(lease_until=Now() + LEASE, fence=F("fence") + 1, starts=F("starts") + 1)
    )
    if not claimed:
        return
    file = SourceFile.objects.select_related("connection__company__settings").get(pk=file.pk)
    if file.starts > MOST_STARTS:
        _end(
            file, State.REFUSED, "Reading this file keeps breaking off. Split it, or save it anew."
        )
        return
    try:
        if file.state == State.UPLOADED:
            _preview(file)
        elif file.state in (State.WAITING, State.RUNNING):
            _bring_in(file)
    except FileUnreadable as refused:
        _end(file, State.REFUSED, str(refused))


def _ours(file: SourceFile) -> WorkQuerySet[SourceFile]:
    return SourceFile.objects.filter(pk=file.pk, fence=file.fence)


def _end(file: SourceFile, state: str, problem: str = "", **values: Any) -> None:
    """An orderly end. The bytes go once nobody will read them again."""
    if state in (State.REFUSED, State.NOT_USED, State.DONE):
        values["content"] = None
    _ours(file).update(
        state=state, problem=problem, due_at=None, lease_until=None, starts=0, **values
    )


# --- Read and preview -----------------------------------------------------------------------------


@dataclass
class _Count:
    new: int = 0
    changed: int = 0
    same: int = 0
    was_missing: int = 0
    errors: int = 0
    skipped: int = 0
    sample: list[dict[str, Any]] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        self.errors += problem.is_error
        self.skipped += not problem.is_error
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(
                {
                    "row": problem.number,
                    "sentence": problem.sentence,
                    "cells": problem.cells,
                    "is_error": problem.is_error,
                }
            )


def _preview(file: SourceFile) -> None:
    opened = reading.open_file(_content(file), _saved(file))
    if isinstance(opened, Unknown):
        _end(file, State.NEEDS_COLUMNS, asks={"heads": opened.heads, "rows": opened.first_rows})
        return
    kind = {"kind": opened.layout.kind, "family": opened.family}
    if opened.layout.unused:
        _end(file, State.NOT_USED, opened.layout.unused, **kind)
        return
    if problem := _comes_twice(file, opened):
        _end(file, State.REFUSED, problem, **kind)
        return
    if opened.names_no_job and not file.job:
        _end(file, State.NEEDS_JOBS, asks={"above": opened.above[:5]}, **kind)
        return
    map_ = JobMap.of(file.connection)
    count = _Count()
    read = _reading(file, opened, map_)
    read.look_through()
    if map_.unknown:
        _end(file, State.NEEDS_JOBS, asks={"names": map_.unknown}, **kind)
        return
    for batch in _batches(read, count):
        _compare(file, opened, batch, count)
    _end(
        file,
        State.PREVIEWED,
        previewed_at=timezone.now(),
        new=count.new,
        changed=count.changed,
        same=count.same,
        errors=count.errors,
        skipped=count.skipped + read.totals,
        missing=_missing(file, opened, map_, count),
        sample=count.sample,
        problems=count.problems,
        asks={},
        **kind,
    )


def _content(file: SourceFile) -> bytes:
    if file.content is None:
        raise FileUnreadable("The file is no longer kept. Upload it again.")
    return bytes(file.content)


def _saved(file: SourceFile) -> dict[str, Saved]:
    return {
        row.fingerprint: Saved(List(row.kind), row.columns)
        for row in file.company.column_maps.all()
    }


def _reading(file: SourceFile, opened: Opened, map_: JobMap) -> Reading:
    zone = ZoneInfo(file.connection.company.settings.time_zone)  # 9.2.2: the account's, A12
    around = Around(opened.layout, map_, zone, file.job, file.is_approved)
    return Reading(_content(file), opened, around)


def _comes_twice(file: SourceFile, opened: Opened) -> str:
    """A sentence where another family has brought in the same documents; else blank."""
    others = SAME_DOCUMENTS.get(opened.layout.kind, ())
    known = file.connection.source_rows.filter(kind__in=others).order_by("pk").first()
    if known is None:
        return ""
    return (
        f"Bills and purchase orders already came from another kind of export ({known.file}, list"
        f" “{List(known.kind).label}”), which knows them by other ids: every one of them would"
        " come twice. Go on with that kind of export."
    )


def _batches(read: Reading, count: _Count) -> Iterator[list[Kept]]:
    kept = read.kept()
    while batch := list(islice(kept, BATCH)):
        for each in batch:
            if isinstance(each, Problem):
                count.add(each)
        if rows := [each for each in batch if isinstance(each, Kept)]:
            yield rows


def _known(file: SourceFile, opened: Opened, batch: list[Kept]) -> dict[str, tuple[str, bool]]:
    """What we have of these rows: key to digest, and whether it was flagged as missing."""
    rows = _rows(file, opened).filter(key__in=[each.key for each in batch])
    return {
        key: (digest, since is not None)
        for key, digest, since in rows.values_list("key", "content_sha256", "missing_since")
    }


def _rows(file: SourceFile, opened: Opened) -> QuerySet[SourceRow]:
    return file.connection.source_rows.filter(kind=opened.layout.kind)


def _compare(file: SourceFile, opened: Opened, batch: list[Kept], count: _Count) -> None:
    known = _known(file, opened, batch)
    for each in batch:
        digest, was_missing = known.get(each.key, ("", False))
        says = "new" if not digest else "same" if digest == each.content_sha256 else "changed"
        setattr(count, says, getattr(count, says) + 1)
        count.was_missing += was_missing
        if len(count.sample) < SHOWN:
            content = each.found.content
            count.sample.append({"row": each.number, "says": says, "content": content})


def _missing(file: SourceFile, opened: Opened, map_: JobMap, count: _Count) -> int:
    """9.2.4: rows that a full export no longer has. One with errors cannot say what is missing."""
    if not file.is_full or count.errors:
        return 0
    there = _in_scope(file, opened, map_).filter(missing_since=None).count()
    return max(0, there - (count.same + count.changed - count.was_missing))


def _in_scope(file: SourceFile, opened: Opened, map_: JobMap) -> QuerySet[SourceRow]:
    """What the export would have, were it still there: rows of the jobs that it names.

    9.1 B exports open jobs only, so a job that it does not name says nothing.
    """
    rows = _rows(file, opened)
    asks_job = opened.layout.kind not in (List.JOBS, List.VENDORS, List.COST_CODES)
    return rows.filter(job__in=map_.seen | ({file.job} - {""})) if asks_job else rows


# --- Bring in -------------------------------------------------------------------------------------


def _bring_in(file: SourceFile) -> None:
    """From the top each time: what was written already is the same by now, and passed over."""
    opened = reading.open_file(_content(file), _saved(file))
    if isinstance(opened, Unknown) or opened.layout.kind != file.kind:
        raise FileUnreadable("Its columns are known otherwise by now. Upload it again.")
    _ours(file).update(state=State.RUNNING)
    map_, count = JobMap.of(file.connection), _Count()
    until = time.monotonic() + WORKS_FOR_SECONDS
    for batch in _batches(_reading(file, opened, map_), count):
        if not _write(file, opened, batch):
            return  # somebody else has it
        if time.monotonic() > until:
            _ours(file).update(lease_until=None, due_at=Now(), rung_at=None, starts=0)
            SourceFile.objects.ring(TASK, [file.pk])
            return
    _finish(file, opened, map_, count)


@transaction.atomic
def _write(file: SourceFile, opened: Opened, batch: list[Kept]) -> bool:
    if not _ours(file).select_for_update(of=("self",)).exists():
        return False
    known = _known(file, opened, batch)
    same = {each.key for each in batch if known.get(each.key, ("",))[0] == each.content_sha256}
    # What an earlier run over this file wrote is seen already: nothing is written twice.
    unseen = _rows(file, opened).filter(key__in=same).exclude(seen_in=file)
    unseen.update(seen_in=file, missing_since=None)
    SourceRow.objects.bulk_create(
        [_row(file, opened, each) for each in batch if each.key not in same],
        update_conflicts=True,
        unique_fields=["connection", "kind", "key"],
        update_fields=[
            "document", "job", "content", "content_sha256", "file", "number", "seen_in",
            "missing_since",
        ],
    )  # fmt: skip
    if opened.layout.kind == List.JOBS and file.brought_in_by:
        listed = [(e.found.key[0], e.found.content["name"], e.found.job) for e in batch]
        jobs.keep_listed(file.connection, listed, by=file.brought_in_by)
    _ours(file).update(lease_until=Now() + LEASE)
    return True


def _row(file: SourceFile, opened: Opened, kept: Kept) -> SourceRow:
    return SourceRow(
        company_id=file.company_id,
        connection=file.connection,
        kind=opened.layout.kind,
        key=kept.key,
        document=kept.document,
        job=kept.found.job,
        content=kept.found.content,
        content_sha256=kept.content_sha256,
        file=file,
        number=kept.number,
        seen_in=file,
    )


def _finish(file: SourceFile, opened: Opened, map_: JobMap, count: _Count) -> None:
    with transaction.atomic():
        if not _ours(file).select_for_update(of=("self",)).exists():
            return
        missing = 0
        if file.is_full and not count.errors:
            gone = _in_scope(file, opened, map_).exclude(seen_in=file).filter(missing_since=None)
            missing = gone.update(missing_since=timezone.now())
        _end(file, State.DONE, finished_at=timezone.now(), missing=missing)
        trail.record(
            Verb.BROUGHT_IN,
            file,
            by=file.brought_in_by,
            after={
                "list": BY_KIND[List(file.kind)].kind.label,
                "sha256": file.sha256,
                "new": file.new,
                "changed": file.changed,
                "same": file.same,
                "errors": file.errors,
                "missing": missing,
            },
        )
    # After the commit: who listens starts a pull, which takes locks of its own.
    brought_in.send(SourceFile, file=file)
