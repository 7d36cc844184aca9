"""Killing real processes at every step, shortened; `make crash` is the long version."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as project

from common.choices import Side
from sync.models import Push
from sync.steps import Step
from sync.tests.world import POST_BILL

SYNC = Path(__file__).resolve().parent.parent
seen = []


def note(step):
    seen.append(step)


@pytest.fixture
def steps_seen(settings):
    seen.clear()
    settings.SENDING_WATCHER = f"{note.__module__}.{note.__qualname__}"
    return seen


def test_no_bill_is_lost_or_doubled_when_workers_die_at_every_step():
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}

    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.crash", "--short"],
        cwd=project.BASE_DIR,
        env=environment,
        capture_output=True,
        timeout=180,
        check=False,
    )

    assert run.returncode == 0, run.stderr.decode()[-5000:]
    report = json.loads(run.stdout)
    assert report["points"] == [step.name for step in Step]
    assert report["kills"] >= len(Step)
    assert report["posted"] == report["documents"] == report["runs"]


def test_a_lost_answer_and_its_look_up_reach_every_step(world, steps_seen):
    push = world.send(world.ready_bill())
    world.fault(Side.LEDGER, kind="drop_after", **POST_BILL)

    world.work(push, times=2)

    assert push.state == Push.State.POSTED
    assert set(Step) - set(steps_seen) == set(), "no crash test stops here"


def test_every_step_is_reached_by_name_somewhere_in_the_code():
    named = {name for file in SYNC.glob("*.py") for name in _steps_reached(file)}

    assert named == {step.name for step in Step}


def _steps_reached(file):
    """The steps in `reached(Step.X)`, also where one of two is chosen."""
    calls = [
        node
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "reached"
    ]
    for call in calls:
        steps = [
            node.attr
            for node in ast.walk(call.args[0])
            if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "Step"
        ]
        assert steps, f"{file.name}, line {call.lineno}: reached() names no step"
        yield from steps
