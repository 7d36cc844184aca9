"""Serve the sandboxes of two systems where the settings expect the real ones."""

import signal
import threading
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from connectors.buildertrend.sandbox import REAL_PACE as BUILDERTRENDS_PACE
from connectors.buildertrend.sandbox import BuildertrendSandbox
from connectors.procore.sandbox import REAL_PACE, ProcoreSandbox
from connectors.quickbooks_desktop.sandbox import QuickBooksDesktopSandbox
from connectors.quickbooks_online.sandbox import QuickBooksOnlineSandbox
from connectors.sage_intacct.sandbox import SageIntacctSandbox
from connectors.sandboxing import Sandbox, Served, serve
from connectors.seeding import pairs

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# A real Web Connector is told by its file to wait minutes; nobody watches a demo for so long.
CALLS_EVERY = 5.0  # seconds
# Name of the folder in a seed, the class, and where our settings say that the system is.
SANDBOXES: tuple[tuple[str, Callable[..., Sandbox], dict[str, str]], ...] = (
    ("procore", ProcoreSandbox, settings.PROCORE),
    ("buildertrend", BuildertrendSandbox, settings.BUILDERTREND),
    ("quickbooks_online", QuickBooksOnlineSandbox, settings.QUICKBOOKS_ONLINE),
    (
        "quickbooks_desktop",
        partial(QuickBooksDesktopSandbox, calls_every=CALLS_EVERY),
        settings.QUICKBOOKS_DESKTOP,
    ),
    ("sage_intacct", SageIntacctSandbox, settings.SAGE_INTACCT),
)
REAL_PACES = {"procore": REAL_PACE, "buildertrend": BUILDERTRENDS_PACE}
# What a system knows us by, each in its own words.
REGISTRATION = ("client_id", "client_secret", "sender_id", "sender_password")


def address_of(where: Mapping[str, str]) -> str:
    """A system that calls us has no address of its own, only the sandbox's console has."""
    return where.get("sandbox_url") or where["api_url"]


class Command(BaseCommand):
    help = "Serves the sandboxes of a pair where the settings expect them, until stopped."
    requires_system_checks = ()  # it needs no page and no database

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", choices=pairs.COMPANIES, default="demo")
        parser.add_argument("--pair", choices=sorted(pairs.PAIRS), default=str(pairs.FIRST))
        parser.add_argument("--books", type=Path, help="folder of the books; var/sandbox/<seed>")
        parser.add_argument(
            "--real-pace",
            action="store_true",
            help="refuse calls as early as the real ones, Procore after 25 in ten seconds",
        )

    def handle(
        self, *, seed: str, pair: str, books: Path | None, real_pace: bool = False, **_options: Any
    ) -> None:
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_args: stopped.set())
        between = pairs.PAIRS[pair]
        folder = books or settings.VAR_DIR / "sandbox" / between.called(seed)
        served: list[Served] = []
        try:
            company = pairs.folder_of(seed, between)
            for name, kind, where in self._in_seed(company):
                pace = REAL_PACES.get(name, {}) if real_pace else {}
                served.append(self._serve(name, partial(kind, **pace), where, company, folder))
            stopped.wait()
        finally:
            for one in served:
                one.stop()

    def _in_seed(self, seed: Path) -> list[tuple[str, Callable[..., Sandbox], dict[str, str]]]:
        """The systems that a seed has a folder for; the others are not served."""
        found = [each for each in SANDBOXES if (seed / each[0]).is_dir()]
        if not found:
            raise CommandError(f"The seed has no system in it. Looked in {seed}.")
        return found

    def _serve(
        self,
        name: str,
        kind: Callable[..., Sandbox],
        where: dict[str, str],
        seed: Path,
        books: Path,
    ) -> Served:
        url = address_of(where)
        address = urlsplit(url)
        if address.hostname not in LOOPBACK or address.port is None:
            raise CommandError(
                f"The settings name {url} for {name}: that is not a loopback address "
                "with a port, so there is nothing to imitate."
            )
        # The registration that our own settings use, so that any of them signs in.
        sandbox = kind(
            seed=seed / name,
            books=books / f"{name}.sqlite",
            **{part: where[part] for part in REGISTRATION if part in where},
        )
        try:
            served = serve(sandbox, address.port)
        except SystemExit as error:  # the server's own way of saying so
            raise CommandError(
                f"Port {address.port} is taken. Does a sandbox run there?"
            ) from error
        self.stdout.write(f"{name} sandbox: {served.url}, books in {books / f'{name}.sqlite'}")
        self.stdout.flush()
        return served
