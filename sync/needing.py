"""Which records may decide where a bill goes: kept beside it, so that lists find bills by record.

The gate does not read this. It works the ways of a bill's lines out anew, by the same rule.
"""

from collections.abc import Collection, Iterable

from companies.models import Company, CompanySettings
from connectors.models import Connection, Record
from mapping import combining
from mapping.combining import Way, Ways
from mapping.models import Kind
from sync.models import Bill, BillLine, BillNeed, CommitmentLine

BATCH = 500


def write(company: Company, bills: Collection[int]) -> None:
    """Say anew what these bills need. The caller holds readiness.lock(), and refreshes them."""
    ordered = sorted(bills)
    for first in range(0, len(ordered), BATCH):
        _write_batch(company, ordered[first : first + BATCH])


def ways_of(bill: Bill, lines: Iterable[BillLine], settings: CompanySettings) -> Ways:
    """For the lines of one bill."""
    codes = {line.cost_code_id for line in lines}
    return Ways(bill.connection_id, settings, projects={bill.project_id}, codes=codes)


def pair_up(connection: Connection, lines: Iterable[BillLine | CommitmentLine]) -> None:
    """Make the pairs that these lines bring, where the company maps its lines by pairs."""
    if connection.company.settings.granularity == CompanySettings.Granularity.PAIR:
        combining.make_pairs(
            connection,
            {
                (line.cost_code, line.cost_type)
                for line in lines
                if line.cost_code and line.cost_type
            },
        )


def bills_of_override(override: Record) -> list[int]:
    """The bills of its project that have such a line."""
    lines = BillLine.objects.filter(
        company=override.company_id, bill__project=override.part_project_id
    )
    if override.part_code_id:
        lines = lines.filter(cost_code=override.part_code_id)
    if override.part_type_id:
        lines = lines.filter(cost_type=override.part_type_id)
    return list(lines.order_by().values_list("bill", flat=True).distinct())


def _write_batch(company: Company, ids: Collection[int]) -> None:
    settings = company.settings
    bills = list(
        Bill.objects.filter(pk__in=ids, company=company)
        .select_related("connection")
        .only("company", "vendor", "project", "connection__company", "connection__side")
    )
    lines: dict[int, list[BillLine]] = {bill.pk: [] for bill in bills}
    for line in BillLine.objects.filter(bill__in=ids).select_related("cost_code", "cost_type"):
        lines[line.bill_id].append(line)
    needs: list[BillNeed] = []
    for connection in {bill.connection for bill in bills}:
        connection.company = company
        own = [bill for bill in bills if bill.connection_id == connection.pk]
        every = [line for bill in own for line in lines[bill.pk]]
        pair_up(connection, every)
        if settings.has_default:
            combining.default_of(connection)
        ways = Ways(
            connection.pk,
            settings,
            projects={bill.project_id for bill in own},
            codes={line.cost_code_id for line in every},
        )
        for bill in own:
            needs += _needs(bill, lines[bill.pk], ways)
    BillNeed.objects.filter(bill__in=ids).delete()
    BillNeed.objects.bulk_create(needs, batch_size=2000)


def _needs(bill: Bill, lines: list[BillLine], ways: Ways) -> Iterable[BillNeed]:
    whole = {Kind.PROJECT: bill.project_id, Kind.VENDOR: bill.vendor_id}
    for kind, record in whole.items():
        if record:
            yield BillNeed(
                company_id=bill.company_id, bill=bill, kind=kind, record_id=record, about_id=record
            )
    found: dict[int, Way] = {}
    for line in lines:
        way = ways.of(bill.project_id, line.cost_code, line.cost_type)
        if way is not None:
            found.setdefault(way.about.pk, way)
    for about, way in found.items():
        for step in way.records:
            yield BillNeed(
                company_id=bill.company_id,
                bill=bill,
                kind=Kind(step.kind),
                record=step,
                about_id=about,
                level=combining.level_of(step),
                rules=step.pk == about,  # until readiness.refresh() has asked the mappings
            )
