"""Finds the few rows of a long list that a name could mean. Pure: no database, no network.

What it finds is only a shortlist; `ranking` decides whether one of them is good enough.
"""

import heapq
import math
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from rapidfuzz import fuzz

from mapping.matching.names import (
    Candidate,
    Spelling,
    canonical,
    codes_of,
    contacts,
    digits,
    same_words_key,
    spellings,
    split_words,
    terms,
)

SHORTLIST = 10
COSINE_DEPTH = 40
TOUCHED_AT_MOST = 4_000


@dataclass(frozen=True, slots=True)
class Found:
    """A target on the shortlist."""

    position: int
    candidate: Candidate
    cosine: float


class CandidateIndex:
    """An inverted index over the words and four-letter pieces of a list of targets.

    Two names are as close as the share of rare terms they have in common: the cosine of binary
    vectors weighted by idf. The rarest terms are looked up first and the look-up ends once some
    thousand postings were touched, so the work does not grow with the list.
    """

    def __init__(self, targets: Sequence[Candidate], kind: str = "") -> None:
        self.targets = targets
        self.kind = kind
        self._shapes: list[tuple[Spelling, ...]] = []
        self._owner = array("i")  # spelling → position of its target
        self._norm = array("f")
        self._postings: dict[str, array[int]] = {}
        self._same_name: dict[str, list[int]] = defaultdict(list)
        self._same_words: dict[tuple[str, ...], list[int]] = defaultdict(list)
        self._by_code: dict[str, list[int]] = defaultdict(list)
        self._above = {target.path.rpartition(":")[0].casefold() for target in targets} - {""}
        self._by_tax_id: dict[str, list[int]] = defaultdict(list)
        self._by_contact: dict[str, list[int]] = defaultdict(list)
        for position, target in enumerate(targets):
            self._add(position, target)
        self._rarity = {
            term: math.log(1 + len(self._owner) / len(places))
            for term, places in self._postings.items()
        }
        squares = array("f", bytes(4 * len(self._owner)))
        for term, places in self._postings.items():
            square = self._rarity[term] ** 2
            for place in places:
                squares[place] += square
        self._norm = array("f", (math.sqrt(square) for square in squares))

    def __len__(self) -> int:
        return len(self.targets)

    def _add(self, position: int, target: Candidate) -> None:
        shapes = spellings(target, self.kind)
        self._shapes.append(shapes)
        for spelling in shapes:
            place = len(self._owner)
            self._owner.append(position)
            for term in terms(spelling):
                places = self._postings.get(term)
                if places is None:
                    places = self._postings[term] = array("i")
                places.append(place)
            self._same_name[spelling.text].append(position)
            if self.kind == "project":
                self._same_words[same_words_key(spelling.words)].append(position)
        for code in codes_of(target):
            self._by_code[code].append(position)
        if tax_id := digits(target.tax_id):
            self._by_tax_id[tax_id].append(position)
        for contact in contacts(target):
            self._by_contact[contact].append(position)

    def spelled(self, position: int) -> tuple[Spelling, ...]:
        """Every way in which this target is written."""
        return self._shapes[position]

    def rarity(self, word: str) -> float:
        """How much a word tells, by how few rows have it; a word no row has tells the most."""
        return self._rarity.get(word) or math.log(1 + len(self._owner) or 1)

    def named(self, text: str) -> list[int]:
        """Positions of the targets with this normalised name, one or more of them twins."""
        return sorted(set(self._same_name.get(text, ())))

    def worded(self, words: Iterable[str]) -> list[int]:
        """Positions of the targets with these words, in whatever order; projects only."""
        return sorted(set(self._same_words.get(same_words_key(words), ())))

    def is_above_others(self, position: int) -> bool:
        """A customer with jobs below it."""
        target = self.targets[position]
        return (target.path or target.name).casefold() in self._above

    def with_code(self, code: str) -> list[int]:
        return self._by_code.get(code, [])

    def with_tax_id(self, tax_id: str) -> list[int]:
        return self._by_tax_id.get(digits(tax_id), [])

    def find(self, source: Candidate, limit: int = SHORTLIST) -> list[Found]:
        """The `limit` targets closest to `source`, closest first."""
        shapes = spellings(source, self.kind)
        cosines: dict[int, float] = {}
        for spelling in shapes:
            for position, cosine in self._nearest(spelling):
                if cosine > cosines.get(position, 0.0):
                    cosines[position] = cosine
        certain = self._exact(source, shapes)
        ordered = heapq.nsmallest(
            limit,
            {*cosines, *certain},
            key=lambda at: (at not in certain, -cosines.get(at, 0.0), at),
        )
        by_cosine = sorted(ordered, key=lambda at: (-cosines.get(at, 0.0), at))
        return [
            Found(at, self.targets[at], cosines.get(at, 0.0))
            for at in take_turns(by_cosine, self._by_spelling(shapes, by_cosine))
        ]

    def _exact(self, source: Candidate, shapes: Sequence[Spelling]) -> set[int]:
        """Whom a code, a tax number or the very name points at, however common its words are."""
        found = {at for code in codes_of(source) for at in self.with_code(code)[:3]}
        found.update(islice(self.with_tax_id(source.tax_id), 3))
        for contact in contacts(source):
            found.update(islice(self._by_contact.get(contact, ()), 2))
        for spelling in shapes:
            found.update(islice(self._same_name.get(spelling.text, ()), 3))
            found.update(self.worded(spelling.words)[:3])
        return found

    def _nearest(self, spelling: Spelling) -> list[tuple[int, float]]:
        wanted = terms(spelling)
        known = sorted(
            (len(places), term) for term in wanted if (places := self._postings.get(term))
        )
        dots: dict[int, float] = defaultdict(float)
        touched = 0
        for count, term in known:
            if touched and touched + count > TOUCHED_AT_MOST:
                break
            touched += count
            square = self._rarity[term] ** 2
            for place in islice(self._postings[term], TOUCHED_AT_MOST):
                dots[place] += square
        own = math.sqrt(sum(self.rarity(term) ** 2 for term in wanted))
        best = heapq.nlargest(
            COSINE_DEPTH, ((dot / self._norm[place], place) for place, dot in dots.items())
        )
        return [(self._owner[place], score / own) for score, place in best]

    def _by_spelling(self, shapes: Sequence[Spelling], positions: Sequence[int]) -> list[int]:
        def likeness(at: int) -> float:
            return max(
                (
                    fuzz.token_sort_ratio(mine.text, theirs.text)
                    for mine in shapes
                    for theirs in self.spelled(at)
                ),
                default=0.0,
            )

        scores = {at: likeness(at) for at in positions}
        return sorted(positions, key=lambda at: (-scores[at], at))

    # --- The combobox ---------------------------------------------------------------------------

    @cached_property
    def _browsed(self) -> "tuple[list[str], dict[str, array[int]]]":
        """Every word of name, code and city, sorted, and the targets that have it."""
        places: dict[str, array[int]] = {}
        for position, target in enumerate(self.targets):
            written = (target.name, target.code, target.city, target.path, *target.other_names)
            for word in {word for text in written if text for word in split_words(text)}:
                places.setdefault(word, array("i")).append(position)
        return sorted(places), places

    def _starting_with(self, prefix: str) -> set[int]:
        words, places = self._browsed
        found: set[int] = set(places.get(prefix, ())) if len(prefix) > 1 else set()
        start = bisect_left(words, prefix)
        for word in islice(words, start, start + TOUCHED_AT_MOST):
            if not word.startswith(prefix) or len(found) > TOUCHED_AT_MOST:
                break
            found.update(places[word])
        return found

    def search(self, text: str, limit: int = 8) -> list[Candidate]:
        """What somebody typing `text` into a box may mean, best first."""
        typed = split_words(text)
        if not typed:
            return []
        found: set[int] = set()
        for number, prefix in enumerate(sorted(typed, key=len, reverse=True)):
            hits = self._starting_with(prefix)
            found = hits if number == 0 else (found & hits or found)
        if len(found) < limit:
            spelling = Spelling(" ".join(typed), tuple(canonical(word) for word in typed))
            found = found | {position for position, _ in self._nearest(spelling)}
        wanted = " ".join(typed)
        best = heapq.nsmallest(
            limit,
            islice(sorted(found), 2_000),
            key=lambda at: self._search_order(wanted, typed, at),
        )
        return [self.targets[at] for at in best]

    def _search_order(self, wanted: str, typed: Sequence[str], at: int) -> tuple[object, ...]:
        target = self.targets[at]
        words = split_words(f"{target.name} {target.code} {target.city}")
        name = " ".join(words)
        unmet = sum(not any(word.startswith(prefix) for word in words) for prefix in typed)
        partial = sum(prefix not in words for prefix in typed)
        close = fuzz.WRatio(wanted, name) if unmet else 100.0
        return (unmet, -round(close), not name.startswith(wanted), partial, len(name), name, at)


def take_turns(first: Sequence[int], second: Sequence[int]) -> list[int]:
    """Both orders merged, one from each in turn, nothing lost and nothing twice."""
    merged = dict.fromkeys(at for pair in zip(first, second, strict=True) for at in pair)
    return list(merged)
