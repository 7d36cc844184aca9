"""Fits the local ranker for vendors and projects on the labelled sets and writes its weights."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = (
        "Fit the local ranker for vendors and projects on the labelled sets, print how often it is "
        "right on rows and sources it was not fitted on, and write mapping/matching/weights.toml."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data", type=Path, default=settings.SHARED_DATA)
        parser.add_argument("--only", choices=["vendor", "project"], help="one kind")
        parser.add_argument("--words", action="store_true", help="count words anew first")
        parser.add_argument(
            "--left-out", action="store_true", help="also fit without each source and decide it so"
        )
        parser.add_argument("--dry-run", action="store_true", help="write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        data: Path = options["data"]
        if not (data / "vendors_h2b").is_dir():
            raise CommandError(f"The labelled sets are not in {data}. Say where with --data.")
        try:
            from mapping.training import training
        except ModuleNotFoundError as missing:
            raise CommandError(
                f"{missing.name} is not installed: training needs scikit-learn, which comes with "
                "the tools to develop with (requirements-dev.lock). Drafting does not need it."
            ) from missing
        for line in training.train(
            data,
            only=options["only"],
            words=options["words"],
            left_out=options["left_out"],
            write=not options["dry_run"],
        ):
            self.stdout.write(line)
