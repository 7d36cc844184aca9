"""Builds a company for the sandboxes as a folder of CSV files."""

import argparse
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from connectors.seeding import demo, real, writing


class Command(BaseCommand):
    help = "Write the seed of a company: demo (invented, committed) or real (from the shared data)."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("company", choices=["demo", "real"])
        parser.add_argument("--out", type=Path, help="folder to write to")
        parser.add_argument(
            "--data",
            type=Path,
            default=settings.SHARED_DATA,
            help="the shared data folder, needed for real (or set SHARED_DATA)",
        )

    def handle(self, *args: object, **options: object) -> None:
        company, data = options["company"], Path(str(options["data"]))
        try:
            seed = demo.build() if company == "demo" else real.build(data)
        except real.DataMissing as missing:
            raise CommandError(str(missing)) from missing
        folder = Path(str(options["out"] or settings.SEEDS[str(company)]))
        writing.write(seed, folder)
        vendors = len(seed.procore.vendors), len(seed.quickbooks_online.vendors)
        self.stdout.write(
            f"Wrote {company} to {folder}: {vendors[0]} vendors on the construction side,"
            f" {vendors[1]} in the ledger, {len(seed.procore.requisitions)} requisitions,"
            f" {len(seed.procore.direct_costs)} direct costs."
        )
