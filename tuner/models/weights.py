"""The weights of a network in the order of the data flow: what each is for, its shape, and whether it is trained."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tuner.models.cells import CELLS
from tuner.models.network_spec import Network

Role = Literal["embeddings", "kernel", "recurrent_kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance"]

MATRICES: tuple[Role, ...] = ("embeddings", "kernel", "recurrent_kernel")
"""The roles that an L1 or L2 penalty is on."""


@dataclass(frozen=True)
class Weight:
    """One weight.

    Attributes:
        role: as Keras names it.
        shape: as Keras stores it.
        trained: whether the optimizer changes it.
        initial: what the parts of a bias begin as, all of one length.
    """

    role: Role
    shape: tuple[int, ...]
    trained: bool = True
    initial: tuple[float, ...] = (0.0,)


def weights_of(network: Network) -> tuple[Weight, ...]:
    """All weights, in the order of ``build_model(network).weights``: table, layers, attention, head."""
    return (*_body(network), *_head(network))


def count_of_head(network: Network) -> int:
    """How many of the weights, the last ones, belong to the head."""
    return len(list(_head(network)))


def count_of_kept(network: Network) -> int:
    """How many of the weights, the last ones, a trial keeps: all but frozen vectors, which are the same for every trial."""
    return len(weights_of(network)) - (network.vectors == "frozen")


def _body(network: Network) -> Iterator[Weight]:
    width = network.vocabulary if network.one_hot else network.embedding
    if not network.one_hot:
        yield Weight("embeddings", (network.vocabulary, width), trained=network.vectors != "frozen")
    for _ in range(network.layers):
        if network.recurrent:
            for _ in range(network.directions):
                yield from _recurrence(network, width)
            if network.projection:
                for _ in range(network.directions):
                    yield from _dense(network.units, network.units)
        else:
            yield from _dense(width, network.units)
        width = network.width
    if network.pooling == "attention":
        yield Weight("kernel", (width, 1))


def _recurrence(network: Network, inputs: int) -> Iterator[Weight]:
    cell = CELLS[network.cell]
    columns = cell.gates * network.units
    yield Weight("kernel", (inputs, columns))
    yield Weight("recurrent_kernel", (network.units, columns))
    bias = (columns,) if cell.bias_vectors == 1 else (cell.bias_vectors, columns)
    yield Weight("bias", bias, initial=cell.initial_biases)


def _head(network: Network) -> Iterator[Weight]:
    width = network.width
    for outputs in (*network.hidden, network.outputs):
        if network.batch_norm:
            yield Weight("gamma", (width,))
            yield Weight("beta", (width,))
            yield Weight("moving_mean", (width,), trained=False)
            yield Weight("moving_variance", (width,), trained=False)
        yield from _dense(width, outputs)
        width = outputs


def _dense(inputs: int, outputs: int) -> Iterator[Weight]:
    yield Weight("kernel", (inputs, outputs))
    yield Weight("bias", (outputs,))
