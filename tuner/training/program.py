"""A network with its compiled steps: made once in a worker, used by every trial of the same shape."""

import io
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from search_spaces.config import Optimizer
from tuner.data.batches import Batch
from tuner.models.device import on_gpu
from tuner.models.forward import logits as fused_logits
from tuner.models.initial_weights import initialize
from tuner.models.keras_model import build_model
from tuner.models.layered_forward import logits as layered_logits
from tuner.models.network_spec import Network
from tuner.training.optimizers import build_optimizer

EVALUATION_BATCH = 256


@dataclass(frozen=True)
class ProgramKey:
    """What changes a program. Everything else of a configuration is an input of it.

    ``compiled`` says whether XLA compiles the training step on a CPU (see ``tuner.training.compilation``).
    """

    network: Network
    optimizer: Optimizer
    batch_size: int
    compiled: bool


@dataclass(frozen=True)
class StepInputs:
    """The hyperparameters that are inputs of a compiled step, not constants in it."""

    dropout: float
    gradient_clip_norm: float


class Program:
    """Variables, optimizer and compiled steps of one network.

    On a CPU a step runs the fast recurrence over the Keras model's own variables; on a GPU it runs the Keras layers, whose
    LSTM and GRU are cuDNN's. Weights, and therefore checkpoints, are the same.

    Attributes:
        key: what the program was made for.
        model: the Keras model that owns the variables.
        compile_seconds: time spent so far in first calls of a step with a new shape: tracing, compiling, one run.
    """

    def __init__(self, key: ProgramKey) -> None:
        """Builds the model and its optimizer; nothing is compiled before the first step of each shape."""
        self.key = key
        self.compile_seconds = 0.0
        self._compiled: set[tuple[int, int]] = set()
        self.model: Any = self._build(key.network)
        self._variables = list(self.model.trainable_variables)
        self._optimizer = build_optimizer(key.optimizer)
        self._optimizer.build(self._variables)
        self._fresh_slots = [variable.value.numpy() for variable in self._optimizer.variables]
        self._layered = on_gpu()
        # cuDNN's kernels are no part of an XLA program; SimpleRNN has no cuDNN kernel, and XLA helps it on a GPU too.
        compiled = key.network.cell == "simple_rnn" if self._layered else key.compiled
        scalar, pair = tf.TensorSpec([], tf.float32), tf.TensorSpec([2], tf.int32)
        # The loops are TensorFlow's own already: looking through the Python code for more only costs time.
        self._train_step = tf.function(
            self._train,
            jit_compile=compiled,
            autograph=False,
            input_signature=[*_batch_spec(key.batch_size), scalar, scalar, pair],
        )
        # Not compiled: without gradients and with many rows a plain graph is as fast, and there is nothing to wait for.
        self._evaluation_step = tf.function(
            self._evaluate, autograph=False, input_signature=_batch_spec(EVALUATION_BATCH)
        )

        self._logits_step = tf.function(
            self._evaluation_logits, autograph=False, input_signature=_batch_spec(EVALUATION_BATCH)[:2]
        )

    @staticmethod
    def _build(network: Network) -> Any:
        """The Keras model that owns the variables."""
        return build_model(network)

    def start(self, *, seed: int, learning_rate: float) -> None:
        """Fresh weights and a fresh optimizer: nothing of the trial before is left."""
        initialize(self._variables, units=self.key.network.units, seed=seed)
        for variable, value in zip(self._optimizer.variables, self._fresh_slots, strict=True):
            variable.assign(value)
        self._optimizer.learning_rate.assign(learning_rate)

    def train(self, batch: Batch, inputs: StepInputs, seed: tuple[int, int]) -> tuple[float, int]:
        """One update. Returns the summed cross-entropy in nats and the number of right answers in the batch."""
        words = np.array(seed, np.int32)
        return self._call(
            self._train_step, batch, np.float32(inputs.dropout), np.float32(inputs.gradient_clip_norm), words
        )

    def evaluate(self, batch: Batch) -> tuple[float, int]:
        """Summed cross-entropy in nats and number of right answers in a batch of ``EVALUATION_BATCH`` rows."""
        return self._call(self._evaluation_step, batch)

    def logits(self, batch: Batch) -> NDArray[np.float32]:
        """The outputs ``[EVALUATION_BATCH, outputs]`` for a batch, before sigmoid or softmax."""
        outputs: NDArray[np.float32] = self._logits_step(batch.tokens, batch.lengths).numpy()
        return outputs

    def _call(self, step: Any, batch: Batch, *inputs: Any) -> tuple[float, int]:
        """Runs a step; the first call of each shape, which compiles it, is added to ``compile_seconds``."""
        started = time.perf_counter()
        loss, correct = (value.numpy() for value in step(*batch, *inputs))
        shape = (id(step), batch.tokens.shape[1])
        if shape not in self._compiled:
            self._compiled.add(shape)
            self.compile_seconds += time.perf_counter() - started
        return float(loss), int(correct)

    def weights_bytes(self) -> bytes:
        """The weights as a NumPy archive: ``w000`` and so on, in the order of the model's trainable variables."""
        return _pack(_named("w", self._variables))

    def state_bytes(self, **extra: float) -> bytes:
        """Weights and optimizer, with ``extra`` numbers beside them: what a trial goes on from."""
        arrays = {**_named("w", self._variables), **_named("s", self._optimizer.variables)}
        return _pack({**arrays, **{name: np.asarray(value) for name, value in extra.items()}})

    def restore(self, content: bytes) -> dict[str, float]:
        """Takes a state back and returns the extra numbers in it."""
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = dict(archive)
        for prefix, variables in (("w", self._variables), ("s", self._optimizer.variables)):
            for number, variable in enumerate(variables):
                variable.assign(arrays.pop(f"{prefix}{number:03d}"))
        return {name: float(value) for name, value in arrays.items()}

    def load_weights(self, content: bytes) -> None:
        """Takes weights back as ``weights_bytes`` gave them; the optimizer stays as it is."""
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            for number, variable in enumerate(self._variables):
                variable.assign(archive[f"w{number:03d}"])

    def _logits(self, tokens: Any, lengths: Any, *, dropout: Any, seed: Any, training: bool) -> Any:
        if self._layered:
            return layered_logits(
                self.model, tokens, lengths, self.key.network, dropout_rate=dropout, seed=seed, training=training
            )
        return fused_logits(
            [variable.value for variable in self._variables],
            tokens,
            lengths,
            self.key.network,
            dropout_rate=dropout,
            seed=seed,
            training=training,
        )

    def _train(
        self, tokens: Any, lengths: Any, labels: Any, weights: Any, dropout: Any, clip_norm: Any, seed: Any
    ) -> tuple[Any, Any]:
        variables = [variable.value for variable in self._variables]
        with tf.GradientTape() as tape:
            outputs = self._logits(tokens, lengths, dropout=dropout, seed=seed, training=True)
            total, correct = _loss_and_correct(outputs, labels, weights)
            mean = total / tf.reduce_sum(weights)
        gradients = tape.gradient(mean, variables)
        norm = tf.linalg.global_norm(gradients)
        scale = tf.where((clip_norm > 0.0) & (norm > clip_norm), clip_norm / norm, 1.0)
        self._optimizer.apply([gradient * scale for gradient in gradients], self._variables)
        return total, correct

    def _evaluate(self, tokens: Any, lengths: Any, labels: Any, weights: Any) -> tuple[Any, Any]:
        return _loss_and_correct(self._evaluation_logits(tokens, lengths), labels, weights)

    def _evaluation_logits(self, tokens: Any, lengths: Any) -> Any:
        no_seed = tf.zeros([2], tf.int32)
        return self._logits(tokens, lengths, dropout=tf.zeros([]), seed=no_seed, training=False)


def _batch_spec(rows: int) -> list[Any]:
    return [
        tf.TensorSpec([rows, None], tf.int32),
        tf.TensorSpec([rows], tf.int32),
        tf.TensorSpec([rows], tf.int32),
        tf.TensorSpec([rows], tf.float32),
    ]


def _loss_and_correct(outputs: Any, labels: Any, weights: Any) -> tuple[Any, Any]:
    """Weighted sum of the cross-entropies, and number of right answers among rows of weight 1."""
    if outputs.shape[1] == 1:
        outputs = outputs[:, 0]
        losses = tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(labels, tf.float32), outputs)
        answers = tf.cast(outputs > 0.0, tf.int32)
    else:
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, outputs)
        answers = tf.argmax(outputs, axis=1, output_type=tf.int32)
    right = tf.cast(tf.equal(answers, labels), tf.float32) * weights
    return tf.reduce_sum(losses * weights), tf.reduce_sum(right)


def _named(prefix: str, variables: list[Any]) -> dict[str, Any]:
    return {f"{prefix}{number:03d}": variable.value.numpy() for number, variable in enumerate(variables)}


def _pack(arrays: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()
