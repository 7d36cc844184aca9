"""What the model was asked and what it said, as people see it."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from connectors.tests.factories import RecordFactory
from mapping import comparing
from mapping.asking_views import laid_out
from mapping.models import ModelMonth
from mapping.tests.factories import SuggestionFactory, SuggestionRunFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(company):
    cost = Decimal("0.0031")
    run = SuggestionRunFactory(company=company, cost_dollars=cost, notice="It was cut.")
    run.exchanges.create(
        company=company,
        model="small-1",
        prompt='{"name": "<script>alert(1)</script> Zimmer"}',
        answer='{"answers": [7]}',
        error="the reply broke off",
        records=3,
        answered=2,
        tokens_in=100,
        tokens_out=20,
        cost_dollars=cost,
        duration_ms=1234,
    )
    return run


@pytest.fixture
def url(run):
    return f"/c/acme/mappings/runs/{run.pk}/asked/"


def test_page_shows_what_was_sent_what_came_back_and_what_it_cost(url, client_for, admin):
    page = client_for(admin).get(url).content.decode()

    for words in (
        "Zimmer",
        "&quot;answers&quot;: [\n  7\n ]",
        "$0.0031",
        "3 records asked about, 2 answered",
        "1,234 ms",
    ):
        assert words in page
    assert "3 records asked about, 2 answered" in page
    assert "The reply broke off" in page


def test_what_was_sent_is_text_and_never_markup(url, client_for, admin):
    assert "<script>alert(1)" not in client_for(admin).get(url).content.decode()


@pytest.mark.parametrize("text", ["", "no JSON", "words\n\nno JSON", "[" * 20_000])
def test_what_is_no_json_is_shown_as_it_is(text):
    assert laid_out(text) == text


def test_page_says_what_the_month_cost(url, client_for, admin, company):
    ModelMonth.objects.create(
        company=company, first_day="2026-11-01", calls=12, tokens=31000, cost_dollars="1.2"
    )

    page = client_for(admin).get(url).content.decode()

    assert "All of November 2026" in page
    assert "$1.20, 31,000 tokens in 12 requests" in page


def test_run_that_asked_nothing_says_so(company, client_for, admin):
    run = SuggestionRunFactory(company=company)

    page = client_for(admin).get(f"/c/acme/mappings/runs/{run.pk}/asked/").content.decode()

    assert "was not asked anything in this run" in page


def test_fifty_requests_take_no_more_queries_than_one(url, run, client_for, admin, company):
    for _ in range(49):
        run.exchanges.create(company=company, model="small-1", prompt="x")
    browser = client_for(admin)
    browser.get(url)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = browser.get(url).content.decode()

    assert len(queries) <= 12
    assert "Older requests" in page


def test_auditor_may_read_it(url, client_for, viewer):
    assert client_for(viewer).get(url).status_code == 200


def test_project_manager_may_not(url, client_for, project_manager):
    assert client_for(project_manager).get(url).status_code == 403


def test_another_company_finds_nothing(url, client_for, outsider):
    assert client_for(outsider).get(url).status_code == 404
    assert client_for(outsider).get(url.replace("acme", "zenith")).status_code == 404


def test_signed_out_is_asked_to_sign_in(url, client):
    assert client.get(url).status_code == 302


def test_finished_run_leads_to_what_was_asked(url, run, client_for, admin):
    assert url in client_for(admin).get("/c/acme/mappings/vendors/").content.decode()


# --- Two opinions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("local", "said", "reason", "sentence"),
    [
        ("One", "One", "renamed", "The language model and the local ranker agree."),
        (
            "One",
            "Two",
            "renamed",
            "The language model says Two, the local ranker One: neither is preselected.",
        ),
        ("", "Two", "renamed", "The language model says Two; the local ranker is not sure of any."),
        ("", "", "none_fits", "The language model says that no candidate fits."),
        (
            "One",
            "",
            "none_fits",
            "The language model says that no candidate fits; the local ranker says One.",
        ),
        ("One", "", "not_sure", "The language model was asked and is not sure."),
    ],
)
def test_both_opinions_become_one_sentence(company, local, said, reason, sentence):
    named = {
        name: RecordFactory(company=company, in_ledger=True, name=name) for name in ("One", "Two")
    }
    suggestion = SuggestionFactory(
        company=company,
        candidates=[
            {"record": each.pk, "name": each.name, "score": 0.7} for each in named.values()
        ],
        local_target=named.get(local),
        model="small-1",
        model_target=named.get(said),
        model_reason=reason,
    )

    assert comparing.second_opinion(suggestion) == sentence


@pytest.mark.parametrize("asked", [False, None])
def test_where_nobody_was_asked_nothing_is_said(company, asked):
    suggestion = SuggestionFactory(company=company) if asked is False else None

    assert comparing.second_opinion(suggestion) == ""


@pytest.mark.parametrize("where", ["", "compare/"])
def test_both_opinions_stand_beside_the_candidates(company, client_for, viewer, where):
    suggestion = SuggestionFactory(company=company, model="small-1", model_reason="not_sure")
    url = f"/c/acme/mappings/vendors/{suggestion.source_id}/{where}"

    page = client_for(viewer).get(url, headers={"HX-Request": "true"} if where else {})

    assert "The language model was asked and is not sure." in page.content.decode()
