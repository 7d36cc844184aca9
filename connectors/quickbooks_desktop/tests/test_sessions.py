"""A Web Connector's run, call by call: who is let in, what it is given, what it brings back."""

from connectors.models import Connection
from connectors.quickbooks_desktop.tests.conftest import FILE, said_of_itself


def test_the_first_session_says_which_company_this_is(hand):
    assert hand.authenticate() == ""

    assert hand.ask_for_work(said_of_itself()) == ""

    row = Connection.objects.get()
    assert (row.state, row.name) == (Connection.State.CONNECTED, "Acme Builders Inc")
    assert row.books_closed_through.isoformat() == "2026-06-30"
    assert row.options["company_file"] == FILE
    assert row.last_heard == "last heard just now"
    assert hand.last_error() == "Everything is done."
    assert hand.close() == "OK, 0 asked and answered."


def test_a_wrong_password_is_no_valid_user(hand):
    assert hand.authenticate(password="wrong") == "nvu"
