"""Puts accepted mappings in force, numbered; takes them back, admin only and with a reason.

All of it runs under the company's row lock, then the mappings' in key order: publications are
numbered without a gap, and a list pulled meanwhile either shows here or sees what we published.
"""

from collections.abc import Collection, Iterable, Sequence
from collections.abc import Mapping as Dict
from dataclasses import dataclass
from itertools import groupby

from django.db import connection, models, transaction
from django.db.models import F
from django.utils import timezone

from audit import trail
from audit.models import Verb
from common.errors import AppError, Conflict, NotAllowed
from companies import access
from companies.models import Company, CompanySettings, Membership, User
from mapping import targets, waiting
from mapping.models import (
    CONFIRMABLE,
    Kind,
    Mapping,
    Publication,
    PublicationLine,
    kinds_in_use,
)
from mapping.querysets import MappingQuerySet
from mapping.signals import mappings_changed
from mapping.waiting import Waits


@dataclass(frozen=True)
class LeftOut:
    """An accepted mapping that cannot be put in force now, and why."""

    mapping: Mapping
    sentence: str
    waits_for_others: bool = False  # it is good, and somebody else has to publish it


@dataclass(frozen=True)
class PublicationResult:
    publication: Publication
    mappings: tuple[Mapping, ...]
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True)
class KindPreview:
    kind: Kind
    mappings: tuple[Mapping, ...]


@dataclass(frozen=True)
class Preview:
    """What publishing would do now."""

    number: int
    kinds: tuple[KindPreview, ...]
    left_out: tuple[LeftOut, ...]
    lets_go: Waits

    @property
    def count(self) -> int:
        return sum(len(each.mappings) for each in self.kinds)

    @property
    def unusable(self) -> list[LeftOut]:
        return [each for each in self.left_out if not each.waits_for_others]

    @property
    def for_others(self) -> list[LeftOut]:
        """What this person accepted, where a second person publishes."""
        return [each for each in self.left_out if each.waits_for_others]


# Ids of mappings, or ids with the version somebody looked at.
Chosen = Collection[int] | Dict[int, int]


@transaction.atomic
def publish(company: Company, *, by: User, only: Chosen | None = None) -> PublicationResult:
    """Put accepted mappings in force, all of them or those in `only`.

    A target that can no longer be used is left out, with a sentence; so is what `by` accepted,
    where the company wants a second person.

    Raises:
        Conflict: nothing can be published, or what `only` names was changed meanwhile.
    """
    lock_company(company)
    accepted = _accepted(company, only, lock=True)
    if only is not None:
        _check_unchanged(company, accepted, only)
    good, left_out = _sorted_out(company, accepted, by)
    if not good:
        if left_out:
            then = "" if left_out[0].waits_for_others else " Choose another record."
            raise Conflict(f"Nothing was published. {left_out[0].sentence}{then}")
        raise Conflict("There is nothing to publish: no accepted mapping waits.")

    publication = Publication.objects.next_for(company, by=by)
    changes = [trail.Change(row, before=row.as_values()) for row in good]
    _put_in_force(company, publication, good)
    trail.record_all(
        Verb.PUBLISHED,
        [
            trail.Change(c.thing, c.before, row.as_values())
            for c, row in zip(changes, good, strict=True)
        ],
        by=by,
        reason=f"Publication no. {publication.number}",
    )
    _tell(company, good, publication)
    publication.save(update_fields=["bills_unblocked", "amount_unblocked"])
    return PublicationResult(publication, tuple(good), tuple(left_out))


@transaction.atomic
def unpublish(
    mappings: Iterable[Mapping],
    *,
    by: User,
    reason: str,
    membership: Membership | None = None,
    versions: Dict[int, int] | None = None,
) -> list[Mapping]:
    """Take published mappings back to accepted. Admin only, with a reason.

    `versions` are those the person looked at, by mapping id.

    Raises:
        NotAllowed: the person is not an admin of the company.
        Conflict: one of them is not published any more, or was changed; nothing is saved.
    """
    chosen = list(mappings)
    if not chosen:
        raise AppError("No mapping was chosen. Choose at least one to unpublish.")
    company = chosen[0].company
    membership = membership or membership_of(company, by)
    if membership.company_id != company.pk or membership.user_id != by.pk:
        raise NotAllowed("Only an admin of this company can unpublish.")
    access.check(membership, access.Action.UNPUBLISH)
    if not (reason := reason.strip()):
        raise AppError("Unpublishing needs a reason. Write why, for whoever asks later.")

    lock_company(company)
    ids = {mapping.pk for mapping in chosen}
    rows = list(
        company.mappings.published()
        .with_records()
        .filter(pk__in=ids)
        .order_by("pk")
        .select_for_update(of=("self",))
    )
    found = {row.pk: row.version for row in rows}
    if found.keys() != ids or (versions is not None and found != dict(versions)):
        raise Conflict("Some of these changed meanwhile. Nothing was unpublished. Look again.")
    changes = []
    for row in rows:
        before = row.as_values()
        row.state, row.publication = Mapping.State.ACCEPTED, None
        row.published_label = row.published_type = row.published_riding = row.stale = ""
        row.version += 1
        changes.append(trail.Change(row, before, row.as_values()))
    company.mappings.filter(pk__in=ids).update(
        state=Mapping.State.ACCEPTED,
        publication=None,
        published_label="",
        published_type="",
        published_riding="",
        stale="",
        version=F("version") + 1,
        updated_at=timezone.now(),
    )
    trail.record_all(Verb.UNPUBLISHED, changes, by=by, reason=reason)
    _tell(company, rows, None)
    return rows


@transaction.atomic
def confirm_stale(mapping: Mapping, *, by: User, version: int | None = None) -> Mapping:
    """Say that a target that changed is still right: in force again, as a new publication."""
    company = mapping.company
    lock_company(company)
    row = (
        company.mappings.with_records()
        .select_related("target__connection")
        .select_for_update(of=("self",))
        .get(pk=mapping.pk)
    )
    if row.stale not in CONFIRMABLE or (version is not None and row.version != version):
        raise Conflict("This changed meanwhile, so nothing was confirmed. Look at it again.")
    if trouble := targets.trouble_with(row):
        raise Conflict(f"{trouble} It has to be unpublished and mapped anew.")
    if needs_second(company, row, by):
        raise NotAllowed(somebody_else(company, by))
    before = row.as_values()
    publication = Publication.objects.next_for(company, by=by)
    _put_in_force(company, publication, [row])
    trail.record(
        Verb.CONFIRMED,
        row,
        by=by,
        before=before,
        after=row.as_values(),
        reason=f"Publication no. {publication.number}",
    )
    _tell(company, [row], publication)
    publication.save(update_fields=["bills_unblocked", "amount_unblocked"])
    return row


def preview(
    company: Company,
    *,
    by: User | None = None,
    only: Chosen | None = None,
    without: Collection[int] = (),
) -> Preview:
    """What `publish` would do now, and which bills it would let go without those unticked."""
    good, left_out = _sorted_out(company, _accepted(company, only, lock=False), by)
    last = company.publications.aggregate(last=models.Max("number"))["last"] or 0
    order = {kind: place for place, kind in enumerate(Kind)}
    good.sort(key=lambda row: (order[Kind(row.kind)], row.source.name))
    ticked = [row.pk for row in good if row.pk not in without]
    return Preview(
        number=last + 1,
        kinds=tuple(
            KindPreview(kind, tuple(rows)) for kind, rows in groupby(good, lambda m: Kind(m.kind))
        ),
        left_out=tuple(left_out),
        lets_go=waiting.bills().let_go_by(company, ticked) if ticked else Waits(),
    )


def waiting_for(company: Company) -> int:
    """How many accepted mappings wait to be published."""
    return _waiting(company).count()


def consequences(company: Company, mappings: Collection[int]) -> tuple[Waits, Waits]:
    """Bills that would need publishing again without these, and bills already sent with them."""
    return waiting.bills().resting_on(company, mappings)


def lock_company(company: Company) -> None:
    """First in the lock order; its settings are those of now, not of when somebody read them.

    NO KEY: inserts that only name the company do not wait for it.
    """
    Company.objects.select_for_update(of=("self",), no_key=True).only("pk").get(pk=company.pk)
    company.settings = CompanySettings.objects.get(company=company)


def membership_of(company: Company, user: User) -> Membership:
    found = company.memberships.select_related("company").filter(user=user).first()
    if found is None:
        raise NotAllowed("You are not a member of this company. Ask an admin to invite you.")
    return found


# --- Underneath ---------------------------------------------------------------------------------


def _waiting(company: Company) -> MappingQuerySet:
    return company.mappings.accepted().filter(kind__in=kinds_in_use(company.settings))


def _accepted(company: Company, only: Chosen | None, *, lock: bool) -> list[Mapping]:
    rows = _waiting(company).with_records()
    if only is not None:
        rows = rows.filter(pk__in=list(only))
    rows = rows.order_by("pk")
    found = list(rows.select_for_update(of=("self",)) if lock else rows.with_targets())
    targets.attach_ends(company, found)
    return found


def _check_unchanged(company: Company, accepted: Sequence[Mapping], only: Chosen) -> None:
    changed = len(only) - len(accepted)
    if isinstance(only, Dict):
        changed += sum(row.version != only[row.pk] for row in accepted)
    if changed == 0:
        return
    last = company.publications.select_related("by").first()
    gone = company.mappings.published().filter(pk__in=list(only), publication=last)
    if last is not None and gone.exists():
        raise Conflict(
            f"{last.by} published no. {last.number} meanwhile, with some of these."
            " Nothing of yours was published. Look again."
        )
    these = "1 of these was" if changed == 1 else f"{changed} of these were"
    raise Conflict(f"{these} changed meanwhile. Nothing was published. Look again.")


def somebody_else(company: Company, by: User) -> str:
    """ "Dana Ruiz accepted it, so somebody else has to publish it: Priya Shah may." """
    others = [str(user) for user in access.people(company, access.Action.PUBLISH) if user != by]
    who = f": {' or '.join(others[:3])} may" if others else ", and nobody else may yet"
    return f"{by} accepted it, so somebody else has to publish it{who}."


def needs_second(company: Company, mapping: Mapping, by: User | None) -> bool:
    """Has somebody else to put this in force?"""
    wanted = company.settings.second_person_publishes
    return wanted and by is not None and mapping.decided_by_id == by.pk


def _sorted_out(
    company: Company, accepted: Iterable[Mapping], by: User | None
) -> tuple[list[Mapping], list[LeftOut]]:
    good, left_out, sentence = [], [], ""
    for row in accepted:
        if trouble := targets.trouble_with(row):
            left_out.append(LeftOut(row, trouble))
        elif by is not None and needs_second(company, row, by):
            sentence = sentence or somebody_else(company, by)
            left_out.append(LeftOut(row, sentence, waits_for_others=True))
        else:
            good.append(row)
    return good, left_out


def _put_in_force(company: Company, publication: Publication, rows: Sequence[Mapping]) -> None:
    """Freeze what these rows say, on the rows and as lines of the publication."""
    for row in rows:
        row.state, row.stale, row.publication = Mapping.State.PUBLISHED, "", publication
        row.published_label = row.target.label if row.target else ""
        row.published_type = row.target.type if row.target else ""
        row.published_riding = row.riding_label
        row.version += 1
    with connection.cursor() as cursor:
        # One statement for thousands of rows, each with a label of its own.
        cursor.execute(
            """
            UPDATE mapping_mapping AS mapping
            SET state = 'published', stale = '', publication_id = %s,
                published_label = frozen.label, published_type = frozen.type,
                published_riding = frozen.riding,
                version = mapping.version + 1, updated_at = now()
            FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[])
                AS frozen (id, label, type, riding)
            WHERE mapping.id = frozen.id AND mapping.company_id = %s
            """,
            [
                publication.pk,
                [row.pk for row in rows],
                [row.published_label for row in rows],
                [row.published_type for row in rows],
                [row.published_riding for row in rows],
                company.pk,
            ],
        )
    PublicationLine.objects.bulk_create(
        (
            PublicationLine(
                company=company,
                publication=publication,
                mapping=row,
                mapping_version=row.version,
                target=row.target,
                source_label=row.source.label,
                target_label=row.published_label,
                riding_label=row.published_riding,
            )
            for row in rows
        ),
        batch_size=1000,
    )


def _tell(company: Company, rows: Iterable[Mapping], publication: Publication | None) -> None:
    mappings_changed.send(
        Mapping,
        company=company,
        sources=[row.source_id for row in rows],
        publication=publication,
    )
