"""Source records that the source does not list, because they are put together from those it does.

A pair is a cost code with a cost type; it is made when a bill or a commitment brings the two
together, never for all that could be. An override is what one project says of a code, a type or a
pair; it is made when somebody asks for it. The default stands for every line that nothing else was
decided for. Each is a record like any other, so that drafting, deciding, publishing, drift and
history need not know. docs/decisions/0006 says why.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote

from django.db.models import Q
from django.utils import timezone

from common.choices import COMBINED, RecordKind, Side
from common.errors import AppError
from companies.models import Company, CompanySettings
from connectors.models import Connection, Record
from mapping.models import Level

LINE_KINDS = (RecordKind.COST_CODE, RecordKind.COST_TYPE, RecordKind.PAIR)
EVERYTHING_ELSE = "All other lines"
Parts = tuple[int | None, int | None, int | None]  # ids of project, code and type


def level_of(record: Record) -> Level:
    """How specific a record is about the line of a bill."""
    if record.kind != RecordKind.OVERRIDE:
        return {
            RecordKind.PAIR: Level.PAIR,
            RecordKind.COST_CODE: Level.COST_CODE,
            RecordKind.COST_TYPE: Level.COST_TYPE,
            RecordKind.DEFAULT: Level.DEFAULT,
        }.get(RecordKind(record.kind), Level.WHOLE)
    if record.part_code_id and record.part_type_id:
        return Level.PROJECT_PAIR
    return Level.PROJECT_CODE if record.part_code_id else Level.PROJECT_TYPE


# --- Which records may rule a line ----------------------------------------------------------------


@dataclass(frozen=True)
class Way:
    """What a line is about, and every record that may rule it, the most specific first."""

    about: Record
    records: tuple[Record, ...]


class Ways:
    """The ways of lines of some projects and cost codes, found with one question."""

    def __init__(
        self,
        connection: int,
        settings: CompanySettings,
        *,
        projects: Collection[int],
        codes: Collection[int | None],
    ) -> None:
        self.connection, self.settings = connection, settings
        self.projects, self.codes = set(projects), {code for code in codes if code}

    def of(self, project: int, code: Record | None, cost_type: Record | None) -> Way | None:
        """None where the line names nothing that the company maps lines by."""
        granularity = self.settings.granularity
        if granularity == CompanySettings.Granularity.COST_CODE:
            cost_type = None
        elif granularity == CompanySettings.Granularity.COST_TYPE:
            code = None
        c, t = code.pk if code else None, cost_type.pk if cost_type else None
        pair = self._made.get((None, c, t)) if c and t else None
        about = pair or code or cost_type
        if about is None:
            return None
        own: list[Parts] = [(project, c, t), (project, c, None), (project, None, t)]
        steps = [self._made.get(parts) for parts in dict.fromkeys(own)]
        steps += [pair, code, cost_type]
        if self.settings.has_default:
            steps.append(self._made.get((None, None, None)))
        return Way(about, tuple(step for step in steps if step is not None))

    @cached_property
    def _made(self) -> dict[Parts, Record]:
        wanted = Q(kind=RecordKind.OVERRIDE, part_project__in=self.projects)
        if self.settings.granularity == CompanySettings.Granularity.PAIR:
            wanted |= Q(kind=RecordKind.PAIR, part_code__in=self.codes)
        if self.settings.has_default:
            wanted |= Q(kind=RecordKind.DEFAULT)
        found = Record.objects.filter(wanted, connection_id=self.connection)
        found = found.select_related("part_project", "part_code", "part_type")
        return {_parts(row): row for row in found.defer("payload", "search_text", *_PAYLOADS)}


_PAYLOADS = [
    f"{part}__{name}"
    for part in ("part_project", "part_code", "part_type")
    for name in ("payload", "search_text")
]


def where_from(record: Record) -> str:
    """Which mapping decided, in words that stand behind its target: "from cost code 03-300"."""
    match level_of(record):
        case Level.DEFAULT:
            return "the company's default"
        case Level.PAIR:
            return f"from the pair {_short(record.part_code)} × {_short(record.part_type)}"
        case Level.COST_CODE:
            return f"from cost code {_short(record)}"
        case Level.COST_TYPE:
            return f"from cost type {_short(record)}"
    project = record.part_project
    return f"{project.name}'s own" if project else ""


def in_words(record: Record) -> str:
    """What a record that we put together stands for; blank for those that the source lists."""
    match level_of(record):
        case Level.PAIR:
            code = record.code or record.name.removesuffix(f" · {record.type}")
            return f"Cost code {code}, cost type {record.type}"
        case Level.DEFAULT:
            return "Lines that nothing else was decided for"
        case Level.PROJECT_PAIR | Level.PROJECT_CODE | Level.PROJECT_TYPE as level:
            return str(level.label).capitalize()
    return ""


def _short(record: Record | None) -> str:
    """A code by its number; a type by its name, because its number is a letter."""
    if record is None:
        return ""
    return record.code if record.code and record.kind == RecordKind.COST_CODE else record.name


def _parts(record: Record) -> Parts:
    return record.part_project_id, record.part_code_id, record.part_type_id


# --- Making them ----------------------------------------------------------------------------------


def make_pairs(connection: Connection, wanted: Iterable[tuple[Record, Record]]) -> None:
    """A record for each code with its type that has none yet."""
    together = {(code.pk, kind.pk): (code, kind) for code, kind in wanted}
    if not together:
        return
    known = set(
        connection.records.filter(
            kind=RecordKind.PAIR, part_code__in={code for code, _ in together}
        ).values_list("part_code", "part_type")
    )
    Record.objects.bulk_create(
        [
            _filled(_new(connection, RecordKind.PAIR, code, kind), None, code, kind)
            for key, (code, kind) in sorted(together.items(), key=lambda each: each[0])
            if key not in known
        ],
        ignore_conflicts=True,
    )


def default_of(connection: Connection) -> Record:
    """The record that stands for all other lines; made when it is first asked for."""
    made = _filled(_new(connection, RecordKind.DEFAULT), None, None, None)
    Record.objects.bulk_create([made], ignore_conflicts=True)
    return connection.records.get(kind=RecordKind.DEFAULT)


def override_of(project: Record, line: Record) -> tuple[Record, bool]:
    """What this project says of `line`, a code, a type or a pair; and whether it is new.

    Raises:
        AppError: these two cannot be put together.
    """
    good = project.kind == RecordKind.PROJECT and line.kind in LINE_KINDS
    if not good or line.connection_id != project.connection_id:
        raise AppError("A project can differ in a cost code, a cost type or a pair of its own.")
    code, kind = _ends_of(line)
    found = {
        "kind": RecordKind.OVERRIDE,
        "part_project": project,
        "part_code": code,
        "part_type": kind,
    }
    connection = project.connection
    if connection.side != Side.SOURCE:
        raise AppError("A project can differ only where bills come from.")
    there = connection.records.filter(**found).first()
    if there is not None:
        return there, False
    new = _new(connection, RecordKind.OVERRIDE, project, *(part for part in (code, kind) if part))
    if code is None:  # a code and a type may have the same id in the source
        new.external_id = f"type/{new.external_id}"[:120]
    Record.objects.bulk_create([_filled(new, project, code, kind)], ignore_conflicts=True)
    return connection.records.get(**found), True


def overrides_of(line: Record) -> "Collection[Record]":
    """Where single projects differ from this code, type or pair."""
    code, kind = _ends_of(line)
    return list(
        Record.objects.filter(
            connection=line.connection_id,
            kind=RecordKind.OVERRIDE,
            part_code=code and code.pk,
            part_type=kind and kind.pk,
        )
        .select_related("part_project")
        .defer("payload", "search_text", "part_project__payload")
        .order_by("name", "pk")
    )


def keep_up(connection: Connection, changed: Collection[int]) -> None:
    """Call what was put together by the names that its parts have now; gone where a part is."""
    made = (
        Record.objects.filter(connection=connection, kind__in=COMBINED)
        .filter(Q(part_project__in=changed) | Q(part_code__in=changed) | Q(part_type__in=changed))
        .select_related("part_project", "part_code", "part_type")
        .select_for_update(of=("self",), no_key=True)
        .order_by("pk")
    )
    rows = [_filled(row, row.part_project, row.part_code, row.part_type) for row in made]
    Record.objects.bulk_update(
        rows,
        ["code", "name", "path", "type", "search_text", "renamed_from", "is_active", "gone_at"],
        batch_size=500,
    )


def pairs_of(company: Company) -> dict[tuple[int | None, int | None], int]:
    """The ids of all pairs, by those of their code and their type."""
    rows = company.records.filter(kind=RecordKind.PAIR, gone_at=None)
    return {(code, kind): pk for code, kind, pk in rows.values_list("part_code", "part_type", "pk")}


def _ends_of(line: Record) -> tuple[Record | None, Record | None]:
    if line.kind == RecordKind.PAIR:
        return line.part_code, line.part_type
    return (line, None) if line.kind == RecordKind.COST_CODE else (None, line)


def _new(connection: Connection, kind: RecordKind, *parts: Record) -> Record:
    now = timezone.now()
    return Record(
        company_id=connection.company_id,
        connection=connection,
        kind=kind,
        external_id=_joined([part.external_id for part in parts]),
        first_seen_at=now,
        last_seen_at=now,
        payload_sha256="",
    )


def _joined(ids: list[str]) -> str:
    """The parts' own ids, which say in any company what it is made of; short however long."""
    text = "/".join(quote(part, safe=" ") for part in ids) or "default"
    return text if len(text) <= 110 else hashlib.sha256(text.encode()).hexdigest()


def _filled(
    row: Record, project: Record | None, code: Record | None, kind: Record | None
) -> Record:
    """Named by its parts: a code's number stays its number, and a type says what kind it is."""
    row.part_project, row.part_code, row.part_type = project, code, kind
    ends = [part for part in (code, kind) if part]
    name = " · ".join(part.name for part in ends) or EVERYTHING_ELSE
    if project is not None:
        name = f"{project.name}: {f'{code.code} ' if code and code.code else ''}{name}"
    elif code is not None:
        row.code = code.code
    name = name[:600]
    if row.pk and row.name != name:
        row.renamed_from = row.name
    row.name = row.path = name
    row.type = kind.name[:80] if kind else ""
    parts = [part for part in (project, code, kind) if part]
    row.is_active = all(part.is_active for part in parts)
    row.gone_at = next((part.gone_at for part in parts if part.gone_at), None)
    words = [row.code, row.name, *(part.code for part in parts)]
    row.search_text = " ".join(words).lower()
    return row
