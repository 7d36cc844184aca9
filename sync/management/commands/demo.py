"""`make demo`: sandboxes, a company pulled from them, workers and the web server, until Ctrl-C."""

import signal
import time
from argparse import ArgumentParser
from contextlib import ExitStack
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from common.choices import Way
from connectors.seeding import pairs
from connectors.seeding.pairs import Pair
from sync.demo import checking, filing, processes, starting, waiting
from sync.demo import company as demo


class Command(BaseCommand):
    help = "Run everything on this machine with a demo company."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", choices=pairs.COMPANIES, default="demo")
        parser.add_argument("--pair", choices=sorted(pairs.PAIRS), default=str(pairs.FIRST))

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, processes.interrupt)
        with ExitStack() as stack:
            try:
                self._run(stack, options["seed"], pairs.PAIRS[options["pair"]])
            except KeyboardInterrupt:
                self.stdout.write("\nStopping …")

    def _run(self, stack: ExitStack, seed: str, pair: Pair) -> None:
        starting.prepare_database()
        server = starting.start_web(stack)
        starting.start_workers(stack)
        company = starting.begin(stack, seed, pair)
        (source, _), (ledger, _) = pair.systems
        self.stdout.write(f"Pulling from {ledger.label} and {source.label} …")
        self.stdout.flush()
        checking.pull_both(checking.Job(company, seed, pair, waiting.for_workers))
        demo.name_retainage_account(company)
        self._say_where(seed, pair)
        while server.poll() is None:
            time.sleep(1)

    def _say_where(self, seed: str, pair: Pair) -> None:
        address = f"{settings.PUBLIC_URL.rstrip('/')}/c/{pair.called(seed)}/"
        self.stdout.write(f"\nTieout runs at {address}\n\nSign in with one of these:\n")
        for login, name, role in demo.PEOPLE:
            self.stdout.write(f"  {login}@{seed}.example   {demo.PASSWORD}   {role.label}, {name}")
        (source, way), _ledger = pair.systems
        if way == Way.FILES:
            exports = settings.VAR_DIR / "exports"
            filing.lay_out(pairs.folder_of(seed, pair) / source, exports)
            self.stdout.write(f"\nExports of each family, to upload by hand: {exports}")
        self.stdout.write(
            f"\nThe ledger's books (sandbox): {starting.books_url(pair)}\n"
            "Start with the controller at Mappings. Stop with Ctrl-C; everything is kept.\n"
        )
        self.stdout.flush()
