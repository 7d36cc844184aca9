"""Notices that a published target is no longer what was published, and when it is again."""

from collections.abc import Collection

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from audit import trail
from audit.models import Verb
from companies.models import Company, CompanySettings
from mapping import publishing, targets
from mapping.models import Kind, Mapping, target_kinds
from mapping.signals import mappings_changed

Stale = Mapping.Stale


@transaction.atomic
def look_again(company: Company, target_ids: Collection[int] | None = None) -> list[Mapping]:
    """Compare published mappings with their targets of now; those that have news.

    Called with the targets that a pull changed, or for all after a setting was. Waits for
    the company's lock, so that a publication under way is either seen here or sees the list.
    """
    publishing.lock_company(company)
    rows = company.mappings.published().with_records()
    if target_ids is not None:
        rows = rows.filter(target_id__in=list(target_ids))
    changed = [row.pk for row in rows if _is_news(what_is_stale(row, company.settings), row)]
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
    for row in found:
        word = what_is_stale(row, company.settings)
        before = {**row.as_values(), "stale": row.stale}
        row.stale = word
        if word == Stale.RENAMED and row.target is not None:
            row.renamed_to = row.target.label
        row.version += 1
        went[word].append(row)
        after = {**row.as_values(), "stale": word}
        verb = Verb.WENT_STALE if word else Verb.CAME_BACK
        lines[verb].append(trail.Change(row, before, after, reason=sentence(row)))
    for word, those in went.items():
        company.mappings.filter(pk__in=[row.pk for row in those]).update(
            stale=word, version=F("version") + 1, updated_at=timezone.now()
        )
    company.mappings.bulk_update(went[Stale.RENAMED], ["renamed_to"], batch_size=1000)
    for verb, changes in lines.items():
        trail.record_all(verb, changes, by=None)
    mappings_changed.send(
        Mapping, company=company, sources=[row.source_id for row in found], publication=None
    )
    return found


def _is_news(word: str, mapping: Mapping) -> bool:
    """Is it not what is known, or a name other than the one somebody may be looking at?"""
    if word == Stale.RENAMED == mapping.stale and mapping.target is not None:
        return mapping.target.label != mapping.renamed_to
    return word != mapping.stale


def what_is_stale(mapping: Mapping, settings: CompanySettings) -> str:
    """Why a published mapping no longer holds; blank while it does."""
    target = mapping.target
    if target is None or target.gone_at is not None:
        return Stale.GONE
    if not target.is_active:
        return Stale.INACTIVE
    if not target.is_selectable or target.kind not in target_kinds(Kind(mapping.kind), settings):
        return Stale.WRONG_KIND
    if target.label != mapping.published_label:
        return Stale.RENAMED
    return ""


def sentence(mapping: Mapping) -> str:
    """ "Delta Drywall was renamed in QuickBooks: it is Delta Drywall Inc now." """
    if mapping.target is None:
        return "Its target is no longer there."
    system = targets.system_name(mapping.target.connection)
    name = mapping.published_label
    if not mapping.stale:
        return f"{name} is in {system} again as it was published."
    if mapping.stale == Stale.RENAMED:
        return f"{name} was renamed in {system}: it is {mapping.target.label} now."
    where = "" if mapping.stale == Stale.WRONG_KIND else f" in {system}"
    return f"{name} {Stale(mapping.stale).label}{where}."
