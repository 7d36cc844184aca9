"""What is this called in the ledger? Answered from mappings in force only."""

from collections.abc import Collection, Iterable

from django.db import connection, transaction

from companies.models import Company
from connectors.models import Record
from mapping.combining import Way
from mapping.models import DECIDED, Mapping


class Lookup:
    """A company's mappings by source record, loaded as they are asked for.

    Say with `expect` which records will be asked for and one query answers for all of them.
    """

    def __init__(self, company: Company) -> None:
        self.company = company
        self._known: dict[int, Mapping | None] = {}
        self._expected: set[int] = set()

    def expect(self, record_ids: Iterable[int]) -> None:
        self._expected.update(set(record_ids) - self._known.keys())

    def mapping_for(self, record_id: int) -> Mapping | None:
        """The record's mapping in whatever state it is; None where nothing is even drafted."""
        if record_id not in self._known:
            self._load({record_id, *self._expected})
        return self._known[record_id]

    def target(self, record_id: int) -> Record | None:
        """What stands in the ledger for this record, if a mapping in force says so."""
        mapping = self.mapping_for(record_id)
        return mapping.target if mapping is not None and mapping.is_in_force else None

    def ruling(self, way: Way) -> Record:
        """The record that decides: the most specific one a person decided on.

        That somebody decided to use it, or to leave it for later, counts at once: what is accepted
        and not yet published holds the line. A draft, or no match, leaves it to the next.
        """
        for record in way.records:
            mapping = self.mapping_for(record.pk)
            if mapping is not None and mapping.state in DECIDED:
                return record
        return way.about

    def states(self, record_ids: Collection[int]) -> dict[int, str]:
        """Each record's state: a mapping's, "stale", or "none" where there is no mapping."""
        self.expect(record_ids)
        found = {record_id: self.mapping_for(record_id) for record_id in record_ids}
        return {
            record_id: "none" if row is None else "stale" if row.stale else str(row.state)
            for record_id, row in found.items()
        }

    def _load(self, record_ids: Collection[int]) -> None:
        rows = (
            Mapping.objects.filter(company=self.company, source_id__in=record_ids)
            .exclude(state=Mapping.State.NO_DRAFT)
            .with_records()
            .order_by("pk")
        )
        self._known.update(dict.fromkeys(record_ids))
        self._known.update({row.source_id: row for row in rows})
        self._expected.clear()


class LockedLookup(Lookup):
    """Knows the records that were locked and refuses to speak about any other."""

    def __init__(self, company: Company, locked: set[int]) -> None:
        super().__init__(company)
        self.locked = locked  # ids of mappings

    @property
    def is_complete(self) -> bool:
        """False when somebody wrote a first mapping for one of the records after the lock."""
        rows = Mapping.objects.filter(company=self.company, source__in=list(self._known))
        return set(rows.values_list("pk", flat=True)) == self.locked

    def mapping_for(self, record_id: int) -> Mapping | None:
        if record_id not in self._known:
            raise RuntimeError(f"Record {record_id} was not locked, so nothing is said about it.")
        return self._known[record_id]


def lock(company: Company, record_ids: Collection[int]) -> LockedLookup:
    """The same, with the mappings locked against change until the transaction ends.

    Locked in key order, before bills and pushes. Several senders may hold the lock at once.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("lock() needs an open transaction.")
    wanted = sorted(set(record_ids))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM mapping_mapping WHERE company_id = %s AND source_id = ANY(%s)"
            " ORDER BY id FOR SHARE",
            [company.pk, wanted],
        )
        locked = {row[0] for row in cursor.fetchall()}
    lookup = LockedLookup(company, locked)
    lookup._load(wanted)
    return lookup
