"""Brings a source in by its exported files, as an admin does on the pages for them."""

from pathlib import Path

from django.core.management.base import CommandError

from common.choices import RecordKind
from companies.models import User
from connectors.buildertrend.files import importing, jobs, sandbox_export
from connectors.file_models import SourceFile
from connectors.models import Connection
from connectors.sandboxing import read_csv
from sync.demo.waiting import Wait

State = SourceFile.State
# Of the three families of exports the one with ids and lines; it has no status, so an admin says
# that what is in it was approved.
FAMILY = "C"


def bring_in(connection: Connection, folder: Path, *, by: User, wait: Wait) -> None:
    """Export, upload, confirm the job names and bring in what was previewed, file by file.

    `folder` is the seed's.

    Raises:
        CommandError: a file is refused, or asks for more than job names.
    """
    tables = sandbox_export.tables_of(folder / connection.system)
    for name, content in sandbox_export.files(tables, FAMILY).items():
        file = importing.upload(connection, name, content, by=by, is_full=True, is_approved=True)
        _wait_for(file, wait)
        if file.state == State.NEEDS_JOBS:
            jobs.confirm(file, dict.fromkeys(file.asks["names"], jobs.NEW), by=by)
            _wait_for(file, wait)
        if file.state == State.PREVIEWED:
            importing.start(file, by=by)
            _wait_for(file, wait)
        if file.state not in {State.DONE, State.NOT_USED}:
            raise CommandError(f"{name}: {file.get_state_display()}. {file.problem}")


def lay_out(seed: Path, folder: Path) -> None:
    """Every family of exports as files in `folder`, for somebody to upload by hand."""
    tables = sandbox_export.tables_of(seed)
    for family in sandbox_export.FAMILIES:
        for name, content in sandbox_export.files(tables, family).items():
            path = folder / family / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def ids_by_files(folder: Path) -> dict[tuple[str, str], str]:
    """By kind and id of the seed: under which external id such a record comes by files."""
    named = {row["id"]: row["name"] for row in read_csv(folder / "cost_types.csv")}
    ids = sandbox_export.own_ids(sandbox_export.tables_of(folder), FAMILY)
    found = {(kind.value, source_id): own for (kind, source_id), own in ids.items()}
    return found | {
        (RecordKind.COST_TYPE.value, source_id): ids[RecordKind.COST_TYPE, name]
        for source_id, name in named.items()
        if (RecordKind.COST_TYPE, name) in ids
    }


def _wait_for(file: SourceFile, wait: Wait) -> None:
    """Until nothing is under way with it; `file` is then as it stands."""

    def is_over() -> bool:
        file.refresh_from_db()
        return not file.is_under_way

    wait(is_over, f"{file.name} to be read")
