"""What a ledger's limits make of a bill, said while somebody looks at it. Calls nobody."""

from collections.abc import Iterator, Sequence

from connectors import registry
from connectors.models import Connection
from mapping.targets import system_name
from sync.models import Bill


def sentences(bill: Bill, descriptions: Sequence[str], connection: Connection) -> Iterator[str]:
    """Each thing that will not arrive as it stands here; nothing when all of it fits."""
    ledger = registry.open_ledger(connection)
    name, limits = system_name(connection), ledger.limits
    if bill.number:
        stored = ledger.stored_number(bill.number)
        if stored != bill.number:
            yield (
                f"{name} keeps {limits.bill_number.longest} characters of a number, so it will be "
                f"sent as {stored}. The memo holds the whole number."
            )
        if complaint := limits.bill_number.complaint("The number", stored):
            yield f"{name} will refuse it: {complaint}"
    longest = limits.line_description.longest
    if cut := sum(len(text.strip()) > longest for text in descriptions):
        noun = "description" if cut == 1 else "descriptions"
        yield f"{cut} {noun} will end after {longest:,} characters, which is what {name} keeps."
