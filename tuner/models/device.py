"""The process's device and TensorFlow's settings, made before the first op."""

import os
from typing import Any

from tuner.models.xla_cache import use_xla_cache

_prepared: list[Any] = []  # the module, once its settings are made


def prepare_tensorflow(threads: int) -> Any:
    """Imports TensorFlow with this process's settings and returns the module. Later calls change nothing.

    Silences the C++ log below errors, lets XLA keep compiled programs on disk, lets GPU memory grow with use instead of
    taking the whole card (Ray's fractions of a GPU are no limit for TensorFlow), and gives operations ``threads`` threads of
    the CPU.
    """
    if _prepared:
        return _prepared[0]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Which operations oneDNN takes over depends on the batch at hand; without it a sum has one order everywhere.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    use_xla_cache()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, enable=True)
    _prepared.append(tf)
    return tf


def on_gpu() -> bool:
    """Whether TensorFlow sees a GPU in this process."""
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))
