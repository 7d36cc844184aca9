"""A program with somebody's token."""

from rest_framework.test import APIClient

from companies import tokens
from companies.models import Membership


def api_for(user, company=None):
    """An APIClient that carries a real token of this person in `company`, or in their only one."""
    memberships = Membership.objects.filter(user=user).select_related("company", "user")
    membership = memberships.get(company=company) if company else memberships.get()
    _token, text = tokens.make(membership, name="Nightly export")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


def post(client, path, body=None):
    return client.post(f"/api/v1/{path}", {} if body is None else body, format="json")


def get(client, path, **query):
    return client.get(f"/api/v1/{path}", query)
