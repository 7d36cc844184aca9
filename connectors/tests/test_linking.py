"""The trip to a consent page and back, over real HTTP against the sandboxes."""

from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from django.utils import timezone

from audit.models import Entry, Verb
from common.choices import Side, System
from common.errors import Conflict, NotAllowed
from companies.tests.factories import MembershipFactory
from connectors import linking, registry
from connectors.errors import Unreachable
from connectors.management.commands._walk import connect_headless
from connectors.models import Connection, ConsentRequest
from connectors.sandboxing import Fault
from connectors.signals import reconnected
from connectors.tests.conftest import REALM, SAY_YES, press
from connectors.tests.factories import ConnectionFactory
from connectors.vault import unseal

pytestmark = pytest.mark.django_db
SESSION = "a-session"
SAY_NO = {System.PROCORE: "deny", System.QUICKBOOKS_ONLINE: "cancel"}


@pytest.fixture
def member():
    return MembershipFactory(admin=True)


def go(member, system, *, decision=None, session=SESSION):
    """To the consent page, press, and what the browser comes back with."""
    url = linking.start_consent(member.company, by=member.user, system=system, session_key=session)
    return press(url, decision or SAY_YES[system])


def come_back(member, back, *, session=SESSION, **other):
    consent = linking.take_up(back["state"], by=other.get("by", member.user), session_key=session)
    return linking.finish_consent(consent, back)


def test_a_trip_ends_in_a_connection_that_works(member, system):
    connection = come_back(member, go(member, system))

    assert connection.state == Connection.State.CONNECTED
    assert connection.connected_by == member.user
    assert registry.open_client(connection).company().name == connection.name
    line = Entry.objects.get(verb=Verb.CONNECTED)
    assert (line.user, line.object_id) == (member.user, connection.pk)


def test_the_ledger_tells_its_company_and_when_its_books_are_closed(member, quickbooks):
    connection = come_back(member, go(member, System.QUICKBOOKS_ONLINE))

    assert connection.side == Side.LEDGER
    assert connection.external_company_id == REALM
    assert connection.name == "Acme Builders Inc"
    assert connection.books_closed_through == date(2026, 6, 30)


def test_the_consent_page_is_asked_for_our_address_and_a_new_state(member, system):
    urls = [
        linking.start_consent(member.company, by=member.user, system=system, session_key=SESSION)
        for _time in range(2)
    ]

    asked = [parse_qs(urlsplit(url).query) for url in urls]
    assert asked[0]["redirect_uri"] == ["http://localhost:8000/connect/callback/"]
    assert asked[0]["response_type"] == ["code"]
    assert asked[0]["state"] != asked[1]["state"]
    assert len(asked[0]["state"][0]) >= 43
    kept = ConsentRequest.objects.values_list("state_sha256", flat=True)
    assert asked[0]["state"][0] not in kept


def test_a_state_is_good_once(member, procore):
    back = go(member, System.PROCORE)
    come_back(member, back)

    with pytest.raises(Conflict, match="used already"):
        come_back(member, back)


def test_a_state_is_good_for_ten_minutes(member, procore):
    back = go(member, System.PROCORE)
    ConsentRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    with pytest.raises(Conflict, match="older than ten minutes"):
        come_back(member, back)


def test_a_state_is_good_in_its_own_session_only(member, procore):
    back = go(member, System.PROCORE)

    with pytest.raises(Conflict):
        come_back(member, back, session="another-session")


def test_a_state_is_good_for_its_own_person_only(member, procore):
    other = MembershipFactory(company=member.company, admin=True)
    back = go(member, System.PROCORE)

    with pytest.raises(Conflict):
        come_back(member, back, by=other.user)


def test_a_made_up_state_opens_nothing(member, procore):
    with pytest.raises(Conflict):
        come_back(member, {"state": "made-up", "code": "x"})


def test_who_is_no_admin_any_more_cannot_finish(member, procore):
    back = go(member, System.PROCORE)
    member.role = "viewer"
    member.save()

    with pytest.raises(NotAllowed):
        come_back(member, back)

    assert not Connection.objects.exists()


def test_who_left_the_company_cannot_finish(member, procore):
    back = go(member, System.PROCORE)
    member.delete()

    with pytest.raises(Conflict, match="no longer belong"):
        come_back(member, back)


def test_a_no_comes_back_with_a_sentence(member, system):
    back = go(member, system, decision=SAY_NO[system])

    with pytest.raises(linking.ConsentRefused, match=r"was not connected.*Nothing has changed"):
        come_back(member, back)

    assert not Connection.objects.exists()


def test_words_of_a_refusal_are_not_passed_on_freely(member, procore):
    back = {**go(member, System.PROCORE), "error": "<script>alert(1)</script>"}

    with pytest.raises(linking.ConsentRefused) as refused:
        come_back(member, back)

    assert "script" not in str(refused.value)


def test_a_code_that_was_used_is_refused_with_a_sentence(member, system):
    back = go(member, system)
    second = go(member, system)
    come_back(member, back)

    with pytest.raises(linking.ConsentRefused, match="Start again"):
        come_back(member, {**second, "code": back["code"]})


@pytest.mark.parametrize("realm", ["../../v3/company/1", "12 34", "1" * 33, "x"])
def test_a_realm_that_is_no_number_is_not_asked_about(realm, member, quickbooks):
    back = {**go(member, System.QUICKBOOKS_ONLINE), "realmId": realm}
    quickbooks.sandbox.requests_seen.clear()

    with pytest.raises(linking.ConsentRefused):
        come_back(member, back)

    assert quickbooks.sandbox.requests_seen == []


def test_a_sandbox_that_does_not_answer_leaves_nothing_behind(member, system, served):
    back = go(member, system)
    served.sandbox.faults.append(Fault("drop_before", path="*oken*"))

    with pytest.raises(Unreachable):
        come_back(member, back)

    assert not Connection.objects.exists()


def test_signing_in_again_repairs_the_same_row(member, system):
    connection = come_back(member, go(member, system))
    Connection.objects.update(state=Connection.State.NEEDS_CONSENT, problem="Sign in again.")
    heard = []
    reconnected.connect(lambda connection, **_rest: heard.append(connection), weak=False)

    again = come_back(member, go(member, system))

    assert again.pk == connection.pk
    assert (again.state, again.problem) == (Connection.State.CONNECTED, "")
    assert again.token_version == 2
    assert heard == [again]


def test_another_company_file_is_refused_by_name(member, quickbooks):
    kept = ConnectionFactory(company=member.company, external_company_id="1", name="Old Books")

    with pytest.raises(linking.OtherCompany, match=r"“Acme Builders Inc”.*“Old Books”"):
        come_back(member, go(member, System.QUICKBOOKS_ONLINE))

    before = unseal(kept, "credentials")
    kept.refresh_from_db()
    assert unseal(kept, "credentials") == before
    assert kept.token_version == 0


def test_another_source_company_is_refused_by_name(member, procore):
    ConnectionFactory(company=member.company, source=True, external_company_id="1", name="Old Jobs")

    with pytest.raises(linking.OtherCompany, match=r"“Acme Builders”.*“Old Jobs”"):
        come_back(member, go(member, System.PROCORE))


def test_the_same_company_file_finds_its_row_again_after_a_disconnect(member, system):
    connection = come_back(member, go(member, system))
    linking.disconnect(connection, by=member.user)

    again = come_back(member, go(member, system))

    assert again.pk == connection.pk
    assert again.state == Connection.State.CONNECTED


def test_another_company_file_gets_a_row_of_its_own_after_a_disconnect(member, quickbooks):
    old = ConnectionFactory(company=member.company, external_company_id="1", disconnected=True)

    new = come_back(member, go(member, System.QUICKBOOKS_ONLINE))

    assert new.pk != old.pk
    assert registry.connection_of(member.company, Side.LEDGER) == new


@pytest.fixture
def two_companies(procore):
    procore.sandbox.faults.append(
        Fault(
            "answer",
            path="/rest/v1.0/companies",
            status=200,
            times=99,
            body='[{"id": 8089, "name": "Acme Builders"}, {"id": 8090, "name": "Acme Homes"}]',
        )
    )
    return procore


def test_a_sign_in_that_sees_several_companies_gives_a_choice(member, two_companies):
    choice = come_back(member, go(member, System.PROCORE))

    assert [company.name for company in choice.companies] == ["Acme Builders", "Acme Homes"]
    assert not Connection.objects.exists()
    connection = linking.choose(choice.consent, "8090", by=member.user)
    assert connection.name == "Acme Homes"
    assert ConsentRequest.objects.get().credentials == ""


def test_only_a_company_that_is_seen_can_be_chosen(member, two_companies):
    choice = come_back(member, go(member, System.PROCORE))

    with pytest.raises(Conflict, match="no longer sees"):
        linking.choose(choice.consent, "1", by=member.user)


def test_a_choice_is_its_own_persons_and_ends_with_its_time(member, two_companies):
    choice = come_back(member, go(member, System.PROCORE))
    other = MembershipFactory(company=member.company, admin=True)

    with pytest.raises(Conflict, match="over"):
        linking.choose(choice.consent, "8090", by=other.user)
    choice.consent.expires_at = timezone.now()
    with pytest.raises(Conflict, match="over"):
        linking.choose(choice.consent, "8090", by=member.user)


def test_a_reconnect_takes_the_company_it_had_without_asking(member, two_companies):
    kept = ConnectionFactory(company=member.company, source=True, external_company_id="8090")

    assert come_back(member, go(member, System.PROCORE)) == kept


def test_expired_trips_are_forgotten_with_their_tokens(member, two_companies):
    come_back(member, go(member, System.PROCORE))
    ConsentRequest.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert linking.forget_expired() == 1


def test_disconnecting_gives_the_consent_back_and_keeps_the_row(member, system):
    connection = come_back(member, go(member, system))
    refresh = unseal(connection, "credentials")["refresh"]

    gone = linking.disconnect(connection, by=member.user)

    assert gone.state == Connection.State.DISCONNECTED
    assert gone.credentials == ""
    assert Entry.objects.filter(verb=Verb.DISCONNECTED, user=member.user).count() == 1
    with pytest.raises(Exception, match="no longer accepts"):
        registry.PACKAGES[system].oauth_app().refresh(refresh)


def test_disconnecting_twice_is_one_line_in_the_trail(member, procore):
    connection = come_back(member, go(member, System.PROCORE))

    linking.disconnect(connection, by=member.user)
    linking.disconnect(connection, by=member.user)

    assert Entry.objects.filter(verb=Verb.DISCONNECTED).count() == 1


@pytest.mark.parametrize("fault", [Fault("answer", path="*revoke"), Fault("drop_before", path="*")])
def test_disconnecting_holds_even_when_the_other_side_does_not_hear(fault, member, system, served):
    connection = come_back(member, go(member, system))
    served.sandbox.faults.append(Fault(fault.kind, path=fault.path))

    with pytest.raises(Unreachable, match="Remove Tieout"):
        linking.disconnect(connection, by=member.user)

    connection.refresh_from_db()
    assert connection.state == Connection.State.DISCONNECTED


def test_the_demo_walks_the_consent_page_itself(member, system):
    connection = connect_headless(member.company, member.user, system)

    assert connection.state == Connection.State.CONNECTED


def test_the_walk_does_not_leave_this_machine(member, settings):
    settings.PROCORE = {**settings.PROCORE, "login_url": "https://login.procore.example"}

    with pytest.raises(Exception, match="not on this machine"):
        connect_headless(member.company, member.user, System.PROCORE)


def test_consent_pages_of_both_sandboxes_answer(member, system):
    url = linking.start_consent(member.company, by=member.user, system=system, session_key=SESSION)

    assert requests.get(url, timeout=5).status_code == 200
