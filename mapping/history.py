"""What happened to one record's mapping, in words: from the trail and from what was found."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.db.models import Q
from django.urls import reverse

from audit.models import Entry, Verb
from common.templatetags.format import confidence_percent
from companies.models import Company
from connectors.models import Record
from mapping.models import Mapping, Suggestion, act_of

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
    url: str = ""  # the publication that this was part of


class Timeline:
    """All that happened to one record, newest first; read a slice at a time.

    What the machine found stands beside the draft it made of it; where it found the same again, or
    nothing sure enough, that is an event of its own. Notes from before there was a mapping are
    told on the record itself.
    """

    def __init__(self, company: Company, source: Record, mapping: Mapping | None) -> None:
        self.company, self.source, self.mapping = company, source, mapping

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, wanted: slice) -> list[Event]:
        return [
            self._told(thing, self._made.get(thing.act))
            if isinstance(thing, Entry)
            else _looked(thing)
            for _at, _is_line, _pk, thing in self._keys[wanted]
        ]

    @cached_property
    def _made(self) -> dict[UUID | None, Suggestion]:
        """The suggestion of each run, by the act under which the run wrote its lines."""
        return {act_of(each.run_id): each for each in self._found}

    @cached_property
    def _found(self) -> list[Suggestion]:
        return list(
            Suggestion.objects.filter(company=self.company, source=self.source)
            .select_related("target", "run")
            .defer("candidates", "target__payload", "target__search_text")
        )

    @cached_property
    def _keys(self) -> list[tuple[datetime, bool, int, Entry | Suggestion]]:
        """When, whether it is a line of the trail, its id, and the thing itself."""
        told_of = Q(object_type=Record._meta.label_lower, object_id=self.source.pk)
        if self.mapping is not None:
            told_of |= Q(object_type=Mapping._meta.label_lower, object_id=self.mapping.pk)
        lines = list(Entry.objects.filter(told_of, company=self.company))
        acts = {line.act for line in lines if line.act}
        keys: list[tuple[datetime, bool, int, Entry | Suggestion]] = [
            (line.at, True, line.pk, line) for line in lines
        ]
        keys += [
            (each.run.created_at, False, each.pk, each)
            for each in self._found
            if act_of(each.run_id) not in acts
        ]
        return sorted(keys, key=lambda key: key[:3], reverse=True)

    @cached_property
    def _publications(self) -> dict[int, int]:
        """The number of each publication of this mapping, by the version it froze."""
        if self.mapping is None:
            return {}
        lines = self.mapping.publication_lines.values_list("mapping_version", "publication__number")
        return dict(lines)

    def _told(self, line: Entry, found: Suggestion | None) -> Event:
        note = line.reason
        if found is not None and line.verb == Verb.DRAFTED:
            note = " · ".join(part for part in (note, _evidence(found)) if part)
        url = ""
        if line.verb in (Verb.PUBLISHED, Verb.CONFIRMED):
            number = self._publications.get((line.after or {}).get("version", 0))
            place = [self.company.slug, number]
            url = reverse("mapping:publication", args=place) if number else ""
        return Event(line.at, line.who, _words(line), note, TONES.get(Verb(line.verb), ""), url)


def _looked(found: Suggestion) -> Event:
    """The machine looked and changed nothing."""
    best = f"Found again: {found.target.label}" if found.target else "Found nothing sure enough"
    return Event(found.run.created_at, "Drafting", best, _evidence(found), "draft")


def _evidence(found: Suggestion) -> str:
    """ "98%, same name but for the legal form; local ranker, run 12" """
    share = f"{confidence_percent(found.confidence)}" if found.confidence is not None else ""
    ranker = "local ranker" if found.ranker == "local" else found.ranker
    said = ", ".join(part for part in (share, found.reason) if part)
    return f"{said}; {ranker}, run {found.run_id}" if said else f"{ranker}, run {found.run_id}"


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
