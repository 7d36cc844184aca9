"""A small company on a served sandbox, and a client that is signed in to it."""

import csv
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from connectors.http import CallMade
from connectors.oauth import OAuthApp, TokenPair
from connectors.procore.client import ProcoreClient
from connectors.procore.connecting import oauth_app
from connectors.procore.sandbox import ProcoreSandbox
from connectors.sandboxing import Fault, serve

COMPANY, JOB, MASON = 7001, 301, 501
REDIRECT = "http://localhost:8000/connections/callback"

SEED = {
    "company": [{"id": COMPANY, "name": "Larkspur Builders"}],
    "vendors": [{"id": MASON, "name": "Otter Masonry", "origin_code": "V-9"}],
    "cost_codes": [
        {"code": "04", "name": "Masonry"},
        {"code": "04-210", "parent_code": "04", "name": "Brick"},
        {"code": "04-220", "parent_code": "04", "name": "Block"},
        {"code": "05-120", "name": "Steel"},
    ],
    "cost_types": [
        {"id": 61, "code": "S", "name": "Subcontract", "base_type": "commitment"},
        {"id": 62, "code": "O", "name": "Other"},
    ],
    "projects": [{"id": JOB, "number": "26-01", "name": "Willow Library", "active": "true"}],
}


class SignedIn:
    """Keeps the tokens as the vault does, without a database."""

    def __init__(self, app: OAuthApp, pair: TokenPair) -> None:
        self.app, self.pair = app, pair

    def access(self):
        return self.pair.access

    def renew(self, refused):
        self.pair = self.app.refresh(self.pair.refresh)
        return self.pair.access

    def give_up(self, refused):
        self.given_up = refused


@dataclass
class Procore:
    """The served sandbox, as a test's hands on the other side."""

    sandbox: ProcoreSandbox
    url: str
    calls: list[CallMade] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    @property
    def app(self):
        return oauth_app(
            {
                "login_url": self.url,
                "client_id": "tieout-sandbox",
                "client_secret": "tieout-sandbox-secret",
            }
        )

    def consent(self, decision="allow", state="s-1"):
        """What a person's browser does; the query that comes back to us."""
        answer = requests.post(
            f"{self.url}/oauth/authorize",
            data={
                "response_type": "code",
                "client_id": "tieout-sandbox",
                "redirect_uri": REDIRECT,
                "state": state,
                "decision": decision,
            },
            allow_redirects=False,
            timeout=5,
        )
        back = parse_qs(urlsplit(answer.headers["Location"]).query)
        return {name: values[0] for name, values in back.items()}

    def sign_in(self):
        return self.app.exchange(self.consent()["code"], redirect_uri=REDIRECT)

    def client(self, *, company_id=str(COMPANY), tokens=None, sleep=None):
        return ProcoreClient(
            base_url=self.url,
            tokens=tokens or SignedIn(self.app, self.sign_in()),
            company_id=company_id,
            record=self.calls.append,
            sleep=sleep or self.pauses.append,
        )

    def get(self, path, *, token=None, company=str(COMPANY), **params):
        """A bare request, with the company both in the header and in the query."""
        headers = {"Authorization": f"Bearer {token or self.sign_in().access}"}
        if company:
            headers["Procore-Company-Id"] = company
        params = {"company_id": COMPANY} | params
        return requests.get(self.url + path, params=params, headers=headers, timeout=5)

    def vendors(self, **params):
        return self.get("/rest/v1.0/vendors", **params)

    def write(self, table, *rows):
        answer = requests.post(f"{self.url}/_sandbox/rows/{table}", json=rows, timeout=5)
        assert answer.status_code == 200, answer.text

    def close_project(self, project_id):
        requests.put(f"{self.url}/_sandbox/closed_projects/{project_id}", timeout=5)

    def close_tool(self, project_id, tool):
        url = f"{self.url}/_sandbox/closed_projects/{project_id}/{tool}"
        requests.put(url, timeout=5).raise_for_status()

    def misbehave(self, kind, **how):
        self.sandbox.faults.append(Fault(kind, **how))

    def answer(self, path, body, **how):
        """For as long as the test runs, this path answers with this body."""
        self.misbehave("answer", path=path, body=body, **{"status": 200, "times": 99} | how)


def write_seed(folder: Path, tables=SEED):
    for table, rows in tables.items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
    return folder


@pytest.fixture
def procore(tmp_path):
    served = serve(ProcoreSandbox(seed=write_seed(tmp_path)))
    yield Procore(served.sandbox, served.url)
    served.stop()


@pytest.fixture
def client(procore):
    return procore.client()
