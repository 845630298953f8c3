"""How an error leaves a worker: as text and figures, so that whoever hears of it need not import what raised it."""

import sys
import traceback

_LINES = 3
_LENGTH = 400
_NO_MEMORY = ("RESOURCE_EXHAUSTED", "OOM when allocating", "CUDA_ERROR_OUT_OF_MEMORY", "Out of memory while trying")


class TrialError(Exception):
    """An error within a trial.

    Attributes:
        message: its last lines, without colours or line breaks.
        out_of_memory: whether the host or the GPU had no more memory to give.
        peak_bytes: where memory ran out, the most that the process held: on the GPU if it has one, else on the host.
    """

    def __init__(self, message: str, out_of_memory: bool = False, peak_bytes: int | None = None) -> None:
        """All of it goes into ``args``, by which exceptions travel between processes."""
        super().__init__(message, out_of_memory, peak_bytes)
        self.message = message
        self.out_of_memory = out_of_memory
        self.peak_bytes = peak_bytes


def broken_by(error: Exception) -> TrialError:
    """What is to be told of an error that a trial raised."""
    lines = [line.strip() for part in traceback.format_exception(error) for line in part.splitlines()]
    message = " | ".join([line for line in lines if line][-_LINES:])[-_LENGTH:]
    if not (isinstance(error, MemoryError) or any(sign in str(error) for sign in _NO_MEMORY)):
        return TrialError(message)
    named = next((line for line in lines if any(sign in line for sign in _NO_MEMORY)), message)
    return TrialError(named[:_LENGTH], out_of_memory=True, peak_bytes=_peak_bytes())


def _peak_bytes() -> int:
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # kibibytes on Linux
