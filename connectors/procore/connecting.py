"""How a company is tied to Procore. Sections are those of the Procore fact sheet."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import cast

from django.conf import settings

from common.choices import Side, System, Way
from connectors import calls
from connectors.http import CallMade, Tokens
from connectors.models import Connection
from connectors.oauth import OAuthApp
from connectors.packages import Package, Scope, Webhooks
from connectors.procore import webhooks
from connectors.procore.client import SYSTEM, ProcoreClient
from connectors.records import PulledCompany
from connectors.tokens import ConnectionTokens


def oauth_app(registration: Mapping[str, str]) -> OAuthApp:
    """1.1, 1.2: the login host is not the API host, and credentials travel in the body."""
    login = registration["login_url"].rstrip("/")
    return OAuthApp(
        system=SYSTEM,
        authorize_url=f"{login}/oauth/authorize",
        token_url=f"{login}/oauth/token",
        revoke_url=f"{login}/oauth/revoke",
        client_id=registration["client_id"],
        client_secret=registration["client_secret"],
        client_auth="client_secret_post",
    )


def client(
    company_id: str, tokens: Tokens, record: Callable[[CallMade], None] = lambda _call: None
) -> ProcoreClient:
    return ProcoreClient(
        base_url=settings.PROCORE["api_url"], tokens=tokens, company_id=company_id, record=record
    )


def open_connection(connection: Connection) -> ProcoreClient:
    tokens = ConnectionTokens(connection, oauth_app(settings.PROCORE))
    return client(connection.external_company_id, tokens, calls.recorder(connection))


def companies_seen(tokens: Tokens, _named: str) -> list[PulledCompany]:
    return client("", tokens).companies()


def subscribe(
    connection: Connection, address: str, secret: str, done: Collection[str]
) -> Iterator[str]:
    return webhooks.subscribe(open_connection(connection), address, secret, done)


PACKAGE = Package(
    system=System.PROCORE,
    side=Side.SOURCE,
    client=ProcoreClient,
    ways=(Way.CONSENT,),
    open=open_connection,
    oauth_app=lambda: oauth_app(cast("Mapping[str, str]", settings.PROCORE)),
    companies_seen=companies_seen,
    webhooks=Webhooks(is_genuine=webhooks.is_genuine, read=webhooks.read, subscribe=subscribe),
    reads=(
        "Vendors, projects, cost codes and cost types",
        "Commitments, subcontractor invoices and direct costs of the projects you can see",
    ),
    writes="That a bill was paid, when and with which check: payments of commitments, and the day "
    "on invoices and direct costs. Nothing else is changed.",
    scopes=(
        Scope(
            name="What you may see yourself",
            why="Procore knows no narrower consent: Tieout sees what the person who signs in sees.",
        ),
    ),
)
