"""Where a model errs on the validation texts: its confident mistakes, the classes it confuses, what a larger one gets right."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.columns import require
from analysis.frontier import frontier
from analysis.loading import Run
from analysis.predictions import validation_predictions
from analysis.ranking import rank
from tuner.errors import InputError
from tuner.formatting import listed
from tuner.measures import Predictions

FACTS = ("text", "file", "row", "words", "unknown")
"""What has to be known of each text: the text itself, its file, its row there (counted from 1, a header not counted), its words
(all of them, read or not) and the share of unknown ones among those that are read, 0 to 1 (missing without words)."""


@dataclass(frozen=True, eq=False)
class Evaluated:
    """A trial or a rival on validation texts.

    Attributes:
        trial: its id.
        folds: whose texts these are, in the order of the predictions; 1 alone where the search has none.
        found: what it said of them; with folds, each was predicted by the trial that was not trained on it.
    """

    trial: str
    folds: tuple[int, ...]
    found: Predictions

    def table(self, texts: pd.DataFrame) -> pd.DataFrame:
        """One row per text: ``label``, ``predicted`` (the most probable class), ``confidence`` (its probability), ``right``,
        and the columns of ``texts``.

        Args:
            texts: the same texts in the same order, with at least ``FACTS``.
        """
        require(texts, *FACTS)
        found, names = self.found, np.array(self.found.label_names, dtype=object)
        confidence = np.exp(found.log_probabilities[np.arange(len(found.labels)), found.predicted])
        own = pd.DataFrame(
            {
                "label": names[found.labels],
                "predicted": names[found.predicted],
                "confidence": confidence,
                "right": found.labels == found.predicted,
            },
            index=texts.index,
        )
        return own.join(texts.drop(columns=own.columns, errors="ignore"))


def evaluated(run: Run, trial: str | None = None) -> Evaluated:
    """What is kept of a trial's or a rival's predictions; of folds, those of all that are kept.

    Args:
        run: the run.
        trial: an id; None for the best whose predictions are kept.

    Raises:
        InputError: where there is no such trial, or its predictions are not kept.
    """
    run_folder = run.folder.with_models()
    ids = [str(each) for each in rank(run.candidates, objective=run.objective)["trial_id"]]
    if trial is None:
        kept = [each for each in ids if run_folder.validation(each).exists()]
        if not kept:
            raise InputError(
                f"{run.name}: no predictions of validation texts are kept (it is of an earlier version, or no epoch has "
                f"ended); a new search keeps them, and `python -m tuner confirm {run.folder.reference}` gives those of the "
                "test texts, which the report shows"
            )
        trial = kept[0]
    else:
        named = run.trial_named(trial)
        if named is None:
            ids = [*map(str, run.trials["trial_id"]), *map(str, run.rivals["rival"])]
            raise InputError(f"{run.name} has no such trial; give one of {listed(ids)}", option="trial", value=trial)
        trial = named
    if run.settings.folds is None or trial not in set(run.trials["trial_id"]):
        return Evaluated(trial, (1,), validation_predictions(run, trial))
    of_folds = _trials_of_folds(run, trial)
    found = {fold: one for fold, one in of_folds.items() if run_folder.validation(one).exists()}
    if not found:
        return Evaluated(trial, (1,), validation_predictions(run, trial))  # which says what is kept
    parts = [validation_predictions(run, one) for one in found.values()]
    return Evaluated(trial, tuple(found), _together(parts))


def _trials_of_folds(run: Run, trial: str) -> dict[int, str]:
    """The trials of a configuration by their fold."""
    trials = run.trials
    numbers = trials["trial_id"].astype(int) - trials["fold"]
    same = trials[numbers == numbers[trials["trial_id"] == trial].iloc[0]]
    return dict(sorted(zip(same["fold"].tolist(), map(str, same["trial_id"]), strict=True)))


def _together(parts: list[Predictions]) -> Predictions:
    labels, predicted, log_probabilities = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("labels", "predicted", "log_probabilities")
    )
    return Predictions(labels, predicted, log_probabilities, parts[0].label_names)


def mistakes(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``Evaluated.table`` that are wrong, the most confident first."""
    require(table, "right", "confidence")
    return table[~table["right"]].sort_values("confidence", ascending=False, kind="stable")


def confused(table: pd.DataFrame, *, examples: int = 1) -> pd.DataFrame:
    """Pairs of classes, the most confused first: ``label``, ``predicted``, ``texts``, ``share`` (of the texts with that label)
    and ``examples`` (indices of its most confident ones in the table).
    """
    wrong = mistakes(table)
    of_label = table["label"].value_counts().to_dict()
    rows = [
        {
            "label": label,
            "predicted": predicted,
            "texts": len(group),
            "share": len(group) / of_label[label],
            "examples": group.index[:examples].tolist(),
        }
        for (label, predicted), group in wrong.groupby(["label", "predicted"], sort=True)
    ]
    found = pd.DataFrame(rows, columns=["label", "predicted", "texts", "share", "examples"])
    return found.sort_values("texts", ascending=False, kind="stable", ignore_index=True)


@dataclass(frozen=True, eq=False)
class Disagreement:
    """Texts on which two trials of the frontier differ.

    Attributes:
        small: the smallest trial of the frontier whose predictions are kept.
        large: the best of the run's metric.
        gained: places of the texts that the small one gets wrong and the large one right, where the small one is surest first.
        lost: how many it is the other way round.
    """

    small: str
    large: str
    gained: list[int]
    lost: int


def disagreement(run: Run) -> Disagreement | None:
    """The smallest against the best trial of the frontier, on the texts of fold 1 where the search has folds.

    None where predictions of fewer than two trials of the frontier are kept.
    """
    folder = run.folder.with_models()
    ids = [str(trial) for trial in frontier(run.candidates, objective=run.objective)["trial_id"]]
    kept = [trial for trial in ids if folder.validation(trial).exists()]
    if len(kept) < 2:
        return None
    small, large = (validation_predictions(run, trial) for trial in (kept[0], kept[-1]))
    small_right, large_right = small.labels == small.predicted, large.labels == large.predicted
    gained = np.flatnonzero(~small_right & large_right)
    surest = small.log_probabilities.max(axis=1)[gained]
    return Disagreement(
        kept[0], kept[-1], gained[np.argsort(-surest, kind="stable")].tolist(), int((small_right & ~large_right).sum())
    )
