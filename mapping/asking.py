"""The language model's side of a drafting run: its money, its memory, its log.

A call is counted in the database before it is made, under the lock of the company's month: two
workers cannot spend the same dollar, and a call that never comes back was made all the same.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, time
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum

from common import dates
from companies.models import Company
from mapping import calibrating
from mapping.matching.candidates import CandidateIndex
from mapping.matching.names import LEGAL_FORMS, Candidate, normalise
from mapping.matching.opinions import (
    Cost,
    Exchange,
    ModelConfig,
    Opinion,
    not_further,
    over_month,
    over_run,
)
from mapping.matching.questions import KINDS_WITH_CODES, LINE_KINDS, Answer, Example, Reason
from mapping.models import Kind, ModelAnswer, ModelExchange, ModelMonth, SuggestionRun

EXAMPLES: Final = 2  # a record
ALIKE: Final = 0.3  # cosine: an example that is less like the name teaches nothing about it
PAIRS_AT_MOST: Final = 5_000


class Asking:
    """The desk at which one run asks. Nothing is asked where no model is set up."""

    def __init__(self, run: SuggestionRun) -> None:
        self.run = run
        self.company: Company = run.company
        self.kind = Kind(run.kind)
        self.config = ModelConfig.from_settings(settings.AI)
        self.opinion = Opinion(self.config, self) if self.config else None
        self._exchange: ModelExchange | None = None  # counted, and not yet ended
        self._month: ModelMonth | None = None  # that it was counted in

    @property
    def notice(self) -> str:
        """Why the local ranker went on alone. Without a model it always works alone: no news."""
        return self.opinion.notice if self.opinion else ""

    @property
    def _model(self) -> ModelConfig:
        if self.config is None:
            raise RuntimeError("No language model is set up, so nothing can be asked of it.")
        return self.config

    # --- What it knows ----------------------------------------------------------------------------

    @cached_property
    def surest(self) -> float:
        return calibrating.surest(self.company, self.kind, self._model.model)

    @cached_property
    def hidden(self) -> tuple[str, ...]:
        """Whose books these are is nobody's business: our name, with and without its legal form."""
        words = self.company.name.split()
        while len(words) > 1 and words[-1].strip(".,").casefold() in LEGAL_FORMS:
            words.pop()
        return (self.company.name, " ".join(words).rstrip(","))

    def examples(self, source: Candidate) -> tuple[Example, ...]:
        """Pairs in force whose source reads like this one."""
        pairs, index = self._published
        found = index.find(source, limit=EXAMPLES)
        return tuple(pairs[each.position] for each in found if each.cosine >= ALIKE)

    @cached_property
    def _published(self) -> tuple[list[Example], CandidateIndex]:
        """Where both sides say the same there is nothing to learn."""
        rows = (
            self.company.mappings.in_force()
            .filter(kind=self.kind)
            .order_by("-pk")
            .values_list(
                "source_id", "source__code", "source__name", "target__name", "target__path"
            )[:PAIRS_AT_MOST]
        )
        pairs, sources = [], []
        for pk, code, name, target, path in rows:
            if normalise(name) == normalise(target):
                continue
            written = f"{code} {name}".strip() if self.kind in KINDS_WITH_CODES else name
            pairs.append(Example(written, (path or target) if self.kind in LINE_KINDS else target))
            sources.append(Candidate(pk, name, code=code))
        return pairs, CandidateIndex(sources, self.kind.value)

    def remembered(self, keys: Collection[str]) -> dict[str, Answer]:
        rows = self.company.model_answers.filter(key__in=keys)
        return {
            row.key: Answer(row.choice, row.confidence, Reason(row.reason), is_cached=True)
            for row in rows
        }

    # --- What it spends ---------------------------------------------------------------------------

    @transaction.atomic
    def refuses(self, cost: Cost) -> str:
        """Counted under lock before the call, as dear as it may become."""
        today = dates.today(self.company.settings.time_zone)
        months = self.company.model_months
        months.get_or_create(company=self.company, first_day=today.replace(day=1))
        month = months.select_for_update(of=("self",), no_key=True).get(
            first_day=today.replace(day=1)
        )
        used = Cost(month.tokens, month.cost_dollars)
        if why := over_run(self._spent() + cost, self._model) or over_month(
            used + cost, self._model
        ):
            return why
        if self._calls_on(today) >= self._model.calls_a_day:
            return not_further("the day's calls are used up")
        self._exchange = self.run.exchanges.create(
            company=self.company,
            model=self._model.model[:120],
            prompt="",
            tokens_in=cost.tokens,
            cost_dollars=cost.dollars,
        )
        self._month = month
        self._spend(cost, calls=1)
        return ""

    def _spent(self) -> Cost:
        """By this run so far, in all its goes."""
        found = self.run.exchanges.aggregate(
            tokens=Sum(F("tokens_in") + F("tokens_out"), default=0),
            dollars=Sum("cost_dollars", default=0),
        )
        return Cost(found["tokens"], found["dollars"])

    def _calls_on(self, day: date) -> int:
        zone = ZoneInfo(self.company.settings.time_zone)
        midnight = datetime.combine(day, time.min, tzinfo=zone)
        return self.company.model_exchanges.filter(at__gte=midnight).count()

    def _spend(self, cost: Cost, *, calls: int = 0) -> None:
        if self._month is None:
            raise RuntimeError("A call was not counted before it was made.")
        ModelMonth.objects.filter(pk=self._month.pk).update(
            calls=F("calls") + calls,
            tokens=F("tokens") + cost.tokens,
            cost_dollars=F("cost_dollars") + cost.dollars,
        )
        SuggestionRun.objects.filter(pk=self.run.pk).update(
            cost_dollars=F("cost_dollars") + cost.dollars
        )

    # --- What it keeps ----------------------------------------------------------------------------

    @transaction.atomic
    def keep(self, exchange: Exchange) -> None:
        """The call that was counted has ended: what it took in place of what it might have."""
        row, self._exchange = self._exchange, None
        if row is None:
            raise RuntimeError("A call has ended that was not counted.")
        self._spend(
            Cost(exchange.cost.tokens - row.tokens_in, exchange.cost.dollars - row.cost_dollars)
        )
        row.prompt, row.answer, row.error = exchange.prompt, exchange.answer, exchange.error
        row.records, row.answered = exchange.records, len(exchange.answers)
        row.tokens_in, row.tokens_out = exchange.tokens.read, exchange.tokens.written
        row.cost_dollars, row.duration_ms = exchange.cost.dollars, exchange.duration_ms
        row.save()
        # Another worker may have had the same answer: the first stands.
        ModelAnswer.objects.bulk_create(self._answers(row, exchange.answers), ignore_conflicts=True)

    def _answers(
        self, exchange: ModelExchange, answers: Mapping[str, Answer]
    ) -> Iterator[ModelAnswer]:
        for key, answer in answers.items():
            yield ModelAnswer(
                company=self.company,
                exchange=exchange,
                key=key,
                choice=answer.choice,
                confidence=answer.confidence,
                reason=answer.reason.value,
            )
