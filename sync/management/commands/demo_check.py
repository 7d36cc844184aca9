"""`make demo-check`: the whole main job without a browser, and one JSON object of what came out."""

import json
import signal
import time
from argparse import ArgumentParser
from contextlib import ExitStack
from typing import Any

from django.core.management.base import BaseCommand

from connectors.seeding import pairs
from sync.demo import checking, processes, starting, waiting


class Command(BaseCommand):
    help = "Pull, draft, publish, send and read back a demo company; print JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", choices=pairs.COMPANIES, default="demo")
        parser.add_argument("--pair", choices=sorted(pairs.PAIRS), default=str(pairs.FIRST))

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        # Asked to stop, it takes its sandboxes and workers with it.
        signal.signal(signal.SIGTERM, processes.interrupt)
        seed, pair = options["seed"], pairs.PAIRS[options["pair"]]
        with ExitStack() as stack:
            company = starting.prepare(stack, seed, pair)
            job = checking.Job(company, seed, pair, waiting.for_workers)
            result = {"seed": seed, "pair": str(pair), **checking.check(job)}
        result["seconds"] = round(time.monotonic() - started, 1)
        self.stdout.write(json.dumps(result, indent=2))
