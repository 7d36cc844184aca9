"""Chromium, the site on a port of its own, and a builder made once per module.

The database's rows are committed here, not rolled back: the site answers from another thread.
"""

import shutil
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from tests.browser.builder import (
    a_builder,
    refuse_any_database_but_the_tests,
    session_of,
)

HERE = Path(__file__).parent
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
# A machine that does other things as well may take its time; a test that waits so long has failed.
PATIENCE = 15_000


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="No Chromium on this machine"))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": ARGUMENTS}


@pytest.fixture(scope="module")
def db(django_db_setup, django_db_blocker):
    """The database of the tests. Named as pytest-django's own, which sets it up only if asked by
    that name; here rows are committed, and a module empties what it filled.
    """
    with django_db_blocker.unblock():
        refuse_any_database_but_the_tests()
        yield


@pytest.fixture(scope="module")
def site(db):
    """Where the site answers."""
    server = LiveServer("localhost")
    yield server.url
    server.stop()


@pytest.fixture(scope="module")
def builder(db):
    with a_builder() as builder:
        builder.pull_and_draft()
        yield builder


@pytest.fixture(scope="module")
def open_window(browser, site):
    """`open_window(user)` is a window in which that person is signed in; it notes complaints."""
    with windows(browser, site) as open_one:
        yield open_one


@contextmanager
def windows(browser, site):
    opened = []

    def open_one(user=None, **options):
        context = browser.new_context(base_url=site, **options)
        context.set_default_timeout(PATIENCE)
        if user is not None:
            cookies = session_of(user)
            context.add_cookies(
                [{"name": name, "value": value, "url": site} for name, value in cookies.items()]
            )
        page = context.new_page()
        page.complaints = listen(page)
        opened.append(context)
        return page

    yield open_one
    for context in opened:
        with suppress(Exception):
            context.close()


def listen(page):
    """What the browser complains about: errors of scripts, of the policy, of what is missing."""
    said = []
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.on(
        "console",
        lambda message: (
            said.append(f"{message.type}: {message.text}")
            if message.type in {"error", "warning"}
            else None
        ),
    )
    return said
