"""Which words decide: in a text, by the gradients of a trial, and for each class of a run, by leaving words out."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from analysis.class_words import ClassWords, write_class_words
from analysis.loading import Run
from tuner.errors import InputError
from tuner.export.class_words import class_words
from tuner.export.explanation import Explanation
from tuner.export.export import export_run
from tuner.export.predictor import Predictor
from tuner.export.trained import FRONTIER, TrainedModel, chosen_trials, open_run, read_model
from tuner.models.device import quiet_tensorflow
from tuner.operations.text_facts import text_facts


def one_trial(run: Run, wanted: str) -> str:
    """The trial that is meant.

    Raises:
        InputError: where none is, or several are.
    """
    if wanted == FRONTIER:
        raise InputError("is several trials; give one of them, or knee", option="trial", value=wanted)
    (name,) = chosen_trials(run, wanted)
    return name


def one_model(run: str, runs_dir: Path, trial: str) -> TrainedModel:
    """The model of the trial of a run that is meant.

    Raises:
        InputError: where there is no such run, trial or model.
    """
    loaded, encoder = open_run(run, runs_dir)
    return read_model(loaded, encoder, one_trial(loaded, trial))


def by_gradients(model: TrainedModel) -> Callable[[str, str | None], Explanation]:
    """Explains a model by integrated gradients: a function of a text and of a class, None for the predicted one."""
    quiet_tensorflow(threads=os.cpu_count() or 1)
    from tuner.export.gradients import explain_by_gradients  # imports TensorFlow

    return partial(explain_by_gradients, model)


def sampled_texts(run: Run, sample: int) -> list[str]:
    """Up to so many validation texts of a run, evenly spaced.

    Raises:
        InputError: where there is none to give, or the data are gone or have changed.
    """
    if sample < 1:
        raise InputError("must be at least 1", option="sample", value=sample)
    texts = text_facts(run.settings)["text"]
    rows = np.unique(np.linspace(0, len(texts) - 1, min(len(texts), sample)).astype(np.int64))
    return [str(texts.iloc[row]) for row in rows]


def measured_words(run: Run, trial: str, texts: Sequence[str]) -> ClassWords:
    """Measures which words decide for each class in these texts, each left out in turn, and keeps that in the run.

    Raises:
        InputError: where the trial cannot be exported, or the run's folder not be written.
    """
    with TemporaryDirectory() as scratch:
        out = Path(scratch) / "model"
        export_run(run.folder.place, run.folder.path.parent, trial=trial, out=out, kind="saved_model", force=False)
        table, seen = class_words(Predictor(out), texts)
    found = ClassWords(trial, seen, table)
    write_class_words(run.folder, found)
    return found
