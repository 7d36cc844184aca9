"""A small, strict imitation of QuickBooks Desktop and of the Web Connector beside it.

Nobody calls QuickBooks Desktop: the Web Connector here calls our service over HTTP, as the real
one does from a person's Windows machine. What is served is only the sandbox's own console.
"""

from functools import cached_property
from pathlib import Path
from typing import ClassVar

from werkzeug.wrappers import Request, Response

from connectors.quickbooks_desktop import sandbox_seed
from connectors.quickbooks_desktop.sandbox_books import LISTS, TRANSACTIONS, CompanyBooks
from connectors.sandboxing import Sandbox, json_response


class QuickBooksDesktopSandbox(Sandbox):
    """One machine with QuickBooks Desktop, one company file, and a Web Connector."""

    routes: ClassVar = [("GET", "/_sandbox/state", "state")]

    @cached_property
    def company_books(self) -> CompanyBooks:
        return CompanyBooks(self.store)

    def load(self, seed: Path) -> None:
        sandbox_seed.load(self.company_books, seed, self.now())

    def state(self, request: Request) -> Response:
        """The company file's name and how many rows each list has."""
        books = self.company_books
        counts = {kind: len(books.all(kind)) for kind in (*LISTS, *TRANSACTIONS)}
        return json_response({**books.company, "rows": counts})
