"""The way to the head of a cluster that ``ray up`` started: an SSH tunnel to its dashboard, which listens on loopback only."""

import io
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import yaml

from tuner.errors import InputError

_DASHBOARD_PORT = 8265
_SECONDS_TO_CONNECT = 60.0
_SECONDS_BETWEEN_TRIES = 0.1
# A connection of our own, which ends with us: Ray's options share one, and leave it open.
_OWN_CONNECTION = ["-o", "ControlMaster=no", "-o", "ControlPath=none"]


@contextmanager
def tunnel(cluster_file: Path) -> Iterator[str]:
    """The URL of the dashboard for as long as the context lasts.

    Args:
        cluster_file: the YAML that ``ray up`` was given, read as ``ray exec`` reads it.

    Raises:
        InputError: where the file is none, no head runs, or SSH does not get there.
    """
    port = _free_port()
    forward = f"127.0.0.1:{port}:127.0.0.1:{_DASHBOARD_PORT}"
    command = ["ssh", "-N", "-T", *_OWN_CONNECTION, "-L", forward, *_to_head(cluster_file)]
    try:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    except FileNotFoundError:
        raise InputError(f"{cluster_file}: there is no ssh here; install an OpenSSH client") from None
    try:
        _wait_until_open(process, port, cluster_file)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate()


def _to_head(cluster_file: Path) -> list[str]:
    """SSH's options and destination, from Ray's own reading of the cluster's file."""
    try:
        config = yaml.safe_load(cluster_file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{cluster_file}: cannot be read ({error.strerror}); give the YAML of a cluster") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise InputError(f"{cluster_file}: is no YAML; give the file that `ray up` was given") from None
    if not isinstance(config, dict) or not {"cluster_name", "provider"} <= set(config):
        raise InputError(f"{cluster_file}: is no cluster, it names no cluster_name and provider; see cluster/gpu.yaml")
    said = io.StringIO()  # Ray tells what it does, and why it gives up
    try:
        with redirect_stdout(said), redirect_stderr(said):
            runner = _runner_of_head(config, str(cluster_file))
            target = runner._get_ssh_target()
    except Exception as error:  # every cloud's library has exceptions of its own
        reason = " ".join(str(error).split()) or " ".join(said.getvalue().split()) or type(error).__name__
        raise InputError(
            f"{cluster_file}: its head cannot be found ({reason[:300]}); start the cluster with `ray up {cluster_file}`"
        ) from error
    return [*runner.ssh_options.to_ssh_options_list(timeout=int(_SECONDS_TO_CONNECT)), f"{runner.ssh_user}@{target}"]


def _runner_of_head(config: dict[str, Any], name: str) -> Any:
    """Ray's command runner for the head: it knows key, user, proxy and address."""
    from ray.autoscaler._private.commands import _bootstrap_config, _get_running_head_node
    from ray.autoscaler._private.providers import _get_node_provider

    config = _bootstrap_config(config)
    of_provider = config["provider"]
    provider = _get_node_provider(of_provider, config["cluster_name"])
    node = _get_running_head_node(config, name, None, _provider=provider)
    return provider.get_command_runner(
        log_prefix="",
        node_id=node,
        auth_config=config["auth"],
        cluster_name=config["cluster_name"],
        process_runner=subprocess,
        use_internal_ip=bool(of_provider.get("use_internal_ips") and not of_provider.get("use_external_head_ip")),
    )  # without docker_config: the tunnel ends on the host, whose network the container shares


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_open(process: subprocess.Popen[bytes], port: int, cluster_file: Path) -> None:
    deadline = time.monotonic() + _SECONDS_TO_CONNECT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said = process.stderr.read().decode(errors="replace") if process.stderr else ""
            lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith("Warning:")]
            raise InputError(
                f"{cluster_file}: SSH does not reach the head ({(lines or ['no reason given'])[-1][:200]}); check it with "
                f"`ray attach {cluster_file}`"
            )
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            time.sleep(_SECONDS_BETWEEN_TRIES)
        else:
            return
    raise InputError(
        f"{cluster_file}: no SSH tunnel within {_SECONDS_TO_CONNECT:.0f} s; check it with `ray attach {cluster_file}`"
    )
