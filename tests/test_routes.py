"""The probe: every route, every method, everybody. What it does is told in tests/probe.py."""

from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone

from audit.models import Entry, Verb
from companies.models import ApiToken, Invitation, Membership, Role
from companies.tests.factories import CompanyFactory, MembershipFactory
from connectors.file_models import ColumnMap, JobName, SourceFile, SourceRow
from connectors.models import (
    Call,
    ConsentRequest,
    InboxEvent,
    RoutedProject,
    WebConnectorQuestion,
    WebConnectorSession,
)
from connectors.tests.factories import ConnectionFactory, RecordFactory
from mapping.models import (
    MappingFile,
    ModelAnswer,
    ModelExchange,
    ModelMonth,
    Precedent,
    PublicationLine,
    Refusal,
)
from mapping.tests.factories import (
    MappingFactory,
    PublicationFactory,
    SuggestionFactory,
    SuggestionRunFactory,
)
from sync.models import (
    Approval,
    Bill,
    BillLine,
    BillNeed,
    Commitment,
    CommitmentLine,
    Judging,
    LedgerBill,
    LedgerPayment,
    LetGo,
    PaidNotice,
    PaymentShare,
    ProjectTeam,
    PullProblem,
    PullStep,
    Push,
    RecordCreation,
    Run,
)
from tests import probe as probing
from tests.probe import CANARY, ID, Probe, owned_models, routes


@pytest.fixture
def walker(db, settings):
    # Nothing listens here: a view that may call another system finds nobody.
    nobody = "http://127.0.0.1:9"
    settings.PROCORE = {**settings.PROCORE, "login_url": nobody, "api_url": nobody}
    settings.QUICKBOOKS_ONLINE = {
        **settings.QUICKBOOKS_ONLINE,
        **dict.fromkeys(("authorize_url", "token_url", "revoke_url", "api_url"), nobody),
    }
    company, people = company_a()
    outsider = MembershipFactory(company__slug="company-b", admin=True).user
    return Probe(company, people, outsider)


def test_every_route_keeps_everybody_to_what_is_theirs(walker):
    found = routes()

    walker.walk(found)

    assert all(walker.seen[role] for role in Role), "to members their own names do come out"
    print(f"{len(found)} routes, {walker.requests} requests, {dict(walker.statuses)}")  # noqa: T201 - how many
    assert not walker.findings, "\n".join(walker.findings)


def test_company_a_has_a_row_of_every_kind(walker):
    lacking = [m._meta.label for m in owned_models() if not m.objects.filter(pk=ID).exists()]

    assert not lacking, f"Make one under the id {ID} in company_a(): {', '.join(lacking)}"


@pytest.mark.urls("tests.leaky")
@pytest.mark.parametrize(
    ("name", "finding"),
    [
        ("of-any-company", "other company in their own company, GET): let a name of company A out"),
        ("of-any-company", "in their own company, GET): answered 200, not 404, 403 or 405"),
        ("without-a-fence", "without-a-fence names no required action"),
        ("writes", "other company in their own company, POST): changed rows of company A"),
        ("fenced-too-late", "(viewer, POST): changed rows of company A"),
        ("stumbles", "(viewer, GET): answered 500"),
        ("outside-of-companies", "(other company, GET): let a name of company A out"),
        ("open-to-everybody", "(signed out, GET): let a name of company A out"),
        ("open-to-everybody", "(signed out, GET): answered 200, not sign-in"),
        ("leaky-api", "(other company, GET): let a name of company A out"),
        ("forgotten", "forgotten names no required action for POST"),
        ("something-new", "The route something-new takes flavour, which the probe does not know"),
    ],
)
def test_the_probe_finds_a_leak(walker, name, finding):
    (leak,) = [route for route in routes() if route.name == name]

    walker.walk([leak])

    assert any(finding in each for each in walker.findings), walker.findings


@pytest.mark.urls("tests.leaky")
def test_a_new_route_joins_the_probe_by_itself():
    assert "something-new" in {route.name for route in routes()}


def test_the_probe_takes_nothing_for_public_that_is_not_there():
    assert probing.PUBLIC.keys() <= {route.name for route in routes()}


# --- Company A ------------------------------------------------------------------------------------


def company_a():
    """A company with a row of every kind under the same id, and one person of each role."""
    company = CompanyFactory(id=ID, name=f"{CANARY} Builders", slug="company-a", settings__id=ID)
    people = {}
    for number, role in enumerate(Role):
        people[role] = MembershipFactory(
            id=ID + number,
            company=company,
            role=role,
            user__name=f"{CANARY} {role.label}",
            user__email=f"{CANARY}-{role}@company-a.test",
        ).user
    Membership.objects.update(last_seen_at=timezone.now())
    admin = people[Role.ADMIN]
    soon = timezone.now() + timezone.timedelta(days=1)
    Invitation.objects.create(
        id=ID,
        company=company,
        email=f"{CANARY}@new.test",
        role=Role.VIEWER,
        token_sha256="0" * 64,
        invited_by=admin,
        expires_at=soon,
    )
    ApiToken.objects.create(
        id=ID,
        company=company,
        user=admin,
        name=f"{CANARY} token",
        prefix="tieout_0000",
        token_sha256="0" * 64,
        expires_at=soon,
    )
    connected(company, admin)
    mapped(company, admin)
    billed(company, people)
    Entry.objects.create(
        id=ID,
        company=company,
        user=admin,
        who=str(admin),
        verb=Verb.COMMENTED,
        object_type="mapping.mapping",
        object_id=ID,
        object_name=f"{CANARY} vendor",
        reason=f"{CANARY} reason",
    )
    return company, people


def connected(company, admin):
    names = {"company": company, "name": f"{CANARY} books", "connected_by": admin}
    ConnectionFactory(id=ID, source=True, **names)
    ledger = ConnectionFactory(id=ID + 1, **{**names, "external_company_id": "77"})
    ConsentRequest.objects.create(
        id=ID,
        company=company,
        user=admin,
        system="procore",
        state_sha256="0" * 64,
        session_sha256="0" * 64,
        expires_at=timezone.now() + timezone.timedelta(minutes=5),
    )
    WebConnectorSession.objects.create(
        id=ID,
        company=company,
        connection=ledger,
        ticket_sha256="0" * 64,
        opened_at=timezone.now(),
        heard_at=timezone.now(),
        closed_at=timezone.now(),
    )
    WebConnectorQuestion.objects.create(
        id=ID,
        company=company,
        connection=ledger,
        session_id=ID,
        state=WebConnectorQuestion.State.ANSWERED,
        mark=CANARY,
        body=f"<QBXML>{CANARY}</QBXML>",
        answer=f"<QBXML>{CANARY}</QBXML>",
    )
    InboxEvent.objects.create(
        id=ID,
        company=company,
        connection=ledger,
        event_id=CANARY,
        body=CANARY.encode(),
        received_at=timezone.now(),
    )
    Call.objects.create(
        id=ID,
        company=company,
        connection=ledger,
        subject_type="sync.push",
        subject_id=ID,
        made_at=timezone.now(),
        method="POST",
        path=f"/{CANARY}",
        duration_ms=12,
        request_body=f'{{"DocNumber": "{CANARY}"}}',
        response_body=f'{{"Bill": "{CANARY}"}}',
    )

    exported(company, admin)


def exported(company, admin):
    """An exported file that was read, and what it brought."""
    now, own = timezone.now(), {"id": ID, "company": company}
    at_source = {**own, "connection_id": ID}
    file = SourceFile.objects.create(
        name=f"{CANARY}.csv",
        sha256="0" * 64,
        size=1,
        uploaded_by=admin,
        kind="bills",
        family="B",
        state=SourceFile.State.PREVIEWED,
        previewed_at=now,
        problems=[{"row": 2, "sentence": CANARY, "cells": [CANARY], "is_error": True}],
        **at_source,
    )
    row = {"kind": "bills", "key": "0" * 64, "document": "0" * 64, "content_sha256": "0" * 64}
    SourceRow.objects.create(
        content={"title": CANARY}, file=file, seen_in=file, number=2, **row, **at_source
    )
    said = {"confirmed_by": admin, "confirmed_at": now}
    JobName.objects.create(name=CANARY, label=CANARY, job=CANARY, **said, **at_source)
    ColumnMap.objects.create(
        fingerprint="0" * 64, heads=[CANARY], kind="bills", columns={"vendor": 0}, saved_by=admin,
        saved_at=now, **own,
    )  # fmt: skip


def mapped(company, admin):
    """A draft and an accepted vendor; project, cost code and a vendor that are published."""

    def record(offset, name, **kwargs):
        return RecordFactory(
            id=ID + offset,
            company=company,
            name=f"{CANARY} {name}",
            payload={"name": CANARY},
            **kwargs,
        )

    vendor, project = record(0, "Drywall"), record(1, "Lofts", project=True)
    code, cost_type = record(2, "Concrete", cost_code=True), record(3, "Labor", cost_type=True)
    supplier = record(4, "Drywall Inc", in_ledger=True)
    customer, account = record(5, "Lofts LLC", customer=True), record(6, "Job cost", account=True)
    accepted = record(7, "Steel")
    people = {"company": company, "note": f"{CANARY} note"}
    decided = {**people, "decided_by": admin}
    run = SuggestionRunFactory(id=ID, company=company)
    suggestion = SuggestionFactory(
        id=ID, company=company, run=run, source=vendor, target=supplier, reason=f"{CANARY} reason"
    )
    exchange = ModelExchange.objects.create(
        id=ID, company=company, run=run, model="m", prompt=CANARY, answer=CANARY
    )
    ModelAnswer.objects.create(
        id=ID, company=company, exchange=exchange, key="0" * 64, confidence=1, reason="typo"
    )
    ModelMonth.objects.create(id=ID, company=company, first_day=date(2026, 1, 1))
    Refusal.objects.create(
        id=ID, company=company, source=vendor, target=supplier, by=admin, mapping_version=1
    )
    Precedent.objects.create(
        id=ID,
        company=company,
        kind="vendor",
        source=vendor,
        target=supplier,
        times=1,
        first_date=date(2026, 11, 1),
        last_date=date(2026, 11, 1),
    )
    MappingFile.objects.create(
        id=ID, company=company, kind="vendor", name=f"{CANARY}.csv", uploaded_by=admin
    )
    publication = PublicationFactory(id=ID, company=company, number=ID, by=admin)
    MappingFactory(id=ID, source=vendor, target=supplier, suggestion=suggestion, **people)
    MappingFactory(id=ID + 1, source=accepted, target=supplier, accepted=True, **decided)
    published = {"published": True, "publication": publication, **decided}
    MappingFactory(id=ID + 2, source=project, target=customer, **published)
    line = MappingFactory(id=ID + 3, source=code, target=account, **published)
    MappingFactory(id=ID + 4, source=cost_type, target=account, **published)
    PublicationLine.objects.create(
        id=ID,
        company=company,
        publication=publication,
        mapping=line,
        mapping_version=1,
        target=account,
        source_label=code.label,
        target_label=account.label,
    )


def billed(company, people):
    admin, now, own = people[Role.ADMIN], timezone.now(), {"id": ID, "company": company}
    at_source, document = {**own, "connection_id": ID}, {"external_id": "145"}
    run = Run.objects.create(kind="pull", state="done", started_by=admin, **at_source)
    step = PullStep.objects.create(run=run, position=1, what="bills", project_id=ID + 1, **own)
    PullProblem.objects.create(step=step, sentence=f"{CANARY} is odd.", payload=CANARY, **at_source)
    commitment = Commitment.objects.create(
        kind="subcontract",
        number=f"{CANARY}-SC",
        vendor_id=ID,
        project_id=ID + 1,
        status="approved",
        original_amount=1,
        revised_amount=1,
        currency="USD",
        content_sha256="0" * 64,
        **document,
        **at_source,
    )
    amount = {"amount": Decimal("1200.50"), "position": 1, "cost_code_id": ID + 2}
    words = {"description": f"{CANARY} work", "external_id": "l"}
    CommitmentLine.objects.create(commitment=commitment, **amount, **words, **own)
    bill = Bill.objects.create(
        kind=Bill.Kind.DIRECT_COST,
        number=f"{CANARY}-1",
        plain_number=f"{CANARY}1".upper(),
        vendor_id=ID,
        project_id=ID + 1,
        commitment=commitment,
        bill_date=date(2026, 9, 2),
        description=f"{CANARY} board",
        status="approved",
        is_approved=True,
        currency="USD",
        total=Decimal("1200.50"),
        content_sha256="0" * 64,
        payload={"number": CANARY},
        first_seen_at=now,
        last_seen_at=now,
        **document,
        **at_source,
    )
    BillLine.objects.create(bill=bill, cost_type_id=ID + 3, **amount, **words, **own)
    BillNeed.objects.create(bill=bill, kind="vendor", record_id=ID, about_id=ID, **own)
    LetGo.objects.create(publication_id=ID, bills=[bill.pk], **own)
    Judging.objects.create(to_judge=1, **own)
    LedgerBill.objects.create(
        external_id=CANARY,
        plain_number=CANARY,
        vendor_external_id="145",
        bill_date=date(2026, 9, 2),
        total=1,
        **at_source,
    )
    Approval.objects.create(
        bill=bill, version=1, decision="approved", by=admin, note=f"{CANARY} note", **own
    )
    Push.objects.create(
        bill=bill,
        version=1,
        state=Push.State.SET_ASIDE,
        cause=Push.Cause.POSSIBLE_DUPLICATE,
        sentence=f"{CANARY} may be there twice.",
        key=f"{CANARY}-key",
        asked_by=admin,
        asked_at=now,
        payload=b"{}",
        **{**own, "connection_id": ID + 1},
    )
    paid = LedgerPayment.objects.create(
        external_id="9",
        payment_date=date(2026, 9, 9),
        number=f"{CANARY}-cheque",
        amount=1,
        payload={"number": CANARY},
        **{**own, "connection_id": ID + 1},
    )
    PaymentShare.objects.create(payment=paid, bill_external_id="9000", amount=1, **own)
    PaidNotice.objects.create(
        push_id=ID, state="failed", sentence=f"{CANARY} is locked there.", **own
    )
    RoutedProject.objects.create(
        project_id=ID + 1, account=f"procore:{CANARY}", project_external_id="21", **at_source
    )
    RecordCreation.objects.create(
        connection_id=ID + 1,
        source_id=ID,
        kind="vendor",
        wanted={"kind": "vendor", "name": f"{CANARY} vendor"},
        payload=b"{}",
        key=f"{CANARY}-new",
        state="failed",
        mapping_version=1,
        asked_by=admin,
        **own,
    )
    ProjectTeam.objects.create(
        project_id=ID + 1,
        membership=people[Role.PROJECT_MANAGER].memberships.get(),
        **own,
    )
