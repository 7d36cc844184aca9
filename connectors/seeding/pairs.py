"""Which systems can stand on either side, and a company's seed for two of them.

The world is made once, as Procore and QuickBooks Online hold it; what another system holds is the
same rows said again in its way. Only that first pair is committed: the others are written when
they are wanted.
"""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from common.choices import System, Way
from connectors.seeding import buildertrend, demo, desktop, intacct, real, writing
from connectors.seeding.rows import Seed

SOURCES = {
    "procore": (System.PROCORE, Way.CONSENT),
    "buildertrend": (System.BUILDERTREND, Way.CREDENTIALS),
    "buildertrend-files": (System.BUILDERTREND, Way.FILES),
}
LEDGERS = {
    "quickbooks-online": (System.QUICKBOOKS_ONLINE, Way.CONSENT),
    "quickbooks-desktop": (System.QUICKBOOKS_DESKTOP, Way.CONNECTOR_FILE),
    "intacct": (System.SAGE_INTACCT, Way.CREDENTIALS),
}
COMPANIES = ("demo", "tiny", "real")


@dataclass(frozen=True)
class Pair:
    """A source and a ledger, each with the way in which it is tied."""

    source: str  # a key of SOURCES
    ledger: str  # a key of LEDGERS

    def __str__(self) -> str:
        return f"{self.source}-{self.ledger}"

    def called(self, company: str) -> str:
        """Short name of this company as it stands between these two systems."""
        return company if self == FIRST else f"{company}-{self}"

    @property
    def systems(self) -> tuple[tuple[System, Way], tuple[System, Way]]:
        return SOURCES[self.source], LEDGERS[self.ledger]


PAIRS = {str(pair): pair for pair in (Pair(s, each) for s in SOURCES for each in LEDGERS)}
FIRST = PAIRS["procore-quickbooks-online"]


def folder_of(company: str, pair: Pair = FIRST) -> Path:
    """Where the seed of `company` for this pair lies, or would lie."""
    if pair == FIRST and company in settings.SEEDS:
        return Path(settings.SEEDS[company])
    return Path(settings.VAR_DIR) / "seeds" / company / str(pair)


def put_down(company: str, pair: Pair) -> Path:
    """The seed's folder; written first where a demo company was not written yet."""
    folder = folder_of(company, pair)
    if not (folder / "truth.csv").exists():
        write(build(company, Path(settings.SHARED_DATA)), pair, folder)
    return folder


def build(company: str, data: Path) -> Seed:
    """Raises DataMissing where `company` is real and the folder `data` lacks something."""
    if company == "real":
        return real.build(data)
    return demo.build(size=demo.TINY if company == "tiny" else None)


def write(seed: Seed, pair: Pair, folder: Path) -> None:
    """Lay down what this pair's two sandboxes load, and what is right between them."""
    source, ledger = (system for system, _way in pair.systems)
    answers = seed.truth
    if ledger == System.QUICKBOOKS_ONLINE:
        writing.write_system(seed.quickbooks_online, folder / ledger)
    elif ledger == System.QUICKBOOKS_DESKTOP:
        writing.write_system(desktop.books(seed.quickbooks_online), folder / ledger)
        answers = desktop.truth(answers)
    else:
        writing.write_system(
            intacct.books(seed.quickbooks_online, seed.procore, answers), folder / ledger
        )
        answers = intacct.truth(seed.quickbooks_online, answers)
    if source == System.PROCORE:
        writing.write_system(seed.procore, folder / source)
    else:
        writing.write_system(buildertrend.builder(seed.procore), folder / source)
        answers = buildertrend.truth(seed.procore, answers)
    writing.write_file(answers, folder / "truth.csv")
    writing.write_file(seed.oddities, folder / "oddities.csv")
