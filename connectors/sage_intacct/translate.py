"""What Sage Intacct's rows mean for us. Pure functions; sections are those of its sheet."""

import re

_KEY = re.compile(r"\[tieout:([^\]\s]+)\]")


def key_in(description: str) -> str:
    """Our key in a bill's description; "" when it carries none. The last is the one we wrote."""
    found = _KEY.findall(description)
    return found[-1] if found else ""
