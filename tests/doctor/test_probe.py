import json
import subprocess
import sys
from importlib.metadata import version

import psutil
import pytest

from tuner.doctor import probe


@pytest.mark.tensorflow
def test_a_machine_is_told_as_plain_data():
    facts = probe.facts()
    assert json.loads(json.dumps(facts)) == facts
    assert facts["packages"]["keras"] == version("keras")
    assert isinstance(facts["tensorflow_gpus"], list)
    assert facts["unmet"] == []


def test_who_listens_beyond_the_loopback_is_found():
    code = (
        "import socket, sys; s = socket.create_server((sys.argv[1], 0)); print(s.getsockname()[1], flush=True); input()"
    )
    for address, seen in (("0.0.0.0", True), ("127.0.0.1", False)):
        process = subprocess.Popen(
            [sys.executable, "-c", code, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        port = int(process.stdout.readline())
        owners = {entry["port"]: entry["owner"] for entry in probe._open_ports()}
        process.communicate("\n")
        assert (port in owners) == seen
        if seen:
            assert owners[port].startswith("python")


@pytest.mark.parametrize(
    ("command", "port", "owner"),
    [
        (["python", "/x/dashboard/dashboard.py", "--host=0.0.0.0", "--port=8265"], 8265, "ray dashboard"),
        (["python", "/x/dashboard/dashboard.py", "--host=0.0.0.0", "--port=8265"], 8270, "ray dashboard"),
        (["python", "/x/dashboard/dashboard.py", "--port=8265"], 44227, "ray dashboard's own talk"),
        (["/x/gcs/gcs_server", "--log_dir=/x"], 6379, "ray gcs"),
        (["ray::TrialTrainable.train"], 10002, "ray worker"),
        (["/usr/sbin/sshd", "-D"], 22, "sshd"),
        ([], 1, None),
    ],
)
def test_owners_have_names(command, port, owner, monkeypatch):
    monkeypatch.setattr(psutil.Process, "cmdline", lambda self: command)
    assert probe._owner(1, port) == owner


def test_a_token_is_never_told(monkeypatch):
    monkeypatch.setenv("RAY_AUTH_TOKEN", "secret" * 10)
    mark = probe._token()
    assert mark is not None
    assert "secret" not in mark
