"""The facts of one node, as plain data.

Sent to nodes by value, so it needs nothing there but Ray and what Ray depends on.
"""

import hashlib
import importlib
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from tuner.search.ray_tune.gpus import gpus_of_node

PACKAGES = ("frontier-tuner", "tensorflow", "keras", "ray", "numpy")
_SECONDS_FOR_TENSORFLOW = 180
_MOST_PORTS_TRIED = 50  # by the dashboard, upwards from the one it is told
_GPUS = (
    "import json, tensorflow as tf;"
    "gpus = tf.config.list_physical_devices('GPU');"
    "print(json.dumps([tf.config.experimental.get_device_details(gpu).get('device_name', gpu.name) for gpu in gpus]))"
)


def facts() -> dict[str, Any]:
    """What this node is and has. Takes as long as an import of TensorFlow, which happens in a process of its own."""
    return {
        "host": socket.gethostname(),
        "python": platform.python_version(),
        "executable": sys.executable,
        "packages": installed(),
        "unmet": _unmet(),
        "tensorflow_gpus": _tensorflow_gpus(),
        "driver_gpus": gpus_of_node(),
        "token": _token(),
        "asks_for_token": _asks_for_token(),
        "open_ports": _open_ports(),
        "temporary": tempfile.gettempdir(),
        "free_disk": shutil.disk_usage(tempfile.gettempdir()).free,
    }


def installed() -> dict[str, str | None]:
    """Versions of the packages that compute or talk, None for one that is not there."""
    return {name: _version(name) for name in PACKAGES}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _unmet() -> list[str]:
    """What the installed package asks for and does not find, a requirement each."""
    from packaging.requirements import Requirement

    try:
        wanted = [Requirement(text) for text in requires("frontier-tuner") or []]
    except PackageNotFoundError:
        return []
    unmet = []
    for requirement in wanted:
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        there = _version(requirement.name)
        if there is None or not requirement.specifier.contains(there, prereleases=True):
            unmet.append(f"{requirement.name}{requirement.specifier} ({there or 'missing'})")
    return unmet


def _tensorflow_gpus() -> list[str] | str:
    """Names of the GPUs that TensorFlow sees, or why it cannot say."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    if not environment.get("CUDA_VISIBLE_DEVICES", "-"):  # Ray hides them from a task that asked for none
        del environment["CUDA_VISIBLE_DEVICES"]
    try:
        result = subprocess.run(
            [sys.executable, "-c", _GPUS],
            capture_output=True,
            text=True,
            timeout=_SECONDS_FOR_TENSORFLOW,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {_SECONDS_FOR_TENSORFLOW} s"
    if result.returncode:
        return (result.stderr.strip().splitlines() or ["it ended without a word"])[-1][:200]
    names: list[str] = json.loads(result.stdout.strip().splitlines()[-1])
    return names


def _token() -> str | None:
    """A mark of the node's token, by which equal ones are known; None where it has none. The token itself stays here."""
    token = os.environ.get("RAY_AUTH_TOKEN", "").strip()
    file = Path(os.environ.get("RAY_AUTH_TOKEN_PATH", "~/.ray/auth_token")).expanduser()
    if not token and file.is_file():
        token = file.read_text(encoding="utf-8").strip()
    return hashlib.sha256(token.encode()).hexdigest()[:12] if token else None


def _asks_for_token() -> bool | None:
    """Whether this process of Ray asks for tokens and sends one; None where there is no Ray."""
    if "ray" not in sys.modules:
        return None
    raylet: Any = importlib.import_module("ray._raylet")  # a compiled module: its names are not known to type checkers
    return bool(raylet.get_authentication_mode() == raylet.AuthenticationMode.TOKEN)


def _open_ports() -> list[dict[str, Any]]:
    """Ports that listen beyond the loopback, and who owns them; None where the system does not say."""
    import psutil

    found = {}
    for connection in psutil.net_connections("tcp"):
        if connection.status != psutil.CONN_LISTEN or _is_loopback(connection.laddr.ip):
            continue
        found[connection.laddr.port] = {
            "port": connection.laddr.port,
            "owner": _owner(connection.pid, connection.laddr.port),
        }
    return [found[port] for port in sorted(found)]


def _is_loopback(address: str) -> bool:
    return address.removeprefix("::ffff:").startswith("127.") or address == "::1"


def _owner(pid: int | None, port: int) -> str | None:
    import psutil

    try:
        command = psutil.Process(pid).cmdline() if pid is not None else []
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
    text = " ".join(command)
    if "dashboard/dashboard.py" in text:
        asked = next((int(word.partition("=")[2]) for word in command if word.startswith("--port=")), 0)
        serves = asked <= port < asked + _MOST_PORTS_TRIED
        return "ray dashboard" if serves else "ray dashboard's own talk"
    for part, owner in (
        ("gcs_server", "ray gcs"),
        ("raylet/raylet", "ray raylet"),
        ("util.client.server", "ray client server"),
        ("ray::DashboardAgent", "ray agent"),
        ("dashboard/agent.py", "ray agent"),
        ("ray::RuntimeEnvAgent", "ray runtime environments"),
        ("runtime_env/agent/main.py", "ray runtime environments"),
        ("autoscaler/_private/monitor.py", "ray autoscaler"),
        ("autoscaler/v2/monitor.py", "ray autoscaler"),
        ("ray::", "ray worker"),
    ):
        if part in text:
            return owner
    return Path(command[0]).name if command else None
