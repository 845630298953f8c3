"""How many trials share a GPU: what follows from the memory that the largest of them is predicted to take."""

from math import floor

from tuner.models.memory import TrainingMemory
from tuner.runs.settings import GpuSharingSettings
from tuner.training.program_key import PROGRAMS_KEPT

# None of the constants was measured on a GPU; they are on the safe side of what TensorFlow and NVIDIA say of theirs.
CONTEXT = 700 * 2**20
"""Bytes of a GPU that a process takes beside TensorFlow's memory: the CUDA context, cuDNN's and cuBLAS' code."""
_WORKSPACE = 512 * 2**20  # of TensorFlow's memory, for what kernels borrow while they run, and for gaps between tensors
# The estimate counts what the fast recurrence keeps for the backward pass. Keras' layers keep whole sequences between
# themselves, cuDNN reserves as much again, and an evaluation has other batches.
_LAYERS_TO_RECURRENCE = 3.0
MOST_PER_GPU = 16
"""Beyond this, trials take turns on the GPU's processors, and each still needs one of the host's."""
_STEP = 10_000  # Ray counts resources in ten thousandths


def required_memory(trial: TrainingMemory) -> int:
    """Bytes of TensorFlow's memory that a worker needs for trials of this size: it keeps the variables of a few of them."""
    return _WORKSPACE + PROGRAMS_KEPT * trial.state + round(_LAYERS_TO_RECURRENCE * trial.activations)


def gpu_sharing(needed: int, gpu_memory: int) -> GpuSharingSettings:
    """As many trials on a GPU as fit, one where not even that does (see ``fits``).

    Args:
        needed: the ``required_memory`` of the largest trial, in bytes.
        gpu_memory: bytes of the smallest GPU.
    """
    trials = max(1, min(MOST_PER_GPU, gpu_memory // (needed + CONTEXT)))
    while trials > 1 and memory_limit(share(trials), gpu_memory) < needed:  # a share is rounded down
        trials -= 1
    return GpuSharingSettings(trials=trials, needed=needed, memory=gpu_memory)


def fits(found: GpuSharingSettings) -> bool:
    """Whether the largest trial fits at all, with its margin."""
    return found.needed <= memory_limit(share(found.trials), found.memory)


def share(trials: int) -> float:
    """The ``gpus_per_trial`` of so many trials per GPU: the largest fraction that Ray can count of which so many make one."""
    return floor(_STEP / trials) / _STEP


def memory_limit(gpus: float, gpu_memory: int) -> int:
    """Bytes that TensorFlow may take of a GPU of which its process has this share: in proportion, without the context."""
    return floor(gpus * gpu_memory) - CONTEXT
