"""One bill number however it is spelled."""

import re
import unicodedata

# What people write before a number, also several times: "Invoice No. 5".
_PREFIXES = re.compile(r"^(?:[\W_]+|(?:INVOICE|INV|BILL|NUMBER|NUM|NO|NR)(?:(?![^\W_])|(?=\d)))+")


def plain_number(number: str) -> str:
    """A bill number without its spelling: "INV-001", "001" and "#1" are all "1".

    What stands between two numbers stays, as one dash: "11-1" and "1-11" are two bills.
    Source: edge cases, "Invoice number spelling"; the original stays for display.
    """
    said = unicodedata.normalize("NFKC", number).upper()
    plain = _PREFIXES.sub("", said) or said
    plain = re.sub(r"[\W_]+", "-", plain)
    plain = re.sub(r"(?<!\d)-|-(?!\d)", "", plain)
    plain = re.sub(r"(?<!\d)0+(?=\d)", "", plain)
    return plain.lstrip("0") or plain
