"""Reads a name into concepts of the trade: which phrases stand in it, and how much each counts.

Each piece of a name counts by its head word; what stands before the head counts little. The words
are in `concepts.toml` and `lexicon.toml`.
"""

import re
from collections.abc import Collection, Iterable
from typing import Final

from mapping.matching.lexicon import (
    ACTIONS,
    CONDITIONS,
    COST_TYPES,
    LINE_ITEMS,
    LINE_WORDS,
    SAYS,
    broader,
)
from mapping.matching.names import as_spelled, fold

# Phrases' meanings, each with its weight: a head has 1.
Parts = tuple[tuple[frozenset[str], float], ...]

UNKNOWN_HEAD: Final = 0.6
UNKNOWN_BESIDE_KNOWN: Final = 0.1  # "Roofing - North Wing"
UNKNOWN_AMONG_KNOWN: Final = 0.5  # "Fixtures & Trim"
UNKNOWN_NAME: Final = 0.25  # "Arborvitae & Shrubs"
UNKNOWN_AFTER_KNOWN: Final = 0.2  # "Rebar & Dowels"
BESIDE: Final = 0.3  # what stands in front of the head word: "concrete testing"
BESIDE_UNKNOWN: Final = 0.08  # "resinous flooring"
LONGEST_PHRASE: Final = 6

_JOINTS = re.compile(r"([,;&/\\+]|\band\b|\bw/)|[()\[\]|:]|\s[-–—]\s|--")
_WORDS = re.compile(r"[^\W_]+")
_INITIALS = re.compile(r"\b([a-z])\s?[&+]\s?([a-z])\b")
EMPTY: Final = frozenset(as_spelled(word) for word in LINE_ITEMS["empty"])
ALONE: Final = frozenset(as_spelled(word) for word in LINE_ITEMS["alone"])
# Spelled as in a name; single letters are cost types in a field or behind a code only.
TYPE_WORDS: Final = {
    as_spelled(word): kind
    for word, kind in COST_TYPES.items()
    if len(word) > 2 and " " not in word and kind in {"labor", "material", "subcontract"}
}


def words_of(text: str) -> tuple[str, ...]:
    """Lower case, short forms spelled out, plurals cut, without "and": `&`, comma, slash alike."""
    found: list[str] = []
    for word in _WORDS.findall(fold(text).replace("'", "").replace("’", "")):
        spelled = LINE_WORDS.get(word, word)
        found += [as_spelled(each) for each in spelled.split() if each != "and"]
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


def without_types(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in TYPE_WORDS)


# Phrases that need their "material" or "labor": material testing is not about material.
_KEEPING_TYPES: Final = frozenset(
    phrase
    for phrase, meant in PHRASES.items()
    if any(word in TYPE_WORDS for word in phrase)
    and any(word not in TYPE_WORDS and word not in EMPTY for word in phrase)
    and not meant & PHRASES.get(without_types(phrase), frozenset())
)


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


def split_types(words: tuple[str, ...], joints: set[int]) -> tuple[tuple[str, ...], set[int], str]:
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


def joined(text: str) -> tuple[tuple[str, ...], set[int]]:
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


def is_a_list(text: str) -> bool:
    """Whether equal things are named: "fixtures & trim", unlike "roofing - building A"."""
    return any(joint[1] for joint in _JOINTS.finditer(fold(text)))


def meanings_of(
    words: tuple[str, ...], joints: Collection[int]
) -> list[tuple[int, int, frozenset[str]]]:
    """Longest phrases first from the left: where each begins and ends, and what it means."""
    found = []
    at = 0
    while at < len(words):
        end = _longest(words, at, joints, PHRASES)
        if end > at:
            found.append((at, end, PHRASES[words[at:end]]))
        elif _says_something(words, at, joints):
            found.append((at, at + 1, frozenset({"=" + words[at]})))
        at = max(end, at + 1)
    return found


def _says_something(words: tuple[str, ...], at: int, joints: Collection[int]) -> bool:
    """No number or empty word; but "fixtures" of "Fixtures & Trim" is one of two things."""
    word = words[at]
    if word in EMPTY:
        is_a_piece = at in joints and at + 1 in {*joints, len(words)}
        return word in ALONE and len(joints) > 1 and is_a_piece
    return not word[0].isdigit() and len(word) > 1


def parts_of(
    words: tuple[str, ...], joints: set[int], beside_known: float
) -> tuple[Parts, frozenset[str]]:
    """Each piece between joints counts by its head word; what stands before it counts little."""
    meanings = meanings_of(words, joints)
    parts: list[tuple[frozenset[str], float]] = []
    context: set[str] = set()
    piece: list[tuple[int, int, frozenset[str]]] = []
    for number, meaning in enumerate(meanings):
        piece.append(meaning)
        following = meanings[number + 1][0] if number + 1 < len(meanings) else None
        if following is None or any(meaning[0] < joint <= following for joint in joints):
            parts += _weighed(words, piece, context)
            piece = []
    if parts and is_known(parts[0][0]) and parts[0][1] == 1.0:
        beside_known = min(beside_known, UNKNOWN_AFTER_KNOWN)
    if any(is_known(meant) and weight == 1.0 for meant, weight in parts):
        parts = [
            (meant, _unknown_weight(meant, beside_known) if weight == UNKNOWN_HEAD else weight)
            for meant, weight in parts
        ]
    return tuple(_coherent(parts)), frozenset(context)


def _unknown_weight(meant: frozenset[str], beside_known: float) -> float:
    """Less for a word of its own than for one like "fixtures", which could be of any trade."""
    return beside_known if _is_anyones(meant) else min(beside_known, UNKNOWN_NAME)


def _is_anyones(meant: frozenset[str]) -> bool:
    return any(each.removeprefix("=") in ALONE for each in meant)


def narrowest(
    parts: Parts,
) -> Parts:
    """ "Concrete - Footings" is about footings."""
    heads = [meant for meant, weight in parts if weight == 1.0]
    above = {
        broad
        for broad in heads
        for narrow in heads
        if broad != narrow and all(any(b in broader(n) for b in broad) for n in narrow)
    }
    return tuple(part for part in parts if part[0] not in above) if above else parts


def _coherent(parts: list[tuple[frozenset[str], float]]) -> list[tuple[frozenset[str], float]]:
    """Toilets named beside a trailer are portable ones, sprinklers beside sod are for the lawn."""
    plain = [
        each
        for meant, weight in parts
        if weight == 1.0 and len(meant) == 1 and is_known(meant)
        for each in meant
    ]
    if not plain or len(plain) == len(parts):
        return parts
    is_condition = plain[0] in CONDITIONS
    is_alike = all((each in CONDITIONS) == is_condition for each in plain)
    coherent = []
    for meant, weight in parts:
        related = frozenset(m for m in meant if any(_are_related(m, each) for each in plain))
        of_a_kind = frozenset(m for m in meant if is_alike and (m in CONDITIONS) == is_condition)
        coherent.append((related or of_a_kind or meant, weight))
    return coherent


def _are_related(one: str, other: str) -> bool:
    return not broader(one).keys().isdisjoint(broader(other))


def is_known(meant: frozenset[str]) -> bool:
    return not next(iter(meant)).startswith("=")


def _weighed(
    words: tuple[str, ...], piece: list[tuple[int, int, frozenset[str]]], context: set[str]
) -> list[tuple[frozenset[str], float]]:
    """One piece of a name. What is temporary is that before it is anything else."""
    named = [part for part in piece if not _adds_nothing(words[part[0] : part[1]])] or piece
    plain = [
        frozenset({"=" + words[start]})
        if len(named) > 1 and end - start == 1 and words[start] in ALONE
        else meant
        for start, end, meant in named
    ]
    *beside, head = plain
    for meant in beside:
        if _is_said_closer(meant, head):
            context |= head
            beside, head = [each for each in beside if each != meant], meant
    if any("temporary" in meant for meant in beside) and "temporary" not in head:
        context |= head
        return [(frozenset({"temporary"}), 1.0), (head, UNKNOWN_HEAD)]
    context |= {each for meant in beside for each in meant}
    if (
        not is_known(head)
        and beside
        and is_known(beside[-1])
        and (_is_done_to_it(head) or _is_told_apart(named))
    ):
        return [(beside[-1], 1.0), (head, UNKNOWN_BESIDE_KNOWN)]
    if not is_known(head):
        return [(meant, 0.5 if is_known(meant) else BESIDE) for meant in beside] + [
            (head, UNKNOWN_HEAD)
        ]
    return [
        *((meant, _beside(meant, head)) for meant in beside if _beside(meant, head)),
        (head, 1.0),
    ]


def _adds_nothing(phrase: tuple[str, ...]) -> bool:
    return len(phrase) == 1 and phrase[0] in EMPTY


def _is_said_closer(meant: frozenset[str], head: frozenset[str]) -> bool:
    """A trim carpenter does trim, ceramic bath floors are tile, a crane's rental is the crane."""
    if head == {"equipment_rental"}:
        return bool(meant & CONDITIONS)
    return all(head & (broader(each).keys() - {each}) for each in meant)


def _is_done_to_it(head: frozenset[str]) -> bool:
    """An activity no concept knows: duct sealing, floor waxing."""
    return next(iter(head)).endswith("ing")


def _is_told_apart(piece: list[tuple[int, int, frozenset[str]]]) -> bool:
    """Two words or more are not taken back by a third that could be any trade's: seam panels."""
    *_, (start, end, _meant), (_start, _end, head) = piece
    return end - start > 1 and _is_anyones(head)


def _beside(meant: frozenset[str], head: frozenset[str]) -> float:
    """Nothing where the head word is of that trade anyway, or can be done to anything."""
    if not is_known(meant):
        return BESIDE_UNKNOWN
    if head & ACTIONS or any(set(broader(a)) & set(broader(b)) for a in meant for b in head):
        return 0.0
    return BESIDE
