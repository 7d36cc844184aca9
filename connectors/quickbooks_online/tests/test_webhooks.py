"""Both forms of Intuit's webhooks, and the signature that proves them."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.choices import RecordKind
from connectors.quickbooks_online.webhooks import by_company, is_genuine, read, signature

OLD = {
    "eventNotifications": [
        {
            "realmId": "4620816365",
            "dataChangeEvent": {
                "entities": [
                    {"name": "BillPayment", "id": "311", "operation": "Update",
                     "lastUpdated": "2026-03-04T17:15:22.000Z"},
                    {"name": "Vendor", "id": "91", "operation": "Merge",
                     "lastUpdated": "2026-03-04T09:15:23-0800", "deletedId": "90"},
                ]
            },
        }
    ]
}  # fmt: skip
NEW = [
    {
        "specversion": "1.0",
        "id": "3e0b7c14-9d52-4f0a-8a61-c2d4f7b9e015",
        "source": "intuit.Qk3vT9mXw0sPzL5aYh2uRb8dNc7eGf1jKi6oVt4xWqE=",
        "type": "qbo.customer.deleted.v1",
        "datacontenttype": "application/json",
        "time": "2026-03-04T17:15:22.123456789Z",
        "intuitentityid": "311",
        "intuitaccountid": "4620816365",
        "data": {},
    }
]


def body(said):
    return json.dumps(said).encode()


def test_the_signature_of_the_sheet():
    raw = b'{"eventNotifications":[]}'

    assert signature(raw, "demo-verifier-0001") == "2Y5q1fg3eF2Gf9pJE1ZOUdfuN1Ewxzni0Od/yXYo5U0="


def test_the_old_form():
    payment, kept, merged = read({}, body(OLD))

    assert (payment.kind, payment.external_id) == ("payment", "311")
    assert payment.happened_at == datetime(2026, 3, 4, 17, 15, 22, tzinfo=UTC)
    assert (kept.external_id, merged.external_id) == ("91", "90")
    assert kept.happened_at == datetime(2026, 3, 4, 17, 15, 23, tzinfo=UTC)


def test_the_new_form():
    (news,) = read({}, body(NEW))

    assert news.event_id == "3e0b7c14-9d52-4f0a-8a61-c2d4f7b9e015"
    assert (news.kind, news.external_id) == (RecordKind.CUSTOMER, "311")
    assert news.happened_at == datetime(2026, 3, 4, 17, 15, 22, 123456, tzinfo=UTC)
    assert news.is_removal


def test_a_repeat_has_the_same_id():
    assert [n.event_id for n in read({}, body(OLD))] == [n.event_id for n in read({}, body(OLD))]


def test_what_we_do_not_read_has_no_kind():
    other = [{**NEW[0], "type": "qbo.timeactivity.created.v1"}]

    assert [news.kind for news in read({}, body(other))] == [""]


def test_one_company_keeps_its_bytes():
    raw = body(OLD)

    assert by_company(raw) == {"4620816365": raw}


@pytest.mark.parametrize("said", [OLD, NEW], ids=["old", "new"])
def test_several_companies_are_parted(said):
    other = json.loads(json.dumps(said).replace("4620816365", "77"))
    both = [*said, *other] if isinstance(said, list) else {
        "eventNotifications": [*said["eventNotifications"], *other["eventNotifications"]]
    }  # fmt: skip

    parts = by_company(body(both))

    assert parts.keys() == {"4620816365", "77"}
    assert json.loads(parts["77"]) == other


@pytest.mark.parametrize(
    "said",
    [
        {}, [1], "text", None, 7, {"eventNotifications": {}}, {"eventNotifications": [1]},
        {"eventNotifications": [{"realmId": "1"}]},
        {"eventNotifications": [{"realmId": "1", "dataChangeEvent": {"entities": [{}]}}]},
        [{**NEW[0], "type": "qbo.vendor"}], [{**NEW[0], "intuitentityid": "../x"}],
        [{**NEW[0], "intuitentityid": 311}], [{**NEW[0], "id": ""}],
    ],
    ids=range(13),
)  # fmt: skip
def test_what_is_neither_form_is_said_to_be(said):
    with pytest.raises(ValueError, match=r"\w"):
        read({}, body(said))


@given(st.binary(max_size=300))
def test_no_bytes_are_more_than_a_value_error(raw):
    for question in (by_company, lambda each: read({}, each)):
        try:
            question(raw)
        except ValueError:
            continue


@given(st.binary(max_size=200), st.integers(0, 199), st.integers(1, 255))
def test_a_changed_byte_breaks_the_signature(raw, place, by):
    proof = {"intuit-signature": signature(raw, "v")}
    assert is_genuine(proof, raw, "v")
    if raw:
        place %= len(raw)
        other = raw[:place] + bytes([(raw[place] + by) % 256]) + raw[place + 1 :]
        assert not is_genuine(proof, other, "v")
