"""What a name says once it is taken apart: words, numbers, codes, legal forms. Pure functions."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from mapping.matching.lexicon import (
    ABBREVIATIONS,
    COMMON_WORDS,
    NUMBER_WORDS,
    PLACES,
    PROJECT_EMPTY,
    PROJECT_WORDS,
    ROMAN,
    VENDOR_WORDS,
)

GRAM = 4

LEGAL_FORMS = {
    "inc": "corporation",
    "incorporated": "corporation",
    "corp": "corporation",
    "corporation": "corporation",
    "llc": "llc",
    "lc": "llc",
    "pllc": "llc",
    "ltd": "limited",
    "limited": "limited",
    "ltee": "limited",
    "lp": "partnership",
    "llp": "partnership",
    "lllp": "partnership",
    "pc": "professional corporation",
    "plc": "plc",
    "gmbh": "gmbh",
}
# Said of any firm, so it neither makes two names equal nor different.
EMPTY_ENDINGS = LEGAL_FORMS.keys() | {"co", "company"}
EMPTY_WORDS = frozenset({"and", "the", "et"})

_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"})
_DELETED = re.compile(r"\s*\((?:deleted|inactive)\)", re.IGNORECASE)
_TRADE_NAME = re.compile(
    r"\b(?:d\s*/\s*b\s*/\s*a|dba|t/a|f/k/a|fka|a/k/a|aka)\b[.:]?", re.IGNORECASE
)
_BRACKETS = re.compile(r"\([^()]*\)")
_CODE = re.compile(
    r"""^\s*(?P<code>
        [vV]\d{4,}                            # vendor numbers: V01234 Acme
        | (?:20)?\d\d-\d{1,4}(?=\s)           # job numbers: 23-014 Oak Street
        | (?=[\w.\-/ ]*\d)[\w.\-/]{2,14}(?:\ \d\d){0,2}(?=\s*[:·–—]\s|\s+-\s)
        )\s*[:·–—-]?\s+(?P<name>.*[^\W\d]{2}.*)$""",
    re.VERBOSE,
)
_CODE_BEHIND = re.compile(
    r"""^(?P<name>.*[^\W\d]{3}.*?)(?:
        \s*\((?P<bracketed>(?:20)?\d\d-\d{1,4})\)
        | \s*[\s,;:#·–—-]\s*(?P<bare>(?:20)?\d\d-\d{3,4})
        )\s*$""",
    re.VERBOSE,
)
_JOB_NUMBER = re.compile(
    r"^(?:job|project|proj|no|j|p)?[\s.:#-]*(?:20)?(\d\d)[-. ](\d{1,4})$", re.IGNORECASE
)
# Wherever it stands in a name: [25-014] Oak Street, Oak Street (job #2025-014), J25-014 Oak Street.
_JOB_NUMBER_WITHIN = re.compile(r"(?<![\w.-])[jp]?((?:20)?\d\d-\d{3,4})(?![\w-])", re.IGNORECASE)
# 23014 Oak Street: a job number without its dash, or the house's. Only the other side can tell.
_BARE_NUMBER = r"\d{5}|20\d{5}"
_LEADING_NUMBER = re.compile(rf"^\W*(?P<code>{_BARE_NUMBER})[\s:·–—-]+(?P<name>.*[^\W\d]{{3}}.*)$")
_NUMBER_BEHIND = re.compile(
    rf"^(?P<name>.*[^\W\d]{{3}}.*?)[\s,;:#(\[–—-]+(?P<code>{_BARE_NUMBER})\W*$"
)
_BREAK = re.compile(r"\s*[:–—]\s*|\s+-+\s*|\s*-+\s+")
_DOTTED_INITIALS = re.compile(r"(?<!\w)(?:[^\W\d_]\.){2,}(?:[^\W\d_](?!\w))?")
_WORD = re.compile(r"[^\W_]+")
_DIGIT = re.compile(r"\d")
_PART_WITH_NUMBER = re.compile(r"^([^\W\d_]{2,8})(\d{1,4}[^\W\d_]?)$")

SLIP_FROM = 7  # letters, from which on a word a letter away from a common one is that word
_BEGINNING: dict[str, list[str]] = {}
for _common in sorted(COMMON_WORDS):
    if len(_common) >= SLIP_FROM:
        _BEGINNING.setdefault(_common[0], []).append(_common)

PARTS_OF_A_PLACE = frozenset(PLACES["parts"])
NUMBER_SIGNS = frozenset({"no", "nr", "num", "number"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row of either side as drafting sees it; which kind of row it is, the caller knows."""

    key: int
    name: str
    code: str = ""
    path: str = ""  # "Smith, John:Kitchen remodel" where the list is a tree
    other_names: tuple[str, ...] = ()  # trade names, name on cheques
    address: str = ""  # street and number
    city: str = ""
    state: str = ""
    postcode: str = ""
    email: str = ""
    phone: str = ""
    tax_id: str = ""
    type: str = ""  # the account's or item's type in the ledger
    is_heading: bool = False  # a cost code with others below it


@dataclass(frozen=True, slots=True)
class Spelling:
    """One way of writing a name, taken apart once."""

    text: str  # normalised
    words: tuple[str, ...]  # abbreviations spelled out, plurals cut
    is_first: bool = True  # the name itself, not a trade name
    is_whole: bool = True  # nothing was left out to arrive at it


def fold(text: str) -> str:
    """Lower case, no accents, no control or bidi marks, "(deleted)" off."""
    text = _DELETED.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        text = "".join(
            " " if unicodedata.category(sign) == "Cc" else sign
            for sign in text
            if unicodedata.category(sign) not in {"Mn", "Cf"}
        )
    return text.casefold().translate(_LETTERS)


def split_words(text: str) -> list[str]:
    """The words and numbers of a name, lower case; `&` is a word like "and"."""
    folded = fold(text).replace("&", " and ").replace("'", "").replace("’", "")
    return _WORD.findall(folded)


def close_initials(text: str) -> str:
    """`T.I.` is the word TI, also behind a letter of its own as in "Bldg A T.I."."""
    return _DOTTED_INITIALS.sub(lambda found: found[0].replace(".", "") + " ", text)


def _join_initials(words: Iterable[str]) -> Iterator[str]:
    """J & A Masonry and J.A. Masonry are one: single letters in a row are one word."""
    run = ""
    for word in words:
        if len(word) == 1 and word.isalpha():
            run += word
            continue
        if run:
            yield run
            run = ""
        yield word
    if run:
        yield run


# Long lists go through here once: what is kept is for the few that are looked at again and again.
@lru_cache(maxsize=20_000)
def normalise(text: str) -> str:
    """What is left of a name for comparing: `"The J. & A. Smith Co., Inc."` is `"ja smith"`.

    Numbers stay. A name made of nothing but legal forms keeps them.
    """
    words = split_words(close_initials(text))
    while True:
        kept = [word for word in words if word not in EMPTY_WORDS] or words
        kept = list(_join_initials(kept))
        while len(kept) > 1 and kept[-1] in EMPTY_ENDINGS:
            kept.pop()
        if kept == words:
            return " ".join(kept)
        words = kept


@lru_cache(maxsize=20_000)
def legal_form(text: str) -> str:
    """`corporation`, `llc` … or nothing when the name does not say."""
    for word in reversed(list(_join_initials(split_words(text)))):
        if word in LEGAL_FORMS:
            return LEGAL_FORMS[word]
    return ""


@lru_cache(maxsize=100_000)
def canonical(word: str) -> str:
    """One word for its usual short forms and its plural: `svcs`, `services` are `service`."""
    return as_spelled(ABBREVIATIONS.get(word) or _as_usual(word))


@lru_cache(maxsize=100_000)
def as_spelled(word: str) -> str:
    """Short forms spelled out and plurals cut; a slip of the pen stays."""
    word = ABBREVIATIONS.get(word, word)
    if len(word) > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif word.endswith(("sses", "shes", "ches", "xes")):
        word = word[:-2]
    elif len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    return ABBREVIATIONS.get(word, word)


def _as_usual(word: str) -> str:
    """`Lanscaping` is `landscaping`: a slip in a word that many names have. Others stay."""
    if len(word) < SLIP_FROM or word in COMMON_WORDS or not word.isalpha():
        return word
    amiss = 2 if len(word) >= SLIP_FROM + 3 else 1
    near = process.extractOne(
        word, _BEGINNING.get(word[0], ()), scorer=OSA.distance, score_cutoff=amiss
    )
    return near[0] if near else word


def split_parts(words: Iterable[str]) -> list[str]:
    """`ph2` is `phase 2`, and the sign in `no 6` is left out; anything else stays as it is."""
    parts: list[str] = []
    for word in words:
        glued = _PART_WITH_NUMBER.match(word)
        if glued and canonical(glued[1]) in PARTS_OF_A_PLACE:
            parts += [canonical(glued[1]), glued[2]]
        elif glued and glued[1] in NUMBER_SIGNS:
            parts.append(glued[2])
        else:
            parts.append(word)
    following = [*parts, ""][1:]
    return [
        word
        for word, after in zip(parts, following, strict=True)
        if not (word in NUMBER_SIGNS and after[:1].isdigit())
    ]


def part_value(word: str) -> str:
    """A number written as a word or in Roman, as digits; nothing when it is neither."""
    return NUMBER_WORDS.get(word) or ROMAN.get(word) or ""


@lru_cache(maxsize=20_000)
def vendor_words(text: str) -> tuple[str, ...]:
    """The words of a firm's normalised name, French ones and short forms as one English word."""
    return tuple(
        VENDOR_WORDS.get(word) or VENDOR_WORDS.get(usual := canonical(word), usual)
        for word in text.split()
    )


@lru_cache(maxsize=20_000)
def project_words(text: str) -> tuple[str, ...]:
    """The words of a project's normalised name, with what its trade abbreviates spelled out.

    `"fire sta no 6"` is `fire station 6`, and `"harbor dc ph ii"` is `harbor distribution center
    phase 2`.
    """
    words: list[str] = []
    for word in split_parts(text.split()):
        if words and words[-1] in PARTS_OF_A_PLACE and (number := part_value(word)):
            words.append(number)
            continue
        spelled = PROJECT_WORDS.get(word) or PROJECT_WORDS.get(canonical(word)) or word
        words += [canonical(each) for each in spelled.split()]
    return tuple(words)


def same_words_key(words: Iterable[str]) -> tuple[str, ...]:
    """Equal for "Roof of the Library" and "Library Roof"."""
    return tuple(sorted(word for word in words if word not in PROJECT_EMPTY))


@lru_cache(maxsize=20_000)
def split_code(label: str) -> tuple[str, str]:
    """`"01-100: Concrete"` is `("01-100", "Concrete")`; no code, an empty one."""
    if not _DIGIT.search(label):  # as most names; the patterns are slow to say no
        return "", label.strip()
    if matched := _CODE.match(label):
        return matched["code"].strip(), matched["name"].strip()
    if matched := _CODE_BEHIND.match(label):
        return matched["bracketed"] or matched["bare"], matched["name"].strip()
    return "", label.strip()


@lru_cache(maxsize=20_000)
def own_name(name: str) -> str:
    return split_code(name)[1]


@lru_cache(maxsize=20_000)
def place_of(name: str) -> tuple[str, ...]:
    """What stands in front of the first colon or dash: the place, where the work follows."""
    parts = _BREAK.split(own_name(name), maxsplit=1)
    return project_words(normalise(parts[0])) if len(parts) > 1 else ()


@lru_cache(maxsize=20_000)
def work_of(name: str) -> tuple[str, ...]:
    parts = _BREAK.split(own_name(name), maxsplit=1)
    return project_words(normalise(parts[1])) if len(parts) > 1 else ()


def code_key(code: str) -> str:
    """Job numbers come as 23-014, 23-14, 2023-014 and 23014: one key for all."""
    if matched := _JOB_NUMBER.match(code.strip()):
        return matched[1] + matched[2].zfill(3)
    joined = "".join(_WORD.findall(fold(code)))
    if len(joined) >= 7 and joined.startswith("20") and joined.isdigit():
        joined = joined[2:]
    return joined if any(sign.isdigit() for sign in joined) else ""


def code_of(candidate: Candidate) -> str:
    return code_key(candidate.code or split_code(last_segment(candidate))[0])


def codes_of(candidate: Candidate) -> set[str]:
    """The row's code, and every number in its name that may be one."""
    own = last_segment(candidate)
    if not candidate.code and not _DIGIT.search(candidate.name):
        return set()
    found = {code_of(candidate), code_key(split_code(candidate.name)[0])}
    found |= {code_key(number) for number in _JOB_NUMBER_WITHIN.findall(own)}
    found |= bare_numbers(own)
    return found - {""}


def job_numbers(candidate: Candidate) -> set[str]:
    """Numbers that are the job's for certain: no house has 25-014, though one may have 88-11."""
    within = _JOB_NUMBER_WITHIN.findall(last_segment(candidate))
    return {code_key(candidate.code), *(code_key(number) for number in within)} - {""}


def bare_numbers(name: str) -> set[str]:
    """A number of five digits at either end: a job's, a house's or a postcode."""
    if not _DIGIT.search(name):
        return set()
    matches = (_LEADING_NUMBER.match(name), _NUMBER_BEHIND.match(name))
    return {code_key(matched["code"]) for matched in matches if matched}


def last_segment(candidate: Candidate) -> str:
    """The row's own name where the ledger writes `Customer:Job`."""
    return candidate.name.rsplit(":", 1)[-1].strip() if ":" in candidate.path else candidate.name


def digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit())


def _texts(candidate: Candidate) -> Iterator[tuple[str, bool]]:
    """Every way the row is written, its own name first, and whether that is all of the name."""
    own = split_code(candidate.name)[1]
    yield own, True
    if len(own) < len(candidate.name.strip()):
        yield candidate.name, True
    for name in candidate.other_names:
        yield _TRADE_NAME.sub(" ", name), True
    for place in (own, candidate.path):
        if ":" in place:
            yield split_code(place.rsplit(":", 1)[-1])[1], True
    if candidate.path:
        yield candidate.path, True
    yield from ((text, False) for text in _parts_of_names(candidate, own))


def _parts_of_names(candidate: Candidate, own: str) -> Iterator[str]:
    """What is left when a trade name, a remark in brackets or a number is put aside."""
    for name in (own, *candidate.other_names):
        if _TRADE_NAME.search(name):
            yield from _TRADE_NAME.split(name)
        if "(" in name:
            yield _BRACKETS.sub(" ", name)
    if _DIGIT.search(own):
        for matched in (_LEADING_NUMBER.match(own), _NUMBER_BEHIND.match(own)):
            if matched:
                yield matched["name"]


def spellings(candidate: Candidate, kind: str = "") -> tuple[Spelling, ...]:
    found: dict[str, Spelling] = {}
    for text, is_whole in _texts(candidate):
        normal = normalise(text)
        if normal and normal not in found:
            words = (project_words if kind == "project" else vendor_words)(normal)
            found[normal] = Spelling(normal, words, is_first=not found, is_whole=is_whole)
    return tuple(found.values())


def grams(words: Iterable[str]) -> set[str]:
    """Four-letter pieces over the joined words, marked so that they are never taken for words."""
    joined = " " + " ".join(words) + " "
    return {"#" + joined[start : start + GRAM] for start in range(max(1, len(joined) - GRAM + 1))}


def terms(spelling: Spelling) -> set[str]:
    return grams(spelling.words) | set(spelling.words)


def contacts(candidate: Candidate) -> Iterator[str]:
    """E-mail address and phone number in one spelling each."""
    if "@" in candidate.email:
        yield candidate.email.strip().casefold()
    if len(number := digits(candidate.phone)) >= 10:
        yield number[-10:]
