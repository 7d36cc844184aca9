"""Fixtures every app uses."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from pytest_django.plugin import blocking_manager_key

# Browser tests share a process with the live server.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


@pytest.fixture(scope="session", autouse=True)
def _static_root():
    """Nothing is collected for tests; the folder alone keeps the middleware from warning."""
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)


@pytest.fixture
def company(db):
    from companies.tests.factories import CompanyFactory

    return CompanyFactory(name="Acme Builders", slug="acme")


@pytest.fixture
def admin(company):
    """Priya Shah, who may do everything in `company`. The four below belong to it as well."""
    return _member(company, "Priya Shah", "admin")


@pytest.fixture
def controller(company):
    return _member(company, "Dana Ruiz", "controller")


@pytest.fixture
def accountant(company):
    return _member(company, "Tom Weiss", "accountant")


@pytest.fixture
def project_manager(company):
    return _member(company, "Ana Cole", "project_manager")


@pytest.fixture
def viewer(company):
    return _member(company, "Vic Long", "viewer")


@pytest.fixture
def outsider(db):
    """An admin, but of another company."""
    from companies.tests.factories import CompanyFactory

    return _member(CompanyFactory(name="Zenith", slug="zenith"), "Olga Out", "admin")


@pytest.fixture
def client_for():
    """`client_for(user)` is a browser in which that person is signed in."""

    def sign_in(user):
        client = Client()
        client.force_login(user)
        return client

    return sign_in


def _member(company, name, role):
    from companies.tests.factories import MembershipFactory

    email = f"{name.split()[0].lower()}@{company.slug}.test"
    return MembershipFactory(company=company, user__name=name, user__email=email, role=role).user


@pytest.fixture(autouse=True)
def _trail_can_be_cleaned(request):
    """Tests that commit are cleaned by TRUNCATE, which the trail refuses: as owner, lift it then.

    Set up after the database fixture, so torn down before it empties the tables.
    """
    if not _commits(request.node):
        yield
        return
    request.getfixturevalue("transactional_db")
    yield
    _triggers("DISABLE")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """The tables are empty: the trail refuses again, whichever test comes next."""
    try:
        return (yield)
    finally:
        if nextitem is not None and _commits(item):
            with item.config.stash[blocking_manager_key].unblock():
                _triggers("ENABLE")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """A server's thread may end without closing its session, and the database cannot go then."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


# What makes pytest-django commit instead of rolling back.
COMMITTING = {"transactional_db", "live_server", "django_db_reset_sequences"}


def _commits(item) -> bool:
    marker = item.get_closest_marker("django_db")
    return not COMMITTING.isdisjoint(getattr(item, "fixturenames", ())) or bool(
        marker and marker.kwargs.get("transaction")
    )


def _triggers(verb: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE audit_entry {verb} TRIGGER USER")
