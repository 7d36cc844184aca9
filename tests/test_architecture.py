"""Who imports whom, and a few things nobody writes. Source: the style guide, sections 2 and 8."""

import ast
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# From left to right; an app imports those on its right.
ORDER = ("config", "reports", "reconciliation", "sync", "mapping", "connectors", "companies",
         "audit", "common")  # fmt: skip

# Imports that the order forbids, and why each is right: (importing module, imported) to a sentence.
# A name stands for what lies below it as well.
ALLOWED = {}
# mapping and connectors stand side by side, but a mapping points to mirrored rows: it may know
# those and their named questions, and nothing of how they come. connectors knows no mapping.
NARROW = {
    ("mapping", "connectors"): {"connectors.models", "connectors.querysets", "connectors.records"}
}
# Tests that replace one of our functions, which is to become a sandbox's fault or a real race.
STILL_PATCHED: dict[str, set[str]] = {}


@dataclass(frozen=True)
class Module:
    name: str  # "mapping.publishing"
    path: Path

    @property
    def app(self):
        return self.name.split(".")[0]

    @property
    def is_test(self):
        return "tests" in self.path.parts or self.path.name == "conftest.py"

    @property
    def is_demo(self):
        """The demo plays everybody's part, so it may know everybody."""
        return "management" in self.path.parts or "demo" in self.path.parts

    @property
    def tree(self):
        return parsed(ROOT / self.path)


@cache
def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def modules():
    """Every Python file that is, or is about to be, under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    paths = [Path(line) for line in listed if (ROOT / line).exists()]
    return [Module(".".join(path.with_suffix("").parts), path) for path in paths]


MODULES = modules()
OURS = [m for m in MODULES if m.app in ORDER and not m.is_test and not m.is_demo]


def imports(tree):
    """(line, dotted name) of everything imported, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def type_checking_lines(tree):
    """Lines of imports that only a type checker reads."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            found.update(range(node.lineno, node.end_lineno + 1))
    return found


def wrong_imports(module):
    skipped = type_checking_lines(module.tree)
    for line, name in imports(module.tree):
        app = name.split(".")[0]
        if app not in ORDER or app == module.app or line in skipped:
            continue
        if not may_import(module.name, name):
            yield f"{module.path}:{line} imports {name}"


def may_import(importer, imported):
    if any(below(importer, a) and below(imported, b) for a, b in ALLOWED):
        return True
    left, right = importer.split(".")[0], imported.split(".")[0]
    if (narrow := NARROW.get((left, right))) is not None:
        return any(below(imported, name) for name in narrow)
    return ORDER.index(left) < ORDER.index(right)


def below(name, above):
    return name == above or name.startswith(f"{above}.")


def test_imports_point_right():
    wrong = [line for module in OURS for line in wrong_imports(module)]

    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("importer", "imported", "allowed"),
    [
        ("sync.gate", "mapping.lookup.Lookup", True),
        ("sync.gate", "common.money", True),
        ("mapping.lookup", "sync.models.Bill", False),
        ("mapping.models", "connectors.models.Record", True),
        ("mapping.publishing", "connectors.registry", False),
        ("mapping.publishing", "connectors.registry.ledger_for", False),
        ("connectors.linking", "mapping.models.Mapping", False),
        ("audit.trail", "companies.models.User", False),
        ("reports.views", "companies.access.requires", True),
        ("common.api", "companies.access", False),
        ("companies.api", "config.settings", False),
    ],
)
def test_the_order_says_yes_and_no(importer, imported, allowed):
    assert may_import(importer, imported) is allowed


def test_an_exception_that_nobody_needs_any_more_is_taken_out():
    used = {
        pair
        for module in OURS
        for pair in ALLOWED
        for _line, name in imports(module.tree)
        if below(module.name, pair[0]) and below(name, pair[1])
    }

    assert used == ALLOWED.keys()


def test_every_app_has_its_place_in_the_order():
    apps = {module.app for module in MODULES if module.path.name == "apps.py"}

    assert apps <= set(ORDER)


# --- What nobody writes ---------------------------------------------------------------------------


def caught(handler):
    """Names of what an except clause catches; none for a bare one."""
    if handler.type is None:
        return []
    parts = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return [ast.unparse(part) for part in parts]


def handlers():
    for module in MODULES:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ExceptHandler):
                yield module, node


def test_no_except_catches_everything_unnamed():
    bare = [f"{m.path}:{node.lineno}" for m, node in handlers() if node.type is None]

    assert not bare


def test_only_sandboxes_catch_what_ends_a_process():
    """They have to answer, and to stop, whatever happens in the imitation they serve."""
    wide = [
        f"{module.path}:{node.lineno}"
        for module, node in handlers()
        if "BaseException" in caught(node) and not module.path.name.startswith("sandbox")
    ]

    assert not wide


def patched(tree):
    """(line, thing, name, call) of every attribute that a test replaces while it runs."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        called = ast.unparse(node.func)
        if called in {"monkeypatch.setattr", "monkeypatch.setitem", "monkeypatch.delattr"}:
            name = node.args[0] if isinstance(node.args[0], ast.Constant) else node.args[1]
            yield node.lineno, ast.unparse(node.args[0]), str(getattr(name, "value", "")), called


def is_only_a_number_or_the_clock(thing, name, called):
    """A wait made short (an upper-case constant) or the clock: no code of ours is replaced."""
    constant = name.rsplit(".", 1)[-1]
    return called == "monkeypatch.setattr" and (constant.isupper() or thing == "time")


@pytest.mark.parametrize("module", [m for m in MODULES if m.is_test], ids=lambda m: m.name)
def test_a_test_replaces_none_of_our_code(module):
    mocks = [name for _, name in imports(module.tree) if "mock" in name.lower().split(".")]
    known = STILL_PATCHED.get(module.name, set())
    patches = [
        f"{module.path}:{line} replaces {name}"
        for line, thing, name, called in patched(module.tree)
        if name not in known and not is_only_a_number_or_the_clock(thing, name, called)
    ]

    assert not mocks
    assert not patches


def test_what_is_no_longer_patched_is_taken_off_the_list():
    patches = {
        (module.name, name)
        for module in MODULES
        if module.is_test
        for _line, _thing, name, _called in patched(module.tree)
    }

    assert {(module, name) for module, names in STILL_PATCHED.items() for name in names} <= patches
