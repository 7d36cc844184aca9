"""Uploaded files of every form, and what is refused of them before it can do harm."""

import io
import zipfile
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import xlwt
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from common import csv_out, spreadsheets
from common.spreadsheets import FileUnreadable, Form, Limits

LIMITS = Limits()


def read(content, limits=LIMITS):
    return list(spreadsheets.rows(content, limits))


def xlsx(*rows):
    book = Workbook()
    for row in rows:
        book.active.append(row)
    return saved(book)


def xls(*rows, book=None):
    book = book or xlwt.Workbook()
    sheet = book.add_sheet("List")
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            sheet.write(at, column, value)
    return saved(book)


def saved(book):
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def archive(**parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return out.getvalue()


def with_sheet(sheet):
    """A workbook whose one sheet is this XML."""
    whole, out = io.BytesIO(xlsx(["x"])), io.BytesIO()
    with zipfile.ZipFile(whole) as was, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for part in was.namelist():
            is_sheet = part == "xl/worksheets/sheet1.xml"
            packed.writestr(part, sheet if is_sheet else was.read(part))
    return out.getvalue()


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    "{}</sheetData></worksheet>"
)


class Locked(xlwt.Workbook):
    """Says, as a workbook with a password does, that what follows is encrypted."""

    def get_biff_data(self):
        said = super().get_biff_data()
        begins = 4 + int.from_bytes(said[2:4], "little")
        return said[:begins] + b"\x2f\x00\x06\x00" + bytes(6) + said[begins:]


# --- What comes out -------------------------------------------------------------------------------


@pytest.mark.parametrize(("made", "form"), [(xls, Form.XLS), (xlsx, Form.XLSX)])
def test_a_workbook_is_known_by_what_it_holds_and_read_with_its_row_numbers(made, form):
    content = made(["PurchaseOrders"], [], ["PO #", "Cost"], ["0015", 25000.5], ["", 25000.5])

    assert spreadsheets.form_of(content, LIMITS) is form
    assert read(content) == [
        (1, ["PurchaseOrders", ""]),
        (3, ["PO #", "Cost"]),
        (4, ["0015", Decimal("25000.5")]),
        (5, ["", Decimal("25000.5")]),
    ]


def test_a_column_left_empty_at_the_edge_is_still_a_column():
    assert read(xlsx([None, "PO #"], [None, "0015"])) == [(1, ["", "PO #"]), (2, ["", "0015"])]


def test_days_and_moments_come_as_such():
    at = datetime(2026, 2, 12, 16, 20, tzinfo=UTC).replace(tzinfo=None)

    assert read(xlsx([date(2026, 2, 12), at])) == [(1, [date(2026, 2, 12), at])]


def test_a_formula_is_never_worked_out():
    """Nobody saved a result with it, so there is none."""
    assert read(xlsx(["=1+1", "=cmd|'/C calc'!A0", "seen"])) == [(1, ["", "", "seen"])]


def test_text_that_would_be_a_formula_stays_text_and_goes_out_as_text():
    ((_, cells),) = read(b"=cmd|'/C calc'!A0,+1,-x,@y\n")

    assert cells == ["=cmd|'/C calc'!A0", "+1", "-x", "@y"]
    assert all(str(csv_out.safe(cell)).startswith("'") for cell in cells)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"]
)
def test_a_csv_file_is_read_in_every_usual_encoding(encoding):
    content = "Job,Vendor\nLot 17,Müller Bau\nLot 18,Peña Tile\n".encode(encoding)

    assert read(content)[1:] == [(2, ["Lot 17", "Müller Bau"]), (3, ["Lot 18", "Peña Tile"])]


@pytest.mark.parametrize("delimiter", ",;\t|")
def test_a_csv_file_tells_what_parts_its_columns(delimiter):
    text = f'Job{delimiter}Cost Codes\n"Lot 17{delimiter} A"{delimiter}"5620\n5630"\n'

    assert read(text.encode())[1] == (2, [f"Lot 17{delimiter} A", "5620\n5630"])


# --- What does not --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"  \n\n", "is empty"),
        (b"x" * (10 * 1024 * 1024 + 1), "larger than 10 MB"),
        (b"a,b\n" * 200_002, "more than 200,000 rows"),
        (b'a,"b\n', "cannot be read"),
        (b"," * 300, "too many cells"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "neither a CSV nor an XLS nor an XLSX"),
        (b"PK\x03\x04 no archive", "neither a CSV nor an XLS nor an XLSX"),
        (archive(mimetype="application/vnd.oasis", content_xml="<a/>"), "neither a CSV"),
        (b"<html><table><tr><td>PO #</td></tr></table></html>", "only looks like a spreadsheet"),
        (b'<?xml version="1.0"?><Workbook/>', "only looks like a spreadsheet"),
        (spreadsheets.COMPOUND + bytes(4000), "workbook cannot be read"),
        (xls(["PO #"])[:3000], "workbook cannot be read"),
        (xls(["PO #"], book=Locked()), "may have a password"),
        (spreadsheets.COMPOUND + bytes(600) + spreadsheets.ENCRYPTED, "has a password"),
        (archive(xl__workbook_xml="<a/>"), "workbook cannot be read"),
        (archive(xl__workbook_xml=bytes(101 * 1024 * 1024)), "too large once unpacked"),
        (
            archive(xl__workbook_xml="", **{f"p{each}": "" for each in range(100)}),
            "too many parts",
        ),
        (with_sheet(SHEET.format('<row r="1"><c r="ZZZ1"><v>1</v></c></row>')), "too many cells"),
        (with_sheet(SHEET.format('<row r="1048576"><c><v>1</v></c></row>')), "too many rows"),
        (
            with_sheet('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>'),
            "workbook cannot be read",
        ),
    ],
)  # fmt: skip
def test_what_is_no_list_or_a_trap_is_refused_with_a_sentence(content, words):
    with pytest.raises(FileUnreadable, match=words):
        read(content)


def test_a_small_old_workbook_that_would_fill_the_memory_is_refused():
    """Two cells in opposite corners: the library makes room for sixteen million."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("List")
    sheet.write(0, 0, "x")
    sheet.write(65535, 255, "y")

    with pytest.raises(FileUnreadable, match="cannot be read"):
        read(saved(book))


def test_only_the_forms_asked_for_are_read():
    with pytest.raises(FileUnreadable, match="neither a CSV nor an XLSX file"):
        read(xls(["PO #"]), Limits(forms=(Form.CSV, Form.XLSX)))


@given(st.binary(max_size=400))
def test_whatever_the_bytes_are_a_file_is_rows_or_a_sentence(content):
    numbers = []
    with suppress(FileUnreadable):
        numbers = [number for number, _ in read(content)]

    assert numbers == sorted(set(numbers))
