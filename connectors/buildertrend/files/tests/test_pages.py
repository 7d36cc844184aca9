"""The pages of exported files: who may what, and what each shows, without scripts."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from companies.access import Action, may
from companies.models import Role
from connectors.buildertrend.files import jobs
from connectors.buildertrend.files.tests import exports
from connectors.file_models import SourceFile
from connectors.tests.factories import ConnectionFactory
from sync.models import Run

pytestmark = pytest.mark.django_db
State = SourceFile.State
MOST_QUERIES = 12


@pytest.fixture
def connection(company):
    return exports.connection_of(company)


@pytest.fixture
def url(connection):
    return f"/c/acme/settings/connections/{connection.pk}/files/"


@pytest.fixture
def upload(client_for, controller, url):
    """A file chosen on the page and sent; the file as it was kept and read."""

    def uploading(content, name="Bills.xls", **said):
        data = {"file": SimpleUploadedFile(name, content), **said}
        answer = client_for(controller).post(f"{url}upload/", data)
        assert answer.status_code == 302, answer.content.decode()
        return exports.worked(SourceFile.objects.latest("pk"))

    return uploading


def page(client, file):
    return client.get(file.get_absolute_url()).content.decode()


def test_from_the_upload_to_the_pull(upload, client_for, controller, connection):
    client = client_for(controller)

    file = upload(exports.b_bills(), name="bills.csv", is_full="on")
    asks = page(client, file)
    client.post(f"{file.get_absolute_url()}jobs/", {"job-0": "new"})
    shows = page(client, exports.worked(file))
    client.post(f"{file.get_absolute_url()}bring-in/")
    done = page(client, exports.worked(file))

    assert "This job name is new. Which job is it?" in asks
    assert "24-017 Lot 17 Aspen Ridge" in asks
    assert "<b>1 new</b>, <b>0 changed</b>" in shows
    assert "Bring in 1 row" in shows
    assert "1 new, 0 changed, 0 as they were" in done
    assert Run.objects.get(connection=connection).started_by == controller


def test_a_file_without_a_job_asks_for_one(upload, client_for, controller, connection):
    client = client_for(controller)
    file = upload(exports.a_bills())

    asks = page(client, file)
    said = {"job": "new", "name": "24-017 Lot 17 Aspen Ridge"}
    client.post(f"{file.get_absolute_url()}jobs/", said)

    assert "Which job is this file about?" in asks
    assert "It begins with: Bills." in asks
    assert exports.worked(file).state == State.PREVIEWED
    assert jobs.known(connection) == [(jobs.job_id(said["name"]), said["name"])]


def test_a_name_left_open_is_complained_of_beside_it(upload, client_for, controller):
    file = upload(exports.b_bills())

    answer = client_for(controller).post(f"{file.get_absolute_url()}jobs/", {"job-0": ""})

    assert answer.status_code == 422
    assert "Say which job it is, or that it is a new one." in answer.content.decode()


def test_strange_columns_are_said_in_two_steps_and_kept(upload, client_for, controller):
    client = client_for(controller)
    content = exports.table(("Lieferant", "Summe"), {"Lieferant": "X", "Summe": "5"})
    file = upload(content, name="strange.csv")

    first = page(client, file)
    second = client.get(f"{file.get_absolute_url()}?list=bills").content.decode()
    said = {"list": "bills", "column-vendor": "0", "column-amount": "1"}
    client.post(f"{file.get_absolute_url()}columns/", said)

    assert "What are its columns?" in first
    assert "column-vendor" not in first
    assert "Lieferant" in second
    assert exports.worked(file).state == State.NEEDS_JOBS


def test_a_column_that_is_needed_is_complained_of_beside_it(upload, client_for, controller):
    file = upload(exports.table(("Lieferant", "Summe"), {"Lieferant": "X"}), name="strange.csv")

    answer = client_for(controller).post(
        f"{file.get_absolute_url()}columns/", {"list": "bills", "column-vendor": "0"}
    )

    assert answer.status_code == 422
    assert "Choose the column that holds it." in answer.content.decode()


def test_owner_invoices_are_said_to_be_not_used_yet(upload, client_for, controller):
    file = upload(exports.table(exports.B_INVOICES, {"Job": "x"}), name="invoices.csv")

    shown = page(client_for(controller), file)

    assert "Owner invoices are not used yet" in shown
    assert "Bring in" not in shown.partition("<main")[2].replace("Bring in another file", "")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "neither a CSV nor an XLS nor an XLSX file"),
        (b"x" * (10 * 1024 * 1024 + 1), "larger than 10 MB"),
    ],
)
def test_what_is_no_list_is_refused_beside_the_field(client_for, controller, url, content, words):
    given = {"file": SimpleUploadedFile("a.csv", content)}

    answer = client_for(controller).post(f"{url}upload/", given)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not SourceFile.objects.exists()


def test_rows_that_were_not_taken_are_downloaded_as_text(upload, client_for, controller):
    file = upload(exports.b_bills(exports.b_bill(Title="=cmd|'/C calc'!A0", Bill_Amount="x")))
    file = exports.with_jobs(file, jobs.NEW, by=controller)

    answer = client_for(controller).get(f"{file.get_absolute_url()}rows.csv")

    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["Row"], row["What about it"][:12]) == ("2", "Bill amount:")
    assert row["Column 3"] == "'=cmd|'/C calc'!A0"


def test_a_title_is_shown_as_text(upload, client_for, controller):
    file = upload(exports.b_bills(exports.b_bill(Title="<script>alert(1)</script>")))
    file = exports.with_jobs(file, jobs.NEW, by=controller)

    assert "<script>alert(1)" not in page(client_for(controller), file)


def test_the_list_names_each_file_with_its_sum_and_uploader(upload, client_for, viewer, url):
    file = upload(exports.b_bills(), name="bills.csv")

    shown = client_for(viewer).get(url).content.decode()

    assert "bills.csv" in shown
    assert file.sha256[:12] in shown
    assert "Dana Ruiz" in shown


def test_the_connection_leads_to_its_files(client_for, controller, url):
    assert url in client_for(controller).get("/c/acme/settings/connections/").content.decode()


# --- Who may what ---------------------------------------------------------------------------------

CHANGES = ("jobs/", "columns/", "bring-in/")


def test_who_may_bring_in_files_is_what_was_agreed():
    matrix = {
        str(role): (may_(role, Action.SEE_SETTINGS), may_(role, Action.BRING_IN_FILES))
        for role in Role
    }
    lines = [f"{role}: sees {sees}, brings in {brings}" for role, (sees, brings) in matrix.items()]
    print("\n".join(lines))  # noqa: T201  # shown when it fails

    assert matrix == {
        "admin": (True, True),
        "controller": (True, True),
        "accountant": (True, False),
        "project_manager": (False, False),
        "viewer": (True, False),
    }


def may_(role, action):
    from companies.models import Membership

    return may(Membership(role=role), action)


@pytest.mark.parametrize("role", ["accountant", "viewer", "project_manager"])
def test_others_neither_upload_nor_bring_in(request, client_for, upload, url, role):
    file = upload(exports.b_bills())
    client = client_for(request.getfixturevalue(role))

    answers = [client.post(f"{file.get_absolute_url()}{each}") for each in CHANGES]
    answers.append(client.post(f"{url}upload/", {"file": SimpleUploadedFile("a.csv", b"a")}))

    assert {answer.status_code for answer in answers} == {403}
    file.refresh_from_db()
    assert file.state == State.NEEDS_JOBS


def test_a_reader_is_told_who_can(client_for, viewer, upload):
    shown = page(client_for(viewer), upload(exports.b_bills()))

    assert "Only an admin or a controller can bring in files." in shown
    assert "say-jobs" not in shown


def test_another_companys_file_is_not_there(client_for, outsider, upload, url):
    file = upload(exports.b_bills())
    own = file.get_absolute_url().replace("/c/acme/", "/c/zenith/")
    client = client_for(outsider)

    answers = [client.get(own), client.get(f"{own}rows.csv")]
    answers += [client.post(f"{own}{each}") for each in CHANGES]
    answers += [client.get(url.replace("/c/acme/", "/c/zenith/"))]
    answers += [client.get(file.get_absolute_url())]

    assert {answer.status_code for answer in answers} == {404}


def test_who_is_not_signed_in_is_sent_to_sign_in(client, upload):
    assert client.get(upload(exports.b_bills()).get_absolute_url()).status_code == 302


def test_a_connection_that_is_not_by_files_has_no_files(client_for, controller, company):
    other = ConnectionFactory(company=company)

    found = client_for(controller).get(f"/c/acme/settings/connections/{other.pk}/files/")

    assert found.status_code == 404


@pytest.mark.parametrize("what", ["list", "file"])
def test_pages_ask_the_database_little(client_for, controller, upload, url, what):
    for number in range(3):
        file = upload(exports.b_bills(exports.b_bill(Bill_No=str(number))))
    client = client_for(controller)
    client.get(url)

    with CaptureQueriesContext(
        database,
    ) as asked:
        client.get(url if what == "list" else file.get_absolute_url())

    assert len(asked) <= MOST_QUERIES, [each["sql"] for each in asked]
