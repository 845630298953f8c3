"""A training of a built-in network. Knows nothing of the engine around it."""

import math
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search_spaces.config import TrialConfig
from tuner.data.batches import FILLER, Buckets, count_real_tokens, evaluation_batches, plain_buckets, training_batches
from tuner.data.encoded import EncodedDataset
from tuner.measures import Predictions
from tuner.metrics import BY_ACCURACY, Scorer
from tuner.training.optimizers import OptimizerParams, share_of_rate
from tuner.training.program import EVALUATION_BATCH
from tuner.training.program_key import StepInputs
from tuner.training.run import Run
from tuner.training.worker_context import WorkerContext


class TrialRun(Run):
    """One training of a built-in network."""

    def __init__(
        self,
        worker_context: WorkerContext,
        config: TrialConfig,
        *,
        seed: tuple[int, ...],
        state: bytes | None,
        scores: Sequence[float | None] = (),
        scorer: Scorer = BY_ACCURACY,
    ) -> None:
        """Sets the trial up, fresh or from the state that an earlier report carried.

        Args:
            worker_context: the worker's data and programs.
            config: what to train.
            seed: as ``Run`` takes it.
            state: ``TrialReport.last`` of the report to go on from, its own or another trial's; None for a fresh start.
            scores: the scores of the objective that this trial has reported, one by one: its best weights are those of the
                best of them all.
            scorer: as ``Run`` takes it.
        """
        super().__init__(seed, scorer, worker_context.reports_per_epoch)
        self._worker_context = worker_context
        self._config = config
        self._data = worker_context.data_of(config)
        self._program, self._buckets = worker_context.set_up(config)
        self._program.start(seed=self._weights_seed, params=OptimizerParams.of(config))
        self._inputs = StepInputs.of(config, worker_context.texts_of_class)
        if state is not None:
            self._resume(int(self._program.restore(state, params=OptimizerParams.of(config))["epoch"]), scores)

    def logits(self, weights: bytes, data: EncodedDataset) -> NDArray[np.float32]:
        """As ``Run.logits``."""
        self._program.load_weights(weights)
        if self._config.vocabulary_order == "informative":
            assert self._data.informative is not None
            data = data.ordered(self._data.informative)
        return self._outputs(data, plain_buckets(data.lengths))[1]

    def _train(self) -> tuple[float, float, float]:
        """As ``Run._train``; ends at a loss that is not finite."""
        data, program = self._data.train, self._program
        order = (self._order_seed, self._epoch)
        total, correct, tokens, seconds = 0.0, 0, 0, 0.0
        config = self._config
        changes_rate = config.rate_schedule != "constant" or config.warm_up > 0.0
        batches = training_batches(
            data, self._buckets, config.batch_size, seed_sequence=order, batch_tokens=config.batch_tokens
        ).part(*self._part)
        seen = batches.texts_before
        for number, batch in enumerate(batches, start=batches.first):
            started, compiled_before = time.perf_counter(), program.compile_seconds
            seen += int(np.count_nonzero(batch.weights))
            if changes_rate:
                progress = (self._epoch - 1 + seen / len(data)) / self._worker_context.epochs
                program.set_learning_rate(config.learning_rate * share_of_rate(config, progress))
            # The generator of dropout takes two words: one for the trial and epoch, one for the step.
            loss, right = program.train(batch, self._inputs, ((self._epoch_seed + self._epoch) & 0x7FFFFFFF, number))
            if program.compile_seconds == compiled_before:
                tokens += count_real_tokens(batch)
                seconds += time.perf_counter() - started
            total += loss
            correct += right
            if not math.isfinite(loss):
                break
        labelled = data.labelled_among(batches.rows)
        return total / labelled, correct / labelled, tokens / seconds if seconds else 0.0

    def _evaluate(self) -> tuple[float, Predictions]:
        data = self._data.validation
        with self._program.judged_weights():
            loss, outputs = self._outputs(data, self._worker_context.buckets.many)
        return loss, self._scorer.predictions(outputs, data.labels)

    def _outputs(self, data: EncodedDataset, buckets: Buckets) -> tuple[float, NDArray[np.float32]]:
        """Mean loss, and the logits ``[texts, outputs]`` in the order of the texts."""
        total, parts = 0.0, []
        for rows, batch in evaluation_batches(data, buckets, EVALUATION_BATCH):
            loss, outputs = self._program.evaluate(batch)
            total += loss
            parts.append((rows, outputs))
        logits = np.empty((len(data), parts[0][1].shape[1]), np.float32)
        for rows, outputs in parts:
            logits[rows[rows != FILLER]] = outputs[rows != FILLER]
        return total / len(data), logits

    def _weights(self) -> bytes:
        return self._program.weights_bytes()

    def _state(self) -> bytes:
        return self._program.state_bytes(epoch=self._reports)

    def _compile_seconds(self) -> float:
        return self._program.compile_seconds

    def _trace_seconds(self) -> float:
        return self._program.trace_seconds
