"""Other people's clients of QuickBooks understand the sandbox as well as ours does.

python-quickbooks and intuit-oauth are used as they are; only their addresses are set.
"""

from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError
from quickbooks import QuickBooks
from quickbooks.exceptions import (
    AuthorizationException,
    ObjectNotFoundException,
    QuickbooksException,
    ValidationException,
)
from quickbooks.objects import Account, Bill, Customer, Item, Preferences, Vendor
from quickbooks.objects.base import Ref
from quickbooks.objects.detailline import (
    AccountBasedExpenseLine,
    AccountBasedExpenseLineDetail,
    ItemBasedExpenseLine,
    ItemBasedExpenseLineDetail,
)

from connectors.quickbooks_online.tests.conftest import REALM

RETURN = "http://localhost:9000/back"


@pytest.fixture
def auth(served) -> AuthClient:
    """Reads every endpoint from the discovery document of the sandbox."""
    return AuthClient(
        "tieout-sandbox",
        "tieout-sandbox-secret",
        RETURN,
        environment=f"{served.url}/.well-known/openid_sandbox_configuration/",
    )


@pytest.fixture
def signed_in(auth) -> AuthClient:
    url = auth.get_authorization_url([Scopes.ACCOUNTING], state_token="here")
    fields = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    answer = requests.post(
        auth.auth_endpoint,
        data={**fields, "decision": "connect"},
        allow_redirects=False,
        timeout=5,
    )
    returned = parse_qs(urlsplit(answer.headers["Location"]).query)
    auth.get_bearer_token(returned["code"][0], realm_id=returned["realmId"][0])
    return auth


@pytest.fixture
def qb(served, signed_in, monkeypatch) -> QuickBooks:
    # The library refuses plain http unless this, its own switch, is set.
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")

    class Here(QuickBooks):
        api_url_v3 = f"{served.url}/v3"

    return Here(
        auth_client=signed_in,
        refresh_token=signed_in.refresh_token,
        company_id=signed_in.realm_id,
        minorversion=75,
        use_decimal=True,
    )


def account_line(amount: str, account_id: str = "64") -> AccountBasedExpenseLine:
    line = AccountBasedExpenseLine()
    line.Amount = Decimal(amount)
    line.AccountBasedExpenseLineDetail = AccountBasedExpenseLineDetail()
    line.AccountBasedExpenseLineDetail.AccountRef = ref(account_id)
    line.AccountBasedExpenseLineDetail.CustomerRef = ref("131")
    return line


def ref(key: str) -> Ref:
    made = Ref()
    made.value = key
    return made


def bill(*lines) -> Bill:
    made = Bill()
    made.VendorRef = ref("56")
    made.TxnDate = "2026-03-02"
    made.DocNumber = "FC-1"
    made.Line = list(lines)
    return made


def test_sign_in_gives_tokens_and_the_company(signed_in):
    assert signed_in.realm_id == REALM
    assert signed_in.expires_in == 3600
    assert len(signed_in.access_token) > 1000


def test_refresh_after_a_day_rotates(signed_in, order):
    before = signed_in.refresh_token
    order("clock", seconds=25 * 3600)

    signed_in.refresh()

    assert signed_in.refresh_token != before


def test_refresh_with_an_old_value_fails(signed_in, order):
    before = signed_in.refresh_token
    order("clock", seconds=25 * 3600)
    signed_in.refresh()

    with pytest.raises(AuthClientError, match="invalid_grant"):
        signed_in.refresh(refresh_token=before)


def test_revoked_connection_is_closed(signed_in, qb):
    assert signed_in.revoke()

    with pytest.raises(AuthorizationException):
        Vendor.all(qb=qb)


def test_list_holds_the_active_vendors(qb):
    assert {vendor.Id for vendor in Vendor.all(qb=qb)} == {"56", "57"}


def test_other_lists_come(qb):
    assert {account.Id for account in Account.all(qb=qb)} == {
        "33",
        "35",
        "36",
        "60",
        "64",
        "71",
        "80",
    }
    assert {item.Id for item in Item.all(qb=qb)} == {"17", "19", "20"}
    assert Customer.get("131", qb=qb).FullyQualifiedName == "Harbor District:2417 Pier Seawall"
    assert Preferences.get(qb=qb).AccountingInfoPrefs.UseAccountNumbers


def test_list_comes_in_pages(qb, sandbox):
    with sandbox.store.transaction():
        for n in range(1500):
            sandbox.entities.put("Vendor", {"DisplayName": f"Vendor {n}"}, sandbox.now())

    first = Vendor.all(qb=qb, order_by="Id", max_results=1000)
    second = Vendor.all(qb=qb, order_by="Id", start_position=1001, max_results=1000)

    assert (len(first), len(second)) == (1000, 502)


def test_counting(qb):
    assert Vendor.count(qb=qb) == 2


def test_filter_finds_a_name_with_a_quote(qb):
    (vendor,) = Vendor.filter(DisplayName="O'Malley & Sons #2", qb=qb)

    assert vendor.Id == "57"


def test_choose_finds_several(qb):
    assert len(Vendor.choose(["56", "57"], field="Id", qb=qb)) == 2


def test_bill_is_made_and_read_back(qb):
    saved = bill(account_line("1200.10"), account_line("-120.01", "71")).save(qb=qb)

    read = Bill.get(saved.Id, qb=qb)

    assert read.TotalAmt == Decimal("1080.09")
    assert read.VendorRef.name == "Larkspur Concrete LLC"
    assert [line.DetailType for line in read.Line] == ["AccountBasedExpenseLineDetail"] * 2


def test_bill_with_an_item_is_made(qb):
    line = ItemBasedExpenseLine()
    line.Amount = Decimal("250.00")
    line.ItemBasedExpenseLineDetail = ItemBasedExpenseLineDetail()
    line.ItemBasedExpenseLineDetail.ItemRef = ref("19")
    line.ItemBasedExpenseLineDetail.Qty = 10
    line.ItemBasedExpenseLineDetail.UnitPrice = 25

    assert bill(line).save(qb=qb).TotalAmt == 250


def test_same_request_id_makes_one_bill(qb, bills):
    first = bill(account_line("10.00")).save(qb=qb, request_id="r-1")
    second = bill(account_line("10.00")).save(qb=qb, request_id="r-1")

    assert first.Id == second.Id
    assert len(bills()) == 1


def test_bill_is_changed_and_deleted(qb):
    saved = bill(account_line("10.00")).save(qb=qb)
    saved.PrivateNote = "changed"
    changed = saved.save(qb=qb)
    assert changed.SyncToken == "1"

    changed.delete(qb=qb)

    with pytest.raises(ObjectNotFoundException):
        Bill.get(changed.Id, qb=qb)


def test_stale_version_is_the_librarys_exception(qb):
    saved = bill(account_line("10.00")).save(qb=qb)
    saved.save(qb=qb)

    with pytest.raises(QuickbooksException) as caught:
        saved.save(qb=qb)

    assert caught.value.error_code == 5010


def test_unknown_account_is_the_librarys_exception(qb):
    with pytest.raises(ValidationException) as caught:
        bill(account_line("10.00", "999")).save(qb=qb)

    assert caught.value.error_code == 2500


def test_new_vendor_is_made_and_its_name_is_taken(qb):
    vendor = Vendor()
    vendor.DisplayName = "Brackenridge Steel"
    assert vendor.save(qb=qb).Id

    again = Vendor()
    again.DisplayName = "BRACKENRIDGE STEEL"
    with pytest.raises(QuickbooksException) as caught:
        again.save(qb=qb)

    assert caught.value.error_code == 6240
