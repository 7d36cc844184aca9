"""Which job a name in an export means. A person says it once; here it is kept and looked up.

Source: Buildertrend fact sheet, 9.2.3 and A7: exports of families A and B know a job by its name
only, so the id is ours. It stays when the job is renamed: the new name is said to mean the same.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.models import Verb
from common.errors import AppError, Conflict
from companies.models import User
from connectors.buildertrend import words
from connectors.file_models import JobName, SourceFile
from connectors.models import Connection

LONGEST_ID = 100
NEW = "new"
TASK = "connectors.file_tasks.work"  # carries a file on


def own_id(name: str, prefix: str = "", longest: int = LONGEST_ID) -> str:
    """An id made of a name, the same for all its spellings."""
    plain = words.plain(name)
    room = longest - len(prefix)
    if len(plain) > room:
        plain = f"{plain[: room - 13]}~{hashlib.sha256(plain.encode()).hexdigest()[:12]}"
    return f"{prefix}{plain}"


def job_id(name: str) -> str:
    return own_id(name, "name:")


@dataclass
class JobMap:
    """What names and ids mean on one connection, read once. Satisfies `rows.Jobs`."""

    by_name: dict[str, set[str]] = field(default_factory=dict)
    by_id: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)  # plain name to how it is written
    seen: set[str] = field(default_factory=set)  # the jobs that were asked for

    @classmethod
    def of(cls, connection: Connection) -> "JobMap":
        found = cls()
        said = set()
        for row in connection.job_names.order_by("confirmed_at", "pk"):
            if row.source_id:
                found.by_id[row.source_id] = row.job
            else:
                said.add(row.name)
                found.by_name[row.name] = {row.job}  # what a person said of a name goes first
            if row.name not in said:
                found.by_name.setdefault(row.name, set()).add(row.job)
        return found

    def of_name(self, label: str) -> str:
        name = words.plain(label)
        jobs = self.by_name.get(name, set())
        if len(jobs) != 1:
            self.unknown.setdefault(name, label.strip()[:600])
        return self._asked(next(iter(jobs)) if len(jobs) == 1 else job_id(label))

    def of_id(self, source_id: str) -> str:
        return self._asked(self.by_id.get(source_id, ""))

    def of_listed(self, source_id: str, label: str) -> str:
        """Of a list with ids and names: a job whose very name a person confirmed is that job."""
        named = self.by_name.get(words.plain(label), set()) - set(self.by_id.values())
        alone = next(iter(named)) if len(named) == 1 else source_id
        return self._asked(self.by_id.get(source_id) or alone)

    def _asked(self, job: str) -> str:
        if job:
            self.seen.add(job)
        return job


def known(connection: Connection) -> list[tuple[str, str]]:
    """Every job by its id and its latest name, by name."""
    names = {row.job: row.label for row in connection.job_names.order_by("confirmed_at", "pk")}
    return sorted(names.items(), key=lambda pair: words.plain(pair[1]))


@transaction.atomic
def confirm(file: SourceFile, answers: Mapping[str, str], *, by: User) -> SourceFile:
    """Keep what the names in a file mean: name to a job's id, or NEW. The file is read again.

    Raises:
        AppError: a name was left out, or the job is none of ours.
        Conflict: the file no longer asks.
    """
    file = _asking(file)
    labels: dict[str, str] = file.asks.get("names", {})
    jobs = {job for job, _ in known(file.connection)}
    if lacking := [label for name, label in labels.items() if not answers.get(name)]:
        raise AppError(f"Say which job “{lacking[0]}” is, or that it is a new one.")
    for name, label in labels.items():
        answer = answers[name]
        if answer != NEW and answer not in jobs:
            raise AppError(f"Choose the job for “{label}” anew: it is none that we know.")
        keep(file.connection, label, job_id(label) if answer == NEW else answer, by=by)
    return _read_again(file, {labels[name]: answers[name] for name in labels}, by=by)


@transaction.atomic
def choose(file: SourceFile, job: str, new_name: str, *, by: User) -> SourceFile:
    """Say which job a whole file is about that names none: one we know, or a new name."""
    file = _asking(file)
    if job == NEW:
        if not (label := new_name.strip()[:600]):
            raise AppError("Write the new job's name as Buildertrend has it.")
        named = JobMap.of(file.connection).by_name.get(words.plain(label), set())
        job = next(iter(named)) if len(named) == 1 else job_id(label)
        keep(file.connection, label, job, by=by)
    elif job not in {each for each, _ in known(file.connection)}:
        raise AppError("Choose the job that this file is about.")
    file.job = job
    return _read_again(file, {"job": job}, by=by)


def keep(connection: Connection, label: str, job: str, *, by: User, source_id: str = "") -> None:
    JobName.objects.update_or_create(
        connection=connection,
        name=words.plain(label)[:600],
        source_id=source_id,
        defaults={
            "company_id": connection.company_id,
            "label": label.strip()[:600],
            "job": job,
            "confirmed_by": by,
            "confirmed_at": timezone.now(),
        },
    )


def keep_listed(
    connection: Connection, listed: Iterable[tuple[str, str, str]], *, by: User
) -> None:
    """Of a list of jobs with ids: (id, name, our id of the job). What is known stays as it is."""
    there = set(connection.job_names.values_list("name", "source_id"))
    for source_id, label, job in listed:
        if (words.plain(label)[:600], source_id) not in there:
            keep(connection, label, job, by=by, source_id=source_id)


def _asking(file: SourceFile) -> SourceFile:
    file = SourceFile.objects.select_for_update(of=("self",)).get(pk=file.pk)
    if file.state != SourceFile.State.NEEDS_JOBS:
        raise Conflict("This file's jobs were said already. Open it to see what it comes to.")
    return file


def _read_again(file: SourceFile, said: Mapping[str, str], *, by: User) -> SourceFile:
    file.state, file.asks, file.due_at = SourceFile.State.UPLOADED, {}, timezone.now()
    file.save()
    SourceFile.objects.ring(TASK, [file.pk])
    trail.record(Verb.CONFIRMED, file, by=by, after={"jobs": dict(said)})
    return file
