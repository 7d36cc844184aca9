"""What happened to one record's mapping, in words, from the trail."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from audit.models import Entry, Verb
from companies.models import Company
from connectors.models import Record
from mapping.models import Mapping

SHOWN = 50
TONES = {
    Verb.PUBLISHED: "ok",
    Verb.CONFIRMED: "ok",
    Verb.CAME_BACK: "ok",
    Verb.ACCEPTED: "warn",
    Verb.OVERRODE: "warn",
    Verb.DRAFTED: "draft",
    Verb.WENT_STALE: "bad",
    Verb.UNPUBLISHED: "bad",
}
# Told by their reason, which stands beside them.
ALONE = {
    Verb.COMMENTED: "Wrote a note",
    Verb.WENT_STALE: "Changed in the ledger",
    Verb.CAME_BACK: "As it was published again",
}


@dataclass(frozen=True)
class Event:
    at: datetime
    who: str
    text: str
    note: str
    tone: str


def of_record(
    company: Company, source: Record, mapping: Mapping | None, limit: int = SHOWN
) -> list[Event]:
    """Newest first. Notes from before there was a mapping are told on the record itself."""
    told_of = Q(object_type=Record._meta.label_lower, object_id=source.pk)
    if mapping is not None:
        told_of |= Q(object_type=Mapping._meta.label_lower, object_id=mapping.pk)
    lines = Entry.objects.filter(told_of, company=company).order_by("-id")[:limit]
    return [
        Event(line.at, line.who, _words(line), line.reason, TONES.get(Verb(line.verb), ""))
        for line in lines
    ]


def _words(line: Entry) -> str:
    before = (line.before or {}).get("target_name")
    after = (line.after or {}).get("target_name")
    verb = line.get_verb_display().capitalize()
    if line.verb in ALONE:
        return ALONE[Verb(line.verb)]
    if before and after and before != after:
        return f"{verb}: {before} → {after}"
    if before and line.verb in (Verb.UNDID, Verb.DRAFTED):
        return f"{verb}: {before} → {after or 'nothing'}"
    return f"{verb}: {after or before}" if after or before else verb
