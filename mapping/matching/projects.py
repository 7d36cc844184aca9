"""Two projects side by side: one job written twice, or its neighbour?

Numbers, lots, phases and units are identity here; what is done there, and for whom, is what one of
two names often leaves out.
"""

from collections.abc import Iterator
from functools import lru_cache

from mapping.matching.addresses import Address, address, how_alike
from mapping.matching.candidates import CandidateIndex
from mapping.matching.lexicon import (
    PROJECT_COMMON,
    PROJECT_EMPTY,
    PROJECT_OMITTED,
    PROJECT_WORK,
)
from mapping.matching.marks import (
    follow_ups,
    mark_conflicts,
    marks,
    number_in,
    same_decade,
    street_for_saint,
    without_address,
    without_codes,
    without_numbers,
)
from mapping.matching.names import (
    Candidate,
    Spelling,
    bare_numbers,
    code_of,
    codes_of,
    job_numbers,
    last_segment,
    normalise,
    own_name,
    place_of,
    same_words_key,
    work_of,
)
from mapping.matching.pairs import Comparison, Pair, Side, by_sort, cover, heaviest
from mapping.matching.wording import Alignment, Rarity, align

NAMES_NEEDED = 2  # words of its own that a row must share to stand alone in a short list
NAMES_FOR_WORK = 3  # where the kind of work is said on one side only
LONG_WORD = 6  # letters, from which on a letter amiss is a typo and hardly another name
ALIKE_ENOUGH = 0.6  # of two names with one job number
JOB_NUMBER_DIGITS = 5  # two for the year
EMPTY_WEIGHT = 0.02
SHORTEST_BEGINNING = 10  # letters that say something when a name begins with them
_VAGUE = frozenset({"residence", "home", "house", "project", "job", "reno", "finish", "system"})


@lru_cache(maxsize=20_000)
def sort_of(word: str) -> str:
    """What a word in a project's name is: empty, number, work, common, or the name itself."""
    if word in PROJECT_EMPTY:
        return "empty"
    if number_in(word):
        return "number"
    if word in PROJECT_WORK or word in PROJECT_OMITTED:
        return "work"
    return "common" if word in PROJECT_COMMON else "name"


@lru_cache(maxsize=20_000)
def _letters(text: str) -> str:
    return "".join(normalise(text).split())


class ProjectComparison(Comparison):
    """A source project beside its candidates."""

    def __init__(
        self, source: Candidate, index: CandidateIndex, rarity: Rarity, others: Side
    ) -> None:
        super().__init__(source, index, rarity, others)
        self.name = own_name(source.name)
        self.marks = marks(self.name)
        self.address = address(self.name)
        self.code = code_of(source)
        self.codes = codes_of(source)
        if self.address and not source.code:  # 13455 King Street: the house's number, not a job's
            self.codes.discard(self.address.number)
        self.has_code = {at for code in self.codes for at in index.with_code(code)}

    def align(self, mine: Spelling, theirs: Spelling) -> Alignment:
        return align(mine.words, theirs.words)

    def says_the_same(self, mine: Spelling, theirs: Spelling) -> bool:
        """The same text, or the same words spelled out, in whatever order."""
        return mine.text == theirs.text or same_words_key(mine.words) == same_words_key(
            theirs.words
        )

    # --- What is measured -------------------------------------------------------------------------

    def measure(self, pair: Pair) -> dict[str, float]:
        return {
            **self._words(pair),
            **self._letters(pair),
            **self._parts(pair),
            **self._where(pair),
            **self._list(pair),
        }

    def _words(self, pair: Pair) -> dict[str, float]:
        found = pair.alignment
        rarity = {
            word: EMPTY_WEIGHT if word in PROJECT_EMPTY else self.rarity(word)
            for word in {*found.ours, *found.theirs}
        }
        here, there = cover(found.ours, rarity), cover(found.theirs, rarity)
        shared = [word for word, share in found.ours.items() if share and word not in PROJECT_EMPTY]
        names = [word for word in shared if sort_of(word) == "name"]
        only_here = by_sort(found.open_ours, sort_of)
        only_there = by_sort(found.open_theirs, sort_of)
        name_here = heaviest(only_here.get("name", ()), self.rarity)
        name_there = heaviest(only_there.get("name", ()), self.rarity)
        features = {
            "cover_source": here,
            "cover_target": there,
            "cover_least": min(here, there),
            "name_only_source": name_here,
            "name_only_target": name_there,
            "names_differ": min(name_here, name_there),
            "contains": float(not found.open_ours or not found.open_theirs),
            "open_both": float(
                bool(only_here.keys() - {"empty"}) and bool(only_there.keys() - {"empty"})
            ),
            "works_differ": float("work" in only_here and "work" in only_there),
            "rarest_shared": max((rarity[word] * found.ours[word] for word in shared), default=0.0),
            "names_shared": min(3, len(names)) / 3,
            "no_name_shared": float(not names),
            "words_shared": min(5, len(shared)) / 5,
            "guessed": min(1.0, sum(1 - share for _, _, share in found.guesses)),
            "guess_in_use": float(
                any(
                    self.rarity.is_in_use(mine) and self.rarity.is_in_use(theirs)
                    for mine, theirs, _ in found.guesses
                )
            ),
        }
        for sort in ("name", "work", "common", "number"):
            features[f"has_{sort}_only_source"] = float(sort in only_here)
            features[f"has_{sort}_only_target"] = float(sort in only_there)
        return features

    def _letters(self, pair: Pair) -> dict[str, float]:
        mine, theirs = pair.source_spelling, pair.target_spelling
        short, long = sorted(
            (_letters(self.name), _letters(own_name(pair.found.candidate.name))), key=len
        )
        return {
            **self.letters(pair),
            "equal_but_code": float(without_codes(mine.words) == without_codes(theirs.words)),
            "equal": float(self.says_the_same(mine, theirs)),
            "begins": float(len(short) >= SHORTEST_BEGINNING and long.startswith(short)),
            "other_name": float(not (mine.is_first and theirs.is_first)),
        }

    def _parts(self, pair: Pair) -> dict[str, float]:
        """Whether the place on one side is all that the other side says."""
        target = pair.found.candidate
        mine, theirs = self.spellings[0].words, self.index.spelled(pair.found.position)[0].words
        head, others_head = place_of(self.source.name), place_of(last_segment(target))
        return {
            "place_is_target": float(bool(head) and _alike(head, theirs)),
            "place_asked_again": float(
                bool(head) and self.others.asking_for(head) > 1 and _alike(head, theirs)
            ),
            "place_is_source": float(bool(others_head) and _alike(others_head, mine)),
            "same_place": float(bool(head and others_head) and _alike(head, others_head)),
            "work_is_target": float(
                bool(tail := work_of(self.source.name)) and _alike(tail, theirs)
            ),
            "work_is_source": float(
                bool(tail := work_of(last_segment(target))) and _alike(tail, mine)
            ),
        }

    def _where(self, pair: Pair) -> dict[str, float]:
        target = pair.found.candidate
        theirs = address(own_name(last_segment(target)))
        alike = how_alike(self.address, theirs)[0] if self.address and theirs else 0.0
        numbers = self.marks.get("number", frozenset())
        others = marks(own_name(last_segment(target))).get("number", frozenset())
        work = _work(self.address), _work(theirs)
        return {
            "same_address": alike,
            "same_street": float(
                alike > 0 and any(at and at.type for at in (self.address, theirs))
            ),
            "address_on_one_side": float(bool(self.address) != bool(theirs)),
            "address_and_work": float(bool(alike) and bool(work[0] & work[1])),
            "address_other_work": float(
                bool(alike) and bool(work[0] and work[1]) and not work[0] & work[1]
            ),
            "same_numbers": float(bool(numbers) and numbers == others),
            "number_on_one_side": float(bool(numbers) != bool(others)),
            "same_code": float(not self.codes.isdisjoint(codes_of(target))),
        }

    def _list(self, pair: Pair) -> dict[str, float]:
        theirs = pair.target_spelling
        return {
            "twins": float(len(self._twins(theirs)) > 1),
            "above_others": float(self.index.is_above_others(pair.found.position)),
            "claimed": float(
                self.others.has(theirs.text)
                and pair.alignment.open_ours != []
                and all(shape.text != theirs.text for shape in self.spellings)
            ),
        }

    def _twins(self, theirs: Spelling) -> list[int]:
        return sorted({*self.index.named(theirs.text), *self.index.worded(theirs.words)})

    # --- Rules ------------------------------------------------------------------------------------

    def judge(self, pair: Pair) -> None:
        target, features = pair.found.candidate, pair.features
        pair.conflicts = list(self._other_job(pair))
        if self.address and features["same_address"] and self._other_work(target):
            pair.doubts.append("something else is done at the same address")
        pair.says_as_much = self._says_as_much(pair)
        same_job = self._is_same_job(target)
        if not same_job and not features["same_address"] and self._names_differ(pair):
            pair.doubts.append("each side has a word the other has not")
        if not same_job:
            pair.doubts += self._several(pair)
        if features["above_others"] and not features["equal"]:
            pair.doubts.append("it has jobs of its own below it")
        if same_job and not pair.conflicts:
            pair.is_certain = (
                features["no_name_shared"] == 0 or features["sorted_alike"] > ALIKE_ENOUGH
            )
        elif features["equal"] and not pair.conflicts and not pair.doubts:
            mine, theirs = pair.source_spelling, pair.target_spelling
            pair.is_certain = (
                mine.is_whole and theirs.is_whole and (mine.is_first or theirs.is_first)
            )
        pair.reasons = [*pair.conflicts, *pair.doubts, *self._why(pair)]

    def _several(self, pair: Pair) -> Iterator[str]:
        """More than one of a kind on a side: which is meant, only a person can tell."""
        if pair.features["place_asked_again"]:
            yield "several source records are at this place"
        if self.others.has_several(self.spellings[0].text):
            yield "several source records have this name"
        if (twins := len(self._twins(pair.target_spelling))) > 1:
            yield f"{twins} in the list have this name"

    def _other_job(self, pair: Pair) -> Iterator[str]:
        target = pair.found.candidate
        if self.other_tax_id(target):
            yield "tax number differs"
        if self.has_code and pair.found.position not in self.has_code:
            yield f"another in the list has the number {self.source.code or self.code}"
        if code := self._other_job_number(target):
            yield f"job number differs: {self.code} / {code}"
        if name := street_for_saint(self.source.name, target.name):
            yield f"a saint on one side, a street on the other: {name}"
        yield from self._other_place(pair)

    def _other_place(self, pair: Pair) -> Iterator[str]:
        target = pair.found.candidate
        name = own_name(last_segment(target))
        theirs = address(name)
        if self.address and theirs:
            _, why = how_alike(self.address, theirs)
            if why:
                yield why
                return
            # House, street and unit agree: what else is said may still be another part of it.
            mine = without_address(self.marks)
            yield from mark_conflicts(mine, without_address(marks(name)))
            return
        mine, other = (
            without_numbers(codes_of(target), self.marks),
            without_numbers(self.codes, marks(name)),
        )
        if pair.features["cut"]:  # what was cut off cannot be compared, only what it is about
            mine, other = follow_ups(mine), follow_ups(other)
        yield from mark_conflicts(mine, other)

    def _says_as_much(self, pair: Pair) -> bool:
        """Everything one side says is said by the other, and the rest is often left out.

        "Elm Creek Church - Parlor Remodel" is "Elm Creek Parlor", "Elm Creek" is not.
        """
        if pair.features["above_others"]:
            return False
        found = align(self.spellings[0].words, self.index.spelled(pair.found.position)[0].words)
        # Cohen is no typo of Chen, Brewry is one of Brewery.
        doubtful = {
            word
            for mine, theirs, share in found.guesses
            if min(len(mine), len(theirs)) < LONG_WORD and share < 1
            for word in (mine, theirs)
        }
        unsaid = PROJECT_EMPTY | self.codes | codes_of(pair.found.candidate)
        here = {
            word for word, share in found.ours.items() if not share or word in doubtful
        } - unsaid
        there = {
            word for word, share in found.theirs.items() if not share or word in doubtful
        } - unsaid
        if here and there:
            return False
        left_out = here | there
        names = [
            word
            for word, share in found.ours.items()
            if share and word not in PROJECT_COMMON and not number_in(word)
        ]
        if left_out & PROJECT_WORK:
            return len(names) >= NAMES_FOR_WORK and left_out <= PROJECT_WORK | PROJECT_OMITTED
        return len(names) >= NAMES_NEEDED and left_out <= PROJECT_OMITTED

    @staticmethod
    def _names_differ(pair: Pair) -> bool:
        """Roof and elevators are two jobs, and Cohen is hardly a slip of the pen for Chen."""
        has = pair.features
        names = [has["has_name_only_source"], has["has_name_only_target"]]
        other = [has["has_common_only_source"], has["has_common_only_target"]]
        return (any(names) and all(map(max, names, other))) or any(
            sort_of(mine) == sort_of(theirs) == "name"
            and min(len(mine), len(theirs)) < LONG_WORD
            and not (mine.startswith(theirs) or theirs.startswith(mine))
            for mine, theirs, _ in pair.alignment.guesses
        )

    def _other_work(self, target: Candidate) -> bool:
        """Each says behind the address what is done there, and nothing of it is the same."""
        theirs = address(own_name(last_segment(target)))
        if self.address is None or theirs is None:
            return False
        ours, others = _done(self.address), _done(theirs)
        found = align(sorted(ours), sorted(others))
        return bool(ours and others) and not any(found.ours.values())

    def _is_same_job(self, target: Candidate) -> bool:
        """One number and no other row with it; a number both may have from a house is none."""
        if len(self.has_code) != 1:
            return False
        mine, theirs = job_numbers(self.source), job_numbers(target)
        return bool((mine & codes_of(target)) | (theirs & self.codes))

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
        return next((number for number in sorted(bare) if same_decade(number, self.code)), "")

    def _why(self, pair: Pair) -> Iterator[str]:
        features = pair.features
        if features["same_code"]:
            yield "same number"
        if features["same_address"]:
            yield "same address"
        yield from self.how_alike(pair, says_the_same=bool(features["equal"]))
        if features["claimed"]:
            yield "another source record has exactly this name"


def _alike(mine: tuple[str, ...], theirs: tuple[str, ...]) -> bool:
    """The same words; run together or in another order does not matter."""
    return "".join(mine) == "".join(theirs) or same_words_key(mine) == same_words_key(theirs)


def _work(found: Address | None) -> set[str]:
    return {word for word in found.rest if sort_of(word) in ("work", "common")} if found else set()


def _done(found: Address) -> set[str]:
    return {word for word in found.behind if word not in PROJECT_WORK | PROJECT_OMITTED | _VAGUE}
