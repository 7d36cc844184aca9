"""Ranks items and accounts for a cost code or cost type: by what they are about, not by spelling.

Every target is scored, there is no shortlist: a chart has some hundred rows. Names are read into
concepts of the trade (`lexicon.toml`); cost types choose among the chart's labor, material and
subcontract accounts. Right or absent, as in `ranking`.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from rapidfuzz import fuzz

from mapping.matching.lexicon import CONCEPTS, COST_TYPES, LINE_ITEMS, broader
from mapping.matching.names import Candidate, canonical, fold, normalise, split_code
from mapping.matching.ranking import SHOWN, Ranking, Scored

NEEDED: Final = 0.78
CLOSE: Final = 0.07
CERTAIN: Final = 0.99

BROADER: Final = 0.9  # a step from the narrow thing to the account of the broad one
UNRELATED: Final = 0.4
NARROWER: Final = 0.5  # the source says less than the target: often more than one fits
BESIDE: Final = 0.3  # weight of what stands in front of the head word: "concrete testing"
BESIDE_UNKNOWN: Final = 0.2  # where no concept is known for it: "rigid insulation"
OVERHEAD: Final = 0.9  # the cost of a job goes to cost of goods sold where it can
SPLIT_FROM: Final = 3  # so many targets named for a cost type, of two types, split a chart
LONGEST_PHRASE: Final = 6

_JOINTS = re.compile(r"[,;&/+()]|\band\b|\bw/|\s[-–—]\s")
_WORDS = re.compile(r"[^\W_]+")
_CODE_ENDING = re.compile(r"[.\-\s]([lmseo])$", re.IGNORECASE)

EMPTY: Final = frozenset(canonical(word) for word in LINE_ITEMS["empty"])
NOT_ABOUT: Final = frozenset(LINE_ITEMS["not_about"])
FALLBACK_WORDS: Final = frozenset({"other", "misc", "trade", "regular"})
NOT_TRADES: Final = frozenset(LINE_ITEMS["not_trades"])


def _tokens(text: str) -> list[str]:
    return [canonical(word) for word in _WORDS.findall(fold(text).replace("'", ""))]


def _plain(text: str) -> tuple[str, ...]:
    """The words of a phrase without "and", so that `&`, a comma and a slash are alike."""
    return tuple(word for word in _tokens(text.replace("&", " ")) if word != "and")


PHRASES: Final[dict[tuple[str, ...], frozenset[str]]] = {}
SPANNING: Final[set[tuple[str, ...]]] = set()  # phrases with an "and" of their own
for _concept, _entry in CONCEPTS.items():
    for _phrase in _entry["says"].split(","):
        _key = _plain(_phrase)
        PHRASES[_key] = PHRASES.get(_key, frozenset()) | {_concept}
        if " and " in _phrase:
            SPANNING.add(_key)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a name is about: concepts with their weight (words not known stand for themselves)."""

    text: str
    weights: tuple[tuple[frozenset[str], float], ...]
    type: str = ""  # labor, material, subcontract, equipment, other
    family: frozenset[str] = frozenset()  # of the category it stands under
    is_fallback: bool = False  # "Materials - Other"
    place: str = ""  # interior or exterior, where the name says one of them

    @property
    def concepts(self) -> frozenset[str]:
        return frozenset().union(*(meant for meant, _ in self.weights))


def _about(text: str) -> str:
    """What "testing of concrete" is about: testing."""
    words = text.split()
    for at, word in enumerate(words):
        if at and word.casefold().strip(",") in NOT_ABOUT:
            return " ".join(words[:at])
    return text


def _joint_positions(text: str) -> tuple[tuple[str, ...], set[int]]:
    """The words, and before which of them something new begins."""
    words: list[str] = []
    joints: set[int] = set()
    for part in _JOINTS.split(fold(text)):
        joints.add(len(words))
        words.extend(_plain(part))
    return tuple(words), joints


def _meanings(
    words: tuple[str, ...], joints: Collection[int] = ()
) -> list[tuple[int, frozenset[str]]]:
    """Longest phrases first from the left: where each ends, and what it means."""
    found: list[tuple[int, frozenset[str]]] = []
    at = 0
    while at < len(words):
        end, meant = _longest_phrase(words, at, joints)
        if meant:
            found.append((end, meant))
        elif words[at] not in EMPTY and not words[at].isdigit():
            found.append((end, frozenset({"=" + words[at]})))
        at = end
    return found


def _longest_phrase(
    words: tuple[str, ...], at: int, joints: Collection[int]
) -> tuple[int, frozenset[str]]:
    """Only a phrase with an "and" of its own reaches over a comma or an "and"."""
    for end in range(min(at + LONGEST_PHRASE, len(words)), at, -1):
        phrase = words[at:end]
        is_whole = phrase in SPANNING or not any(at < joint < end for joint in joints)
        if is_whole and (meant := PHRASES.get(phrase)):
            return end, meant
    return at + 1, frozenset()


def _place(text: str) -> str:
    said = {"interior", "exterior"} & set(_plain(text))
    return said.pop() if len(said) == 1 else ""


def _weighted(text: str) -> tuple[tuple[frozenset[str], float], ...]:
    """The head word of each part counts in full, what stands before it little."""
    words, joints = _joint_positions(_about(text))
    meanings = _meanings(words, joints)
    weighted = []
    for number, (end, meant) in enumerate(meanings):
        following = meanings[number + 1][0] if number + 1 < len(meanings) else None
        is_head = following is None or any(end <= joint < following for joint in joints)
        known = not next(iter(meant)).startswith("=")
        if is_head:
            weighted.append((meant, 1.0 if known else 0.6))
        else:
            weighted.append((meant, BESIDE if known else BESIDE_UNKNOWN))
    return tuple(weighted)


def cost_type(text: str) -> str:
    return COST_TYPES.get(" ".join(_WORDS.findall(fold(text))), "")


def _types_in_words(text: str) -> tuple[str, str]:
    """The cost type a name ends with or contains, and the name without such words.

    A name with two, "labor and material", has none.
    """
    words = text.split()
    plain = ["".join(_WORDS.findall(fold(word))) for word in words]
    said = [COST_TYPES.get(word, "") if len(word) > 2 and word != "other" else "" for word in plain]
    types = {each for each in said if each}
    rest = [word for word, each in zip(words, said, strict=True) if not each]
    return (types.pop() if len(types) == 1 else "", " ".join(rest) or text)


def _as_material(meant: frozenset[str], said: str) -> frozenset[str]:
    """Rough carpentry is lumber as material, and either when the cost type is not said."""
    bought = frozenset(CONCEPTS.get(each, {}).get("material", each) for each in meant)
    return bought if said else bought | meant


@lru_cache(maxsize=20_000)
def source_subject(name: str, code: str, kind: str) -> Subject:
    plain = split_code(name)[1]
    ending = _CODE_ENDING.search(code)
    in_words, rest = _types_in_words(plain)
    said = cost_type(kind) or (cost_type(ending[1]) if ending else "") or in_words
    weights = _weighted(plain if in_words == "equipment" else rest)
    if said in {"", "material"}:
        weights = tuple((_as_material(meant, said), weight) for meant, weight in weights)
    return Subject(normalise(plain), weights, said, place=_place(plain))


@lru_cache(maxsize=20_000)
def target_subject(name: str) -> Subject:
    label = split_code(name)[1]
    category, _, leaf = label.rpartition(":")
    said, rest = _leading_type(leaf)
    spanning = _plain(f"{category.rpartition(':')[2]} {leaf}")
    weights = ((PHRASES[spanning], 1.0),) if category and spanning in PHRASES else _weighted(rest)
    implied = {CONCEPTS.get(each, {}).get("type", "") for meant, _ in weights for each in meant}
    family = frozenset().union(*(meant for _, meant in _meanings(_plain(category))))
    words = set(_plain(rest))
    return Subject(
        normalise(leaf),
        weights,
        said or _types_in_words(category)[0] or next((each for each in implied if each), ""),
        family,
        is_fallback=bool(said) and bool(words) and words <= FALLBACK_WORDS,
        place=_place(leaf) or _place(category),
    )


def _leading_type(leaf: str) -> tuple[str, str]:
    """`"Sub - Roofing"` is for subcontracts, and about roofing; `"Framing Labor"` is labor."""
    front, dash, rest = leaf.partition(" - ")
    if dash and (said := cost_type(front)):
        return said, rest
    words = leaf.split()
    if len(words) > 1 and (said := cost_type(words[-1])) == "labor":
        return said, " ".join(words[:-1])
    return "", leaf


class Chart:
    """The items or accounts of a ledger, read once."""

    def __init__(self, targets: Sequence[Candidate]) -> None:
        self.targets = targets
        self.subjects = [target_subject(target.path or target.name) for target in targets]
        types = Counter(
            subject.type
            for subject in self.subjects
            if subject.type in {"labor", "material", "subcontract"}
        )
        self.splits = len(types) > 1 and sum(n >= SPLIT_FROM for n in types.values()) > 1
        self.has_subcontracts = "subcontract" in types
        self.names = Counter(subject.text for subject in self.subjects)

    def __len__(self) -> int:
        return len(self.targets)


def _closeness(mine: str, theirs: str) -> float:
    if mine == theirs:
        return 1.0
    if mine.startswith("=") or theirs.startswith("="):
        return 0.9 if mine[0] == theirs[0] and fuzz.ratio(mine, theirs) > 88 else 0.0
    above = broader(mine)
    if theirs in above:
        return BROADER ** above[theirs]
    return NARROWER if mine in broader(theirs) else 0.0


def _cover(source: Subject, target: Subject) -> float:
    """How much of what the source is about the target is about too."""
    whole = sum(weight for _, weight in source.weights)
    if not whole or not target.weights:
        return 0.0
    heads = [
        max(_closeness(mine, theirs) for mine in meant for theirs in target.concepts) * weight
        for meant, weight in source.weights
    ]
    return sum(heads) / whole


def _target_cover(source: Subject, target: Subject) -> float:
    """How much of the target the source asks for; a list of several things asks for any."""
    whole = sum(weight for _, weight in target.weights)
    met = sum(
        weight
        for theirs, weight in target.weights
        if any(_closeness(mine, each) for mine in source.concepts for each in theirs)
    )
    return met / whole if whole else 0.0


def _type_fits(source: Subject, target: Subject, chart: Chart) -> bool:
    if not target.type or target.type == "other":
        return True
    if not source.type:
        return not chart.splits
    if source.type == target.type:
        return True
    pair = {source.type, target.type}
    if pair == {"labor", "subcontract"}:
        return not chart.has_subcontracts
    return pair == {"other", "equipment"}


def _score(source: Subject, target: Subject, candidate: Candidate, chart: Chart) -> float:
    if {source.place, target.place} == {"interior", "exterior"}:
        return 0.0
    is_overhead = candidate.type.casefold().startswith("expense")
    if not _type_fits(source, target, chart):
        return 0.0
    if is_overhead and chart.splits and source.type != "other":
        return 0.0  # what is costed by type is the cost of a job
    if source.text and source.text == target.text and chart.names[target.text] == 1:
        return CERTAIN
    score = _cover(source, target) * (0.8 + 0.2 * _target_cover(source, target))
    if target.family & source.concepts:
        score += 0.03
    if is_overhead:
        score *= OVERHEAD
    return min(score, 0.98)


def _fallback(source: Subject, chart: Chart, scores: Sequence[float]) -> int | None:
    """Such as "Materials - Other", for a material of a trade that has no account of its own."""
    known = {each for each in source.concepts if not each.startswith("=")}
    if not known or known & NOT_TRADES or max(scores) > UNRELATED:
        return None
    rows = [
        at
        for at, subject in enumerate(chart.subjects)
        if subject.is_fallback and subject.type == source.type != ""
    ]
    return rows[0] if len(rows) == 1 else None


def rank_line_item(source: Candidate, chart: Chart, *, shown: int = SHOWN) -> Ranking:
    """The best of the chart for a cost code or cost type, one of them drafted or none."""
    if not len(chart):
        return Ranking((), None, 0.0, "nothing in the list")
    if source.is_heading:
        return Ranking((), None, 0.0, "a heading: the codes below it are mapped, not it")
    subject = source_subject(source.name, source.code, source.type)
    scores = [
        _score(subject, target, candidate, chart)
        for target, candidate in zip(chart.subjects, chart.targets, strict=True)
    ]
    fallback = _fallback(subject, chart, scores)
    if fallback is not None:
        scores[fallback] = NEEDED + 0.02
    order = sorted(range(len(scores)), key=lambda at: (-scores[at], at))[:shown]
    best = tuple(
        Scored(chart.targets[at], scores[at], _reasons(subject, chart.subjects[at], at == fallback))
        for at in order
        if scores[at] > 0.0
    )
    if not best:
        return Ranking((), None, 0.0, "nothing in the list is about this")
    refusal = _refusal(subject, chart, [scored.score for scored in best])
    if refusal:
        return Ranking(best, None, best[0].score, refusal)
    return Ranking(best, 0, best[0].score, "; ".join(best[0].reasons))


def _refusal(subject: Subject, chart: Chart, scores: Sequence[float]) -> str:
    if scores[0] < NEEDED:
        if chart.splits and not subject.type:
            return "the list splits by cost type and the source has none"
        return "no candidate is sure enough"
    if any(first - second < CLOSE for first, second in pairwise(scores[:2])):
        return "two candidates fit about as well"
    if _rows_apart(subject, chart):
        return "the source names two things, and each has a row of its own"
    return ""


def _rows_apart(subject: Subject, chart: Chart) -> bool:
    """Such as "plaster & drywall" beside a row for plaster and a row for drywall."""
    rows = [
        {at for at, target in enumerate(chart.subjects) if target.concepts & meant}
        for meant, weight in subject.weights
        if weight == 1.0
    ]
    exact = [each for each in rows if each]
    return len(exact) > 1 and not set.intersection(*exact)


def _reasons(source: Subject, target: Subject, is_fallback: bool) -> tuple[str, ...]:
    if is_fallback:
        return (f"no {target.type} row of its own in the list",)
    if source.text == target.text:
        return ("same name",)
    shared = sorted(
        {
            theirs.lstrip("=").replace("_", " ")
            for mine in source.concepts
            for theirs in target.concepts
            if _closeness(mine, theirs)
        }
    )
    reasons = [f"both about {', '.join(shared[:3])}"] if shared else []
    if source.type and source.type == target.type:
        reasons.append(f"both {source.type}")
    return tuple(reasons)
