"""Notices that a published target is no longer what was published, and when it is again."""

from collections.abc import Collection, Iterable
from functools import reduce
from operator import or_

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from audit import trail
from audit.models import Verb
from common.choices import RIDERS
from common.seen import fingerprint
from companies.models import Company
from mapping import publishing, successors
from mapping.models import CONFIRMABLE, Mapping
from mapping.signals import mappings_changed
from mapping.successors import Heir, what_is_stale

Stale = Mapping.Stale
# What a row that comes later in the list may explain: its winner, or itself under a new id.
UNEXPLAINED = (Stale.INACTIVE, Stale.GONE, Stale.MERGED, Stale.RECREATED)


@transaction.atomic
def look_again(company: Company, target_ids: Collection[int] | None = None) -> list[Mapping]:
    """Compare published mappings with their targets of now; those that have news.

    Called with the targets that a pull changed, or for all after a setting was. Waits for
    the company's lock, so that a publication under way is either seen here or sees the list.
    """
    publishing.lock_company(company)
    rows = company.mappings.published().with_records()
    if target_ids is not None:
        ids = list(target_ids)
        rides = reduce(or_, (Q(**{f"{name}_id__in": ids}) for name in RIDERS))
        rows = rows.filter(Q(target_id__in=ids) | rides | Q(stale__in=UNEXPLAINED))
    words = _words(company, rows)
    changed = [row.pk for row, word, _heir in words if _is_news(word, row)]
    if not changed:
        return []
    found = list(
        company.mappings.published()
        .with_records()
        .select_related("target__connection")
        .filter(pk__in=changed)
        .order_by("pk")
        .select_for_update(of=("self",))
    )
    went = {value: [] for value in ["", *Stale.values]}  # type: dict[str, list[Mapping]]
    lines: dict[Verb, list[trail.Change]] = {Verb.WENT_STALE: [], Verb.CAME_BACK: []}
    for row, word, heir in _words(company, found):
        before = {**row.as_values(), "stale": row.stale}
        row.stale = word
        if word in CONFIRMABLE:
            row.renamed_to = _as_it_is(row)
        row.version += 1
        went[word].append(row)
        after = {**row.as_values(), "stale": word}
        verb = Verb.WENT_STALE if word else Verb.CAME_BACK
        lines[verb].append(trail.Change(row, before, after, reason=successors.sentence(row, heir)))
    for word, those in went.items():
        company.mappings.filter(pk__in=[row.pk for row in those]).update(
            stale=word, version=F("version") + 1, updated_at=timezone.now()
        )
    renamed = [row for word in CONFIRMABLE for row in went[word]]
    company.mappings.bulk_update(renamed, ["renamed_to"], batch_size=1000)
    for verb, changes in lines.items():
        trail.record_all(verb, changes, by=None)
    mappings_changed.send(
        Mapping, company=company, sources=[row.source_id for row in found], publication=None
    )
    return found


def _words(company: Company, mappings: Iterable[Mapping]) -> list[tuple[Mapping, str, Heir | None]]:
    """Each with what is wrong with it now, and who took its target's place."""
    rows = list(mappings)
    heirs = successors.heirs(company, rows)
    return [
        (row, what_is_stale(row, company.settings, heirs.get(row.pk)), heirs.get(row.pk))
        for row in rows
    ]


def _is_news(word: str, mapping: Mapping) -> bool:
    """Is it not what is known, or anything else than what somebody may be looking at?"""
    if word in CONFIRMABLE and word == mapping.stale:
        return _as_it_is(mapping) != mapping.renamed_to
    return word != mapping.stale


def _as_it_is(mapping: Mapping) -> str:
    """All that confirming would put in force, short."""
    target = mapping.target
    label, kind = (target.label, target.type) if target else ("", "")
    return fingerprint([(label, kind, mapping.riding_label)])
