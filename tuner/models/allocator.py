"""The C library's allocator, told to keep what a training step frees for the next step."""

import ctypes
import sys

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
