"""The trainable: what Ray Tune runs in a worker. One worker trains many trials, one after the other."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ray import tune

from search_spaces.config import TrialConfig
from tuner.data.encoded import EncodedSplits
from tuner.errors import InputError
from tuner.search.packing import memory_limit
from tuner.search.ray_tune.cards import cards
from tuner.search.ray_tune.sent_state import SentState

if TYPE_CHECKING:
    from tuner.training.trial_run import TrialRun
    from tuner.training.workbench import Workbench

REPORT = "report"
"""Key of a result under which a ``TrialReport`` travels to the driver."""


def open_workbench(
    arrays: Mapping[str, Any], vocabulary_size: int, classes: int, epochs: int, threads: int, gpu_share: float
) -> "Workbench":
    """Prepares this process for training; the arguments are those of ``TrialTrainable.setup``."""
    # Settings must be made before TensorFlow is imported, and the driver, which imports this module, must not import it.
    from tuner.models.device import prepare_tensorflow

    prepare_tensorflow(threads, _gpu_memory(gpu_share))
    from tuner.training.workbench import Workbench

    return Workbench(EncodedSplits.from_arrays(arrays), vocabulary_size, classes, epochs)


def _gpu_memory(share: float) -> int | None:
    """Bytes of a card for a process that has so much of it, None where it has a card, or several, to itself, or none."""
    sizes = [card["memory"] for card in cards()] if 0 < share < 1 else []
    if not sizes:
        return None
    limit = memory_limit(share, min(sizes))
    if limit <= 0:
        raise InputError(
            f"--gpus-per-trial {share:g}: of a card of {min(sizes) / 2**30:.0f} GiB that leaves no room; take more"
        )
    return limit


class TrialTrainable(tune.Trainable):
    """Trains the trial of its config epoch by epoch; on reuse it keeps data, compiled programs and TensorFlow itself.

    A config holds ``trial``, ``index``, ``settings`` (the hyperparameters), and what a trial goes on from: ``accuracies`` (by
    epoch) and ``state`` (a ``SentState``, or None for a fresh start).
    """

    def setup(
        self,
        config: dict[str, Any],
        *,
        arrays: Mapping[str, Any],
        vocabulary_size: int,
        classes: int,
        epochs: int,
        seed: int,
        threads: int,
        gpu_share: float,
    ) -> None:
        """Prepares the worker, once.

        Args:
            config: the first trial.
            arrays: ``EncodedSplits.as_arrays()``, mapped from the node's object store without a copy.
            vocabulary_size: token ids that the data know.
            classes: labels in the data.
            epochs: most epochs of a trial.
            seed: the search seed.
            threads: threads of an operation on the CPU.
            gpu_share: GPUs that the worker has, below 1 a fraction of one.
        """
        self._workbench = open_workbench(arrays, vocabulary_size, classes, epochs, threads, gpu_share)
        self._seed = seed
        self._trial_run: TrialRun | None = None

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Takes the next trial. It is built in the first step, so that an error in it is that trial's error."""
        self._trial_run = None
        return True

    def step(self) -> dict[str, Any]:
        """One epoch.

        Raises:
            TrialBroke: for any error of the trial.
        """
        from tuner.training.broken import broken_by
        from tuner.training.trial_run import TrialRun

        try:
            if self._trial_run is None:
                state: SentState | None = self.config["state"]
                self._trial_run = TrialRun(
                    self._workbench,
                    TrialConfig(**self.config["settings"]),
                    seed=(self._seed, self.config["index"]),
                    state=state.fetch() if state else None,
                    accuracies=self.config["accuracies"],
                )
            return {REPORT: self._trial_run.run_epoch()}
        except Exception as error:  # noqa: BLE001  raised again, as text
            raise broken_by(error) from None
