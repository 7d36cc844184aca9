"""`make demo-check`: the whole main job without a browser, and one JSON object of what came out."""

import json
import signal
import time
from argparse import ArgumentParser
from contextlib import ExitStack
from typing import Any

from django.core.management.base import BaseCommand

from sync.demo import checking, processes


class Command(BaseCommand):
    help = "Pull, draft, publish, send and read back a demo company; print JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", choices=["demo", "real"], default="demo")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        # Asked to stop, it takes its sandboxes and workers with it.
        signal.signal(signal.SIGTERM, processes.interrupt)
        with ExitStack() as stack:
            company = checking.prepare(stack, options["seed"])
            result = checking.check(company, options["seed"])
        result["seconds"] = round(time.monotonic() - started, 1)
        self.stdout.write(json.dumps(result, indent=2))
