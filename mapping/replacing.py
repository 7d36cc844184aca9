"""Puts another record in the place of a target that changed in the ledger, in one step.

A published mapping is never published over: it is unpublished first, which only an admin may do.
Here the three follow each other under one lock, each with its own line in the trail.
"""

from django.db import transaction

from common.errors import Conflict
from companies.models import Membership, User
from connectors.models import Record
from mapping import publishing, reviewing, successors
from mapping.models import Mapping


@transaction.atomic
def replace(
    mapping: Mapping,
    target: Record | None,
    *,
    by: User,
    publish: bool = True,
    reason: str = "",
    membership: Membership | None = None,
    version: int | None = None,
) -> Mapping:
    """Unpublish a stale mapping, choose `target` for it and, where asked, put that in force.

    Without a target it is marked as no match. Without a reason, what happened is the reason.

    Raises:
        NotAllowed: the person is not an admin of the company.
        Conflict: it is not stale any more, or was changed since it was looked at.
    """
    company = mapping.company
    publishing.lock_company(company)
    row = company.mappings.with_records().get(pk=mapping.pk)
    if not row.stale:
        raise Conflict(
            "Its target did not change in the ledger. Unpublish it first, with a reason."
        )
    if target is not None and row.target_id == target.pk:
        raise Conflict("It points to this record already. Confirm it, or choose another.")
    why = reason.strip() or successors.proposals(company, [row])[row.pk].sentence
    versions = {row.pk: row.version if version is None else version}
    publishing.unpublish([row], by=by, reason=why, membership=membership, versions=versions)
    return reviewing.choose(row, target, by=by, publish=publish, note=reason)
