"""What Buildertrend's "no" means, in the envelope or outside of it."""

import pytest

from connectors.buildertrend.refusals import refusal
from connectors.errors import AccessDenied, Refused
from connectors.http import Answer, parse_json


def answer(status, body, request_id="r-1"):
    return Answer(
        status=status, headers={}, body=body, data=parse_json(body), request_id=request_id
    )


def test_a_refusal_names_its_reason_its_field_and_its_code():
    body = (
        b'{"error":{"code":"validation_failed","message":"Bad.","requestId":"r-9",'
        b'"fields":[{"name":"dueDate","reason":"past"}]}}'
    )

    error = refusal(answer(422, body, request_id=""))

    assert isinstance(error, Refused)
    assert str(error) == "Buildertrend refused the request: Bad. (dueDate: past)"
    assert (error.code, error.field, error.request_id) == ("validation_failed", "dueDate", "r-9")


@pytest.mark.parametrize("status", [403, 404])
def test_what_is_hidden_or_gone_concerns_one_thing_only(status):
    error = refusal(answer(status, b'{"error":{"message":"Not yours."}}'))

    assert isinstance(error, AccessDenied)
    assert str(error).endswith("It said: Not yours.")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>No</html>", b"[]", b"null", b'"no"', b'{"error":"no"}', b'{"error":{}}',
        b'{"error":{"message":7,"fields":"x"}}', b'{"error":{"fields":[]}}',
        b'{"error":{"fields":[3]}}', b'{"error":{"code":["a"]}}', b"\xff\xfe",
    ],
)  # fmt: skip
def test_a_body_of_any_shape_gives_a_sentence(body):
    error = refusal(answer(409, body))

    assert str(error) == "Buildertrend refused the request: HTTP 409, no reason given"
    assert error.code == "409"
