"""The process's device, and TensorFlow's, XLA's and the allocator's settings, made before the first op."""

import ctypes
import mmap
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import distribution, version
from pathlib import Path
from typing import Any
from zlib import crc32

from tuner.collector import collect_rarely, collector_paused, leave_alone_what_is_there
from tuner.quiet import quiet_stderr
from tuner.user_cache import cache_folder

# Parameters of mallopt(3), from malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_MOST = 2**30


def keep_freed_memory() -> None:
    """Lets this process use again what it frees, instead of giving it to the system and asking for it anew.

    A compiled step takes all that it computes in one piece of some tens of megabytes and frees it at its end. By default
    glibc maps such a piece for each step, and the system fills it with zeros, page by page: a third of a step's time (GRU of 32
    units, batch 64: 39 to 42 ms a step with it, 28 to 32 ms without). Other systems' allocators stay as they are.
    """
    library = _glibc()
    if library is not None:
        library.mallopt(_MMAP_THRESHOLD, _MOST)
        library.mallopt(_TRIM_THRESHOLD, _MOST)


def give_back_freed_memory() -> None:
    """Returns to the system what is free now; between two trials, which may differ much in size."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """The C library, where it is GNU's."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if library is not None and hasattr(library, "gnu_get_libc_version") else None


_MOST_BYTES = 512 * 2**20  # a compiled step takes about 1.3 MB
# TensorFlow fails the step that it cannot store, so nothing is stored where the disk may fill up.
_FREE_BYTES_TO_WRITE = 2**30


def xla_folder() -> Path:
    """Of this machine, this TensorFlow and XLA's settings: a home may be shared by machines with other processors."""
    settings = crc32(os.environ.get("XLA_FLAGS", "").encode())
    return cache_folder("xla") / f"{platform.node()}-{version('tensorflow')}-{settings:08x}"


# What XLA's own settings spend on a program of ours they do not bring back: with these it takes 30 to 45 % less processor time
# to compile (bidirectional GRU of 16 units: 2.6 to 1.7 s), steps are as fast, and losses are equal to the last digit.
_QUICK_TO_COMPILE = ("--xla_cpu_use_fusion_emitters=false", "--xla_backend_optimization_level=1")


def compile_quickly() -> None:
    """Has XLA compile with less effort; to be called before TensorFlow is imported, and before `use_xla_cache`.

    Does nothing where XLA_FLAGS says something of its own, where there may be a GPU, whose code the settings concern too, or
    where this TensorFlow does not know them: it would end the process.
    """
    if "XLA_FLAGS" not in os.environ and not Path("/dev/nvidiactl").exists() and _known(_QUICK_TO_COMPILE):
        os.environ["XLA_FLAGS"] = " ".join(_QUICK_TO_COMPILE)


def _known(flags: Sequence[str]) -> bool:
    """Whether the names of all flags are in TensorFlow's library."""
    names = {flag.removeprefix("--").split("=")[0].encode() for flag in flags}
    for library in Path(str(distribution("tensorflow").locate_file("tensorflow"))).glob("libtensorflow_framework.*"):
        with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            names = {name for name in names if content.find(name) < 0}
    return not names


def use_xla_cache() -> None:
    """Turns the cache on in this process; to be called before TensorFlow is imported.

    Does nothing where TF_XLA_FLAGS says something of its own, or where the folder cannot be made: then every process compiles
    for itself, as it would without a cache. On a GPU XLA's cache stays off: a step there is quickly compiled or cuDNN's.
    """
    if "TF_XLA_FLAGS" in os.environ:
        return
    folder = xla_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _drop_oldest(folder)
        may_write = os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= _FREE_BYTES_TO_WRITE
    except OSError:
        return
    read_only = str(not may_write).lower()
    os.environ["TF_XLA_FLAGS"] = (
        f"--tf_xla_persistent_cache_directory={folder} --tf_xla_persistent_cache_read_only={read_only} "
        "--tf_xla_persistent_cache_device_types=CPU"
    )


def drop_xla_cache() -> bool:
    """Deletes this machine's compiled programs, one of which may be damaged; returns whether there were any to delete."""
    folder = xla_folder()
    found = list(folder.iterdir()) if folder.is_dir() else []
    try:
        for path in found:
            path.unlink(missing_ok=True)
    except OSError:  # of somebody else, or read-only
        return False
    return bool(found)


def _drop_oldest(folder: Path) -> None:
    """Keeps the newest programs, ``_MOST_BYTES`` of them. Other workers may do the same at this moment."""
    room = _MOST_BYTES
    found = []
    for path in folder.iterdir():
        try:
            found.append((path.stat(), path))
        except FileNotFoundError:
            continue
    for status, path in sorted(found, key=lambda pair: -pair[0].st_mtime_ns):
        room -= status.st_size
        if room < 0:
            path.unlink(missing_ok=True)


@contextmanager
def hidden(*modules: str) -> Iterator[None]:
    """Within it, modules that are not imported yet count as not installed."""
    kept_out = [module for module in modules if module not in sys.modules]
    sys.modules.update(dict.fromkeys(kept_out))  # type: ignore[arg-type]  # None is what Python takes for "not there"
    try:
        yield
    finally:
        for module in kept_out:
            del sys.modules[module]


_prepared: list[Any] = []  # the module, once its settings are made


def prepare_tensorflow(threads: int, gpu_memory: int | None = None) -> Any:
    """Imports TensorFlow with this process's settings and returns the module. Later calls change nothing.

    Silences the C++ log below errors, lets XLA compile quickly and keep compiled programs on disk, keeps freed memory for the
    next step, and gives operations ``threads`` threads of the CPU.

    Ray's fractions of a GPU are no limit for TensorFlow. A process that shares its GPU gets one: with growth alone, trials
    side by side take what they can until one of them, any one, finds nothing left. A process with a GPU of its own lets
    memory grow with use, so that others (a desktop, another program) have what it does not need.

    Args:
        threads: of an operation on the CPU.
        gpu_memory: bytes of its GPU that the process may take, None for as much as it needs.

    Raises:
        RuntimeError: where the process has to share its GPU, and TensorFlow has computed in it before.
    """
    if _prepared:
        return _prepared[0]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Which operations oneDNN takes over depends on the batch at hand; without it a sum has one order everywhere.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    keep_freed_memory()
    compile_quickly()
    use_xla_cache()
    with collector_paused():
        import tensorflow as tf

    try:
        _set_devices(tf, threads, gpu_memory)
    except RuntimeError:
        # TensorFlow has computed in this process before, as in a user's notebook; threads and memory stay as they are there.
        if gpu_memory is not None:
            raise
    _prepared.append(tf)
    return tf


def _set_devices(tf: Any, threads: int, gpu_memory: int | None) -> None:
    """Sets threads and GPU memory; TensorFlow raises a RuntimeError where it has computed before."""
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    for gpu in tf.config.list_physical_devices("GPU"):
        if gpu_memory is None:
            tf.config.experimental.set_memory_growth(gpu, enable=True)
        else:
            limit = tf.config.LogicalDeviceConfiguration(memory_limit=gpu_memory // 2**20)
            tf.config.set_logical_device_configuration(gpu, [limit])


def on_gpu() -> bool:
    """Whether TensorFlow sees a GPU in this process."""
    import tensorflow as tf

    return bool(tf.config.list_physical_devices("GPU"))


def quiet_tensorflow(threads: int) -> Any:
    """TensorFlow with this process's settings (see ``prepare_tensorflow``), imported without a sound."""
    with quiet_stderr():
        return prepare_tensorflow(threads)


def prepare_own_process(threads: int, gpu_memory: int | None = None) -> None:
    """As ``prepare_tensorflow``, with Keras, for a process in which nobody else's code runs yet: 1.7 s, not the usual 2.7.

    TensorFlow imports ``googleapiclient`` for Google's machines and Keras scikit-learn for its wrappers, which are left out.
    What all of it made stays, and the collector of cycles is told so.
    """
    collect_rarely()
    with collector_paused(), hidden("googleapiclient", "sklearn"):
        prepare_tensorflow(threads, gpu_memory)
        import keras  # noqa: F401
    leave_alone_what_is_there()
