"""Recurrent cells: what is known of each before anything is built, and a module with its steps in TensorFlow."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True)
class CellSpec:
    """A recurrent cell.

    Attributes:
        module: of this package.
        gates: blocks of units in the columns of its kernels.
        numbers_a_step: numbers a unit and step that the backward pass needs: states, carries, what else was saved, and the
            gradients of input and output, which flow back step by step.
        bias_vectors: of every gate.
        initial_biases: what the biases of each gate begin as, one number where all begin alike.
        has_cudnn: whether cuDNN has a kernel for it.
    """

    module: str
    gates: int
    numbers_a_step: int
    bias_vectors: int = 1
    initial_biases: tuple[float, ...] = (0.0,)
    has_cudnn: bool = False

    def implementation(self) -> Any:
        """Imports its module: ``KERAS_LAYER``, and by activation the ``STEPS`` of training and the ``EXPORTED`` layers."""
        return import_module(f"{__name__}.{self.module}")


# Ones for the forget gate, the second of four (Jozefowicz et al. 2015, Keras' ``unit_forget_bias``).
_FORGET_NOTHING = (0.0, 1.0, 0.0, 0.0)

CELLS = {
    "lstm": CellSpec("lstm", gates=4, numbers_a_step=9, initial_biases=_FORGET_NOTHING, has_cudnn=True),
    # reset_after=True, what cuDNN computes, has a second bias vector for the recurrent product.
    "gru": CellSpec("gru", gates=3, numbers_a_step=8, bias_vectors=2, has_cudnn=True),
    "simple_rnn": CellSpec("elman", gates=1, numbers_a_step=4),
    "elman": CellSpec("elman", gates=1, numbers_a_step=4),
}
"""Every recurrent cell of ``search_spaces.config``."""
