"""The files of others are the ones we took, and no page outgrows its budget."""

import hashlib
from pathlib import Path

import brotli
import pytest

ROOT = Path(__file__).resolve().parent.parent
LINES = [line.split() for line in (ROOT / "vendor.lock").read_text().splitlines()]
KEPT = {path: digest for kind, digest, path in (line for line in LINES if line[:1] == ["file"])}
SCRIPTS = ["vendor/htmx-2.0.11/htmx.min.js", "js/app.js", "js/review.js"]


def compressed(path: str) -> int:
    return len(brotli.compress((ROOT / "static" / path).read_bytes()))


@pytest.mark.parametrize("path", KEPT)
def test_vendored_file_is_the_one_we_took(path):
    assert hashlib.sha256((ROOT / path).read_bytes()).hexdigest() == KEPT[path]


def test_every_vendored_file_is_in_the_lock():
    found = {
        str(file.relative_to(ROOT))
        for folder in ("static/vendor", "tests/vendor")
        for file in (ROOT / folder).rglob("*")
        if file.is_file()
    }

    assert found <= set(KEPT)


def test_every_package_says_what_was_published_and_under_which_licence():
    packages = [line for line in LINES if line[:1] == ["package"]]
    archives = [line for line in LINES if line[:1] == ["archive"]]

    assert all(len(line) == 4 for line in packages)
    assert [line[2].startswith("sha512-") for line in archives] == [True] * len(packages)


def test_styles_fit_their_budget():
    assert compressed("css/app.css") <= 20_000


def test_scripts_fit_their_budget():
    assert sum(compressed(script) for script in SCRIPTS) <= 32_000


def test_no_script_is_left_out_of_the_budget():
    found = {str(file.relative_to(ROOT / "static")) for file in (ROOT / "static").rglob("*.js")}

    assert found == set(SCRIPTS)
