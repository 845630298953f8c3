"""How a worker bounds its memory on a GPU, with GPUs and a TensorFlow that are made up."""

import sys
from types import SimpleNamespace

import pytest

from tuner.errors import InputError
from tuner.models import device
from tuner.search.gpu_sharing import CONTEXT
from tuner.search.ray_tune import gpus, trainable

GIB = 2**30


@pytest.fixture
def tensorflow(monkeypatch):
    """Records what is asked of two GPUs."""
    calls = []
    config = SimpleNamespace(
        threading=SimpleNamespace(
            set_intra_op_parallelism_threads=lambda _: None, set_inter_op_parallelism_threads=lambda _: None
        ),
        list_physical_devices=lambda _: ["gpu 0", "gpu 1"],
        experimental=SimpleNamespace(set_memory_growth=lambda gpu, enable: calls.append((gpu, "growth", enable))),
        LogicalDeviceConfiguration=lambda memory_limit: memory_limit,
        set_logical_device_configuration=lambda gpu, limits: calls.append((gpu, "limit", limits)),
    )
    monkeypatch.setitem(sys.modules, "tensorflow", SimpleNamespace(config=config))
    monkeypatch.setattr(device, "_prepared", [])
    return calls


def test_a_gpu_of_its_own_grows(tensorflow):
    device.prepare_tensorflow(1)
    assert tensorflow == [("gpu 0", "growth", True), ("gpu 1", "growth", True)]


def test_a_shared_gpu_has_a_limit_in_mebibytes(tensorflow):
    device.prepare_tensorflow(1, 3 * GIB)
    assert tensorflow == [("gpu 0", "limit", [3072]), ("gpu 1", "limit", [3072])]


def test_a_tensorflow_that_has_computed_stays_as_it_is(tensorflow, monkeypatch):
    def too_late(_):
        raise RuntimeError("Intra op parallelism cannot be modified after initialization.")

    threading = sys.modules["tensorflow"].config.threading
    monkeypatch.setattr(threading, "set_intra_op_parallelism_threads", too_late)
    with pytest.raises(RuntimeError, match="after initialization"):
        device.prepare_tensorflow(1, 3 * GIB)
    assert device.prepare_tensorflow(1) is sys.modules["tensorflow"]
    assert tensorflow == []


@pytest.mark.parametrize(
    ("share", "limit"), [(0.0, None), (1.0, None), (2.0, None), (0.5, 8 * GIB - CONTEXT), (0.25, 4 * GIB - CONTEXT)]
)
def test_the_limit_is_in_proportion_to_the_smallest_gpu(share, limit, monkeypatch):
    monkeypatch.setattr(trainable, "gpus_of_node", lambda: [{"memory": 24 * GIB}, {"memory": 16 * GIB}])
    assert trainable._gpu_memory(share) == limit


def test_a_share_without_a_gpu_has_no_limit(monkeypatch):
    monkeypatch.setattr(trainable, "gpus_of_node", list)
    assert trainable._gpu_memory(0.5) is None


def test_a_share_that_leaves_nothing_is_refused(monkeypatch):
    monkeypatch.setattr(trainable, "gpus_of_node", lambda: [{"memory": 16 * GIB}])
    with pytest.raises(InputError, match=r"gpus_per_trial=0\.01: too small a share of a 16 GiB GPU"):
        trainable._gpu_memory(0.01)


@pytest.mark.ray
def test_the_gpus_of_a_driver(monkeypatch):
    from ray._private.thirdparty import pynvml

    names = [b"NVIDIA A10G", "NVIDIA H100"]
    for name, value in {
        "nvmlInit": lambda: None,
        "nvmlShutdown": lambda: None,
        "nvmlDeviceGetCount": lambda: 2,
        "nvmlDeviceGetHandleByIndex": lambda index: index,
        "nvmlDeviceGetName": lambda index: names[index],
        "nvmlDeviceGetMemoryInfo": lambda index: SimpleNamespace(total=(index + 1) * GIB),
    }.items():
        monkeypatch.setattr(pynvml, name, value)
    assert gpus.gpus_of_node() == [{"name": "NVIDIA A10G", "memory": GIB}, {"name": "NVIDIA H100", "memory": 2 * GIB}]


@pytest.mark.ray
def test_no_driver_no_gpus(monkeypatch):
    from ray._private.thirdparty import pynvml

    def init():
        raise pynvml.NVMLError_LibraryNotFound

    monkeypatch.setattr(pynvml, "nvmlInit", init)
    assert gpus.gpus_of_node() == []
