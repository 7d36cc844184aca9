"""Who comes in, with which role, and who goes.

Every change takes the company's row first, so two of them wait for each other: two admins who
lower each other at the same moment cannot both succeed.
"""

import hashlib
import secrets
from datetime import timedelta
from smtplib import SMTPException
from typing import NamedTuple

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from audit import trail
from audit.models import Verb
from audit.trail import Change
from common.errors import AppError, Conflict
from companies.models import ApiToken, Company, Invitation, Membership, Role, User

LIFETIME = timedelta(days=7)
log = structlog.get_logger(__name__)


class LastAdmin(Conflict):
    def __init__(self, person: User, company: Company) -> None:
        super().__init__(
            f"{person} is the only admin of {company}. Make somebody else an admin first."
        )


class InvitationClosed(AppError):
    status = 410


class Invited(NamedTuple):
    invitation: Invitation
    link: str  # known now and never again: only a hash of it is kept
    is_mailed: bool


def invite(company: Company, *, email: str, role: Role, by: User) -> Invited:
    """Open the door for one address and mail the link.

    Raises:
        Conflict: that person is in already, or has an open invitation.
    """
    email = User.objects.normalize_email(email.strip())
    with transaction.atomic():
        _alone(company)
        if company.memberships.filter(user__email__iexact=email).exists():
            raise Conflict(f"{email} belongs to {company} already. Change the role instead.")
        if company.invitations.filter(email__iexact=email, accepted_at=None).exists():
            raise Conflict(f"{email} is invited already. Send that invitation again instead.")
        token = _new_token()
        invitation = Invitation.objects.create(
            company=company,
            email=email,
            role=role,
            token_sha256=_digest(token),
            invited_by=by,
            expires_at=timezone.now() + LIFETIME,
        )
        trail.record(Verb.INVITED, invitation, by=by, after={"role": role})
    return _mail(invitation, token)


def resend(invitation: Invitation, *, by: User) -> Invited:
    """Mail a new link; the old one stops working.

    Raises:
        Conflict: it was accepted or withdrawn meanwhile.
    """
    with transaction.atomic():
        _alone(invitation.company)
        invitation = _open_invitation(invitation)
        token = _new_token()
        invitation.token_sha256 = _digest(token)
        invitation.expires_at = timezone.now() + LIFETIME
        invitation.save(update_fields=["token_sha256", "expires_at"])
        trail.record(
            Verb.INVITED, invitation, by=by, after={"role": invitation.role}, reason="sent again"
        )
    return _mail(invitation, token)


@transaction.atomic
def withdraw(invitation: Invitation, *, by: User) -> None:
    """Shut the door again: the link stops working.

    Raises:
        Conflict: it was accepted or withdrawn meanwhile.
    """
    _alone(invitation.company)
    invitation = _open_invitation(invitation)
    trail.record(Verb.REMOVED, invitation, by=by, before={"role": invitation.role})
    invitation.delete()


def find(token: str) -> Invitation:
    """The invitation this link belongs to.

    Raises:
        InvitationClosed: unknown, used, withdrawn or too old.
    """
    invitation = (
        Invitation.objects.select_related("company", "invited_by")
        .filter(token_sha256=_digest(token))
        .first()
    )
    if invitation is None or invitation.accepted_at:
        raise InvitationClosed(
            "This invitation is used up or was replaced by a newer one. Look for a newer mail, or"
            " sign in."
        )
    if invitation.expires_at <= timezone.now():
        raise InvitationClosed(
            f"This invitation ended after {LIFETIME.days} days."
            f" Ask {invitation.invited_by} to send it again."
        )
    return invitation


@transaction.atomic
def accept(token: str, *, name: str, password: str) -> Membership:
    """Come in as a new person. `password` was found strong enough by the form.

    Raises:
        InvitationClosed: the link does not work any more.
        Conflict: somebody with that address exists; they sign in and then use accept_as().
    """
    invitation = _claim(token)
    if User.objects.filter(email__iexact=invitation.email).exists():
        raise Conflict(f"There is an account for {invitation.email} already. Sign in with it.")
    user = User.objects.create_user(invitation.email, password, name=name)
    return _join(invitation, user)


@transaction.atomic
def accept_as(user: User, token: str) -> Membership:
    """Come in as somebody who has an account.

    Raises:
        InvitationClosed: the link does not work any more.
        Conflict: the invitation is for another address.
    """
    invitation = _claim(token)
    if user.email.lower() != invitation.email.lower():
        raise Conflict(
            f"This invitation is for {invitation.email}, and you are signed in as {user.email}."
            " Sign out, then open the link again."
        )
    return _join(invitation, user)


@transaction.atomic
def change_role(membership: Membership, role: Role, *, by: User) -> Membership:
    """
    Raises:
        LastAdmin: nobody else could manage people afterwards.
        Conflict: the person was removed meanwhile.
    """
    membership = _still_in(membership)
    before = membership.role
    if before == role:
        return membership
    if before == Role.ADMIN:
        _leave_an_admin(membership)
    membership.role = role
    membership.save(update_fields=["role"])
    trail.record(
        Verb.CHANGED_ROLE, membership, by=by, before={"role": before}, after={"role": role}
    )
    return membership


@transaction.atomic
def remove(membership: Membership, *, by: User) -> None:
    """End every right at once: pages, and the person's API tokens of this company.

    Raises:
        LastAdmin: nobody else could manage people afterwards.
        Conflict: the person was removed meanwhile.
    """
    membership = _still_in(membership)
    if membership.role == Role.ADMIN:
        _leave_an_admin(membership)
    tokens = ApiToken.objects.filter(
        company=membership.company, user=membership.user, revoked_at=None
    )
    revoked = list(tokens.select_for_update())
    tokens.update(revoked_at=Now())
    trail.record(Verb.REMOVED, membership, by=by, before={"role": membership.role})
    trail.record_all(Verb.REVOKED_TOKEN, [Change(token) for token in revoked], by=by)
    membership.delete()


def _alone(company: Company) -> None:
    """Wait for, then keep off, everybody else who changes people of this company."""
    # No key is changed, so rows that merely point to the company can still be written.
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)


def _still_in(membership: Membership) -> Membership:
    _alone(membership.company)
    found = (
        Membership.objects.select_related("user", "company")
        .filter(pk=membership.pk)
        .select_for_update(of=("self",))
        .first()
    )
    if found is None:
        raise Conflict(f"{membership.user} was removed meanwhile. Nothing was saved.")
    return found


def _leave_an_admin(membership: Membership) -> None:
    others = membership.company.memberships.filter(role=Role.ADMIN, user__is_active=True)
    if not others.exclude(pk=membership.pk).exists():
        raise LastAdmin(membership.user, membership.company)


def _open_invitation(invitation: Invitation) -> Invitation:
    found = (
        Invitation.objects.select_related("company")
        .filter(pk=invitation.pk, accepted_at=None)
        .select_for_update(of=("self",))
        .first()
    )
    if found is None:
        raise Conflict(f"The invitation of {invitation.email} was used or withdrawn meanwhile.")
    return found


def _claim(token: str) -> Invitation:
    _alone(find(token).company)
    return find(token)  # once more: it may have been used while we waited


def _join(invitation: Invitation, user: User) -> Membership:
    company = invitation.company
    if company.memberships.filter(user=user).exists():
        raise Conflict(f"You belong to {company} already.")
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    membership = Membership.objects.create(company=company, user=user, role=invitation.role)
    trail.record(Verb.JOINED, company, by=user, after={"role": invitation.role})
    return membership


def _mail(invitation: Invitation, token: str) -> Invited:
    """The door is open whether or not the mail leaves: the page shows the link as well."""
    link = settings.PUBLIC_URL.rstrip("/") + reverse("join", args=[token])
    context = {"invitation": invitation, "link": link, "days": LIFETIME.days}
    subject = f"{invitation.invited_by} invites you to {invitation.company} in Tieout"
    try:
        send_mail(
            " ".join(subject.split()),  # a name with a line break makes no second header
            render_to_string("companies/invitation.txt", context),
            None,
            [invitation.email],
        )
    except (SMTPException, OSError) as error:
        log.warning("invitation_not_mailed", invitation=invitation.pk, error=type(error).__name__)
        return Invited(invitation, link, is_mailed=False)
    return Invited(invitation, link, is_mailed=True)


def _new_token() -> str:
    return secrets.token_urlsafe(32)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
