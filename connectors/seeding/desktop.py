"""The same books as QuickBooks Desktop keeps them. Sections are those of its reference sheet.

Its names are shorter (section 3), it knows no projects but jobs below customers, no locations, and
no headings among the items: what stands above items is an item of their own type.
"""

from collections.abc import Callable
from dataclasses import replace

from connectors.seeding.rows import Item, Ledger, LedgerClass, Truth

PERSON, LEAF = 41, 31  # vendors, customers and employees; everything else
MADE_AT = 1702310455  # the second half of an id is when the row was made (section 2.3)
SHORT_WORDS = (
    (" and ", " & "), ("Construction", "Const"), ("Contractors", "Contr"), ("Company", "Co"),
    ("Services", "Svcs"), ("Building", "Bldg"), ("Equipment", "Equip"), ("Mechanical", "Mech"),
    ("Electrical", "Elec"), ("Restoration", "Rest"), ("Facilities", "Facil."), (", ", " "),
)  # fmt: skip


def books(ledger: Ledger) -> Ledger:
    """`ledger` said again within Desktop's limits, and with its kind of ids."""
    person, account, item = _Names(PERSON), _Names(LEAF), _Names(LEAF)
    (company,) = ledger.company
    return Ledger(
        company=[replace(company, name=company.name[:59], projects_enabled=False)],
        vendors=[
            replace(
                each,
                id=list_id(each.id),
                term_id=list_id(each.term_id),
                display_name=person.short(each.display_name),
                company_name=_cut(each.company_name, PERSON),
                print_on_check_name=_cut(each.print_on_check_name, PERSON),
            )
            for each in ledger.vendors
        ],
        customers=[
            replace(
                each,
                id=list_id(each.id),
                parent_id=list_id(each.parent_id),
                display_name=person.short(each.display_name),
                is_project=False,
            )
            for each in ledger.customers
        ],
        employees=[
            replace(each, id=list_id(each.id), display_name=person.short(each.display_name))
            for each in ledger.employees
        ],
        accounts=[
            replace(
                each,
                id=list_id(each.id),
                parent_id=list_id(each.parent_id),
                name=account.short(each.name),
            )
            for each in ledger.accounts
        ],
        items=_items(ledger, item.short),
        classes=_renumbered(ledger),
        terms=[replace(each, id=list_id(each.id)) for each in ledger.terms],
        bills=[
            replace(each, vendor_id=list_id(each.vendor_id), account_id=list_id(each.account_id))
            for each in ledger.bills
        ],
    )


def truth(answers: list[Truth]) -> list[Truth]:
    kinds = {"project": "customer"}
    return [
        replace(
            row,
            target_kind=kinds.get(row.target_kind, row.target_kind),
            target_id=list_id(row.target_id),
        )
        for row in answers
    ]


def list_id(number: str) -> str:
    """What Desktop would have called the row with this number; blank stays blank."""
    return f"8{int(number) % 0x10000000:07X}-{MADE_AT}" if number else ""


class _Names:
    """Names cut to a length, each of them still its own."""

    def __init__(self, length: int) -> None:
        self.length = length
        self._taken: set[str] = set()

    def short(self, name: str) -> str:
        made = cut = _cut(name, self.length)
        number = 2
        while made.casefold() in self._taken:
            end = f" {number}"
            made, number = f"{cut[: self.length - len(end)].rstrip()}{end}", number + 1
        self._taken.add(made.casefold())
        return made


def _cut(name: str, length: int) -> str:
    """Abbreviated first, as the office does, then cut."""
    for long, short in SHORT_WORDS:
        if len(name) <= length:
            return name
        name = name.replace(long, short)
    return name[:length].rstrip()


def _items(ledger: Ledger, short: Callable[[str], str]) -> list[Item]:
    """Headings become service items, which need an account of their own: their first item's."""
    income = next(each.id for each in ledger.accounts if each.type == "Income")
    first = {
        each.parent_id: each.expense_account_id
        for each in reversed(ledger.items)
        if each.parent_id and each.expense_account_id
    }
    other = next(iter(first.values()), "")
    made = []
    for each in ledger.items:
        changed = replace(
            each,
            id=list_id(each.id),
            name=short(each.name),
            parent_id=list_id(each.parent_id),
            expense_account_id=list_id(each.expense_account_id),
            income_account_id=list_id(each.income_account_id),
        )
        if each.type == "Category":
            account = first.get(each.id, other)
            changed = replace(
                changed,
                type="Service",
                expense_account_id=list_id(account),
                income_account_id=list_id(income),
            )
        elif each.type != "Service":
            changed = replace(changed, parent_id="")
        made.append(changed)
    return made


def _renumbered(ledger: Ledger) -> list[LedgerClass]:
    """The numbers of classes elsewhere are longer than an id here has room for."""
    ids = {each.id: list_id(str(place)) for place, each in enumerate(ledger.classes, 1)}
    return [
        replace(each, id=ids[each.id], parent_id=ids.get(each.parent_id, ""))
        for each in ledger.classes
    ]
