"""Every page that people wait for, at 10,000 mappings and 50,000 bills. Prints one JSON object.

    python -m benchmarks.pages            a hundred requests a page
    python -m benchmarks.pages --short    ten

Asked through Django's test client by a controller who is signed in: middleware, view, queries and
template count, the network does not.
"""

import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import scratch

if TYPE_CHECKING:
    from django.test import Client

    from companies.models import Company

REQUESTS = 100
SECONDS = 10.0  # a slow page is asked less often: no longer than this for one of them
WARM_UP = 3
BUDGET = {"p95_ms": 100, "queries": 12, "cold_bytes": 100 * 1024}
GROWING = ("review", "bills ready")  # the two that people live in
HTMX = {"HTTP_HX_REQUEST": "true"}


def main(arguments: list[str]) -> None:
    requests = 10 if "--short" in arguments else REQUESTS
    with scratch.database() as database:
        print(json.dumps(_report(database, requests), indent=1))


def _report(database: dict[str, Any], requests: int) -> dict[str, Any]:
    from benchmarks import scale
    from companies.models import Company

    before = scratch.machine()
    client = _signed_in()
    small, large = (Company.objects.get(slug=each.slug) for each in (scale.SMALL, scale.LARGE))
    pages = {
        name: _measured(client, address, headers, requests)
        for name, address, headers in _pages(large)
    }
    small_pages = {name: address for name, address, headers in _pages(small) if not headers}
    growth = {
        name: {
            "at 1,000 and 5,000": _measured(client, small_pages[name], {}, requests),
            "at 10,000 and 50,000": pages[name],
        }
        for name in GROWING
    }
    weight = _weight(
        client, next(address for name, address, _ in _pages(large) if name == "review")
    )
    return {
        "pages": pages,
        "growth": growth,
        "weight": weight,
        "budget": BUDGET,
        "missed": [name for name, figures in pages.items() if not figures["ok"]]
        + ([] if weight["ok"] else ["weight"]),
        "database": database,
        "machine": before | {"load_after": scratch.machine()["load"]},
    }


def _signed_in() -> "Client":
    from django.test import Client

    from companies.models import User

    client = Client(SERVER_NAME="localhost", raise_request_exception=False)
    client.force_login(User.objects.get(email="dana@bench.test"))
    return client


def _pages(company: "Company") -> Iterator[tuple[str, str, dict[str, str]]]:
    """Name, address and headers of every page that is measured."""
    from mapping.models import Kind, Mapping

    home = f"/c/{company.slug}"
    vendors, bills = f"{home}/mappings/vendors/", f"{home}/bills/"
    draft = (
        Mapping.objects.filter(company=company, kind=Kind.VENDOR, state=Mapping.State.DRAFT)
        .order_by("pk")
        .values_list("source_id", flat=True)[0]
    )
    listed: dict[str, str] = {
        "overview": f"{home}/",
        "mappings": f"{home}/mappings/",
        "review": vendors,
        "review low first": f"{vendors}?sort=confidence",
        "review by money": f"{vendors}?sort=-money",
        "review by name": f"{vendors}?tab=all&sort=name",
        "review searched": f"{vendors}?tab=all&q=keystone+drywall",
        "review filtered": f"{vendors}?band=high&waiting=some",
        "review published": f"{vendors}?tab=published",
        "mapping": f"{vendors}{draft}/",
        "publish": f"{home}/mappings/publish/",
        "publications": f"{home}/mappings/publications/",
        "publication": f"{home}/mappings/publications/1/",
        "trail": f"{home}/audit/",
        "trail searched": f"{home}/audit/?q=keystone",
        "bills by blocker": f"{bills}?view=blocker",
        "bills searched": f"{bills}?tab=all&q=keystone",
        "bills by number": f"{bills}?tab=all&q=INV-04",
        "bills page 2": f"{bills}?page=2",
        "bills by amount": f"{bills}?tab=all&sort=-total",
    }
    for tab in (*_tabs(), "all"):
        listed[f"bills {tab.replace('_', ' ')}"] = f"{bills}?tab={tab}"
    for name, pk in _bills(company):
        listed[f"bill {name}"] = f"{bills}{pk}/"
    yield from ((name, address, {}) for name, address in listed.items())
    yield "review next rows", f"{vendors}?after=0.950~{draft}", HTMX
    for name, text in (("", "keystone con"), (" with a slip", "keystpne"), (" of nothing", "zzqx")):
        yield f"options{name}", f"{vendors}{draft}/options/?q={text}", HTMX


def _tabs() -> list[str]:
    from sync.counting import Place

    return [place.value for place in Place]


def _bills(company: "Company") -> Iterator[tuple[str, int]]:
    from sync.models import Bill

    for name, wanted in (
        ("ready", {"readiness": "ready", "pushes": None, "fault": ""}),
        ("held", {"readiness": "unmapped", "pushes": None, "fault": ""}),
        ("posted", {"pushes__state": "posted"}),
    ):
        yield name, Bill.objects.filter(company=company, **wanted).order_by("pk")[0].pk


# --- Time, queries, bytes -------------------------------------------------------------------------


def _measured(
    client: "Client", address: str, headers: dict[str, str], requests: int
) -> dict[str, Any]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for _ in range(WARM_UP):
        client.get(address, **headers)  # type: ignore[arg-type]
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address, **headers)  # type: ignore[arg-type]
    queries = list(captured)  # the next request empties the log
    if answer.status_code != 200:
        return {"address": address, "status": answer.status_code, "ok": False}
    took: list[float] = []
    processor = scratch.Processor()
    while len(took) < requests and sum(took) < SECONDS:
        started = time.perf_counter()
        client.get(address, **headers)  # type: ignore[arg-type]
        took.append(time.perf_counter() - started)
    used = processor.seconds() / len(took)
    took.sort()
    p95 = took[len(took) * 95 // 100] * 1000
    return {
        "address": address,
        "best_ms": round(took[0] * 1000, 1),
        "p50_ms": round(took[len(took) // 2] * 1000, 1),
        "p95_ms": round(p95, 1),
        "processor_ms": round(used * 1000, 1),
        "sql_ms": round(sum(float(each["time"]) for each in queries) * 1000, 1),
        "queries": len(queries),
        "bytes": len(answer.content),
        "requests": len(took),
        "ok": p95 < BUDGET["p95_ms"] and len(queries) <= BUDGET["queries"],
    }


def _weight(client: "Client", address: str) -> dict[str, Any]:
    """What a browser with an empty cache fetches for the page: itself, styles, scripts, icons."""
    import brotli  # type: ignore[import-untyped]
    from django.conf import settings

    html = client.get(address).content
    found = re.findall(rb'(?:src|href)="/static/([^"#]+)', html)
    assets: dict[str, int] = {}
    for name in sorted({each.decode() for each in found}):
        file = Path(settings.STATIC_ROOT) / name
        smallest = file.with_name(file.name + ".br")
        assets[name] = (smallest if smallest.exists() else file).stat().st_size
    page = len(brotli.compress(html, quality=5))
    total = page + sum(assets.values())
    return {
        "html": len(html),
        "html_brotli": page,
        "assets_brotli": assets,
        "cold_bytes": total,
        "ok": total <= BUDGET["cold_bytes"],
    }


if __name__ == "__main__":
    main(sys.argv[1:])
