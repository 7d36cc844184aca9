"""A company of real names, put together at run time from the shared data folder.

The folder is not part of the project and nothing of it may be committed: what is built from it
goes to `var/`. Who is whom comes from that data's own truth; the work on the jobs is ours.
"""

import csv
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from connectors.seeding import books, jobs
from connectors.seeding.jobs import COST_TYPES, Cast, Code, Site, Work
from connectors.seeding.names import Registrar
from connectors.seeding.rows import (
    Account,
    CostCode,
    Item,
    Ledger,
    LedgerCompany,
    LedgerVendor,
    Project,
    Seed,
    Source,
    SourceCompany,
    SourceVendor,
    Truth,
)

VENDORS = 300
LEDGER_VENDORS = 2000
LEDGER_VENDORS_FROM_POOL = 450
PROJECTS = 20
CUSTOMERS = 120
COST_CODES = 150

FILES = (
    "vendors_h2b/a.csv",
    "vendors_h2b/b.csv",
    "vendors_h2b/truth.csv",
    "names_pool/org_names.csv",
    "projects_nyc/titles_a.csv",
    "projects_nyc/titles_b.csv",
    "cost_code_lists/gc_csi_style.csv",
    "lineitems_gold/cost_codes.csv",
    "lineitems_gold/items.csv",
    "charts/general_contractor_qbo_import.csv",
)

# The chart names its types in the plural of an import file.
ACCOUNT_TYPES = {
    "Expenses": "Expense",
    "Fixed Assets": "Fixed Asset",
    "Other Assets": "Other Asset",
    "Other Current Assets": "Other Current Asset",
    "Other Current Liabilities": "Other Current Liability",
    "Long Term Liabilities": "Long Term Liability",
}
SUB_TYPES = {"Supplies & Materials - COGS": "SuppliesMaterialsCogs"}
COST_TYPE_ACCOUNTS = {
    "L": "50110", "M": "51900", "S": "53300", "E": "54200", "O": "55900", "F": "55100",
}  # fmt: skip
CONTRACT_REVENUE = "40000"
MISCELLANEOUS_COST = "55900"

# What a name gives away about the trade; the rest are taken for landscapers, as most are.
TRADE_WORDS = {
    "supply": r"suppl|wholesale|lumber|material|nurser",
    "rental": r"rental|equipment|crane|scaffold|tent",
    "hauling": r"haul|truck|waste|disposal|transport",
    "cleaning": r"clean|janitor|maintenance|building services",
    "concrete": r"concrete|cement|foundation",
    "masonry": r"mason|brick|stone",
    "paving": r"pav|asphalt|seal",
    "roofing": r"roof",
    "painting": r"paint|coating",
    "plumbing": r"plumb|pipe",
    "framing": r"construct|build|contract|carpent|fram",
}


class DataMissing(Exception):
    """The shared data is not where it was looked for. The message says what to do."""


@dataclass(frozen=True)
class _Shared:
    folder: Path

    def rows(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))


def build(data: Path, seed: int = 20261115) -> Seed:
    """Put the company together from the folder `data`.

    Raises:
        DataMissing: the folder, or a file in it, is not there.
    """
    missing = [name for name in FILES if not (data / name).is_file()]
    if missing:
        lacking = f"{data} lacks {', '.join(missing)}" if data.is_dir() else f"{data} is not there"
        raise DataMissing(
            f"The real company is built from the shared data folder, but {lacking}. Put the folder "
            "there or name another with --data, or build the demo company, which needs no data."
        )
    return _Builder(random.Random(seed), _Shared(data)).build()


class _Builder:
    def __init__(self, rng: random.Random, shared: _Shared) -> None:
        self.rng = rng
        self.shared = shared
        self.names = books.NameList(rng)
        self.source = Source(company=[SourceCompany(id="562949953427311", name="Real Names Co.")])
        self.ledger = Ledger(
            company=[
                LedgerCompany(
                    id="9130357766409344",
                    name="Real Names Construction",
                    book_close_date=jobs.CLOSED_THROUGH,
                )
            ],
            terms=list(books.TERMS),
            classes=list(books.CLASSES),
        )
        self.truth: list[Truth] = []

    def build(self) -> Seed:
        codes = self._lay_out_costs()
        sites = self._enter_projects()
        vendors = self._enter_vendors()
        oddities = Work(self.rng, Cast(vendors, sites, codes), self.source).do()
        self.ledger.bills = books.bills_before_us(
            self.rng, self.ledger.vendors, self.ledger.accounts
        )
        return Seed(
            procore=self.source,
            quickbooks_online=self.ledger,
            truth=self.truth,
            oddities=oddities,
        )

    def _add_truth(self, kind: str, source_id: str, target_kind: str, target_id: str) -> None:
        self.truth.append(
            Truth(kind=kind, source_id=source_id, target_kind=target_kind, target_id=target_id)
        )

    # Costs

    def _lay_out_costs(self) -> list[Code]:
        gold = self._gold()
        self.ledger.accounts = self._accounts()
        account_ids = {each.number: each.id for each in self.ledger.accounts}
        item_ids = self._enter_items(account_ids)
        self.source.cost_types = list(COST_TYPES)
        self.source.cost_codes = self._cost_codes(set(gold))
        usable = []
        for row in self.source.cost_codes:
            item, account = gold.get(row.code, ("", ""))
            item_id, account_id = item_ids.get(item, ""), account_ids.get(account, "")
            self._add_truth("cost_code", row.code, "item", item_id)
            self._add_truth("cost_code", row.code, "account", account_id)
            if item_id and account_id:
                usable.append(Code(row.code, row.name, trade=""))
        for kind in COST_TYPES:
            account_id = account_ids.get(COST_TYPE_ACCOUNTS.get(kind.code, ""), "")
            self._add_truth("cost_type", kind.id, "account", account_id)
        return usable

    def _gold(self) -> dict[str, tuple[str, str]]:
        """Item and account by cost code; rows that disagree, or are in doubt, are no answer."""
        labels = defaultdict(list)
        for row in self.shared.rows("lineitems_gold/cost_codes.csv"):
            if row["source"] == "gc_csi":
                labels[row["code"]].append(row)
        return {
            code: (
                _agreed(row["gold_items"] for row in rows),
                _agreed(row["gold_chart_gc"] for row in rows),
            )
            for code, rows in labels.items()
        }

    def _accounts(self) -> list[Account]:
        rows = self.shared.rows("charts/general_contractor_qbo_import.csv")
        return [
            Account(
                id=str(31 + 2 * place),
                number=row["Account Number"],
                name=row["Account Name"].replace(":", " -").replace('"', ""),
                type=ACCOUNT_TYPES.get(row["Account Type"], row["Account Type"]),
                sub_type=SUB_TYPES.get(
                    row["Detail Type"], re.sub(r"[^A-Za-z]", "", row["Detail Type"].title())
                ),
            )
            for place, row in enumerate(rows)
        ]

    def _enter_items(self, account_ids: dict[str, str]) -> dict[str, str]:
        """The item list, and its ids by the keys that the labels use."""
        rows = self.shared.rows("lineitems_gold/items.csv")
        posted_to = self._accounts_of_items()
        categories = list(dict.fromkeys(row["name"].split(":")[0] for row in rows))
        above = {name: str(place + 2) for place, name in enumerate(categories)}
        self.ledger.items = [
            Item(id=above[name], name=name, type="Category") for name in categories
        ]
        ids = {}
        for place, row in enumerate(rows):
            category, _, name = row["name"].partition(":")
            ids[row["key"]] = str(len(above) + 2 + place)
            account = account_ids.get(posted_to.get(row["key"], ""), "")
            self.ledger.items.append(
                Item(
                    id=ids[row["key"]],
                    name=name,
                    type=row["type"],
                    parent_id=above[category],
                    expense_account_id=account or account_ids[MISCELLANEOUS_COST],
                    income_account_id=account_ids[CONTRACT_REVENUE],
                )
            )
        return ids

    def _accounts_of_items(self) -> dict[str, str]:
        """The account that the labels set beside an item most often."""
        pairs: dict[str, Counter[str]] = defaultdict(Counter)
        for row in self.shared.rows("lineitems_gold/cost_codes.csv"):
            if row["gold_chart_gc"].isdigit() and "?" not in row["gold_items"]:
                pairs[row["gold_items"]][row["gold_chart_gc"]] += 1
        return {item: accounts.most_common(1)[0][0] for item, accounts in pairs.items()}

    def _cost_codes(self, labelled: set[str]) -> list[CostCode]:
        """150 codes of the list, those with labels first in line, below their divisions."""
        rows = self.shared.rows("cost_code_lists/gc_csi_style.csv")
        names = {row["code"]: row["name"] for row in reversed(rows)}
        leaves = [code for code in reversed(names) if not code.endswith("-0000")]
        chosen = [code for code in leaves if code in labelled][:COST_CODES]
        chosen += [code for code in leaves if code not in labelled][: COST_CODES - len(chosen)]
        divisions = sorted({code[:2] for code in chosen})
        above = [
            CostCode(code=each, parent_code="", name=names.get(f"{each}-0000", f"Division {each}"))
            for each in divisions
        ]
        return above + [
            CostCode(code=code, parent_code=code[:2], name=names[code]) for code in sorted(chosen)
        ]

    # Projects

    def _enter_projects(self) -> list[Site]:
        rows = self.shared.rows("projects_nyc/titles_a.csv")
        self.rng.shuffle(rows)
        answered = [row for row in rows if row["b_id"] and "/" not in row["b_id"]]
        silent = [row for row in rows if not row["b_id"]]
        # Half and half: titles that changed between the two systems, and titles that did not.
        changed = [row for row in answered if row["stratum"] != "identical"][: PROJECTS // 2]
        kept = [row for row in answered if row["stratum"] == "identical"]
        chosen = [*changed, *kept[: PROJECTS - 1 - len(changed)], *silent[:1]]
        owners = self._owners({row["b_id"] for row in chosen if row["b_id"]})
        self.ledger.customers, found = books.customers(self.rng, self.names, owners)
        sites = []
        for place, row in enumerate(chosen):
            project = self._project(place, row["name"])
            self.source.projects.append(project)
            self.truth.append(books.project_truth(project.id, found.get(row["b_id"])))
            sites.append(Site(project.id, project.number, is_known=bool(row["b_id"])))
        return sites

    def _owners(self, wanted: set[str]) -> dict[str, list[tuple[str, str, bool]]]:
        rows = self.shared.rows("projects_nyc/titles_b.csv")
        self.rng.shuffle(rows)
        rows.sort(key=lambda row: row["id"] not in wanted)
        owners: dict[str, list[tuple[str, str, bool]]] = {}
        room = CUSTOMERS
        for row in rows:
            needed = 1 if row["agency"] in owners else 2
            if needed > room:
                continue
            room -= needed
            mark = row["id"] if row["id"] in wanted else ""
            name = _displayable(row["name"])
            owners.setdefault(row["agency"], []).append((mark, name, self.rng.random() < 0.8))
        return owners

    def _project(self, place: int, name: str) -> Project:
        return Project(
            id=str(1860114 + 41 * place),
            number=f"{25 + place // 10}-{place + 11:03d}",
            name=name,
            city="New York",
            state="NY",
            total_value=Decimal(self.rng.randrange(400, 9_000)) * 1000,
            start_date=date(2026, 1, 5),
        )

    # Vendors

    def _enter_vendors(self) -> list[jobs.Vendor]:
        rows = self.shared.rows("vendors_h2b/a.csv")
        answers = {row["a_id"]: row["b_id"] for row in self.shared.rows("vendors_h2b/truth.csv")}
        chosen = self.rng.sample(rows, VENDORS)
        wanted = {answers[row["id"]] for row in chosen} - {""}
        self.ledger.vendors, ids = books.numbered(
            self.rng, self.names, self._drafts(wanted, [row["name"] for row in chosen])
        )
        self.ledger.employees = books.employees(self.names, Registrar(self.rng))
        met = []
        for place, row in enumerate(chosen):
            vendor = _source_vendor(str(7410233 + 11 * place), row)
            self.source.vendors.append(vendor)
            answer = ids.get(answers[row["id"]], "")
            self._add_truth("vendor", vendor.id, "vendor", answer)
            met.append(jobs.Vendor(vendor.id, _trade(vendor.name), is_known=bool(answer)))
        return met

    def _drafts(self, wanted: set[str], asked: list[str]) -> list[tuple[str, LedgerVendor]]:
        """The right answers first, then their own kind, then names from the pool."""
        rows = self.shared.rows("vendors_h2b/b.csv")
        self.rng.shuffle(rows)
        rows.sort(key=lambda row: row["id"] not in wanted)
        pool = self.shared.rows("names_pool/org_names.csv")
        self.rng.shuffle(pool)
        near = {_beginning(name) for name in asked}
        strangers = [row for row in pool if _beginning(row["name"]) not in near]
        drafts: list[tuple[str, LedgerVendor]] = []
        for row in [*rows[: LEDGER_VENDORS - LEDGER_VENDORS_FROM_POOL], *strangers]:
            name = _displayable(row["name"])
            is_wanted = row.get("id", "") in wanted
            if len(drafts) < LEDGER_VENDORS and (is_wanted or self.names.is_free(name)):
                mark = row["id"] if is_wanted else ""
                drafts.append((mark, _ledger_vendor(self.rng, row, self.names.take(name))))
        return drafts


def _source_vendor(vendor_id: str, row: dict[str, str]) -> SourceVendor:
    return SourceVendor(
        id=vendor_id,
        name=row["name"].strip(),
        trade_name=row["dba"].strip(),
        city=row["city"],
        state=row["state"],
        zip=row["zip"],
    )


def _ledger_vendor(rng: random.Random, row: dict[str, str], name: str) -> LedgerVendor:
    return LedgerVendor(
        id="",
        display_name=name,
        company_name=_displayable(row.get("dba", "")) or name,
        city=row["city"],
        state=row["state"],
        zip=row.get("zip", ""),
        term_id=rng.choice(("", "3", "3", "2")),
    )


def _agreed(labels: Iterable[str]) -> str:
    found = set(labels)
    label = found.pop() if len(found) == 1 else ""
    return "" if label == "none" or label.startswith("?") else label


def _displayable(name: str) -> str:
    """A name as the ledger takes it: no colon, no line break, at most 100 characters."""
    return " ".join(name.replace(":", " ").split())[:96].strip()


def _beginning(name: str) -> str:
    """Names that begin alike may be one firm, and the pool comes without a truth."""
    words = re.findall(r"[a-z0-9]+", name.lower().replace("'", ""))
    return " ".join([word for word in words if word not in ("the", "and")][:2])


def _trade(name: str) -> str:
    for trade, words in TRADE_WORDS.items():
        if re.search(words, name, re.IGNORECASE):
            return trade
    return "landscape"
