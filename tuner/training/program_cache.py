"""The programs of a worker: the last few that its trials used, the oldest given up first."""

import gc
from collections import OrderedDict

import keras
import numpy as np
from numpy.typing import NDArray
from tensorflow.python.framework.ops import gradient_registry

from tuner.training.program import Program
from tuner.training.program_key import PROGRAMS_KEPT, ProgramKey


class ProgramCache:
    """Least recently used programs go first."""

    def __init__(self, size: int = PROGRAMS_KEPT) -> None:
        """Keeps at most ``size`` programs."""
        self._size = size
        self._programs: OrderedDict[ProgramKey, Program] = OrderedDict()

    def get(self, key: ProgramKey, vectors: NDArray[np.float32] | None = None) -> Program:
        """The program of a key, built where it is not at hand, with pretrained vectors where it needs them."""
        program = self._programs.pop(key, None)
        if program is None:
            while len(self._programs) >= self._size:
                self._programs.popitem(last=False)
                _forget_graphs()
            program = Program(key, vectors)
        self._programs[key] = program
        return program


def _forget_graphs() -> None:
    """Empties the global tables of Keras and TensorFlow, which would otherwise hold on to the graphs of every model.

    TensorFlow registers a gradient for each ``tf.custom_gradient`` that is traced (seven megabytes a program here) and has no
    public way to take it back. It is needed only until the step around it is traced, and none is being traced now.
    """
    keras.utils.clear_session()
    registered = gradient_registry._registry
    for name in [name for name in registered if name.startswith("CustomGradient-")]:
        del registered[name]
    gc.collect()
