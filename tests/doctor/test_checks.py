import copy

import pytest

from tuner.doctor.checks import Node, checks
from tuner.doctor.examination import storage_check

GPU = {"name": "NVIDIA A10G", "memory": 24 * 2**30}
FACTS = {
    "host": "a",
    "python": "3.11.7",
    "executable": "python",
    "packages": {
        "frontier-tuner": "0.1.0",
        "tensorflow": "2.21.0",
        "keras": "3.15.1",
        "ray": "2.60.0",
        "numpy": "2.4.6",
    },
    "unmet": [],
    "tensorflow_gpus": [],
    "driver_gpus": [],
    "token": "abc",
    "asks_for_token": True,
    "open_ports": [{"port": 6379, "owner": "ray gcs"}],
    "temporary": "/tmp",
    "free_disk": 50e9,
}


def node(name="10.0.0.1", *, gpus=0.0, store=2**30, **changes):
    return Node(name, {**copy.deepcopy(FACTS), **changes}, gpus, store)


def lines(*nodes):
    """What is not ok, as "name: text"; every such line has a remedy, and no other has."""
    found = checks(nodes)
    assert all(bool(check.remedy) == (check.status != "ok") for check in found)
    return [f"{check.status} {check.name}: {check.text}" for check in found if check.status != "ok"]


def text(name, *nodes):
    """The texts of all lines of a name."""
    return [check.text for check in checks(nodes) if check.name == name]


def test_all_is_well():
    assert lines(node()) == []
    assert lines(node(), node("10.0.0.2")) == []


def test_a_python_that_is_not_supported():
    assert lines(node(python="3.10.2")) == ["failed python: 3.10.2"]
    assert lines(node(python="3.13.0")) == ["failed python: 3.13.0"]


def test_nodes_of_different_pythons():
    assert lines(node(), node("10.0.0.2", python="3.12.1")) == ["failed python: 3.11.7 on 10.0.0.1; 3.12.1 on 10.0.0.2"]
    assert lines(node(), node("10.0.0.2", python="3.11.9")) == []


def test_versions_that_differ_are_told_with_their_nodes():
    other = node("10.0.0.2", packages={**FACTS["packages"], "keras": "3.12.0"})
    assert lines(node(), other, node("10.0.0.3")) == ["failed keras: 3.15.1 on 10.0.0.1, 10.0.0.3; 3.12.0 on 10.0.0.2"]


def test_a_package_that_is_missing():
    bare = {**FACTS["packages"], "tensorflow": None}
    assert lines(node(packages=bare)) == ["failed tensorflow: missing"]
    own = {**FACTS["packages"], "frontier-tuner": None}
    assert lines(node(packages=own)) == ["warning frontier-tuner: not installed; `tuner submit` sends it along"]
    assert lines(node(), node("b", packages=own)) == ["failed frontier-tuner: 0.1.0 on 10.0.0.1; missing on b"]


def test_requirements_that_are_not_met():
    assert lines(node(unmet=["optuna>=5.0 (4.1)"])) == ["failed requirements: optuna>=5.0 (4.1) on 10.0.0.1"]


@pytest.mark.parametrize(
    ("counted", "seen", "line"),
    [
        (1.0, [], "failed GPUs: TensorFlow sees 0, Ray counts 1 (NVIDIA A10G, 24 GiB)"),
        (0.0, ["A10G"], "warning GPUs: TensorFlow sees 1, Ray counts 0 (NVIDIA A10G, 24 GiB)"),
        (0.0, [], "failed GPUs: TensorFlow sees 0, Ray counts 0 (NVIDIA A10G, 24 GiB), the driver knows 1"),
        (1.0, "DLL load failed", "failed GPUs: TensorFlow cannot be asked: DLL load failed"),
    ],
)
def test_gpus_that_are_not_used(counted, seen, line):
    assert lines(node(gpus=counted, tensorflow_gpus=seen, driver_gpus=[GPU])) == [line]


def test_gpus_that_are_used_choose_the_kernels():
    with_gpu = node("gpu", gpus=1.0, tensorflow_gpus=["A10G"], driver_gpus=[GPU])
    assert lines(with_gpu) == []
    assert text("GPUs", with_gpu) == ["TensorFlow sees 1, Ray counts 1 (NVIDIA A10G, 24 GiB)"]
    assert text("GPUs", node()) == ["no GPU: 0"]
    kernels = text("kernel", with_gpu, node("head"))
    assert kernels[0].startswith("lstm, gru on gpu: cuDNN, ")
    assert kernels[1].startswith("simple_rnn, elman, mlp, none on gpu: Keras layers under XLA, ")
    assert kernels[2].startswith("lstm, gru, simple_rnn, elman, mlp, none on head: fast recurrence, ")
    (sharing,) = text("sharing", with_gpu, node("head"))
    assert sharing.startswith("how many trials fit on a GPU on gpu is an estimate that was never measured on one")
    assert text("sharing", node("head")) == []


def test_tokens_that_are_not_the_same():
    other = node("10.0.0.2", token="def")
    assert lines(node(), other) == ["failed token: the nodes have different tokens"]
    assert lines(node(), node("10.0.0.2", asks_for_token=False)) == [
        "failed token: asked for on 10.0.0.1; not asked for on 10.0.0.2"
    ]


def test_no_token_is_worse_where_others_reach_ray():
    said = "not asked for: whoever reaches Ray's ports runs programs there"
    assert lines(node(asks_for_token=False)) == [f"failed token: {said}"]
    assert lines(node(asks_for_token=False, open_ports=[])) == [f"warning token: {said}"]


def test_a_dashboard_beyond_the_loopback():
    ports = [{"port": 8265, "owner": "ray dashboard"}, {"port": 22, "owner": "sshd"}, {"port": 1, "owner": None}]
    (line,) = lines(node(open_ports=ports))
    assert line.startswith("failed ports: the dashboard listens beyond loopback on 8265; ")
    assert line.endswith("ray dashboard 8265; sshd 22; unknown 1")
    assert text("ports", node(open_ports=[])) == ["nothing listens beyond loopback"]


def test_a_small_object_store():
    assert lines(node(store=2**26)) == ["warning object store: 64 MiB on 10.0.0.1: room for 16,777,216 words"]


def test_little_disk():
    assert lines(node(free_disk=2e9)) == ["warning disk: 2.0 GB free in /tmp of 10.0.0.1"]
    assert lines(node(), node("b", free_disk=1e8)) == ["failed disk: 0.1 GB free in /tmp of b"]


def test_this_machine_without_ray():
    alone = Node("here", {**FACTS, "asks_for_token": None, "token": None, "open_ports": []})
    assert lines(alone) == []
    assert text("object store", alone) == []


NOWHERE = "gs://anonymous@bucket/x?scheme=http&endpoint_override=127.0.0.1:1&retry_limit_seconds=0.1"


def test_where_runs_are_kept(tmp_path):
    assert storage_check(tmp_path / "runs", nodes=1).status == "ok"
    warned = storage_check(tmp_path / "runs", nodes=2)
    assert (warned.status, "goes with the disk of this node" in warned.text) == ("warning", True)
    assert not (tmp_path / "runs").exists()
    assert storage_check(NOWHERE, nodes=2).status == "failed"
