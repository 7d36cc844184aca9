"""Entry points for the queue. Each may run twice and does its work once."""

from mapping import drafting
from mapping.models import SuggestionRun


def draft(run_id: int) -> None:
    drafting.draft(SuggestionRun.objects.select_related("company__settings").get(pk=run_id))
