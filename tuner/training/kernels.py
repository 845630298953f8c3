"""Which program runs a network's recurrence on which device."""

from enum import Enum


class Kernel(Enum):
    """A way to compute the same numbers from the same weights."""

    CUDNN = "cuDNN"
    """Keras' LSTM or GRU layer on cuDNN's kernel, which is no part of an XLA program."""
    LAYERS = "Keras layers under XLA"
    """Keras' layers in a program that XLA compiles: what has no cuDNN kernel, XLA helps on a GPU too."""
    RECURRENCE = "fast recurrence"
    """One loop over time of ``tuner.models.forward``, stacked cells and pooling in it; XLA compiles it where that pays."""


def kernel_of(cell: str, *, one_hot: bool, gpu: bool) -> Kernel:
    """The kernel for a cell.

    Args:
        cell: of ``search_spaces.config``.
        one_hot: whether words have no vectors. As Keras layers they would be an array of texts times words times vocabulary.
        gpu: whether the process has a GPU.
    """
    if not gpu or one_hot:
        return Kernel.RECURRENCE
    return Kernel.CUDNN if cell in ("lstm", "gru") else Kernel.LAYERS
