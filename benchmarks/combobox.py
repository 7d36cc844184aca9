"""One answer of the override box over 50,000 vendors of the ledger. Prints one JSON object.

    python -m benchmarks.combobox            five hundred answers of each way of typing
    python -m benchmarks.combobox --short    fifty

Asked as a browser asks, through Django's test client: middleware, view, queries and template count.
"""

import json
import random
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from benchmarks import scratch

if TYPE_CHECKING:
    from connectors.models import Record

ROWS = 50_000
SLUG = "wide"
BUDGET_MS = 50
FIRST = "Keystone Alder Harbor Summit Cascade Granite Pioneer Valley Northwest Ironwood Bayside"
SECOND = "Ridge Creek Point Falls Hollow Grove Landing Crossing Bluff Meadow Prairie Canyon"
TRADE = "Concrete Drywall Electric Plumbing Roofing Masonry Steel Glazing Paving Millwork"
FORM = ("LLC", "Inc", "Co", "& Sons", "Corp")
CITIES = ("Salem", "Portland", "Eugene", "Bend", "Medford", "Tacoma", "Boise")


def main(arguments: list[str]) -> None:
    answers = 50 if "--short" in arguments else 500
    with scratch.database():
        print(json.dumps(_report(answers), indent=1))


def _report(answers: int) -> dict[str, Any]:
    before = scratch.machine()
    source, names = _wide()
    rng = random.Random(7)
    result: dict[str, Any] = {
        way: _measured(source, [typed(rng, rng.choice(names)) for _ in range(answers)])
        for way, typed in TYPED.items()
    }
    return {
        "rows": len(names),
        "ways": result,
        "budget_p95_ms": BUDGET_MS,
        "ok": all(each["p95_ms"] < BUDGET_MS for each in result.values()),
        "machine": before | {"load_after": scratch.machine()["load"]},
    }


# What somebody has typed when the box asks: the beginning of a word, of two, a slip, a number.
TYPED: dict[str, Callable[[random.Random, str], str]] = {
    "two letters": lambda _, name: name[:2],
    "beginning": lambda rng, name: name[: rng.randint(3, 9)],
    "two words": lambda _, name: " ".join(word[:4] for word in name.split()[:2]),
    "whole name": lambda _, name: name,
    "a slip": lambda _, name: name[:4] + "x" + name[5:12],
    "number": lambda rng, _: f"V-{rng.randrange(ROWS)}",
    "nothing like it": lambda rng, _: f"zzq{rng.randrange(1000)}",
}


def _measured(source: "Record", typed: list[str]) -> dict[str, Any]:
    from django.test import Client
    from django.urls import reverse

    from companies.models import User

    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get(email="dana@bench.test"))
    address = reverse("mapping:options", args=[SLUG, "vendors", source.pk])
    took = []
    for number, text in enumerate([*typed[:3], *typed]):
        started = time.perf_counter()
        answer = client.get(address, {"q": text}, headers={"hx-request": "true"})
        seconds = time.perf_counter() - started
        if answer.status_code != 200:
            raise SystemExit(f"{address}?q={text} answered {answer.status_code}")
        if number >= 3:  # the first ones warm up
            took.append(seconds * 1000)
    took.sort()
    return {
        "answers": len(took),
        "p50_ms": round(took[len(took) // 2], 1),
        "p95_ms": round(took[len(took) * 95 // 100], 1),
    }


def _wide() -> tuple["Record", list[str]]:
    """A company with one vendor to map and 50,000 to choose from, made once."""
    from django.db import connection

    from companies.models import Company, CompanySettings, Membership, Role, User
    from connectors.models import Record

    company = Company.objects.filter(slug=SLUG).first()
    if company is None:
        company = Company.objects.create(name="Wide Builders", slug=SLUG)
        CompanySettings.objects.create(company=company)
        controller = User.objects.get(email="dana@bench.test")
        Membership.objects.create(company=company, user=controller, role=Role.CONTROLLER)
        _fill(company, controller)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE connectors_record")
    vendors = Record.objects.filter(company=company, kind="vendor")
    source = vendors.get(connection__side="source")
    return source, list(vendors.filter(connection__side="ledger").values_list("name", flat=True))


def _fill(company: Any, controller: Any) -> None:
    from django.utils import timezone

    from common.choices import RecordKind, Side, System
    from connectors.models import Connection, Record

    now, rng = timezone.now(), random.Random(1)
    ends = {
        side: Connection.objects.create(
            company=company,
            side=side,
            system=system,
            external_company_id="1",
            name="Wide Builders",
            connected_by=controller,
            connected_at=now,
            last_pulled_at=now,
        )
        for side, system in (
            (Side.SOURCE, System.PROCORE),
            (Side.LEDGER, System.QUICKBOOKS_ONLINE),
        )
    }

    def record(end: Connection, number: int) -> Record:
        name = " ".join(
            (*(rng.choice(words.split()) for words in (FIRST, SECOND, TRADE)), rng.choice(FORM))
        )
        name = f"{name} {number}" if number % 3 == 0 else name
        city, code = rng.choice(CITIES), f"V-{number}"
        return Record(
            company=company,
            connection=end,
            kind=RecordKind.VENDOR,
            external_id=str(number),
            code=code,
            name=name,
            city=city,
            first_seen_at=now,
            last_seen_at=now,
            payload={"Id": str(number), "DisplayName": name, "Notes": "n" * 400},
            payload_sha256="0" * 64,
            search_text=f"{name} {code} {city}".lower(),
        )

    record(ends[Side.SOURCE], 0).save()
    Record.objects.bulk_create(
        (record(ends[Side.LEDGER], number) for number in range(1, ROWS + 1)), batch_size=2_000
    )


if __name__ == "__main__":
    main(sys.argv[1:])
