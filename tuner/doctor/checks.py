"""What follows from the facts of the nodes: one line each, with a remedy where something is to be done."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from tuner.models.cells import CELLS
from tuner.training.batching import MOST_UNITS
from tuner.training.program_key import Kernel, kernel_of

Status = Literal["ok", "warning", "failed"]

OLDEST_PYTHON, NEXT_PYTHON = (3, 11), (3, 13)
LEAST_DISK, LITTLE_DISK = 0.5e9, 5e9
LITTLE_STORE = 256 * 2**20


@dataclass(frozen=True)
class Check:
    """One line of the doctor.

    Attributes:
        name: what was looked at.
        status: ok, warning or failed.
        text: what was found.
        remedy: what to do, empty where all is well.
    """

    name: str
    status: Status
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class Node:
    """One node.

    Attributes:
        name: its address in the cluster; "here" where there is no cluster.
        facts: of ``tuner.doctor.probe.facts``.
        gpus: GPUs that Ray counts there, None where there is no Ray.
        store: bytes of its object store, likewise.
    """

    name: str
    facts: dict[str, Any]
    gpus: float | None = None
    store: float | None = None


def checks(nodes: Sequence[Node]) -> list[Check]:
    """All lines that follow from the nodes."""
    kinds: tuple[Callable[[Sequence[Node]], Iterable[Check]], ...] = (
        python_check, package_checks, requirement_check, gpu_checks, kernel_checks, token_check, port_checks, store_check,
        disk_check,
    )  # fmt: skip
    return [line for kind in kinds for line in kind(nodes)]


def python_check(nodes: Sequence[Node]) -> Iterable[Check]:
    """Whether every node's Python is one that the package supports, and they are one."""
    versions = _by(nodes, lambda node: node.facts["python"])
    wrong = [text for text in versions if not OLDEST_PYTHON <= tuple(map(int, text.split(".")[:2])) < NEXT_PYTHON]
    if wrong:
        yield Check("python", "failed", _told(versions), "make the environment with Python 3.11 or 3.12")
    elif len({text.rpartition(".")[0] for text in versions}) > 1:
        yield Check(
            "python", "failed", _told(versions), "Ray needs the same Python on all nodes; make their environments alike"
        )
    else:
        yield Check("python", "ok", _told(versions))


def package_checks(nodes: Sequence[Node]) -> Iterable[Check]:
    """Whether each package that computes or talks has one version on all nodes."""
    for name in nodes[0].facts["packages"]:
        versions = _by(nodes, partial(_version_of, name))
        remedy = f"install the same version on all nodes: pip install -c constraints.txt {name}"
        if name == "frontier-tuner":
            remedy = "install the same version on all nodes: pip install -c constraints.txt -e ."
            if set(versions) == {"missing"}:
                yield Check(name, "warning", "not installed; `tuner submit` sends it along", remedy)
                continue
        good = len(versions) == 1 and "missing" not in versions
        yield Check(name, "ok", _told(versions)) if good else Check(name, "failed", _told(versions), remedy)


def _version_of(name: str, node: Node) -> str:
    return node.facts["packages"][name] or "missing"


def requirement_check(nodes: Sequence[Node]) -> Iterable[Check]:
    """Whether what the package asks for is there, in versions that it allows."""
    unmet = _by(nodes, lambda node: ", ".join(node.facts["unmet"]))
    if set(unmet) == {""}:
        yield Check("requirements", "ok", "all met")
        return
    text = "; ".join(f"{what} on {_listed(names)}" for what, names in unmet.items() if what)
    yield Check("requirements", "failed", text, "pip install -c constraints.txt -e . on these nodes")


def gpu_checks(nodes: Sequence[Node]) -> Iterable[Check]:
    """Whether TensorFlow sees the GPUs that the driver knows and Ray hands out."""
    for node in nodes:
        seen, gpus = node.facts["tensorflow_gpus"], node.facts["driver_gpus"]
        name = "GPUs" if len(nodes) == 1 else f"GPUs of {node.name}"
        if isinstance(seen, str):
            yield Check(name, "failed", f"TensorFlow cannot be asked: {seen}", "repair TensorFlow there: pip install -c "
                        "constraints.txt tensorflow")  # fmt: skip
            continue
        counted = len(gpus) if node.gpus is None else node.gpus
        who = "the driver" if node.gpus is None else "Ray"
        memory = f" ({gpus[0]['name']}, {gpus[0]['memory'] / 2**30:.0f} GiB)" if gpus else ""
        text = f"TensorFlow sees {len(seen)}, {who} counts {counted:g}{memory}"
        if counted > len(seen):
            yield Check(name, "failed", text, "pip install -c constraints.txt '.[gpu]' there, and compare `nvidia-smi`")
        elif counted < len(seen):
            yield Check(name, "warning", text, f"start Ray there with --num-gpus={len(seen)}, or they stay unused")
        elif counted == 0 and gpus:
            yield Check(
                name,
                "failed",
                f"{text}, the driver knows {len(gpus)}",
                "pip install -c constraints.txt '.[gpu]' there",
            )
        else:
            yield Check(name, "ok", "no GPU: 0" if counted == 0 else text)


def kernel_checks(nodes: Sequence[Node]) -> Iterable[Check]:
    """Which kernel each cell would use on each kind of node, and why."""
    kinds = _by(
        nodes, lambda node: bool(node.facts["tensorflow_gpus"]) and not isinstance(node.facts["tensorflow_gpus"], str)
    )
    for gpu, names in kinds.items():
        where = "" if len(kinds) == 1 else f" on {_listed(names)}"
        kernels: dict[Kernel, list[str]] = {}
        for cell in (*CELLS, "mlp", "none"):
            kernels.setdefault(kernel_of(cell, one_hot=False, gpu=bool(gpu)), []).append(cell)
        for kernel, cells in kernels.items():
            yield Check("kernel", "ok", f"{', '.join(cells)}{where}: {kernel.value}, {_why(kernel)}")
        if gpu:
            detail = (
                f"how many trials fit on a GPU{where} is an estimate that was never measured on one; give a fraction where "
                "memory runs out (bash tests/benchmarks/on_gpu.sh measures it)"
            )
            yield Check("sharing", "ok", detail)


def _why(kernel: Kernel) -> str:
    match kernel:
        case Kernel.CUDNN:
            return "a GPU is there (one-hot words: fast recurrence under XLA)"
        case Kernel.LAYERS:
            return "a GPU is there, and cuDNN has no kernel for them"
        case Kernel.RECURRENCE:
            return f"no GPU is there; XLA compiles it up to {MOST_UNITS} units where that saves more than it costs"


def token_check(nodes: Sequence[Node]) -> Iterable[Check]:
    """Whether the nodes agree on tokens, and there is one where others can reach Ray."""
    if all(node.gpus is None for node in nodes):
        has = nodes[0].facts["token"] is not None
        yield Check(
            "token", "ok", "this machine has a token" if has else "no token; a local search makes one where it needs it"
        )
        return
    states = _by(nodes, lambda node: "asked for" if node.facts["asks_for_token"] else "not asked for")
    if len(states) > 1 or len({node.facts["token"] for node in nodes if node.facts["asks_for_token"]}) > 1:
        text = _told(states) if len(states) > 1 else "the nodes have different tokens"
        remedy = "give all nodes one ~/.ray/auth_token, and RAY_AUTH_MODE=token before `ray start` and in ~/.bashrc"
        yield Check("token", "failed", text, remedy)
    elif "asked for" in states:
        yield Check("token", "ok", "asked for on every node")
    else:
        reachable = any((port["owner"] or "").startswith("ray ") for node in nodes for port in node.facts["open_ports"])
        remedy = "run `ray get-auth-token --generate`, copy ~/.ray/auth_token to all nodes, start them with RAY_AUTH_MODE=token"
        text = "not asked for: whoever reaches Ray's ports runs programs there"
        yield Check("token", "failed" if reachable else "warning", text, remedy)


def port_checks(nodes: Sequence[Node]) -> Iterable[Check]:
    """What listens beyond the loopback: the dashboard must not, the rest of Ray has to be behind a firewall."""
    for node in nodes:
        name = "ports" if len(nodes) == 1 else f"ports of {node.name}"
        ports = node.facts["open_ports"]
        dashboard = [str(port["port"]) for port in ports if port["owner"] == "ray dashboard"]
        owners = _by_owner(ports)
        text = f"beyond loopback: {owners}" if owners else "nothing listens beyond loopback"
        if dashboard:
            remedy = "start the head with --dashboard-host=127.0.0.1, and reach it through SSH, as `tuner submit` does"
            yield Check(
                name, "failed", f"the dashboard listens beyond loopback on {', '.join(dashboard)}; {text}", remedy
            )
        else:
            yield Check(name, "ok", text)


def _by_owner(ports: Sequence[dict[str, Any]]) -> str:
    owners: dict[str, list[str]] = {}
    for port in ports:
        owners.setdefault(port["owner"] or "unknown", []).append(str(port["port"]))
    return "; ".join(
        f"{owner} {', '.join(numbers[:4])}{' ...' * (len(numbers) > 4)}" for owner, numbers in owners.items()
    )


def store_check(nodes: Sequence[Node]) -> Iterable[Check]:
    """Whether the object stores have room for data, and the shared memory has room for them."""
    sizes = {node.name: node.store for node in nodes if node.store is not None}
    if not sizes:
        return
    name, least = min(sizes.items(), key=lambda item: item[1])
    text = f"at least {least / 2**20:,.0f} MiB a node (four bytes a word: a million texts of 100 words are 381 MiB)"
    if least < LITTLE_STORE:
        yield Check("object store", "warning", f"{least / 2**20:,.0f} MiB on {name}: room for {int(least) // 4:,} words",
                    "start Ray with more --object-store-memory, where the data are larger")  # fmt: skip
    else:
        yield Check("object store", "ok", text)


def disk_check(nodes: Sequence[Node]) -> Iterable[Check]:
    """Whether there is room for what Ray and the workers write."""
    node = min(nodes, key=lambda node: node.facts["free_disk"])
    free, place = node.facts["free_disk"], f"{node.facts['temporary']} of {node.name}"
    text = f"{free / 1e9:,.1f} GB free in {place}"
    if free < LITTLE_DISK:
        yield Check("disk", "failed" if free < LEAST_DISK else "warning", text, f"make room in {place}, or set TMPDIR")
    else:
        yield Check("disk", "ok", text)


def _by(nodes: Sequence[Node], value: Callable[[Node], Any]) -> dict[Any, list[str]]:
    """Names of nodes by a value of theirs."""
    found: dict[Any, list[str]] = {}
    for node in nodes:
        found.setdefault(value(node), []).append(node.name)
    return found


def _told(values: dict[Any, list[str]]) -> str:
    if len(values) == 1:
        return str(next(iter(values)))
    return "; ".join(f"{value} on {_listed(names)}" for value, names in values.items())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
