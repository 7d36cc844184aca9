"""Our key in a text that the ledger keeps, by which a bill is known as ours whoever moves it."""

import re

from connectors.limits import cut

_KEY = re.compile(r"\[tieout:([^\]\s]+)\]")


def marked(memo: str, key: str, longest: int) -> str:
    """The memo with our key behind it. The memo gives way: the key is how we find the bill."""
    mark = f"[tieout:{key}]"
    return f"{cut(memo.strip(), longest - len(mark) - 1)} {mark}".strip()


def key_in(text: str) -> str:
    """Our key in what `marked` made; "" when it carries none.

    The last, which is the one we wrote: the memo before it holds names that anybody may have typed.
    """
    found = _KEY.findall(text)
    return found[-1] if found else ""
