"""How long a text may be in a ledger, and what it may hold; and how a number is made to fit.

Each ledger's package has a `limits.py` with one `Limits`. They are checked before anything is
sent and, where a page already knows the value, at review time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

CUT_MARK = "~"  # stands where a number was cut, so that a person sees it
CUT_TAIL = 6


@dataclass(frozen=True, kw_only=True)
class Limit:
    """Of one field: `longest` in characters, `forbidden` characters, and where we know it from."""

    longest: int
    source: str  # the reference sheet's section
    forbidden: str = ""
    ascii_only: bool = False

    def complaint(self, what: str, value: str) -> str:
        """A sentence, blank when the value fits."""
        if len(value) > self.longest:
            return f"{what} has {len(value)} characters, and {self.longest} fit. Shorten it."
        if bad := next((c for c in value if c in self.forbidden or ord(c) < 32), ""):
            shown = bad if bad.isprintable() else f"U+{ord(bad):04X}"
            return f"{what} must not hold “{shown}”. Take it out."
        if self.ascii_only and not value.isascii():
            return f"{what} must be in plain letters, without accents or signs. Change it."
        return ""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Everything a ledger is strict about in the documents and records we write."""

    bill_number: Limit
    memo: Limit
    line_description: Limit
    names: Mapping[str, Limit] = field(default_factory=dict)  # by RecordKind
    codes: Mapping[str, Limit] = field(default_factory=dict)  # natural ids, by RecordKind
    fields: Mapping[str, Limit] = field(default_factory=dict)  # address, city, phone and so on


def short_number(number: str, longest: int) -> str:
    """The number as a field of `longest` characters holds it.

    A longer one keeps its beginning, then `~` and the start of a hash of all of it, so that two
    long numbers that begin alike stay apart. The whole number goes into the memo.
    """
    number = " ".join(number.split())
    if len(number) <= longest:
        return number
    tail = sha256(number.encode()).hexdigest()[:CUT_TAIL]
    return number[: longest - CUT_TAIL - len(CUT_MARK)] + CUT_MARK + tail


def cut(text: str, longest: int) -> str:
    """A description that may lose its end, and shows that it did."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
