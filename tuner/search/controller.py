"""Controls a search: which trial comes next, what a report means, what is written down. Knows no Ray and no TensorFlow.

Everything that the search decides goes through here and into the journal, so a test can drive a whole search with a
made-up trainer, and a resumed search is this same class over a journal that is not empty.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from search_spaces.config import Config
from tuner.formatting import epochs_text
from tuner.metrics import finite
from tuner.runs.best_epoch import reports_within
from tuner.runs.configurations import configurations
from tuner.runs.events import (
    EndReason,
    EndStatus,
    EpochEnded,
    FoldsSkipped,
    SearchEnded,
    SearchStable,
    SearchStarted,
    TrialBuilt,
    TrialContinued,
    TrialEnded,
    TrialProposed,
    TrialStarted,
    WorkerLost,
)
from tuner.runs.search_state import SearchState, TrialRecord
from tuner.runs.store import RunStore
from tuner.search.folds import reason_to_skip
from tuner.search.plan import Plan
from tuner.search.schedulers.scheduler import Continuation, Decision, Metrics, Scheduler
from tuner.search.searchers.searcher import Searcher, proposed
from tuner.search.stability import BOUND, is_stable, observed_gain, seconds_of_one
from tuner.training.report import EpochReport, TrialReport

# A trial whose workers die so many times without a finished epoch in between is what kills them.
LOSSES_THAT_FAIL = 3


@dataclass(frozen=True)
class Assignment:
    """A trial for a worker.

    Attributes:
        trial: its id.
        seed: what follows the search seed in its own: its index, or that and the number of a repeat.
        config: what to train.
        scores: the trial's scores of the objective so far, report by report; higher is better.
        state: what it goes on from, None where it begins.
        fold: the one that it is validated on, counted from 1; None without folds.
        teacher: fingerprint of what a student is trained on beside the labels; None of others.
    """

    trial: str
    seed: tuple[int, ...]
    config: Config
    scores: tuple[float | None, ...] = ()
    state: bytes | None = None
    fold: int | None = None
    teacher: str | None = None


def trial_id(index: int) -> str:
    """The id of trial ``index``: sortable, and the same in every run."""
    return f"{index:05d}"


class SearchController:
    """One search in progress.

    With folds, the scheduler compares configurations on the first fold alone. Those that complete it are trained to the end
    on the others, unless there is a ``reason_to_skip`` these: so all that are ranked were trained alike on the same texts.
    """

    def __init__(
        self,
        plan: Plan,
        searcher: Searcher,
        scheduler: Scheduler,
        records: RunStore,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Takes the parts; where the records hold a search already, the scheduler is told again what happened in it."""
        self._plan = plan
        self._searcher = searcher
        self._scheduler = scheduler
        self._records = records
        self._clock = clock
        self._decisions: dict[tuple[str, float], Decision] = {}
        self._at_work: set[str] = set()
        self._copies: dict[str, str] = {}
        in_line = (self.search_state.trials[trial] for trial in self._replay())
        self._waiting = [record for record in in_line if not (record.ended or record.paused)]
        self._next_number = 1 + max(self.search_state.configurations, default=-1)

    def _replay(self) -> list[str]:
        """Tells the scheduler what the journal holds, in its order; returns the trials in the order of their last turns."""
        turns: dict[str, None] = {}
        for event in self.search_state.history:
            match event:
                case TrialProposed():
                    turns[event.trial] = None
                    if self._is_compared(self.search_state.trials[event.trial]):
                        self._scheduler.add(event.trial)
                case EpochEnded():
                    self._forget_copies(event.trial)
                    record = self.search_state.trials[event.trial]
                    if event.epoch < self._plan.epochs and self._is_compared(record):
                        self._ask_scheduler(record, event.epoch, event.metrics)
                    self._decisions[event.trial, event.epoch] = Decision(event.decision)
                case TrialContinued():
                    if event.source is not None:
                        self._copies[event.trial] = event.source
                    turns.pop(event.trial)
                    turns[event.trial] = None
                    self._scheduler.continued(event.trial)
                case TrialEnded():
                    if self._is_compared(self.search_state.trials[event.trial]):
                        self._scheduler.ended(event.trial)
        return list(turns)

    @staticmethod
    def _is_compared(record: TrialRecord) -> bool:
        """Whether the scheduler knows of the trial."""
        return record.fold is None or record.fold == 1

    def _forget_copies(self, trained: str) -> None:
        """Once trial or source has trained on, the source's state is known to have been copied."""
        self._copies = {t: source for t, source in self._copies.items() if trained not in (t, source)}

    @property
    def search_state(self) -> SearchState:
        """All that happened so far."""
        return self._records.search_state

    @property
    def is_exhausted(self) -> bool:
        """Whether ``next_trial`` has nothing more to give, not even after further reports."""
        if self._waiting or self._new_left or self._next_fold() is not None:
            return False
        return all(record.ended for record in self.search_state.trials.values())  # one that runs may lose its worker

    def start(self, expected: tuple[float, float, float] | None = None) -> None:
        """Writes down that the search runs (again), and completes interrupted steps.

        Args:
            expected: as ``SearchStarted`` has it.
        """
        plan = self._plan
        self._records.record(
            SearchStarted(
                time=self._clock(),
                trials=plan.trials,
                objective=plan.objective,
                own=plan.family.own,
                folds=plan.folds,
                reports_per_epoch=plan.reports_per_epoch,
                expected=expected,
            )
        )
        for trial, source in self._copies.items():
            self._records.copy_state(source, trial)
        self._end_dropped()
        self._skip_folds()

    def next_trial(self) -> Assignment | None:
        """The next trial: first those that an interruption left, then what the scheduler calls back, then new ones.

        With folds, the next fold of a configuration comes before new configurations where its last trial has ended, and
        else after them: what that trial shows may make it needless.

        None where there is none now. Where no report can change that, paused trials are over: they end as stopped.
        """
        if self._waiting:
            return self._assign(self._waiting.pop(0))
        fold = self._next_fold(beside_others=False)
        if fold is not None:
            return self._propose_fold(*fold)
        new_trials_left = self._new_left
        continuation = self._scheduler.next_continuation(new_trials_left=new_trials_left)
        if continuation is not None:
            return self._continue(continuation)
        if new_trials_left:
            return self._propose() or self.next_trial()
        fold = self._next_fold()
        if fold is not None:
            return self._propose_fold(*fold)
        if not self._at_work:
            for record in list(self.search_state.trials.values()):
                if record.paused:
                    self._end(record.trial, "stopped")
        return None

    @property
    def _new_left(self) -> bool:
        return self.search_state.stable is None and self._next_number * self._plan.folds < self._plan.trials

    def _next_fold(self, *, beside_others: bool = True) -> tuple[int, int] | None:
        """A configuration that is to be trained on a further fold, and the fold; None where there is none.

        Args:
            beside_others: also where a trial of the configuration on another fold has not ended.
        """
        if self._plan.folds == 1:  # asked for every trial, of which there may be many thousands
            return None
        for number, trials in self.search_state.configurations.items():
            fold = len(trials) + 1
            if (
                fold <= self._plan.folds
                and trials[0].ended
                and trials[0].trial not in self.search_state.skipped
                and (beside_others or all(record.ended for record in trials))
            ):
                return number, fold
        return None

    def _propose(self) -> Assignment | None:
        """The trial of a new configuration, None where the search is found to be stable instead."""
        number, gain = self._next_number, None
        known = configurations(self.search_state)
        if self._plan.stop_when_stable and number % self._plan.repeats == 0:
            config, one = proposed(self._searcher, number, known)
            one = observed_gain(known) if one is None else one
            gain = None if one is None else one * (self._plan.trials // self._plan.folds - number)
            if gain is not None and is_stable([*self.search_state.gains, gain]):
                self._stop_as_stable(gain, number, known)
                return None
        else:
            config = self._searcher.propose(number, known)
        self._next_number += 1
        if self._plan.folds == 1:
            return self._begin(number, config, None, gain)
        return self._begin(number * self._plan.folds, config, 1, gain)

    def _stop_as_stable(self, gain: float, number: int, known: Sequence[TrialRecord]) -> None:
        """Writes down that no more configurations follow."""
        left = self._plan.trials - number * self._plan.folds
        seconds = left * seconds_of_one(self.search_state)
        self._records.record(SearchStable(time=self._clock(), gain=gain, bound=BOUND, left=left, seconds=seconds))

    def _propose_fold(self, number: int, fold: int) -> Assignment:
        config = self._plan.family.config(self.search_state.configurations[number][0].config)
        return self._begin(number * self._plan.folds + fold - 1, config, fold)

    def _begin(self, index: int, config: Config, fold: int | None, gain: float | None = None) -> Assignment:
        count = self._plan.count(config)
        trial = trial_id(index)
        self._records.record(
            TrialProposed(
                time=self._clock(),
                trial=trial,
                index=index,
                config=config.model_dump(),
                parameters=None if count is None else count.total,
                embedding_parameters=None if count is None else count.embedding,
                fold=fold,
                gain=gain,
            )
        )
        if self._is_compared(self.search_state.trials[trial]):
            self._scheduler.add(trial)
        return self._assign(self.search_state.trials[trial])

    def _continue(self, continuation: Continuation) -> Assignment:
        trial, source = continuation.trial, continuation.source
        config = self.search_state.trials[source or trial].config | dict(continuation.changes)
        self._records.record(TrialContinued(time=self._clock(), trial=trial, source=source, config=config))
        if source is not None:
            self._records.copy_state(source, trial)
        self._scheduler.continued(trial)
        return self._assign(self.search_state.trials[trial])

    def _assign(self, record: TrialRecord) -> Assignment:
        self._at_work.add(record.trial)
        scores = tuple(record.objective.score(event.metrics) for event in record.epochs)
        config, state = self._plan.family.config(record.config), self._records.state(record.trial)
        return Assignment(record.trial, (record.index,), config, scores, state, record.fold)

    def on_start(self, trial: str) -> None:
        """A worker took the trial."""
        self._records.record(TrialStarted(time=self._clock(), trial=trial))

    def on_report(self, trial: str, trained: TrialReport) -> Decision:
        """Takes in a trial's epoch, or part of one, and says what it does next.

        One that is already in the journal (its state was lost in a crash, so it was trained again) is answered as it
        was answered then, and counted once. The journal is written before the weights: a state on disk is never newer
        than the journal. From its last epoch a trial does not go on, so that state is not written.
        """
        record, report = self.search_state.trials[trial], trained.epoch
        if report.counted is not None and record.parameters is None:
            self._records.record(
                TrialBuilt(
                    time=self._clock(),
                    trial=trial,
                    parameters=report.counted.total,
                    embedding_parameters=report.counted.embedding,
                )
            )
        known = self._decisions.get((trial, report.epoch))
        if known is Decision.PAUSE:  # already resumed after this pause
            known = Decision.CONTINUE
        decision = known or self._fresh_decision(record, report)
        if known is None:
            self._decisions[trial, report.epoch] = decision
            self._records.record(self._epoch_event(trial, report, decision))
        last = None if decision is Decision.STOP else trained.last
        self._records.save_weights(trial, last=last, best=trained.best, predictions=trained.predictions)
        if decision is Decision.STOP:
            self._end(trial, self._end_status(record, report))
        if decision is Decision.PAUSE:
            self._at_work.discard(trial)
        self._end_dropped()
        return decision

    def _fresh_decision(self, record: TrialRecord, report: EpochReport) -> Decision:
        if report.diverged or report.epoch >= self._plan.epochs:
            return Decision.STOP
        decision = Decision.CONTINUE
        if self._is_compared(record):
            decision = self._ask_scheduler(record, report.epoch, report.metrics)
        return Decision.STOP if self._is_out_of_patience(record, report) else decision

    def _ask_scheduler(self, record: TrialRecord, epoch: float, metrics: Mapping[str, float | None]) -> Decision:
        score = record.objective.score(metrics)
        if score is None:
            return Decision.STOP
        reports = reports_within(epoch, self._plan.reports_per_epoch)
        return self._scheduler.report(record.trial, reports, Metrics(score, record.size))

    def _is_out_of_patience(self, record: TrialRecord, report: EpochReport) -> bool:
        """Whether the trial has gone ``patience`` epochs, this one included, without a better score."""
        best = record.best_epoch.after(report.epoch, record.objective.score(report.metrics))
        return best.is_out_of_patience(report.epoch, self._plan.patience)

    def _end_status(self, record: TrialRecord, report: EpochReport) -> EndStatus:
        if report.diverged:
            return "diverged"
        at_its_end = report.epoch >= self._plan.epochs or self._is_out_of_patience(record, report)
        return "completed" if at_its_end else "stopped"

    def _epoch_event(self, trial: str, report: EpochReport, decision: Decision) -> EpochEnded:
        return EpochEnded(
            time=self._clock(),
            trial=trial,
            epoch=report.epoch,
            **finite({name: getattr(report, name) for name in ("train_loss", "train_accuracy", "val_loss")}),
            metrics={} if report.diverged else finite(report.metrics),
            seconds=report.seconds,
            compile_seconds=report.compile_seconds,
            trace_seconds=report.trace_seconds,
            tokens_per_second=report.tokens_per_second,
            decision=decision.value,
        )

    def on_failure(self, trial: str, error: str) -> None:
        """Records a trial that broke; the search goes on."""
        if self.search_state.trials[trial].ended:  # its worker broke after the last report
            return
        self._end(trial, "failed", error)
        self._end_dropped()

    def _end(self, trial: str, status: EndStatus, error: str | None = None) -> None:
        self._at_work.discard(trial)
        self._records.record(TrialEnded(time=self._clock(), trial=trial, status=status, error=error))
        if self._is_compared(self.search_state.trials[trial]):
            self._scheduler.ended(trial)
        self._skip_folds()

    def _skip_folds(self) -> None:
        """Writes down which configurations are not trained on their other folds, now that a trial has ended."""
        all_folds = self._plan.folds
        if all_folds == 1:
            return
        known = self.search_state.configurations
        for trials in known.values():
            first = trials[0].trial
            if len(trials) == all_folds or first in self.search_state.skipped:
                continue
            reason = reason_to_skip(trials, (other for other in known.values() if other is not trials), folds=all_folds)
            if reason is not None:
                left = tuple(range(len(trials) + 1, all_folds + 1))
                self._records.record(FoldsSkipped(time=self._clock(), trial=first, folds=left, reason=reason))

    def _end_dropped(self) -> None:
        """Ends the paused trials that the scheduler will not call back."""
        while dropped := self._scheduler.drain_dropped():
            for trial in dropped:
                if not self.search_state.trials[trial].ended:
                    self._end(trial, "stopped")

    def on_worker_lost(self, trial: str, reason: str) -> None:
        """Puts a trial whose worker went away back in line, to go on from its last state.

        The third loss without a finished epoch in between is its failure: then it is the trial that ends its workers.
        """
        record = self.search_state.trials[trial]
        if record.ended:
            return
        if record.losses + 1 >= LOSSES_THAT_FAIL:
            self.on_failure(
                trial, f"{reason}; {LOSSES_THAT_FAIL} times in a row after epoch {epochs_text(record.last_epoch)}"
            )
            return
        self._at_work.discard(trial)
        self._records.record(WorkerLost(time=self._clock(), trial=trial, reason=reason))
        self._waiting.append(record)

    def end(self, reason: EndReason) -> None:
        """Writes down why the search is over."""
        self._records.record(SearchEnded(time=self._clock(), reason=reason))
