"""What a cell of an export says: text, an amount, a day. Pure.

Source: Buildertrend fact sheet, 9.1 and 9.2.2. Every function raises ValueError with a clause that
follows the column's name: "Cost “1,2” is no amount".
"""

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from common import money
from common.dates import FIRST_DAY, LAST_DAY
from common.spreadsheets import Cell

EPOCH = date(1899, 12, 30)  # of the 1900 system, whose imagined leap day is behind us
FIRST_SERIAL, LAST_SERIAL = (FIRST_DAY - EPOCH).days, (LAST_DAY - EPOCH).days
_AMOUNT = re.compile(r"(\d{1,3}(,\d{3})+|\d+)?(\.\d*)?")
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(\s.*)?")
LONGEST = 4_000


def text(cell: Cell) -> str:
    """Without blanks around it; a whole number without its point. Lines within it stay lines."""
    if isinstance(cell, str) and (plain := cell.strip()).isprintable():
        return plain[:LONGEST]  # nearly every cell of a long file
    if isinstance(cell, Decimal) and cell == cell.to_integral_value():
        return str(int(cell))
    if isinstance(cell, bool):
        return "true" if cell else "false"
    lines = (line.strip() for line in str(cell).replace("\0", "").splitlines())
    return "\n".join(line for line in lines if line)[:LONGEST]


def texts(cell: Cell) -> list[str]:
    """9.1: several cost codes stand in one cell, a line each."""
    return text(cell).splitlines()


def amount(cell: Cell) -> Decimal | None:
    """9.2.2: "$1,204.50", "(17.25)", -17.25; None for nothing. Cents, as the screen shows them."""
    if isinstance(cell, bool | date):
        raise ValueError(f"“{cell}” is no amount")
    if isinstance(cell, int | Decimal):
        return money.to_cents(money.parse(cell))
    said = text(cell)
    if said in ("", "--", "-", "–"):
        return None
    plain = said.replace("$", "").replace(" ", "").replace("−", "-")
    negative = plain.startswith("(") and plain.endswith(")")
    plain = plain[1:-1] if negative else plain
    if plain.startswith("-") and not negative:  # both signs at once say nothing for sure
        negative, plain = True, plain[1:]
    if not _AMOUNT.fullmatch(plain) or not any(sign.isdigit() for sign in plain):
        raise ValueError(f"“{said[:40]}” is no amount")
    try:
        found = money.to_cents(money.parse(plain.replace(",", "")))
    except ValueError:
        raise ValueError(f"“{said[:40]}” is out of range") from None
    return -found if negative else found


def day(cell: Cell, zone: ZoneInfo) -> date | None:
    """9.2.2: a serial, ISO, or M/D/YYYY; None for nothing. A moment with a zone is `zone`'s day."""
    if isinstance(cell, datetime):
        return _near(cell.date(), cell)
    if isinstance(cell, date):
        return _near(cell, cell)
    if isinstance(cell, int | Decimal) and not isinstance(cell, bool):
        return _of_serial(cell)
    said = text(cell)
    if said in ("", "--", "-"):
        return None
    try:
        if found := _AMERICAN.fullmatch(said):
            month, number, year = (int(part) for part in found.groups()[:3])
            return _near(date(year + 2000 if year < 100 else year, month, number), cell)
        if re.fullmatch(r"\d{5}(\.\d+)?", said):
            return _of_serial(Decimal(said))
        moment = datetime.fromisoformat(said)
    except ValueError:
        raise ValueError(f"“{said[:40]}” is no day") from None
    return _near(moment.astimezone(zone).date() if moment.tzinfo else moment.date(), cell)


def _of_serial(serial: int | Decimal) -> date:
    if not FIRST_SERIAL <= serial <= LAST_SERIAL:
        raise ValueError(f"“{serial}” is no day")
    return EPOCH + timedelta(days=int(serial))


def _near(found: date, cell: Cell) -> date:
    if not FIRST_DAY <= found <= LAST_DAY:
        raise ValueError(f"“{cell}” is no day of our time")
    return found
