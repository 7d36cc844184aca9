"""Reads what a line of cost is about from its name: concepts of the trade, and the cost type.

"09-250: Drywall - Labor" is about drywall, and labor. Pure; the words are in `concepts.toml` and
`lexicon.toml`.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from mapping.matching.lexicon import (
    ACTIONS,
    CONCEPTS,
    CONDITIONS,
    COST_TYPES,
    LINE_ITEMS,
    LINE_WORDS,
    SAYS,
    broader,
)
from mapping.matching.names import canonical, fold, normalise, split_code

UNKNOWN_HEAD: Final = 0.6
UNKNOWN_BESIDE_KNOWN: Final = 0.15  # "Roofing - Building A"
UNKNOWN_AMONG_KNOWN: Final = 0.5  # "Fixtures & Trim"
BESIDE: Final = 0.2  # what stands in front of the head word: "concrete testing"
BESIDE_UNKNOWN: Final = 0.08  # "resinous flooring"
LONGEST_PHRASE: Final = 6

_JOINTS = re.compile(r"([,;&/\\+]|\band\b|\bw/)|[()\[\]|:]|\s[-–—]\s|--")
_TWO_SIDES = re.compile(r"^(.+?)(?:\s+[-–—]\s+|\s*[,:/|]\s*|\s*[-–—]{2}\s*)([^,:/|]+)$")
_WORDS = re.compile(r"[^\W_]+")
_INITIALS = re.compile(r"\b([a-z])\s?[&+]\s?([a-z])\b")
_CODE_ENDING = re.compile(r"[.\-\s/]([lmseo])$", re.IGNORECASE)
_COST_OF = re.compile(r"^\s*costs?\s+of\s+(?!goods|sales)", re.IGNORECASE)

EMPTY: Final = frozenset(canonical(word) for word in LINE_ITEMS["empty"])
ALONE: Final = frozenset(canonical(word) for word in LINE_ITEMS["alone"])
NOT_ABOUT: Final = frozenset(LINE_ITEMS["not_about"])
REST: Final = frozenset(canonical(word) for word in LINE_ITEMS["rest"])
# Spelled as in a name; single letters are cost types in a field or behind a code only.
TYPE_WORDS: Final = {
    canonical(word): kind
    for word, kind in COST_TYPES.items()
    if len(word) > 2 and " " not in word and kind in {"labor", "material", "subcontract"}
}
WHOLE_TYPE: Final = {"labor": "general_labor", "equipment": "equipment_rental"}


def words_of(text: str) -> tuple[str, ...]:
    """Lower case, short forms spelled out, plurals cut, without "and": `&`, comma, slash alike."""
    found: list[str] = []
    for word in _WORDS.findall(fold(text).replace("'", "").replace("’", "")):
        spelled = LINE_WORDS.get(word, word)
        found += [canonical(each) for each in spelled.split() if each != "and"]
    return tuple(found)


def _phrases() -> dict[tuple[str, ...], frozenset[str]]:
    found: dict[tuple[str, ...], frozenset[str]] = {}
    pairs: dict[tuple[str, ...], str] = {}
    for concept, phrases in SAYS.items():
        for phrase in phrases:
            key = words_of(phrase)
            found[key] = found.get(key, frozenset()) | {concept}
            if " and " in phrase:
                pairs[key] = phrase
    for key, phrase in pairs.items():
        if len(found[key]) > 1 and _is_a_pair(phrase, found):
            del found[key]
    return found


def _is_a_pair(phrase: str, meanings: dict[tuple[str, ...], frozenset[str]]) -> bool:
    """ "Flooring and carpet" is read as two things anyway, each by its own name."""
    sides = [meanings.get(words_of(side), frozenset()) for side in phrase.split(" and ", 1)]
    return all(sides) and meanings[words_of(phrase)] <= sides[0] | sides[1]


PHRASES: Final = _phrases()
# Those that are said with an "and" of their own reach over a joint: "siding & soffit".
SPANNING: Final = PHRASES.keys() & {
    words_of(phrase) for phrases in SAYS.values() for phrase in phrases if " and " in phrase
}


def _without_types(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in TYPE_WORDS)


# Phrases that need their "material" or "labor": material testing is not about material.
_KEEPING_TYPES: Final = frozenset(
    phrase
    for phrase, meant in PHRASES.items()
    if any(word in TYPE_WORDS for word in phrase)
    and any(word not in TYPE_WORDS and word not in EMPTY for word in phrase)
    and not meant & PHRASES.get(_without_types(phrase), frozenset())
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a name is about: concepts with their weight (words not known stand for themselves)."""

    text: str
    parts: tuple[tuple[frozenset[str], float], ...]
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


# --- Words to meanings ----------------------------------------------------------------------------


def _longest(
    words: tuple[str, ...], at: int, joints: Collection[int], known: Collection[tuple[str, ...]]
) -> int:
    """Where the longest known phrase from `at` ends; `at` when there is none."""
    for end in range(min(at + LONGEST_PHRASE, len(words)), at, -1):
        phrase = words[at:end]
        spans = any(at < joint < end for joint in joints)
        if phrase in known and (not spans or phrase in SPANNING):
            return end
    return at


def _split_types(words: tuple[str, ...], joints: set[int]) -> tuple[tuple[str, ...], set[int], str]:
    """The words without those that only say the cost type, and that type if it is one."""
    kept: list[str] = []
    moved: set[int] = set()
    said: set[str] = set()
    at = 0
    while at < len(words):
        if at in joints:
            moved.add(len(kept))
        end = _longest(words, at, joints, _KEEPING_TYPES)
        if end == at and words[at] in TYPE_WORDS:
            said.add(TYPE_WORDS[words[at]])
            at += 1
            continue
        end = max(end, at + 1)
        moved |= {len(kept) + joint - at for joint in joints if at < joint < end}
        kept += words[at:end]
        at = end
    return tuple(kept), moved, said.pop() if len(said) == 1 else ""


def _joined(text: str) -> tuple[tuple[str, ...], set[int]]:
    """The words, and before which of them something new begins."""
    words: list[str] = []
    joints: set[int] = set()
    folded = _INITIALS.sub(r"\1 \2", fold(text))
    start = 0
    for end, following in [*((m.start(), m.end()) for m in _JOINTS.finditer(folded)), (None, 0)]:
        joints.add(len(words))
        words.extend(words_of(folded[start:end]))
        start = following
    return tuple(words), joints


def _is_a_list(text: str) -> bool:
    """Whether equal things are named: "fixtures & trim", unlike "roofing - building A"."""
    return any(joint[1] for joint in _JOINTS.finditer(fold(text)))


def _meanings(
    words: tuple[str, ...], joints: Collection[int]
) -> list[tuple[int, int, frozenset[str]]]:
    """Longest phrases first from the left: where each begins and ends, and what it means."""
    found = []
    at = 0
    while at < len(words):
        end = _longest(words, at, joints, PHRASES)
        if end > at:
            found.append((at, end, PHRASES[words[at:end]]))
        elif words[at] not in EMPTY and not words[at][0].isdigit() and len(words[at]) > 1:
            found.append((at, at + 1, frozenset({"=" + words[at]})))
        at = max(end, at + 1)
    return found


def _parts(
    words: tuple[str, ...], joints: set[int], beside_known: float
) -> tuple[tuple[tuple[frozenset[str], float], ...], frozenset[str]]:
    """Each piece between joints counts by its head word; what stands before it counts little."""
    meanings = _meanings(words, joints)
    parts: list[tuple[frozenset[str], float]] = []
    context: set[str] = set()
    piece: list[tuple[int, int, frozenset[str]]] = []
    for number, meaning in enumerate(meanings):
        piece.append(meaning)
        following = meanings[number + 1][0] if number + 1 < len(meanings) else None
        if following is None or any(meaning[0] < joint <= following for joint in joints):
            parts += _weighed(words, piece, context)
            piece = []
    if any(_is_known(meant) and weight == 1.0 for meant, weight in parts):
        parts = [
            (meant, beside_known if weight == UNKNOWN_HEAD else weight) for meant, weight in parts
        ]
    return tuple(_coherent(parts)), frozenset(context)


def _coherent(parts: list[tuple[frozenset[str], float]]) -> list[tuple[frozenset[str], float]]:
    """Toilets named beside a trailer are portable ones, beside a sink they are not."""
    plain = [meant for meant, weight in parts if weight == 1.0 and len(meant) == 1]
    if not plain or len(plain) == len(parts):
        return parts
    is_condition = any(meant & CONDITIONS for meant in plain)
    if is_condition and not all(meant & CONDITIONS for meant in plain):
        return parts
    return [
        (frozenset(m for m in meant if (m in CONDITIONS) == is_condition) or meant, weight)
        for meant, weight in parts
    ]


def _is_known(meant: frozenset[str]) -> bool:
    return not next(iter(meant)).startswith("=")


def _weighed(
    words: tuple[str, ...], piece: list[tuple[int, int, frozenset[str]]], context: set[str]
) -> list[tuple[frozenset[str], float]]:
    """One piece of a name. What is temporary is that before it is anything else."""
    plain = [
        frozenset({"=" + words[start]})
        if len(piece) > 1 and end - start == 1 and words[start] in ALONE
        else meant
        for start, end, meant in piece
    ]
    *beside, head = plain
    if any("temporary" in meant for meant in beside) and "temporary" not in head:
        context |= head
        return [(frozenset({"temporary"}), 1.0), (head, UNKNOWN_HEAD)]
    context |= {each for meant in beside for each in meant}
    if not _is_known(head):
        return [(meant, 0.5 if _is_known(meant) else BESIDE) for meant in beside] + [
            (head, UNKNOWN_HEAD)
        ]
    return [
        *((meant, _beside(meant, head)) for meant in beside if _beside(meant, head)),
        (head, 1.0),
    ]


def _beside(meant: frozenset[str], head: frozenset[str]) -> float:
    """Nothing where the head word is of that trade anyway, or can be done to anything."""
    if not _is_known(meant):
        return BESIDE_UNKNOWN
    if head & ACTIONS or any(set(broader(a)) & set(broader(b)) for a in meant for b in head):
        return 0.0
    return BESIDE


# --- Names to subjects ----------------------------------------------------------------------------


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
        front, back = (_without_types(words_of(side)) for side in sides.groups())
        for phrase in (back + front, front + back):
            if front and back and phrase in PHRASES:
                return phrase
    return ()


def _place(text: str) -> str:
    said = {"interior", "exterior"} & set(words_of(text))
    return said.pop() if len(said) == 1 else ""


def _read(text: str) -> Subject:
    """One name without its code and category."""
    about, beside = _about(text)
    all_words, joints = _joined(about)
    words, joints, said = _split_types(all_words, joints)
    if phrase := _turned(about):
        words, joints = phrase, set()
    if len(words) > 1 and words[0] == "equipment" and 1 in joints:
        words, joints, said = words[1:], {joint - 1 for joint in joints if joint}, "equipment"
    beside_known = UNKNOWN_AMONG_KNOWN if _is_a_list(about) else UNKNOWN_BESIDE_KNOWN
    parts, context = _parts(words, joints, beside_known)
    context |= {each for _, _, meant in _meanings(words_of(beside), ()) for each in meant}
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


def _implied(parts: tuple[tuple[frozenset[str], float], ...]) -> set[str]:
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
