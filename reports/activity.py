"""The trail in words: what one line, or one act, says on a page and in a file."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.utils.text import capfirst

from audit.models import Entry, Verb
from audit.querysets import EntryQuerySet
from common.choices import RecordKind

HEADS = (
    "When",
    "Who",
    "Person or machine",
    "What",
    "Record",
    "Kind of record",
    "Number of record",
    "Before",
    "After",
    "Reason",
    "Request",
    "Act",
)
# Said by the verb, or an id whose name stands beside it.
UNSAID = {"version", "state", "target", "confidence", "suggestion"}
# Each is the whole story of its line, so its own name need not be said.
PLAIN = {"target_name", "role"}


@dataclass(frozen=True)
class Line:
    """One entry; or an act, spoken for by its first."""

    entry: Entry
    lines: int = 1
    subject: str = ""  # "48 vendors" where the entry speaks for more than itself
    reasons_differ: bool = False

    @property
    def is_act(self) -> bool:
        return self.lines > 1

    @property
    def verb(self) -> str:
        return Verb(self.entry.verb).words

    @property
    def reason(self) -> str:
        return "" if self.reasons_differ else self.entry.reason

    @property
    def details(self) -> list[str]:
        return [] if self.is_act else differences(self.entry)


def fold(entries: list[Entry]) -> list[Line]:
    """The entries of one page, each act's first with what it speaks for."""
    sizes = Entry.objects.sizes_of_acts(entries)
    lines = []
    for entry in entries:
        size = sizes.get((entry.act, entry.verb)) if entry.leads else None
        if size and size["lines"] > 1:
            subject = f"{size['lines']:,} {_noun(size)}"
            differ = size["first_reason"] != size["last_reason"]
            lines.append(Line(entry, size["lines"], subject, differ))
        else:
            lines.append(Line(entry))
    return lines


def differences(entry: Entry) -> list[str]:
    """ "Iron Ridge Steel → Iron Ridge Supplies", "approval amount: none → 500.00" """
    before, after = entry.before or {}, entry.after or {}
    said = []
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if name in UNSAID or old == new:
            continue
        label = "" if name in PLAIN else name.replace("_", " ") + ": "
        if name not in before or (old is None and name in PLAIN):
            said.append(f"{label}{_word(new)}")
        else:
            said.append(f"{label}{_word(old)} → {_word(new)}")
    return said


def rows(entries: EntryQuerySet, zone: ZoneInfo) -> Iterator[Sequence[Any]]:
    """For a file, one row an entry; times are of `zone`, with their offset."""
    for entry in entries.iterator(chunk_size=2000):
        yield (
            entry.at.astimezone(zone).isoformat(timespec="seconds"),
            entry.who,
            "person" if entry.user_id else "machine",
            capfirst(Verb(entry.verb).label),
            entry.object_name,
            _plural(entry.object_type, one=True),
            entry.object_id,
            _values(entry.before),
            _values(entry.after),
            entry.reason,
            entry.request_id,
            entry.act or "",
        )


def _noun(size: dict[str, Any]) -> str:
    """Mappings are named by their kind where all of an act are of one: "vendor Delta Drywall"."""
    for kind in RecordKind:
        word = kind.label.lower()
        if size["first"].startswith(word + " ") and size["last"].startswith(word + " "):
            return f"{word}s"
    return "records" if size["first_type"] != size["last_type"] else _plural(size["first_type"])


def _plural(object_type: str, *, one: bool = False) -> str:
    try:
        options = apps.get_model(object_type)._meta
    except LookupError:  # a model of an earlier version
        return object_type
    return str(options.verbose_name if one else options.verbose_name_plural)


def _word(value: object) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value).replace("_", " ")


def _values(values: dict[str, Any] | None) -> str:
    return "; ".join(f"{name}: {_word(value)}" for name, value in (values or {}).items())
