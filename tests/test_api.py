"""What holds for the whole API: its schema, its bodies, its tokens, whatever is thrown at it."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from companies import inviting, tokens
from companies.models import ApiToken, Membership, Role
from companies.tests.api import api_for, get, post
from config import api_docs
from connectors.tests.factories import RecordFactory
from mapping.models import Mapping
from mapping.tests.factories import MappingFactory

OPERATIONS = [
    (method, path, spoken)
    for path, methods in api_docs.schema()["paths"].items()
    for method, spoken in methods.items()
]
NAMES = [spoken["operationId"] for _method, _path, spoken in OPERATIONS]
each_operation = pytest.mark.parametrize(("method", "path", "spoken"), OPERATIONS, ids=NAMES)


# --- The schema -----------------------------------------------------------------------------------


def test_the_schema_is_written_without_a_warning(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", tmp_path / "schema.yml")


def test_the_schema_is_served_and_valid(client):
    answer = client.get("/api/v1/schema.json")

    validate_schema(answer.json())


@each_operation
def test_an_operation_says_how_it_refuses(method, path, spoken):
    assert {"401", "403", "404", "409", "422"} <= set(spoken["responses"])


@each_operation
def test_an_operation_needs_a_bearer_token(method, path, spoken):
    (scheme,) = spoken["security"]
    schemes = api_docs.schema()["components"]["securitySchemes"]

    assert all(schemes[name]["scheme"] == "bearer" for name in scheme)


@each_operation
def test_an_operation_says_in_a_sentence_what_it_does(method, path, spoken):
    assert spoken["summary"].endswith(".")


# --- The page that shows it -----------------------------------------------------------------------


@pytest.fixture
def page(client, db):
    return client.get("/api/v1/").content.decode()


@each_operation
def test_the_page_shows_every_operation(page, method, path, spoken):
    assert f"{method.upper()} {path}" in page


def test_the_examples_name_the_host_that_was_asked_and_no_real_token(page):
    assert f'"Authorization: Bearer {api_docs.TOKEN}" http://testserver/api/v1/bills/' in page


def test_the_page_needs_no_script_and_no_inline_style(page):
    content = page[page.index("<main") : page.index("</main>")]

    assert "<script" not in content
    assert "style=" not in page


def test_a_list_of_the_page_leads_to_every_operation(page):
    assert all(f'href="#{name}"' in page and f'id="{name}"' in page for name in NAMES)


# --- Bodies ---------------------------------------------------------------------------------------


@pytest.fixture
def draft(company):
    return MappingFactory(company=company, draft=True)


def send_raw(api, draft, text):
    body = text if isinstance(text, bytes) else text.encode()
    return api.generic(
        "POST", f"/api/v1/mappings/{draft.pk}/override/", body, content_type="application/json"
    )


def deep(levels):
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    "text",
    [
        deep(33),
        deep(5000),
        '{"target": 1, "target": 2}',
        '{"target": NaN}',
        '{"target": Infinity}',
        '{"target": -Infinity}',
        '{"target": 1, "note": "\x00"}',
        '{"target": 1, "note": "\\u0000"}',
        '{"target": 1, "note": "\\ud800"}',
        '{"\\udc00": 1}',
        '{"target": ' + "9" * 5000 + "}",
        '{"note": "' + "x" * (1024 * 1024) + '"}',
        b'{"note": "\xff"}',
        "{",
    ],
    ids=range(14),
)
def test_a_body_that_is_not_plain_json_is_refused(controller, draft, text):
    answer = send_raw(api_for(controller), draft, text)

    assert answer.status_code == 400
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "text",
    [
        deep(32),
        '{"target": 1e999999}',
        '{"target": -1e999999}',
        '{"target": 1.5}',
        '{"target": "1e999999"}',
        '{"target": ' + "9" * 4000 + "}",
        '{"target": true}',
        '{"target": null}',
        '{"target": {"id": 1}}',
        '{"target": 1, "note": 12}',
        '{"target": 1, "version": -1}',
        '{"target": 1, "version": 2147483648}',
        "null",
        "7",
    ],
    ids=range(14),
)
def test_a_body_that_says_the_wrong_thing_is_refused_by_field(controller, draft, text):
    answer = send_raw(api_for(controller), draft, text)

    assert answer.status_code == 422
    assert answer.json()["fields"]


def test_brackets_in_text_are_not_levels(controller, draft):
    text = json.dumps({"target": draft.target_id, "note": "[" * 50})

    assert send_raw(api_for(controller), draft, text).status_code == 200


def test_a_form_is_not_json(controller, draft):
    answer = api_for(controller).post(
        f"/api/v1/mappings/{draft.pk}/accept/",
        "version=1",
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status_code == 415


@pytest.mark.parametrize("name", ["search", "source", "kind", "page"])
def test_a_nul_in_the_address_is_refused(controller, name):
    assert get(api_for(controller), "mappings/", **{name: "\x00"}).status_code in {404, 422}


@pytest.mark.parametrize("pk", ["9" * 18, "9" * 19, "9" * 400, "-1", "x", "1.0"])
def test_an_id_out_of_reach_is_a_404(controller, pk):
    assert get(api_for(controller), f"mappings/{pk}/").status_code == 404


# --- Tokens ---------------------------------------------------------------------------------------


def refused(api):
    answer = get(api, "mappings/")
    return answer.status_code == 401 and "not valid" in answer.json()["detail"]


def test_a_token_opens_its_company(controller):
    assert get(api_for(controller), "mappings/").status_code == 200


@pytest.mark.parametrize("header", ["Bearer tieout_nothing", "bearer x", "Bearer \xff"])
def test_a_token_nobody_made_opens_nothing(client, company, header):
    assert client.get("/api/v1/mappings/", HTTP_AUTHORIZATION=header).status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Basic abc", "Token tieout_x"])
def test_without_a_bearer_token_nothing_opens(client, company, header):
    assert client.get("/api/v1/mappings/", HTTP_AUTHORIZATION=header).status_code == 401


def test_a_session_is_not_a_token(client_for, controller):
    assert client_for(controller).get("/api/v1/mappings/").status_code == 401


def test_an_expired_token_opens_nothing(controller):
    api = api_for(controller)
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert refused(api)


def test_a_revoked_token_opens_nothing(controller):
    api = api_for(controller)
    tokens.revoke(ApiToken.objects.get(), by=controller)

    assert refused(api)


def test_the_token_of_a_removed_member_opens_nothing(controller, admin):
    api = api_for(controller)
    inviting.remove(controller.memberships.get(), by=admin)

    assert refused(api)


def test_a_membership_that_is_gone_takes_its_token_along(controller):
    api = api_for(controller)
    Membership.objects.filter(user=controller).delete()

    assert refused(api)


def test_the_token_of_a_deactivated_person_opens_nothing(controller):
    api = api_for(controller)
    controller.is_active = False
    controller.save()

    assert refused(api)


def test_a_lower_role_holds_from_the_next_request_on(controller, draft):
    api = api_for(controller)
    Membership.objects.filter(user=controller).update(role=Role.VIEWER)

    assert post(api, f"mappings/{draft.pk}/accept/").status_code == 403
    draft.refresh_from_db()
    assert draft.state == Mapping.State.DRAFT


def test_a_higher_role_holds_from_the_next_request_on(viewer, draft):
    api = api_for(viewer)
    Membership.objects.filter(user=viewer).update(role=Role.CONTROLLER)

    assert post(api, f"mappings/{draft.pk}/accept/").status_code == 200


def test_a_token_opens_the_company_it_was_made_in_and_no_other(controller, outsider, company):
    zenith = outsider.memberships.get().company
    Membership.objects.create(company=zenith, user=controller, role=Role.ADMIN)
    record = RecordFactory(company=zenith)

    assert get(api_for(controller, company), f"records/{record.pk}/").status_code == 404
    assert get(api_for(controller, zenith), f"records/{record.pk}/").status_code == 200


# --- Whatever comes -------------------------------------------------------------------------------

TEXT = st.text(max_size=12) | st.sampled_from(
    ["\x00", "1", "-1", "2026-01-01", "'; --", "٣", "é" * 9]
)
NUMBER = st.integers(-(2**70), 2**70) | st.integers(0, 3)
PLAIN = st.none() | st.booleans() | NUMBER | st.floats(allow_nan=False) | TEXT
ANYTHING = st.recursive(
    PLAIN, lambda below: st.lists(below, max_size=3) | st.dictionaries(TEXT, below, max_size=3)
)


def shaped(shape):
    """Values that fit the schema's shape about half of the time, so that most get further in."""
    shape = api_docs._resolved(shape)
    if "enum" in shape:
        right = st.sampled_from(shape["enum"])
    elif shape.get("type") == "array":
        right = st.lists(shaped(shape["items"]), max_size=3)
    elif "properties" in shape:
        right = st.fixed_dictionaries(
            {}, optional={name: shaped(part) for name, part in shape["properties"].items()}
        )
    else:
        right = {"integer": NUMBER, "boolean": st.booleans()}.get(shape.get("type"), TEXT)
    return right | ANYTHING


@each_operation
def test_nothing_that_is_sent_makes_the_server_stumble(admin, company, method, path, spoken):
    MappingFactory(company=company, draft=True)
    api = api_for(admin)
    api.raise_request_exception = False
    query = {
        each["name"]: each["schema"]
        for each in spoken.get("parameters", ())
        if each["in"] == "query"
    }
    asked = st.dictionaries(st.sampled_from([*query, "other"]), TEXT | NUMBER.map(str), max_size=3)
    body = spoken.get("requestBody")
    said = shaped(body["content"]["application/json"]["schema"]) if body else st.none()
    where = st.integers(0, 10**17) | st.just(company.mappings.get().pk)

    @settings(
        max_examples=50,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(asked, said, where)
    def ask(asked, said, where):
        address = path.replace("{id}", str(where)).replace("{number}", str(where % 10**9))
        if method == "post":
            text = json.dumps(said, ensure_ascii=True)
            answer = api.generic("POST", address, text, content_type="application/json")
        else:
            answer = api.get(address, asked)
        assert answer.status_code < 500

    ask()
