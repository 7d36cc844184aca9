"""The questions our client asks the gateway: queries, page by page. Sections are the sheet's."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from xml.etree.ElementTree import Element

from connectors.errors import UnexpectedPayload
from connectors.sage_intacct import envelope
from connectors.sage_intacct.envelope import made
from connectors.sage_intacct.gateway import Gateway
from connectors.sage_intacct.translate import DAY, MOMENT, Row

PAGE = 1000  # 5.3: at most 2000
MOST_IN = 500  # 5.3: at most 1000 values
MOST_KEYS = 100  # 5.2


# --- Conditions -------------------------------------------------------------------------------


def equal(column: str, value: str) -> Element:
    return _compared("equalto", column, value)


def among(column: str, values: Sequence[str]) -> Element:
    return _compared("in", column, *values)


def from_day(column: str, first: date) -> Element:
    return _compared("greaterthanorequalto", column, first.strftime(DAY))


def between_days(column: str, first: date, last: date) -> Element:
    return _compared("between", column, first.strftime(DAY), last.strftime(DAY))


def from_moment(column: str, since: datetime) -> Element:
    """To the second, and in GMT: `since` is in UTC (5.1)."""
    return _compared("greaterthanorequalto", column, since.strftime(MOMENT))


def _compared(operator: str, column: str, *values: str) -> Element:
    return made(operator, made("field", text=column), *(made("value", text=v) for v in values))


# --- Questions --------------------------------------------------------------------------------


def query(
    name: str,
    columns: Sequence[str],
    conditions: Sequence[Element] = (),
    *,
    page: int = PAGE,
    newest_first: bool = False,
) -> Element:
    """Source: 5.3. Rows that belong to one entity come too; texts are compared in any case."""
    direction = "descending" if newest_first else "ascending"
    parts = [
        made("object", text=name),
        made("select", *(made("field", text=column) for column in columns)),
    ]
    if conditions:
        one = len(conditions) == 1
        parts.append(made("filter", conditions[0] if one else made("and", *conditions)))
    parts += [
        made("orderby", made("order", made("field", text="RECORDNO"), made(direction))),
        made("options", made("caseinsensitive", text="true"), made("showprivate", text="true")),
        made("pagesize", text=str(page)),
    ]
    return made("query", *parts)


def rows(
    gateway: Gateway, name: str, columns: Sequence[str], *conditions: Element
) -> Iterator[Row]:
    """Every row, each once. A page begins after the last record number, not at an offset: every
    page is a fresh query, and a list that changes meanwhile would move an offset (5.3).
    """
    last = 0
    while True:
        wanted = list(conditions)
        if last:
            wanted.append(_compared("greaterthan", "RECORDNO", str(last)))
        data = gateway.ask(query(name, columns, wanted))
        for element in data:
            found = envelope.row(element)
            last = _number(found, name)
            yield found
        if not len(data) or data.get("numremaining", "0") == "0":
            return


def newest(gateway: Gateway, name: str, columns: Sequence[str]) -> Row | None:
    data = gateway.ask(query(name, columns, page=1, newest_first=True))
    return envelope.row(data[0]) if len(data) else None


def read(gateway: Gateway, name: str, keys: Sequence[str]) -> Element:
    """Whole rows by record number, with their lines: at most MOST_KEYS (5.2)."""
    return gateway.ask(
        made(
            "read",
            made("object", text=name),
            made("keys", text=",".join(keys)),
            made("fields", text="*"),
        )
    )


def _number(row: Row, name: str) -> int:
    try:
        return int(row["RECORDNO"])
    except (KeyError, ValueError) as error:
        raise UnexpectedPayload(
            f"Sage Intacct sent a row of {name} without its number.", payload=dict(row)
        ) from error
