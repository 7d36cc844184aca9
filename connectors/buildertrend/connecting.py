"""How a company is tied to Buildertrend: by its exported files, or by an ASSUMED contract.

Sections are those of the Buildertrend fact sheet. Files are the way that works today without
anybody's permission, so they come first.
"""

from collections.abc import Callable, Collection, Iterator, Mapping

from django.conf import settings

from common.choices import Side, System, Way
from connectors import calls
from connectors.base import Source
from connectors.buildertrend import webhooks
from connectors.buildertrend.client import SYSTEM, BuildertrendClient
from connectors.buildertrend.files import importing
from connectors.buildertrend.files.client import BuildertrendFiles
from connectors.buildertrend.signing_in import ClientCredentials, app_of
from connectors.errors import AccessDenied, CredentialsExpired, Refused
from connectors.http import CallMade, Tokens
from connectors.models import Connection
from connectors.packages import Field, Package, Scope, SignedIn, Webhooks
from connectors.tokens import lose_consent
from connectors.vault import unseal

ACCOUNT = "account"  # the one part of which news is asked for


def client(
    account_id: str,
    tokens: Tokens,
    record: Callable[[CallMade], None] = lambda _call: None,
    *,
    company_name: str = "",
) -> BuildertrendClient:
    return BuildertrendClient(
        base_url=settings.BUILDERTREND["api_url"],
        tokens=tokens,
        account_id=account_id,
        company_name=company_name,
        record=record,
    )


def open_connection(connection: Connection) -> Source:
    if connection.way == Way.FILES:
        return BuildertrendFiles(connection)
    return open_live(connection)


def open_live(connection: Connection) -> BuildertrendClient:
    secret = unseal(connection, "credentials") or {}
    app = app_of(
        settings.BUILDERTREND,
        connection.options.get("client_id", ""),
        secret.get("client_secret", ""),
    )
    tokens = ClientCredentials(app, given_up=lambda: lose_consent(connection.pk, SYSTEM))
    return client(
        connection.external_company_id,
        tokens,
        calls.recorder(connection),
        company_name=connection.options.get("company_name", ""),
    )


def subscribe(
    connection: Connection, address: str, secret: str, done: Collection[str]
) -> Iterator[str]:
    """8.4: one subscription tells the whole account's news. Files tell none."""
    if connection.way == Way.CREDENTIALS and ACCOUNT not in done:
        open_live(connection).subscribe(address, secret)
        yield ACCOUNT


def sign_in(typed: Mapping[str, str]) -> SignedIn:
    """Tries what an admin typed in by reading the account's jobs.

    Raises:
        Refused: the client id and secret are not accepted, or not for this account.
    """
    said = {name: value.strip() for name, value in typed.items()}
    if not (said["account_id"].isascii() and said["account_id"].isdecimal()):
        raise Refused("The account number has digits only. Enter it again.", field="account_id")
    tokens = ClientCredentials(
        app_of(settings.BUILDERTREND, said["client_id"], said["client_secret"])
    )
    name = said.get("company_name", "")
    try:
        company = client(said["account_id"], tokens, company_name=name).company()
    except CredentialsExpired as error:
        raise Refused(str(error), field="client_secret") from error
    except AccessDenied as error:
        raise Refused(
            f"Buildertrend accepts the client id and secret, but not for account "
            f"{said['account_id']}. Check the number, or ask Buildertrend to open it to the app.",
            field="account_id",
        ) from error
    return SignedIn(
        company=company,
        secret={"client_secret": said["client_secret"]},
        options={
            "account_id": said["account_id"],
            "client_id": said["client_id"],
            "company_name": name,
        },
    )


PACKAGE = Package(
    system=System.BUILDERTREND,
    side=Side.SOURCE,
    client=BuildertrendClient,
    ways=(Way.FILES, Way.CREDENTIALS),
    ways_mean={
        Way.FILES: "Works today. Somebody exports jobs, purchase orders and bills from "
        "Buildertrend as often as you want them here, and uploads the files.",
        Way.CREDENTIALS: "Only with a partner agreement, which you make with Buildertrend. "
        "Tieout then reads by itself, hears of changes, and shows there what was paid.",
    },
    clients={Way.CREDENTIALS: BuildertrendClient, Way.FILES: BuildertrendFiles},
    open=open_connection,
    reads=(
        "Jobs, subs and vendors, cost codes and cost types",
        "Purchase orders and bills of every job",
    ),
    writes="With a partner agreement: on each bill, where it is in the ledger and whether it is "
    "paid. With files: nothing.",
    scopes=(
        Scope(
            name="Reading jobs, vendors, cost codes, purchase orders and bills",
            why="They are what a bill in the ledger is made of.",
        ),
        Scope(
            name="Writing the accounting link of a bill",
            why="So that people in Buildertrend see where a bill is and whether it is paid.",
        ),
        Scope(
            name="Webhooks",
            why="So that a change shows here within minutes.",
        ),
    ),
    assumption="Buildertrend publishes no interface. Exported files need none. The live connection "
    "is our assumption of one, tried against our own imitation only: with a partner agreement it "
    "has to be checked before it is used.",
    fields=(
        Field(
            name="account_id",
            label="Account number",
            help="The number of your builder account, as Buildertrend gave it to you.",
        ),
        Field(
            name="company_name",
            label="Company name",
            help="How you call this account, so that you tell it from another one.",
            is_required=False,
        ),
        Field(name="client_id", label="Client id"),
        Field(name="client_secret", label="Client secret", is_secret=True),
    ),
    sign_in=sign_in,
    webhooks=Webhooks(is_genuine=webhooks.is_genuine, read=webhooks.read, subscribe=subscribe),
    pages={Way.FILES: "connectors:source-files"},
    work_file=importing.work,
)
