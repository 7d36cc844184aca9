"""Reads MasterFormat numbers, where a list of cost codes is numbered by it.

09 29 00 says gypsum board. The number never goes against the words: it chooses between the meanings
of a word that has several, and speaks where no word is known. Both editions are met in the field,
five digits of 1995 with 16 divisions and six of 2004 with 50.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from mapping.matching import subjects
from mapping.matching.lexicon import SECTIONS, broader
from mapping.matching.names import Candidate
from mapping.matching.subjects import Subject

ENOUGH: Final = 8  # codes whose number and words can be compared
AGREEING: Final = 0.6  # of them
# Divisions of 1995 that hold what 2004 has elsewhere.
EARLIER: Final = {
    2: {2, 31, 32, 33}, 13: {13, 14, 21, 25, 28}, 15: {21, 22, 23}, 16: {26, 27, 28},
}  # fmt: skip
LATER: Final = frozenset(EARLIER) | set(range(1, 15)) | {21, 22, 23, 25, 26, 27, 28, 31, 32, 33}

_NUMBER = re.compile(
    r"^\s*(?:(?P<division>\d{1,2})(?:[\s.\-](?P<section>\d{2,4}|\d\d[\s.]\d\d))?(?!\d)"
    r"|(?P<whole>\d{5,6})(?!\d))"
)


def parse(code: str) -> tuple[int, str]:
    """Division and section: `"09 29 00"` is `(9, "09 29")`; (0, "") for any other number.

    The five digits of 1995, 09-250 or 09250, say their division only.
    """
    matched = _NUMBER.match(code)
    if not matched:
        return 0, ""
    digits = "".join(sign for sign in matched[0] if sign.isdigit())
    if matched["whole"]:
        division, section = int(digits[:2]), digits[2:4] if len(digits) == 6 else ""
    else:
        division = int(matched["division"])
        rest = "".join(sign for sign in matched["section"] or "" if sign.isdigit())
        section = rest[:2] if len(rest) in {2, 4} else ""
    if division not in LATER:
        return 0, ""
    return division, f"{division:02} {section}" if section else ""


@cache
def _divisions(concept: str) -> frozenset[int]:
    """Where MasterFormat has a concept, or what it is a kind of."""
    own = {int(section[:2]) for section in SECTIONS.get(concept, ())}
    return frozenset(own) or frozenset(
        int(section[:2]) for above in broader(concept) for section in SECTIONS.get(above, ())
    )


@cache
def _in_section(section: str) -> frozenset[str]:
    return frozenset(
        concept
        for concept, sections in SECTIONS.items()
        if any(each[:5] == section for each in sections)
    )


@dataclass(frozen=True, slots=True)
class Numbering:
    """How a list of cost codes is numbered."""

    is_masterformat: bool = False

    @classmethod
    def of(cls, sources: Iterable[Candidate]) -> "Numbering":
        """By whether numbers and words mostly agree, never by the shape of the numbers alone."""
        compared = agreeing = 0
        for source in sources:
            division, _ = parse(source.code)
            known = {
                place
                for each in subjects.of_source(source.name, source.code, source.type).heads
                for place in _divisions(each)
            }
            if division and known:
                compared += 1
                agreeing += bool(known & _places(division))
        return cls(compared >= ENOUGH and agreeing >= AGREEING * compared)

    def read(self, source: Candidate) -> Subject:
        """What a code is about, by its words and, where those leave it open, its number."""
        subject = subjects.of_source(source.name, source.code, source.type)
        if not self.is_masterformat:
            return subject
        division, section = parse(source.code)
        if not division:
            return subject
        if not subject.is_known:
            meant = _in_section(section)
            return replace(subject, parts=((meant, 1.0),)) if len(meant) == 1 else subject
        places = _places(division)
        return replace(
            subject,
            parts=tuple((_narrowed(meant, places), weight) for meant, weight in subject.parts),
        )


def _places(division: int) -> frozenset[int]:
    return frozenset(EARLIER.get(division, set()) | {division})


def _narrowed(meant: frozenset[str], places: frozenset[int]) -> frozenset[str]:
    return frozenset(each for each in meant if _divisions(each) & places) or meant


UNNUMBERED: Final = Numbering()
