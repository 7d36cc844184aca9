"""The words of the trade: short forms and building trades, read from `lexicon.toml`."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

_DATA: Final[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("lexicon.toml").read_text(encoding="utf-8")
)

ABBREVIATIONS: Final[dict[str, str]] = _DATA["abbreviations"]

# Two firms of one family differ in just such a word: "Smith Plumbing", "Smith Electric".
TRADE_WORDS: Final[frozenset[str]] = frozenset(_DATA["trade_words"]["words"])

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


# --- What a line item is about --------------------------------------------------------------------

LINE_ITEMS: Final[dict[str, list[str]]] = _DATA["line_items"]
CONCEPTS: Final[dict[str, dict[str, str]]] = _DATA["concepts"]
COST_TYPES: Final[dict[str, str]] = {
    spelling.strip(): name
    for name, spellings in _DATA["cost_types"].items()
    for spelling in spellings.split(",")
}


@cache
def broader(concept: str) -> dict[str, int]:
    """The concept and everything it is a kind of, and how many steps up that is."""
    steps = {concept: 0}
    waiting = [concept]
    for each in waiting:
        for above in CONCEPTS.get(each, {}).get("under", "").split(","):
            if above.strip() and above.strip() not in steps:
                steps[above.strip()] = steps[each] + 1
                waiting.append(above.strip())
    return steps
