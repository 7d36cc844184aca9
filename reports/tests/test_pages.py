"""The trail page answers who, what and when; its file is safe to open."""

import csv
import io
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.urls import reverse

from audit import trail
from audit.models import Entry, Verb
from audit.tests.factories import written, written_together

pytestmark = pytest.mark.django_db


@pytest.fixture
def url(company):
    return reverse("reports:trail", args=[company.slug])


@pytest.fixture
def reading(viewer, client_for):
    return client_for(viewer)


def at(entry, moment):
    """Entries are never changed, except by a test that plays the calendar."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        cursor.execute("UPDATE audit_entry SET at = %s WHERE id = %s", [moment, entry.pk])
        cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER USER")


def shown(response):
    page = response.content.decode()
    return page.split('id="rows">')[1].split("</tbody>")[0] if 'id="rows">' in page else ""


def test_a_line_says_who_did_what_to_which_and_what_it_was(company, admin, reading, url):
    written(
        company,
        Verb.CHANGED_SETTINGS,
        by=admin,
        before={"approval_amount": None},
        after={"approval_amount": "500"},
        reason="the bank asked",
    )

    page = shown(reading.get(url))

    for words in (
        "Priya Shah",
        "changed settings of <b>Acme Builders</b>",
        "approval amount: none → 500",
        "the bank asked",
    ):
        assert words in page


def test_names_of_targets_read_as_one_change(company, reading, url):
    written(
        company,
        Verb.OVERRODE,
        before={"target": 1, "target_name": "Iron Ridge Steel", "version": 1, "state": "draft"},
        after={
            "target": 2,
            "target_name": "Iron Ridge Supplies",
            "version": 2,
            "state": "accepted",
        },
    )

    page = shown(reading.get(url))

    assert "Iron Ridge Steel → Iron Ridge Supplies" in page
    assert "version" not in page


def test_what_people_typed_is_shown_as_text(company, reading, url):
    written(company, reason="<script>alert(1)</script>", after={"x": "<b>bold</b>"})

    page = shown(reading.get(url))

    assert "<script>" not in page
    assert "&lt;b&gt;bold" in page


def test_an_act_is_one_line_that_opens_to_its_rows(company, admin, reading, url):
    lead = written_together(company, 48, Verb.ACCEPTED, by=admin)

    page = shown(reading.get(url))

    assert page.count('id="entry-') == 1
    assert "accepted <b>48 vendors</b>" in page
    act, htmx = reverse("reports:act", args=[company.slug, lead.pk]), {"HX-Request": "true"}
    opened = reading.get(act, headers=htmx).content.decode()
    assert opened.count("<li>") == 48
    assert "viewer → controller" in opened
    assert "Fold 48 vendors" in opened
    folded = reading.get(act, {"fold": "1"}, headers=htmx).content.decode()
    assert "<li>" not in folded
    assert "Show 48 vendors" in folded


def test_an_act_whose_lines_have_reasons_of_their_own_says_none_for_all(company, reading, url):
    changes = [
        trail.Change(company, name=f"vendor {name}", reason=f"{name} was renamed.")
        for name in ("Delta", "Iron Ridge")
    ]
    trail.record_all(Verb.WENT_STALE, changes, by=None)
    lead = Entry.objects.get(leads=True)

    page = shown(reading.get(url))
    act = reverse("reports:act", args=[company.slug, lead.pk])
    opened = reading.get(act, headers={"HX-Request": "true"}).content.decode()

    assert "2 vendors" in page
    assert "was renamed" not in page
    assert "Delta was renamed." in opened
    assert "Iron Ridge was renamed." in opened


def test_an_act_of_mixed_kinds_is_named_by_what_it_is(company, reading, url):
    written_together(company, 2, name="thing {}")

    assert "<b>2 memberships</b>" in shown(reading.get(url))


def test_an_act_opened_without_scripts_is_the_trail_of_its_rows(company, reading, url):
    lead = written_together(company, 3)
    written(company)

    response = reading.get(reverse("reports:act", args=[company.slug, lead.pk]), follow=True)

    assert response.redirect_chain == [(f"{url}?act={lead.pk}", 302)]
    assert shown(response).count("<tr") == 3


def test_an_act_of_another_company_is_empty(company, outsider, reading, url):
    theirs = written(outsider.memberships.get().company)

    assert shown(reading.get(url, {"act": theirs.pk})) == ""


class TestFilters:
    def test_by_person(self, company, admin, reading, url):
        written(company, by=admin, reason="hers")
        written(company, reason="the machine's")

        assert "hers" in (page := shown(reading.get(url, {"who": admin.pk})))
        assert "the machine" not in page

    def test_by_machine(self, company, admin, reading, url):
        written(company, by=admin, reason="hers")
        written(company, reason="of no person")

        assert "of no person" in (page := shown(reading.get(url, {"who": "machine"})))
        assert "hers" not in page

    def test_only_people_who_wrote_here_are_offered(self, company, admin, outsider, reading, url):
        written(outsider.memberships.get().company, by=outsider)
        written(company, by=admin)

        form = reading.get(url).content.decode().split('id="filters"')[1].split("</form>")[0]

        assert f'value="{admin.pk}"' in form
        assert f'value="{outsider.pk}"' not in form

    def test_by_what(self, company, reading, url):
        written(company, Verb.PULLED)
        written(company, Verb.FAILED)

        page = shown(reading.get(url, {"verb": "failed"}))

        assert "failed to send" in page
        assert "pulled" not in page

    def test_by_record_shows_single_lines(self, company, reading, url):
        written_together(company, 12, Verb.ACCEPTED)

        page = shown(reading.get(url, {"record": "DELTA 11"}))

        assert page.count("<tr") == 1
        assert "vendor Delta 11" in page

    @pytest.mark.parametrize("typed", ["100%", "_", "\\"])
    def test_a_record_is_taken_at_its_word(self, company, reading, url, typed):
        written_together(company, 2)

        assert shown(reading.get(url, {"record": typed})) == ""

    def test_by_days_of_the_companys_own_zone(self, company, reading, url):
        # 04:30 in UTC is the evening before in Chicago.
        at(written(company, reason="evening"), datetime(2026, 11, 20, 4, 30, tzinfo=UTC))
        at(written(company, reason="morning"), datetime(2026, 11, 20, 15, 0, tzinfo=UTC))

        before = shown(reading.get(url, {"until": "2026-11-19"}))
        after = shown(reading.get(url, {"since": "2026-11-20", "until": "2026-11-20"}))

        assert "evening" in before
        assert "morning" not in before
        assert "morning" in after
        assert "evening" not in after

    @pytest.mark.parametrize(
        "query",
        [
            "since=soon",
            "since=0001-01-01",
            "until=9999-12-31",
            "who=0",
            "who=x",
            "verb=stole",
            "act=x",
            "act=1e99",
            "page=x",
            "record=%00",
        ],
    )
    def test_nonsense_is_no_server_error(self, company, reading, url, query):
        written(company)

        assert reading.get(f"{url}?{query}").status_code == 200

    def test_nothing_found_offers_the_way_back(self, company, reading, url):
        written(company)

        page = reading.get(url, {"record": "nobody"}).content.decode()

        assert "Nothing in the trail matches these filters." in page
        assert "Clear filters" in page


def test_an_empty_trail_says_so(reading, url):
    assert "Nothing has happened yet" in reading.get(url).content.decode()


def test_fifty_at_a_time_and_the_rest_on_request(company, reading, url):
    for number in range(120):
        written(company, reason=f"no. {number}.")

    first = reading.get(url)
    more = reading.get(url, {"page": 2}, headers={"HX-Request": "true", "HX-Target": "rows"})
    filtered = reading.get(url, headers={"HX-Request": "true", "HX-Target": "results"})

    assert shown(first).count("<tr") == 50
    assert "50 of 120 lines shown" in first.content.decode()
    text = more.content.decode()
    assert text.count("<tr") == 50
    assert "100 of 120 lines shown" in text
    assert "<hx-partial" in text
    assert "no. 119." not in text
    assert "no. 69." in text
    assert filtered.content.decode().lstrip().startswith('<div id="results"')


def test_the_page_stays_cheap(company, admin, reading, url, django_assert_max_num_queries):
    for _ in range(40):
        written_together(company, 3, by=admin)
    reading.get(url)

    with django_assert_max_num_queries(12):
        reading.get(url)


# --- The file


def rows(response):
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_the_file_has_every_line_with_request_and_local_time(company, admin, reading):
    lead = written_together(company, 3, Verb.ACCEPTED, by=admin)
    at(lead, datetime(2026, 11, 20, 4, 30, tzinfo=UTC))

    response = reading.get(reverse("reports:export", args=[company.slug]))

    assert response["X-Rows"] == "3"
    assert 'filename="trail-acme-' in response["Content-Disposition"]
    (first,) = [row for row in rows(response) if row["Record"] == "vendor Delta 0"]
    assert first["When"] == "2026-11-19T22:30:00-06:00"
    assert (first["Who"], first["What"]) == ("Priya Shah", "Accepted")
    assert (first["Before"], first["After"]) == ("role: viewer", "role: controller")
    assert first["Request"] == lead.request_id


def test_the_file_holds_what_the_page_was_filtered_to(company, reading):
    written(company, Verb.PULLED)
    written(company, Verb.FAILED)

    response = reading.get(reverse("reports:export", args=[company.slug]), {"verb": "failed"})

    assert [row["What"] for row in rows(response)] == ["Failed to send"]


def test_a_name_that_is_a_formula_does_not_run(company, reading):
    written_together(company, 1, name="=HYPERLINK(1)")

    response = reading.get(reverse("reports:export", args=[company.slug]))

    assert rows(response)[0]["Record"] == "'=HYPERLINK(1)"


def test_the_file_has_no_line_of_another_company(company, outsider, reading):
    written(outsider.memberships.get().company, reason="secret")

    assert rows(reading.get(reverse("reports:export", args=[company.slug]))) == []


def test_every_verb_reads_amid_a_sentence():
    assert Verb.ACCEPTED.words == "accepted"
    assert Verb.MADE_TOKEN.words == "made the API token"
    assert Entry._meta.get_field("verb").max_length >= max(len(verb) for verb in Verb)
