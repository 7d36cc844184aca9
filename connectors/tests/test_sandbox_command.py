"""`manage.py sandbox` as a process of its own."""

import signal
import socket
import subprocess
import sys

import pytest
import requests


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(tmp_path, settings, **environment):
    return subprocess.Popen(
        [sys.executable, "manage.py", "sandbox", "--books", str(tmp_path)],
        cwd=settings.BASE_DIR,
        env={"PATH": "", "VAR_DIR": str(settings.VAR_DIR), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def ports(settings):
    procore, quickbooks = free_port(), free_port()
    return {
        "PROCORE_API_URL": f"http://127.0.0.1:{procore}",
        "QBO_API_URL": f"http://127.0.0.1:{quickbooks}",
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing",  # it needs none
    }


def test_it_serves_both_systems_until_it_is_told_to_stop(tmp_path, settings, ports):
    process = start(tmp_path, settings, **ports)
    lines = [process.stdout.readline() for _system in range(2)]

    answers = [
        requests.get(f"{ports['PROCORE_API_URL']}/rest/v1.0/companies", timeout=5).status_code,
        requests.get(f"{ports['QBO_API_URL']}/v3/company/1/companyinfo/1", timeout=5).status_code,
    ]
    process.send_signal(signal.SIGTERM)

    assert process.wait(timeout=10) == 0, process.stderr.read()
    assert answers == [401, 401]
    assert ports["PROCORE_API_URL"] in lines[0]
    assert ports["QBO_API_URL"] in lines[1]
    assert {book.name for book in tmp_path.glob("*.sqlite")} == {
        "procore.sqlite",
        "quickbooks_online.sqlite",
    }


def test_it_imitates_nothing_that_is_not_on_this_machine(tmp_path, settings, ports):
    ports["PROCORE_API_URL"] = "https://api.procore.example"

    _out, problem = start(tmp_path, settings, **ports).communicate(timeout=30)

    assert "is not a loopback address" in problem


def test_a_port_that_is_taken_is_named(tmp_path, settings, ports):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ports["PROCORE_API_URL"] = f"http://127.0.0.1:{port}"

        _out, problem = start(tmp_path, settings, **ports).communicate(timeout=30)

    assert f"Port {port} is taken" in problem
