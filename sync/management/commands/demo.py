"""`make demo`: sandboxes, a company pulled from them, workers and the web server, until Ctrl-C."""

import signal
import sys
import time
from argparse import ArgumentParser
from contextlib import ExitStack
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from sync.demo import company as demo
from sync.demo import processes
from sync.demo.checking import prepare, pull_both


class Command(BaseCommand):
    help = "Run everything on this machine with a demo company."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", choices=["demo", "real"], default="demo")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        seed, address = options["seed"], f"http://localhost:{options['port']}"
        signal.signal(signal.SIGTERM, processes.interrupt)
        call_command("collectstatic", interactive=False, verbosity=0)
        logs = settings.VAR_DIR / "log"
        processes.refuse_a_taken_port(f"http://127.0.0.1:{options['port']}", name="the web server")
        with ExitStack() as stack:
            company = prepare(stack, seed)
            self.stdout.write("Pulling from Procore and QuickBooks …")
            pull_both(company)
            demo.name_retainage_account(company)
            server = stack.enter_context(
                processes.run_program(
                    [
                        sys.executable, "-m", "gunicorn", "config.wsgi",
                        "--bind", f"127.0.0.1:{options['port']}",
                        "--workers", "2", "--threads", "4", "--worker-class", "gthread",
                    ],
                    log=logs / "web.log",
                )
            )  # fmt: skip
            processes.wait_for_port(
                f"http://127.0.0.1:{options['port']}", server, name="The web server",
                log=logs / "web.log",
            )  # fmt: skip
            self._say_where(address, seed)
            try:
                while server.poll() is None:
                    time.sleep(1)
            except KeyboardInterrupt:
                self.stdout.write("\nStopping …")

    def _say_where(self, address: str, seed: str) -> None:
        self.stdout.write(f"\nTieout runs at {address}/c/{seed}/\n\nSign in with one of these:\n")
        for login, name, role in demo.PEOPLE:
            self.stdout.write(f"  {login}@{seed}.example   {demo.PASSWORD}   {role.label}, {name}")
        self.stdout.write(
            f"\nThe ledger's books (sandbox, read only): {settings.QUICKBOOKS_ONLINE['app_url']}\n"
            "Start with the controller at Mappings. Stop with Ctrl-C; everything is kept.\n"
        )
        self.stdout.flush()
