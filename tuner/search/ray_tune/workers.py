"""Workers of trials: states on their way to them, those that hang, those that have grown too large."""

import math
import time
from collections.abc import Callable
from typing import Any

import psutil
import ray
from ray.tune.schedulers import FIFOScheduler

from tuner.models.device import give_back_freed_memory


class SentState:
    """Stands for a state in the config of a trial. Ray Tune copies configs deeply; what this refers to is not copied.

    It also keeps the copies to the end of the search. All of them are this one object, so that ``release`` frees the memory.
    """

    def __init__(self, reference: "ray.ObjectRef[bytes]") -> None:
        self._reference: ray.ObjectRef[bytes] | None = reference

    def fetch(self) -> bytes:
        """The state, in a worker."""
        state: bytes = ray.get(self._reference)
        return state

    def release(self) -> None:
        """Lets the object store forget the state. To be called in the driver, once the trial has reported from it."""
        self._reference = None

    def __deepcopy__(self, memo: dict[int, Any]) -> "SentState":
        return self


def sent(state: bytes | None) -> SentState | None:
    """Puts a state where workers find it; None stays None."""
    return None if state is None else SentState(ray.put(state))


class EpochTimeouts:
    """Knows when each running trial last gave a sign of life: its start, or an epoch."""

    def __init__(self, seconds: float | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Takes the limit, None for none."""
        self.seconds = math.inf if seconds is None else seconds
        self._clock = clock
        self._since: dict[str, tuple[float, Any]] = {}
        self._hung: set[str] = set()

    def start(self, trial: Any) -> None:
        """From now on the trial has the whole time for its next epoch."""
        self._since[trial.trial_id] = (self._clock(), trial)

    def clear(self, trial: Any) -> bool:
        """Nothing more is expected of the trial. Returns whether it had been overdue."""
        self._since.pop(trial.trial_id, None)
        hung = trial.trial_id in self._hung
        self._hung.discard(trial.trial_id)
        return hung

    def overdue(self) -> list[Any]:
        """The trials that are over the limit; each is named once."""
        now = self._clock()
        late = [trial for since, trial in self._since.values() if now - since > self.seconds]
        for trial in late:
            self._hung.add(trial.trial_id)
            del self._since[trial.trial_id]
        return late


RECYCLE = "recycle"
"""Key of a result under which a worker says that it should train no further trial."""

MOST_GROWTH = 3 * 2**29
"""Bytes of resident memory that a worker may have gained since it was set up. A compiled network leaves some 31 MB behind, a
new process costs some five seconds: it comes after about fifty networks, or where a custom model leaks."""


class MemoryGrowth:
    """The growth of this process since it was set up."""

    def __init__(self, most_growth: int = MOST_GROWTH) -> None:
        """Records current memory use, after releasing free pages, as the baseline."""
        give_back_freed_memory()
        self._process = psutil.Process()
        self._most = self._process.memory_info().rss + most_growth

    @property
    def is_too_much(self) -> bool:
        """Whether the process should be replaced before the next trial."""
        if not self._has_grown:
            return False
        give_back_freed_memory()
        return self._has_grown

    @property
    def _has_grown(self) -> bool:
        return bool(self._process.memory_info().rss > self._most)


class WarmWorkerScheduler(FIFOScheduler):
    """Runs trials in the order of their proposal, each in a worker that is warm, unless its last trial wore it out.

    Ray gives a waiting trial the first worker that has ended another, and drops the one that is being started for it. Where
    trials take less time than a worker's start, one worker would then run them all, and no second one would ever be there.
    Here a trial whose worker is being started waits for that, and what has become free takes a further trial.
    """

    _most_pending: int | None = None  # trials that wait for a worker, as `run_trials` has told Ray

    def choose_trial_to_run(self, tune_controller: Any) -> Any:
        """As the superclass; before it, lets workers that are being started be, and others have a trial to take."""
        # What schedulers are given is a wrapper that warns of all attributes but a few.
        self._keep_starting_workers(tune_controller._tune_controller)
        return super().choose_trial_to_run(tune_controller)

    def _keep_starting_workers(self, controller: Any) -> None:
        if self._most_pending is None:
            self._most_pending = controller._max_pending_trials
            reuse = controller._maybe_reuse_cached_actor
            controller._maybe_reuse_cached_actor = lambda trial: not _is_starting(controller, trial) and reuse(trial)
        starting = sum(_is_starting(controller, trial) for trial in controller._pending_trials)
        controller._max_pending_trials = self._most_pending + starting

    def on_trial_complete(self, tune_controller: Any, trial: Any, result: dict[str, Any]) -> None:
        """Keeps the trial's worker for another trial or lets it go.

        Ray knows this for all workers of a search or for none; it asks for each worker as its trial ends, right after this
        call. A worker that refuses its next trial would fail it, which changes the order of trials.
        """
        tune_controller._reuse_actors = not result.get(RECYCLE, False)


def _is_starting(controller: Any, trial: Any) -> bool:
    """Whether a worker for the trial has its resources, and is not there yet."""
    worker = controller._trial_to_actor.get(trial)
    has_resources = worker is not None and controller._actor_manager.is_actor_started(worker)  # not what its name says
    return bool(has_resources and worker not in controller._started_actors)
