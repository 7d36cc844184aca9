"""What a company decides about its bills, changed by an admin and told in the trail."""

import hashlib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models, transaction

from audit import trail
from audit.models import Verb
from common.errors import Conflict
from companies.models import Company, CompanySettings, User
from companies.signals import settings_changed, settings_settling, settings_weighed

NAMES = tuple(
    field.name
    for field in CompanySettings._meta.concrete_fields
    if field.name not in {"id", "company"}
)


class ChangedMeanwhile(Conflict):
    pass


@transaction.atomic
def change(
    company: Company, values: Mapping[str, Any], *, by: User, version: str | None = None
) -> set[str]:
    """Save what differs from `values` and tell the other apps; the names that changed.

    Raises:
        ChangedMeanwhile: the settings are not those of `version`, which the person looked at.
    """
    # The row alone: its retainage account may be missing, and an outer join cannot be locked.
    settings = CompanySettings.objects.select_for_update().get(company=company)
    if version is not None and version != version_of(settings):
        raise ChangedMeanwhile(
            "Somebody else changed these settings meanwhile. Yours were not saved: look again."
        )
    changed = {name for name in NAMES if name in values and getattr(settings, name) != values[name]}
    if not changed:
        return changed
    before = {name: _plain(getattr(settings, name)) for name in sorted(changed)}
    for name in changed:
        setattr(settings, name, values[name])
    settings.save(update_fields=sorted(changed))
    company.settings = settings  # whoever hears of it judges by these, not by those kept before
    after = {name: _plain(getattr(settings, name)) for name in sorted(changed)}
    trail.record(Verb.CHANGED_SETTINGS, company, by=by, before=before, after=after)
    settings_changed.send(CompanySettings, company=company, changed=changed)
    return changed


def consequences(company: Company, changed: set[str]) -> list[str]:
    """What would happen if these settings were changed, in sentences; empty where nothing would."""
    answers = settings_weighed.send(CompanySettings, company=company, changed=changed)
    return [sentence for _receiver, sentences in answers for sentence in sentences or ()]


def under_way(company: Company) -> list[Any]:
    """What an earlier change still leaves to do, as the apps say that do it."""
    answers = settings_settling.send(CompanySettings, company=company)
    return [progress for _receiver, progress in answers if progress is not None]


def version_of(settings: CompanySettings) -> str:
    """Short and the same for as long as nothing is changed."""
    said = repr([_plain(getattr(settings, field.attname)) for field in _fields()])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _fields() -> list[Any]:
    return [field for field in CompanySettings._meta.concrete_fields if field.name in NAMES]


def _plain(value: Any) -> Any:
    """As the trail keeps it."""
    if isinstance(value, models.Model):
        return getattr(value, "label", str(value))
    return str(value) if isinstance(value, Decimal | date) else value
