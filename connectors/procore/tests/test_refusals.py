import json

import pytest

from connectors.errors import AccessDenied, Refused
from connectors.http import Answer, parse_json
from connectors.procore.refusals import refusal


def meaning(status, body):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return refusal(
        Answer(status=status, headers={}, body=raw, data=parse_json(raw), request_id="r-1")
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"code": 400, "message": "Bad date", "reason": "format"}, "Bad date; format"),
        ({"errors": {"name": ["can't be blank", "is odd"]}}, "name can't be blank; name is odd"),
        ({"errors": ["No such tool."]}, "No such tool."),
        ({"errors": "Only text"}, "Only text"),
        ({"message": "Gone", "exception": "Lost"}, "Gone"),
        ({"message": "Locked", "error": "Budget is locked"}, "Locked; Budget is locked"),
        (
            {
                "error": {
                    "code": "BAD_REQUEST",
                    "message": "Wrong",
                    "details": [{"message": "too short", "source": "number"}],
                }
            },
            "Wrong; too short",
        ),
        (["first", "second"], "first; second"),
        (b"Plain words", "Plain words"),
    ],
)
def test_every_shape_of_refusal_gives_its_reason(body, said):
    assert str(meaning(422, body)) == f"Procore refused the request: {said}"


@pytest.mark.parametrize("body", [{}, [], b"", b"<html>Bad</html>", b"\xff\xfe", {"error": {}}, 7])
def test_a_refusal_without_a_reason_still_names_its_status(body):
    error = meaning(422, body)

    assert isinstance(error, Refused)
    assert error.code == "422"


def test_a_refusal_names_the_field_it_complains_about():
    assert meaning(422, {"errors": {"invoice_number": ["is taken"]}}).field == "invoice_number"


def test_a_refusal_of_a_second_generation_resource_names_code_and_field():
    body = {"error": {"code": "CONFLICT", "message": "No", "details": [{"source": "vendor_id"}]}}

    error = meaning(409, body)

    assert (error.code, error.field) == ("CONFLICT", "vendor_id")


@pytest.mark.parametrize("status", [403, 404])
def test_forbidden_and_hidden_concern_one_thing_only(status):
    error = meaning(status, {"errors": ["App is not connected to this company."]})

    assert isinstance(error, AccessDenied)
    assert "App is not connected" in str(error)


def test_an_endless_reason_is_cut():
    assert len(str(meaning(400, {"message": "x" * 10_000}))) < 400


def test_a_refusal_keeps_the_name_of_the_call():
    assert meaning(400, {}).request_id == "r-1"
