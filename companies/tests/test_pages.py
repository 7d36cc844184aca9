"""People and settings: what each page does, and its three fences."""

import json
from decimal import Decimal

import pytest
from django.core import mail
from django.urls import reverse

from audit.models import Entry, Verb
from companies import deciding, inviting
from companies.access import ALLOWED, Action
from companies.models import CompanySettings, Membership, Role
from companies.signals import settings_changed
from companies.tests.factories import CompanyFactory, MembershipFactory
from connectors.tests.factories import RecordFactory

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}

# name, arguments after the company, method, the action it needs
PAGES = [
    ("companies:people", "none", "get", Action.SEE_SETTINGS),
    ("companies:settings", "none", "get", Action.SEE_SETTINGS),
    ("companies:settings", "none", "post", Action.CHANGE_SETTINGS),
    ("companies:invite", "none", "post", Action.MANAGE_PEOPLE),
    ("companies:role", "member", "post", Action.MANAGE_PEOPLE),
    ("companies:remove", "member", "get", Action.MANAGE_PEOPLE),
    ("companies:remove", "member", "post", Action.MANAGE_PEOPLE),
    ("companies:resend", "invitation", "post", Action.MANAGE_PEOPLE),
    ("companies:withdraw", "invitation", "post", Action.MANAGE_PEOPLE),
    ("reports:trail", "none", "get", Action.SEE_TRAIL),
    ("reports:export", "none", "get", Action.EXPORT),
    ("reports:act", "entry", "get", Action.SEE_TRAIL),
]


def address(company, name, kind):
    by = MembershipFactory(company=company, admin=True).user
    args = {
        "none": list,
        "member": lambda: [MembershipFactory(company=company, viewer=True).pk],
        "invitation": lambda: [
            inviting.invite(company, email="new@acme.test", role=Role.VIEWER, by=by).invitation.pk
        ],
        "entry": lambda: [_entry(company, by)],
    }[kind]()
    return reverse(name, args=[company.slug, *args])


def _entry(company, by):
    inviting.invite(company, email="new@acme.test", role=Role.VIEWER, by=by)
    return Entry.objects.filter(company=company).first().pk


@pytest.mark.parametrize(("name", "kind", "method", "action"), PAGES)
class TestFences:
    def test_signed_out_goes_to_sign_in(self, company, client, name, kind, method, action):
        url = address(company, name, kind)

        response = getattr(client, method)(url)

        assert response.status_code == 302
        assert response["Location"].startswith(reverse("account_login") + "?next=/c/acme/")

    def test_a_fragment_sends_the_window_to_sign_in(
        self, company, client, name, kind, method, action
    ):
        url = address(company, name, kind)

        response = getattr(client, method)(url, headers=HTMX)

        assert response.status_code == 401
        assert response["HX-Redirect"].startswith(reverse("account_login"))

    def test_a_role_that_may_not_is_told_who_can(
        self, company, client_for, name, kind, method, action
    ):
        url = address(company, name, kind)
        for role in Role:
            if action in ALLOWED[role]:
                continue
            user = MembershipFactory(company=company, role=role).user

            page = getattr(client_for(user), method)(url)
            fragment = getattr(client_for(user), method)(url, headers=HTMX)

            assert page.status_code == fragment.status_code == 403
            assert "Only an admin" in page.content.decode()
            toast = json.loads(fragment["HX-Trigger"])["toast"]
            assert toast["level"] == "error"
            assert "Only an admin" in toast["text"]
            assert not fragment.content

    def test_another_company_is_not_there(
        self, company, client_for, outsider, name, kind, method, action
    ):
        url = address(company, name, kind)

        assert getattr(client_for(outsider), method)(url).status_code == 404

    def test_another_companys_row_is_not_there(
        self, company, client_for, outsider, name, kind, method, action
    ):
        url = address(company, name, kind).replace("/c/acme/", "/c/zenith/")
        if kind == "none":
            pytest.skip("this page shows no single row")

        response = getattr(client_for(outsider), method)(url, headers=HTMX)

        assert response.status_code == 404


# --- People


def people(company):
    return reverse("companies:people", args=[company.slug])


def test_an_admin_invites_and_sees_the_link_once(company, admin, client_for):
    client = client_for(admin)
    url = reverse("companies:invite", args=[company.slug])

    response = client.post(url, {"email": "tom@acme.test", "role": "accountant"}, headers=HTMX)

    link = next(word for word in mail.outbox[0].body.split() if "/join/" in word)
    assert link in response.content.decode()
    assert link not in client.get(people(company)).content.decode()
    assert '<hx-partial hx-target="#page-status"' in response.content.decode()


@pytest.mark.parametrize(
    ("email", "status", "words"),
    [
        ("not an address", 422, "Enter a valid email address"),
        ("priya@acme.test", 422, "belongs to Acme Builders already"),
    ],
)
def test_an_invitation_that_cannot_be_sent_keeps_what_was_typed(
    company, admin, client_for, email, status, words
):
    url = reverse("companies:invite", args=[company.slug])

    response = client_for(admin).post(url, {"email": email, "role": "viewer"})

    assert response.status_code == status
    assert words in response.content.decode()
    assert f'value="{email}"' in response.content.decode()
    assert not mail.outbox


def test_the_only_admin_reads_why_there_is_no_choice(company, admin, controller, client_for):
    page = client_for(admin).get(people(company)).content.decode()

    assert "The only admin. Make somebody else an admin first." in page
    assert f"role-{company.memberships.get(user=admin).pk}" not in page
    assert f'id="role-{company.memberships.get(user=controller).pk}"' in page


def test_lowering_the_only_admin_all_the_same_is_a_conflict(company, admin, client_for):
    pk = company.memberships.get(user=admin).pk

    response = client_for(admin).post(
        reverse("companies:role", args=[company.slug, pk]), {"role": "viewer"}, headers=HTMX
    )

    assert response.status_code == 409
    assert "only admin" in json.loads(response["HX-Trigger"])["toast"]["text"]
    assert 'id="people"' in response.content.decode()


def test_a_saved_role_counts_from_the_next_request(company, admin, viewer, client_for):
    theirs = client_for(viewer)
    pk = company.memberships.get(user=viewer).pk
    assert "Invite somebody" not in theirs.get(people(company)).content.decode()

    client_for(admin).post(reverse("companies:role", args=[company.slug, pk]), {"role": "admin"})

    assert "Invite somebody" in theirs.get(people(company)).content.decode()


def test_an_unknown_role_is_refused(company, admin, viewer, client_for):
    pk = company.memberships.get(user=viewer).pk

    response = client_for(admin).post(
        reverse("companies:role", args=[company.slug, pk]), {"role": "owner"}
    )

    assert response.status_code == 422
    assert company.memberships.get(user=viewer).role == Role.VIEWER


def test_a_removed_member_is_out_at_once(company, admin, controller, client_for):
    theirs = client_for(controller)
    pk = company.memberships.get(user=controller).pk
    assert theirs.get(people(company)).status_code == 200

    client_for(admin).post(reverse("companies:remove", args=[company.slug, pk]))

    assert theirs.get(people(company)).status_code == 404


def test_an_admin_who_leaves_goes_home(company, admin, client_for):
    MembershipFactory(company=company, admin=True)
    pk = company.memberships.get(user=admin).pk

    response = client_for(admin).post(
        reverse("companies:remove", args=[company.slug, pk]), headers=HTMX
    )

    assert response["HX-Redirect"] == "/"
    assert not Membership.objects.filter(user=admin).exists()


def test_others_read_who_is_in_and_who_can_change_it(company, admin, controller, client_for):
    page = client_for(controller).get(people(company)).content.decode()

    assert "Only an admin can manage people. Ask Priya Shah." in page
    assert "Remove…" not in page
    assert "Save role" not in page


def test_the_people_page_stays_cheap(company, admin, client_for, django_assert_max_num_queries):
    MembershipFactory.create_batch(30, company=company)
    client = client_for(admin)
    client.get(people(company))

    with django_assert_max_num_queries(12):
        client.get(people(company))


# --- Settings


def decided(company, **changes):
    """What the form sends when only `changes` were typed."""
    values = {
        "granularity": "cost_code",
        "posting_style": "accounts",
        "project_target": "either",
        "retainage_account": "",
        "closed_through": "",
        "approval_amount": "",
        "send_as_draft": "on",
        "currency": "USD",
        "time_zone": "America/Chicago",
        "pull_every_minutes": "60",
        "version": deciding.version_of(CompanySettings.objects.get(company=company)),
    }
    return values | changes


def settings_url(company):
    return reverse("companies:settings", args=[company.slug])


def test_settings_are_saved_told_and_passed_on(company, admin, client_for):
    account = RecordFactory(company=company, retainage_account=True)
    heard = []

    def hear(sender, company, changed, **kwargs):
        heard.append((company, changed))

    settings_changed.connect(hear)
    try:
        client_for(admin).post(
            settings_url(company),
            decided(
                company,
                approval_amount="25000",
                retainage_account=account.pk,
                closed_through="2026-10-31",
            ),
        )
    finally:
        settings_changed.disconnect(hear)

    settings = CompanySettings.objects.get(company=company)
    assert settings.approval_amount == Decimal(25000)
    assert settings.retainage_account == account
    changed = {"approval_amount", "retainage_account", "closed_through"}
    assert heard == [(company, changed)]
    entry = Entry.objects.get()
    assert (entry.verb, entry.user) == (Verb.CHANGED_SETTINGS, admin)
    assert entry.before["approval_amount"] is None
    assert entry.after == {
        "approval_amount": "25000",
        "closed_through": "2026-10-31",
        "retainage_account": account.label,
    }


def test_saving_what_is_so_anyway_changes_nothing(company, admin, client_for):
    client_for(admin).post(settings_url(company), decided(company))

    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"approval_amount": "-1"}, "greater than or equal to 0"),
        ({"pull_every_minutes": "1"}, "greater than or equal to 5"),
        ({"time_zone": "Mars/Base"}, "not one of the available choices"),
        ({"currency": "XXX"}, "not one of the available choices"),
        ({"closed_through": "soon"}, "valid date"),
    ],
)
def test_what_cannot_be_is_said_and_not_saved(company, admin, client_for, typed, words):
    response = client_for(admin).post(settings_url(company), decided(company, **typed))

    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Entry.objects.exists()


def test_only_liability_accounts_of_the_own_ledger_are_offered(company, admin, client_for):
    good = RecordFactory(company=company, retainage_account=True)
    others = [
        RecordFactory(company=company, account=True),
        RecordFactory(company=company, retainage_account=True, inactive=True),
        RecordFactory(retainage_account=True),
    ]

    page = client_for(admin).get(settings_url(company)).content.decode()

    assert good.label in page
    for other in others:
        assert other.label not in page
        response = client_for(admin).post(
            settings_url(company), decided(company, retainage_account=other.pk)
        )
        assert response.status_code == 422


def test_two_admins_at_one_form_do_not_overwrite_each_other(company, admin, client_for):
    looked_at = decided(company, approval_amount="100")
    client_for(admin).post(settings_url(company), decided(company, approval_amount="500"))

    response = client_for(admin).post(settings_url(company), looked_at)

    assert response.status_code == 409
    assert "Somebody else changed these settings" in response.content.decode()
    assert CompanySettings.objects.get(company=company).approval_amount == 500


def test_others_read_the_settings_as_text(company, admin, viewer, client_for):
    page = client_for(viewer).get(settings_url(company)).content.decode()

    assert "Only an admin can change settings. Ask Priya Shah." in page
    assert "Lines are mapped by" in page
    assert "Save settings" not in page
    assert "<input" not in page.split("<main")[1].split("</main>")[0]


def test_medium_above_high_is_refused_by_the_database_too():
    settings = CompanyFactory().settings
    settings.line_medium = Decimal("0.950")

    with pytest.raises(Exception, match="medium_is_not_above_high"):
        settings.save()
