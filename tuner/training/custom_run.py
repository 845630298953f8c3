"""A training of a custom model, with its own optimizer, loss and metrics."""

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from search_spaces.config import ClassWeights, CustomConfig
from tuner.data.batches import Batch, Buckets, assemble, count_real_tokens, exact_plan, training_batches
from tuner.data.encoded import EncodedDataset
from tuner.measures import Predictions
from tuner.metrics import BY_ACCURACY, Scorer
from tuner.models.custom.building import labels_for
from tuner.models.custom.finding import HyperModelError
from tuner.models.custom.loss import SMALLEST, gives_logits
from tuner.training.archives import assign, named, numbered, packed, unpacked
from tuner.training.program import EVALUATION_BATCH
from tuner.training.program_key import weights_of_classes
from tuner.training.report import OwnCount
from tuner.training.run import Run
from tuner.training.worker_context import WorkerContext

BATCH_SIZE = "batch_size"
"""A hyperparameter of this name is the number of texts a training step."""
DEFAULT_BATCH_SIZE = 64

CLASS_WEIGHTS = "class_weights"
"""A hyperparameter of this name, "none", "balanced" or "effective", weighs texts in the loss as in the built-in networks."""

_INDICES = tf.TensorSpec([None], tf.int32)


class CustomRun(Run):
    """One training of a custom model.

    With an optimizer that averages weights (``use_ema``) each epoch is evaluated with the averages, which are the best weights
    too, while training goes on from the weights themselves. The seeds that Keras layers keep go on from a saved state; what
    a user's code draws elsewhere is seeded anew every epoch.
    """

    def __init__(
        self,
        worker_context: WorkerContext,
        config: CustomConfig,
        *,
        seed: tuple[int, ...],
        state: bytes | None,
        scores: Sequence[float | None] = (),
        scorer: Scorer = BY_ACCURACY,
    ) -> None:
        """Builds the model, fresh or with the state that an earlier report carried; otherwise as ``TrialRun``.

        Raises:
            HyperModelError: where it is no model for these data, or the state is not of this model.
        """
        super().__init__(seed, scorer, worker_context.reports_per_epoch)
        self._data, values = worker_context.data, config.model_dump()
        self._built = worker_context.custom_model.built(values, seed=self._weights_seed)
        self._counted = OwnCount(self._built.parameters, self._built.embedding_parameters)
        self._model = self._built.model
        if not self._model.optimizer.built:
            self._model.optimizer.build(self._model.trainable_variables)
        self._batch_size = _batch_size(values)
        self._class_weights = _class_weights(values, worker_context.texts_of_class)
        self._first_steps_seconds = 0.0
        self._raw: list[NDArray[Any]] | None = None
        if state is not None:
            self._resume(self._restore(state), scores)

    def logits(self, weights: bytes, data: EncodedDataset) -> NDArray[np.float32]:
        """As ``Run.logits``; where the model gives probabilities, their logarithms, or log odds, within float32's reach."""
        assign("w", self._model.weights, unpacked(weights))
        return self._as_logits(self._outputs(data))

    def _train(self) -> tuple[float, float, float]:
        """As ``Run._train``, with the model's own accuracy: NaN without one."""
        keras.utils.set_random_seed((self._epoch_seed + self._reports) & 0xFFFFFFFF)
        data, steps = self._data.train, _Steps()
        order = (self._order_seed, self._epoch)
        batches = training_batches(data, self._buckets(data.lengths), self._batch_size, seed_sequence=order)
        part = batches.part(*self._part)
        batches_of_keras = self._dataset(part, len(part), steps)
        if self._raw is not None:
            self._model.set_weights(self._raw)
        history = self._model.fit(batches_of_keras, epochs=1, shuffle=False, verbose=0, callbacks=[steps])
        self._first_steps_seconds += steps.first_seconds
        # At the end of a fit Keras puts the averages in the place of the weights; between two epochs of one it would not.
        self._raw = steps.raw if self._model.optimizer.use_ema else None
        logs = {name: values[-1] for name, values in history.history.items()}
        return logs["loss"], _accuracy(logs), steps.tokens_per_second

    def _evaluate(self) -> tuple[float, Predictions]:
        """As ``Run._evaluate``, with the model's own loss."""
        data = self._data.validation
        loss = self._model.evaluate(self._evaluation_set(data), verbose=0, return_dict=True)["loss"]
        return float(loss), self._scorer.predictions(self._as_logits(self._outputs(data)), data.labels)

    def _outputs(self, data: EncodedDataset) -> NDArray[np.float32]:
        """The model's answers ``[texts, outputs]`` in the order of the texts."""
        rows = np.concatenate([numbers for _, numbers in self._evaluation_plan(data)])
        in_batches = self._model.predict(self._evaluation_set(data), verbose=0)
        outputs: NDArray[np.float32] = np.empty_like(in_batches)
        outputs[rows] = in_batches
        return outputs

    def _evaluation_plan(self, data: EncodedDataset) -> list[tuple[int, NDArray[np.int64]]]:
        return exact_plan(data.lengths, self._buckets(data.lengths), EVALUATION_BATCH)

    def _evaluation_set(self, data: EncodedDataset) -> Any:
        plan, lengths = self._evaluation_plan(data), data.lengths
        return self._dataset((assemble(data, lengths, rows, boundary) for boundary, rows in plan), len(plan))

    def _dataset(self, batches: Iterable[Batch], count: int, steps: "_Steps | None" = None) -> Any:
        """So many batches as Keras takes them, without the rows that only fill up.

        Its signature has no lengths, so that a step is traced once for all of them; a trial that goes on in another process
        then runs the very graph that it would have run. It says how many batches there are, because Keras would otherwise ask
        for one too many, which counts as a step of the optimizer. Only texts to train on, those of ``steps``, are weighed.
        """
        weights = None if steps is None else self._class_weights

        def generate() -> Iterator[tuple[NDArray[Any], ...]]:
            for batch in batches:
                if steps is not None:
                    steps.expect(count_real_tokens(batch))
                real = batch.weights > 0
                labels = batch.labels[real]
                weighed = () if weights is None else (weights[labels],)
                yield batch.tokens[real], labels_for(self._built, labels), *weighed

        labels = tf.TensorSpec([None, self._built.outputs], tf.float32) if self._built.one_hot else _INDICES
        weighed = () if weights is None else (tf.TensorSpec([None], tf.float32),)
        signature = (tf.TensorSpec([None, self._built.length], tf.int32), labels, *weighed)
        dataset = tf.data.Dataset.from_generator(generate, output_signature=signature)
        return dataset.apply(tf.data.experimental.assert_cardinality(count))

    def _as_logits(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        if gives_logits(self._model):
            return outputs
        likely = np.clip(outputs, SMALLEST, 1 - SMALLEST)
        return np.log(likely) - np.log1p(-likely) if outputs.shape[1] == 1 else np.log(likely)

    def _buckets(self, lengths: NDArray[np.int64]) -> Buckets:
        return Buckets.for_lengths(self._built.lengths, lengths)

    def _seeds(self) -> list[Any]:
        """The states of the layers' random generators: Keras' variables that are neither weights nor metrics."""
        others = {id(variable) for variable in (*self._model.weights, *self._model.metrics_variables)}
        return [variable for variable in self._model.variables if id(variable) not in others]

    def _weights(self) -> bytes:
        return packed(named("w", self._model.weights))

    def _state(self) -> bytes:
        arrays = {
            **(named("w", self._model.weights) if self._raw is None else numbered("w", self._raw)),
            **named("s", self._model.optimizer.variables),
            **named("g", self._seeds()),
        }
        return packed({**arrays, "epoch": np.asarray(self._reports)})

    def _compile_seconds(self) -> float:
        return self._first_steps_seconds

    def _restore(self, state: bytes) -> int:
        """Takes a state back and returns the number of reports before it."""
        arrays = unpacked(state)
        try:
            assign("w", self._model.weights, arrays)
            assign("s", self._model.optimizer.variables, arrays)
            assign("g", self._seeds(), arrays)
        except (KeyError, ValueError):
            raise HyperModelError(
                "the model has other weights than when its last epoch was saved; was its module changed in between?"
            ) from None
        return int(arrays["epoch"])


class _Steps(keras.callbacks.Callback):
    """Times an epoch: its first step, which may be traced and compiled, apart from the others.

    Attributes:
        first_seconds: of the first step, 0 before it.
        raw: the model's weights at the end of the epoch, where its optimizer averages them (``use_ema``).
    """

    def __init__(self) -> None:
        super().__init__()
        self.first_seconds = 0.0
        self._began = self._last = 0.0
        self._tokens: list[int] = []
        self.raw: list[NDArray[Any]] | None = None

    def expect(self, tokens: int) -> None:
        """A batch of so many real tokens follows."""
        self._tokens.append(tokens)

    @property
    def tokens_per_second(self) -> float:
        """Of all steps but the first, 0 where there was none."""
        seconds = self._last - self._began - self.first_seconds
        return sum(self._tokens[1:]) / seconds if seconds else 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Starts the clock."""
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Keeps the weights from which training goes on, before the averages come in their place."""
        if self.model.optimizer.use_ema:
            self.raw = self.model.get_weights()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Stops it for this step."""
        self._last = time.perf_counter()
        if not batch:
            self.first_seconds = self._last - self._began


def _batch_size(values: Mapping[str, Any]) -> int:
    size = values.get(BATCH_SIZE, DEFAULT_BATCH_SIZE)
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise HyperModelError(f"batch_size is {size!r}; it is the texts a training step, a whole number of at least 1")
    return size


def _class_weights(values: Mapping[str, Any], texts_of_class: NDArray[np.int64]) -> NDArray[np.float32] | None:
    """The weight of each class, None where all are alike."""
    kind = values.get(CLASS_WEIGHTS, "none")
    if kind not in get_args(ClassWeights):
        raise HyperModelError(f"class_weights is {kind!r}; it is one of {', '.join(get_args(ClassWeights))}")
    return None if kind == "none" else weights_of_classes(kind, texts_of_class)


def _accuracy(logs: Mapping[str, float]) -> float:
    """The first of the model's own metrics that is an accuracy, NaN where none is."""
    return next((value for name, value in logs.items() if name == "acc" or name.endswith("accuracy")), math.nan)
