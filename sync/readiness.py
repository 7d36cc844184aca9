"""Keeps each bill's readiness beside it, so that lists of 50,000 bills answer at once.

Readiness is a pure function of the mappings a bill needs. This module is its only writer; the
gate never trusts it and asks the mappings themselves, under lock.

Everything that changes what a bill needs, or whether a mapping is in force, takes `lock()` of the
company before it commits and refreshes the bills it touched. Two such transactions therefore run
one after the other, and the later one sees what the earlier one wrote.
"""

from collections.abc import Collection

from django.db import connection, transaction
from django.db.models import Exists, Q

from common.choices import RecordKind
from companies.models import Company, CompanySettings

LOCK_SPACE = 7462


def lock(company: Company) -> None:
    """Wait for our turn to change readiness in this company; held until the transaction ends.

    Lock order: after mappings, before bills.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK_SPACE, company.pk])


# Of the records that may decide about one thing, the most specific that a person decided on rules;
# while there is none, what the bill is about. The same rule for one bill: Lookup.ruling().
_RULING = """
    SELECT need.id, need.id = first_value(need.id) OVER (
             PARTITION BY need.bill_id, need.about_id
             ORDER BY CASE WHEN m.state IN ('accepted', 'published', 'left') THEN need.level
                           WHEN need.record_id = need.about_id THEN 100
                           ELSE 200 END, need.level
           ) AS rules
    FROM sync_billneed need
    LEFT JOIN mapping_mapping m ON m.source_id = need.record_id
    WHERE need.company_id = %(company)s AND need.level > 0 {only}
"""

# A record without a mapping, or with one that names nothing for good, leaves a bill unmapped.
_READINESS = """
    SELECT need.bill_id,
           CASE
             WHEN bool_or(m.id IS NULL OR m.state IN ('none', 'left', 'no_match')) THEN 'unmapped'
             WHEN bool_and(m.state = 'published' AND m.stale = '') THEN 'ready'
             ELSE 'needs_publishing'
           END AS readiness
    FROM sync_billneed need
    LEFT JOIN mapping_mapping m ON m.source_id = need.record_id
    WHERE need.company_id = %(company)s AND need.rules {only}
    GROUP BY need.bill_id
"""


@transaction.atomic
def refresh(
    company: Company,
    *,
    bills: Collection[int] | None = None,
    records: Collection[int] | None = None,
    same_rulings: bool = False,
) -> None:
    """Compute readiness anew for some bills, for all bills that need some records, or for all.

    `same_rulings`: what changed cannot have changed which mapping decides, as publishing what was
    accepted cannot.
    """
    lock(company)
    only = ""
    if bills is not None:
        only = "AND need.bill_id = ANY(%(bills)s)"
    elif records is not None:
        only = (
            "AND need.bill_id IN"
            " (SELECT bill_id FROM sync_billneed WHERE record_id = ANY(%(records)s))"
        )
    with connection.cursor() as cursor:
        values: dict[str, int | list[int]] = {
            "company": company.pk,
            "bills": list(bills or ()),
            "records": list(records or ()),
        }
        if not same_rulings and _has_levels(company):
            cursor.execute(
                f"""
                UPDATE sync_billneed need SET rules = now.rules
                FROM ({_RULING.format(only=only)}) now
                WHERE need.id = now.id AND need.rules <> now.rules
                """,  # noqa: S608  # only our own text is put together here
                values,
            )
        cursor.execute(
            f"""
            UPDATE sync_bill bill SET readiness = now.readiness
            FROM ({_READINESS.format(only=only)}) now
            WHERE bill.id = now.bill_id AND bill.company_id = %(company)s
                  AND bill.readiness <> now.readiness
            """,  # noqa: S608  # only our own text is put together here
            values,
        )


def _has_levels(company: Company) -> bool:
    """Is there anything whose target may come from more than one record?

    Asked of the database under our lock: settings read before it may be old.
    """
    overrides = company.records.filter(kind=RecordKind.OVERRIDE)
    pairs = Q(granularity=CompanySettings.Granularity.PAIR)
    settings = CompanySettings.objects.filter(company=company)
    return settings.filter(Q(has_default=True) | pairs | Exists(overrides)).exists()
