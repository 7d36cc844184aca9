"""What a name says about numbers and parts of a place: lots, phases, units. Pure functions.

In a project's name these are identity; in a firm's name a number mostly is noise.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Final

from mapping.matching.lexicon import PLACES, ROMAN
from mapping.matching.names import (
    PARTS_OF_A_PLACE,
    canonical,
    close_initials,
    code_key,
    part_value,
    same_words_key,
    split_parts,
    split_words,
)

DIRECTIONS: Final[frozenset[str]] = frozenset(PLACES["directions"])
FOLLOW_UPS: Final[frozenset[str]] = frozenset(PLACES["follow_ups"])
SHORTEST_CODE = 4  # letters and digits, both of them
Marks = Mapping[str, frozenset[str]]


def number_in(word: str) -> str:
    """`20th`, `020` and `twenty`-less words: the number in one spelling, or nothing."""
    if word[0].isdigit():
        for ending in ("st", "nd", "rd", "th"):
            if word.endswith(ending) and word[: -len(ending)].isdigit():
                word = word[: -len(ending)]
        return word.lstrip("0") or "0"
    return word if any(sign.isdigit() for sign in word) else ""


def _part_value(word: str) -> str:
    """What may follow "lot" or "phase": a number, a Roman one, a letter."""
    if number := part_value(word) or number_in(word):
        return number
    return word if len(word) == 1 else ""


@lru_cache(maxsize=100_000)
def marks(text: str) -> Mapping[str, frozenset[str]]:
    """Lots, phases, units, numbers, directions: what is identity in a project's name.

    `"Oak St Lots 4 & 5, Phase II"` is `{"lot": {"4", "5"}, "phase": {"2"}}`.
    """
    words = [canonical(word) for word in split_parts(split_words(close_initials(text)))]
    found: dict[str, set[str]] = {}
    part = ""  # the part whose numbers are being read
    for at, word in enumerate(words):
        following = words[at + 1] if at + 1 < len(words) else ""
        if word in PARTS_OF_A_PLACE:
            part = word
        elif part and (value := _part_value(word)):
            found.setdefault(part, set()).add(value)
        elif word != "and":
            part = ""
            kind, value = _loose_mark(word, following, is_last=not following)
            if value:
                found.setdefault(kind, set()).add(value)
    return {kind: frozenset(values) for kind, values in found.items()}


def _loose_mark(word: str, following: str, *, is_last: bool) -> tuple[str, str]:
    number = number_in(word)
    if number:
        # "2nd floor"; but in "214 unit B" the number is the house's.
        ordinal = word[0].isdigit() and not word.isdigit() and following in PARTS_OF_A_PLACE
        return (following if ordinal else "number", number)
    if word in DIRECTIONS:
        return ("direction", word)
    if word in FOLLOW_UPS and (word != "change" or following == "order"):
        return ("follow-up", word)
    if is_last and word in ROMAN and word != "i":
        return ("number", ROMAN[word])
    if is_last and len(word) == 1:
        return ("letter", word)
    return ("", "")


def mark_conflicts(
    source: Mapping[str, frozenset[str]], target: Mapping[str, frozenset[str]]
) -> Iterator[str]:
    """Each way in which the two cannot be one place, as a sentence part."""
    for kind in sorted(source.keys() | target.keys()):
        mine, theirs = source.get(kind, frozenset()), target.get(kind, frozenset())
        if mine == theirs:
            continue
        if kind in {"number", "direction"}:
            if mine and theirs and not (mine <= theirs or theirs <= mine):
                yield f"{kind} differs: {listed(mine - theirs)} / {listed(theirs - mine)}"
        elif mine and theirs:
            yield f"{kind} differs: {listed(mine)} / {listed(theirs)}"
        else:
            yield f"{kind} {listed(mine or theirs)} on one side only"


def without_codes(words: Iterable[str]) -> tuple[str, ...]:
    """What is left when numbers of the office are put aside: "M022-118M", "X823.66"."""
    kept: list[str] = []
    is_behind = False
    for word in words:
        has_digit = any(sign.isdigit() for sign in word)
        is_code = has_digit and len(word) >= SHORTEST_CODE and not word.isdigit()
        is_behind = is_code or (is_behind and has_digit)
        if not is_behind:
            kept.append(word)
    return same_words_key(kept)


def without_address(found: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Marks that an address does not have: those of the house are compared as an address."""
    return {
        kind: values
        for kind, values in found.items()
        if kind not in {"number", "direction", "unit", "suite", "letter"}
    }


def follow_ups(found: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    return {kind: values for kind, values in found.items() if kind == "follow-up"}


def without_numbers(codes: set[str], found: Marks) -> dict[str, frozenset[str]]:
    """The other side's job number, written into the name, is no house number."""
    kept = {
        kind: frozenset(value for value in values if code_key(value) not in codes)
        for kind, values in found.items()
    }
    return {kind: values for kind, values in kept.items() if values}


def same_decade(mine: str, theirs: str) -> bool:
    """Job numbers begin with the year: 24033 may be one where 25014 is, 67401 is none."""
    return abs(int(mine[:2]) - int(theirs[:2])) < 10


def street_for_saint(mine: str, theirs: str) -> str:
    """The name that is a saint's on one side and a street's on the other, or nothing."""
    my_saints, my_streets = _saints_and_streets(mine)
    their_saints, their_streets = _saints_and_streets(theirs)
    mixed = ((my_saints - my_streets) & their_streets) | (
        (their_saints - their_streets) & my_streets
    )
    return ", ".join(sorted(mixed)).title()


@lru_cache(maxsize=100_000)
def _saints_and_streets(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """`"St. John"` is a saint at the start of a name, `"John St."` a street behind its own."""
    words = split_words(text)
    saints = {
        after
        for at, (word, after) in enumerate(pairwise(words))
        if word == "saint" or (word == "st" and at == 0)
    }
    streets = {before for before, word in pairwise(words) if word in {"st", "str", "street"}}
    return frozenset(saints), frozenset(streets)


def listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(value.upper() for value in values))
