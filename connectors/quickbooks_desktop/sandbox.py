"""A small, strict imitation of QuickBooks Desktop and of the Web Connector beside it.

Nobody calls QuickBooks Desktop: the Web Connector here calls our service over HTTP, as the real
one does from a person's Windows machine. What is served is only the sandbox's own console.
Built from section 8 of the reference sheet; where the sheet infers, so does this.
"""

import threading
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from connectors.quickbooks_desktop import sandbox_changes as changes
from connectors.quickbooks_desktop import sandbox_payments as payments
from connectors.quickbooks_desktop import sandbox_seed
from connectors.quickbooks_desktop.sandbox_books import DEFAULT_COMPANY, CompanyBooks
from connectors.quickbooks_desktop.sandbox_company_file import CompanyFile
from connectors.quickbooks_desktop.sandbox_machine import Machine
from connectors.quickbooks_desktop.sandbox_page import Page
from connectors.quickbooks_desktop.sandbox_payments import Applied
from connectors.quickbooks_desktop.sandbox_web_connector import WebConnector
from connectors.sandboxing import Doc, Store

LONGEST_RUN_SECONDS = 30


class QuickBooksDesktopSandbox(Page):
    """One Windows machine: QuickBooks Desktop, a company file that is open, a Web Connector.

    With `calls_every` the Web Connector runs by itself, each so many seconds, for every application
    that was added to it; without, it runs when it is told to.
    """

    routes: ClassVar = [*Page.page_routes, *Page.control_routes]

    def __init__(
        self,
        *,
        seed: Path | None = None,
        books: Path | None = None,
        calls_every: float = 0.0,
        pause_seconds: float = 5.0,
    ) -> None:
        super().__init__(seed=seed, books=books)
        self.machine = Machine(self.company_file)
        self.connector = WebConnector(
            self.machine, self.store, self._books, self.now, pause_seconds=pause_seconds
        )
        self._stopped = threading.Event()
        self._calling = threading.Thread(
            target=self.connector.run_forever, args=(self._stopped, calls_every), daemon=True
        )
        if calls_every:
            self._calling.start()

    @cached_property
    def company_file(self) -> CompanyFile:
        return CompanyFile(CompanyBooks(self.store), self.store, self._books, self.now)

    @property
    def company_books(self) -> CompanyBooks:
        return self.company_file.books

    def load(self, seed: Path) -> None:
        sandbox_seed.load(self.company_books, seed, self.now())

    def hang_up(self) -> None:
        """No more runs by itself; the one that is under way comes to its end first."""
        self._stopped.set()
        if self._calling.is_alive():
            self._calling.join(LONGEST_RUN_SECONDS)

    def another_file(self, path: str, **company: object) -> CompanyFile:
        """A second company file on the machine, empty, and not open."""
        store = Store()
        file = CompanyFile(CompanyBooks(store), store, self._books, self.now)
        with self._books, store.transaction():
            file.books.change_company(**{**DEFAULT_COMPANY, "path": path, **company})
        self.machine.put(file, path)
        return file

    # --- What a person does in QuickBooks -----------------------------------------------------

    def change(self, kind: str, key: str, action: str, **said: str) -> Doc:
        """One of `sandbox_changes.ACTIONS`, done to one row of a list. Raises Refusal."""
        with self._books, self.store.transaction():
            return changes.changed(self.company_books, kind, key, action, said, self.now())

    def pay(self, parts: list[Applied], **how: str) -> Doc:
        """One check (`kind` says otherwise) over bills; `number`, `day`, `memo`. Raises Refusal."""
        with self._books, self.store.transaction():
            return payments.paid(self.company_books, parts, self.now(), **how)

    def void(self, payment: str) -> Doc:
        with self._books, self.store.transaction():
            return payments.voided(self.company_books, payment, self.now())

    def close_books(self, day: str) -> None:
        """Through and with this day; blank opens them."""
        with self._books, self.store.transaction():
            self.company_books.change_company(closing_date=day)

    def lock(self, key: str, times: int = 1) -> None:
        """Another user has this row open, for so many requests."""
        with self._books:
            self.company_books.locked[key] = times
