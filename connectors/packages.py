"""What a system's package says of itself: which side it serves, how it is tied, how it is opened.

Each package has a `connecting.py` with one Package; `registry.PACKAGES` lists them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from common.choices import Side, System, Way
from connectors.base import Ledger, Source
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
    """What an admin types in where there is no consent page."""

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
class Webhooks:
    """What a system sends us by itself. `secret` is the connection's own where it has one."""

    # Did it come from there? The raw bytes, before anything is parsed; constant-time inside.
    is_genuine: Callable[[Mapping[str, str], bytes, str], bool]
    # What it says. Raises ValueError when it is no message of this system.
    read: Callable[[Mapping[str, str], bytes], list[News]]


@dataclass(frozen=True, kw_only=True)
class Package:
    system: System
    side: Side
    client: type  # of the first way; what it can do is asked of the class
    ways: tuple[Way, ...]
    open: Callable[[Connection], Source | Ledger]
    reads: tuple[str, ...]
    writes: str
    scopes: tuple[Scope, ...] = ()
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
    webhooks: Webhooks | None = None

    def client_of(self, way: Way) -> type:
        return self.clients.get(way, self.client)
