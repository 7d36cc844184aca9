"""Everything a demo needs around it: database, sandboxes, workers, and a web server for callers."""

import subprocess
import sys
from contextlib import ExitStack
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from common.choices import System, Way
from companies.models import Company
from connectors.management.commands.sandbox import SANDBOXES, address_of
from connectors.seeding import pairs, real
from connectors.seeding.pairs import Pair
from sync.demo import company as demo
from sync.demo import processes, tying


def prepare(stack: ExitStack, seed: str, pair: Pair) -> Company:
    """All of it, and the company with its connections."""
    prepare_database()
    if any(way == Way.CONNECTOR_FILE for _system, way in pair.systems):
        start_web(stack)
    start_workers(stack)
    return begin(stack, seed, pair)


def prepare_database() -> None:
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)


def begin(stack: ExitStack, seed: str, pair: Pair, slug: str = "") -> Company:
    """The sandboxes of one pair, and the company that is tied to them.

    Under another `slug` than the usual one, both are others too.
    """
    slug = slug or pair.called(seed)
    try:
        folder = pairs.put_down(seed, pair)
    except real.DataMissing as missing:
        raise CommandError(str(missing)) from missing
    log = settings.VAR_DIR / "log" / "sandbox.log"
    urls = {
        f"the sandbox of {name.replace('_', ' ')}": address_of(where)
        for name, _kind, where in SANDBOXES
        if (folder / name).is_dir()
    }
    for name, url in urls.items():
        processes.refuse_a_taken_port(url, name=name)
    books = settings.VAR_DIR / "sandbox" / slug
    sandboxes = stack.enter_context(
        processes.running(
            "sandbox", "--seed", seed, "--pair", str(pair), "--books", str(books), log=log
        )
    )
    for name, url in urls.items():
        processes.wait_for_port(url, sandboxes, name=name, log=log)
    return demo.make(seed, pair, slug)


def start_workers(stack: ExitStack) -> None:
    stack.enter_context(processes.running("work", log=settings.VAR_DIR / "log" / "work.log"))


def start_web(stack: ExitStack) -> subprocess.Popen[bytes]:
    """Serve our pages where settings.PUBLIC_URL says that we are, which a connector file names."""
    call_command("collectstatic", interactive=False, verbosity=0)
    log = settings.VAR_DIR / "log" / "web.log"
    url = f"http://127.0.0.1:{urlsplit(settings.PUBLIC_URL).port}"
    processes.refuse_a_taken_port(url, name="the web server")
    server = stack.enter_context(
        processes.run_program(
            [
                sys.executable, "-m", "gunicorn", "config.wsgi",
                "--bind", urlsplit(url).netloc,
                "--workers", "2", "--threads", "4", "--worker-class", "gthread",
            ],
            log=log,
        )
    )  # fmt: skip
    processes.wait_for_port(url, server, name="The web server", log=log)
    return server


def books_url(pair: Pair) -> str:
    """Where a person sees what the ledger's sandbox holds: its pages, or its console's bills."""
    _source, (ledger, _way) = pair.systems
    if ledger == System.QUICKBOOKS_ONLINE:
        return str(settings.QUICKBOOKS_ONLINE["app_url"])
    return tying.console(ledger, "bills")
