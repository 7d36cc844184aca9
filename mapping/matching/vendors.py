"""Two vendors side by side: one firm written twice, or two that look alike?"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from rapidfuzz import fuzz

from mapping.matching.candidates import CandidateIndex
from mapping.matching.lexicon import TRADE_WORDS, VENDOR_EMPTY, VENDOR_GENERIC, VENDOR_PLACES
from mapping.matching.marks import listed, mark_conflicts, marks
from mapping.matching.names import Candidate, Spelling, legal_form, split_words
from mapping.matching.pairs import (
    Comparison,
    Pair,
    Side,
    by_sort,
    cover,
    differs,
    heaviest,
    same,
)
from mapping.matching.wording import Alignment, Rarity, align

EMPTY_WEIGHT = 0.02  # of "of" and the like beside words that tell
CITY_ALIKE = 88  # of 100
SHORT_NAME = 4  # letters: "CDW" is a letter away from many
SMALL_NUMBER = 2  # digits: "Local 12" is a name's; longer ones are the office's annotations
MUCH_SHARED = 2.5  # of words' rarities together
SHORTEST_BEGINNING = 8  # letters that say something when a name begins with them
CITY_WORDS: Final = {"saint": "st", "mt": "mount", "ft": "fort", "hts": "heights"}


@lru_cache(maxsize=20_000)
def sort_of(word: str) -> str:
    """What a word in a firm's name is: empty, place, generic, trade, number, or the name itself."""
    if word in VENDOR_EMPTY:
        return "empty"
    if word in VENDOR_PLACES:
        return "place"
    if word in VENDOR_GENERIC:
        return "generic"
    if word in TRADE_WORDS:
        return "trade"
    if len(word) == 1 and word.isalpha():
        return "initial"
    return "number" if any(sign.isdigit() for sign in word) else "name"


@lru_cache(maxsize=20_000)
def _city(text: str) -> str:
    return " ".join(CITY_WORDS.get(word, word) for word in split_words(text))


@lru_cache(maxsize=20_000)
def _letters(text: str) -> str:
    return "".join(split_words(text))


class VendorComparison(Comparison):
    def __init__(
        self, source: Candidate, index: CandidateIndex, rarity: Rarity, others: Side
    ) -> None:
        super().__init__(source, index, rarity, others)
        self.numbers = marks(source.name).get("number", frozenset())

    def align(self, mine: Spelling, theirs: Spelling) -> Alignment:
        return align(mine.words, theirs.words)

    def measure(self, pair: Pair) -> dict[str, float]:
        target = pair.found.candidate
        return {
            **self._words(pair),
            **self._letters(pair),
            **self._guesses(pair.alignment),
            **self._place(target),
            **self._list(pair),
            **self._form(target),
            "same_contact": float(self.same_contact(target)),
        }

    def _words(self, pair: Pair) -> dict[str, float]:
        mine, theirs, found = pair.source_spelling, pair.target_spelling, pair.alignment
        rarity = {
            word: EMPTY_WEIGHT if word in VENDOR_EMPTY else self.rarity(word)
            for word in {*found.ours, *found.theirs}
        }
        here, there = cover(found.ours, rarity), cover(found.theirs, rarity)
        shared = [word for word, share in found.ours.items() if share and word not in VENDOR_EMPTY]
        only_here = by_sort(found.open_ours, sort_of)
        only_there = by_sort(found.open_theirs, sort_of)
        name_here = heaviest(only_here.get("name", ()), self.rarity)
        name_there = heaviest(only_there.get("name", ()), self.rarity)
        first, others_first = _first(mine), _first(theirs)
        begins_alike = found.ours[first] and found.theirs[others_first]
        features = {
            "cover_source": here,
            "cover_target": there,
            "cover_least": min(here, there),
            "name_only_source": name_here,
            "name_only_target": name_there,
            "names_differ": min(name_here, name_there),
            "trades_differ": float("trade" in only_here and "trade" in only_there),
            "open_both": float(
                bool(only_here.keys() - {"empty"}) and bool(only_there.keys() - {"empty"})
            ),
            "contains": float(not found.open_ours or not found.open_theirs),
            "rarest_shared": max((rarity[word] * found.ours[word] for word in shared), default=0.0),
            "names_shared": min(3, sum(sort_of(word) == "name" for word in shared)) / 3,
            "words_shared": min(4, len(shared)) / 4,
            # Two firms that have nothing to do with one another share common words one by one, but
            # hardly all of several.
            "weight_shared": min(1.0, sum(rarity[w] * found.ours[w] for w in shared) / MUCH_SHARED),
            "first_same": float(bool(begins_alike)),
            "first_word": found.ours[first] * rarity[first] if begins_alike else 0.0,
            "words_more": min(4, abs(len(mine.words) - len(theirs.words))) / 4,
        }
        for sort in ("name", "trade", "generic", "place", "number", "initial"):
            features[f"has_{sort}_only_source"] = float(sort in only_here)
            features[f"has_{sort}_only_target"] = float(sort in only_there)
        return features

    def _letters(self, pair: Pair) -> dict[str, float]:
        mine, theirs = pair.source_spelling, pair.target_spelling
        ours, others = "".join(mine.words), "".join(theirs.words)
        short, long = sorted(
            (_letters(self.source.name), _letters(pair.found.candidate.name)), key=len
        )
        return {
            **self.letters(pair),
            "words_equal": float(sorted(mine.words) == sorted(theirs.words)),
            "cut_within": float(self.is_cut_within(pair.found.candidate)),
            "equal": float(mine.text == theirs.text),
            "joined_equal": float(ours == others),
            "begins": float(len(short) >= SHORTEST_BEGINNING and long.startswith(short)),
            "short_name": float(min(len(ours), len(others)) <= SHORT_NAME),
            "initials": float(_are_initials(mine, theirs) or _are_initials(theirs, mine)),
            # A name given besides; what is only a piece of a name counts as that.
            "other_name": float(_is_another_name(mine) or _is_another_name(theirs)),
            "other_both": float(not (mine.is_first or theirs.is_first)),
            "parts": float(not (mine.is_whole and theirs.is_whole)),
        }

    def _guesses(self, found: Alignment) -> dict[str, float]:
        guesses = found.guesses
        return {
            "same_words": float(not (found.open_ours or found.open_theirs or guesses)),
            "guessed": min(1.0, sum(1 - share for _, _, share in guesses)),
            "guess_in_use": float(
                any(
                    sort_of(mine) == "name"
                    and self.rarity.is_in_use(mine)
                    and self.rarity.is_in_use(theirs)
                    for mine, theirs, _ in guesses
                )
            ),
            "guess_short": float(
                any(min(len(mine), len(theirs)) <= SHORT_NAME for mine, theirs, _ in guesses)
            ),
            "guess_beginning": float(any(mine[0] != theirs[0] for mine, theirs, _ in guesses)),
        }

    def _place(self, target: Candidate) -> dict[str, float]:
        source = self.source
        ours, theirs = _city(source.city), _city(target.city)
        same_city = bool(ours) and (ours == theirs or fuzz.ratio(ours, theirs) >= CITY_ALIKE)
        mine, other = source.postcode[:5], target.postcode[:5]
        both = bool(mine and other)
        return {
            "same_state": same(source.state, target.state),
            "state_differs": differs(source.state, target.state),
            "same_city": float(same_city),
            "city_differs": float(bool(ours and theirs) and not same_city),
            "same_postcode": float(both and mine == other),
            "postcode_near": float(both and mine != other and mine[:3] == other[:3]),
            "postcode_differs": float(both and mine[:3] != other[:3]),
        }

    def _list(self, pair: Pair) -> dict[str, float]:
        """Who else has the target's name, on either side."""
        theirs = pair.target_spelling
        twins = self._twins(pair)
        is_one_of_several = len(twins) > 1
        return {
            "twins": float(is_one_of_several),
            "twins_open": float(is_one_of_several and not self._told_apart(pair, twins)),
            "claimed": float(
                self.others.has(theirs.text)
                and pair.alignment.open_ours != []
                and all(shape.text != theirs.text for shape in self.spellings)
            ),
        }

    def _form(self, target: Candidate) -> dict[str, float]:
        form = legal_form(target.name)
        numbers = marks(target.name).get("number", frozenset())
        return {
            "form_differs": float(bool(form and self.form and form != self.form)),
            "form_same": float(bool(form) and form == self.form),
            "same_numbers": float(bool(self.numbers) and self.numbers == numbers),
        }

    def _twins(self, pair: Pair) -> list[int]:
        """The targets of this name; it alone, where the others have it only as a trade name."""
        theirs, at = pair.target_spelling, pair.found.position
        twins = self.index.named(theirs.text)
        own = [twin for twin in twins if self.index.spelled(twin)[0].text == theirs.text]
        if theirs.is_first and self.spellings[0].text == theirs.text and own == [at]:
            return own
        return twins

    def _told_apart(self, pair: Pair, twins: Iterable[int]) -> bool:
        """Of several targets of one name, only this one is where the source is."""
        here = self._nearness(pair.found.candidate)
        return here >= NEAR_ENOUGH and all(
            self._nearness(self.index.targets[at]) < here
            for at in twins
            if at != pair.found.position
        )

    def _nearness(self, target: Candidate) -> int:
        place = self._place(target)
        if place["state_differs"] and not place["same_postcode"]:
            return 0
        return int(2 * place["same_postcode"] + 2 * place["same_city"] + place["same_state"])

    def judge(self, pair: Pair) -> None:
        target, features = pair.found.candidate, pair.features
        pair.conflicts = list(self._other_firm(pair))
        if self.same_tax_id(target):
            pair.is_certain = (
                not pair.conflicts
                and bool(features["words_shared"])
                and len(self.index.with_tax_id(target.tax_id)) == 1
            )
        else:
            pair.doubts = list(self._only_a_person_can_tell(pair))
        if features["equal"] and not pair.conflicts and not pair.doubts:
            mine, theirs = pair.source_spelling, pair.target_spelling
            pair.is_certain |= (
                mine.is_whole and theirs.is_whole and (mine.is_first or theirs.is_first)
            )
        pair.reasons = [*pair.conflicts, *pair.doubts, *self._why(pair)]

    def _other_firm(self, pair: Pair) -> Iterator[str]:
        source, target = self.source, pair.found.candidate
        # Of one postcode in two states, one was written by mistake.
        if pair.features["state_differs"] and not pair.features["same_postcode"]:
            yield f"state differs: {source.state.strip()} / {target.state.strip()}"
        if self.other_tax_id(target):
            yield "tax number differs"
        if not pair.features["joined_equal"]:
            theirs = marks(target.name).get("number", frozenset())
            yield from mark_conflicts({"number": self.numbers}, {"number": theirs})

    def _only_a_person_can_tell(self, pair: Pair) -> Iterator[str]:
        if pair.features["twins_open"]:
            count = len(self._twins(pair))
            yield f"{count} in the list have this name"
        if pair.features["other_both"]:
            yield "only the trade names agree"
        if not pair.features["joined_equal"]:
            mine = _small(self.numbers)
            theirs = _small(marks(pair.found.candidate.name).get("number", frozenset()))
            if mine != theirs:
                yield "one side has a number"
        ours, others = _initials(pair.alignment.ours), _initials(pair.alignment.theirs)
        if ours - others and others - ours:
            yield f"initial differs: {listed(ours - others)} / {listed(others - ours)}"

    def _why(self, pair: Pair) -> Iterator[str]:
        features, target = pair.features, pair.found.candidate
        if self.same_tax_id(target):
            yield "same tax number"
        if features["same_contact"]:
            yield "same phone or e-mail"
        yield from self.how_alike(pair, says_the_same=bool(features["equal"]))
        if features["same_postcode"]:
            yield "same postcode"
        elif features["same_city"]:
            yield f"both in {target.city.strip()}"
        if features["claimed"]:
            yield "another source record has exactly this name"


NEAR_ENOUGH = 3  # the same state and city or postcode


def _first(spelling: Spelling) -> str:
    return next((word for word in spelling.words if word not in VENDOR_EMPTY), spelling.words[0])


def _is_another_name(spelling: Spelling) -> bool:
    return spelling.is_whole and not spelling.is_first


def _initials(words: Iterable[str]) -> set[str]:
    return {word for word in words if len(word) == 1 and word.isalpha()}


def _are_initials(short: Spelling, long: Spelling) -> bool:
    """`AALC` for `All Around Lawn Care`."""
    return (
        len(short.words) == 1
        and len(short.words[0]) > 2
        and short.words[0] == "".join(word[0] for word in long.words)
    )


def _small(numbers: Iterable[str]) -> set[str]:
    return {number for number in numbers if len(number) <= SMALL_NUMBER}
