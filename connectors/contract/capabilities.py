"""Which optional Protocols each system's client satisfies, and what the product shows instead.

`table()` is what docs/systems.md shows; a test compares them.
"""

from common.choices import Way
from connectors import base
from connectors.packages import Package

# What a person sees where a system cannot.
INSTEAD: dict[type, str] = {
    base.ListsChanges: "every poll reads whole lists",
    base.ListsChangedCommitments: "every poll reads all commitments of a project",
    base.ListsChangedBills: "every poll reads all bills of a project",
    base.Rereads: "nothing tells news: the next poll, or the next upload, brings it",
    base.RereadsBills: "the same for a bill",
    base.TellsPayments: "payments are not shown",
    base.TakesPayments: "payments are shown on the bill here, and not in the source",
    base.CreatesRecords: "a missing record is created there by hand; the page says so",
}
OF_SOURCES = (
    base.ListsChanges,
    base.ListsChangedCommitments,
    base.ListsChangedBills,
    base.Rereads,
    base.RereadsBills,
    base.TakesPayments,
)
OF_LEDGERS = (base.ListsChanges, base.Rereads, base.TellsPayments, base.CreatesRecords)


def lacking(package: Package, way: Way) -> list[type]:
    """What this way of this system cannot do, of what its side may offer."""
    offered = OF_SOURCES if package.side == "source" else OF_LEDGERS
    client = package.client_of(way)
    return [protocol for protocol in offered if not base.satisfies(client, protocol)]


def table(packages: "list[Package]") -> str:
    """As Markdown: a line for each way of each system."""
    lines = ["| system | way | news by itself | lacks | shown instead |", "|---|---|---|---|---|"]
    for package in packages:
        for way in package.ways:
            lacks = lacking(package, way)
            names = ", ".join(each.__name__ for each in lacks) or "nothing"
            instead = "; ".join(INSTEAD[each] for each in lacks) or "–"
            hears = "yes" if package.webhooks and way != Way.FILES else "no"
            lines.append(
                f"| {package.system.label} | {way.label} | {hears} | {names} | {instead} |"
            )
    return "\n".join(lines)
