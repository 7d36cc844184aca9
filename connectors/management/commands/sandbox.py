"""Serve the sandboxes where the settings expect the real systems."""

import signal
import threading
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from connectors.procore.sandbox import REAL_PACE, ProcoreSandbox
from connectors.quickbooks_online.sandbox import QuickBooksOnlineSandbox
from connectors.sandboxing import Sandbox, Served, serve

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# Name of the folder in a seed, the class, and where our settings say that the system is.
SANDBOXES: tuple[tuple[str, Callable[..., Sandbox], dict[str, str]], ...] = (
    ("procore", ProcoreSandbox, settings.PROCORE),
    ("quickbooks_online", QuickBooksOnlineSandbox, settings.QUICKBOOKS_ONLINE),
)


class Command(BaseCommand):
    help = "Serves a sandbox of every system where the settings expect it, until stopped."
    requires_system_checks = ()  # it needs no page and no database

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", choices=["demo", "real"], default="demo")
        parser.add_argument("--books", type=Path, help="folder of the books; var/sandbox/<seed>")

        parser.add_argument(
            "--real-pace",
            action="store_true",
            help="let Procore refuse calls as early as the real one: 25 in ten seconds",
        )

    def handle(
        self, *, seed: str, books: Path | None, real_pace: bool = False, **_options: Any
    ) -> None:
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_args: stopped.set())
        folder = books or settings.VAR_DIR / "sandbox" / seed
        served: list[Served] = []
        try:
            for name, kind, where in SANDBOXES:
                pace = REAL_PACE if real_pace and kind is ProcoreSandbox else {}
                served.append(
                    self._serve(name, partial(kind, **pace), where, settings.SEEDS[seed], folder)
                )
            stopped.wait()
        finally:
            for one in served:
                one.stop()

    def _serve(
        self,
        name: str,
        kind: Callable[..., Sandbox],
        where: dict[str, str],
        seed: Path,
        books: Path,
    ) -> Served:
        if not (seed / name).is_dir():
            raise CommandError(f"The seed has no folder {name}. Looked in {seed}.")
        address = urlsplit(where["api_url"])
        if address.hostname not in LOOPBACK or address.port is None:
            raise CommandError(
                f"The settings name {where['api_url']} for {name}: that is not a loopback address "
                "with a port, so there is nothing to imitate."
            )
        # The registration that our own settings use, so that any of them signs in.
        sandbox = kind(
            seed=seed / name,
            books=books / f"{name}.sqlite",
            client_id=where["client_id"],
            client_secret=where["client_secret"],
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
