"""What a line of cost is about, by its name, and for which cost type.

"09-250: Drywall - Labor" is about drywall, and labor. Pure; `phrases` knows the words.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from mapping.matching.lexicon import CONCEPTS, COST_TYPES, LINE_ITEMS
from mapping.matching.names import as_spelled, fold, normalise, split_code
from mapping.matching.phrases import (
    PHRASES,
    TYPE_WORDS,
    UNKNOWN_AMONG_KNOWN,
    UNKNOWN_BESIDE_KNOWN,
    UNKNOWN_HEAD,
    Parts,
    is_a_list,
    joined,
    meanings_of,
    narrowest,
    parts_of,
    split_types,
    without_types,
    words_of,
)

_WORDS = re.compile(r"[^\W_]+")
_TWO_SIDES = re.compile(r"^(.+?)(?:\s+[-–—]\s+|\s*[,:/|]\s*|\s*[-–—]{2}\s*)([^,:/|]+)$")
_CODE_ENDING = re.compile(r"[.\-\s/]([lmseo])$", re.IGNORECASE)
# Where in the building, not what: "2nd Floor", "Building A".
_WHERE = re.compile(
    r"\b(?:\d+(?:st|nd|rd|th)|first|second|third|upper|lower)\s+(?:floor|level|story)\b"
    r"|\b(?:building|bldg|unit|phase|area|zone|level|floor)\s+(?:\d+|[b-z])\b",
    re.IGNORECASE,
)
_COST_OF = re.compile(r"^\s*costs?\s+of\s+(?!goods|sales)", re.IGNORECASE)

NOT_ABOUT: Final = frozenset(LINE_ITEMS["not_about"])
REST: Final = frozenset(as_spelled(word) for word in LINE_ITEMS["rest"])
WHOLE_TYPE: Final = {"labor": "general_labor", "equipment": "equipment_rental"}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a name is about: concepts with their weight (words not known stand for themselves)."""

    text: str
    parts: Parts
    type: str = ""  # labor, material, subcontract, equipment, other
    is_type_told: bool = False  # by a field or the code, not by a word in the name
    context: frozenset[str] = frozenset()  # what stands beside: the category, "for the roof"
    is_whole: bool = False  # "Direct Labor", "Subcontractors": a cost type and nothing else
    is_rest: bool = False  # "Materials - Other"
    place: str = ""  # interior or exterior, where the name says one of them

    @property
    def concepts(self) -> frozenset[str]:
        return frozenset().union(*(meant for meant, _ in self.parts))

    @property
    def heads(self) -> frozenset[str]:
        return frozenset().union(*(meant for meant, weight in self.parts if weight >= UNKNOWN_HEAD))

    @property
    def meanings(self) -> list[frozenset[str]]:
        """What each head word may mean."""
        return [meant for meant, weight in self.parts if weight == 1.0]

    @property
    def is_known(self) -> bool:
        return any(not each.startswith("=") for each in self.heads)


def cost_type(text: str) -> str:
    """The cost type that a field says: `M`, `Material`, `03 - Subcontract`; blank when none."""
    words = _WORDS.findall(fold(text))
    for start in range(len(words) + 1):
        if found := COST_TYPES.get(" ".join(words[start:])):
            return found
    return COST_TYPES.get(words[0], "") if words else ""


def _about(text: str) -> tuple[str, str]:
    """What "testing of concrete" is about, testing, and what is said beside it."""
    text = _COST_OF.sub("", text)
    words = text.split()
    for at, word in enumerate(words):
        if at and word.casefold().strip(",") in NOT_ABOUT:
            return " ".join(words[:at]), " ".join(words[at:])
    return text, ""


def _turned(text: str) -> tuple[str, ...]:
    """`"Painting, Exterior"` is one phrase the other way round; empty when it is not."""
    if sides := _TWO_SIDES.match(text):
        front, back = (without_types(words_of(side)) for side in sides.groups())
        for phrase in (back + front, front + back):
            if front and back and phrase in PHRASES:
                return phrase
    return ()


def _place(text: str) -> str:
    said = {"interior", "exterior"} & set(words_of(text))
    return said.pop() if len(said) == 1 else ""


def _read(text: str) -> Subject:
    """One name without its code and category."""
    about, beside = _about(_WHERE.sub(" ", text))
    all_words, joints = joined(about)
    words, joints, said = split_types(all_words, joints)
    if phrase := _turned(about):
        words, joints = phrase, set()
    if len(words) > 1 and words[0] == "equipment" and 1 in joints:
        words, joints, said = words[1:], {joint - 1 for joint in joints if joint}, "equipment"
    beside_known = UNKNOWN_AMONG_KNOWN if is_a_list(about) else UNKNOWN_BESIDE_KNOWN
    parts, context = parts_of(words, joints, beside_known)
    context |= {each for _, _, meant in meanings_of(words_of(beside), ()) for each in meant}
    if not is_a_list(about):
        narrowed = narrowest(parts)
        context |= {each for part in parts if part not in narrowed for each in part[0]}
        parts = narrowed
    leftover = set(all_words) - set(TYPE_WORDS)
    return Subject(
        normalise(text),
        parts,
        said,
        context=context,
        is_whole=bool(said) and not parts and not leftover & (REST - {"general"}),
        is_rest=bool(said) and not parts and bool(leftover & REST),
        place=_place(about),
    )


def _implied(parts: Parts) -> set[str]:
    """The cost types that everything named has of itself; empty when something has none."""
    heads = [meant for meant, weight in parts if weight >= UNKNOWN_HEAD]
    types = {CONCEPTS.get(each, {}).get("type", "") for meant in heads for each in meant}
    return set() if "" in types else types


@lru_cache(maxsize=20_000)
def of_source(name: str, code: str, kind: str) -> Subject:
    """A cost code or cost type; `kind` is what its cost type is called."""
    read = _read(split_code(name)[1])
    ending = _CODE_ENDING.search(code)
    told = cost_type(kind) or (cost_type(ending[1]) if ending else "")
    said = told or read.type
    parts = read.parts
    if not parts and (whole := WHOLE_TYPE.get(said)):
        parts = ((frozenset({whole}), 1.0),)
    if not said and len(implied := _implied(parts) - {"labor"}) == 1:
        said = next(iter(implied))  # an appliance is material, whoever forgets to say so
    if said in {"", "material"}:
        parts = tuple((_as_material(meant, said), weight) for meant, weight in parts)
    return Subject(
        read.text, parts, said, bool(told), read.context, read.is_whole, place=read.place
    )


def _as_material(meant: frozenset[str], said: str) -> frozenset[str]:
    """Rough carpentry is lumber as material, and either when the cost type is not said."""
    bought = frozenset(CONCEPTS.get(each, {}).get("material", each) for each in meant)
    return bought if said else bought | meant


@lru_cache(maxsize=20_000)
def of_target(label: str) -> Subject:
    """An item or account, by its whole path."""
    category, _, leaf = split_code(label)[1].rpartition(":")
    leaf = split_code(leaf)[1]
    read = _read(leaf)
    above = _read(category.rpartition(":")[2]) if category else None
    parts = read.parts
    if above and (spanning := PHRASES.get(words_of(f"{category.rpartition(':')[2]} {leaf}"))):
        parts = ((spanning, 1.0),)
    if len(parts) > 1:  # "Payroll Taxes - Overhead" is about taxes
        parts = tuple(part for part in parts if part[0] != {"overhead_profit"})
    implied = _implied(parts)
    said = read.type or (above.type if above else "")
    if not parts and said in WHOLE_TYPE:
        parts = ((frozenset({WHOLE_TYPE[said]}), 1.0),)
    only = said or (next(iter(implied)) if len(implied) == 1 else "")
    rest = bool(only) and not read.parts and bool(set(words_of(leaf)) & REST)
    return Subject(
        normalise(leaf),
        parts,
        only,
        bool(said),
        read.context | (above.concepts if above else frozenset()),
        is_whole=read.is_whole,
        is_rest=read.is_rest or rest,
        place=read.place or _place(category),
    )
