"""Starts a prepared search, or one that was interrupted, and sees it to its end."""

import math
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from tuner.data.encoded import EncodedSplits
from tuner.data.pipeline import save_encoder
from tuner.errors import InputError, SearchFailed
from tuner.models.memory import trial_files
from tuner.runs.events import EndReason
from tuner.runs.folder import RunFolder, create_run
from tuner.runs.predictions import validation_bytes
from tuner.runs.search_state import SearchState
from tuner.runs.settings import SearchSettings, write_settings
from tuner.runs.store import RunStore
from tuner.search.common_failure import CommonFailure
from tuner.search.controller import SearchController
from tuner.search.interruption import Interrupted, Interruption
from tuner.search.plan import build_scheduler, build_searcher, built_in_networks, plan_of
from tuner.search.prepare import PreparedSearch
from tuner.search.ray_tune.capacity import Capacity
from tuner.search.ray_tune.cluster import AutoscalerRequest, autoscaler_request, connected
from tuner.search.ray_tune.engine import run_on_ray
from tuner.search.ray_tune.rivals import RivalsOfSearch


def disk_bound(settings: SearchSettings) -> int | None:
    """The most bytes that ``models/`` holds of trials at any moment; None for a custom model, whose size nobody knows yet.

    Best weights and predictions are kept of the best trials, the frontier and those that run, which all of them can be; a last
    state of each trial that runs, and with a scheduler that lets trials pause of each that waits. One file of either kind
    more is there while it is being replaced. For searchers that learn, random draws stand for what they will propose.
    """
    plan = plan_of(settings)
    # With folds, weights and predictions are kept of first folds, and of others while they run.
    files = [
        trial_files(plan.network(config), config) for config in built_in_networks(settings)[:: settings.fold_count]
    ]
    if not files:
        return None
    states = sorted((file.state for file in files), reverse=True)
    if not build_scheduler(settings, SearchState()).pauses:
        states = states[: settings.resources.concurrency]
    validated = settings.data.validation if settings.folds is None else max(settings.folds.texts)
    predictions = validation_bytes(validated, len(settings.data.label_names))
    largest = max(file.weights for file in files) + predictions
    running = settings.resources.concurrency * largest if settings.folds is not None else 0
    return sum(file.weights + predictions for file in files) + running + sum(states) + largest + states[0]


_SECONDS_BETWEEN_STEPS = 0.1  # once no trial is left
OnStep = Callable[[SearchState], None]
OpenRun = Callable[[], RunStore]
Beside = Callable[[RunFolder], AbstractContextManager[None]]


def _nothing(_folder: RunFolder) -> AbstractContextManager[None]:
    return nullcontext()


class _OutOfTime(BaseException):
    """The time budget is spent. Passes through every ``except Exception`` on its way."""


class _AllFail(BaseException):
    """Every trial fails for the reason that this is raised with. Passes through as well."""


def start_search(
    prepared: PreparedSearch,
    runs_dir: Path,
    on_step: OnStep,
    interruption: Interruption | None = None,
    beside: Beside = _nothing,
    *,
    data_files: Collection[Path] = (),
) -> EndReason:
    """Runs a new search. The run folder is created atomically once the cluster responds.

    Args:
        prepared: settings and data.
        on_step: called several times a second with all that happened so far.
        interruption: of the command line, which catches signals; without it KeyboardInterrupt passes; the run can be resumed.
        beside: what goes on beside the search, entered with the run's folder once it is there, and left when all is recorded.
        data_files: the data, where the caller had them in memory: they become the run's own.

    Returns:
        Why the search is over. Journal, tables and weights are complete by then.

    Raises:
        InputError: where the cluster cannot hold a trial or the folder cannot be written.
        SearchFailed: where no trial finished an epoch, or the first few all failed for one reason.
        StorageFailed: where the run can no longer be written; it can be resumed.
        Interrupted: by ``interruption``, before there was anything to resume.
    """

    def fill(folder: RunFolder) -> None:
        write_settings(folder.settings, prepared.settings)
        save_encoder(folder.encoder, prepared.data, max_length=prepared.settings.data.max_length)
        if data_files:
            folder.data.mkdir()
        for file in data_files:
            shutil.copy(file, folder.data)
        folder.journal.touch()

    def open_run() -> RunStore:
        return RunStore(create_run(runs_dir, prepared.settings.name, fill))

    data, found = prepared.data.encoded, prepared.expected
    expected = None if found is None else (found.low, found.seconds, found.high)
    return _run(open_run, prepared.settings, data, on_step, interruption or Interruption(), beside, expected)


def resume_search(
    store: RunStore,
    settings: SearchSettings,
    data: EncodedSplits,
    on_step: OnStep,
    interruption: Interruption | None = None,
    beside: Beside = _nothing,
) -> EndReason:
    """Runs what the journal of an interrupted search does not hold yet; otherwise like ``start_search``.

    Args:
        store: the run, open; it is closed in the end.
        settings: its ``search.yaml``.
        data: its encoded texts, read again.
        on_step: as in ``start_search``, like the interruption, and ``beside``.
    """
    return _run(lambda: store, settings, data, on_step, interruption or Interruption(), beside)


def _run(
    open_run: OpenRun,
    settings: SearchSettings,
    data: EncodedSplits,
    on_step: OnStep,
    interruption: Interruption,
    beside: Beside,
    expected: tuple[float, float, float] | None = None,
) -> EndReason:
    with session(settings, open_run, interruption) as (store, cluster, needed), beside(store.folder):
        reason = _conduct(settings, store, data, cluster, needed, interruption, on_step, expected)
    if reason == "finished" and not store.search_state.with_score():
        errors = [record.error for record in store.search_state.trials.values() if record.error]
        cause = f"the last one: {errors[-1]}" if errors else "all of them diverged; lower the learning rate"
        raise SearchFailed(f"none of {len(store.search_state.trials)} trials finished an epoch; {cause}")
    return reason


def _conduct(
    settings: SearchSettings,
    store: RunStore,
    data: EncodedSplits,
    cluster: Capacity,
    needed: AutoscalerRequest,
    interruption: Interruption,
    on_step: OnStep,
    expected: tuple[float, float, float] | None,
) -> EndReason:
    failures = CommonFailure(store.search_state)
    controller = SearchController(
        plan_of(settings), build_searcher(settings), build_scheduler(settings, store.search_state), store
    )
    deadline = time.monotonic() + (settings.time_budget or math.inf)

    def step() -> None:
        interruption.check()
        rivals.take_in()
        needed.want(store.search_state.planned - store.search_state.over)
        on_step(store.search_state)
        if time.monotonic() >= deadline:
            raise _OutOfTime
        common = failures.reason(store.search_state)
        if common is not None:
            raise _AllFail(common)

    reason: EndReason = "finished"
    controller.start(expected)
    rivals = RivalsOfSearch(settings, store, data)
    interruption.defer()
    try:
        run_on_ray(controller, settings, data, cluster, on_step=step)
        while not rivals.are_done:
            time.sleep(_SECONDS_BETWEEN_STEPS)
            step()
    except Interrupted:
        reason = "interrupted"
    except _OutOfTime:
        reason = "time budget"
    except _AllFail as failing:
        controller.end("failing")
        failed = sum(record.status == "failed" for record in store.search_state.trials.values())
        raise SearchFailed(f"{failed} trials failed for the same reason, so the search was ended: {failing}") from None
    controller.end(reason)
    return reason


@contextmanager
def session(
    settings: SearchSettings, open_run: OpenRun, interruption: Interruption
) -> Iterator[tuple[RunStore, Capacity, AutoscalerRequest]]:
    """Ray, and the run to write to, for as long as the context lasts: of a search or a confirmation.

    Raises:
        InputError: where another process writes the run, or the cluster cannot hold a trial.
        Interrupted: by ``interruption``, before the run is opened.
    """
    resources = settings.resources
    with connected(resources.address, local_cpus=resources.concurrency * resources.cpus_per_trial) as cluster:
        interruption.check()
        check_cluster(settings, cluster)
        store = open_run()
        try:
            with autoscaler_request(resources, cluster) as needed:
                yield store, cluster, needed
        finally:
            store.close()


def check_cluster(settings: SearchSettings, cluster: Capacity) -> None:
    """Refuses a cluster that cannot hold a single trial.

    Raises:
        InputError: naming what it lacks.
    """
    for option, wanted, there in (
        ("cpus_per_trial", settings.resources.cpus_per_trial, cluster.cpus),
        ("gpus_per_trial", settings.resources.gpus_per_trial, cluster.gpus),
    ):
        if wanted > there and not cluster.is_open:
            raise InputError(f"the cluster has {there:g}; ask for less or add nodes", option=option, value=wanted)
