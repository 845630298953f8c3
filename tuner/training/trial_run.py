"""One trial: trains a configuration epoch by epoch and reports. Knows nothing of the engine around it."""

import math
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from search_spaces.config import TrialConfig
from tuner.data.batches import FILLER, Buckets, count_real_tokens, evaluation_batches, plain_buckets, training_batches
from tuner.data.encoded import EncodedDataset
from tuner.metrics import ACCURACY, Objective, Predictions, measured
from tuner.training.optimizers import OptimizerParams
from tuner.training.program import EVALUATION_BATCH
from tuner.training.program_key import StepInputs
from tuner.training.report import EpochReport, TrialReport
from tuner.training.worker_context import WorkerContext


class TrialRun:
    """One trial in progress.

    A trial is a function of its seed: initial weights, order of the texts and dropout follow from it and from the number of
    the epoch, so a trial that goes on from a saved state gives the numbers that it would have given without a break.
    """

    def __init__(
        self,
        worker_context: WorkerContext,
        config: TrialConfig,
        *,
        seed: tuple[int, ...],
        state: bytes | None,
        scores: Sequence[float | None] = (),
        objective: Objective = ACCURACY,
    ) -> None:
        """Sets the trial up, fresh or from the state that an earlier report carried.

        Args:
            worker_context: the worker's data and programs.
            config: what to train.
            seed: search seed and trial index, and the number of a repeat (from 1) where it is one; non-negative.
            state: ``TrialReport.last`` of the epoch to go on from, its own or another trial's; None for a fresh start.
            scores: the scores of the objective that this trial has reported, epoch by epoch: its best weights are those of
                the best of all its epochs.
            objective: what the search pursues.
        """
        self._worker_context = worker_context
        self._config = config
        self._weights_seed, self._dropout_seed, self._order_seed = (
            int(number) for number in np.random.SeedSequence(seed).generate_state(3, np.uint32)
        )
        self._program, self._buckets = worker_context.set_up(config)
        self._program.start(seed=self._weights_seed, params=OptimizerParams.of(config))
        self._inputs = StepInputs.of(config)
        self._objective = objective
        self._epoch, self._best_score = 0, -math.inf
        if state is not None:
            self._epoch = int(self._program.restore(state, params=OptimizerParams.of(config))["epoch"])
            reached = [score for score in scores[: self._epoch] if score is not None]
            self._best_score = max(reached, default=-math.inf)

    def run_epoch(self) -> TrialReport:
        """Trains one pass over the training texts, evaluates, and reports."""
        self._epoch += 1
        started, compiled_before = time.perf_counter(), self._program.compile_seconds
        train_loss, train_accuracy, tokens_per_second = self._train()
        val_loss, metrics = self._evaluate() if math.isfinite(train_loss) else (math.nan, {})
        report = EpochReport(
            epoch=self._epoch,
            train_loss=train_loss,
            train_accuracy=train_accuracy,
            val_loss=val_loss,
            metrics=metrics,
            seconds=time.perf_counter() - started,
            compile_seconds=self._program.compile_seconds - compiled_before,
            tokens_per_second=tokens_per_second,
        )
        score = None if report.diverged else self._objective.score(metrics)
        improved = score is not None and score > self._best_score
        self._best_score = score if score is not None and improved else self._best_score
        last = self._program.state_bytes(epoch=self._epoch)
        return TrialReport(report, last=last, best=self._program.weights_bytes() if improved else None)

    def logits(self, weights: bytes, data: EncodedDataset) -> NDArray[np.float32]:
        """What the network answers with the weights of an earlier report: ``[texts, outputs]``, before sigmoid or softmax.

        The trial cannot go on afterwards: its last weights are gone.
        """
        self._program.load_weights(weights)
        return self._outputs(data, plain_buckets(data.lengths))[1]

    def _train(self) -> tuple[float, float, float]:
        """Mean loss, accuracy, and real tokens a second, those of first calls left out. Ends at a loss that is not finite."""
        data, program = self._worker_context.data.train, self._program
        order = (self._order_seed, self._epoch)
        total, correct, tokens, seconds = 0.0, 0, 0, 0.0
        config = self._config
        batches = training_batches(
            data, self._buckets, config.batch_size, seed_sequence=order, batch_tokens=config.batch_tokens
        )
        for number, batch in enumerate(batches):
            started, compiled_before = time.perf_counter(), program.compile_seconds
            # The generator of dropout takes two words: one for the trial and epoch, one for the step.
            loss, right = program.train(batch, self._inputs, ((self._dropout_seed + self._epoch) & 0x7FFFFFFF, number))
            if program.compile_seconds == compiled_before:
                tokens += count_real_tokens(batch)
                seconds += time.perf_counter() - started
            total += loss
            correct += right
            if not math.isfinite(loss):
                break
        return total / len(data), correct / len(data), tokens / seconds if seconds else 0.0

    def _evaluate(self) -> tuple[float, dict[str, float]]:
        """Mean loss and metrics on the validation texts."""
        data = self._worker_context.data.validation
        loss, outputs = self._outputs(data, self._worker_context.many_buckets)
        return loss, measured(Predictions.of_logits(outputs, data.labels))

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
