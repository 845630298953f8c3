"""The weights of a network in the order of the data flow: what each is for, its shape, and whether it is trained."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tuner.models.network_spec import Network

Role = Literal[
    "embeddings", "kernel", "recurrent_kernel", "bias", "lstm_bias", "gamma", "beta", "moving_mean", "moving_variance"
]

GATES = {"simple_rnn": 1, "elman": 1, "lstm": 4, "gru": 3}
MATRICES: tuple[Role, ...] = ("embeddings", "kernel", "recurrent_kernel")
"""The roles that an L1 or L2 penalty is on."""


@dataclass(frozen=True)
class Weight:
    """One weight.

    Attributes:
        role: as Keras names it; "lstm_bias" has a forget gate in it.
        shape: as Keras stores it.
        trained: whether the optimizer changes it.
    """

    role: Role
    shape: tuple[int, ...]
    trained: bool = True


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
    units, gates = network.units, GATES[network.cell] * network.units
    yield Weight("kernel", (inputs, gates))
    yield Weight("recurrent_kernel", (units, gates))
    # Keras' GRU (reset_after=True, what cuDNN computes) has a second bias vector for the recurrent product.
    yield Weight("lstm_bias" if network.cell == "lstm" else "bias", (2, gates) if network.cell == "gru" else (gates,))


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
