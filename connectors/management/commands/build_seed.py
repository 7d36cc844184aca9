"""Builds a company for the sandboxes as a folder of CSV files."""

import argparse
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from connectors.seeding import pairs, real


class Command(BaseCommand):
    help = "Write a company's seed for two systems; demo is committed as the first pair holds it."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("company", choices=pairs.COMPANIES)
        parser.add_argument("--pair", choices=sorted(pairs.PAIRS), default=str(pairs.FIRST))
        parser.add_argument("--out", type=Path, help="folder to write to")
        parser.add_argument(
            "--data",
            type=Path,
            default=settings.SHARED_DATA,
            help="the shared data folder, needed for real (or set SHARED_DATA)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        company, pair = options["company"], pairs.PAIRS[options["pair"]]
        try:
            seed = pairs.build(company, options["data"])
        except real.DataMissing as missing:
            raise CommandError(str(missing)) from missing
        folder = options["out"] or pairs.folder_of(company, pair)
        pairs.write(seed, pair, folder)
        vendors = len(seed.procore.vendors), len(seed.quickbooks_online.vendors)
        self.stdout.write(
            f"Wrote {company} for {pair} to {folder}: {vendors[0]} vendors on the construction"
            f" side, {vendors[1]} in the ledger, {len(seed.procore.requisitions)} requisitions,"
            f" {len(seed.procore.direct_costs)} direct costs."
        )
