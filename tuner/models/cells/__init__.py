"""Recurrent cells, one step forwards and backwards; each family has a module."""

from tuner.models.cells.cell import Cell, Steps
from tuner.models.cells.elman import SigmoidCell, TanhCell
from tuner.models.cells.gru import GRUCell
from tuner.models.cells.lstm import LSTMCell

CELLS: dict[str, type[TanhCell] | type[SigmoidCell] | type[LSTMCell] | type[GRUCell]] = {
    "simple_rnn": TanhCell,
    "sigmoid_rnn": SigmoidCell,
    "lstm": LSTMCell,
    "gru": GRUCell,
}

__all__ = ["CELLS", "Cell", "Steps"]
