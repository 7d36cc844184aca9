"""How often drafts are right on files with known answers: the code that drafts, nothing learned."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from common.errors import AppError
from mapping import evaluating
from mapping.matching.opinions import ModelConfig, Opinion
from mapping.models import Kind

EVALUATED = [kind.value for kind in Kind if kind not in (Kind.OVERRIDE, Kind.DEFAULT)]


class Command(BaseCommand):
    help = (
        "Draft SOURCE.csv against TARGET.csv at the thresholds a new company starts with and say "
        "how often that is right. Reads only the files; keeps nothing."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path, help="the construction side: id, name, …")
        parser.add_argument("target", type=Path, help="the accounting side: id or key, name, …")
        parser.add_argument("--kind", choices=EVALUATED, required=True)
        answers = parser.add_mutually_exclusive_group()
        answers.add_argument("--truth", type=Path, help="a_id,b_id; empty: no answer; x/y: either")
        answers.add_argument("--gold", help="the column of SOURCE.csv that names the right target")
        parser.add_argument("--ranker", choices=["local", "model"], default="local")
        parser.add_argument("--wrong", action="store_true", help="list the wrong and the missed")
        parser.add_argument("--json", action="store_true", help="one JSON object on the last line")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            labelled = evaluating.load(
                Kind(options["kind"]),
                options["source"],
                options["target"],
                truth=options["truth"],
                gold=options["gold"],
            )
        except AppError as failure:
            raise CommandError(str(failure)) from failure
        opinion = _opinion() if options["ranker"] == "model" else None
        result, judged = evaluating.evaluate(labelled, opinion=opinion)
        result["ranker"] = opinion.name if opinion else "local"
        if opinion is not None:
            result["notice"], result["dollars"] = opinion.notice, float(opinion.spent.dollars)
        if options["wrong"]:
            self._list_the_wrong(labelled, judged)
        if options["json"]:
            self.stdout.write(json.dumps(result))
            return
        for name, value in result.items():
            if name != "calibration":
                self.stdout.write(f"{name.replace('_', ' '):28} {value}")
        for each in result.get("calibration", ()):
            self.stdout.write(
                f"  confidence {each['from']:.3f} to {each['to']:.3f}: {each['rows']} rows, "
                f"said {each['said']:.3f}, right {each['right']:.3f}"
            )

    def _list_the_wrong(
        self, labelled: evaluating.Labelled, judged: list[evaluating.Judged]
    ) -> None:
        names = {each.key: each.path or each.name for each in labelled.targets}
        for each in judged:
            if each.verdict not in ("wrong", "missed"):
                continue
            right = (labelled.right or {}).get(each.source.key, frozenset())
            drafted = each.drafted or each.best
            self.stdout.write(
                f"{each.verdict}: {each.source.code} {each.source.name} {each.source.type} → "
                f"{names[drafted.key] if drafted else '–'} ({each.confidence:.3f}, {each.reason}); "
                f"right: {' / '.join(names[key] for key in sorted(right)) or 'none'}"
            )


def _opinion() -> Opinion:
    """The model that is set up, asked within the limits of one run."""
    config = ModelConfig.from_settings(settings.AI)
    if config is None:
        raise CommandError("No language model is set up. Set AI_MODEL, or use --ranker local.")
    return Opinion(config)
