import pytest
import requests

from connectors.procore.sandbox import ProcoreSandbox
from connectors.procore.tests import example_s
from connectors.procore.tests.conftest import JOB, MASON, Procore, write_seed
from connectors.sandboxing import serve

REQUISITIONS = "/rest/v1.1/requisitions"


# --- Who asks -------------------------------------------------------------------------------------


def test_an_unknown_token_is_told_before_a_missing_company(procore):
    answer = procore.get("/rest/v1.0/vendors", token="made-up", company="")

    assert answer.status_code == 401


def test_a_missing_company_header_is_answered_in_plain_text(procore):
    answer = procore.get("/rest/v1.0/vendors", company="")

    assert answer.status_code == 400
    assert answer.text.startswith("Missing Procore-Company-Id header!")


def test_another_company_is_not_connected(procore):
    answer = procore.get("/rest/v1.0/vendors", company="9")

    assert answer.status_code == 403
    assert answer.json() == {"errors": ["App is not connected to this company."]}


def test_another_company_in_the_query_is_not_connected_either(procore):
    assert procore.vendors(company_id=9).status_code == 403


def test_companies_can_be_listed_without_a_company_header(procore):
    answer = procore.get("/rest/v1.0/companies", company="")

    assert [row["name"] for row in answer.json()] == ["Larkspur Builders"]


def test_a_closed_project_is_forbidden(procore):
    procore.close_project(JOB)

    assert procore.get(REQUISITIONS, project_id=JOB).status_code == 403


def test_a_closed_project_can_be_opened_again(procore):
    procore.close_project(JOB)
    requests.delete(f"{procore.url}/_sandbox/closed_projects/{JOB}", timeout=5)

    assert procore.get(REQUISITIONS, project_id=JOB).status_code == 200


def test_one_tool_of_a_project_can_be_switched_off(procore):
    procore.close_tool(JOB, "requisitions")

    assert procore.get(REQUISITIONS, project_id=JOB).status_code == 403
    assert procore.get(f"/rest/v1.0/projects/{JOB}/direct_costs").status_code == 200


def test_a_deleted_row_is_listed_no_more(procore):
    requests.delete(f"{procore.url}/_sandbox/rows/vendors/{MASON}", timeout=5).raise_for_status()

    assert procore.vendors().json() == []


def test_an_unknown_project_is_not_found(procore):
    assert procore.get(REQUISITIONS, project_id=999).status_code == 404


def test_an_unknown_path_is_answered_as_json(procore):
    assert "message" in procore.get("/rest/v1.0/nothing").json()


def test_calls_beyond_the_limit_are_refused_until_it_resets(tmp_path):
    served = serve(ProcoreSandbox(seed=write_seed(tmp_path), calls_per_spike=1))
    procore = Procore(served.sandbox, served.url)
    token = procore.sign_in().access
    procore.vendors(token=token)

    refused = procore.vendors(token=token)
    requests.post(f"{served.url}/_sandbox/clock", json={"seconds": 11}, timeout=5)
    later = procore.vendors(token=token)
    served.stop()

    assert (refused.status_code, later.status_code) == (429, 200)
    assert refused.headers["X-Rate-Limit-Remaining"] == "0"


# --- Lists ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "names"),
    [
        (1, ["last", "next"]),
        (2, ["first", "prev", "last", "next"]),
        (3, ["first", "prev"]),
    ],
)
def test_a_page_names_the_pages_around_it(procore, page, names):
    procore.write("vendors", *({"id": number, "name": f"V{number}"} for number in range(1, 5)))

    answer = procore.vendors(page=page, per_page=2)

    links = requests.utils.parse_header_links(answer.headers["Link"])
    assert [link["rel"] for link in links] == names


def test_a_single_page_has_no_links(procore):
    assert "Link" not in procore.vendors().headers


def test_a_list_says_how_many_rows_there_are(procore):
    headers = procore.vendors().headers

    assert (headers["Total"], headers["Per-Page"]) == ("1", "100")


def test_every_answer_names_the_rate_limit(procore):
    headers = procore.vendors().headers

    assert int(headers["X-Rate-Limit-Remaining"]) < int(headers["X-Rate-Limit-Limit"])


def test_the_vendor_list_hides_inactive_vendors(procore):
    procore.write("vendors", {"id": MASON, "active": False})

    assert procore.vendors().json() == []


def test_the_project_list_hides_inactive_projects(procore):
    procore.write("projects", {"id": JOB, "active": False})

    assert procore.get("/rest/v1.0/projects").json() == []


def test_standard_codes_say_nothing_unless_asked_to(procore):
    lists = procore.get("/rest/v1.0/standard_cost_code_lists").json()

    answer = procore.get(
        "/rest/v1.0/standard_cost_codes", standard_cost_code_list_id=lists[0]["id"]
    )

    assert set(answer.json()[0]) == {"id", "standard_cost_code_list_id"}


def test_a_project_has_its_own_copies_of_the_standard_codes(procore):
    answer = procore.get("/rest/v1.0/cost_codes", project_id=JOB)

    brick = answer.json()[1]
    assert (brick["code"], brick["full_code"]) == ("210", "04-210")
    assert brick["id"] != brick["standard_cost_code_id"]


def test_requisitions_have_items_only_in_a_view_that_shows_them(procore):
    example_s.write(procore, applications=1)

    plain = procore.get(REQUISITIONS, project_id=JOB).json()[0]
    extended = procore.get(REQUISITIONS, project_id=JOB, view="extended").json()[0]

    assert ("items" in plain, "items" in extended) == (False, True)


@pytest.mark.parametrize(
    "window", ["{}...2999-01-01T00:00:00Z", '"{}...2999-01-01T00:00:00Z"', "{}...2999-01-01"]
)
def test_a_list_can_be_narrowed_to_what_changed(procore, window):
    procore.write("vendors", {"id": 7, "name": "Fresh", "updated_at": "2998-01-01T00:00:00Z"})

    answer = procore.vendors(**{"filters[updated_at]": window.format("2997-01-01T00:00:00Z")})

    assert [row["name"] for row in answer.json()] == ["Fresh"]


def test_an_unknown_filter_is_ignored(procore):
    assert len(procore.vendors(**{"filters[shoe_size]": "44"}).json()) == 1


# --- Derived values -------------------------------------------------------------------------------


def test_the_summary_follows_from_the_lines(procore):
    example_s.write(procore, applications=3)

    summary = procore.get(REQUISITIONS, project_id=JOB).json()[2]["summary"]

    assert summary["total_completed_and_stored_to_date"] == "164300.00"
    assert summary["total_retainage"] == "16430.00"
    assert summary["less_previous_certificates_for_payment"] == "92790.00"
    assert summary["current_payment_due"] == "55080.00"
    assert summary["balance_to_finish_including_retainage"] == "47530.00"


def test_percentages_carry_two_decimals(procore):
    example_s.write(procore, applications=3)

    assert procore.get(REQUISITIONS, project_id=JOB).json()[2]["percent_complete"] == "84.08%"


def test_an_edit_of_an_earlier_application_moves_the_later_ones(procore):
    example_s.write(procore, applications=2)
    procore.write(
        "requisition_items",
        {"requisition_id": 2001, "commitment_line_id": example_s.BLOCK, "work_this_period": "1"},
    )

    second = procore.get(REQUISITIONS, project_id=JOB, view="items").json()[1]

    assert second["items"][0]["work_completed_from_previous_application"] == "1.00"


def test_only_the_newest_draft_can_be_deleted(procore):
    example_s.write(procore, applications=2)
    procore.write("requisitions", {"id": 2001, "status": "draft"}, {"id": 2002, "status": "draft"})

    rows = procore.get(REQUISITIONS, project_id=JOB).json()

    assert [row["deletable"] for row in rows] == [False, True]


def test_a_commitment_totals_its_lines(procore):
    example_s.write(procore, applications=1)

    (row,) = procore.get("/rest/v1.0/work_order_contracts", project_id=JOB).json()

    assert row["grand_total"] == "195400.0"


def test_a_row_without_its_key_is_not_written(procore):
    answer = requests.post(
        f"{procore.url}/_sandbox/rows/requisition_items", json=[{"stored_now": "1"}], timeout=5
    )

    assert answer.status_code == 400
    assert "commitment_line_id and requisition_id" in answer.text


def test_the_books_survive_a_restart(tmp_path):
    books = tmp_path / "books.sqlite3"
    ProcoreSandbox(seed=write_seed(tmp_path), books=books)

    again = ProcoreSandbox(seed=tmp_path / "no-such-folder", books=books)

    assert again.own_company["name"] == "Larkspur Builders"


def test_a_seed_without_a_company_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"company\.csv"):
        ProcoreSandbox(seed=tmp_path)
