"""The main job without a browser, as a controller does it, over real HTTP."""

from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

from django.core.management.base import CommandError
from django.db.models import Count, Sum

from common.choices import RecordKind, Side, System, Way
from common.errors import Conflict
from companies.models import Company, Role, User
from connectors import registry
from connectors.models import Connection
from connectors.seeding import pairs
from connectors.seeding.pairs import Pair
from mapping import publishing, reviewing, riding
from mapping.models import Mapping, SuggestionRun, drafted_kinds, target_kinds
from sync import pulling, sending
from sync.demo import company as demo
from sync.demo import filing, payloads, tying
from sync.demo.waiting import Wait
from sync.models import Bill, Push, Readiness, Run


@dataclass
class Job:
    """One company on two sandboxes, and how to wait for what its workers do."""

    company: Company
    seed: str
    pair: Pair
    wait: Wait

    @cached_property
    def truth(self) -> demo.Truth:
        return demo.truth(self.seed, self.pair)

    @property
    def controller(self) -> User:
        return demo.person(self.company, Role.CONTROLLER)


def pull_both(job: Job) -> list[Run]:
    """Pull the ledger, then the source, and wait for the drafts that follow."""
    runs = [pull(job, registry.live_connection(job.company, Side.LEDGER))]
    source = registry.live_connection(job.company, Side.SOURCE)
    if source.way == Way.FILES and not source.source_files.exists():
        folder, admin = pairs.folder_of(job.seed, job.pair), demo.person(job.company, Role.ADMIN)
        filing.bring_in(source, folder, by=admin, wait=job.wait)
    runs.append(pull(job, source))
    job.wait(
        lambda: (
            not job.company.suggestion_runs.filter(
                state__in=[SuggestionRun.State.WAITING, SuggestionRun.State.RUNNING]
            ).exists()
        ),
        "the drafts",
    )
    return runs


def pull(job: Job, connection: Connection) -> Run:
    """Bring everything in from one side, to the end; one that is under way ends first."""
    under_way = connection.runs.filter(kind=Run.Kind.PULL, state=Run.State.RUNNING)
    run = None
    while run is None:
        job.wait(lambda: not under_way.exists(), f"an earlier pull of {connection}")
        with suppress(Conflict):  # the clock, or a system that called us, was faster
            run = pulling.start(connection, by=demo.person(job.company, Role.ADMIN))
    job.wait(partial(_is_over, run), f"the pull of {connection}")
    run.refresh_from_db()
    if run.state not in {Run.State.DONE, Run.State.PARTLY}:
        problems = [step.problem for step in run.steps.exclude(problem="")]
        raise CommandError(f"The pull of {connection} failed: {' '.join(problems[:3])}")
    return run


def check(job: Job) -> dict[str, Any]:
    """Pull, draft, decide, publish, send, read back. Returns what `demo_check` prints."""
    pull_both(job)
    demo.name_retainage_account(job.company)
    company = job.company = Company.objects.select_related("settings").get(pk=job.company.pk)
    drafts = _drafts(company, job.truth)
    before = _by_readiness(company)
    decided = _decide(job)
    _say_what_goes_along(job)
    published = 0
    if company.mappings.accepted().exists():
        published = publishing.publish(company, by=job.controller).publication.lines.count()
    after = _by_readiness(company)
    posted_before = company.pushes.filter(state=Push.State.POSTED).count()
    asked = send_what_is_ready(job)
    pushes = company.pushes.filter(state=Push.State.POSTED).select_related("bill")
    states = dict(company.pushes.values_list("state").annotate(Count("pk")).order_by())
    return {
        "records": _records(company),
        "bills": company.bills.count(),
        "drafts": drafts,
        "decided": decided,
        "published": published,
        "in_force": company.mappings.in_force().count(),
        "bills_before": before,
        "bills_after": after,
        "held_for_other_reasons": dict(
            company.bills.exclude(fault="").values_list("fault").annotate(Count("pk")).order_by()
        ),
        "asked_to_send": asked,
        "posted": pushes.count() - posted_before,
        "posted_in_all": pushes.count(),
        "pushes": states,
        "totals": _totals(company, list(pushes)),
    }


def send_what_is_ready(job: Job) -> int:
    """How many bills were asked to go; every one of them has an end afterwards."""
    ready = job.company.bills.sendable(job.company).versions()
    if ready:
        run = sending.send_all(job.company, ready, by=job.controller)
        job.wait(
            lambda: (
                not run.pushes.filter(
                    state__in=[Push.State.QUEUED, Push.State.SENDING, Push.State.UNKNOWN]
                ).exists()
            ),
            "the bills to be sent",
        )
    return len(ready)


def _records(company: Company) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for side in Side:
        rows = company.records.on(side).filter(gone_at=None).values_list("kind")
        found[side.value] = dict(rows.annotate(Count("pk")).order_by())
    return found


def _drafts(company: Company, truth: demo.Truth) -> dict[str, dict[str, int]]:
    """What the machine proposed, held against the seed's truth."""
    found: dict[str, dict[str, int]] = {}
    for kind in drafted_kinds(company.settings):
        wanted = tuple(target.value for target in target_kinds(kind, company.settings))
        counts = {"drafted": 0, "right": 0, "wrong": 0}
        for suggestion in (
            company.suggestions.filter(source__kind=kind.value, target__isnull=False)
            .select_related("source", "target")
            .order_by("source", "-id")
            .distinct("source")
        ):
            counts["drafted"] += 1
            answer = truth.target_id(kind.value, suggestion.source.external_id, wanted)
            if answer is not None and suggestion.target is not None:
                right = suggestion.target.external_id == answer
                counts["right" if right else "wrong"] += 1
        found[kind.value] = counts
    return found


def _decide(job: Job) -> dict[str, int]:
    """Play the controller: accept the right drafts, override the wrong, say where none fits."""
    company, truth, controller = job.company, job.truth, job.controller
    counts = {"accepted": 0, "overrode": 0, "no_match": 0, "left_undecided": 0}
    for kind in drafted_kinds(company.settings):
        targets = {
            record.external_id: record
            for record in company.records.on(Side.LEDGER).of(*target_kinds(kind, company.settings))
        }
        for source in (
            company.records.on(Side.SOURCE).of(RecordKind(kind.value)).filter(gone_at=None)
        ):
            mapping = Mapping.objects.filter(source=source).first()
            if mapping and not mapping.is_undecided:
                continue
            wanted = tuple(target.value for target in target_kinds(kind, company.settings))
            answer = truth.target_id(kind.value, source.external_id, wanted)
            target = targets.get(answer or "")
            if answer is None:
                counts["left_undecided"] += 1
            elif target is None or not target.is_usable:
                reviewing.no_match(source, by=controller)
                counts["no_match"] += 1
            elif mapping and mapping.target_id == target.pk:
                reviewing.accept(mapping, by=controller)
                counts["accepted"] += 1
            else:
                reviewing.override(source, target, by=controller)
                counts["overrode"] += 1
    return counts


def _say_what_goes_along(job: Job) -> None:
    """With each project, the first class, location and department that its ledger keeps."""
    for mapping in job.company.mappings.accepted().filter(source__kind=RecordKind.PROJECT):
        offered = riding.choices(mapping, job.company)
        chosen = {choice.name: choice.records[0] for choice in offered if choice.records}
        riding.choose(mapping, dict(chosen), by=job.controller)


def _by_readiness(company: Company) -> dict[str, int]:
    """Bills that are sound in themselves and not sent, by what the mappings say."""
    rows = company.bills.filter(fault="").never_sent().values_list("readiness")
    counted = dict(rows.annotate(Count("pk")).order_by())
    return {readiness.value: counted.get(readiness.value, 0) for readiness in Readiness}


def _totals(company: Company, pushes: list[Push]) -> dict[str, str]:
    """The same money three times: as the source says it, as it was sent, as the books hold it."""
    ledger = registry.live_connection(company, Side.LEDGER)
    books = tying.bills_in_books(System(ledger.system)) if pushes else {}
    lost = [push.external_id for push in pushes if push.external_id not in books]
    if lost:
        raise CommandError(f"The books have no bill {', '.join(lost)}, which was posted.")
    source = Bill.objects.filter(pk__in=[push.bill_id for push in pushes]).aggregate(
        total=Sum("total")
    )["total"]
    sent = sum((payloads.total(bytes(push.payload or b"")) for push in pushes), Decimal(0))
    held = sum((books[push.external_id] for push in pushes), Decimal(0))
    return {"source": str(source or Decimal(0)), "payload": str(sent), "ledger": str(held)}


def _is_over(run: Run) -> bool:
    return not Run.objects.filter(pk=run.pk, state=Run.State.RUNNING).exists()
