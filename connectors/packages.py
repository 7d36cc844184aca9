"""What a system's package says of itself: which side it serves, how it is tied, how it is opened.

Each package has a `connecting.py` with one Package; `registry.PACKAGES` lists them.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from common.choices import RecordKind, Side, System, Way
from connectors.base import Ledger, Source
from connectors.file_models import SourceFile
from connectors.http import Tokens
from connectors.models import Connection
from connectors.oauth import OAuthApp
from connectors.records import News, PulledCompany


@dataclass(frozen=True, kw_only=True)
class Scope:
    """One thing we ask to be allowed, and why, in words an admin can weigh."""

    name: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Field:
    """What an admin types in where there is no consent page.

    `name` is the key under which `sign_in` gets it. What it sends back as `SignedIn.secret` or
    `options` under the same name shows on the form later: a secret as its last four characters.
    """

    name: str
    label: str
    help: str = ""
    is_secret: bool = False
    is_required: bool = True


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """Credentials that were tried and let us in."""

    company: PulledCompany
    secret: Mapping[str, str]  # kept encrypted
    options: Mapping[str, str] = field(default_factory=dict)  # kept as they are, may be shown


@dataclass(frozen=True, kw_only=True)
class ConnectorFile:
    """What an admin installs beside the system, so that it calls us. Never holds the password."""

    name: str  # "tieout-acme.qwc"
    content: bytes
    content_type: str
    user: str  # the name the connector signs in with
    # What the admin does with it, step by step, in the words of the other system's screens.
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Check:
    """One step of a system's own setup, tried for real. For the page "Check the setup".

    A `Package.check` answers with one Check per step, in the order in which a person sets them up,
    and always with all of them: what could not be tried, because a step before it failed, is
    NOT_TRIED and its sentence says what it waits for. It raises nothing that is a ConnectorError:
    such an error is the sentence of the step that failed.
    """

    class State(StrEnum):
        OK = "ok"
        FAILED = "failed"
        NOT_TRIED = "not_tried"

    label: str  # "The Web Services subscription is on"
    state: State
    sentence: str = ""  # where it failed: what happened, then what to do and where


@dataclass(frozen=True, kw_only=True)
class Webhooks:
    """What a system sends us by itself. Names of headers come in lower case.

    The secret that proves the sender is the connection's own; where a system has one address for
    all its companies it is our app's. An empty secret proves nothing and is never asked about.
    """

    # Did it come from there? The raw bytes, before anything is parsed; constant-time inside.
    is_genuine: Callable[[Mapping[str, str], bytes, str], bool]
    # What it says. Raises ValueError when it is no message of this system.
    read: Callable[[Mapping[str, str], bytes], list[News]]
    # Makes the system tell us: of the connection, to the address, with the secret, but for the
    # parts that are done ("company", a project); names each part when it is done. Run again it
    # finds what it made before and tells it the secret. None where a person sets it up there.
    subscribe: Callable[[Connection, str, str, Collection[str]], Iterator[str]] | None = None
    # Of a system that tells the news of all its companies at one address, proved by one secret:
    # each company's part of the body, by the company's external id. Raises ValueError as `read`.
    by_company: Callable[[bytes], Mapping[str, bytes]] | None = None
    app_secret: Callable[[], str] = str


@dataclass(frozen=True, kw_only=True)
class Package:
    system: System
    side: Side
    client: type  # of the first way; what it can do is asked of the class
    ways: tuple[Way, ...]
    open: Callable[[Connection], Source | Ledger]
    reads: tuple[str, ...]
    writes: str
    # What we ask to be allowed, or what an admin there has to allow us: no more than is needed.
    scopes: tuple[Scope, ...] = ()
    # Where there are two ways: what each means for the people who will live with it.
    ways_mean: Mapping[Way, str] = field(default_factory=dict)
    # What to know before a record of a kind is created there, or why it cannot be.
    creating: Mapping[RecordKind, str] = field(default_factory=dict)
    # Where a person goes on once it is tied, by way: the name of a page that takes the company's
    # slug and the connection's id. Without one, to the first pull.
    pages: Mapping[Way, str] = field(default_factory=dict)
    # Where a person should know that a contract is our assumption: one sentence, else blank.
    assumption: str = ""
    clients: Mapping[Way, type] = field(default_factory=dict)  # where a way has a class of its own
    # Way.CONSENT
    oauth_app: Callable[[], OAuthApp] | None = None
    companies_seen: Callable[[Tokens, str], list[PulledCompany]] | None = None
    # Way.CREDENTIALS
    fields: tuple[Field, ...] = ()
    # Tries what an admin typed in; raises a ConnectorError that says what to do.
    sign_in: Callable[[Mapping[str, str]], SignedIn] | None = None
    # Way.CONNECTOR_FILE: made of a connection, whose `row_key` is in the address it calls. The
    # password is `connectors.waiting`'s business: `lets_in`, and `heard` on the first call.
    connector_file: Callable[[Connection], ConnectorFile] | None = None
    # Tries the setup step by step; only where a system's setup has steps worth trying.
    check: Callable[[Connection], list[Check]] | None = None
    webhooks: Webhooks | None = None
    # Forgets what is of no use any more; once a day. How many rows.
    prune: Callable[[], int] | None = None
    # Way.FILES: carries an uploaded file on, in a task. Safe to run twice.
    work_file: Callable[[SourceFile], None] | None = None

    def client_of(self, way: Way) -> type:
        return self.clients.get(way, self.client)
