"""The process's device and TensorFlow's settings, made before the first op."""

import os
from typing import Any

from tuner.models.allocator import keep_freed_memory
from tuner.models.xla_cache import use_xla_cache

_prepared: list[Any] = []  # the module, once its settings are made


def prepare_tensorflow(threads: int, gpu_memory: int | None = None) -> Any:
    """Imports TensorFlow with this process's settings and returns the module. Later calls change nothing.

    Silences the C++ log below errors, lets XLA keep compiled programs on disk, keeps freed memory for the next step, and gives
    operations ``threads`` threads of the CPU.

    Ray's fractions of a GPU are no limit for TensorFlow. A process that shares its card gets one: with growth alone, trials
    side by side take what they can until one of them, any one, finds nothing left. A process with a card of its own lets
    memory grow with use, so that others (a desktop, another program) have what it does not need.

    Args:
        threads: of an operation on the CPU.
        gpu_memory: bytes of its card that the process may take, None for as much as it needs.
    """
    if _prepared:
        return _prepared[0]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Which operations oneDNN takes over depends on the batch at hand; without it a sum has one order everywhere.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    keep_freed_memory()
    use_xla_cache()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for gpu in tf.config.list_physical_devices("GPU"):
        if gpu_memory is None:
            tf.config.experimental.set_memory_growth(gpu, enable=True)
        else:
            limit = tf.config.LogicalDeviceConfiguration(memory_limit=gpu_memory // 2**20)
            tf.config.set_logical_device_configuration(gpu, [limit])
    _prepared.append(tf)
    return tf


def on_gpu() -> bool:
    """Whether TensorFlow sees a GPU in this process."""
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))
