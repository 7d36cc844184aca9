"""Entry points for the queue. Each may run twice and does its work once."""

from mapping import drafting, importing
from mapping.models import MappingFile, SuggestionRun


def draft(run_id: int) -> None:
    drafting.draft(SuggestionRun.objects.select_related("company__settings").get(pk=run_id))


def apply_file(file_id: int) -> None:
    importing.apply(MappingFile.objects.select_related("company", "applied_by").get(pk=file_id))
