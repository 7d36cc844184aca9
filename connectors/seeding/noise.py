"""How the same name comes to be spelled on the other side.

Mostly case and punctuation, then legal forms, abbreviations, typing errors, and now and then a
name that was cut, lost a word, gained a remark or was entered with the family name first.
"""

import random
import re
from collections.abc import Callable

from connectors.seeding.names import Firm, with_form

ABBREVIATIONS = {
    "Air Conditioning": ("A/C", "Air Cond."),
    "Brothers": ("Bros", "Bros."),
    "Building": ("Bldg", "Bldg."),
    "Cabinetry": ("Cabinets",),
    "Commercial": ("Comm'l", "Comm."),
    "Communications": ("Comm", "Comms"),
    "Company": ("Co", "Co."),
    "Concrete": ("Conc", "Conc."),
    "Construction": ("Const", "Constr.", "Const."),
    "Contractors": ("Contr.", "Contrs", "Contractor"),
    "Contracting": ("Contr.", "Contg"),
    "Countertops": ("Counter Tops", "Tops"),
    "Development": ("Dev.", "Devel"),
    "Drywall": ("DW", "Dry Wall"),
    "Electric": ("Elec", "Elec.", "Electrical"),
    "Electrical": ("Elec.", "Electric"),
    "Engineering": ("Engr", "Eng."),
    "Enterprises": ("Ent.", "Enterprise"),
    "Environmental": ("Env.", "Environ."),
    "Equipment": ("Equip", "Equip.", "Eqpt"),
    "Excavating": ("Exc.", "Excavation", "Excav"),
    "Fabrication": ("Fab", "Fab."),
    "Fire Protection": ("FP", "Fire Prot."),
    "Heating": ("Htg", "Heat"),
    "Insulation": ("Insul", "Insul."),
    "Landscaping": ("Landscape", "Lndscp"),
    "Maintenance": ("Maint.", "Maint"),
    "Masonry": ("Mas.", "Mason"),
    "Mechanical": ("Mech", "Mech."),
    "Mountain": ("Mtn", "Mt."),
    "Painting": ("Paint", "Ptg"),
    "Plumbing": ("Plbg", "Plumb."),
    "Roofing": ("Roof", "Rfg"),
    "Services": ("Svcs", "Svc", "Service"),
    "Service": ("Svc", "Svc."),
    "Specialties": ("Spec.", "Specialty"),
    "Structural": ("Struct.", "Str."),
    "Supply": ("Sply", "Supplies"),
    "Surveying": ("Survey", "Surv."),
    "Systems": ("Sys", "Sys."),
    "Waterproofing": ("WP", "Waterprf"),
}

REMARKS = ("{} (sub)", "{} - W9 on file", "{} *1099*", "{} - ACH", "{} (new acct)", "{} #{number}")

NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "g": "fh", "h": "gj", "i": "uo",
    "k": "jl", "l": "k", "m": "n", "n": "mb", "o": "ip", "p": "o", "r": "et", "s": "ad",
    "t": "ry", "u": "yi", "v": "cb", "w": "qe", "y": "tu",
}  # fmt: skip

Spelling = Callable[[random.Random, Firm], str]


def respelled(rng: random.Random, firm: Firm) -> tuple[str, str]:
    """`firm`'s name as the other office typed it, and what was done to it."""
    kinds = list(SPELLINGS)
    weights = [weight for weight, _ in SPELLINGS.values()]
    kind = rng.choices(kinds, weights)[0]
    name = SPELLINGS[kind][1](rng, firm)
    return name.strip(), kind if name != firm.name else "same"


def same(_: random.Random, firm: Firm) -> str:
    return firm.name


def changed_case(rng: random.Random, firm: Firm) -> str:
    return rng.choice((firm.name.upper(), firm.name.upper(), firm.name.lower()))


def changed_punctuation(rng: random.Random, firm: Firm) -> str:
    name = firm.name
    changes = [
        name.replace(" & ", " and ").replace("&", " and "),
        re.sub(r"[.,']", "", name),
        name.replace("-", " "),
        with_form(firm.core, firm.legal_form, ", "),
    ]
    return rng.choice([each for each in changes if each != name] or [name])


def changed_legal_form(rng: random.Random, firm: Firm) -> str:
    form = rng.choice([each for each in ("", "", "Inc", "LLC", "Co", "Incorporated", "Corporation")
                       if each.lower() != firm.legal_form.lower().strip(".")])  # fmt: skip
    return with_form(firm.core, form, rng.choice((" ", ", ")))


def abbreviated(rng: random.Random, firm: Firm) -> str:
    found = [word for word in ABBREVIATIONS if re.search(rf"\b{re.escape(word)}\b", firm.core)]
    if not found:
        return changed_legal_form(rng, firm)
    word = rng.choice(found)
    core = firm.core.replace(word, rng.choice(ABBREVIATIONS[word]), 1)
    return with_form(core, rng.choice((firm.legal_form, "")))


def mistyped(rng: random.Random, firm: Firm) -> str:
    core = firm.core
    places = [place for place, char in enumerate(core) if place and char in NEIGHBOURS]
    if len(places) < 4:
        return changed_legal_form(rng, firm)
    place = rng.choice(places)
    char = core[place]
    wrong = rng.choice(("", char * 2, rng.choice(NEIGHBOURS[char])))
    return with_form(core[:place] + wrong + core[place + 1 :], firm.legal_form)


def cut_short(rng: random.Random, firm: Firm) -> str:
    length = rng.choice((24, 28, 31))
    return firm.name[:length] if len(firm.name) > length + 3 else changed_case(rng, firm)


def word_lost(rng: random.Random, firm: Firm) -> str:
    words = firm.core.split()
    return " ".join(words[:-1]) if len(words) > 2 else changed_legal_form(rng, firm)


def remarked(rng: random.Random, firm: Firm) -> str:
    return rng.choice(REMARKS).format(firm.name, number=rng.randrange(1001, 9999))


def turned_round(rng: random.Random, firm: Firm) -> str:
    words = firm.core.split()
    if len(words) != 2:
        return changed_punctuation(rng, firm)
    return f"{words[1]}, {words[0]}"


SPELLINGS: dict[str, tuple[int, Spelling]] = {
    "same": (14, same),
    "case": (16, changed_case),
    "punctuation": (18, changed_punctuation),
    "legal_form": (18, changed_legal_form),
    "abbreviation": (13, abbreviated),
    "typo": (9, mistyped),
    "cut": (3, cut_short),
    "word_lost": (3, word_lost),
    "remark": (4, remarked),
    "turned_round": (2, turned_round),
}
