"""`make matrix`: the main job between every source and every ledger, and a line for each."""

import signal
from argparse import ArgumentParser
from contextlib import ExitStack
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from companies.models import Company
from connectors.seeding import pairs
from sync.demo import company as demo
from sync.demo import matrix, processes, starting, waiting
from sync.demo.checking import Job


class Command(BaseCommand):
    help = "Run the main job over real HTTP in every cell, with real workers; print a table."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", choices=pairs.COMPANIES, default="tiny")
        parser.add_argument("--pair", choices=sorted(pairs.PAIRS), help="only this cell")

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, processes.interrupt)
        wanted = [options["pair"]] if options["pair"] else list(pairs.PAIRS)
        self._say(matrix.HEAD)
        with ExitStack() as stack:
            starting.prepare_database()
            starting.start_web(stack)
            starting.start_workers(stack)
            cells = [self._run(options["seed"], pairs.PAIRS[name]) for name in wanted]
        well = sum(cell.is_well for cell in cells)
        self._say(f"{well} of {len(cells)} cells are well.")
        if well < len(cells):
            raise CommandError("Not every cell is well.")

    def _run(self, seed: str, pair: pairs.Pair) -> matrix.Cell:
        """On new books and as a new company, so that a cell that ran before changes nothing."""
        with ExitStack() as stack:
            called = pair.called(seed)
            before = Company.objects.filter(slug__startswith=called).count()
            company = starting.begin(stack, seed, pair, f"{called}-{before + 1}")
            job = Job(company, seed, pair, waiting.for_workers)
            cell = matrix.run(job)
            self._say(str(cell))
            demo.untie(company)
        return cell

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
