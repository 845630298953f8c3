"""Conducts a search: which trial comes next, what a report means, what is written down. Knows no Ray and no TensorFlow.

Everything that the search decides goes through here and into the journal, so a test can drive a whole search with a
made-up trainer, and a resumed search is this same class over a journal that is not empty.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from search_spaces.config import TrialConfig
from tuner.runs.events import (
    EndReason,
    EndStatus,
    EpochEnded,
    SearchEnded,
    SearchStarted,
    TrialEnded,
    TrialProposed,
    TrialStarted,
    WorkerLost,
)
from tuner.runs.ledger import Ledger, TrialRecord
from tuner.runs.store import RunStore
from tuner.search.plan import Plan
from tuner.search.schedulers.scheduler import Decision, Metrics, Scheduler
from tuner.search.searchers.searcher import Searcher
from tuner.training.report import EpochReport

# A trial whose workers die so many times without a finished epoch in between is what kills them.
_LOSSES_THAT_FAIL = 3


@dataclass(frozen=True)
class Assignment:
    """A trial for a worker."""

    trial: str
    index: int
    config: TrialConfig


def trial_id(index: int) -> str:
    """The id of trial ``index``: sortable, and the same in every run."""
    return f"{index:05d}"


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


class Conductor:
    """One search in progress."""

    def __init__(
        self,
        plan: Plan,
        searcher: Searcher,
        scheduler: Scheduler,
        store: RunStore,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Takes the parts; where the store's journal holds a search already, its rungs are rebuilt from it."""
        self._plan = plan
        self._searcher = searcher
        self._scheduler = scheduler
        self._store = store
        self._clock = clock
        self._decisions: dict[tuple[str, int], Decision] = {}
        for event in self.ledger.reports:
            if event.epoch < plan.epochs:
                self._decide(self.ledger.trials[event.trial], event.epoch, event.val_accuracy)
            self._decisions[event.trial, event.epoch] = Decision(event.decision)
        self._waiting = [record for record in self.ledger.trials.values() if not record.ended]
        self._next_index = 1 + max((record.index for record in self.ledger.trials.values()), default=-1)

    @property
    def ledger(self) -> Ledger:
        """All that happened so far."""
        return self._store.ledger

    def start(self) -> None:
        """Writes down that the search runs (again)."""
        self._store.record(SearchStarted(time=self._clock(), trials=self._plan.trials))

    def next_trial(self) -> Assignment | None:
        """The next trial: first those that an interruption left, then new ones; None where there are no more."""
        if self._waiting:
            record = self._waiting.pop(0)
            return Assignment(record.trial, record.index, TrialConfig(**record.config))
        if self._next_index >= self._plan.trials:
            return None
        config = self._searcher.propose(self._next_index)
        if config is None:
            return None
        index, self._next_index = self._next_index, self._next_index + 1
        count = self._plan.count(config)
        self._store.record(
            TrialProposed(
                time=self._clock(),
                trial=trial_id(index),
                index=index,
                config=config.model_dump(),
                parameters=count.total,
                embedding_parameters=count.embedding,
            )
        )
        return Assignment(trial_id(index), index, config)

    def on_start(self, trial: str) -> None:
        """A worker took the trial."""
        self._store.record(TrialStarted(time=self._clock(), trial=trial))

    def on_report(self, trial: str, report: EpochReport, *, last: bytes, best: bytes | None) -> Decision:
        """Takes in a trial's epoch and says what it does next.

        An epoch that is already in the journal (its state was lost in a crash, so it was trained again) is answered as it
        was answered then, and counted once. The journal is written before the weights: a state on disk is never newer
        than the journal.
        """
        record = self.ledger.trials[trial]
        known = self._decisions.get((trial, report.epoch))
        decision = known or self._fresh_decision(record, report)
        if known is None:
            self._decisions[trial, report.epoch] = decision
            self._store.record(self._epoch_event(trial, report, decision))
        self._store.save_weights(trial, last=last, best=best)
        if decision is Decision.STOP:
            self._store.record(TrialEnded(time=self._clock(), trial=trial, status=self._end_status(report)))
        return decision

    def _fresh_decision(self, record: TrialRecord, report: EpochReport) -> Decision:
        if report.diverged or report.epoch >= self._plan.epochs:
            return Decision.STOP
        return self._decide(record, report.epoch, report.val_accuracy)

    def _decide(self, record: TrialRecord, epoch: int, val_accuracy: float | None) -> Decision:
        if val_accuracy is None:
            return Decision.STOP
        return self._scheduler.report(record.trial, epoch, Metrics(val_accuracy, record.parameters))

    def _end_status(self, report: EpochReport) -> EndStatus:
        if report.diverged:
            return "diverged"
        return "completed" if report.epoch >= self._plan.epochs else "stopped"

    def _epoch_event(self, trial: str, report: EpochReport, decision: Decision) -> EpochEnded:
        return EpochEnded(
            time=self._clock(),
            trial=trial,
            epoch=report.epoch,
            train_loss=_finite(report.train_loss),
            train_accuracy=_finite(report.train_accuracy),
            val_loss=_finite(report.val_loss),
            val_accuracy=None if report.diverged else _finite(report.val_accuracy),
            seconds=report.seconds,
            compile_seconds=report.compile_seconds,
            tokens_per_second=report.tokens_per_second,
            decision=decision.value,
        )

    def on_failure(self, trial: str, error: str) -> None:
        """Records a trial that broke; the search goes on."""
        if self.ledger.trials[trial].ended:  # its worker broke after the last report
            return
        self._store.record(TrialEnded(time=self._clock(), trial=trial, status="failed", error=error))

    def on_worker_lost(self, trial: str, reason: str) -> None:
        """Puts a trial whose worker went away back in line, to go on from its last state.

        The third loss without a finished epoch in between is its failure: then it is the trial that ends its workers.
        """
        record = self.ledger.trials[trial]
        if record.ended:
            return
        if record.losses + 1 >= _LOSSES_THAT_FAIL:
            self.on_failure(trial, f"{reason}; {_LOSSES_THAT_FAIL} times in a row after epoch {record.last_epoch}")
            return
        self._store.record(WorkerLost(time=self._clock(), trial=trial, reason=reason))
        self._waiting.append(record)

    @property
    def all_ended(self) -> bool:
        """Whether no trial can need a worker any more, as far as trials were proposed."""
        return all(record.ended for record in self.ledger.trials.values())

    def end(self, reason: EndReason) -> None:
        """Writes down why the search is over."""
        self._store.record(SearchEnded(time=self._clock(), reason=reason))
