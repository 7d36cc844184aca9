"""The language model's side of a drafting run, where one is set up: its money and its log."""

from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from mapping.matching.opinions import Exchange, ModelConfig, Opinion
from mapping.models import ModelExchange, SuggestionRun

CALLS_A_DAY = 2000


class Asking:
    """The language model, where one is set up, with every exchange kept before it is made."""

    def __init__(self, run: SuggestionRun) -> None:
        self.run = run
        self._row: ModelExchange | None = None
        self._reported = Decimal(0)
        config = ModelConfig.from_settings(settings.AI)
        self.opinion = Opinion(config, record=self._keep, may_call=self._count) if config else None

    @property
    def notice(self) -> str:
        """Why the local ranker went on alone. Without a model it always works alone: no news."""
        return self.opinion.notice if self.opinion else ""

    def spent(self) -> Decimal:
        """Dollars since it was last asked for."""
        if self.opinion is None:
            return Decimal(0)
        more = self.opinion.spent - self._reported
        self._reported = self.opinion.spent
        return more

    def _count(self) -> bool:
        """Counted before the call: a call that never comes back was made all the same."""
        midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
        today = ModelExchange.objects.filter(company=self.run.company, at__gte=midnight).count()
        if today >= settings.AI.get("calls_a_day", CALLS_A_DAY):
            return False
        self._row = ModelExchange.objects.create(
            company=self.run.company, run=self.run, model=settings.AI["model"], prompt=""
        )
        return True

    def _keep(self, exchange: Exchange) -> None:
        row = self._row or ModelExchange(company=self.run.company, run=self.run)
        row.model, row.prompt, row.answer = exchange.model, exchange.prompt, exchange.answer
        row.error, row.duration_ms = exchange.error, exchange.duration_ms
        row.tokens_in, row.tokens_out = exchange.tokens_in, exchange.tokens_out
        row.cost_dollars = exchange.cost_dollars
        row.save()
        self._row = None
