"""The words of the trade: short forms and building trades, read from `lexicon.toml`."""

import tomllib
from pathlib import Path
from typing import Any, Final

_DATA: Final[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("lexicon.toml").read_text(encoding="utf-8")
)

ABBREVIATIONS: Final[dict[str, str]] = _DATA["abbreviations"]
