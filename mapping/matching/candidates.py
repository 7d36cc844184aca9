"""Finds the few rows of a long list that a name could mean. Pure: no database, no network.

What it finds is only a shortlist; `ranking` decides whether one of them is good enough.
"""

import heapq
import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, combinations, islice, pairwise
from typing import Final

from rapidfuzz import fuzz

from mapping.matching.names import (
    Candidate,
    Spelling,
    canonical,
    codes_of,
    contacts,
    digits,
    normalise,
    same_words_key,
    spellings,
    split_words,
)
from mapping.matching.vocabulary import Keys, Vocabulary

SHORTLIST = 10
DEPTH = 30  # spellings that are weighed against each other
TOUCHED_AT_MOST = 600  # of the rows that have a word, the rarest words first
TOUCHED_FOR_LIKE = 300  # of the rows that have only a word like it
TOGETHER = 100  # rows that have two such words, the shortest names first
COMMON_WORDS = 4  # of a name that are looked up two by two
SURELY_MEANT = 0.8  # a word this like the one that is written
JOINED_UP_TO = 5  # words: in a longer name a missing blank matters little
TWINS = 3
SHORTEST_CUT = 8  # letters of a name that may have been cut off where a system had no more room
GO_ON = 4  # rows that go on where the name ends; more say nothing
OF_A_PART = 0.9  # what a likeness counts that is with a trade name or without what is in brackets
# Who is in the same place comes before who is not, where the names alone leave it open.
SAME_PLACE: Final = (("postcode", 0.03), ("city", 0.02), ("state", 0.01))
# How many rows one fact may point at before it says nothing.
POINTS_AT: Final = {"code": 3, "tax id": 3, "contact": 2, "address": 3, "domain": 2}


@dataclass(frozen=True, slots=True)
class Found:
    """A target on the shortlist."""

    position: int
    candidate: Candidate
    cosine: float


class CandidateIndex:
    """An inverted index over the words of a list of targets.

    Two names are as close as the share of rare words they have in common: the cosine of vectors
    weighted by idf, where a misspelled word counts by how like it is to the one that is meant. The
    rarest words are looked up first and the look-up ends after some thousand rows; words that
    thousands have are looked up two by two. So the work does not grow with the list.

    All is kept in arrays of numbers, some hundred bytes a target; what a target's names are like
    is worked out again for the few that are found.
    """

    def __init__(self, targets: Sequence[Candidate], kind: str = "") -> None:
        self.targets = targets
        self.kind = kind
        self.spelled = lru_cache(maxsize=5_000)(self._spelled)
        self._vocabulary = Vocabulary()
        self._keys = Keys()
        self._above: set[int] = set()
        self._having: list[array[int]] = []  # word → places of the spellings that have it
        self._owner = array("i")  # place of a spelling → position of its target
        self._starts = array("i", [0])  # place of a spelling → where its words begin in _said
        self._said = array("i")
        for position, target in enumerate(targets):
            self._add(position, target)
        self._in_order = array("i", sorted(range(len(targets)), key=self._raw))
        self._rarity = array("d", (self._rarity_of(len(places)) for places in self._having))
        self._norm = array("f")
        self._shortest_first()
        self._keys.seal()
        self._vocabulary.seal()
        self._places = lru_cache(maxsize=2_000)(self._place_set)
        self._both = lru_cache(maxsize=5_000)(self._having_both)

    def __len__(self) -> int:
        return len(self.targets)

    # --- Building -------------------------------------------------------------------------------

    def _add(self, position: int, target: Candidate) -> None:
        for spelling in spellings(target, self.kind):
            place = len(self._owner)
            self._owner.append(position)
            for word in dict.fromkeys(spelling.words):
                number = self._vocabulary.add(word)
                if number == len(self._having):
                    self._having.append(array("i"))
                self._having[number].append(place)
                self._said.append(number)
            self._starts.append(len(self._said))
            self._keys.add(("name", spelling.text), position)
            if self.kind == "project":
                self._keys.add(("words", same_words_key(spelling.words)), position)
        for key in _facts(target):
            self._keys.add(key, position)
        if above := target.path.rpartition(":")[0]:
            self._above.add(hash(above.casefold()))

    def _rarity_of(self, count: int) -> float:
        return math.log(1 + len(self._owner) / count)

    def _shortest_first(self) -> None:
        """Number the spellings anew, so that the first ones that have a word have little else."""
        squares = [rarity * rarity for rarity in self._rarity]
        norms = [
            math.sqrt(sum(squares[word] for word in self._words_at(place)))
            for place in range(len(self._owner))
        ]
        order = sorted(range(len(norms)), key=norms.__getitem__)
        self._norm = array("f", (norms[place] for place in order))
        starts, said = array("i", [0]), array("i")
        for place in order:
            said.extend(self._words_at(place))
            starts.append(len(said))
        new = array("i", bytes(4 * len(order)))
        for number, place in enumerate(order):
            new[place] = number
        self._owner = array("i", (self._owner[place] for place in order))
        self._starts, self._said = starts, said
        self._having = [
            array("i", sorted([new[place] for place in places])) for places in self._having
        ]

    # --- What is known of the list --------------------------------------------------------------

    def _spelled(self, position: int) -> tuple[Spelling, ...]:
        """Every way in which this target is written."""
        return spellings(self.targets[position], self.kind)

    def rarity(self, word: str) -> float:
        """How much a word tells, by how few rows have it; a word no row has tells the most."""
        number = self._vocabulary.number(word)
        return self._most if number is None else self._rarity[number]

    @property
    def _most(self) -> float:
        return math.log(1 + len(self._owner) or 1)

    def named(self, text: str) -> list[int]:
        """Positions of the targets with this normalised name, one or more of them twins."""
        return self._keys.get(("name", text))

    def worded(self, words: Iterable[str]) -> list[int]:
        """Positions of the targets with these words, in whatever order; projects only."""
        return self._keys.get(("words", same_words_key(words))) if self.kind == "project" else []

    def is_above_others(self, position: int) -> bool:
        """A customer with jobs below it."""
        target = self.targets[position]
        return hash((target.path or target.name).casefold()) in self._above

    def with_code(self, code: str) -> list[int]:
        return self._keys.get(("code", code))

    def with_tax_id(self, tax_id: str) -> list[int]:
        return self._keys.get(("tax id", digits(tax_id)))

    # --- Finding --------------------------------------------------------------------------------

    def find(self, source: Candidate, limit: int = SHORTLIST) -> list[Found]:
        """The `limit` targets closest to `source`, in turns by rare words and by all letters."""
        shapes = spellings(source, self.kind)
        cosines: dict[int, float] = {}
        letters: dict[int, float] = {}
        for spelling in shapes:
            written = " ".join(spelling.words)
            share = 1.0 if spelling.is_whole else OF_A_PART
            for place, cosine in self._nearest(spelling):
                cosine *= share
                position = self._owner[place]
                cosines[position] = max(cosine, cosines.get(position, 0.0))
                alike = fuzz.token_sort_ratio(written, self._written_at(place))
                letters[position] = max(alike, letters.get(position, 0.0))
            for position in self._called(spelling.text):
                cosines[position] = max(share, cosines.get(position, 0.0))
        certain = self._exact(source, shapes)
        places = [(field, share) for field, share in SAME_PLACE if getattr(source, field)]
        by_cosine = sorted(
            dict.fromkeys([*certain, *sorted(cosines)]),
            key=lambda at: -cosines.get(at, 0.0) - self._nearness(source, at, places),
        )
        by_letters = sorted(by_cosine, key=lambda at: -letters.get(at, 0.0))
        ordered = take_turns(by_cosine, by_letters)
        kept = {*[*certain, *(at for at in ordered if at not in certain)][:limit]}
        return [Found(at, self.targets[at], cosines.get(at, 0.0)) for at in ordered if at in kept]

    def _nearness(
        self, source: Candidate, position: int, places: Sequence[tuple[str, float]]
    ) -> float:
        if not places:
            return 0.0
        target = self.targets[position]
        return sum(
            share
            for field, share in places
            if getattr(source, field).strip().casefold()
            == getattr(target, field).strip().casefold()
        )

    def _exact(self, source: Candidate, shapes: Sequence[Spelling]) -> dict[int, None]:
        """Whom a fact or the name as a whole points at, however common its words are."""
        found: dict[int, None] = {}
        for key in _facts(source):
            positions = self._keys.get(key)
            if key[0] != "domain" or len(positions) <= POINTS_AT["domain"]:
                found.update(dict.fromkeys(positions[: POINTS_AT[key[0]]]))
        for spelling in shapes:
            found.update(dict.fromkeys(self._called(spelling.text)))
            found.update(dict.fromkeys(self.worded(spelling.words)[:3]))
        found.update(dict.fromkeys(self._cut(source.name)))
        return found

    def _cut(self, name: str) -> list[int]:
        """Whose name goes on where this one ends, or ends where this one goes on."""
        wanted = _as_cut(name)
        if len(wanted) < SHORTEST_CUT:
            return []
        start = bisect_left(self._in_order, wanted, key=self._raw)
        following = self._in_order[start : start + GO_ON + 1]
        longer = [at for at in following if self._raw(at).startswith(wanted)]
        before = self._in_order[max(0, start - 1) : start]
        shorter = [
            at
            for at in before
            if len(self._raw(at)) >= SHORTEST_CUT and wanted.startswith(self._raw(at))
        ]
        return [*shorter, *(longer if len(longer) <= GO_ON else [])]

    def _raw(self, position: int) -> str:
        return _as_cut(self.targets[position].name)

    def _called(self, text: str) -> list[int]:
        """A few whose name this is; whose whole name it is before whose trade name it is."""
        twins = self.named(text)
        if len(twins) > TWINS:
            twins.sort(key=lambda at: normalise(self.targets[at].name) != text)
        return twins[:TWINS]

    def _nearest(self, spelling: Spelling) -> list[tuple[int, float]]:
        """Places of the closest spellings, closest first, and their cosines."""
        gains, meant, own = self._wanted(spelling)
        dots: dict[int, float] = {}
        common: list[int] = []
        for words, most in ((meant, TOUCHED_AT_MOST), (gains.keys() - meant, TOUCHED_FOR_LIKE)):
            touched = 0
            for word in sorted(words, key=lambda word: (len(self._having[word]), word)):
                touched += len(self._having[word])
                if touched > most:
                    common.append(word)
                    continue
                gain = gains[word]
                for place in self._having[word]:
                    dots[place] = dots.get(place, 0.0) + gain
        for word in common:
            gain = gains[word]
            for place in self._places(word).intersection(dots):
                dots[place] += gain
        for place in self._with_common_words([word for word in common if word in meant]):
            if place not in dots:
                dots[place] = sum([gains.get(word, 0.0) for word in self._words_at(place)])
        norm = self._norm
        best = heapq.nlargest(DEPTH, [(dot / norm[place], -place) for place, dot in dots.items()])
        return [(-place, score / own) for score, place in best]

    def _wanted(self, spelling: Spelling) -> tuple[dict[int, float], set[int], float]:
        """What each word of the list adds, which words are surely meant, and the length of all."""
        words = dict.fromkeys(spelling.words)
        gains: dict[int, float] = {}
        meant: set[int] = set()
        squares = 0.0
        near_words = chain(
            ((word, self._vocabulary.near(word)) for word in words),
            ((word, self._vocabulary.slips_of(word)) for word in self._joined(spelling.words)),
        )
        for word, near in near_words:
            mine = self.rarity(word)
            if word in words:
                squares += mine * mine
            for number, alike in near:
                gain = alike * min(mine, self._rarity[number]) ** 2
                if gain > gains.get(number, 0.0):
                    gains[number] = gain
            meant.update(self._meant(near))
        return gains, meant, math.sqrt(squares) or 1.0

    def _meant(self, near: Sequence[tuple[int, float]]) -> Iterator[int]:
        """The word that is written, and one that it may be a slip of: many more rows have that."""
        count = 0
        for number, alike in near[:4]:
            if alike == 1.0 or (alike >= SURELY_MEANT and len(self._having[number]) > 9 * count):
                count = len(self._having[number])
                yield number

    def _joined(self, words: Sequence[str]) -> Iterator[str]:
        """`free balance` may be `freebalance`."""
        if len(words) < JOINED_UP_TO:
            yield from (
                left + right
                for left, right in pairwise(words)
                if len(left + right) > 3 and not (left + right).isdigit()
            )

    def _with_common_words(self, words: Sequence[int]) -> Iterator[int]:
        """Rows that have two of these words; three, where too many have two."""
        few = words[:COMMON_WORDS]
        if len(few) == 1:
            yield from islice(self._having[few[0]], TOGETHER)
        for first, second in combinations(few, 2):
            both: Sequence[int] = self._both(first, second)
            for third in few:
                if len(both) > TOGETHER and third not in (first, second):
                    both = sorted(self._places(third).intersection(both)) or both
            yield from both[:TOGETHER]

    def _place_set(self, word: int) -> frozenset[int]:
        return frozenset(self._having[word])

    def _having_both(self, first: int, second: int) -> "array[int]":
        return array("i", sorted(self._places(first).intersection(self._having[second])))

    def _words_at(self, place: int) -> "array[int]":
        return self._said[self._starts[place] : self._starts[place + 1]]

    def _written_at(self, place: int) -> str:
        words = self._vocabulary.words
        return " ".join([words[word] for word in self._words_at(place)])


def _as_cut(name: str) -> str:
    return name.strip().casefold()


def _facts(candidate: Candidate) -> Iterator[tuple[str, str]]:
    """What tells a row whatever it is called: each kind of fact, and one spelling of it."""
    yield from (("code", code) for code in sorted(codes_of(candidate)))
    if tax_id := digits(candidate.tax_id):
        yield "tax id", tax_id
    for contact in contacts(candidate):
        yield "contact", contact
        if "@" in contact:
            yield "domain", contact.rpartition("@")[2]
    if candidate.address:
        words = [canonical(word) for word in split_words(candidate.address)]
        if len(words) > 1 and any(word[0].isdigit() for word in words):
            town = candidate.postcode[:5] or candidate.city.strip().casefold()
            yield "address", " ".join([*words, town])


def take_turns(first: Sequence[int], second: Sequence[int]) -> list[int]:
    """Both orders merged, one from each in turn, nothing lost and nothing twice."""
    merged = dict.fromkeys(at for pair in zip(first, second, strict=True) for at in pair)
    return list(merged)
