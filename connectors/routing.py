"""Which projects of a source account come to which books.

A builder may keep several sets of books, each a company here, all tied to one account of the
source. While one company alone is tied to an account, all its projects come. As soon as several
are, each says which projects are its own, and the database lets no project be two companies'.
"""

from collections.abc import Collection

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from audit import trail
from audit.models import Verb
from common.choices import RecordKind
from common.errors import Conflict
from companies.models import User
from connectors.models import Connection, Record, RoutedProject
from connectors.signals import projects_rerouted


def account_of(connection: Connection) -> str:
    """The account at the other end, the same for every company that is tied to it."""
    return f"{connection.system}:{connection.external_company_id}"


def is_shared(connection: Connection) -> bool:
    """Do other companies here take projects of the same account, or has this one chosen some?"""
    return Connection.objects.filter(_shared(connection), pk=connection.pk).exists()


def ours(connection: Connection) -> QuerySet[Record]:
    """The projects whose bills come to this company. One question, however it is narrowed."""
    chosen = _routed(connection).filter(project=OuterRef("pk"))
    projects = connection.records.filter(kind=RecordKind.PROJECT)
    return projects.filter(Exists(chosen) | ~Q(_shared(connection)))


def _shared(connection: Connection) -> Q:
    others = (
        Connection.objects.filter(
            system=connection.system, external_company_id=connection.external_company_id
        )
        .exclude(company=connection.company_id)
        .exclude(state=Connection.State.DISCONNECTED)
    )
    chosen = RoutedProject.objects.filter(account=account_of(connection))
    return Q(Exists(others)) | Q(Exists(chosen))


def taken_elsewhere(connection: Connection) -> set[str]:
    """External ids of projects that go to other books. Whose they are is not said."""
    rows = RoutedProject.objects.filter(account=account_of(connection))
    rows = rows.exclude(company=connection.company_id)
    return set(rows.values_list("project_external_id", flat=True))


def choose(connection: Connection, projects: Collection[int], *, by: User) -> None:
    """Say which projects come to these books: those, and no others.

    Raises:
        Conflict: one of them goes to other books already, or has bills that went there.
    """
    chosen = list(connection.records.filter(kind=RecordKind.PROJECT, pk__in=projects))
    try:
        with transaction.atomic():
            Connection.objects.select_for_update(of=("self",), no_key=True).get(pk=connection.pk)
            before = sorted(_routed(connection).values_list("project_external_id", flat=True))
            after = sorted(project.external_id for project in chosen)
            if before == after:
                return
            projects_rerouted.send(
                Connection,
                account=account_of(connection),
                company=connection.company,
                came=set(after) - set(before),
                went=set(before) - set(after),
            )
            _routed(connection).exclude(project__in=chosen).delete()
            known = set(_routed(connection).values_list("project", flat=True))
            RoutedProject.objects.bulk_create(
                RoutedProject(
                    company_id=connection.company_id,
                    connection=connection,
                    project=project,
                    account=account_of(connection),
                    project_external_id=project.external_id,
                )
                for project in chosen
                if project.pk not in known
            )
            trail.record(
                Verb.CHANGED_SETTINGS,
                connection,
                by=by,
                before={"projects": before},
                after={"projects": after},
            )
    except IntegrityError as error:
        raise Conflict(
            "One of these projects goes to other books already, so nothing was saved. Look again,"
            " and have it taken off there first."
        ) from error


def _routed(connection: Connection) -> QuerySet[RoutedProject]:
    return RoutedProject.objects.filter(connection=connection)
