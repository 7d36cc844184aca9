"""Decides whether one of the targets found is good enough to be drafted, and says why.

Right or absent: hard rules first, then a plain weighted sum whose weights are in `weights.toml`,
and no pick where the sum is not well above what lists of this kind and length need.
"""

import math
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler

from mapping.matching.candidates import CandidateIndex, Found
from mapping.matching.lexicon import (
    PLACES,
    PROJECT_COMMON,
    PROJECT_EMPTY,
    PROJECT_OMITTED,
    PROJECT_WORK,
    ROMAN,
    TRADE_WORDS,
)
from mapping.matching.names import (
    PARTS_OF_A_PLACE,
    Candidate,
    Spelling,
    bare_numbers,
    canonical,
    close_initials,
    code_key,
    code_of,
    codes_of,
    contacts,
    digits,
    fold,
    job_numbers,
    last_segment,
    legal_form,
    part_value,
    same_words_key,
    spellings,
    split_code,
    split_parts,
    split_words,
)

SHOWN = 5
CERTAIN = 0.99
ALIKE_ENOUGH = 0.6  # of two names with one job number
JOB_NUMBER_DIGITS = 5  # two for the year
SHORT_FORM = 4  # letters: "Cons" may stand for "Construction", "Bay" not for "Baylor"
LONG_WORD = 6  # letters, from which on a letter amiss is a typo and hardly another name
NAMES_NEEDED = 2  # words of its own that a row must share to stand alone in a short list
NAMES_FOR_WORK = 3  # where the kind of work is said on one side only
INITIALS = 0.6  # of a phrase, for the phrase: AL for Assisted Living
LONGEST_INITIALS = 5
ALIKE_WORDS = 0.86  # of two words, from here on one is a typo of the other
CUT_LENGTHS = frozenset({30, 31, 35, 40, 41, 50, 60})  # where systems cut names

DIRECTIONS: Final[frozenset[str]] = frozenset(PLACES["directions"])
FOLLOW_UPS: Final[frozenset[str]] = frozenset(PLACES["follow_ups"])

_SETTINGS: Final[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("weights.toml").read_text(encoding="utf-8")
)


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate as a reviewer sees it: how sure, 0 to 1, and what speaks for and against."""

    candidate: Candidate
    score: float
    reasons: tuple[str, ...] = ()
    is_blocked: bool = False  # a hard rule forbids to draft it, whoever says so


@dataclass(frozen=True, slots=True)
class Ranking:
    """The best five, and which of them is drafted: an index into `candidates`, or None."""

    candidates: tuple[Scored, ...]
    pick: int | None
    confidence: float
    reason: str

    @property
    def is_doubtful(self) -> bool:
        """Nothing is drafted, and not because a rule forbids it: a second opinion may help."""
        return self.pick is None and bool(self.candidates) and not self.candidates[0].is_blocked


@dataclass(slots=True)
class Pair:
    """One source beside one target."""

    found: Found
    source_spelling: Spelling
    target_spelling: Spelling
    features: dict[str, float] = field(default_factory=dict)
    blocks: list[str] = field(default_factory=list)  # cannot be drafted, whoever says so
    doubts: list[str] = field(default_factory=list)  # the names alone do not settle it
    reasons: list[str] = field(default_factory=list)
    is_certain: bool = False
    shares_a_name: bool = False  # a word beyond what many jobs are called
    says_as_much: bool = False  # what else one side says is often left out
    only_cut: bool = False  # what one side lacks was cut off, and was no number or part
    likeness: float = 0.0  # before anything is learned: orders, and gives the margin
    score: float = 0.0

    @property
    def says_all_it_can(self) -> bool:
        return self.is_certain or self.says_as_much or self.only_cut


# --- What a name says about numbers and parts -----------------------------------------------------


def _number(word: str) -> str:
    """`20th`, `020` and `twenty`-less words: the number in one spelling, or nothing."""
    if word[0].isdigit():
        for ending in ("st", "nd", "rd", "th"):
            if word.endswith(ending) and word[: -len(ending)].isdigit():
                word = word[: -len(ending)]
        return word.lstrip("0") or "0"
    return word if any(sign.isdigit() for sign in word) else ""


def _part_value(word: str) -> str:
    """What may follow "lot" or "phase": a number, a Roman one, a letter."""
    if number := part_value(word) or _number(word):
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
    number = _number(word)
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
                yield f"{kind} differs: {_listed(mine - theirs)} / {_listed(theirs - mine)}"
        elif mine and theirs:
            yield f"{kind} differs: {_listed(mine)} / {_listed(theirs)}"
        else:
            yield f"{kind} {_listed(mine or theirs)} on one side only"


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


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(value.upper() for value in values))


# --- Two names word by word -----------------------------------------------------------------------


def same_word(mine: str, theirs: str) -> float:
    """1 for the same word, less for a typo or a short form of it, 0 for another word."""
    if mine == theirs:
        return 1.0
    if mine[0] != theirs[0] or mine[-1:].isdigit() or theirs[-1:].isdigit():
        return 0.0
    short, long = sorted((mine, theirs), key=len)
    if len(short) >= SHORT_FORM and long.startswith(short):
        return 0.75
    if len(short) < 4:
        return 0.0
    alike = fuzz.ratio(mine, theirs) / 100
    return alike if alike >= ALIKE_WORDS else 0.0


def align(mine: Sequence[str], theirs: Sequence[str]) -> tuple[dict[str, float], dict[str, float]]:
    """How well each word of either side is found on the other: `lawn care` meets `lawncare`."""
    ours = {word: 1.0 if word in theirs else 0.0 for word in mine}
    others = {word: 1.0 if word in mine else 0.0 for word in theirs}
    for here, there, words in ((ours, others, mine), (others, ours, theirs)):
        for left, right in pairwise(words):
            if left + right in there and not there[left + right]:
                here[left] = here[right] = there[left + right] = 1.0
    open_here = [word for word, found in ours.items() if not found]
    open_there = [word for word, found in others.items() if not found]
    for word in open_here:
        for other in open_there:
            alike = same_word(word, other)
            if alike > ours[word]:
                ours[word] = alike
                others[other] = max(others[other], alike)
    return ours, others


def align_initials(
    mine: Sequence[str],
    theirs: Sequence[str],
    ours: dict[str, float],
    others: dict[str, float],
) -> None:
    """What is left of both sides: `AL` may stand for `assisted living`."""
    for here, there, short_words, long_words in (
        (ours, others, mine, theirs),
        (others, ours, theirs, mine),
    ):
        for word in short_words:
            if here[word] or not (1 < len(word) <= LONGEST_INITIALS and word.isalpha()):
                continue
            for start in range(len(long_words) - len(word) + 1):
                phrase = long_words[start : start + len(word)]
                if not any(there[each] for each in phrase) and word == "".join(
                    each[0] for each in phrase
                ):
                    here[word] = INITIALS
                    there.update(dict.fromkeys(phrase, INITIALS))
                    break


def _cover(found: Mapping[str, float], rarity: Mapping[str, float]) -> float:
    whole = sum(rarity[word] for word in found)
    return sum(rarity[word] * share for word, share in found.items()) / whole if whole else 0.0


def _rarest_open(found: Mapping[str, float], rarity: Mapping[str, float], top: float) -> float:
    return max((rarity[word] for word, share in found.items() if not share), default=0.0) / top


class Comparison:
    """One source beside the targets found for it."""

    def __init__(self, source: Candidate, kind: str, index: CandidateIndex) -> None:
        self.source = source
        self.kind = kind
        self.index = index
        self.spellings = spellings(source, index.kind)
        self.marks = marks(split_code(source.name)[1])
        self.code = code_of(source)
        self.codes = codes_of(source)
        self.form = legal_form(source.name)
        self.contacts = set(contacts(source))
        self.has_code = {at for code in self.codes for at in index.with_code(code)}
        self.top = math.log(1 + max(len(index), 1)) + 1

    def pair(self, found: Found) -> Pair | None:
        theirs = self.index.spelled(found.position)
        if not self.spellings or not theirs:
            return None
        closest = max(
            (
                (fuzz.token_sort_ratio(" ".join(a.words), " ".join(b.words)), -i - j, i, j)
                for i, a in enumerate(self.spellings)
                for j, b in enumerate(theirs)
            ),
        )
        pair = Pair(found, self.spellings[closest[2]], theirs[closest[3]])
        self._measure(pair)
        self._judge(pair)
        return pair

    def _measure(self, pair: Pair) -> None:
        mine, theirs = pair.source_spelling, pair.target_spelling
        ours, others = self._align(mine, theirs)
        rarity = {word: self.index.rarity(word) for word in {*ours, *others}}
        missing_source = _rarest_open(ours, rarity, self.top)
        missing_target = _rarest_open(others, rarity, self.top)
        sorted_alike = fuzz.token_sort_ratio(mine.text, theirs.text) / 100
        cover_source, cover_target = _cover(ours, rarity), _cover(others, rarity)
        pair.likeness = 0.35 * cover_source + 0.3 * cover_target + 0.35 * sorted_alike
        open_source = {word for word, share in ours.items() if not share}
        open_target = {word for word, share in others.items() if not share}
        pair.shares_a_name = bool(_names(ours))
        pair.says_as_much = (
            self.kind == "project"
            and not self.index.is_above_others(pair.found.position)
            and self._says_as_much(pair.found)
        )
        pair.features = {
            "cover_source": cover_source,
            "cover_target": cover_target,
            "missing_source": missing_source,
            "missing_target": missing_target,
            "open_both": float(bool(open_source) and bool(open_target)),
            "missing_both": min(missing_source, missing_target),
            "rarest_shared": max(
                (rarity[word] * share for word, share in ours.items()), default=0.0
            )
            / self.top,
            "words_shared": min(4, sum(1 for share in ours.values() if share)) / 4,
            "sorted_alike": sorted_alike,
            "letters_alike": fuzz.ratio(mine.text.replace(" ", ""), theirs.text.replace(" ", ""))
            / 100,
            "beginning_alike": JaroWinkler.similarity(mine.text, theirs.text),
            "cosine": pair.found.cosine,
            "equal": float(self._says_the_same(mine, theirs)),
            "first_word": ours.get(mine.words[0], 0.0),
            "trades_differ": float(
                bool(open_source & TRADE_WORDS) and bool(open_target & TRADE_WORDS)
            ),
            "trade_on_one_side": float(
                bool(open_source & TRADE_WORDS) != bool(open_target & TRADE_WORDS)
            ),
            "other_name": float(not (mine.is_first and theirs.is_first)),
            "cut": float(self._is_cut(pair.found.candidate)),
            **self._facts(pair.found.candidate),
        }

    def _says_as_much(self, found: Found) -> bool:
        """Everything one side says is said by the other, and the rest is often left out.

        "Elm Creek Church - Parlor Remodel" is "Elm Creek Parlor", "Elm Creek" is not.
        """
        mine, target = self.spellings[0].words, self.index.spelled(found.position)[0].words
        ours, others = align(mine, target)
        for words in (ours, others):  # Cohen is no typo of Chen, Brewry is one of Brewery
            words.update((word, 0.0) for word in words if len(word) < LONG_WORD and words[word] < 1)
        align_initials(mine, target, ours, others)
        unsaid = PROJECT_EMPTY | self.codes | codes_of(found.candidate)
        here = {word for word, share in ours.items() if not share} - unsaid
        there = {word for word, share in others.items() if not share} - unsaid
        if here and there:
            return False
        left_out = here | there
        names = _names(ours)
        if left_out & PROJECT_WORK:
            return len(names) >= NAMES_FOR_WORK and left_out <= PROJECT_WORK | PROJECT_OMITTED
        return len(names) >= NAMES_NEEDED and left_out <= PROJECT_OMITTED

    def _align(self, mine: Spelling, theirs: Spelling) -> tuple[dict[str, float], dict[str, float]]:
        ours, others = align(mine.words, theirs.words)
        if self.kind == "project":
            align_initials(mine.words, theirs.words, ours, others)
        return ours, others

    def _is_cut(self, target: Candidate) -> bool:
        """One side ends where systems cut, and the other goes on from there."""
        mine, theirs = self.source.name.strip(), target.name.strip()
        raw_short = min((mine, theirs), key=len)
        short, long = sorted((_bare(self.source), _bare(target)), key=len)
        return (
            len(raw_short) in CUT_LENGTHS
            and len(long) > len(short)
            and long.startswith(short)
            and not (short[-1:].isdigit() and long[len(short)].isdigit())
        )

    def _facts(self, target: Candidate) -> dict[str, float]:
        """What stands beside the names."""
        source = self.source
        form = legal_form(target.name)
        numbers, others = self.marks.get("number"), marks(target.name).get("number")
        return {
            "same_state": _same(source.state, target.state),
            "state_differs": _differs(source.state, target.state),
            "same_city": _same(source.city, target.city),
            "city_differs": _differs(source.city, target.city),
            "same_postcode": _same(source.postcode[:5], target.postcode[:5]),
            "form_differs": float(bool(form and self.form and form != self.form)),
            "same_numbers": float(bool(numbers and numbers == others)),
            "numbers_on_one_side": float(bool(numbers) != bool(others)),
            "same_code": float(bool(self.codes & codes_of(target))),
        }

    def _judge(self, pair: Pair) -> None:
        """The hard rules: what forbids a pair, and what settles it."""
        target = pair.found.candidate
        pair.blocks = [
            *self._other_firm(target),
            *self._other_place(target),
        ]
        pair.doubts = list(self._other_word(pair))
        pair.only_cut = bool(pair.features["cut"]) and self._has_all_marks(target)
        if self.kind == "project" and self.has_code and pair.found.position not in self.has_code:
            pair.blocks.append(
                f"another in the list has the number {self.source.code or self.code}"
            )
        same_job = self._is_same_job(target)
        twins = self._twins(pair.target_spelling)
        if len(twins) > 1 and not same_job:
            pair.blocks.append(f"{len(twins)} in the list have this name")
        same_tax_id = _same(digits(self.source.tax_id), digits(target.tax_id))
        if same_job and not pair.blocks:
            pair.is_certain = pair.shares_a_name or pair.features["sorted_alike"] > ALIKE_ENOUGH
        elif pair.features["equal"] and not pair.blocks:
            mine, theirs = pair.source_spelling, pair.target_spelling
            pair.is_certain = (
                mine.is_whole and theirs.is_whole and (mine.is_first or theirs.is_first)
            )
        elif same_tax_id and not pair.blocks and pair.features["words_shared"]:
            pair.is_certain = len(self.index.with_tax_id(target.tax_id)) == 1
        pair.reasons = [*pair.blocks, *pair.doubts, *self._why(pair, same_tax_id=bool(same_tax_id))]

    def _twins(self, theirs: Spelling) -> list[int]:
        if self.kind == "project":
            return sorted({*self.index.named(theirs.text), *self.index.worded(theirs.words)})
        return self.index.named(theirs.text)

    def _says_the_same(self, mine: Spelling, theirs: Spelling) -> bool:
        """The same text; for a project, also the same words spelled out, in whatever order."""
        if mine.text == theirs.text:
            return True
        return self.kind == "project" and same_words_key(mine.words) == same_words_key(theirs.words)

    def _other_firm(self, target: Candidate) -> Iterator[str]:
        source = self.source
        if self.kind == "vendor" and _differs(source.state, target.state):
            yield f"state differs: {source.state.strip()} / {target.state.strip()}"
        if _differs(digits(source.tax_id), digits(target.tax_id)):
            yield "tax number differs"

    def _other_word(self, pair: Pair) -> Iterator[str]:
        """Sister firms: each side has a word of its own, or only the trade names agree."""
        same_tax_id = _same(digits(self.source.tax_id), digits(pair.found.candidate.tax_id))
        if self.kind != "vendor" or same_tax_id:
            return
        if not (pair.source_spelling.is_first or pair.target_spelling.is_first):
            yield "only the trade names agree"
        if pair.features["open_both"]:
            yield "each side has a word the other has not"
        mine, theirs = pair.source_spelling.text, pair.target_spelling.text
        if _small_numbers(mine) != _small_numbers(theirs):
            yield "one side has a number"
        if pair.features["trade_on_one_side"]:
            yield "one side names a trade"

    def _other_place(self, target: Candidate) -> Iterator[str]:
        theirs = marks(split_code(target.name)[1])
        if self.kind == "vendor":
            numbers = {kind: found for kind, found in self.marks.items() if kind == "number"}
            others = {kind: found for kind, found in theirs.items() if kind == "number"}
            yield from mark_conflicts(numbers, others)
            return
        if self.kind == "project" and (code := self._other_job_number(target)):
            yield f"job number differs: {self.code} / {code}"
        if self.kind == "project" and (name := street_for_saint(self.source.name, target.name)):
            yield f"a saint on one side, a street on the other: {name}"
        mine = self._without(codes_of(target), self.marks)
        theirs = self._without(self.codes, theirs)
        if self._is_cut(target):  # what was cut off cannot be compared, only what it is about
            mine, theirs = _follow_ups(mine), _follow_ups(theirs)
        yield from mark_conflicts(mine, theirs)

    def _is_same_job(self, target: Candidate) -> bool:
        """One number and no other row with it; a number both may have from a house is none."""
        if self.kind != "project" or len(self.has_code) != 1:
            return False
        mine, theirs = job_numbers(self.source), job_numbers(target)
        return bool((mine & codes_of(target)) | (theirs & self.codes))

    def _has_all_marks(self, target: Candidate) -> bool:
        theirs = self._without(self.codes, marks(split_code(target.name)[1]))
        return self._without(codes_of(target), self.marks) == theirs

    def _other_job_number(self, target: Candidate) -> str:
        """The target's own number where it is another than the source's; or nothing."""
        if not self.code or self.codes & codes_of(target):
            return ""
        if code := code_of(target):
            return code
        if len(self.code) != JOB_NUMBER_DIGITS or not self.code.isdigit():
            return ""
        # 24033 beside our 25-033; not the number of a house that we name too.
        bare = bare_numbers(last_segment(target)) - self.marks.get("number", frozenset())
        return next((number for number in sorted(bare) if _same_decade(number, self.code)), "")

    @staticmethod
    def _without(codes: set[str], found: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
        """The other side's job number, written into the name, is no house number."""
        kept = {
            kind: frozenset(value for value in values if code_key(value) not in codes)
            for kind, values in found.items()
        }
        return {kind: values for kind, values in kept.items() if values}

    def _why(self, pair: Pair, *, same_tax_id: bool) -> Iterator[str]:
        features, target = pair.features, pair.found.candidate
        if same_tax_id:
            yield "same tax number"
        if features["same_code"]:
            yield "same number"
        if self.contacts & set(contacts(target)):
            yield "same phone or e-mail"
        yield from self._how_alike(pair)
        if features["same_postcode"]:
            yield "same postcode"
        elif features["same_city"]:
            yield f"both in {target.city.strip()}"

    def _how_alike(self, pair: Pair) -> Iterator[str]:
        mine, theirs = pair.source_spelling, pair.target_spelling
        whose = "" if theirs.is_first else " as its other name"
        if self._says_the_same(mine, theirs):
            yield self._how_equal(pair) + whose
            return
        ours, others = self._align(mine, theirs)
        here = [word for word, share in ours.items() if not share]
        there = [word for word, share in others.items() if not share]
        if not here and not there:
            yield "same words, spelled a little differently" + whose
        if here:
            yield f"only in the source: {', '.join(here[:3])}"
        if there:
            yield f"only in the ledger: {', '.join(there[:3])}"

    def _how_equal(self, pair: Pair) -> str:
        target = pair.found.candidate
        if self.source.name.strip() == target.name.strip():
            return "same name"
        if self.form != legal_form(target.name):
            return "same name but for the legal form"
        return "same name but for how it is written"


def _names(words: Mapping[str, float]) -> list[str]:
    """The words found on the other side that are not said of many jobs."""
    return [
        word
        for word, share in words.items()
        if share and word not in PROJECT_COMMON and not _number(word)
    ]


def _same_decade(mine: str, theirs: str) -> bool:
    """Job numbers begin with the year: 24033 may be one where 25014 is, 67401 is none."""
    return abs(int(mine[:2]) - int(theirs[:2])) < 10


def _small_numbers(text: str) -> set[str]:
    """Numbers that belong to a firm's name, "Local 12"; long ones are the office's annotations."""
    return {number for number in marks(text).get("number", ()) if len(number) < 3}


def _follow_ups(found: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    return {kind: values for kind, values in found.items() if kind == "follow-up"}


def _bare(candidate: Candidate) -> str:
    return split_code(fold(last_segment(candidate)))[1]


def _same(mine: str, theirs: str) -> float:
    return float(bool(mine.strip()) and mine.strip().casefold() == theirs.strip().casefold())


def _differs(mine: str, theirs: str) -> float:
    both = bool(mine.strip()) and bool(theirs.strip())
    return float(both and mine.strip().casefold() != theirs.strip().casefold())


# --- The ranking ----------------------------------------------------------------------------------


def logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))


def compare(
    source: Candidate, found: Sequence[Found], kind: str, index: CandidateIndex
) -> list[Pair]:
    """Every pair with its features, margins included, in the order given."""
    comparison = Comparison(source, kind, index)
    pairs = [pair for each in found if (pair := comparison.pair(each))]
    for pair in pairs:
        rival = max((other.likeness for other in pairs if other is not pair), default=0.0)
        pair.features["margin"] = pair.likeness - rival
        pair.features["runner_up"] = rival
    return pairs


def threshold(kind: str, size: int) -> float:
    """How sure a draft must be: it rises with the list, where more names look alike."""
    settings = _SETTINGS[kind]["threshold"]
    doublings = max(0.0, math.log2(max(size, 1) / settings["list_size"]))
    return logistic(settings["logit"] + settings["logit_per_doubling"] * doublings)


def score(features: Mapping[str, float], kind: str) -> float:
    weights = _SETTINGS[kind]["weights"]
    return logistic(
        weights["bias"] + sum(weights.get(name, 0.0) * value for name, value in features.items())
    )


def rank(source: Candidate, found: Sequence[Found], kind: str, index: CandidateIndex) -> Ranking:
    """The best five of `found` for a vendor or project, one of them drafted or none."""
    pairs = compare(source, found, kind, index)
    for pair in pairs:
        pair.score = score(pair.features, kind)
        if pair.is_certain:
            pair.score = max(pair.score, CERTAIN)
    pairs.sort(key=lambda pair: (-pair.score, -pair.likeness, pair.found.position))
    shown = tuple(
        Scored(pair.found.candidate, pair.score, tuple(pair.reasons), bool(pair.blocks))
        for pair in pairs[:SHOWN]
    )
    if not pairs:
        return Ranking((), None, 0.0, "nothing alike in the list")
    best = pairs[0]
    if _stands_alone(pairs, kind, len(index)):
        best.score = max(best.score, _SETTINGS[kind]["short_list"]["confidence"])
        reason = "; ".join(["the only one of a short list that says as much", *best.reasons[:3]])
        return Ranking((replace(shown[0], score=best.score), *shown[1:]), 0, best.score, reason)
    refusal = _refusal(pairs, threshold(kind, len(index)))
    if not refusal and _is_short(kind, len(index)) and not best.says_all_it_can:
        # Where few rows compete, the nearest may be far: "Elm Creek" for "Elm Creek Clubhouse".
        refusal = "one side says what the other does not"
    if refusal:
        return Ranking(shown, None, best.score, refusal)
    return Ranking(shown, 0, best.score, "; ".join(best.reasons[:3]))


def _is_short(kind: str, size: int) -> bool:
    settings = _SETTINGS[kind].get("short_list")
    return bool(settings) and size <= settings["list_size"]


def _stands_alone(pairs: Sequence[Pair], kind: str, size: int) -> bool:
    """Not sure enough by its score, yet no other row of a short list can be meant."""
    best, others = pairs[0], pairs[1:]
    if not _is_short(kind, size) or best.blocks or best.doubts:
        return False
    return (
        best.says_as_much
        and best.score < threshold(kind, size)
        and not any(pair.says_as_much and not pair.blocks for pair in others)
        and all(pair.score <= _SETTINGS[kind]["short_list"]["runner_up"] for pair in others)
    )


def _refusal(pairs: Sequence[Pair], needed: float) -> str:
    """Why the best is not drafted; empty when it is."""
    best, others = pairs[0], pairs[1:]
    if best.blocks or best.doubts:
        return [*best.blocks, *best.doubts][0]
    if sum(pair.is_certain for pair in pairs) > 1:
        return "more than one in the list fits exactly"
    if best.is_certain:
        return ""
    if best.score < needed:
        return "no candidate is sure enough"
    if others and best.score - others[0].score < _SETTINGS["close"]["scores"]:
        return f"too close to call: {others[0].found.candidate.name}"
    return ""
