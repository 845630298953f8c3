"""Parameters and floating-point operations in closed form: known before anything is built."""

from dataclasses import dataclass

from tuner.models.network_spec import Network

_GATES = {"simple_rnn": 1, "lstm": 4, "gru": 3}
# Keras' GRU (reset_after=True, what cuDNN computes) adds a second bias vector a gate for the recurrent product.
_BIASES = {"simple_rnn": 1, "lstm": 1, "gru": 2}


@dataclass(frozen=True)
class ParameterCount:
    """Trainable numbers of a network, by where they are."""

    embedding: int
    recurrent: int
    head: int

    @property
    def total(self) -> int:
        """All of them: what Keras' ``model.count_params()`` gives for the built model."""
        return self.embedding + self.recurrent + self.head


def _layer_inputs(network: Network) -> list[int]:
    return [network.embedding] + [network.directions * network.units] * (network.layers - 1)


def count_parameters(network: Network) -> ParameterCount:
    """Exact parameter count.

    With V words, embedding e, units h, d directions, g gates and b bias vectors a gate, a layer with n inputs has
    ``d * g * h * (n + h + b)`` parameters, the table ``V * e``, a dense layer ``inputs * outputs + outputs``.
    """
    gates, biases, units = _GATES[network.cell], _BIASES[network.cell], network.units
    recurrent = sum(network.directions * gates * units * (inputs + units + biases) for inputs in _layer_inputs(network))
    width = network.directions * units
    head = 0
    if network.dense_units:
        head += (width + 1) * network.dense_units
        width = network.dense_units
    head += (width + 1) * network.outputs
    return ParameterCount(embedding=network.vocabulary * network.embedding, recurrent=recurrent, head=head)


def training_flops(network: Network) -> int:
    """Floating-point operations that one training step spends on one token in the recurrent layers.

    A multiply-add counts as two; backward costs twice the forward pass (one product for the inputs, one for the weights).
    """
    gates, units = _GATES[network.cell], network.units
    forward = sum(2 * network.directions * gates * units * (inputs + units) for inputs in _layer_inputs(network))
    return 3 * forward
