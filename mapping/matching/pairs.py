"""One source beside one target: what is measured of the two, and what speaks for and against."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA, JaroWinkler

from mapping.matching.candidates import CandidateIndex, Found
from mapping.matching.names import (
    Candidate,
    Spelling,
    close_initials,
    contacts,
    digits,
    legal_form,
    place_of,
    spellings,
    split_words,
)
from mapping.matching.wording import Alignment, Rarity

# Where systems cut names, and one less where a blank was cut off behind.
CUT_LENGTHS = frozenset(
    length - blank for length in (20, 25, 30, 31, 35, 40, 41, 50, 60) for blank in (0, 1)
)

SHORTEST_CUT = 12
WHOLE_ALIKE = 85  # of 100
ALIKE_FROM = 0.85
FEW_LETTERS = 4  # amiss, and no more are counted


@dataclass(slots=True)
class Pair:
    """One source beside one target. Features lie between 0 and 1."""

    found: Found
    source_spelling: Spelling
    target_spelling: Spelling
    alignment: Alignment
    features: dict[str, float] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)  # the two cannot be one
    doubts: list[str] = field(default_factory=list)  # they may be, but only a person can tell
    reasons: list[str] = field(default_factory=list)
    is_certain: bool = False  # a rule settles it, whatever the score
    says_as_much: bool = False  # what else one side says is often left out
    likeness: float = 0.0  # a logit: how much speaks for the pair, other candidates left aside
    score: float = 0.0


class Side:
    """The sources of one run together: who else asks for a target, and how many for a place."""

    def __init__(self, sources: Iterable[Candidate], kind: str) -> None:
        self._named: Counter[str] = Counter()
        self._places: Counter[tuple[str, ...]] = Counter()
        for source in sources:
            if shapes := spellings(source, kind):
                self._named[shapes[0].text] += 1
            if kind == "project":
                self._places[place_of(source.name)] += 1

    def has(self, text: str) -> bool:
        return text in self._named

    def has_several(self, text: str) -> bool:
        return self._named[text] > 1

    def asking_for(self, place: tuple[str, ...]) -> int:
        """How many source projects are at this place, several jobs of one site among them."""
        return self._places[place]


class Comparison(ABC):
    """One source, to be set beside the targets found for it. A subclass a kind."""

    def __init__(
        self, source: Candidate, index: CandidateIndex, rarity: Rarity, others: Side
    ) -> None:
        self.source = source
        self.index = index
        self.rarity = rarity
        self.others = others
        self.spellings = spellings(source, index.kind)
        self.form = legal_form(source.name)
        self.contacts = set(contacts(source))
        self.tax_id = digits(source.tax_id)

    def pair(self, found: Found) -> Pair | None:
        theirs = self.index.spelled(found.position)
        if not self.spellings or not theirs:
            return None
        mine, target = closest(self.spellings, theirs)
        pair = Pair(found, mine, target, self.align(mine, target))
        pair.features = self.measure(pair)
        self.judge(pair)
        return pair

    @abstractmethod
    def align(self, mine: Spelling, theirs: Spelling) -> Alignment:
        """Which word of the one is which of the other."""

    @abstractmethod
    def measure(self, pair: Pair) -> dict[str, float]:
        """The features that the weights of this kind are about."""

    @abstractmethod
    def judge(self, pair: Pair) -> None:
        """Writes onto the pair what rules it out, what makes it doubtful or certain, and why."""

    # --- What the kinds share ---------------------------------------------------------------------

    def letters(self, pair: Pair) -> dict[str, float]:
        """How alike the two are letter by letter, of whatever kind they are."""
        mine, theirs = pair.source_spelling, pair.target_spelling
        ours, others = "".join(mine.words), "".join(theirs.words)
        amiss = OSA.distance(ours, others, score_cutoff=FEW_LETTERS - 1)
        sorted_alike = fuzz.token_sort_ratio(mine.text, theirs.text) / 100
        letters_alike = fuzz.ratio(ours, others) / 100
        return {
            "sorted_alike": sorted_alike,
            "letters_alike": letters_alike,
            "nearly_sorted": beyond(sorted_alike),
            "nearly_equal": beyond(letters_alike),
            "letters_amiss": min(amiss, FEW_LETTERS) / FEW_LETTERS,
            "beginning_alike": JaroWinkler.similarity(mine.text, theirs.text),
            "cosine": pair.found.cosine,
            "cut": float(self.is_cut(pair.found.candidate)),
        }

    def same_contact(self, target: Candidate) -> bool:
        return bool(self.contacts) and not self.contacts.isdisjoint(contacts(target))

    def same_tax_id(self, target: Candidate) -> bool:
        return bool(self.tax_id) and self.tax_id == digits(target.tax_id)

    def other_tax_id(self, target: Candidate) -> bool:
        return bool(self.tax_id and (theirs := digits(target.tax_id))) and self.tax_id != theirs

    def is_cut(self, target: Candidate) -> bool:
        """One side ends where systems cut names, and the other goes on from there."""
        mine, theirs = self.source.name.strip(), target.name.strip()
        short, long = sorted((mine.casefold(), theirs.casefold()), key=len)
        return (
            len(short) in CUT_LENGTHS
            and len(long) > len(short)
            and long.startswith(short)
            and not (short[-1:].isdigit() and long[len(short)].isdigit())
        )

    def is_cut_within(self, target: Candidate) -> bool:
        """One side ends within a word of the other and is its beginning: nobody writes that."""
        short, long = sorted((_bare(self.source.name), _bare(target.name)), key=len)
        return (
            len(short) >= SHORTEST_CUT
            and len(long) > len(short)
            and long.startswith(short)
            and short[-1:].isalpha()
            and long[len(short)].isalpha()
        )

    def how_alike(self, pair: Pair, *, says_the_same: bool) -> Iterator[str]:
        whose = "" if pair.target_spelling.is_first else " as its other name"
        if says_the_same:
            yield self._how_equal(pair.found.candidate) + whose
            return
        here, there = pair.alignment.open_ours, pair.alignment.open_theirs
        if not here and not there:
            yield "same words, spelled a little differently" + whose
        if here:
            yield f"only in the source: {', '.join(here[:3])}"
        if there:
            yield f"only in the ledger: {', '.join(there[:3])}"

    def _how_equal(self, target: Candidate) -> str:
        if self.source.name.strip() == target.name.strip():
            return "same name"
        if self.form != legal_form(target.name):
            return "same name but for the legal form"
        return "same name but for how it is written"


@lru_cache(maxsize=20_000)
def _bare(name: str) -> str:
    return " ".join(split_words(close_initials(name)))


def closest(mine: Sequence[Spelling], theirs: Sequence[Spelling]) -> tuple[Spelling, Spelling]:
    """The way of writing either side that makes the two most alike; the first where several do.

    Nearly the same as a whole, two names are compared as a whole, though a part of them is equal.
    """
    first = mine[0], theirs[0]
    if len(mine) == len(theirs) == 1 or fuzz.ratio(first[0].text, first[1].text) >= WHOLE_ALIKE:
        return first
    best, pair = -1.0, first
    for one in mine:
        for other in theirs:
            alike = fuzz.token_sort_ratio(" ".join(one.words), " ".join(other.words))
            if alike > best:
                best, pair = alike, (one, other)
    return pair


def same(mine: str, theirs: str) -> float:
    return float(bool(mine.strip()) and mine.strip().casefold() == theirs.strip().casefold())


def differs(mine: str, theirs: str) -> float:
    both = bool(mine.strip()) and bool(theirs.strip())
    return float(both and mine.strip().casefold() != theirs.strip().casefold())


def beyond(share: float) -> float:
    """How alike two names' letters are, from where on that says something."""
    return max(0.0, share - ALIKE_FROM) / (1 - ALIKE_FROM)


def heaviest(words: Iterable[str], rarity: Rarity) -> float:
    return max((rarity(word) for word in words), default=0.0)


def by_sort(words: Iterable[str], sort_of: Callable[[str], str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for word in words:
        found.setdefault(sort_of(word), []).append(word)
    return found


def cover(found: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The share of a name's rare words that is found on the other side."""
    whole = sum(weights[word] for word in found)
    return sum(weights[word] * share for word, share in found.items()) / whole if whole else 0.0
