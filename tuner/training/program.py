"""The compiled steps of a network: training, evaluation, and the programs that a worker keeps."""

import gc
from collections import OrderedDict
from collections.abc import Iterator, Sequence
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
from tuner.models.keras_model import build_model, initial_values, layers_of
from tuner.models.network_layers import DropoutMasks, draw_masks, drop_words, head
from tuner.models.weights import MATRICES, Weight, count_of_head, count_of_kept, weights_of
from tuner.training.archives import numbered, packed, taken, unpacked
from tuner.training.optimizers import OptimizerParams, assign_state, build_optimizer, set_optimizer_params, state_of
from tuner.training.program_key import PROGRAMS_KEPT, Kernel, ProgramKey, StepInputs, kernel_of
from tuner.training.step import Step
from tuner.training.weight_vectors import Layout

EVALUATION_BATCH = 256


class Program:
    """Variables, optimizer and compiled steps of one network.

    On a CPU a step runs the fast recurrence; on a GPU it runs the Keras layers, whose LSTM and GRU are cuDNN's, with these
    weights in place of their own. Weights, and therefore checkpoints, are the same.

    Attributes:
        key: what the program was made for.
    """

    def __init__(self, key: ProgramKey, vectors: NDArray[np.float32] | None = None) -> None:
        """Makes variables and an optimizer; nothing is compiled before the first step of each shape.

        Args:
            key: what the program is for.
            vectors: float32 ``[at least vocabulary, embedding]``, pretrained; only read where the network begins with them.
        """
        self.key = key
        self._weights = weights_of(key.network)
        self._pretrained = vectors if key.network.vectors != "none" else None
        self._kept_weights = self._weights[-count_of_kept(key.network) :]
        self._layout = Layout.of([weight for weight in self._weights if weight.trained])
        trained, others = _parted(self._weights, [np.zeros(weight.shape, np.float32) for weight in self._weights])
        self._trained = [_variable(vector) for vector in self._layout.join(trained)]
        self._others = [_variable(array) for array in others]
        self._moving = self._others[len(self._weights) - len(self._kept_weights) :]
        self._evaluated = (*self._trained, *self._moving)
        self._averages = [_variable(variable.value) for variable in self._evaluated] if key.averaged else []
        self._optimizer = build_optimizer(key.optimizer, self._trained, momentum=key.momentum)
        self._fresh_slots = [variable.value.numpy() for variable in self._optimizer.variables]
        self._kernel = kernel_of(key.network.cell, one_hot=key.network.one_hot, gpu=on_gpu())
        self._model: Any = None if self._kernel is Kernel.RECURRENCE else build_model(key.network)
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
            name=f"train {key}",
            compiled=key.compiled,
        )
        # Not compiled: without gradients and with many rows a plain graph is as fast, and there is nothing to wait for.
        self._evaluation_step = Step(self._evaluate, _batch_spec(EVALUATION_BATCH), name=f"evaluate {key}")

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
        trained, others = _parted(self._weights, initial_values(self._weights, seed=seed, vectors=self._pretrained))
        _assign((*self._trained, *self._others), [*self._layout.join(trained), *others])
        _assign(self._optimizer.variables, self._fresh_slots)
        if self._averages:
            _assign(self._averages, [variable.value for variable in self._evaluated])
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
        own = [variable.value.numpy() for variable in self._evaluated]
        if self._averages:
            _assign(self._evaluated, [average.value for average in self._averages])
        yield
        if self._averages:
            _assign(self._evaluated, own)

    def weights(self) -> list[NDArray[np.float32]]:
        """All weights as they are now, float32 in the order of the data flow."""
        frozen = self._others[: len(self._others) - len(self._moving)]
        return [*(table.value.numpy() for table in frozen), *self._kept(self._evaluated)]

    def weights_bytes(self) -> bytes:
        """The weights that are evaluated as a NumPy archive: ``w000`` and so on, in the order of the data flow, without frozen
        vectors.
        """
        return packed(numbered("w", self._kept(self._averages or self._evaluated)))

    def state_bytes(self, **extra: float) -> bytes:
        """Weights and optimizer, with ``extra`` numbers beside them: what a trial goes on from.

        Weight by weight, as ``weights_bytes``: how they lie in vectors is not in it.
        """
        arrays = {
            **numbered("w", self._kept(self._evaluated)),
            **numbered("s", state_of(self._optimizer, self._layout)),
            **numbered("a", self._kept(self._averages) if self._averages else ()),
        }
        return packed({**arrays, **{name: np.asarray(value) for name, value in extra.items()}})

    def restore(self, content: bytes, *, params: OptimizerParams) -> dict[str, float]:
        """Takes a state back, but for the optimizer's rates, and returns the extra numbers in it."""
        arrays = unpacked(content)
        self._assign_kept(self._evaluated, taken("w", arrays))
        assign_state(self._optimizer, self._layout, taken("s", arrays))
        if self._averages:
            self._assign_kept(self._averages, taken("a", arrays))
        set_optimizer_params(self._optimizer, params)
        return {name: float(value) for name, value in arrays.items()}

    def load_weights(self, content: bytes) -> None:
        """Takes weights back as ``weights_bytes`` gave them; the optimizer stays as it is."""
        self._assign_kept(self._evaluated, taken("w", unpacked(content)))

    def _kept(self, variables: Sequence[Any]) -> list[NDArray[np.float32]]:
        """The weights that a trial keeps, of the vectors and moving statistics or of the averages of both."""
        values, count = [variable.value for variable in variables], len(self._trained)
        kept = _merged(self._kept_weights, self._layout.split(values[:count]), values[count:])
        return [weight.numpy() for weight in kept]

    def _assign_kept(self, variables: Sequence[Any], arrays: Sequence[Any]) -> None:
        trained, moving = _parted(self._kept_weights, arrays)
        _assign(variables, [*self._layout.join(trained), *moving])

    def _logits(
        self,
        trained: Sequence[Any],
        tokens: Any,
        lengths: Any,
        masks: DropoutMasks | None = None,
        row_weights: Any = None,
        steps: Any = None,
    ) -> tuple[Any, list[Any]]:
        """Logits, and the moving statistics after a training step, which is one with ``row_weights``."""
        network = self.key.network
        others = [tf.convert_to_tensor(variable.value) for variable in self._others]
        values = _merged(self._weights, trained, others)
        if self._kernel is not Kernel.RECURRENCE:
            present = tf.sequence_mask(lengths, tf.shape(tokens)[1])
            with keras.StatelessScope(list(zip(self._model.weights, values, strict=True))):
                features = keras_model.pooled_features(layers_of(self._model), network, tokens, present, masks)
        else:
            features = forward.pooled_features(
                values, tokens, lengths, network, masks, steps, compiled=self.key.compiled and row_weights is not None
            )
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
        trained = self._split_weights()
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(trained)
            outputs, statistics = self._logits(trained, tokens, lengths, masks, weights, steps)
            counted = weights if targets is None else weights * targets.labelled
            total = _loss(outputs, labels, counted)
            if targets is None:
                loss = _shaped_loss(outputs, labels, weights, inputs) if self.key.shaped_loss else total
            else:
                loss = self._distillation_loss(outputs, labels, weights, inputs, targets)
            mean = loss / tf.reduce_sum(weights)
        # Of Keras' embedding it is rows of the table.
        gradients = [tf.convert_to_tensor(gradient) for gradient in tape.gradient(mean, trained)]
        if self.key.penalty:
            roles = [weight.role for weight in self._weights if weight.trained]
            gradients = [
                gradient + _penalty_gradient(weight, inputs) if role in MATRICES else gradient
                for gradient, weight, role in zip(gradients, trained, roles, strict=True)
            ]
        joined = self._layout.join(gradients)
        if self.key.clipped:
            joined, _ = tf.clip_by_global_norm(joined, inputs.gradient_clip_norm)
        self._optimizer.apply(joined, self._trained)
        _assign(self._moving, statistics)
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
        for average, variable in zip(self._averages, self._evaluated, strict=True):
            average.assign(average.value + share * (variable.value - average.value))

    def _evaluate(self, tokens: Any, lengths: Any, labels: Any, weights: Any) -> tuple[Any, Any]:
        outputs, _ = self._logits(self._split_weights(), tokens, lengths)
        return _loss(outputs, labels, weights), outputs

    def _split_weights(self) -> list[Any]:
        """The trained weights as tensors in their shapes."""
        return self._layout.split([tf.convert_to_tensor(variable.value) for variable in self._trained])


def _variable(value: Any) -> Any:
    return keras.Variable(np.asarray(value), trainable=False)  # of a value that is a variable it would make none


def _assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _parted(weights: Sequence[Weight], values: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The values of the trained weights, and those of the others."""
    pairs = list(zip(weights, values, strict=True))
    return [value for weight, value in pairs if weight.trained], [
        value for weight, value in pairs if not weight.trained
    ]


def _merged(weights: Sequence[Weight], trained: Sequence[Any], others: Sequence[Any]) -> list[Any]:
    """What `_parted` has parted."""
    of_trained, of_others = iter(trained), iter(others)
    return [next(of_trained if weight.trained else of_others) for weight in weights]


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
    keras.utils.clear_session(free_memory=False)
    registered = gradient_registry._registry
    for name in [name for name in registered if name.startswith("CustomGradient-")]:
        del registered[name]
    gc.collect()
