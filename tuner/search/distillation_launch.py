"""Starts a distillation, or one that was interrupted, and sees it to its end."""

import hashlib
import json
from collections.abc import Callable, Sequence

import numpy as np

from tuner.data.encoded import encode_texts
from tuner.data.pipeline import PreparedData
from tuner.data.soft_targets import SoftTargets, read_soft_targets
from tuner.runs.folder import RunFolder
from tuner.runs.settings import SearchSettings
from tuner.runs.store import RunStore
from tuner.search.distillation import DistillationController, Lesson, Student
from tuner.search.interruption import Interruption
from tuner.search.launch import session
from tuner.search.queue_launch import EndReason, OnStep, run_queue, step_of
from tuner.search.ray_tune.teaching import TeachingModel, probabilities_on_ray
from tuner.search.teaching_texts import TeachingTexts


def fingerprint_of(models: Sequence[TeachingModel], texts: TeachingTexts, *, hard_weight: float, epochs: int) -> str:
    """SHA-256 of all that a student is trained on beside the run's own data, and of how, in hexadecimal.

    Args:
        models: the trials or rivals that teach, none where a file does.
        texts: what files give.
        hard_weight: as in ``Lesson``, like the epochs.
    """
    # A single teacher is its name alone, as in runs of before ensembles had weights.
    names = [model.name if model.weight == 1.0 else f"{model.name} * {model.weight:.6f}" for model in models]
    parts = [names, texts.fingerprint(), hard_weight, epochs]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def distill(
    folder: RunFolder,
    settings: SearchSettings,
    data: PreparedData,
    students: Sequence[Student],
    lesson: Lesson,
    *,
    models: Sequence[TeachingModel],
    texts: TeachingTexts,
    on_step: OnStep,
    interruption: Interruption | None = None,
) -> EndReason:
    """Trains the students that the run does not hold yet.

    Args:
        settings: its ``search.yaml``.
        data: its texts, read again.
        students: what is to be trained.
        lesson: what they are taught.
        models: that teach; none where the probabilities are a file's.
        texts: what files give.
        on_step: called several times a second.
        interruption: of the command line, as in ``start_search``.

    Returns:
        Why it is over. Journal, tables and weights are complete by then.

    Raises:
        InputError: where another process writes the run, or the cluster cannot hold a trial.
        SearchFailed: where the teacher breaks.
        Interrupted: by ``interruption``, before there was anything to keep.
    """
    interruption = interruption or Interruption()
    with session(settings, lambda: RunStore(folder), interruption) as (store, cluster, needed):
        controller = DistillationController(students, lesson, store)
        step = step_of(controller, interruption, needed, on_step)
        targets = _kept_targets(store, lesson)
        if targets is None:
            targets = _targets(settings, data, lesson, models, texts, on_step=step)
            store.save_soft_targets(lesson.fingerprint, targets.pack())
        controller.start()
        interruption.defer()
        teachers = {lesson.fingerprint: targets}
        reason = run_queue(controller, settings, data.encoded, cluster, step=step, teachers=teachers)
        if reason == "finished":
            store.drop_soft_targets()
    return reason


def _kept_targets(store: RunStore, lesson: Lesson) -> SoftTargets | None:
    """What the run keeps of this lesson, None where it has to be made: it is not there, or is damaged."""
    try:
        return read_soft_targets(store.folder.soft_targets(lesson.fingerprint))
    except (OSError, ValueError, KeyError):
        return None


def _targets(
    settings: SearchSettings,
    data: PreparedData,
    lesson: Lesson,
    models: Sequence[TeachingModel],
    texts: TeachingTexts,
    *,
    on_step: Callable[[], None],
) -> SoftTargets:
    unlabelled = encode_texts(texts.unlabelled, data.tokenizer, data.vocabulary, max_length=settings.data.max_length)
    known = np.ones(len(data.encoded.train), bool) if texts.known is None else texts.known
    if texts.of_train is None or texts.of_unlabelled is None:
        probabilities = probabilities_on_ray(models, settings, data.encoded, unlabelled, on_step=on_step)
    else:
        probabilities = np.concatenate([texts.of_train, texts.of_unlabelled])
    label_weights = np.concatenate(
        [np.where(known, np.float32(lesson.hard_weight), np.float32(1.0)), np.zeros(len(unlabelled), np.float32)]
    )
    return SoftTargets(probabilities, label_weights.astype(np.float32), unlabelled, lesson.epochs)
