"""Lets one project go by another record than all others do."""

from django.db import transaction

from common.errors import Conflict
from companies.models import User
from connectors.models import Record
from mapping import combining, publishing, reviewing
from mapping.models import UNDECIDED, Mapping
from mapping.signals import record_made


@transaction.atomic
def except_project(
    line: Record,
    project: Record,
    target: Record,
    *,
    by: User,
    publish: bool = False,
    note: str = "",
) -> Mapping:
    """In `project`, use `target` for this cost code, cost type or pair; once it is published.

    The bills of the project that have such a line wait until then: somebody decided that what
    holds for all others does not hold for them.

    Raises:
        AppError: these cannot be put together, or the target cannot be taken.
    """
    publishing.lock_company(line.company)
    override, is_new = combining.override_of(project, line)
    standing = override.mappings.exclude(state__in=UNDECIDED).select_related("decided_by").first()
    if standing is not None:
        raise Conflict(
            f"{standing.decided_by} decided this for {project.name} already. Look at it there."
        )
    if is_new:
        record_made.send(Record, company=line.company, record=override)
    return reviewing.choose(override, target, by=by, publish=publish, note=note)
