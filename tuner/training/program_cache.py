"""The programs of a worker: the last few that its trials used, the oldest given up first."""

from collections import OrderedDict

import keras
import numpy as np
from numpy.typing import NDArray

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
                # Keras keeps names and graphs of models in global tables, which would otherwise grow with every model.
                keras.utils.clear_session()
            program = Program(key, vectors)
        self._programs[key] = program
        return program
