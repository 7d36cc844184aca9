import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from audit.models import Entry, Verb
from common.errors import AppError, Conflict
from companies import inviting, tokens
from companies.models import Invitation, Membership, Role, User
from companies.tests.factories import PASSWORD, CompanyFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


def member(company, user):
    return company.memberships.get(user=user)


def token_of(invited):
    return invited.link.rstrip("/").rsplit("/", 1)[1]


def test_an_invitation_is_mailed_and_only_its_hash_is_kept(company, admin):
    invited = inviting.invite(company, email=" Tom@Acme.test ", role=Role.ACCOUNTANT, by=admin)

    (letter,) = mail.outbox
    assert letter.to == ["Tom@acme.test"]
    assert invited.link in letter.body
    kept = Invitation.objects.values().get()
    assert token_of(invited) not in str(kept)
    assert timedelta(days=6) < kept["expires_at"] - timezone.now() <= timedelta(days=7)


def test_inviting_writes_its_line_in_the_trail(company, admin):
    inviting.invite(company, email="tom@acme.test", role=Role.ACCOUNTANT, by=admin)

    entry = Entry.objects.get()
    assert (entry.verb, entry.user, entry.object_name) == (Verb.INVITED, admin, "tom@acme.test")
    assert entry.after == {"role": "accountant"}


def test_a_name_with_a_line_break_makes_no_second_header(company, admin):
    admin.name = "Priya\nBcc: everybody@acme.test"

    inviting.invite(company, email="tom@acme.test", role=Role.VIEWER, by=admin)

    assert "\n" not in mail.outbox[0].subject


def test_a_mail_that_cannot_be_sent_leaves_the_link_in_hand(company, admin, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    invited = inviting.invite(company, email="tom@acme.test", role=Role.VIEWER, by=admin)

    assert not invited.is_mailed
    assert inviting.find(token_of(invited)) == invited.invitation


@pytest.mark.parametrize("address", ["priya@acme.test", "PRIYA@acme.test"])
def test_somebody_who_is_in_cannot_be_invited(company, admin, address):
    with pytest.raises(Conflict, match="belongs to Acme Builders already"):
        inviting.invite(company, email=address, role=Role.VIEWER, by=admin)


def test_an_address_has_one_open_invitation(company, admin):
    inviting.invite(company, email="tom@acme.test", role=Role.VIEWER, by=admin)

    with pytest.raises(Conflict, match="invited already"):
        inviting.invite(company, email="TOM@acme.test", role=Role.ADMIN, by=admin)


def test_a_new_person_comes_in_with_name_and_password(company, admin):
    invited = inviting.invite(company, email="tom@acme.test", role=Role.ACCOUNTANT, by=admin)

    membership = inviting.accept(token_of(invited), name="Tom Weiss", password=PASSWORD)

    assert membership.role == Role.ACCOUNTANT
    assert membership.user.check_password(PASSWORD)
    assert Entry.objects.first().verb == Verb.JOINED


def test_a_link_works_once(company, admin):
    invited = inviting.invite(company, email="tom@acme.test", role=Role.ACCOUNTANT, by=admin)
    inviting.accept(token_of(invited), name="Tom Weiss", password=PASSWORD)

    with pytest.raises(inviting.InvitationClosed, match="used up"):
        inviting.accept(token_of(invited), name="Tim", password=PASSWORD)


def test_an_old_link_says_whom_to_ask(company, admin):
    invited = inviting.invite(company, email="tom@acme.test", role=Role.ACCOUNTANT, by=admin)
    company.invitations.update(expires_at=timezone.now())

    with pytest.raises(inviting.InvitationClosed, match="Ask Priya Shah to send it again"):
        inviting.find(token_of(invited))


def test_sending_again_makes_a_new_link_and_ends_the_old_one(company, admin):
    invited = inviting.invite(company, email="tom@acme.test", role=Role.VIEWER, by=admin)

    again = inviting.resend(invited.invitation, by=admin)

    assert inviting.find(token_of(again)) == invited.invitation
    with pytest.raises(inviting.InvitationClosed):
        inviting.find(token_of(invited))
    assert len(mail.outbox) == 2


def test_a_withdrawn_link_opens_nothing(company, admin):
    invited = inviting.invite(company, email="tom@acme.test", role=Role.VIEWER, by=admin)

    inviting.withdraw(invited.invitation, by=admin)

    with pytest.raises(inviting.InvitationClosed):
        inviting.find(token_of(invited))
    with pytest.raises(Conflict):
        inviting.resend(invited.invitation, by=admin)


def test_somebody_with_an_account_comes_in_as_themselves(company, admin):
    user = UserFactory(email="tom@acme.test")
    invited = inviting.invite(company, email="Tom@acme.test", role=Role.VIEWER, by=admin)

    with pytest.raises(Conflict, match="Sign in with it"):
        inviting.accept(token_of(invited), name="Tom", password=PASSWORD)
    assert inviting.accept_as(user, token_of(invited)).user == user


def test_an_invitation_is_for_its_address_only(company, admin):
    invited = inviting.invite(company, email="tom@acme.test", role=Role.VIEWER, by=admin)

    with pytest.raises(Conflict, match=r"is for tom@acme\.test.*signed in as olga"):
        inviting.accept_as(UserFactory(email="olga@zenith.test"), token_of(invited))
    assert not User.objects.filter(email="tom@acme.test").exists()


def test_a_changed_role_is_told_with_what_it_was(company, admin, accountant):
    inviting.change_role(member(company, accountant), Role.CONTROLLER, by=admin)

    assert member(company, accountant).role == Role.CONTROLLER
    entry = Entry.objects.get()
    assert (entry.before, entry.after) == ({"role": "accountant"}, {"role": "controller"})


def test_the_same_role_again_is_no_change(company, admin, accountant):
    inviting.change_role(member(company, accountant), Role.ACCOUNTANT, by=admin)

    assert not Entry.objects.exists()


def test_the_last_admin_cannot_be_lowered_or_removed(company, admin, controller):
    with pytest.raises(inviting.LastAdmin, match="Priya Shah is the only admin of Acme Builders"):
        inviting.change_role(member(company, admin), Role.VIEWER, by=admin)
    with pytest.raises(inviting.LastAdmin):
        inviting.remove(member(company, admin), by=admin)

    assert member(company, admin).role == Role.ADMIN
    assert not Entry.objects.exists()


def test_an_admin_whose_account_is_shut_does_not_count(company, admin):
    MembershipFactory(company=company, admin=True, user__is_active=False)

    with pytest.raises(inviting.LastAdmin):
        inviting.remove(member(company, admin), by=admin)


def test_one_of_two_admins_may_go(company, admin):
    other = MembershipFactory(company=company, admin=True)

    inviting.remove(member(company, admin), by=other.user)

    assert company.memberships.get() == other


def test_removal_revokes_the_tokens_of_this_company_only(company, admin, controller):
    elsewhere = MembershipFactory(user=controller)
    token, _text = tokens.make(member(company, controller), name="export")
    kept, _text = tokens.make(elsewhere, name="export")

    inviting.remove(member(company, controller), by=admin)

    token.refresh_from_db()
    kept.refresh_from_db()
    assert token.revoked_at
    assert kept.revoked_at is None


def test_somebody_removed_meanwhile_is_said(company, admin, controller):
    membership = member(company, controller)
    inviting.remove(membership, by=admin)

    with pytest.raises(Conflict, match="removed meanwhile"):
        inviting.change_role(membership, Role.VIEWER, by=admin)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["lower", "remove"])
def test_two_admins_at_once_cannot_leave_the_company_without_one(act):
    company = CompanyFactory()
    first, second = MembershipFactory.create_batch(2, company=company, admin=True)
    start = threading.Barrier(2)
    outcomes = []

    def go(target, by):
        try:
            start.wait()
            if act == "lower":
                inviting.change_role(target, Role.VIEWER, by=by)
            else:
                inviting.remove(target, by=by)
            outcomes.append("done")
        except AppError as error:
            outcomes.append(type(error))
        finally:
            connection.close()

    threads = [
        threading.Thread(target=go, args=(first, second.user)),
        threading.Thread(target=go, args=(second, first.user)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes, key=str) == sorted(["done", inviting.LastAdmin], key=str)
    assert Membership.objects.filter(company=company, role=Role.ADMIN).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_clicks_on_one_link_make_one_person():
    admin = MembershipFactory(admin=True)
    invited = inviting.invite(admin.company, email="tom@acme.test", role=Role.VIEWER, by=admin.user)
    start = threading.Barrier(2)
    outcomes = []

    def go():
        try:
            start.wait()
            inviting.accept(token_of(invited), name="Tom", password=PASSWORD)
            outcomes.append("in")
        except AppError as error:
            outcomes.append(type(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=go) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes, key=str) == sorted(["in", inviting.InvitationClosed], key=str)
    assert admin.company.memberships.count() == 2
