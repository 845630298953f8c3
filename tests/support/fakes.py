"""A made-up trainer, so that whole searches run without Ray and TensorFlow."""

import math
from collections.abc import Callable
from pathlib import Path

from search_spaces import named_space
from search_spaces.documents import space_document
from tuner.runs.folder import RunFolder
from tuner.runs.settings import DataSettings, ResourceSettings, SchedulerSettings, SearchSettings
from tuner.runs.store import RunStore
from tuner.search.controller import SearchController
from tuner.search.plan import Plan
from tuner.search.schedulers.halving import StoppingHalving, default_grace_period, rung_epochs
from tuner.search.schedulers.scheduler import Decision, Scheduler
from tuner.search.schedulers.selection import most_accurate
from tuner.search.searchers.random_search import RandomSearcher
from tuner.training.report import EpochReport, TrialReport

PLAN = Plan(trials=12, epochs=8, vocabulary_size=3000, classes=2, max_params=None)


class Clock:
    """Counts calls."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1.0
        return self.now


def fake_report(index: int, epoch: int) -> EpochReport:
    """A learning curve that depends on trial and epoch alone."""
    top = 0.6 + 0.35 * ((index * 7) % 12) / 12
    accuracy = top - 0.3 * math.exp(-epoch / 2)
    return EpochReport(epoch, 1 - accuracy, accuracy, 1 - accuracy, {"accuracy": accuracy}, 1.0, 0.1, 1000.0)


def run_folder(path: Path) -> RunFolder:
    path.mkdir(exist_ok=True)
    folder = RunFolder(path)
    folder.journal.touch()
    return folder


def asha(epochs: int = PLAN.epochs) -> StoppingHalving:
    return StoppingHalving(rung_epochs(default_grace_period(epochs), 3, epochs), 3, most_accurate)


def controller_of(store, plan: Plan = PLAN, clock=None, scheduler: Scheduler | None = None) -> SearchController:
    searcher = RandomSearcher(named_space("frontier"), seed=0, fits=plan.fits)
    return SearchController(plan, searcher, scheduler or asha(plan.epochs), store, clock=clock or Clock())


def drive(
    controller: SearchController,
    store: RunStore,
    *,
    reports: int | None = None,
    ahead: int = 0,
    report_of: Callable[[int, int], EpochReport] | None = None,
) -> bool:
    """Runs trials one after the other, each from its last state; True where the search got to its end.

    A state is the trial that trained it last and its epoch. ``reports`` ends it after so many reports, as a kill would;
    ``ahead`` trials are asked for while one runs, as Ray does; ``report_of`` gives the report of a trial's index and epoch.
    """
    controller.start()
    line = []

    def ask(most):
        while len(line) < most and (assignment := controller.next_trial()) is not None:
            line.append(assignment)

    while True:
        ask(1)
        if not line:
            return True
        assignment = line.pop(0)
        controller.on_start(assignment.trial)
        ask(ahead)
        epoch = int((store.state(assignment.trial) or b"0").split()[-1])
        decision = Decision.CONTINUE
        while decision is Decision.CONTINUE:
            if reports == 0:
                return False
            epoch += 1
            report = (report_of or fake_report)(*assignment.seed, epoch)
            best = b"w" + str(epoch).encode()
            state = f"{assignment.trial} {epoch}".encode()
            decision = controller.on_report(assignment.trial, TrialReport(report, state, best))
            reports = None if reports is None else reports - 1


def run_settings() -> SearchSettings:
    return SearchSettings(
        name="run",
        created="2026-01-01T00:00:00+0000",
        data=DataSettings(
            source="corpus", text_column=("text",), label_column="label", split_column=None, data_dir="data", fingerprint="0",
            label_names=("no", "yes"), train=10, validation=5, test=5, split_seed=0, stop_words=False, characters=False,
            min_freq=2, max_tokens=100, max_length=50, vocabulary_size=3000,
        ),
        space=space_document(named_space("frontier")),
        trials=12, epochs=8, searcher="random",
        scheduler=SchedulerSettings(name="asha", grace_period=2, reduction_factor=3),
        seed=0, max_params=None, time_budget=None,
        resources=ResourceSettings(cpus_per_trial=1, gpus_per_trial=0, concurrency=2, address=None),
        versions={"python": "3.11"},
    )  # fmt: skip
