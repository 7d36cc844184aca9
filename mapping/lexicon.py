"""The words of the trade: short forms and building trades, read from `lexicon.toml`."""

import tomllib
from pathlib import Path
from typing import Any, Final

_DATA: Final[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("lexicon.toml").read_text(encoding="utf-8")
)

ABBREVIATIONS: Final[dict[str, str]] = _DATA["abbreviations"]

# Two firms of one family differ in just such a word: "Smith Plumbing", "Smith Electric".
TRADE_WORDS: Final[frozenset[str]] = frozenset(_DATA["trade_words"]["words"])

# What is identity in a project's name.
PLACES: Final[dict[str, list[str]]] = _DATA["places"]
