"""The compiled steps of a network: training, evaluation, and the programs that a worker keeps."""

import gc
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.python.framework.ops import gradient_registry

from tuner.data.batches import Batch, Targets
from tuner.models import forward, keras_model
from tuner.models.device import on_gpu
from tuner.models.keras_model import build_model, initialize, layers_of
from tuner.models.network_layers import DropoutMasks, draw_masks, drop_words, head
from tuner.models.weights import MATRICES, count_of_head, count_of_kept, weights_of
from tuner.training.archives import assign, named, packed, unpacked
from tuner.training.optimizers import OptimizerParams, build_optimizer, set_optimizer_params
from tuner.training.program_key import PROGRAMS_KEPT, Kernel, ProgramKey, StepInputs, kernel_of
from tuner.training.step import Step

EVALUATION_BATCH = 256


class Program:
    """Variables, optimizer and compiled steps of one network.

    On a CPU a step runs the fast recurrence over the Keras model's own variables; on a GPU it runs the Keras layers, whose
    LSTM and GRU are cuDNN's. Weights, and therefore checkpoints, are the same.

    Attributes:
        key: what the program was made for.
        model: the Keras model that owns the variables.
    """

    def __init__(self, key: ProgramKey, vectors: NDArray[np.float32] | None = None) -> None:
        """Builds the model and its optimizer; nothing is compiled before the first step of each shape.

        Args:
            key: what the program is for.
            vectors: float32 ``[at least vocabulary, embedding]``, pretrained; only read where the network begins with them.
        """
        self.key = key
        self.model: Any = build_model(key.network)
        self._weights, self._variables = weights_of(key.network), list(self.model.weights)
        self._vectors = vectors if key.network.vectors != "none" else None
        self._kept = self._variables[-count_of_kept(key.network) :]
        self._averages = [_copy(variable) for variable in self._kept] if key.averaged else []
        self._trained = [
            (variable, weight.role in MATRICES)
            for variable, weight in zip(self._variables, self._weights, strict=True)
            if weight.trained
        ]
        self._moving = [
            variable
            for variable, weight in zip(self._variables, self._weights, strict=True)
            if weight.role.startswith("moving")
        ]
        self._optimizer = build_optimizer(
            key.optimizer, [variable for variable, _ in self._trained], momentum=key.momentum
        )
        self._fresh_slots = [variable.value.numpy() for variable in self._optimizer.variables]
        self._kernel = kernel_of(key.network.cell, one_hot=key.network.one_hot, gpu=on_gpu())
        self._layers = layers_of(self.model)
        self._train_step = Step(
            self._train,
            [
                *_batch_spec(key.batch_size, key.longest),
                tf.TensorSpec([len(StepInputs._fields) - 1], tf.float32),
                tf.TensorSpec([None], tf.float32),
                tf.TensorSpec([2], tf.int32),
                tf.TensorSpec([], tf.int32),
                *(_targets_spec(key.batch_size) if key.distilled else ()),
            ],
            compiled=key.compiled,
        )
        # Not compiled: without gradients and with many rows a plain graph is as fast, and there is nothing to wait for.
        self._evaluation_step = Step(self._evaluate, _batch_spec(EVALUATION_BATCH))

    @property
    def compile_seconds(self) -> float:
        """Time spent so far in first calls of a step with a new shape: tracing, compiling, one run."""
        return self._train_step.compile_seconds + self._evaluation_step.compile_seconds

    @property
    def trace_seconds(self) -> float:
        """The part of it in which TensorFlow made the graphs."""
        return self._train_step.trace_seconds + self._evaluation_step.trace_seconds

    def start(self, *, seed: int, params: OptimizerParams) -> None:
        """Fresh weights and a fresh optimizer: nothing of the trial before is left."""
        initialize(self._variables, self._weights, seed=seed, vectors=self._vectors)
        for variable, value in zip(self._optimizer.variables, self._fresh_slots, strict=True):
            variable.assign(value)
        for average, variable in zip(self._averages, self._kept, strict=False):
            average.assign(variable.value)
        set_optimizer_params(self._optimizer, params)

    def set_learning_rate(self, rate: float) -> None:
        """Gives the next steps another rate than the trial's own."""
        self._optimizer.learning_rate.assign(rate)

    def train(self, batch: Batch, inputs: StepInputs, seed: tuple[int, int]) -> tuple[float, int]:
        """One update. Returns the summed cross-entropy with the labels in nats, and the number of right answers."""
        steps = batch.tokens.shape[1]
        if self.key.longest is not None:
            batch = batch._replace(tokens=np.pad(batch.tokens, [(0, 0), (0, self.key.longest - steps)]))
        loss, correct = self._train_step(
            *_arrays(batch),
            np.array(inputs[:-1], np.float32),
            inputs.class_weights,
            np.array(seed, np.int32),
            np.array(steps, np.int32),
            *(batch.targets or ()),
        )
        return float(loss), int(correct)

    def evaluate(self, batch: Batch) -> tuple[float, NDArray[np.float32]]:
        """Summed cross-entropy in nats, and the outputs before sigmoid or softmax, ``[EVALUATION_BATCH, outputs]``."""
        loss, outputs = self._evaluation_step(*_arrays(batch))
        return float(loss), outputs

    @contextmanager
    def judged_weights(self) -> Iterator[None]:
        """Within it, evaluation is of the averages, where there are any."""
        own = [variable.value.numpy() for variable in self._kept] if self._averages else []
        for variable, average in zip(self._kept, self._averages, strict=False):
            variable.assign(average.value)
        yield
        for variable, value in zip(self._kept, own, strict=False):
            variable.assign(value)

    def weights_bytes(self) -> bytes:
        """The weights that are evaluated as a NumPy archive: ``w000`` and so on, in the order of the data flow, without frozen
        vectors.
        """
        return packed(named("w", self._averages or self._kept))

    def state_bytes(self, **extra: float) -> bytes:
        """Weights and optimizer, with ``extra`` numbers beside them: what a trial goes on from."""
        arrays = {
            **named("w", self._kept),
            **named("s", self._optimizer.variables),
            **named("a", self._averages),
        }
        return packed({**arrays, **{name: np.asarray(value) for name, value in extra.items()}})

    def restore(self, content: bytes, *, params: OptimizerParams) -> dict[str, float]:
        """Takes a state back, but for the optimizer's rates, and returns the extra numbers in it."""
        arrays = unpacked(content)
        assign("w", self._kept, arrays)
        assign("s", self._optimizer.variables, arrays)
        assign("a", self._averages, arrays)
        set_optimizer_params(self._optimizer, params)
        return {name: float(value) for name, value in arrays.items()}

    def load_weights(self, content: bytes) -> None:
        """Takes weights back as ``weights_bytes`` gave them; the optimizer stays as it is."""
        assign("w", self._kept, unpacked(content))

    def _logits(
        self, tokens: Any, lengths: Any, masks: DropoutMasks | None = None, row_weights: Any = None, steps: Any = None
    ) -> tuple[Any, list[Any]]:
        """Logits, and the moving statistics after a training step, which is one with ``row_weights``."""
        network = self.key.network
        values = [tf.convert_to_tensor(variable.value) for variable in self._variables]
        if self._kernel is not Kernel.RECURRENCE:
            present = tf.sequence_mask(lengths, tf.shape(tokens)[1])
            features = keras_model.pooled_features(self._layers, network, tokens, present, masks)
        else:
            features = forward.pooled_features(values, tokens, lengths, network, masks, steps)
        of_head = values[-count_of_head(network) :]
        return head(features, of_head, network, masks=masks.head if masks else (), row_weights=row_weights)

    def _train(
        self,
        tokens: Any,
        lengths: Any,
        labels: Any,
        weights: Any,
        numbers: Any,
        class_weights: Any,
        seed: Any,
        steps: Any,
        *of_teacher: Any,
    ) -> tuple[Any, Any]:
        inputs = StepInputs._make([*tf.unstack(numbers), class_weights])
        targets = Targets(*of_teacher) if of_teacher else None
        masks = draw_masks(
            self.key.network,
            tf.shape(tokens)[0],
            seed,
            rate=inputs.dropout,
            embedding_rate=inputs.embedding_dropout if self.key.embedding_dropout else None,
        )
        if self.key.word_dropout:
            tokens = drop_words(tokens, seed, rate=inputs.word_dropout)
        with tf.GradientTape() as tape:
            outputs, statistics = self._logits(tokens, lengths, masks, weights, steps)
            counted = weights if targets is None else weights * targets.labelled
            total = _loss(outputs, labels, counted)
            if targets is None:
                trained = _shaped_loss(outputs, labels, weights, inputs) if self.key.shaped_loss else total
            else:
                trained = self._distillation_loss(outputs, labels, weights, inputs, targets)
            mean = trained / tf.reduce_sum(weights)
        gradients = tape.gradient(mean, [variable.value for variable, _ in self._trained])
        if self.key.penalty:
            gradients = [
                gradient + _penalty_gradient(variable.value, inputs) if is_matrix else gradient
                for gradient, (variable, is_matrix) in zip(gradients, self._trained, strict=True)
            ]
        if self.key.clipped:
            gradients, _ = tf.clip_by_global_norm(gradients, inputs.gradient_clip_norm)
        self._optimizer.apply(gradients, [variable for variable, _ in self._trained])
        for variable, value in zip(self._moving, statistics, strict=True):
            variable.assign(value)
        if self.key.averaged:
            self._average(inputs.weight_average)
        return total, _correct(outputs, labels, counted)

    def _distillation_loss(self, outputs: Any, labels: Any, weights: Any, inputs: StepInputs, targets: Targets) -> Any:
        """Sum over the rows of the label's loss and the teacher's, each by its share (Hinton et al. 2015, at temperature 1)."""
        of_labels = weights * targets.label_weights
        hard = (
            _shaped_loss(outputs, labels, of_labels, inputs)
            if self.key.shaped_loss
            else _loss(outputs, labels, of_labels)
        )
        return hard + _teacher_loss(outputs, targets.probabilities, weights - of_labels, inputs.class_weights)

    def _average(self, decay: Any) -> None:
        """Moves the averages towards the weights after a step.

        The decay is bounded by ``(1 + step) / (10 + step)``, as in ``tf.train.ExponentialMovingAverage``, so that the first
        steps are soon forgotten. Keras' ``use_ema`` has one decay for all steps, fixed in the program, and no average of the
        moving statistics of batch normalisation, which would belong to other weights then.
        """
        steps = tf.cast(self._optimizer.iterations.value, tf.float32)
        share = 1.0 - tf.minimum(decay, (1.0 + steps) / (10.0 + steps))
        for average, variable in zip(self._averages, self._kept, strict=True):
            average.assign(average.value + share * (variable.value - average.value))

    def _evaluate(self, tokens: Any, lengths: Any, labels: Any, weights: Any) -> tuple[Any, Any]:
        outputs, _ = self._logits(tokens, lengths)
        return _loss(outputs, labels, weights), outputs


def _copy(variable: Any) -> Any:
    return keras.Variable(variable.value.numpy(), trainable=False)  # of a value that is a variable it would make none


def _penalty_gradient(weight: Any, inputs: StepInputs) -> Any:
    """Of ``l1 * sum |w| + l2 * sum w^2``, as Keras' regularisers have it."""
    return inputs.l1 * tf.sign(weight) + 2.0 * inputs.l2 * weight


def _arrays(batch: Batch) -> tuple[NDArray[Any], ...]:
    return batch.tokens, batch.lengths, batch.labels, batch.weights


def _batch_spec(rows: int | None, longest: int | None = None) -> list[Any]:
    return [
        tf.TensorSpec([rows, longest], tf.int32),
        tf.TensorSpec([rows], tf.int32),
        tf.TensorSpec([rows], tf.int32),
        tf.TensorSpec([rows], tf.float32),
    ]


def _targets_spec(rows: int | None) -> Targets:
    specs: Any = (tf.TensorSpec([rows, None], tf.float32), *[tf.TensorSpec([rows], tf.float32)] * 2)
    return Targets(*specs)


def _loss(outputs: Any, labels: Any, weights: Any) -> Any:
    """Weighted sum of the cross-entropies."""
    if outputs.shape[1] == 1:
        losses = tf.nn.sigmoid_cross_entropy_with_logits(tf.cast(labels, tf.float32), outputs[:, 0])
    else:
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, outputs)
    return tf.reduce_sum(losses * weights)


def _shaped_loss(outputs: Any, labels: Any, weights: Any, inputs: StepInputs) -> Any:
    """Sum over the rows of ``weight * class weight * (1 - p)^gamma * cross-entropy with smoothed labels``.

    ``p`` is the probability of the right class; the factor is that of the focal loss (Lin et al. 2017).
    """
    log_probabilities = _log_probabilities(outputs)
    right = tf.gather(log_probabilities, labels, batch_dims=1)
    smoothed = (1.0 - inputs.label_smoothing) * right + inputs.label_smoothing * tf.reduce_mean(
        log_probabilities, axis=1
    )
    # Not below a small number: at 0 the derivative of a power has no value.
    missing = tf.maximum(1.0 - tf.exp(right), 1e-6)
    focus = tf.pow(missing, inputs.focal_gamma) * tf.gather(inputs.class_weights, labels)
    return -tf.reduce_sum(focus * smoothed * weights)


def _teacher_loss(outputs: Any, probabilities: Any, weights: Any, class_weights: Any) -> Any:
    """Sum over the rows of ``weight * cross-entropy with these probabilities``, whose classes have weights as labels have."""
    losses = -tf.reduce_sum(class_weights * probabilities * _log_probabilities(outputs), axis=1)
    return tf.reduce_sum(losses * weights)


def _log_probabilities(outputs: Any) -> Any:
    """``[texts, classes]``, where one output stands for two classes too."""
    if outputs.shape[1] == 1:
        outputs = tf.concat([tf.zeros_like(outputs), outputs], axis=1)
    return tf.nn.log_softmax(outputs)


def _correct(outputs: Any, labels: Any, weights: Any) -> Any:
    """Number of right predictions among rows of weight 1."""
    if outputs.shape[1] == 1:
        predicted = tf.cast(outputs[:, 0] > 0.0, tf.int32)
    else:
        predicted = tf.argmax(outputs, axis=1, output_type=tf.int32)
    return tf.reduce_sum(tf.cast(tf.equal(predicted, labels), tf.float32) * weights)


class ProgramCache:
    """Least recently used programs go first."""

    def __init__(self, size: int = PROGRAMS_KEPT) -> None:
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
