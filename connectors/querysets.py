"""Questions about mirrored rows."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db import models

from common.choices import RecordKind, Side

if TYPE_CHECKING:
    from connectors.models import Record  # noqa: F401  # named in the base class below


class Words(models.Func):
    """The words of a text as the database looks them up: `o'brien-2` is `obrien` and `2`.

    Written once, because an index serves only the very expression it was made of.
    """

    template = (
        "to_tsvector('simple', regexp_replace("
        "translate(%(expressions)s, U&'\\0027\\2019', ''), '[^[:alnum:]]+', ' ', 'g'))"
    )
    output_field = SearchVectorField()


class RecordQuerySet(models.QuerySet["Record"]):
    def on(self, side: Side) -> Self:
        return self.filter(connection__side=side).exclude(connection__state="disconnected")

    def of(self, *kinds: RecordKind) -> Self:
        return self.filter(kind__in=kinds)

    def usable(self) -> Self:
        """Rows that a document sent today may refer to."""
        return self.filter(is_active=True, is_selectable=True, gone_at=None)

    def with_words(self, beginnings: Iterable[str], *, all_of_them: bool = True) -> Self:
        """Rows with words that begin so: each of them, or any. Letters and digits only."""
        joint = " & " if all_of_them else " | "
        asked = joint.join(f"{each}:*" for each in beginnings)
        query = SearchQuery(asked, search_type="raw", config="simple")
        return self.alias(words=Words("search_text")).filter(words=query)
