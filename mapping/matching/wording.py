"""Two names word by word: which words of one are found in the other, and how rare the rest are."""

import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from rapidfuzz.distance import OSA

COUNTS: Final = Path(__file__).with_name("word_counts.toml")
_COUNTED: Final[dict[str, Any]] = tomllib.loads(COUNTS.read_text(encoding="utf-8"))
RAREST: Final = 10.0  # about the rarity of a word that one row in 22,000 has

SHORT_FORM = 4  # letters: "Cons" may stand for "Construction", "Con" for too much
STEM = 5  # letters at least that two forms of one word begin with
LONGEST_INITIALS = 6
RUN_TOGETHER = 3  # words at most that one word may be made of

GLUED_FORMS: Final = ("llc", "inc", "ltd", "corp", "co")

TYPO = 0.9  # how well a word is found that has one letter amiss
LONG_TYPO = 0.75  # two letters
SHORT_TYPO = 0.7  # one letter of four or five
OTHER_BEGINNING = 0.6  # the first letter: people rarely get that one wrong
SHORTENED = 0.7
INITIALS = 0.6


@lru_cache(maxsize=200_000)
def same_word(mine: str, theirs: str) -> float:
    """1 for the same word, less for a typo, a short form or another ending, 0 for another word."""
    if mine == theirs:
        return 1.0
    short, long = (mine, theirs) if len(mine) <= len(theirs) else (theirs, mine)
    if len(short) == 2 and long == f"{short[0]}and{short[1]}":  # JandS is J & S
        return 1.0
    if len(short) < 3 or not (short.isalpha() and long.isalpha()):
        return 0.0
    if long.startswith(short) and long[len(short) :] in GLUED_FORMS:
        return TYPO
    return _as_typo(short, long) or _as_short_form(short, long)


def _as_typo(short: str, long: str) -> float:
    amiss = OSA.distance(short, long, score_cutoff=2)
    same_letters = sorted(short) == sorted(long)
    if short[0] != long[0] and not same_letters:
        return OTHER_BEGINNING if amiss == 1 and len(short) >= 5 else 0.0
    if amiss == 1 and len(long) >= 6:
        return TYPO
    if amiss == 1 and (len(short) >= 4 or same_letters):
        return SHORT_TYPO
    return LONG_TYPO if amiss == 2 and len(short) >= 7 else 0.0


def _as_short_form(short: str, long: str) -> float:
    if len(short) >= SHORT_FORM and long.startswith(short):
        return SHORTENED
    same = next(
        (at for at, (one, other) in enumerate(zip(short, long, strict=False)) if one != other),
        len(short),
    )
    if same >= STEM and same >= 0.6 * len(long) and len(long) - same <= 5:
        return SHORTENED
    return INITIALS if _is_skeleton(short, long) else 0.0


def _is_skeleton(short: str, long: str) -> bool:
    """`mnt` for `maintenance`: first letter kept, no vowels, the letters in their order."""
    if short[0] != long[0] or len(long) < 6 or any(sign in "aeiou" for sign in short[1:]):
        return False
    letters = iter(long)
    return all(sign in letters for sign in short)


@dataclass(slots=True)
class Alignment:
    """How well each word of either side is found on the other, 0 to 1."""

    ours: dict[str, float]
    theirs: dict[str, float]
    guesses: list[tuple[str, str, float]]  # words taken for one another that are not the same

    @property
    def open_ours(self) -> list[str]:
        return [word for word, share in self.ours.items() if not share]

    @property
    def open_theirs(self) -> list[str]:
        return [word for word, share in self.theirs.items() if not share]


def align(mine: Sequence[str], theirs: Sequence[str]) -> Alignment:
    """The words of two names beside one another: `lawn care` meets `lawncare`."""
    there = set(theirs)
    here = set(mine)
    found = Alignment(
        {word: 1.0 if word in there else 0.0 for word in mine},
        {word: 1.0 if word in here else 0.0 for word in theirs},
        [],
    )
    if not all(found.ours.values()) or not all(found.theirs.values()):
        _join(found.ours, found.theirs, mine)
        _join(found.theirs, found.ours, theirs)
        _guess(found)
        _spell_out(found.ours, found.theirs, mine, theirs)
        _spell_out(found.theirs, found.ours, theirs, mine)
    return found


def _join(here: dict[str, float], there: dict[str, float], words: Sequence[str]) -> None:
    for size in range(2, RUN_TOGETHER + 1):
        for start in range(len(words) - size + 1):
            run = words[start : start + size]
            joined = "".join(run)
            if joined in there and not there[joined]:
                here.update(dict.fromkeys(run, 1.0))
                there[joined] = 1.0


def _guess(found: Alignment) -> None:
    """Each open word beside the one on the other side that is most like it."""
    for word in found.open_ours:
        best, share = "", 0.0
        for other, taken in found.theirs.items():
            if not taken and (alike := same_word(word, other)) > share:
                best, share = other, alike
        if best:
            found.ours[word] = found.theirs[best] = share
            found.guesses.append((word, best, share))


def _spell_out(
    here: dict[str, float],
    there: dict[str, float],
    short_words: Sequence[str],
    long_words: Sequence[str],
) -> None:
    """What is left of both sides: `AL` may stand for `assisted living`."""
    for word in short_words:
        if here[word] or not (1 < len(word) <= LONGEST_INITIALS and word.isalpha()):
            continue
        for start in range(len(long_words) - len(word) + 1):
            phrase = long_words[start : start + len(word)]
            if word == "".join(each[0] for each in phrase) and not any(
                there[each] for each in phrase
            ):
                here[word] = INITIALS
                there.update(dict.fromkeys(phrase, INITIALS))
                break


class Rarity:
    """How much a word tells, 0 to 1, by how few rows of the list and of all names known have it.

    Counted together with names at large, so that "services" is common in a list of thirty too.
    """

    def __init__(self, in_list: Callable[[str], float], size: int, kind: str) -> None:
        counted = _COUNTED[kind]
        self._in_list = in_list
        self._size = max(size, 1)
        self._counts: Mapping[str, int] = counted["counts"]
        self._all: int = counted["names"] + self._size
        # A word below the table's cut is taken for half of what the cut is.
        self._below: float = counted["at_least"] / 2
        self._unheard_of = math.log(1 + self._size) - 0.01
        self._known: dict[str, float] = {}

    def __call__(self, word: str) -> float:
        known = self._known.get(word)
        if known is None:
            share = 1 / math.expm1(max(self._in_list(word), 0.01))
            count = self._counts.get(word, self._below) + share * self._size
            known = min(1.0, math.log(1 + self._all / count) / RAREST)
            self._known[word] = known
        return known

    def is_in_use(self, word: str) -> bool:
        """The word stands in the list, or in many names: hardly a slip of the pen."""
        return word in self._counts or self._in_list(word) < self._unheard_of
