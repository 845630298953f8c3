"""The GPUs of a node, by NVIDIA's management library, which comes with the driver and does not touch the GPUs."""

from typing import Any


def gpus_of_node() -> list[dict[str, Any]]:
    """Name and memory in bytes of each GPU of this machine, in the driver's order; none where there is no driver."""
    from ray._private.thirdparty import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return []
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        return [
            {
                "name": _text(pynvml.nvmlDeviceGetName(handle)),
                "memory": int(pynvml.nvmlDeviceGetMemoryInfo(handle).total),
            }
            for handle in handles
        ]
    finally:
        pynvml.nvmlShutdown()


def _text(name: Any) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else str(name)
