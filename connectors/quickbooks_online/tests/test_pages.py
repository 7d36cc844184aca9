"""The pages in which a person checks what arrived."""

from dataclasses import replace

import pytest
import requests

from connectors.quickbooks_online.tests.conftest import BILL, COST_LINE, bill_of, post
from connectors.records import OutgoingLine


@pytest.fixture
def look(served):
    def look(path: str, **params) -> requests.Response:
        return requests.get(f"{served.url}{path}", params=params, timeout=5)

    return look


@pytest.mark.parametrize("path", ["/app/", "/app/vendors", "/app/accounts", "/app/bill?txnId=300"])
def test_page_says_it_is_the_sandbox_and_runs_no_script(look, path):
    answer = look(path)

    assert "QuickBooks sandbox" in answer.text
    assert "<script" not in answer.text
    assert "style-src 'self'" in answer.headers["Content-Security-Policy"]


def test_front_door_leads_to_the_bills(look):
    assert look("/").url.endswith("/app/")


def test_newest_bill_stands_first(client, look):
    post(client)

    text = look("/app/").text

    assert text.index("LC-1044") < text.index("LC-0900")


@pytest.mark.parametrize("wanted", ["lc-1044", "Larkspur", "1044"])
def test_bill_is_found_by_number_or_vendor(client, look, wanted):
    post(client)

    assert "LC-1044" in look("/app/", q=wanted).text


def test_search_leaves_out_the_others(client, look):
    post(client)

    assert "LC-0900" not in look("/app/", q="1044").text


def test_bills_come_in_pages(client, look, sandbox):
    for n in range(60):
        post(client, replace(BILL, number=f"P-{n}", key=f"k{n}"))

    first, second = look("/app/"), look("/app/", page=2)

    assert "Next page" in first.text
    assert "Previous page" in second.text
    assert first.text.count('<tr><th scope="row">') == 50
    assert second.text.count('<tr><th scope="row">') == 11


def test_bill_shows_its_lines_and_note(client, look):
    held = OutgoingLine(amount=-COST_LINE.amount / 10, description="Held", account_id="71")
    posted = post(client, bill_of(COST_LINE, held))

    text = look("/app/bill", txnId=posted.external_id).text

    assert "[tieout:k7Qd2vX9]" in text
    assert "Retainage Payable" in text
    assert "-2,000.00" in text
    assert "18,000.00" in text


def test_link_of_a_posted_bill_opens_it(client, look):
    answer = requests.get(post(client).url, timeout=5)

    assert "Bill LC-1044" in answer.text


def test_unknown_bill_is_not_found(look):
    assert look("/app/bill", txnId="1").status_code == 404


def test_names_are_escaped(look, order):
    order("vendor/57/rename", name="<b>Bold & Sons</b>")

    assert "&lt;b&gt;Bold &amp; Sons&lt;/b&gt;" in look("/app/vendors").text


def test_accounts_show_what_bills_did_to_them(client, look):
    post(client)

    assert "21,250.00" in look("/app/accounts", q="Subcontractors").text


def test_two_thousand_vendors_come_fifty_a_page(look, sandbox):
    with sandbox.store.transaction():
        for n in range(2000):
            sandbox.entities.put("Vendor", {"DisplayName": f"Vendor {n:04}"}, sandbox.now())

    assert "2,003 vendors, rows 1 to 50" in look("/app/vendors").text
