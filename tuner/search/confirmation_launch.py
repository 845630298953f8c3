"""Starts a confirmation, or one that was interrupted, and sees it to its end."""

from collections.abc import Sequence
from dataclasses import dataclass

from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.data.pipeline import PreparedData
from tuner.data.soft_targets import SoftTargets, read_soft_targets
from tuner.errors import InputError
from tuner.runs.folder import RunFolder
from tuner.runs.predictions import SplitTexts
from tuner.runs.settings import SearchSettings
from tuner.runs.store import RunStore
from tuner.search.confirmation import Candidate, ConfirmationController, HeldOut
from tuner.search.interruption import Interruption
from tuner.search.launch import session
from tuner.search.queue_launch import EndReason, OnStep, run_queue, step_of
from tuner.search.rival_test import evaluate_rivals, fitted_rivals


@dataclass(frozen=True, eq=False)
class ConfirmationData:
    """Training and validation texts as the search had them, and the test texts in the same encoding."""

    splits: EncodedSplits
    test: EncodedDataset
    texts: HeldOut


def with_test_texts(data: PreparedData) -> ConfirmationData:
    """The test texts as well, which a search leaves alone.

    There always are some: a data set without a test set had one drawn from its training rows when it was split.
    """
    rows, labels = data.splits, data.dataset.labels
    held_out = HeldOut(
        validation=SplitTexts(rows.validation, labels[rows.validation]), test=SplitTexts(rows.test, labels[rows.test])
    )
    return ConfirmationData(data.encoded, data.held_out, held_out)


def confirm(
    folder: RunFolder,
    settings: SearchSettings,
    data: ConfirmationData,
    candidates: Sequence[Candidate],
    *,
    repeats: int,
    on_step: OnStep,
    interruption: Interruption | None = None,
) -> EndReason:
    """Trains and evaluates the repeats that the run does not hold yet, and the rivals of its search.

    Args:
        settings: its ``search.yaml``.
        data: its texts, read again.
        candidates: what is to be confirmed.
        repeats: trainings of each, at least 1.
        on_step: called several times a second.
        interruption: of the command line, as in ``start_search``.

    Returns:
        Why it is over. Journal, tables and predictions are complete by then.

    Raises:
        InputError: where another process writes the run, the cluster cannot hold a trial, or what students are trained on is
            gone or damaged.
        Interrupted: by ``interruption``, before there was anything to keep.
    """
    interruption = interruption or Interruption()
    teachers = _teachers(folder.with_models(), candidates)
    with session(settings, lambda: RunStore(folder), interruption) as (store, cluster, needed):
        rivals = fitted_rivals(store.search_state)
        controller = ConfirmationController(candidates, repeats, data.texts, store, rivals=rivals)
        step = step_of(controller, interruption, needed, on_step)
        controller.start()
        interruption.defer()
        evaluate_rivals(store, settings, data.splits, data.test, data.texts)
        reason = run_queue(controller, settings, data.splits, cluster, step=step, teachers=teachers, test=data.test)
        controller.end(reason)
    return reason


def _teachers(folder: RunFolder, candidates: Sequence[Candidate]) -> dict[str, SoftTargets]:
    """What the students among the candidates are trained on, by fingerprint."""
    found = {}
    for fingerprint in dict.fromkeys(each.teacher for each in candidates if each.teacher is not None):
        path = folder.soft_targets(fingerprint)
        try:
            found[fingerprint] = read_soft_targets(path)
        except (OSError, ValueError, KeyError) as error:
            raise InputError(
                f"{path}: cannot be read ({error}), and students are trained on it; restore it, or remove it and distill "
                "once more"
            ) from None
    return found
