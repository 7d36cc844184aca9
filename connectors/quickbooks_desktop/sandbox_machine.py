"""The Windows machine: which company files lie there, and which one QuickBooks has open."""

from connectors.quickbooks_desktop.sandbox_company_file import CompanyFile
from connectors.quickbooks_desktop.sandbox_refusals import cannot_run


class Machine:
    """Starts with one file, open."""

    def __init__(self, file: CompanyFile) -> None:
        self.is_on = True
        self.name = "OFFICE-PC"
        self.files = {file.path: file}
        self.open: CompanyFile | None = file  # None: QuickBooks is not running

    def put(self, file: CompanyFile, path: str = "") -> None:
        """Copy a company file here; over another one where `path` names it."""
        self.files[path or file.path] = file

    def show(self, path: str) -> None:
        """A person opens a file in QuickBooks, or with "" closes QuickBooks."""
        self.open = self.files[path] if path else None

    @property
    def path(self) -> str:
        """Of the file that is open, as it is called on this machine."""
        return next((path for path, file in self.files.items() if file is self.open), "")

    def file_for(self, wanted: str) -> CompanyFile:
        """The file a session runs on; "" is the one that is open.

        Raises:
            CannotRun: none is open, another is, or it is not there.
        """
        if not wanted:
            if self.open is None:
                raise cannot_run("0x80040416")
            return self.open
        known = {path.casefold(): path for path in self.files}
        path = known.get(wanted.casefold())
        if self.open is not None and (path is None or self.files[path] is not self.open):
            raise cannot_run("0x8004040A")
        if path is None:
            raise cannot_run("0x80040403")
        self.open = self.files[path]
        return self.open
