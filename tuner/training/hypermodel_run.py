"""One trial of a user's own model: trains it epoch by epoch with its own optimizer, loss and metrics, and reports."""

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tuner.data.batches import Batch, count_real_tokens, evaluation_batches, plain_buckets, training_batches
from tuner.data.buckets import Buckets
from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.models.hypermodel.errors import HyperModelError
from tuner.models.hypermodel.own_model import OwnModel
from tuner.training.archives import assign, named, packed, unpacked
from tuner.training.program import EVALUATION_BATCH
from tuner.training.report import EpochReport, OwnCount, TrialReport

BATCH_SIZE = "batch_size"
"""A hyperparameter of this name is the number of texts a training step."""
DEFAULT_BATCH_SIZE = 64

_SMALLEST = 1e-7


class HyperModelRun:
    """One trial in progress.

    Initial weights, order of the texts and the seeds that Keras layers keep follow from the trial's seed, and go on from a
    saved state as if there had been no break. What a user's code draws elsewhere is seeded anew for every epoch.
    """

    def __init__(
        self,
        own: OwnModel,
        data: EncodedSplits,
        values: Mapping[str, Any],
        *,
        seed: tuple[int, ...],
        state: bytes | None,
        accuracies: Sequence[float | None] = (),
    ) -> None:
        """Builds the model, fresh or with the state that an earlier report carried; otherwise as ``TrialRun``.

        Raises:
            HyperModelError: where it is no model for these data, or the state is not of this model.
        """
        weights_seed, self._epoch_seed, self._order_seed = (
            int(number) for number in np.random.SeedSequence(seed).generate_state(3, np.uint32)
        )
        self._data = data
        self._built = own.built(values, seed=weights_seed)
        self._model = self._built.model
        if not self._model.optimizer.built:
            self._model.optimizer.build(self._model.trainable_variables)
        self._batch_size = _batch_size(values)
        self._epoch, self._best_accuracy = 0, -1.0
        self._compiled: set[tuple[int, ...]] = set()
        self._compile_seconds = 0.0
        if state is not None:
            self._restore(state)
            reached = [accuracy for accuracy in accuracies[: self._epoch] if accuracy is not None]
            self._best_accuracy = max(reached, default=-1.0)

    def run_epoch(self) -> TrialReport:
        """Trains one pass over the training texts, evaluates, and reports."""
        self._epoch += 1
        started, compiled_before = time.perf_counter(), self._compile_seconds
        train_loss, train_accuracy, tokens_per_second = self._train()
        val_loss, val_accuracy = self._evaluate() if math.isfinite(train_loss) else (math.nan, math.nan)
        report = EpochReport(
            epoch=self._epoch,
            train_loss=train_loss,
            train_accuracy=train_accuracy,
            val_loss=val_loss,
            val_accuracy=val_accuracy,
            seconds=time.perf_counter() - started,
            compile_seconds=self._compile_seconds - compiled_before,
            tokens_per_second=tokens_per_second,
            counted=OwnCount(self._built.parameters, self._built.embedding_parameters),
        )
        improved = not report.diverged and val_accuracy > self._best_accuracy
        if improved:
            self._best_accuracy = val_accuracy
        best = packed(named("w", self._model.weights)) if improved else None
        return TrialReport(report, last=self._state(), best=best)

    def logits(self, weights: bytes, data: EncodedDataset) -> NDArray[np.float32]:
        """What the model answers with the weights of an earlier report: ``[texts, outputs]``, before sigmoid or softmax.

        Where the model gives probabilities, these are their logarithms, or log odds, within float32's reach. The trial cannot
        go on afterwards: its last weights are gone.
        """
        assign("w", self._model.weights, unpacked(weights))
        answers: NDArray[np.float32] | None = None
        for rows, batch in evaluation_batches(data, self._buckets(data.lengths), EVALUATION_BATCH):
            real = batch.weights > 0
            outputs = self._as_logits(self._model.predict_on_batch(batch.tokens[real]))
            if answers is None:
                answers = np.empty((len(data), outputs.shape[1]), np.float32)
            answers[rows[real]] = outputs
        if answers is None:
            raise ValueError("there are no texts to answer")
        return answers

    def _train(self) -> tuple[float, float, float]:
        """Mean loss, the model's own accuracy (NaN without one), and real tokens a second; first calls of a shape left out."""
        keras.utils.set_random_seed((self._epoch_seed + self._epoch) & 0xFFFFFFFF)
        data = self._data.train
        sums, tokens, seconds = np.zeros(2), 0, 0.0
        batches = training_batches(
            data, self._buckets(data.lengths), self._batch_size, seed_sequence=(self._order_seed, self._epoch)
        )
        for batch in batches:
            real, started = batch.weights > 0, time.perf_counter()
            logs = self._model.train_on_batch(batch.tokens[real], batch.labels[real], return_dict=True)
            took = time.perf_counter() - started
            if self._is_first(batch):
                self._compile_seconds += took
            else:
                tokens += count_real_tokens(batch)
                seconds += took
            sums += real.sum() * np.array([logs["loss"], _accuracy(logs)])
            if not math.isfinite(logs["loss"]):
                break
        loss, accuracy = sums / len(data)
        return float(loss), float(accuracy), tokens / seconds if seconds else 0.0

    def _is_first(self, batch: Batch) -> bool:
        shape = batch.tokens.shape
        first = shape not in self._compiled
        self._compiled.add(shape)
        return first

    def _evaluate(self) -> tuple[float, float]:
        """The model's mean loss, and the accuracy of its answers, on the validation texts."""
        data = self._data.validation
        loss, correct = 0.0, 0
        for _, batch in evaluation_batches(data, self._buckets(data.lengths), EVALUATION_BATCH):
            real = batch.weights > 0
            tokens, labels = batch.tokens[real], batch.labels[real]
            loss += len(labels) * self._model.test_on_batch(tokens, labels, return_dict=True)["loss"]
            outputs = self._model.predict_on_batch(tokens)
            answers = outputs.argmax(axis=1) if outputs.shape[1] > 1 else outputs[:, 0] > self._threshold
            correct += int((answers == labels).sum())
        return loss / len(data), correct / len(data)

    @property
    def _gives_logits(self) -> bool:
        """Whether the model's outputs are logits, as its loss says, and not probabilities."""
        return bool(getattr(self._model.loss, "from_logits", False))

    @property
    def _threshold(self) -> float:
        """Above it a single output means the second class."""
        return 0.0 if self._gives_logits else 0.5

    def _as_logits(self, outputs: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._gives_logits:
            return outputs
        likely = np.clip(outputs, _SMALLEST, 1 - _SMALLEST)
        return np.log(likely) - np.log1p(-likely) if outputs.shape[1] == 1 else np.log(likely)

    def _buckets(self, lengths: NDArray[np.int64]) -> Buckets:
        fixed = self._built.length
        return plain_buckets(lengths) if fixed is None else Buckets.for_lengths((fixed,), lengths)

    def _seeds(self) -> list[Any]:
        """The states of the layers' random generators: Keras' variables that are neither weights nor metrics."""
        others = {id(variable) for variable in (*self._model.weights, *self._model.metrics_variables)}
        return [variable for variable in self._model.variables if id(variable) not in others]

    def _state(self) -> bytes:
        arrays = {
            **named("w", self._model.weights),
            **named("s", self._model.optimizer.variables),
            **named("g", self._seeds()),
        }
        return packed({**arrays, "epoch": np.asarray(self._epoch)})

    def _restore(self, state: bytes) -> None:
        arrays = unpacked(state)
        try:
            assign("w", self._model.weights, arrays)
            assign("s", self._model.optimizer.variables, arrays)
            assign("g", self._seeds(), arrays)
        except (KeyError, ValueError):
            raise HyperModelError(
                "the model has other weights than when its last epoch was saved; was its module changed in between?"
            ) from None
        self._epoch = int(arrays.pop("epoch"))


def _batch_size(values: Mapping[str, Any]) -> int:
    size = values.get(BATCH_SIZE, DEFAULT_BATCH_SIZE)
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise HyperModelError(f"batch_size is {size!r}; it is the texts a training step, a whole number of at least 1")
    return size


def _accuracy(logs: Mapping[str, float]) -> float:
    """The first of the model's own metrics that is an accuracy, NaN where none is."""
    return next((value for name, value in logs.items() if name == "acc" or name.endswith("accuracy")), math.nan)
