"""Pictures of the demo company in the middle of its work: python -m tests.browser.pictures FOLDER

Everything is made anew in a database of its own, which is dropped afterwards.
"""

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import django

SIZES = {"1280": (1280, 900), "375": (375, 800)}


def main(folder):
    os.environ.setdefault("TEST_DATABASE", "test_pictures")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings_test")
    os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    django.setup()
    from django.db import connection
    from django.test.utils import setup_databases, setup_test_environment, teardown_databases

    setup_test_environment()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        take(folder)
    finally:
        be_alone(connection)
        teardown_databases(databases, verbosity=0)


def be_alone(connection):
    """The site's threads may hold on to the database, which is about to be dropped."""
    from tests.browser.builder import refuse_any_database_but_the_tests

    refuse_any_database_but_the_tests()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def take(folder):
    from playwright.sync_api import sync_playwright
    from pytest_django.live_server_helper import LiveServer

    from companies.models import Role
    from sync.demo import company as demo
    from tests.browser.conftest import ARGUMENTS, CHROMIUM, windows

    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        company = a_demo_company(stack)
        user = demo.person(company, Role.CONTROLLER)
        server = LiveServer("localhost")
        stack.callback(server.stop)
        chromium = stack.enter_context(sync_playwright()).chromium
        browser = chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        stack.callback(browser.close)
        page = stack.enter_context(windows(browser, server.url))(user)
        for name, path in scenes(company).items():
            for scheme in ("light", "dark"):
                for size, (width, height) in SIZES.items():
                    page.emulate_media(color_scheme=scheme)
                    page.set_viewport_size({"width": width, "height": height})
                    page.goto(path)
                    page.wait_for_load_state("networkidle")
                    page.screenshot(path=folder / f"{name}-{size}-{scheme}.png")


def a_demo_company(stack):
    """Pulled and drafted from the demo's own seed; the morning's decisions are made."""
    from django.conf import settings

    from common.choices import Side
    from companies.models import Role
    from connectors import registry
    from connectors.procore.sandbox import ProcoreSandbox
    from connectors.quickbooks_online.sandbox import QuickBooksOnlineSandbox
    from connectors.sandboxing import serve
    from mapping import drafting, publishing, reviewing, reviewing_many
    from sync import pulling, sending
    from sync.demo import company as demo
    from sync.models import Bill
    from sync.tests.world import World
    from tests.browser.builder import Settings, refuse_any_database_but_the_tests

    refuse_any_database_but_the_tests()
    seed, books = demo.seed_folder("demo"), Path(stack.enter_context(TemporaryDirectory()))
    changed = Settings(stack)
    changed.SENDING = {**settings.SENDING, "first_look": 0, "back_off": 0}
    procore = serve(ProcoreSandbox(seed=seed / "procore", books=books / "p"))
    stack.callback(procore.stop)
    ledger = serve(QuickBooksOnlineSandbox(seed=seed / "quickbooks_online", books=books / "q"))
    stack.callback(ledger.stop)
    changed.PROCORE = {**settings.PROCORE, "login_url": procore.url, "api_url": procore.url}
    changed.QUICKBOOKS_ONLINE = {
        **settings.QUICKBOOKS_ONLINE,
        "authorize_url": f"{ledger.url}/connect/oauth2",
        "token_url": f"{ledger.url}/oauth2/v1/tokens/bearer",
        "revoke_url": f"{ledger.url}/v2/oauth2/tokens/revoke",
        "api_url": ledger.url,
        "app_url": f"{ledger.url}/app",
    }
    company = demo.make("demo")
    worker, admin = object.__new__(World), demo.person(company, Role.ADMIN)
    for side in (Side.LEDGER, Side.SOURCE):
        connection = registry.live_connection(company, side)
        worker.finish_pull(pulling.start(connection, by=admin))
    for run in company.suggestion_runs.filter(state="waiting"):
        drafting.draft(run)
    demo.name_retainage_account(company)

    controller = demo.person(company, Role.CONTROLLER)
    sure = company.mappings.drafts().filter(confidence__gte=0.8)
    first = list(sure.exclude(kind="vendor").values_list("pk", flat=True))
    first += sure.filter(kind="vendor").order_by("pk").values_list("pk", flat=True)[:160]
    shown = company.mappings.filter(pk__in=first).versions()
    reviewing_many.accept_many(company, shown, by=controller)
    publishing.publish(company, by=controller)
    ready = list(Bill.objects.filter(company=company).sendable(company)[:5])
    for bill in ready:
        worker.work(sending.send(bill, by=controller), times=3)
    more = list(company.mappings.drafts().filter(kind="vendor").order_by("-confidence", "pk")[6:18])
    for mapping in more:
        reviewing.accept(mapping, by=controller)
    return company


def scenes(company):
    from sync.models import Push

    at = f"/c/{company.slug}"
    sent = Push.objects.filter(company=company, state="posted").select_related("bill").first()
    held = company.bills.filter(readiness="unmapped", fault="").order_by("-total").first()
    return {
        "review": f"{at}/mappings/vendors/",
        "publish": f"{at}/mappings/publish/",
        "bill": held.get_absolute_url(),
        **({"sent": sent.bill.get_absolute_url()} if sent else {}),
        "overview": f"{at}/",
        "hub": f"{at}/mappings/",
        "bills": f"{at}/bills/?tab=all",
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
