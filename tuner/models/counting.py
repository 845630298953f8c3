"""Parameters and floating-point operations in closed form: known before anything is built."""

from dataclasses import dataclass
from itertools import pairwise

from tuner.models.cells import CELLS
from tuner.models.network_spec import Network


@dataclass(frozen=True)
class Convention:
    """How a framework, or who uses it, counts the same network.

    Attributes:
        bias_vectors: of a recurrent layer, direction and gate; None for Keras' own: two in a GRU (``reset_after=True``, what
            cuDNN computes, adds one for the recurrent product), one in the others.
        outputs_of_two_classes: 1 for a sigmoid, 2 for a softmax.
    """

    bias_vectors: int | None = None
    outputs_of_two_classes: int = 1


KERAS = Convention()
TORCH = Convention(bias_vectors=2, outputs_of_two_classes=2)
"""Two bias vectors in every recurrent layer, as in ``torch.nn.LSTM``, and cross-entropy over two outputs."""


@dataclass(frozen=True)
class ParameterCount:
    """Numbers that a network consists of, by where they are, trained or not (frozen vectors, moving statistics).

    Attributes:
        embedding: what is looked up by word: the table, or the first layers' kernel where words are one-hot.
        recurrent: the layers over the words, and the query of attention pooling.
        head: the dense layers after pooling, with their batch normalisation.
    """

    embedding: int
    recurrent: int
    head: int

    @property
    def total(self) -> int:
        """All of them: what Keras' ``model.count_params()`` gives for the built model, non-trainable ones included."""
        return self.embedding + self.recurrent + self.head


def count_parameters(network: Network, convention: Convention = KERAS) -> ParameterCount:
    """Exact parameter count.

    With V words, embedding e, units h, d directions, g gates and b bias vectors a gate, a recurrent layer with n inputs has
    ``d * g * h * (n + h + b)`` parameters, an elman layer with projection ``d * (h * h + h)`` more; the table has ``V * e``,
    a dense layer ``inputs * outputs + outputs``, batch normalisation ``4 * inputs``, attention ``d * h``. One-hot words:
    n = V in the first layer, and no table.
    """
    width, units = network.width, network.units
    looked_up = network.vocabulary * (_kernel_columns(network) if network.one_hot else network.embedding)
    inputs = [0 if network.one_hot else network.embedding] + [width] * (network.layers - 1)
    body = width if network.pooling == "attention" else 0
    for count in inputs[: network.layers]:
        body += _kernel_columns(network) * count
        if network.recurrent:
            biases = convention.bias_vectors
            body += _kernel_columns(network) * (
                units + (CELLS[network.cell].bias_vectors if biases is None else biases)
            )
        else:
            body += units
        if network.projection:
            body += network.directions * units * (units + 1)
    outputs = convention.outputs_of_two_classes if network.classes == 2 else network.classes
    return ParameterCount(embedding=looked_up, recurrent=body, head=_head(network, outputs))


def _kernel_columns(network: Network) -> int:
    """``d * g * h``: what one number of a layer's inputs is multiplied with."""
    gates = CELLS[network.cell].gates if network.recurrent else 1
    return network.directions * gates * network.units


def _head(network: Network, outputs: int) -> int:
    widths = [network.width, *network.hidden, outputs]
    dense = sum((inputs + 1) * outputs for inputs, outputs in pairwise(widths))
    return dense + network.batch_norm * 4 * sum(widths[:-1])


def training_flops(network: Network) -> int:
    """Floating-point operations that one training step spends on one token in the layers over the words.

    A multiply-add counts as two; backward costs twice the forward pass (one product for the inputs, one for the weights).
    One-hot words cost none: a row of the kernel is looked up.
    """
    inputs = [0 if network.one_hot else network.embedding] + [network.width] * (network.layers - 1)
    states = network.units if network.recurrent else 0
    forward = sum(2 * _kernel_columns(network) * (count + states) for count in inputs[: network.layers])
    forward += 2 * network.layers * network.directions * network.units**2 * network.projection
    return 3 * forward


def multiply_adds(network: Network, tokens: float) -> float:
    """Multiply-adds that a text of so many tokens costs where it is answered.

    Counted is every number that a weight, or a share of attention, is multiplied with. A token costs
    ``d * g * h * (n + h)`` in a recurrent layer with n inputs (d directions, g gates, h units), ``n * h`` in a layer of an
    mlp, ``d * h * h`` in a projection and ``2 * d * h`` in attention pooling; a text costs ``inputs * outputs`` in each
    dense layer, and ``inputs`` in batch normalisation. Looked-up rows, one-hot words among them, biases, non-linearities and
    the products of gates cost nothing.

    Args:
        network: what answers.
        tokens: of the text; a mean will do, for the count is linear in it.
    """
    inputs = [0 if network.one_hot else network.embedding] + [network.width] * (network.layers - 1)
    states = network.units if network.recurrent else 0
    a_token = sum(_kernel_columns(network) * (count + states) for count in inputs[: network.layers])
    a_token += network.layers * network.directions * network.units**2 * network.projection
    a_token += 2 * network.width * (network.pooling == "attention")
    widths = [network.width, *network.hidden, network.outputs]
    a_text = sum(before * after for before, after in pairwise(widths)) + network.batch_norm * sum(widths[:-1])
    return tokens * a_token + a_text
