"""Mappings out as spreadsheets and in again, and after another company's decisions."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import Workbook, load_workbook

from audit.models import Entry, Verb
from common import csv_out
from common.spreadsheets import FileUnreadable
from companies.tests.factories import CompanyFactory, MembershipFactory
from connectors.tests.factories import RecordFactory
from mapping import cloning, drafts, files, importing, reviewing
from mapping.models import Kind, Mapping, MappingFile
from mapping.tests.factories import MappingFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return CompanyFactory(name="Acme Builders")


@pytest.fixture
def controller(company):
    return MembershipFactory(company=company, controller=True).user


def source(company, name, **fields):
    return RecordFactory(company=company, name=name, **fields)


def target(company, name, **fields):
    return RecordFactory(company=company, in_ledger=True, name=name, **fields)


def written(company):
    text = "".join(csv_lines(company))
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def csv_lines(company):
    return csv_out.lines(files.HEADS, files.rows(company, Kind.VENDOR))


def compared(company, text):
    return importing.compare(company, Kind.VENDOR, files.read(text.encode()))


def kept(company, text, *, by):
    return importing.keep(company, Kind.VENDOR, "list.csv", compared(company, text), by=by)


def brought_in(company, text, mode, *, by):
    file = importing.start(kept(company, text, by=by), mode, by=by)
    importing.apply(file)
    file.refresh_from_db()
    return file


# --- Out


def test_every_record_stands_in_the_file_with_what_it_is_called(company, controller):
    delta, drywall = source(company, "Delta"), target(company, "Delta Drywall")
    reviewing.override(delta, drywall, by=controller, note="the Austin one")
    source(company, "Harbor")

    first, second = written(company)

    assert (first["Source id"], first["Ledger id"]) == (delta.external_id, drywall.external_id)
    assert (first["State"], first["Note"]) == ("Accepted, not published", "the Austin one")
    assert (second["Source name"], second["State"], second["Ledger id"]) == (
        "Harbor",
        "No draft",
        "",
    )


def test_no_cell_of_either_file_is_a_formula(company):
    source(company, '=HYPERLINK("http://x","y")')

    (row,) = written(company)
    book = load_workbook(io.BytesIO(files.workbook(company, Kind.VENDOR)))
    cell = book.active["C2"]

    assert row["Source name"].startswith("'=")
    assert (cell.data_type, cell.value) == ("s", '=HYPERLINK("http://x","y")')


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_went_out_comes_in_without_a_difference(company, controller, form):
    for name in ("=1+1", "Delta, Inc.", "Ünï Bau"):
        reviewing.override(source(company, name), target(company, name), by=controller)
    content = (
        "".join(csv_lines(company)).encode()
        if form == "csv"
        else files.workbook(company, Kind.VENDOR)
    )

    lines = files.read(content)

    found = importing.compare(company, Kind.VENDOR, lines)
    assert [each.says for each in found] == [importing.Says.SAME] * 3


# --- In: what a file comes to


@pytest.mark.parametrize(
    ("line", "says", "words"),
    [
        ("S1,,Delta,V1,,", "changes", ""),
        (",,Delta,,,Delta Drywall", "changes", ""),
        ("S1,,Delta,,,", "nothing", ""),
        ("S9,,Delta,V1,,", "cannot", "id S9 is not in the list"),
        ("S1,,Another name,V1,,", "cannot", "id S1 is Delta and not Another name"),
        ("S1,,Delta,V9,,", "cannot", "id V9 is not in the list"),
        ("S1,,Delta,,,Twin", "cannot", "2 records are called Twin"),
        ("S1,,Delta,V4,,", "cannot", "is inactive"),
    ],
)
def test_each_line_says_what_it_comes_to(company, line, says, words):
    source(company, "Delta", external_id="S1")
    target(company, "Delta Drywall", external_id="V1")
    target(company, "Twin", external_id="V2")
    target(company, "Twin", external_id="V3")
    target(company, "Old", external_id="V4", is_active=False)
    heads = "Source id,Source code,Source name,Ledger id,Ledger code,Ledger name\n"

    (found,) = compared(company, heads + line + "\n")

    assert found.says == says
    assert words in found.problem


HEADS = "Source id,Source name,Ledger id,State,Version\n"


def test_two_lines_about_one_record_are_both_refused(company):
    source(company, "Delta", external_id="S1")
    target(company, "Delta Drywall", external_id="V1")

    found = compared(company, HEADS + "S1,,V1,,\nS1,,V1,,\n")

    assert [each.says for each in found] == ["cannot", "cannot"]
    assert "more than once" in found[0].problem


def test_a_published_mapping_is_refused(company):
    standing = MappingFactory(
        company=company,
        source=source(company, "Delta", external_id="S1"),
        target=target(company, "Delta Drywall"),
        published=True,
    )
    target(company, "Delta Drying", external_id="V2")

    (found,) = compared(company, HEADS + "S1,,V2,,\n")

    assert "Ask an admin to unpublish it first" in found.problem
    assert standing.target.name == "Delta Drywall"


def test_what_was_decided_since_the_file_was_written_is_refused(company, controller):
    delta = source(company, "Delta", external_id="S1")
    mapping = reviewing.override(delta, target(company, "Delta Drywall"), by=controller)
    target(company, "Delta Drying", external_id="V2")

    (found,) = compared(company, HEADS + f"S1,,V2,,{mapping.version - 1}\n")

    assert "decided anew since the file was written" in found.problem


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"Name,Amount\nx,1\n", "must name its columns"),
        (b"no workbook", "must name its columns"),
        (b"", "The file is empty"),
        (b"PK\x03\x04\x00\x00", "neither a CSV nor an XLSX"),
        (b"x" * (5 * 1024 * 1024 + 1), "larger than 5 MB"),
        (HEADS.encode() + b"S1,,V1,,\n" * 20_001, "more than 20,000 rows"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_a_sentence(content, words):
    with pytest.raises(FileUnreadable, match=words):
        files.read(content)


def test_a_file_with_semicolons_is_read(company):
    source(company, "Delta", external_id="S1")
    target(company, "Delta Drywall", external_id="V1")

    (found,) = compared(company, "Source id;Source name;Ledger id\nS1;Delta;V1\n")

    assert found.says == "changes"


def test_a_draft_that_comes_back_as_it_went_out_is_no_decision(company):
    draft = MappingFactory(
        company=company, source=source(company, "Delta"), target=target(company, "Delta Drywall")
    )
    text = "".join(csv_lines(company))

    as_it_was, taken = (
        compared(company, text),
        compared(company, text.replace(",Draft,", ",Accepted,")),
    )

    assert draft.state == "draft"
    assert [each.says for each in as_it_was] == ["same"]
    assert [each.says for each in taken] == ["changes"]


@pytest.mark.parametrize("said", ["No match", "Left for later", "Wrong"])
def test_a_state_that_contradicts_the_target_beside_it_is_refused(company, said):
    MappingFactory(company=company, source=source(company, "Delta"), target=target(company, "A"))
    text = "".join(csv_lines(company)).replace(",Draft,", f",{said},")

    (found,) = compared(company, text)

    assert (found.says, "Keep one of the two" in found.problem) == ("cannot", True)


def test_an_accepted_row_marked_no_match_is_not_passed_over(company, controller):
    reviewing.override(source(company, "Delta"), target(company, "A"), by=controller)
    text = "".join(csv_lines(company)).replace("Accepted, not published", "No match")

    (found,) = compared(company, text.replace('"No match"', "No match"))

    assert found.says == "cannot"


def test_a_draft_that_changed_since_the_file_was_written_is_not_accepted_from_it(company):
    draft = MappingFactory(
        company=company, source=source(company, "Delta"), target=target(company, "Old")
    )
    text = "".join(csv_lines(company))
    better = drafts.Proposal(draft.source, target(company, "Better"), importing.CONFIDENCE, "x")
    drafts.bring_in(company, Kind.VENDOR, [better], ranker="file", by=None, machine="m")

    (found,) = compared(company, text.replace(",Draft,", ",Accepted,"))

    assert "changed since the file was written" in found.problem


@pytest.mark.parametrize("version", ["9.0", "²"])
def test_a_version_that_a_spreadsheet_rewrote_still_counts(company, controller, version):
    reviewing.override(
        source(company, "Delta", external_id="S1"),
        target(company, "A", external_id="V1"),
        by=controller,
    )
    target(company, "B", external_id="V2")

    (found,) = compared(company, f"Source id,Ledger id,Version\nS1,V2,{version}\n")

    assert found.says == "cannot"


def test_a_hard_space_in_a_name_comes_back_as_it_went(company, controller):
    reviewing.override(source(company, "Delta\u00a0Supply"), target(company, "A"), by=controller)

    lines = files.read(files.workbook(company, Kind.VENDOR))

    assert [each.says for each in importing.compare(company, Kind.VENDOR, lines)] == ["same"]


def test_a_row_of_too_many_cells_is_refused():
    book = Workbook()
    for at in range(1, 12_000):
        book.active.cell(1, at, "x")
    out = io.BytesIO()
    book.save(out)

    with pytest.raises(FileUnreadable, match="too many cells"):
        files.read(out.getvalue())


# --- In: what is done of it


def test_as_drafts_only_what_nobody_decided_changes(company, controller):
    drywall = target(company, "Delta Drywall", external_id="V1")
    open_one = source(company, "Delta", external_id="S1")
    decided = reviewing.no_match(source(company, "Harbor", external_id="S2"), by=controller)

    file = brought_in(company, HEADS + "S1,,V1,,\nS2,,V1,,\n", "drafts", by=controller)

    draft = Mapping.objects.get(source=open_one)
    assert (draft.state, draft.target, draft.decided_by) == ("draft", drywall, None)
    assert draft.suggestion.ranker == drafts.FROM_FILE
    decided.refresh_from_db()
    assert decided.state == Mapping.State.NO_MATCH
    assert (file.state, file.brought_in, file.refused) == (MappingFile.State.DONE, 1, 1)
    assert "Drafts never change" in file.lines[1]["done"]


def test_accepted_each_row_becomes_a_persons_decision(company, controller):
    drywall = target(company, "Delta Drywall", external_id="V1")
    delta = source(company, "Delta", external_id="S1")
    harbor = source(company, "Harbor", external_id="S2")

    file = brought_in(company, HEADS + "S1,,V1,,\nS2,,,No match,\n", "accepted", by=controller)

    accepted = Mapping.objects.get(source=delta)
    assert (accepted.state, accepted.target) == ("accepted", drywall)
    assert accepted.decided_by == controller
    assert Mapping.objects.get(source=harbor).state == Mapping.State.NO_MATCH
    assert file.brought_in == 2
    assert set(Entry.objects.values_list("verb", flat=True)) == {Verb.OVERRODE, Verb.NO_MATCH}


def test_a_row_that_changed_after_the_preview_keeps_what_it_has(company, controller):
    target(company, "Delta Drywall", external_id="V1")
    delta = source(company, "Delta", external_id="S1")
    file = kept(company, HEADS + "S1,,V1,,\n", by=controller)
    colleague = MembershipFactory(company=company, controller=True).user
    reviewing.no_match(delta, by=colleague)

    importing.apply(importing.start(file, "accepted", by=controller))

    file.refresh_from_db()
    assert Mapping.objects.get(source=delta).state == Mapping.State.NO_MATCH
    assert "Yours was not saved" in file.lines[0]["done"]


def test_a_file_is_brought_in_once(company, controller):
    target(company, "Delta Drywall", external_id="V1")
    source(company, "Delta", external_id="S1")
    file = brought_in(company, HEADS + "S1,,V1,,\n", "accepted", by=controller)
    lines = Entry.objects.count()

    importing.apply(file)

    assert Entry.objects.count() == lines
    with pytest.raises(importing.Conflict, match="brought in already"):
        importing.start(file, "accepted", by=controller)


def test_who_may_not_decide_may_not_bring_in(company, controller):
    file = kept(company, HEADS, by=controller)
    accountant = MembershipFactory(company=company, accountant=True).user

    with pytest.raises(importing.AppError, match="Only an admin or a controller"):
        importing.start(file, "accepted", by=accountant)


# --- After another company


@pytest.fixture
def other():
    return CompanyFactory(name="Birch Homes")


def test_what_another_company_decided_is_drafted_here(company, other, controller):
    MembershipFactory(company=other, user=controller, controller=True)
    reviewing.override(
        source(other, "Delta Drywall LLC"), target(other, "Delta Drywall"), by=controller
    )
    delta, drywall = source(company, "Delta Drywall, L.L.C."), target(company, "DELTA DRYWALL")

    cloning.clone(company, other, Kind.VENDOR, by=controller)

    # Colleagues here need not belong there, so the other company's name is not told.
    draft = Mapping.objects.get(source=delta)
    assert (draft.state, draft.target) == ("draft", drywall)
    assert draft.suggestion.reason == f"another company of {controller.name} calls it Delta Drywall"


def test_a_target_that_is_here_twice_is_not_drafted(company, other, controller):
    MembershipFactory(company=other, user=controller, controller=True)
    reviewing.override(source(other, "Delta"), target(other, "Delta Drywall"), by=controller)
    source(company, "Delta")
    target(company, "Delta Drywall")
    target(company, "Delta Drywall Inc")

    found = cloning.preview(company, other, Kind.VENDOR, by=controller)

    assert (found.proposals, found.no_target) == ((), 1)


def test_a_company_one_does_not_belong_to_cannot_be_cloned(company, other, controller):
    with pytest.raises(cloning.AppError, match="may not see that company"):
        cloning.clone(company, other, Kind.VENDOR, by=controller)


# --- Pages


def url(name, company, *args):
    return reverse(f"mapping:{name}", args=[company.slug, *args])


def test_a_file_goes_from_upload_over_its_differences_to_decisions(company, controller, client_for):
    target(company, "Delta Drywall", external_id="V1")
    delta = source(company, "Delta", external_id="S1")
    client = client_for(controller)
    content = SimpleUploadedFile("list.csv", (HEADS + "S1,,V1,,\nS9,,V1,,\n").encode())

    preview = client.post(url("upload", company, Kind.VENDOR), {"file": content}, follow=True)
    file = MappingFile.objects.get()
    problems = client.get(file.get_absolute_url() + "?tab=cannot")
    client.post(url("apply-file", company, file.pk), {"mode": "accepted"})
    importing.apply(file)
    after = client.get(file.get_absolute_url())

    assert "Delta Drywall" in preview.content.decode()
    assert "Accept 1 mapping" in preview.content.decode()
    assert "id S9 is not in the list" in problems.content.decode()
    assert Mapping.objects.get(source=delta).state == "accepted"
    assert "1 mapping brought in accepted" in after.content.decode()


def test_a_wrong_file_is_refused_on_the_page(company, controller, client_for):
    content = SimpleUploadedFile("list.csv", b"Name,Amount\nx,1\n")

    answer = client_for(controller).post(url("upload", company, Kind.VENDOR), {"file": content})

    assert answer.status_code == 422
    assert "must name its columns" in answer.content.decode()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_viewer_may_download(company, client_for, form):
    viewer = MembershipFactory(company=company, viewer=True).user
    source(company, "Delta")

    answer = client_for(viewer).get(url(f"export-{form}", company, Kind.VENDOR))

    assert answer.status_code == 200
    assert f"vendors.{form}" in answer["Content-Disposition"]


def test_cloning_shows_what_it_would_draft_first(company, other, controller, client_for):
    MembershipFactory(company=other, user=controller, controller=True)
    reviewing.override(source(other, "Delta"), target(other, "Delta Drywall"), by=controller)
    source(company, "Delta")
    target(company, "Delta Drywall")
    client = client_for(controller)

    shown = client.get(url("clone", company, Kind.VENDOR) + f"?company={other.slug}")
    client.post(url("clone", company, Kind.VENDOR), {"company": other.slug})

    assert "1 draft after Birch Homes" in shown.content.decode()
    assert Mapping.objects.get(company=company).state == "draft"
