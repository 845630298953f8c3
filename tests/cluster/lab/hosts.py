"""A network on this machine and hosts on it: namespaces with an address, a disk, processes and an ssh server of their own.

They share this machine's processors and memory, and each of them reports all of it.
"""

import hashlib
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from cluster.files import ROOT

_BRIDGE = "lab0"
_SCRIPT = Path(__file__).with_name("host.sh")
_PTH = "_editable_impl_frontier_tuner.pth"


def ip(*arguments: str) -> None:
    """Runs ``ip``."""
    subprocess.run(["ip", *arguments], check=True)


@dataclass
class Network:
    """A bridge; this side of it has the gateway's address.

    Attributes:
        gateway: address of the machine that launches.
        length: of the network's prefix.
        scratch: a folder for the hosts' disks, logs and keys.
        profile: lines for the hosts' ``.bashrc``: what an image would bring.
    """

    gateway: str
    length: int
    scratch: Path
    profile: str
    hosts: dict[str, "Host"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ip("link", "add", _BRIDGE, "type", "bridge", "forward_delay", "0")
        ip("addr", "add", f"{self.gateway}/{self.length}", "dev", _BRIDGE)
        ip("link", "set", _BRIDGE, "up")
        self.keys.mkdir()
        _make_key(self.keys / "host_key")

    @property
    def keys(self) -> Path:
        """The folder with the hosts' own key and the keys that may log in."""
        return self.scratch / "keys"

    def let_in(self, private_key: Path) -> None:
        """From now on, hosts start with this key as the one that may log in."""
        public = subprocess.run(["ssh-keygen", "-y", "-f", private_key], check=True, capture_output=True).stdout
        (self.keys / "authorized_keys").write_bytes(public)

    def start(self, name: str, address: str, public: str | None = None) -> "Host":
        """A new host. It answers on port 22 after about a second.

        Args:
            name: not longer than a link's name may be, less one: 14.
            address: on this network.
            public: a second address, from anywhere.
        """
        place = self.scratch / name
        place.mkdir()
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "PLACE": str(place),
            "NAME": name,
            "ADDRESS": address,
            "KEYS": str(self.keys),
            "VENV": sys.prefix,
            "PYTHON": sys.base_prefix,
            "PTH": str((_site_packages() / _PTH).relative_to(sys.prefix)),
            "MADE_FROM": _made_from(),
            "PROFILE": self.profile,
        }
        process = subprocess.Popen(
            ["unshare", *("--net", "--mount", "--pid", "--uts", "--ipc"), "--fork", "--kill-child", "bash", _SCRIPT],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=(self.scratch / f"{name}.log").open("w"),
            stderr=subprocess.STDOUT,
        )
        host = Host(name, process)
        _wait_for_a_network_of_its_own(process)
        ip("link", "add", host.link, "type", "veth", "peer", "name", "eth0", "netns", str(process.pid))
        ip("link", "set", host.link, "master", _BRIDGE, "up")
        host.ip("link", "set", "lo", "up")
        host.ip("link", "set", "eth0", "up")
        if public is not None:
            host.ip("addr", "add", f"{public}/32", "dev", "eth0")
            ip("route", "replace", f"{public}/32", "dev", _BRIDGE)
        host.ip("addr", "add", f"{address}/{self.length}", "dev", "eth0")
        host.ip("route", "add", "default", "via", self.gateway, "src", address)  # Ray takes its own address from it
        self.hosts[name] = host
        return host


@dataclass
class Host:
    """A running host."""

    name: str
    process: "subprocess.Popen[bytes]"

    @property
    def link(self) -> str:
        """Its link on this side of the network."""
        return f"v{self.name[-14:]}"

    def ip(self, *arguments: str) -> None:
        """Runs ``ip`` on it."""
        subprocess.run(["nsenter", f"--net=/proc/{self.process.pid}/ns/net", "ip", *arguments], check=True)

    def path(self, inside: str) -> Path:
        """Where a path of the host lies for this side."""
        (first,) = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return Path(f"/proc/{first}/root{inside}")

    def kill(self) -> None:
        """It dies at once, with all of its processes; whoever talks to it is told so."""
        self.process.kill()
        self.process.wait()

    def cut(self) -> None:
        """It lives, but nothing reaches it, and nobody is told."""
        ip("link", "set", self.link, "down")

    def is_running(self) -> bool:
        """Whether it has not been killed."""
        return self.process.poll() is None


def _wait_for_a_network_of_its_own(process: "subprocess.Popen[bytes]") -> None:
    ours = Path("/proc/self/ns/net").readlink()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{process.pid}/ns/net").readlink() == ours:
        if time.monotonic() > deadline or process.poll() is not None:
            raise RuntimeError("a host has not left this network")
        time.sleep(0.01)


def _make_key(file: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file], check=True)


def _site_packages() -> Path:
    return next(Path(sys.prefix, "lib").glob("python*/site-packages"))


def _made_from() -> str:
    """What install.sh writes into an environment when it has installed the project and these dependencies."""
    content = b"".join((ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    digest = hashlib.sha256(content).hexdigest()
    return "\n".join(f"{extras} {digest}  -" for extras in ("cluster", "cluster,gpu"))
