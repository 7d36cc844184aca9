"""The words of the trade, read from `lexicon.toml` and `concepts.toml`."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(name).read_text(encoding="utf-8"))


_DATA: Final = _read("lexicon.toml")

ABBREVIATIONS: Final[dict[str, str]] = _DATA["abbreviations"]

# Two firms of one family differ in just such a word: "Smith Plumbing", "Smith Electric".
TRADE_WORDS: Final[frozenset[str]] = frozenset(_DATA["trade_words"]["words"])

VENDOR_WORDS: Final[dict[str, str]] = _DATA["vendor_words"]
# What one of two names for a firm often leaves out, and what it never turns on.
VENDOR_EMPTY: Final[frozenset[str]] = frozenset(_DATA["vendors"]["empty"])
VENDOR_GENERIC: Final[frozenset[str]] = frozenset(_DATA["vendors"]["generic"]) - TRADE_WORDS
VENDOR_PLACES: Final[frozenset[str]] = frozenset(_DATA["vendors"]["places"])
# As people write them, inflected: what a slip of the pen is set right to.
COMMON_WORDS: Final[frozenset[str]] = (
    frozenset(ABBREVIATIONS) | frozenset(ABBREVIATIONS.values()) | TRADE_WORDS | VENDOR_GENERIC
)

# What is identity in a project's name.
PLACES: Final[dict[str, list[str]]] = _DATA["places"]
ROMAN: Final = {
    roman: str(number)
    for number, roman in enumerate(["i", "ii", "iii", "iv", "v", "vi", "vii", "viii"], start=1)
}
NUMBER_WORDS: Final = {
    word: str(number) for number, word in enumerate(PLACES["number_words"], start=1)
}

# What projects abbreviate and other names do not, spelled out; several words for initials.
PROJECT_WORDS: Final[dict[str, str]] = _DATA["project_words"]
# Left out of a project's name, because "Roof of the Library" is "Library Roof".
PROJECT_EMPTY: Final[frozenset[str]] = frozenset(_DATA["projects"]["empty"])
# Said of many projects of one owner, so sharing such a word alone means nothing.
PROJECT_COMMON: Final[frozenset[str]] = frozenset(_DATA["projects"]["common"])
PROJECT_OMITTED: Final[frozenset[str]] = frozenset(_DATA["projects"]["omitted"])
PROJECT_WORK: Final[frozenset[str]] = frozenset(_DATA["projects"]["work"])

ADDRESSES: Final[dict[str, Any]] = _DATA["addresses"]


# --- What a line item is about --------------------------------------------------------------------


def _split(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(",") if word.strip())


LINE_ITEMS: Final[dict[str, list[str]]] = _DATA["line_items"]
LINE_WORDS: Final[dict[str, str]] = _DATA["line_words"]
CONCEPTS: Final[dict[str, dict[str, str]]] = _read("concepts.toml")
COST_TYPES: Final[dict[str, str]] = {
    spelling: name
    for name, spellings in _DATA["cost_types"].items()
    for spelling in _split(spellings)
}
SAYS: Final = {name: _split(entry["says"]) for name, entry in CONCEPTS.items()}
SECTIONS: Final = {name: _split(entry.get("csi", "")) for name, entry in CONCEPTS.items()}
_KINDS: Final = {name: _split(entry.get("is", "")) for name, entry in CONCEPTS.items()}
CONDITIONS: Final = frozenset(
    name for name, kinds in _KINDS.items() if {"condition", "overhead"} & set(kinds)
)
# What the rest of a cost type does not take: no trade, or several.
NO_TRADES: Final = CONDITIONS | {name for name, kinds in _KINDS.items() if "broad" in kinds}
OFFICE: Final = frozenset(
    name for name, kinds in _KINDS.items() if {"overhead", "office"} & set(kinds)
)
ACTIONS: Final = frozenset(name for name, kinds in _KINDS.items() if "action" in kinds)


# How well the account of the broader thing serves, for the likeliest one and for any other.
LIKELIEST: Final = 0.9
OTHERWISE: Final = 0.8
FARTHEST: Final = 0.7
NEAR: Final = 0.6


@cache
def broader(concept: str) -> dict[str, float]:
    """The concept and everything it is a kind of, and how well the broader thing's row serves."""
    served = {concept: 1.0}
    waiting = [concept]
    for each in waiting:
        for number, above in enumerate(_split(CONCEPTS.get(each, {}).get("under", ""))):
            share = served[each] * (OTHERWISE if number else LIKELIEST)
            if share >= FARTHEST and share > served.get(above, 0.0):
                served[above] = share
                waiting.append(above)
    for neighbor in _split(CONCEPTS.get(concept, {}).get("near", "")):
        served.setdefault(neighbor, NEAR)
    return served
