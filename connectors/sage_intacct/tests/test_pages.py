"""A person follows the link of a bill into the sandbox."""

from dataclasses import replace

import requests

from connectors.sage_intacct.tests.conftest import BILL, COST_LINE, bill_of, post


def test_the_link_of_a_bill_shows_it(client):
    line = replace(COST_LINE, description="<b>Framing</b>")
    posted = post(client, bill_of(line, memo="Lot 17"))

    page = requests.get(posted.url, timeout=5)

    assert page.status_code == 200
    assert BILL.number in page.text
    assert "Ridge Framing LLC" in page.text
    assert "&lt;b&gt;Framing" in page.text
    assert "<b>" not in page.text


def test_the_list_links_to_each_bill(client, served):
    posted = post(client)

    listed = requests.get(served.url, timeout=5).text

    assert f"apbill-{posted.external_id}" in listed


def test_a_bill_that_is_not_there_is_not_found(served):
    page = requests.get(f"{served.url}/ia/acct/ur.phtml?.r=apbill-99", timeout=5)

    assert page.status_code == 404
