"""The street address in a job's name: house number, street, unit. Pure functions.

Jobs are often called by where they are: "1420 Oak St Unit B Remodel" is "Smith:1420 Oak Street #B".
There the number, the street and the unit are identity, and the rest is what one side left out.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from mapping.matching.lexicon import ADDRESSES
from mapping.matching.names import PARTS_OF_A_PLACE, canonical, close_initials, split_words
from mapping.matching.wording import same_word

TYPES: Final[dict[str, str]] = {
    spelling: name for name, spellings in ADDRESSES["types"].items() for spelling in spellings
}
DIRECTIONS: Final[dict[str, str]] = {
    spelling: name for name, spellings in ADDRESSES["directions"].items() for spelling in spellings
}
UNIT_SIGNS: Final[frozenset[str]] = frozenset(ADDRESSES["unit_signs"])
LONGEST_STREET = 4  # words
SHORT_NAME = 3  # letters: Ash Street is no slip for Oak Street

_HOUSE_NUMBER = re.compile(r"\d{1,5}[a-z]?|\d{1,3}-\d{2,3}")
_UNIT_SIGN = re.compile(r"#\s*(?=\w)")
_TWO_PARTS = re.compile(r"\b(\d{1,3})-(\d{2,3})\b(?!-)")


@dataclass(frozen=True, slots=True)
class Address:
    number: str
    street: tuple[str, ...]  # the words of its name, without type and direction
    type: str = ""  # "st", "ave" …; empty where it is left out
    direction: str = ""
    unit: str = ""
    rest: tuple[str, ...] = ()  # the words that are no part of the address
    behind: tuple[str, ...] = ()  # those of them that follow it


@lru_cache(maxsize=100_000)
def address(name: str) -> Address | None:
    """The address in a job's name, or None when there is none.

    Without a word like "street" behind it, a number and the two words after it are taken for one.
    """
    text = _UNIT_SIGN.sub(" unit ", _TWO_PARTS.sub(r"\1q\2", close_initials(name)))
    words = split_words(text)
    found = [
        read
        for at, word in enumerate(words)
        if _is_house_number(word) and not (at and _is_numbered(words[at - 1]))
        if (read := _read(words, at))
    ]
    return next((read for read in found if read.type), found[0] if found else None)


def _is_numbered(word: str) -> bool:
    """In "Phase 4 Change Order" the number is no house's."""
    return word in UNIT_SIGNS or canonical(word) in PARTS_OF_A_PLACE


def _is_house_number(word: str) -> bool:
    return bool(_HOUSE_NUMBER.fullmatch(word)) or ("q" in word and word.replace("q", "").isdigit())


def _read(words: list[str], at: int) -> Address | None:
    following = words[at + 1 :]
    street: list[str] = []
    direction = kind = ""
    used = 0
    for place, word in enumerate(following[: LONGEST_STREET + 2]):
        if word in DIRECTIONS and not direction and not street and place + 1 < len(following):
            direction = DIRECTIONS[word]
        elif word in TYPES and street:
            kind = TYPES[word]
            used = place + 1
            break
        elif word in UNIT_SIGNS or (street and _is_house_number(word)):
            break
        elif len(street) < LONGEST_STREET:
            street.append(_street_word(word))
            used = place + 1
        else:
            break
    if not street:
        return None
    if not kind:  # nobody says where the street's name ends: two words are enough to tell
        used -= max(0, len(street) - 2)
        street = street[:2]
    elif used < len(following) and following[used] in DIRECTIONS and not direction:
        direction, used = DIRECTIONS[following[used]], used + 1
    unit, rest = _unit(following[used:])
    return Address(
        words[at].lstrip("0"),
        tuple(street),
        kind,
        direction,
        unit,
        tuple(canonical(word) for word in [*words[:at], *rest]),
        tuple(canonical(word) for word in rest),
    )


def _street_word(word: str) -> str:
    for ending in ("st", "nd", "rd", "th"):
        if word.endswith(ending) and word[: -len(ending)].isdigit():
            return word[: -len(ending)]
    return word


def _unit(words: list[str]) -> tuple[str, list[str]]:
    """The unit and what is left. "Unit" with nothing that can be one behind it is just a word."""
    for at, word in enumerate(words[:-1]):
        if word in UNIT_SIGNS and (len(words[at + 1]) == 1 or words[at + 1][0].isdigit()):
            return words[at + 1].lstrip("0"), [*words[:at], *words[at + 2 :]]
    return "", words


def how_alike(mine: Address, theirs: Address) -> tuple[float, str]:
    """0 to 1 for the same house, and in words why it cannot be, which is empty when it can."""
    if mine.number != theirs.number:
        return 0.0, f"house number differs: {mine.number.upper()} / {theirs.number.upper()}"
    alike = _same_street(mine, theirs)
    if not alike:
        return 0.0, f"street differs: {_said(mine)} / {_said(theirs)}"
    if mine.type and theirs.type and mine.type != theirs.type:
        return 0.0, f"street differs: {_said(mine)} / {_said(theirs)}"
    if mine.direction and theirs.direction and mine.direction != theirs.direction:
        return 0.0, f"direction differs: {mine.direction.upper()} / {theirs.direction.upper()}"
    if mine.unit != theirs.unit:
        if mine.unit and theirs.unit:
            return 0.0, f"unit differs: {mine.unit.upper()} / {theirs.unit.upper()}"
        return 0.0, f"unit {(mine.unit or theirs.unit).upper()} on one side only"
    return alike, ""


def _same_street(mine: Address, theirs: Address) -> float:
    """Word by word. Without a type nobody says where a street's name ends: then its beginning."""
    ours, others = mine.street, theirs.street
    if not (mine.type and theirs.type):
        size = min(
            len(ours) if mine.type else len(others), len(others) if theirs.type else len(ours)
        )
        if not mine.type and not theirs.type and ours[1:] != others[1:]:
            size = 1
        ours, others = ours[:size], others[:size]
    if "".join(ours) == "".join(others):
        return 1.0
    if len(ours) != len(others):
        return 0.0
    return min(_same(one, other) for one, other in zip(ours, others, strict=True))


def _same(mine: str, theirs: str) -> float:
    if mine == theirs:
        return 1.0
    return same_word(mine, theirs) if min(len(mine), len(theirs)) > SHORT_NAME else 0.0


def _said(found: Address) -> str:
    return " ".join([found.direction, *found.street, found.type]).strip().title()
