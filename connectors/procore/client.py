"""One company's Procore: its lists, what changed in them, one row again, and what was paid.

Sections named below are those of the Procore fact sheet.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from common.choices import RecordKind
from connectors.errors import NotShown
from connectors.procore import payments, translate
from connectors.procore.reading import (
    COMMITMENT_PATHS,
    REQUISITIONS,
    SYSTEM,
    Reader,
    from_tools,
    readable,
    row_id,
)
from connectors.records import (
    JSON,
    PaidBill,
    PulledBill,
    PulledCommitment,
    PulledRecord,
    Removed,
    Unreadable,
)

__all__ = ["SYSTEM", "ProcoreClient"]

# 14: how the bounds of a window are meant is not documented; the end lies behind every clock.
AHEAD = timedelta(days=30)


class ProcoreClient(Reader):
    """Satisfies `Source` and what more `connectors.base` asks of some systems.

    There is nothing here about deletions that Procore does not tell: invoices, direct costs and
    cost codes simply leave their lists (12, gotcha 21). The nightly sweep finds them.
    """

    def changes(
        self, kind: RecordKind, since: datetime
    ) -> Iterator[PulledRecord | Removed | Unreadable]:
        """2.3. Who was made inactive left the list that can be filtered, so that list is whole."""
        match kind:
            case RecordKind.VENDOR:
                return self.vendors(**_changed_since(since))
            case RecordKind.PROJECT:
                return self.projects(**_changed_since(since))
        return self.records(kind)

    def whole_lists(self) -> tuple[RecordKind, ...]:
        """2.3: no filter by time for these."""
        return (RecordKind.COST_CODE, RecordKind.COST_TYPE)

    def changed_commitments(
        self, project_id: str, since: datetime
    ) -> Iterator[PulledCommitment | Removed | Unreadable]:
        return from_tools(
            {
                kind: self._changed_commitments(kind, path, project_id, since)
                for kind, path in COMMITMENT_PATHS.items()
            }
        )

    def changed_bills(
        self, project_id: str, since: datetime
    ) -> Iterator[PulledBill | Removed | Unreadable]:
        return from_tools(
            {
                PulledBill.Kind.SUBCONTRACTOR_INVOICE: self._changed_invoices(project_id, since),
                PulledBill.Kind.DIRECT_COST: self._changed_costs(project_id, since),
            }
        )

    def record(self, kind: RecordKind, external_id: str) -> PulledRecord | Unreadable | None:
        """Cost codes and types are looked for in their whole lists: no path shows one alone of
        every sort (4.1, 4.2).
        """
        match kind:
            case RecordKind.VENDOR:
                row = self._shown(f"/rest/v1.0/vendors/{external_id}", company_id=self.company_id)
                return readable(kind, translate.vendor, row, is_active=True) if row else None
            case RecordKind.PROJECT:
                row = self._shown(f"/rest/v1.0/projects/{external_id}", company_id=self.company_id)
                return readable(kind, translate.project, row) if row else None
        same = (row for row in self.records(kind) if row.external_id == external_id)
        return next(same, None)

    def reread_bill(
        self, kind: PulledBill.Kind, external_id: str, project_id: str
    ) -> PulledBill | Unreadable | None:
        if kind == PulledBill.Kind.DIRECT_COST:
            return self._direct_cost(project_id, external_id)
        path = f"{REQUISITIONS}/{external_id}"
        row = self._shown(path, project_id=project_id)
        if row is None:
            return None
        # What it adds is told by the one before it (12, gotcha 16).
        same = {"filters[commitment_id]": translate.text(row, "commitment_id")}
        found = (bill for bill in self.invoices(project_id, **same))
        return next((bill for bill in found if bill.external_id == external_id), None)

    def tell_payment(self, paid: PaidBill) -> None:
        payments.tell(self.http, self.rows, paid)

    def _changed_commitments(
        self, kind: PulledCommitment.Kind, path: str, project_id: str, since: datetime
    ) -> Iterator[PulledCommitment | Removed | Unreadable]:
        """2.3: deleted ones come along when asked for."""
        window = {**_changed_since(since), "filters[include_deleted]": "with"}
        for row in self.rows(path, project_id=project_id, view="extended", **window):
            if row.get("deleted_at"):
                yield Removed(kind=kind, external_id=row_id(row))
            else:
                yield readable(kind, self.commitment, row, kind, path, project_id)

    def _changed_invoices(
        self, project_id: str, since: datetime
    ) -> Iterator[PulledBill | Unreadable]:
        """Every invoice of the commitments of those that changed: the later ones change with the
        earlier, and their own moment stays (12, gotcha 16).
        """
        rows = self.rows(REQUISITIONS, project_id=project_id, **_changed_since(since))
        commitments = dict.fromkeys(translate.text(row, "commitment_id") for row in rows)
        for commitment_id in commitments:
            yield from self.invoices(project_id, **{"filters[commitment_id]": commitment_id})

    def _changed_costs(self, project_id: str, since: datetime) -> Iterator[PulledBill | Unreadable]:
        path = f"/rest/v1.0/projects/{project_id}/direct_costs"
        for row in self.rows(path, **_changed_since(since)):
            if cost := self._direct_cost(project_id, row_id(row)):
                yield cost

    def _direct_cost(self, project_id: str, external_id: str) -> PulledBill | Unreadable | None:
        """8.4: shown alone it has its lines."""
        row = self._shown(f"/rest/v1.0/projects/{project_id}/direct_costs/{external_id}")
        if row is None:
            return None
        lines = row.get("line_items") or []
        kind = PulledBill.Kind.DIRECT_COST
        return readable(kind, translate.direct_cost, row, lines, project_id=project_id)

    def _shown(self, path: str, **params: str) -> JSON | None:
        """One row; None when it is gone or hidden, which Procore does not tell apart (1.5)."""
        try:
            return self.http.get(path, params).data
        except NotShown:
            return None


def _changed_since(since: datetime) -> dict[str, str]:
    """2.3: a window of two moments, joined by three dots."""
    end = datetime.now(UTC) + AHEAD
    start = since.astimezone(UTC)
    return {"filters[updated_at]": f"{start:%Y-%m-%dT%H:%M:%SZ}...{end:%Y-%m-%dT%H:%M:%SZ}"}
