"""A company is tied to Sage Intacct: signing in, staying in, and checking the setup."""

from datetime import timedelta

import pytest
from django.utils import timezone

from common.choices import RecordKind, System, Way
from companies.tests.factories import CompanyFactory, UserFactory
from connectors import linking, registry
from connectors.errors import CompanySuspended, CredentialsExpired, NotSent
from connectors.models import Call, Connection
from connectors.packages import Check
from connectors.sage_intacct.connecting import PACKAGE
from connectors.sage_intacct.refusals import SignInRefused, Step
from connectors.sage_intacct.sandbox import GATEWAY, OF_SESSIONS
from connectors.sage_intacct.tests.conftest import BILL, COMPANY, PASSWORD, USER, post
from connectors.vault import seal, unseal

pytestmark = pytest.mark.django_db(transaction=True)
TYPED = {"company_id": COMPANY, "user_id": USER, "password": PASSWORD}


@pytest.fixture(autouse=True)
def here(served, settings):
    settings.SAGE_INTACCT = {
        **settings.SAGE_INTACCT, "api_url": served.url + GATEWAY, "app_url": served.url,
    }  # fmt: skip


def connected(**typed):
    signed = PACKAGE.sign_in({**TYPED, **typed})

    def let_in(row):
        row.options = dict(signed.options)
        seal(row, "credentials", dict(signed.secret))

    return linking.connect(
        CompanyFactory(),
        System.SAGE_INTACCT,
        Way.CREDENTIALS,
        signed.company,
        by=UserFactory(),
        let_in=let_in,
    )


@pytest.fixture
def connection():
    return connected()


@pytest.fixture
def ledger(connection):
    return registry.open_ledger(connection)


# --- Signing in -----------------------------------------------------------------------------------


def test_what_was_typed_signs_in():
    signed = PACKAGE.sign_in(TYPED)

    assert signed.company.external_id == COMPANY
    assert signed.secret == {"password": PASSWORD}
    assert signed.options == {"company_id": COMPANY, "user_id": USER}
    assert signed.company.features["several_entities"]


def test_the_entity_is_part_of_who_the_company_is():
    signed = PACKAGE.sign_in({**TYPED, "entity_id": "E100"})

    assert signed.company.external_id == f"{COMPANY}|E100"
    assert signed.company.name == f"{COMPANY} · E100"


def test_the_same_company_in_other_letters_is_the_same():
    signed = PACKAGE.sign_in({**TYPED, "company_id": COMPANY.upper()})

    assert signed.company.external_id == COMPANY


@pytest.mark.parametrize(
    ("typed", "company", "step", "screen"),
    [
        ({"password": "wrong"}, {}, Step.USER, "Web Services Users"),
        ({"user_id": "nobody"}, {}, Step.USER, "Web Services Users"),
        ({"company_id": "elsewhere"}, {}, Step.USER, "company ID"),
        ({"entity_id": "E900"}, {}, Step.ENTITY, "entity"),
        ({"user_id": "xml_south", "password": "south-password"}, {}, Step.ENTITY, "has to name it"),
        ({}, {"web_services": False}, Step.SUBSCRIPTION, "Subscriptions"),
        ({}, {"senders": ["another"]}, Step.AUTHORIZATION, "Web Services Authorizations"),
    ],
)
def test_a_refused_sign_in_names_the_step_and_the_screen(order, typed, company, step, screen):
    order("company", **company)

    with pytest.raises(SignInRefused, match=screen) as refused:
        PACKAGE.sign_in({**TYPED, **typed})

    assert refused.value.step == step


def test_our_own_sender_is_nobody_elses_fault(settings):
    settings.SAGE_INTACCT = {**settings.SAGE_INTACCT, "sender_password": "wrong"}

    with pytest.raises(CompanySuspended, match="Tieout's operator"):
        PACKAGE.sign_in(TYPED)


def test_where_payments_may_not_be_read_that_is_kept(order):
    order("user", user_id=USER, denied=["APPYMT"])

    assert PACKAGE.sign_in(TYPED).options["payments"] == "by_bill"


# --- Staying in -----------------------------------------------------------------------------------


def gateway_calls(sandbox):
    return [path for _method, path in sandbox.requests_seen if path.endswith("xmlgw.phtml")]


def test_one_session_serves_every_client_of_a_connection(sandbox, connection):
    for _client in range(3):
        list(registry.open_ledger(connection).records(RecordKind.CLASS))

    signed_in = [path for path in gateway_calls(sandbox) if path == GATEWAY]
    assert len(signed_in) == 2  # once to try what was typed, once for the connection


def test_calls_go_to_the_address_of_the_session(sandbox, ledger):
    sandbox.requests_seen.clear()

    list(ledger.records(RecordKind.VENDOR))

    assert gateway_calls(sandbox) == [GATEWAY, OF_SESSIONS]


def test_a_session_that_ended_while_reading_is_renewed_once(sandbox, order, ledger):
    list(ledger.records(RecordKind.VENDOR))
    order("sessions/end")
    sandbox.requests_seen.clear()

    vendors = list(ledger.records(RecordKind.VENDOR))

    assert len(vendors) == 8
    assert gateway_calls(sandbox) == [OF_SESSIONS, GATEWAY, OF_SESSIONS]


def test_a_session_whose_hours_are_over_is_not_used(sandbox, ledger, order):
    order("company", session_seconds=30)
    list(ledger.records(RecordKind.CLASS))
    sandbox.requests_seen.clear()

    list(ledger.records(RecordKind.CLASS))

    assert gateway_calls(sandbox) == [GATEWAY, OF_SESSIONS]


def test_a_bill_that_met_an_ended_session_was_not_sent(order, ledger, bills):
    list(ledger.records(RecordKind.CLASS))
    order("sessions/end")

    with pytest.raises(NotSent):
        post(ledger)

    assert bills() == []
    assert post(ledger).number == BILL.number


def test_a_changed_password_needs_a_person(order, connection, ledger):
    order("user", user_id=USER, password="another-one")

    with pytest.raises(CredentialsExpired):
        list(ledger.records(RecordKind.VENDOR))

    connection.refresh_from_db()
    assert connection.state == Connection.State.NEEDS_CONSENT
    assert "Web Services Users" in connection.problem


def test_an_older_refusal_does_not_undo_a_newer_password(order, connection, ledger):
    ledger.gateway.sessions.login()
    order("user", user_id=USER, password="another-one")
    seal(connection, "credentials", {"password": "another-one"})
    connection.save(update_fields=["credentials"])

    ledger.gateway.sessions.give_up(CredentialsExpired("no"))

    connection.refresh_from_db()
    assert connection.state == Connection.State.CONNECTED


def test_the_session_is_kept_sealed(connection, ledger):
    list(ledger.records(RecordKind.CLASS))

    connection.refresh_from_db()
    kept = unseal(connection, "credentials")["session"]
    assert kept["id"]
    assert kept["id"] not in connection.credentials


def test_no_call_row_holds_a_password_or_a_session(connection, ledger):
    post(ledger)

    connection.refresh_from_db()
    session = unseal(connection, "credentials")["session"]["id"]
    rows = list(Call.objects.filter(connection=connection))
    logged = "".join(row.request_body + row.response_body + row.path for row in rows)
    assert "<create>" in logged
    assert COMPANY in logged
    for secret in (PASSWORD, session, "tieout-sandbox-secret", "12-3456789"):
        assert secret not in logged, secret


def test_a_term_gives_the_due_date_from_the_mirror(connection):
    connection.records.create(
        company=connection.company,
        kind=RecordKind.TERM,
        external_id="Net 15",
        name="Net 15",
        payload={"DUEDATE": "15"},
        first_seen_at=timezone.now(),
        last_seen_at=timezone.now(),
    )

    ledger = registry.open_ledger(connection)

    assert ledger.term_days == {"Net 15": 15}


# --- Checking the setup ---------------------------------------------------------------------------


def states(connection):
    return {check.label: check.state for check in PACKAGE.check(connection)}


def test_a_good_setup_is_fine_all_the_way(connection):
    found = PACKAGE.check(connection)

    assert not [check for check in found if check.state == Check.State.FAILED]
    late = [check.label for check in found if check.state == Check.State.NOT_TRIED]
    assert late == [
        "Accounts Payable › Bills: Add",
        "Accounts Payable › Vendors: Add",
        "Projects › Projects: Add",
        "Accounts Receivable › Customers: Add",
    ]


@pytest.mark.parametrize(
    ("company", "failed"),
    [
        ({"web_services": False}, "The Web Services subscription is on"),
        ({"senders": ["x"]}, "Tieout's sender ID is authorized in the company"),
    ],
)
def test_a_missing_step_is_named_and_the_rest_waits(connection, order, company, failed):
    order("company", **company)

    found = states(connection)

    assert [label for label, state in found.items() if state == Check.State.FAILED] == [failed]
    assert found["Sage Intacct accepts Tieout's sender ID"] == Check.State.OK
    assert found["Projects › Tasks: List, View"] == Check.State.NOT_TRIED


def test_a_missing_right_is_named_with_the_screen_to_mend_it(connection, order):
    order("user", user_id=USER, denied=["TASK:list", "APBILL:view"])

    failed = [each for each in PACKAGE.check(connection) if each.state == Check.State.FAILED]

    assert [each.label for each in failed] == [
        "Accounts Payable › Bills: List, View",
        "Projects › Tasks: List, View",
    ]
    assert all("Company › Admin › Roles" in each.sentence for each in failed)


def test_a_user_of_one_entity_at_the_top_is_told_so(connection, order):
    order("user", user_id=USER, entities=["E200"])

    failed = [each.label for each in PACKAGE.check(connection) if each.state == Check.State.FAILED]

    assert failed == ["The entity is open to this user"]


def test_every_right_we_ask_for_says_why():
    assert len(PACKAGE.scopes) == 18
    assert all(scope.why.endswith(".") for scope in PACKAGE.scopes)
    assert not any("All" in scope.name for scope in PACKAGE.scopes)


def test_checking_changes_nothing_there(connection, bills, order):
    PACKAGE.check(connection)

    assert bills() == []


def test_a_paused_connection_is_checked_without_being_used(connection):
    Connection.objects.filter(pk=connection.pk).update(state=Connection.State.PAUSED)

    found = PACKAGE.check(connection)

    assert found[0].state == Check.State.FAILED


def test_a_session_is_used_until_a_minute_before_its_end(connection, ledger):
    list(ledger.records(RecordKind.CLASS))
    sessions = ledger.gateway.sessions
    kept = sessions.current()

    assert kept is not None
    assert kept.until - timezone.now() > timedelta(hours=11)
