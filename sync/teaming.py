"""Which projects are a project manager's own."""

from django.db import transaction

from audit import trail
from audit.models import Verb
from common.choices import RecordKind
from common.errors import AppError
from companies.models import Membership, Role, User
from connectors.models import Record
from sync.models import ProjectTeam


@transaction.atomic
def assign(project: Record, membership: Membership, *, by: User) -> None:
    """From the next page on, this project's bills are theirs to see and approve.

    Doing it twice does no harm.

    Raises:
        AppError: the person is no project manager, or the record no project.
    """
    if membership.role != Role.PROJECT_MANAGER:
        raise AppError(f"{membership.user} is not a project manager and sees every project.")
    if project.kind != RecordKind.PROJECT or project.company_id != membership.company_id:
        raise AppError("Only a project of this company can be assigned.")
    before = _names(project)
    _team, is_new = ProjectTeam.objects.get_or_create(
        company=membership.company, project=project, membership=membership
    )
    if is_new:
        _tell(project, before, by=by)


@transaction.atomic
def take_off(project: Record, membership: Membership, *, by: User) -> None:
    """Doing it twice does no harm."""
    before = _names(project)
    gone, _kinds = ProjectTeam.objects.filter(project=project, membership=membership).delete()
    if gone:
        _tell(project, before, by=by)


def _names(project: Record) -> str:
    """Locks the project, so that two changes are told one after the other."""
    Record.objects.select_for_update(of=("self",), no_key=True).get(pk=project.pk)
    people = project.team.select_related("membership__user").order_by("membership__user__name")
    return ", ".join(str(row.membership.user) for row in people)


def _tell(project: Record, before: str, *, by: User) -> None:
    trail.record(
        Verb.CHANGED_SETTINGS,
        project,
        by=by,
        before={"project_managers": before},
        after={"project_managers": _names(project)},
    )
