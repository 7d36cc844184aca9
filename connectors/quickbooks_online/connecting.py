"""How a company is tied to QuickBooks Online. Sections are those of its reference sheet."""

from collections.abc import Callable, Mapping
from typing import cast

from django.conf import settings

from common.choices import RecordKind, Side, System, Way
from connectors import calls
from connectors.http import CallMade, Tokens
from connectors.models import Connection
from connectors.oauth import OAuthApp
from connectors.packages import Package, Scope, Webhooks
from connectors.quickbooks_online import webhooks
from connectors.quickbooks_online.client import QuickBooksOnlineClient
from connectors.records import PulledCompany
from connectors.tokens import ConnectionTokens


def oauth_app(registration: Mapping[str, str]) -> OAuthApp:
    """Our registration with Intuit, from the settings of the same name. Source: section 1."""
    return OAuthApp(
        system="QuickBooks Online",
        authorize_url=registration["authorize_url"],
        token_url=registration["token_url"],
        revoke_url=registration["revoke_url"],
        client_id=registration["client_id"],
        client_secret=registration["client_secret"],
        scope="com.intuit.quickbooks.accounting",
    )


def client(
    realm_id: str, tokens: Tokens, record: Callable[[CallMade], None] = lambda _call: None
) -> QuickBooksOnlineClient:
    return QuickBooksOnlineClient(
        base_url=settings.QUICKBOOKS_ONLINE["api_url"],
        app_url=settings.QUICKBOOKS_ONLINE["app_url"],
        tokens=tokens,
        realm_id=realm_id,
        record=record,
    )


def open_connection(connection: Connection) -> QuickBooksOnlineClient:
    tokens = ConnectionTokens(connection, oauth_app(settings.QUICKBOOKS_ONLINE))
    return client(connection.external_company_id, tokens, calls.recorder(connection))


def companies_seen(tokens: Tokens, named: str) -> list[PulledCompany]:
    """A person chooses the company on Intuit's own page, which names it to us."""
    return [client(named, tokens).company()]


PACKAGE = Package(
    system=System.QUICKBOOKS_ONLINE,
    side=Side.LEDGER,
    client=QuickBooksOnlineClient,
    ways=(Way.CONSENT,),
    open=open_connection,
    oauth_app=lambda: oauth_app(cast("Mapping[str, str]", settings.QUICKBOOKS_ONLINE)),
    companies_seen=companies_seen,
    # 6.3: its address is set with Intuit once, for the app.
    webhooks=Webhooks(
        is_genuine=webhooks.is_genuine,
        read=webhooks.read,
        by_company=webhooks.by_company,
        app_secret=lambda: cast("str", settings.QUICKBOOKS_ONLINE["verifier_token"]),
    ),
    reads=(
        "Vendors, customers and projects, items, accounts, classes and terms",
        "The closing date of the books, and the bills that we look for before we send one",
        "Payments of bills, to show in the source what was paid",
    ),
    writes="Bills, each one only after a person published its mappings, and vendors and customers "
    "that a person creates. Nothing is changed or deleted.",
    creating={
        RecordKind.PROJECT: "QuickBooks Online cannot create projects through its API. Create the "
        "project there and pull, or create a sub-customer here, where the rules let bills go to "
        "customers.",
    },
    scopes=(
        Scope(
            name="com.intuit.quickbooks.accounting",
            why="The only scope in which Intuit lets an app read lists and enter bills. Taking "
            "payments, payroll and the names of people are not asked for.",
        ),
    ),
)
