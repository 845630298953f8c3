"""Networks and rivals as ONNX graphs of standard operators: a recurrent layer is one ``LSTM``, ``GRU`` or ``RNN``.

What a converter makes of the loops that TensorFlow runs is a ``Loop`` of small operators: onnxruntime took 9.8 ms for one text
of 100 tokens through a bidirectional GRU of 8 units, and takes less than 0.5 ms for its own ``GRU``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from tuner.data.vocabulary import FIRST_WORD_ID, UNKNOWN_ID
from tuner.export.onnx_runner import LABEL_ID, PROBABILITIES, TOKENS
from tuner.models.network_layers import NORM_EPSILON
from tuner.models.network_spec import Network
from tuner.rivals.linear_model import NgramModel

OPSET = 15
"""Of 2021: onnxruntime has read it since 1.10, as have the runtimes of phones and browsers."""

_IR_VERSION = 8
_LOWEST = np.float32(np.finfo(np.float32).min)
# The operator of each cell, Keras' gates by name in its order, and in ONNX's.
_OPERATORS = {
    "lstm": ("LSTM", "ifco", "iofc"),
    "gru": ("GRU", "zrh", "zrh"),
    "simple_rnn": ("RNN", "h", "h"),
    "elman": ("RNN", "h", "h"),
}
Arrays = Iterator[NDArray[np.float32]]


class _Graph:
    """A graph that grows by an operator at a time; values are known by their names."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def constant(self, value: Any, dtype: Any = None) -> str:
        """A value that is part of the file."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.array(value, dtype), name))
        return name

    def add(self, operator: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        """The first output of an operator."""
        return self.add_many(operator, *inputs, outputs=[output or f"value_{len(self._nodes)}"], **attributes)[0]

    def add_many(self, operator: str, *inputs: str, outputs: list[str], **attributes: Any) -> list[str]:
        """All named outputs of an operator."""
        self._nodes.append(helper.make_node(operator, list(inputs), outputs, **attributes))
        return outputs

    def cast(self, value: str, to: int, output: str | None = None) -> str:
        return self.add("Cast", value, to=to, output=output)

    def along(self, value: str, axis: int) -> str:
        """A value with an axis of length 1 more."""
        return self.add("Unsqueeze", value, self.constant([axis], np.int64))

    def total(self, value: str, axis: int, *, keep: bool = False) -> str:
        """The sum over an axis."""
        return self.add("ReduceSum", value, self.constant([axis], np.int64), keepdims=int(keep))

    def affine(self, value: str, kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        return self.add("Add", self.add("MatMul", value, self.constant(kernel)), self.constant(bias))

    def model(self, classes: int) -> Any:
        """The whole, checked."""
        graph = helper.make_graph(
            self._nodes,
            "text_classifier",
            [helper.make_tensor_value_info(TOKENS, TensorProto.INT32, ["batch", "time"])],
            [
                helper.make_tensor_value_info(LABEL_ID, TensorProto.INT32, ["batch"]),
                helper.make_tensor_value_info(PROBABILITIES, TensorProto.FLOAT, ["batch", classes]),
            ],
            self._constants,
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=_IR_VERSION)
        onnx.checker.check_model(made, full_check=True)
        return made


def network_model(network: Network, weights: Sequence[NDArray[np.float32]], factors: Sequence[float] | None) -> Any:
    """A built-in network as an ``onnx.ModelProto``.

    Args:
        network: what it is made of.
        weights: float32 arrays in the order of ``tuner.models.weights``.
        factors: what the probabilities of the classes are multiplied with before the largest is the answer; None for 1.
    """
    graph = _Graph()
    outputs = _Classifier(graph, network, iter(weights)).logits()
    return _answering(graph, outputs, network.outputs, factors)


def ngram_model(model: NgramModel, factors: Sequence[float] | None) -> Any:
    """A rival as an ``onnx.ModelProto``; arguments as for ``network_model``."""
    graph = _Graph()
    counts = _counts(graph, model)
    one = graph.constant(1.0, np.float32)
    if model.scales is None:
        values = graph.add("Min", counts, one)
    else:
        weighed = graph.add("Add", graph.add("Log", graph.add("Max", counts, one)), one)
        scaled = graph.add("Mul", weighed, graph.constant(model.scales))
        values = graph.add("Where", graph.add("Greater", counts, graph.constant(0.0, np.float32)), scaled,
                           graph.constant(0.0, np.float32))  # fmt: skip
    norms = graph.add("Sqrt", graph.total(graph.add("Mul", values, values), 1, keep=True))
    norms = graph.add("Max", norms, graph.constant(1e-30, np.float32))  # of a text without a feature: 0 by it stays 0
    product = graph.add("MatMul", values, graph.constant(model.weights))
    scores = graph.add("Add", graph.add("Div", product, norms), graph.constant(model.bias))
    if model.one_vs_rest and len(model.bias) > 1:
        scores = graph.add("Neg", graph.add("Softplus", graph.add("Neg", scores)))
    return _answering(graph, scores, len(model.bias), factors)


def _answering(graph: _Graph, logits: str, outputs: int, factors: Sequence[float] | None) -> Any:
    """The model that ends in probabilities and an answer; a single output is the logit of the second class."""
    if outputs == 1:
        sides = [graph.add("Sigmoid", graph.add("Neg", logits)), graph.add("Sigmoid", logits)]
        graph.add("Concat", *sides, axis=1, output=PROBABILITIES)
    else:
        graph.add("Softmax", logits, axis=1, output=PROBABILITIES)
    compared = PROBABILITIES
    if factors is not None:
        compared = graph.add("Mul", PROBABILITIES, graph.constant(factors, np.float32))
    graph.cast(graph.add("ArgMax", compared, axis=1, keepdims=0), TensorProto.INT32, output=LABEL_ID)
    return graph.model(max(2, outputs))


def _counts(graph: _Graph, model: NgramModel) -> str:
    """How often each text holds each feature, float32 ``[batch, features]``: the keys' digits are the ids of an n-gram."""
    base, longest = model.vocabulary_size, model.longest
    lengths = np.searchsorted(np.array([base**power for power in range(1, longest)]), model.keys, side="right") + 1
    pool: list[int] = []
    starts: list[int] = []
    places: list[int] = []
    for length in range(1, longest + 1):
        starts.append(len(pool))
        for place in np.flatnonzero(lengths == length).tolist():
            key = int(model.keys[place])
            pool += [key // base**power % base for power in reversed(range(length))]
            places.append(place)
    known = graph.add("And", graph.add("GreaterOrEqual", TOKENS, graph.constant(FIRST_WORD_ID, np.int32)),
                      graph.add("Less", TOKENS, graph.constant(base, np.int32)))  # fmt: skip
    ids = graph.add("Where", known, TOKENS, graph.constant(0, np.int32))  # no n-gram holds 0
    return graph.add(
        "TfIdfVectorizer", ids, mode="TF", min_gram_length=1, max_gram_length=longest, max_skip_count=0,
        ngram_counts=starts, ngram_indexes=places, pool_int64s=pool,
    )  # fmt: skip


class _Classifier:
    """A network's operators, from token ids to logits. States are ``[time, batch, directions * units]``."""

    def __init__(self, graph: _Graph, network: Network, weights: Arrays) -> None:
        self._graph, self._network, self._weights = graph, network, weights
        zero, one = graph.constant(0, np.int32), graph.constant(1, np.int32)
        found = graph.total(graph.cast(graph.add("Not", graph.add("Equal", TOKENS, zero)), TensorProto.INT32), 1)
        self._lengths = graph.add("Max", found, one)
        time = graph.add("Gather", graph.add("Shape", TOKENS), graph.constant(1, np.int64))
        steps = graph.add("Range", graph.constant(0, np.int64), time, graph.constant(1, np.int64))
        self._steps = graph.cast(steps, TensorProto.INT32)
        # A text without tokens is the token unknown, and so are ids that the network does not know.
        empty = graph.add("And", graph.along(graph.add("Equal", found, zero), 1),
                          graph.along(graph.add("Equal", self._steps, zero), 0))  # fmt: skip
        inside = graph.add("And", graph.add("GreaterOrEqual", TOKENS, zero),
                           graph.add("Less", TOKENS, graph.constant(network.vocabulary, np.int32)))  # fmt: skip
        inside = graph.add("And", inside, graph.add("Not", empty))
        known = graph.add("Where", inside, TOKENS, graph.constant(UNKNOWN_ID, np.int32))
        self._known = graph.add("Transpose", known, perm=[1, 0])

    def logits(self) -> str:
        """float32 ``[batch, outputs]``."""
        graph, network = self._graph, self._network
        states = "" if network.one_hot else graph.add("Gather", graph.constant(next(self._weights)), self._known)
        for _ in range(network.layers):
            states = self._recurrent(states) if network.recurrent else self._word_layer(states)
        return self._head(self._pooled(states))

    def _word_layer(self, states: str) -> str:
        graph, kernel, bias = self._graph, next(self._weights), next(self._weights)
        if states:
            return graph.add("Relu", graph.affine(states, kernel, bias))
        looked_up = graph.add("Gather", graph.constant(kernel), self._known)
        return graph.add("Relu", graph.add("Add", looked_up, graph.constant(bias)))

    def _recurrent(self, inputs: str) -> str:
        graph, network = self._graph, self._network
        parts = [[next(self._weights) for _ in range(3)] for _ in range(network.directions)]
        read = inputs
        if (
            not inputs
        ):  # a one-hot word picks its row of the kernels, each of whose columns the layer then takes as it is
            kernels = [part[0] for part in parts]
            read = graph.add("Gather", graph.constant(np.concatenate(kernels, 1)), self._known)
            columns = np.eye(sum(kernel.shape[1] for kernel in kernels), dtype=np.float32)
            for part, own in zip(parts, np.split(columns, len(parts), 1), strict=True):
                part[0] = own
        kernels_of, recurrent, biases = (
            np.stack([_in_order(network.cell, part[which]) for part in parts]) for which in range(3)
        )
        biases = biases.reshape(network.directions, -1)
        if biases.shape[1] == kernels_of.shape[2]:  # Keras has one bias, which stands with the kernel
            biases = np.concatenate([biases, np.zeros_like(biases)], 1)
        directions = network.directions
        operator, *_ = _OPERATORS[network.cell]
        of_operator: dict[str, dict[str, Any]] = {
            "LSTM": {},
            "GRU": {"linear_before_reset": 1},
            "RNN": {"activations": [network.activation.capitalize()] * directions},
        }
        constants = [
            graph.constant(np.transpose(kernels_of, [0, 2, 1])),
            graph.constant(np.transpose(recurrent, [0, 2, 1])),
            graph.constant(biases),
        ]
        states = graph.add(
            operator, read, *constants, self._lengths, hidden_size=network.units,
            direction="bidirectional" if directions == 2 else "forward", **of_operator[operator],
        )  # fmt: skip
        states = graph.add("Transpose", states, perm=[0, 2, 1, 3])  # of [time, directions, batch, units]
        states = graph.add("Reshape", states, graph.constant([0, 0, directions * network.units], np.int64))
        if network.projection:
            pairs = [(next(self._weights), next(self._weights)) for _ in range(directions)]
            both = graph.add_many(
                "Split", states, axis=2, outputs=[f"{states}_{direction}" for direction in range(directions)]
            )
            projected = [graph.affine(one, *pair) for one, pair in zip(both, pairs, strict=True)]
            states = graph.add("Concat", *projected, axis=2)
        return graph.add("Add", states, inputs) if network.residual else states

    def _pooled(self, states: str) -> str:
        graph, network = self._graph, self._network
        steps, lengths = graph.along(self._steps, 1), graph.along(self._lengths, 0)
        if network.pooling == "last":
            return self._last(states, steps, lengths)
        valid = graph.along(graph.add("Less", steps, lengths), 2)
        if network.pooling == "mean":
            count = graph.along(graph.cast(self._lengths, TensorProto.FLOAT), 1)
            return graph.add("Div", self._total_where(valid, states), count)
        lowest = graph.constant(_LOWEST)
        if network.pooling == "max":
            return graph.add("ReduceMax", graph.add("Where", valid, states, lowest), axes=[0], keepdims=0)
        scores = graph.add("MatMul", states, graph.constant(next(self._weights)))
        shares = graph.add("Softmax", graph.add("Where", valid, scores, lowest), axis=0)
        return self._total_where(valid, graph.add("Mul", states, shares))

    def _total_where(self, valid: str, states: str) -> str:
        """The sum over the steps that count."""
        zero = self._graph.constant(0.0, np.float32)
        return self._graph.total(self._graph.add("Where", valid, states, zero), 0)

    def _last(self, states: str, steps: str, lengths: str) -> str:
        """The state that each direction ends in: forwards at the text's last token, backwards at its first."""
        graph, network = self._graph, self._network
        last = graph.along(graph.add("Equal", steps, graph.add("Sub", lengths, graph.constant(1, np.int32))), 2)
        at_end = self._total_where(last, states)
        if network.directions == 1:
            return at_end
        at_start = graph.add("Gather", states, graph.constant(0, np.int64), axis=0)
        forwards = graph.constant(np.arange(2 * network.units) < network.units)
        return graph.add("Where", forwards, at_end, at_start)

    def _head(self, features: str) -> str:
        graph, network = self._graph, self._network
        for depth in range(len(network.hidden) + 1):
            if network.batch_norm:
                gamma, beta, mean, variance = (next(self._weights) for _ in range(4))
                scale = gamma / np.sqrt(variance + np.float32(NORM_EPSILON))
                scaled = graph.add("Mul", graph.add("Sub", features, graph.constant(mean)), graph.constant(scale))
                features = graph.add("Add", scaled, graph.constant(beta))
            features = graph.affine(features, next(self._weights), next(self._weights))
            if depth < len(network.hidden):
                features = graph.add("Relu", features)
        return features


def _in_order(cell: str, weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """The columns of a kernel or bias with its gates in the order of ONNX."""
    _, keras_order, order = _OPERATORS[cell]
    gates = dict(zip(keras_order, np.split(weights, len(keras_order), -1), strict=True))
    return np.concatenate([gates[gate] for gate in order], -1)
