"""Runs a scenario in namespaces of its own: no process, mount or link of it outlives it, however it ends."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
_PROGRAMS = ("sshd", "rsync", "ip", "unshare", "nsenter", "mount")
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_INSIDE = """
ip link set lo up
mkdir -p /tmp/ray
mount -t tmpfs -o mode=1777 ray /tmp/ray
mount -t tmpfs -o mode=1777 shm /dev/shm
exec "$@"
"""


def what_is_missing() -> str | None:
    """Why there can be no laboratory on this machine, None where there can."""
    if os.geteuid() != 0:
        return "the laboratory needs root"
    lacking = [name for name in _PROGRAMS if shutil.which(name, path=_SYSTEM_PATH) is None]
    if lacking:
        return f"the laboratory needs {', '.join(lacking)}"
    if not (Path(sys.prefix) / "bin" / "ray").exists():
        return f"the laboratory's hosts run the environment of the tests, and {sys.prefix} has no bin/ray"
    if "overlay" not in Path("/proc/filesystems").read_text(encoding="utf-8"):
        return "the laboratory needs overlayfs"
    probe = ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "mount", "-t", "tmpfs", "probe", "/mnt"]
    tried = subprocess.run(probe, capture_output=True, text=True, check=False)
    return None if tried.returncode == 0 else f"namespaces cannot be made here ({tried.stderr.strip()})"


def run_isolated(scenario: str, scratch: Path, *, seconds: float) -> str:
    """Runs a module of this package and returns what it printed.

    Raises:
        AssertionError: with the end of its output, where it fails or takes longer than so many seconds.
    """
    log = scratch / "log.txt"
    for name in ("home", "tmp"):
        (scratch / name).mkdir()
    environment = {
        "PATH": f"{sys.prefix}/bin:{_SYSTEM_PATH}",
        "HOME": str(scratch / "home"),
        "TMPDIR": str(scratch / "tmp"),  # Ray remembers there what it has bootstrapped
        "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}",
        "LANG": "C.UTF-8",
    }
    command = [
        *("unshare", "--net", "--mount", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc"),
        *("bash", "-euc", _INSIDE, "inside", sys.executable, "-m", f"cluster.lab.{scenario}", str(scratch)),
    ]
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            code = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            process.kill()  # and with it, all of the namespaces
            process.wait()
    text = log.read_text(encoding="utf-8", errors="replace")
    if code != 0:
        how = f"did not end within {seconds:g} s" if code is None else f"ended with exit code {code}"
        raise AssertionError(f"{scenario} {how}:\n{text[-6000:]}")
    return text
