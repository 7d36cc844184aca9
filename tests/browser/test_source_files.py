"""Pages of exported files: by keyboard from the upload to the preview, and what axe finds there."""

import pytest
from playwright.sync_api import expect

from connectors.buildertrend.files import importing
from connectors.buildertrend.files.tests import exports
from connectors.file_models import SourceFile
from connectors.models import Connection
from tests.browser.builder import a_builder
from tests.browser.test_axe import AXE, Walk

STRANGE = exports.table(("Lieferant", "Summe"), {"Lieferant": "X", "Summe": "5"})


@pytest.fixture(scope="module")
def builder(db):
    with a_builder() as builder:
        yield builder


@pytest.fixture(scope="module")
def connection(builder):
    """Its source was Buildertrend once; the pages of its files are there all the same."""
    return exports.connection_of(builder.company, state=Connection.State.DISCONNECTED)


@pytest.fixture(scope="module")
def window(open_window, builder):
    page = open_window(builder.admin)
    page.add_init_script(AXE)
    return page


@pytest.fixture(scope="module")
def walk(connection, builder, window):
    """One file in each state in which its page looks otherwise."""
    walk, admin = Walk(), builder.admin
    asks_jobs = exports.uploaded(connection, exports.b_bills(), by=admin, name="jobs.csv")
    columns = exports.uploaded(connection, STRANGE, by=admin, name="strange.csv")
    wrong = exports.b_bills(exports.b_bill(Job="Pier 9", Bill_Amount="x"))
    errors = exports.uploaded(connection, wrong, by=admin, name="errors.csv")
    errors = exports.with_jobs(errors, "new", by=admin)
    done = exports.brought_in(connection, exports.b_bills(), by=admin, name="done.csv")
    refused = exports.uploaded(connection, exports.accounting(), by=admin, name="qb.csv")
    at = f"/c/{builder.company.slug}/settings/connections/{connection.pk}/files/"
    pages = {"all files": at}
    for name, file in {
        "asks for jobs": asks_jobs, "asks for columns": columns, "previewed": errors,
        "brought in": done, "not used": refused,
    }.items():  # fmt: skip
        pages[name] = file.get_absolute_url()
    pages["columns of a list"] = f"{columns.get_absolute_url()}?list=bills"
    for name, path in pages.items():
        window.goto(path)
        walk.look(window, name)
    return walk


def test_axe_finds_nothing(walk):
    assert len(walk.walked) == 7
    assert not walk.axe, dict(walk.axe)


def test_nothing_scrolls_sideways_on_the_narrowest_screen(walk):
    assert not walk.sideways, dict(walk.sideways)


def test_the_browser_complains_of_nothing(walk):
    assert not walk.complaints, dict(walk.complaints)


def test_a_job_is_said_and_a_file_brought_in_by_keyboard(window, connection, builder):
    content = exports.b_bills(exports.b_bill(Job="Harbor View"))
    file = exports.uploaded(connection, content, by=builder.admin, name="keys.csv")

    window.goto(file.get_absolute_url())
    window.get_by_label("Harbor View").focus()
    window.keyboard.press("A")  # the first that begins so: "A new job"
    window.locator("#say-jobs").focus()
    window.keyboard.press("Enter")
    expect(window.get_by_text("Being read. You can leave")).to_be_visible()
    exports.worked(file)
    window.goto(file.get_absolute_url())
    window.locator("#bring-in").focus()
    window.keyboard.press("Enter")
    expect(window.get_by_text("You can leave; it goes on.")).to_be_visible()
    importing.work(file)

    assert SourceFile.objects.get(pk=file.pk).state == SourceFile.State.DONE
