"""The head of a Ray cluster with a dashboard and a token, in namespaces of its own: nothing else on the machine sees it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.searches import ROOT

# A head needs an address beside the loopback's, or its start takes five seconds more. /tmp/ray and /dev/shm are Ray's places.
_START = """
set -e
ip link set lo up
ip address add 10.9.8.7/24 dev lo
ip route add default dev lo
mkdir -p /tmp/ray
mount -t tmpfs -o size=512m,mode=1777 ray /tmp/ray
mount -t tmpfs -o size=512m,mode=1777 shm /dev/shm
python -m ray.scripts.scripts get-auth-token --generate > /dev/null 2>&1
python -m ray.scripts.scripts start --head --include-dashboard=true --dashboard-host=127.0.0.1 --num-cpus=2 \
    --object-store-memory=100000000 > "$HOME/start.log" 2>&1
until (exec 3<> /dev/tcp/127.0.0.1/8265) 2> /dev/null; do sleep 0.1; done # the dashboard comes a moment later
echo ready
cat > /dev/null
"""
_NAMESPACES = ["unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc"]


@dataclass(frozen=True)
class IsolatedHead:
    """Attributes: a process in its namespaces, and the home folder with the token."""

    pid: int
    home: Path

    def start(self, *command: object, folder: Path, **environment: str) -> subprocess.Popen[str]:
        """Starts a command beside the head."""
        # Where the tests run in a shell's background, Ctrl-C is ignored, and what they start would inherit that.
        heeding = ["env", "--default-signal=INT"]
        entering = ["nsenter", "--target", str(self.pid), "--mount", "--pid", "--net", f"--wd={folder}"]
        return subprocess.Popen(
            [*heeding, *entering, *map(str, command)],
            env={**_environment(self.home), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, *command: object, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs a command beside the head to its end."""
        process = self.start(*command, folder=folder, **environment)
        out, err = process.communicate(timeout=240)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def _environment(home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin",
        "PYTHONPATH": str(ROOT),
        "RAY_AUTH_MODE": "token",
        "RAY_USAGE_STATS_ENABLED": "0",
    }


@contextmanager
def isolated_head(home: Path) -> Iterator[IsolatedHead]:
    """Starts the head, and ends it with everything that it started. Skips where the machine does not let us."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs root and iproute2, for namespaces of its own")
    if subprocess.run([*_NAMESPACES, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let root make namespaces")
    process = subprocess.Popen(
        [*_NAMESPACES, "bash", "-c", _START],
        env=_environment(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        if process.stdout.readline() != "ready\n":
            log = home / "start.log"
            pytest.fail(f"no head: {process.stderr.read()} {log.read_text() if log.exists() else ''}")
        (inner,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield IsolatedHead(int(inner), home)
    finally:
        process.kill()  # --kill-child: all of them go
        process.communicate()
