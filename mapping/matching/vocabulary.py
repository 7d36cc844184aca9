"""The distinct words of a list of names, and which of them a misspelled word may mean. Pure.

A list of 200,000 names has some 20,000 words: likeness is worked out between words, once each, and
never between names.
"""

import heapq
import math
import re
from array import array
from bisect import bisect_left
from collections.abc import Hashable, Iterable, Iterator
from functools import lru_cache
from itertools import chain

from rapidfuzz.distance import OSA

PIECE = 3  # letters
PIECES_LOOKED_UP = 300  # postings of pieces, the rarest first
LOOKED_AT = 25  # words with the most pieces in common
KEPT = 12
SLIP = 0.7  # of two words that one or two slips of the finger make of each other
ALIKE = 0.4  # of two words by their pieces
BEGINNING = 0.6  # of a word for the word it begins
HALF = 0.9  # of "lawncare" for "lawn" and for "care"
NEVER_THE_SAME = 0.95  # of two words that are not one
SHORTEST_SLIP, LONGEST_SLIP = 3, 14  # letters
_NUMBERS_APART = re.compile(r"\d+|\D+")


class Keys:
    """Positions by key, in twelve bytes each: a dict of lists takes two hundred.

    Keys are kept as their hashes of 64 bits, so two of a million are taken for one once in ten
    million lists.
    """

    def __init__(self) -> None:
        self._hashes = array("q")
        self._positions = array("i")

    def add(self, key: Hashable, position: int) -> None:
        self._hashes.append(hash(key))
        self._positions.append(position)

    def seal(self) -> None:
        """To be called once, when all are added and before any is asked for."""
        order = sorted(range(len(self._hashes)), key=self._hashes.__getitem__)
        self._hashes = array("q", (self._hashes[at] for at in order))
        self._positions = array("i", (self._positions[at] for at in order))

    def get(self, key: Hashable) -> list[int]:
        """In the order in which they were added, each once."""
        wanted = hash(key)
        start = end = bisect_left(self._hashes, wanted)
        while end < len(self._hashes) and self._hashes[end] == wanted:
            end += 1
        return list(dict.fromkeys(self._positions[start:end]))


class Vocabulary:
    """Numbers words from 0 on, in the order in which they come."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self._numbers: dict[str, int] = {}
        self._slips = Keys()
        self._having: dict[str, array[int]] = {}
        self._weights: dict[str, float] = {}
        self._norms = array("f")
        self.near = lru_cache(maxsize=20_000)(self._near)

    def __len__(self) -> int:
        return len(self.words)

    def add(self, word: str) -> int:
        number = self._numbers.get(word)
        if number is None:
            number = self._numbers[word] = len(self.words)
            self.words.append(word)
        return number

    def number(self, word: str) -> int | None:
        return self._numbers.get(word)

    def seal(self) -> None:
        """To be called once, when all words are there and before any is looked for."""
        for number, word in enumerate(self.words):
            if not word.isalpha():
                continue  # 5415 is no slip for 5416
            for key in _slips(word):
                self._slips.add(key, number)
            for piece in _pieces(word):
                having = self._having.get(piece)
                if having is None:
                    having = self._having[piece] = array("i")
                having.append(number)
        self._slips.seal()
        self._weights = {
            piece: math.log(1 + len(self.words) / len(having)) ** 2
            for piece, having in self._having.items()
        }
        self._norms = array("f", (self._norm(word) for word in self.words))

    def _norm(self, word: str) -> float:
        unknown = math.log(1 + len(self.words) or 1) ** 2
        return math.sqrt(sum(self._weights.get(piece, unknown) for piece in _pieces(word)))

    def _near(self, word: str) -> tuple[tuple[int, float], ...]:
        """Words that `word` may mean, best first, and how like it they are, 1 for itself."""
        return self._best(word, chain(self._halves(word), self._slips_of(word), self._alike(word)))

    def slips_of(self, word: str) -> tuple[tuple[int, float], ...]:
        """The same without the words that are only somewhat alike, which are the most work."""
        return self._best(word, self._slips_of(word))

    def _best(
        self, word: str, candidates: Iterable[tuple[int, float]]
    ) -> tuple[tuple[int, float], ...]:
        found: dict[int, float] = {}
        for number, alike in candidates:
            if alike > found.get(number, 0.0):
                found[number] = min(alike, NEVER_THE_SAME)
        own = self._numbers.get(word)
        if own is not None:
            found[own] = 1.0
        return tuple(sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:KEPT])

    def _slips_of(self, word: str) -> Iterator[tuple[int, float]]:
        if not word.isalpha():
            return
        for number in {number for key in _slips(word) for number in self._slips.get(key)}:
            alike = OSA.normalized_similarity(word, self.words[number])
            if alike >= SLIP:
                yield number, alike

    def _alike(self, word: str) -> Iterator[tuple[int, float]]:
        if not word.isalpha():
            return
        for number, alike in self._with_pieces_of(word):
            other = self.words[number]
            if min(len(word), len(other)) > SHORTEST_SLIP and (
                word.startswith(other) or other.startswith(word)
            ):
                yield number, max(alike, BEGINNING)
            elif alike >= ALIKE:
                yield number, alike

    def _halves(self, word: str) -> Iterator[tuple[int, float]]:
        """The words of the list that `word` is made of, if it is: lawncare, next2nature."""
        if not word.isalpha():
            parts = _NUMBERS_APART.findall(word)
            yield from ((self._numbers[part], HALF) for part in parts if part in self._numbers)
            return
        for cut in range(2, len(word) - 1):
            first, second = self._numbers.get(word[:cut]), self._numbers.get(word[cut:])
            if first is not None and second is not None:
                yield first, HALF
                yield second, HALF

    def _with_pieces_of(self, word: str) -> list[tuple[int, float]]:
        dots: dict[int, float] = {}
        touched = 0
        pieces = (piece for piece in _pieces(word) if piece in self._having)
        for piece in sorted(pieces, key=lambda piece: (len(self._having[piece]), piece)):
            having = self._having[piece]
            if touched and touched + len(having) > PIECES_LOOKED_UP:
                break
            touched += len(having)
            weight = self._weights[piece]
            for number in having:
                dots[number] = dots.get(number, 0.0) + weight
        norms, own = self._norms, self._norm(word)
        best = heapq.nlargest(
            LOOKED_AT, [(dot / norms[number], -number) for number, dot in dots.items()]
        )
        return [(-number, score / own) for score, number in best]


def _pieces(word: str) -> set[str]:
    marked = f" {word} "
    return {marked[at : at + PIECE] for at in range(max(1, len(marked) - PIECE + 1))}


def _slips(word: str) -> set[str]:
    """The word, and the word with a letter left out: two words that share one are a slip apart."""
    if not SHORTEST_SLIP <= len(word) <= LONGEST_SLIP:
        return set()
    return {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}
