"""Made lists of jobs called by their street address, as a builder and a bookkeeper write them.

No labelled set of this kind is at hand, so this one is invented: real words for streets, the forms
people use around them, and near neighbours. What cannot be known from the names is left out.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mapping.matching.addresses import address, how_alike
from mapping.matching.names import Candidate

TYPES = (
    ("Street", "St"), ("Street", "St"), ("Street", "St."), ("Avenue", "Ave"), ("Avenue", "Av"),
    ("Road", "Rd"), ("Drive", "Dr"), ("Lane", "Ln"), ("Court", "Ct"), ("Boulevard", "Blvd"),
    ("Place", "Pl"), ("Way", "Way"), ("Circle", "Cir"), ("Terrace", "Ter"), ("Trail", "Trl"),
    ("Parkway", "Pkwy"),
)  # fmt: skip
DIRECTIONS = (("North", "N"), ("South", "S"), ("East", "E"), ("West", "W"))
SECOND_WORDS = ("Hill", "Creek", "Ridge", "Park", "View", "Lake", "Oak", "Grove", "Glen", "Run")
# What is done there, and what else it is called.
WORKS = {
    "Kitchen Remodel": ("Kitchen", "Kitchen Reno", "Kitchen Renovation"),
    "Bath Remodel": ("Bathroom Remodel", "Bath", "Bath Reno"),
    "Remodel": ("Renovation", "Reno", "Remodeling"),
    "Addition": ("Addn", "Home Addition"),
    "New Home": ("New Construction", "New SFR", "Residence", "House"),
    "Basement Finish": ("Basement", "Bsmt Finish", "Finish Basement"),
    "Roof Replacement": ("Roof", "Reroof", "Re-Roof"),
    "ADU": ("Accessory Dwelling Unit", "Detached ADU"),
    "TI Buildout": ("TI", "Tenant Improvement"),
    "Office Renovation": ("Office Reno", "Office Remodel"),
    "Garage": ("Detached Garage", "Garage Conversion"),
    "Deck": ("Rear Deck", "Deck & Patio"),
    "Whole House Remodel": ("Whole House Reno", "Remodel"),
    "HVAC Replacement": ("HVAC",),
    "Repairs": ("Repair",),
    "Windows": ("Window Replacement",),
    "Siding": (), "Porch": (), "Pool": (), "Solar": (), "Duplex": (), "Custom Home": (),
    "Foundation Repair": (), "Fence": (), "Master Bath": (), "Sunroom": (), "Demo": (),
    "Site Work": (), "Fire Damage Repair": (), "Shell": (), "Storefront": (),
    "Electrical Upgrade": (),
}  # fmt: skip
FAMILIES = [
    "Smith",
    "Johnson",
    "Garcia",
    "Miller",
    "Nguyen",
    "Patel",
    "Anderson",
    "Martinez",
    "Kim",
    "OBrien",
    "Schmidt",
    "Lopez",
    "Wright",
    "Cohen",
    "Rossi",
    "Baker",
    "Hughes",
    "Murphy",
    "Ali",
    "Chen",
    "Davis",
    "Wilson",
    "Thomas",
    "Moore",
    "Taylor",
    "Jackson",
    "White",
    "Harris",
]
FIRST_NAMES = [
    "John",
    "Ann",
    "Mary",
    "Bob",
    "Tom",
    "Sue",
    "Jose",
    "Maria",
    "Li",
    "Wei",
    "Amir",
    "Kate",
    "Paul",
    "Eva",
    "Dan",
    "Ruth",
]
TOWNS = [
    "Springfield",
    "Madison",
    "Aurora",
    "Salem",
    "Fairview",
    "Portland",
    "Dayton",
    "Boulder",
    "Tacoma",
    "Mesa",
]
UNITS = (" Unit %s", " #%s", ", Unit %s", " Apt %s", " Ste %s", " - Unit %s")
SEPARATORS = ("%s %s", "%s - %s", "%s, %s", "%s (%s)")
CUT = 41  # characters, where one ledger cuts a name


@dataclass(frozen=True)
class Job:
    number: int
    street: str
    direction: tuple[str, str] | None
    type: tuple[str, str]
    unit: str
    work: str
    family: str


def made_jobs(
    streets: Sequence[str], sources: int, targets: int, seed: int
) -> tuple[list[Candidate], list[Candidate], dict[int, frozenset[int]]]:
    """Sources, targets and what is right; three of five sources have an answer."""
    rnd = random.Random(f"{sources}-{targets}-{seed}")
    jobs = [_job(rnd, streets) for _ in range(sources + targets)]
    asked = jobs[: min(sources * 3 // 5, targets)]
    left = iter(jobs[len(asked) :])
    names = [(_source(rnd, job), number) for number, job in enumerate(asked)]
    rows = [(_target(rnd, job), number) for number, job in enumerate(asked)]
    while len(rows) < targets:
        near = rnd.random() < 0.3
        job = _neighbour(rnd, rnd.choice(asked), streets) if near else next(left)
        rows.append((_target(rnd, job), -1))
    while len(names) < sources:
        near = rnd.random() < 0.5
        job = _neighbour(rnd, rnd.choice(asked), streets) if near else next(left)
        names.append((_source(rnd, job), -1))
    rnd.shuffle(names)
    rnd.shuffle(rows)
    place = {number: key for key, (_, number) in enumerate(rows) if number >= 0}
    found = [
        Candidate(key, name, path=name if ":" in name else "") for key, (name, _) in enumerate(rows)
    ]
    asking, right = [], {}
    for key, (name, number) in enumerate(names):
        answer = frozenset({place[number]} if number >= 0 else ())
        if _can_be_known(name, answer, found):
            asking.append(Candidate(key, name))
            right[key] = answer
    return asking, found, right


def _can_be_known(name: str, answer: frozenset[int], targets: Sequence[Candidate]) -> bool:
    """A neighbour whose type or unit was left out is the house itself, for all anybody can see."""
    number = re.search(r"\d+", name)
    mine = address(name)
    return mine is not None and not any(
        target.key not in answer
        and number is not None
        and number[0] in target.name
        and (theirs := address(target.name.rsplit(":", 1)[-1])) is not None
        and how_alike(mine, theirs)[0]
        for target in targets
    )


def _job(rnd: random.Random, streets: Sequence[str]) -> Job:
    size = rnd.random()
    low, high = (1, 99) if size < 0.08 else (100, 999) if size < 0.4 else (1000, 15000)
    sort = rnd.random()
    if sort < 0.2:
        street = _ordinal(rnd.randrange(1, 140))
    elif sort < 0.32:
        street = f"{rnd.choice(streets)} {rnd.choice(SECOND_WORDS)}"
    else:
        street = rnd.choice(streets)
    unit = rnd.choice("ABCD") if rnd.random() < 0.5 else str(rnd.randrange(1, 1200))
    return Job(
        rnd.randrange(low, high),
        street,
        rnd.choice(DIRECTIONS) if rnd.random() < 0.25 else None,
        rnd.choice(TYPES),
        unit if rnd.random() < 0.18 else "",
        rnd.choice(list(WORKS)) if rnd.random() < 0.6 else "",
        rnd.choice(FAMILIES),
    )


def _ordinal(number: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if 10 <= number % 100 <= 20 else endings.get(number % 10, 'th')}"


def _neighbour(rnd: random.Random, job: Job, streets: Sequence[str]) -> Job:
    """Another job that looks almost the same."""
    family = rnd.choice(FAMILIES)
    sort = rnd.random()
    if sort < 0.45:
        number = max(1, job.number + rnd.choice((-4, -2, 2, 4, 6, 10, 100, 1)))
        return replace(job, number=number, family=family)
    if sort < 0.6:
        return replace(job, street=rnd.choice(streets), family=family)
    if sort < 0.8:
        return replace(job, unit="2" if job.unit == "B" else "B", family=family)
    return replace(job, type=rnd.choice(TYPES), family=family)


def _source(rnd: random.Random, job: Job) -> str:
    text = _written(rnd, job)
    sort = rnd.random()
    if sort < 0.15:
        text = rnd.choice(("%s - %s", "%s %s", "%s: %s")) % (job.family, text)
    elif sort < 0.22:
        text = f"{text} ({job.family})"
    return _cased(rnd, text)


def _target(rnd: random.Random, job: Job) -> str:
    text = _written(rnd, job)
    if rnd.random() < 0.55:
        first = rnd.choice(FIRST_NAMES)
        customer = rnd.choice(("%s", f"%s, {first}", f"{first} %s", "%s Residence", "%s Family"))
        text = f"{customer % job.family}:{text}"
    elif len(text) > CUT and rnd.random() < 0.5:
        text = text[:CUT].rstrip()
    return _cased(rnd, text)


def _written(rnd: random.Random, job: Job) -> str:
    parts = [str(job.number)]
    if job.direction and rnd.random() > 0.08:
        parts.append(rnd.choice(job.direction))
    parts.append(_slip(rnd, job.street) if rnd.random() < 0.05 else job.street)
    if rnd.random() > 0.12:
        parts.append(rnd.choice(job.type))
    text = " ".join(parts)
    if job.unit:
        text += rnd.choice(UNITS) % job.unit
    if rnd.random() < 0.08:
        text += f", {rnd.choice(TOWNS)}"
    work = job.work if rnd.random() > 0.38 else ""
    if work and rnd.random() < 0.35:
        work = rnd.choice(WORKS[work] or (work,))
    if not job.work and rnd.random() < 0.2:
        work = rnd.choice(("Project", "Job", "Residence"))
    if not work:
        return text
    return f"{work} - {text}" if rnd.random() < 0.15 else rnd.choice(SEPARATORS) % (text, work)


def _slip(rnd: random.Random, text: str) -> str:
    places = [at for at in range(1, len(text) - 1) if text[at : at + 2].isalpha()]
    if len(places) < 4:
        return text
    at = rnd.choice(places)
    swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return rnd.choice((swapped, text[:at] + text[at + 1 :], text[: at + 1] + text[at:]))


def _cased(rnd: random.Random, text: str) -> str:
    forms: tuple[Callable[[str], str], ...] = (str.upper, str.lower, _without_points)
    return rnd.choice(forms)(text) if rnd.random() < 0.3 else text


def _without_points(text: str) -> str:
    return text.replace(".", "").replace(",", "")
