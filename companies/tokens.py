"""API tokens: made, checked, revoked. A token carries its person's rights of this very moment."""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from audit import trail
from audit.models import Verb
from common.errors import Conflict
from companies.access import Action, may, refusal
from companies.models import ApiToken, Membership, User

PREFIX = "tieout_"
LIFETIME = timedelta(days=365)
NOTED_EVERY = timedelta(minutes=1)


@transaction.atomic
def make(membership: Membership, *, name: str) -> tuple[ApiToken, str]:
    """A new token for this person in this company, and its text, which is shown once."""
    text = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        company=membership.company,
        user=membership.user,
        name=name,
        prefix=text[: len(PREFIX) + 4],
        token_sha256=_digest(text),
        expires_at=timezone.now() + LIFETIME,
    )
    trail.record(Verb.MADE_TOKEN, token, by=membership.user)
    return token, text


@transaction.atomic
def revoke(token: ApiToken, *, by: User) -> None:
    """
    Raises:
        Conflict: it was revoked before.
    """
    if not ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=Now()):
        raise Conflict(f"The token {token} was revoked already.")
    trail.record(Verb.REVOKED_TOKEN, token, by=by)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer tieout_…`. Sets `request.user` and `request.auth` (the membership)."""

    def authenticate(self, request: Request) -> tuple[User, Membership] | None:
        scheme, _, text = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not text:
            return None
        token = (
            ApiToken.objects.filter(
                token_sha256=_digest(text.strip()),
                revoked_at=None,
                expires_at__gt=Now(),
                user__is_active=True,
            )
            .select_related("user")
            .first()
        )
        membership = token and (
            Membership.objects.filter(company=token.company_id, user=token.user_id)
            .select_related("company__settings", "user")
            .first()
        )
        if not token or not membership:
            raise AuthenticationFailed("This token is not valid. Make a new one under Account.")
        ApiToken.objects.filter(pk=token.pk).exclude(
            last_used_at__gt=timezone.now() - NOTED_EVERY
        ).update(last_used_at=Now())
        return membership.user, membership

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class MayUseApi(BasePermission):
    """Each view names the Action of each of its methods in `required`; the rest is shut."""

    def has_permission(self, request: Request, view: Any) -> bool:
        membership = request.auth
        if not isinstance(membership, Membership):
            return False
        action: Action | None = view.required.get(getattr(view, "action", None) or request.method)
        if action is None:
            return False
        self.message = refusal(membership.company, action)
        return may(membership, action)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
