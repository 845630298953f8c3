"""What the ensemble of a run comes to on the test set, from the repeats of its members."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.ensembles import ENSEMBLE, Ensemble, ensemble
from analysis.loading import Run
from analysis.predictions import Split, confirmed_models, repeat_probabilities
from tuner.errors import InputError
from tuner.measures import Predictions
from tuner.thresholds import thresholds_of


@dataclass(frozen=True, eq=False)
class TestedEnsemble:
    """The ensemble, made anew of each repeat of its members.

    Attributes:
        repeats: one row per repeat, with the columns of ``Run.repeats`` that a confirmation reads.
        predictions: class and prediction of every test text, ``[2, repeats, texts]``, as of every confirmed model.
    """

    repeats: pd.DataFrame
    predictions: NDArray[np.int64]


def tested_ensemble(run: Run) -> TestedEnsemble | None:
    """The ensemble on the test set: its n-th repeat is the weighted mean of its members' n-th, with the search's weights.

    There are as many as of the member trial that has fewest; rivals, which have no seed, take part in each. Members and weights
    are those that the validation texts chose, so the test texts had no part in them.

    None where the run has no ensemble (``analysis.ensemble`` says why), a member was not confirmed, or its repeats are of a
    version that did not keep the probabilities of more than two classes.
    """
    if run.repeats.empty:
        return None
    try:
        found = ensemble(run)
    except InputError:  # rank, report and export say why it is not known
        return None
    if found is None or found.is_single or not {member.name for member in found.members} <= set(confirmed_models(run)):
        return None
    validated, tested = (_means(run, found, split) for split in ("validation", "test"))
    if not validated or not tested:
        return None
    objective = run.objective
    rows = [
        {
            "model": ENSEMBLE, "repeat": number, "status": "completed", "parameters": found.parameters,
            objective.column: objective.metric.measure(known), objective.test_column: objective.metric.measure(given),
            "test_accuracy": float((given.predicted == given.labels).mean()), "test_loss": given.loss,
        }
        for number, (known, given) in enumerate(zip(validated, tested, strict=True), start=1)
    ]  # fmt: skip
    both = np.array([[given.labels for given in tested], [given.predicted for given in tested]], np.int64)
    return TestedEnsemble(pd.DataFrame(rows), both)


def _means(run: Run, found: Ensemble, split: Split) -> list[Predictions]:
    """What the ensemble answers, a repeat after the other, by its thresholds where it has some; none where not known."""
    kept = {member.name: repeat_probabilities(run, member.name, split=split) for member in found.members}
    members = {name: one for name, one in kept.items() if one is not None}
    rivals = set(run.rivals["rival"])
    counts = [len(repeats) for name, (_, repeats) in members.items() if name not in rivals]
    if len(members) < len(kept) or not counts:
        return []
    thresholds = thresholds_of(found.found, run.objective)
    answers = []
    for number in range(min(counts)):
        parts = {name: repeats[0 if name in rivals else number] for name, (_, repeats) in members.items()}
        mean = np.sum([member.weight * parts[member.name] for member in found.members], axis=0)
        labels, _ = members[found.members[0].name]
        with np.errstate(divide="ignore"):
            given = Predictions(labels, mean.argmax(axis=1), np.log(mean), run.settings.data.label_names)
        answers.append(given if thresholds is None else thresholds.applied(given))
    return answers
