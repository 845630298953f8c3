"""What models predicted, text by text: how they do on each class, which they confuse, whether probabilities are calibrated."""

from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from analysis.columns import require
from analysis.loading import Run
from tuner.errors import InputError
from tuner.measures import Predictions, f1_scores, precisions
from tuner.measures import recalls as recall_of
from tuner.runs.predictions import read_predictions, read_validation
from tuner.thresholds import Thresholds, takes_thresholds, thresholds_of

Split = Literal["test", "validation"]


def confirmed_models(run: Run) -> list[str]:
    """Trials and baselines with a completed repeat, in the order of their confirmation."""
    return [str(model) for model in run.repeats.loc[run.repeats["status"] == "completed", "model"].unique()]


def predictions(run: Run, model: str, *, split: Split = "test") -> pd.DataFrame:
    """One row per repeat and text of one confirmed model.

    Columns: ``repeat``, ``row`` (of the text in the data set), ``label`` and ``predicted`` (names, as ordered categories),
    ``confidence`` (probability of the prediction) and ``right``.

    Raises:
        InputError: where the model was not confirmed, or its predictions are missing or damaged.

    >>> analysis.predictions(run, "00003")["right"].mean().round(3).item()
    0.964
    """
    ends = run.repeats[(run.repeats["model"] == model) & (run.repeats["status"] == "completed")]
    if ends.empty:
        known = ", ".join(confirmed_models(run)) or "none"
        raise InputError(f"{run.name}: {model} was not confirmed; run tuner confirm first (confirmed: {known})")
    tables = [
        _predictionsof(run, model, repeat).to_pandas().assign(repeat=repeat)
        for repeat in sorted(ends["repeat"].tolist())
    ]
    table = pd.concat(tables, ignore_index=True)
    table = table[table["split"] == split].reset_index(drop=True)
    names = np.array(run.settings.data.label_names, dtype=object)
    return pd.DataFrame(
        {
            "repeat": table["repeat"],
            "row": table["row"],
            "label": pd.Categorical(names[table["label"]], names, ordered=True),
            "predicted": pd.Categorical(names[table["predicted"]], names, ordered=True),
            "confidence": table["confidence"].astype("float64"),
            "right": table["label"] == table["predicted"],
        }
    )


def labels_and_predictions(run: Run, *, split: Split = "test") -> dict[str, NDArray[np.int64]]:
    """Class and prediction of every text by every confirmed model, as numbers: ``[2, repeats, texts]``, the same texts for all.

    Raises:
        InputError: as ``predictions``.
    """
    found = {}
    for model in confirmed_models(run):
        predicted = predictions(run, model, split=split)
        both = np.stack([predicted[column].cat.codes for column in ("label", "predicted")]).astype(np.int64)
        found[model] = both.reshape(2, predicted["repeat"].nunique(), -1)
    return found


def repeat_probabilities(run: Run, model: str, *, split: Split) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
    """Classes ``[texts]``, and what each repeat of a confirmed model gave every class: ``[repeats, texts, classes]``.

    None where an earlier version trained it, which kept those of two classes alone.

    Raises:
        InputError: as ``predictions``.
    """
    ends = run.repeats[(run.repeats["model"] == model) & (run.repeats["status"] == "completed")]
    classes, found = len(run.settings.data.label_names), []
    labels = np.zeros(0, np.int64)
    for repeat in sorted(ends["repeat"].tolist()):
        table = _predictionsof(run, model, repeat).to_pandas()
        table = table[table["split"] == split]
        labels = table["label"].to_numpy(dtype=np.int64)
        names = [f"probability_{number}" for number in range(classes)]
        if classes == 2:
            confidence = table["confidence"].to_numpy(dtype=np.float64)
            second = np.where(table["predicted"].to_numpy() == 1, confidence, 1 - confidence)
            found.append(np.stack([1 - second, second], axis=1))
        elif set(names) <= set(table.columns):
            found.append(table[names].to_numpy(dtype=np.float64))
        else:
            return None
    return labels, np.stack(found)


def validation_predictions(run: Run, trial: str) -> Predictions:
    """What a trial predicted of the validation texts at its best epoch, kept with its weights.

    Raises:
        InputError: where it is not kept: of trials that run, of the best and of the frontier it is.
    """
    path = run.folder.with_models().validation(trial)
    try:
        return read_validation(path, run.settings.data.label_names)
    except FileNotFoundError:
        kept = sorted(each.parent.name for each in path.parents[1].glob("*/validation.npz"))
        raise InputError(
            f"{run.name}: the predictions of trial {trial} are not kept; there are those of {', '.join(kept) or 'no trial'}"
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}); confirm the trial with tuner confirm instead") from None


def per_class(run: Run, trial: str) -> pd.DataFrame:
    """One row per class, of the validation texts at the trial's best epoch.

    Columns: ``label``, ``texts``, ``precision`` (missing where the class was never predicted), ``recall``, ``f1`` (both missing
    where the class has no text) and ``mostly_taken_for`` (the wrong class that its texts get most, missing where none).

    Raises:
        InputError: as ``validation_predictions``.
    """
    found = validation_predictions(run, trial)
    names = np.array(run.settings.data.label_names, dtype=object)
    wrong = found.confusion - np.diag(found.right)
    taken = np.where(wrong.max(axis=1) > 0, names[wrong.argmax(axis=1)], None)
    has_texts, given = found.support > 0, found.given > 0
    return pd.DataFrame(
        {
            "label": names,
            "texts": found.support.astype(int),
            "precision": np.where(given, precisions(found), np.nan),
            "recall": np.where(has_texts, recall_of(found), np.nan),
            "f1": np.where(has_texts, f1_scores(found), np.nan),
            "mostly_taken_for": pd.Series(taken, dtype=object),  # as text, pandas makes NaN of None, which is true
        }
    )


def thresholds(run: Run, trial: str) -> Thresholds | None:
    """The decision thresholds with the best of the run's metric on the validation texts of a trial or a rival.

    They are used by ``confirm`` (chosen again for each repeat) and by exported models where they gain on texts that they were
    not chosen on. None where the metric takes none.

    Raises:
        InputError: as ``validation_predictions``.
    """
    if not takes_thresholds(run.objective):
        return None
    return thresholds_of(validation_predictions(run, trial), run.objective)


def _predictionsof(run: Run, model: str, repeat: int) -> pa.Table:
    path = run.folder.predictions(model, repeat)
    try:
        return read_predictions(path)
    except (OSError, pa.ArrowInvalid):
        raise InputError(f"{path}: is missing or damaged; remove it and run tuner confirm once more") from None


BINS = 15
"""Bins of equal width over confidences from 0 to 1, as in Guo et al. 2017 (arXiv 1706.04599)."""


def calibration_bins(predictions: pd.DataFrame) -> pd.DataFrame:
    """The reliability diagram of a model, all repeats together: one row per bin of confidence that has predictions.

    Columns: ``low`` and ``high`` (bounds of the bin, the upper one belongs to it), ``confidence`` (mean probability of the
    predictions in it), ``accuracy`` (share of them that are right), ``predictions`` and ``share`` (of all predictions).

    Args:
        predictions: what ``analysis.predictions`` gives.

    >>> analysis.calibration_bins(analysis.predictions(run, "00003"))["share"].max().round(3).item()
    0.873
    """
    require(predictions, "confidence", "right")
    place = np.ceil(predictions["confidence"].to_numpy() * BINS).clip(1, BINS).astype(int) - 1
    by_bin = predictions.groupby(place)
    found = pd.DataFrame(
        {"confidence": by_bin["confidence"].mean(), "accuracy": by_bin["right"].mean(), "predictions": by_bin.size()}
    )
    places = found.index.to_numpy()
    found.insert(0, "low", places / BINS)
    found.insert(1, "high", (places + 1) / BINS)
    return found.assign(share=found["predictions"] / len(predictions)).reset_index(drop=True)


def calibration_error(predictions: pd.DataFrame) -> float:
    """The expected calibration error of a model, 0 to 1: the mean over its repeats.

    That of a repeat is the mean over its bins (``BINS`` of equal width), weighted by their predictions, of the distance between
    accuracy and mean confidence (Naeini et al. 2015, in the form of Guo et al. 2017). Few predictions a bin make it too large.

    >>> round(analysis.calibration_error(analysis.predictions(run, "00003")), 3)
    0.013
    """
    require(predictions, "repeat")
    errors = []
    for _, one in predictions.groupby("repeat"):
        bins = calibration_bins(one)
        errors.append(float((bins["share"] * (bins["accuracy"] - bins["confidence"]).abs()).sum()))
    return sum(errors) / len(errors)


def overconfidence(predictions: pd.DataFrame) -> float:
    """Mean confidence less accuracy: above 0 where a model is surer than it is right.

    >>> round(analysis.overconfidence(analysis.predictions(run, "00003")), 3)
    0.001
    """
    require(predictions, "confidence", "right")
    return float(predictions["confidence"].mean() - predictions["right"].mean())


def confusion(predictions: pd.DataFrame) -> pd.DataFrame:
    """One row per pair of labels, in the order of the data set's: ``label`` (the true one), ``predicted``, ``texts`` (mean
    number over the repeats) and ``share`` (of the texts with that label; missing where there are none).

    Args:
        predictions: what ``analysis.predictions`` gives.

    >>> analysis.confusion(analysis.predictions(run, "00003"))["texts"].tolist()
    [774.25, 25.75, 31.25, 768.75]
    """
    require(predictions, "repeat", "label", "predicted")
    counts = predictions.groupby(["label", "predicted"], observed=False).size().rename("texts").reset_index()
    counts["texts"] = counts["texts"] / predictions["repeat"].nunique()
    totals = counts.groupby("label", observed=False)["texts"].transform("sum")
    return counts.assign(share=(counts["texts"] / totals).where(totals > 0))


def recalls(predictions: pd.DataFrame) -> pd.DataFrame:
    """One row per label: ``label``, ``texts`` (of the split), ``recall`` (share of them that are predicted so), ``precision``
    (share of such predictions that are right), and ``mostly_taken_for`` (the wrong class that it gets most, missing where
    it gets none).

    >>> analysis.recalls(analysis.predictions(run, "00003"))["recall"].round(3).tolist()
    [0.968, 0.961]
    """
    table = confusion(predictions)
    right = table["label"].astype(str) == table["predicted"].astype(str)
    texts = table.groupby("label", observed=False)["texts"].sum()
    given = table.groupby("predicted", observed=False)["texts"].sum()
    hits = table[right].set_index("label")["texts"]
    wrong = table[~right & (table["texts"] > 0)].sort_values("texts", ascending=False, kind="stable")
    confused = wrong.drop_duplicates("label").set_index("label")["predicted"].astype(str)
    return pd.DataFrame(
        {
            "texts": texts.astype(int),
            "recall": (hits / texts).where(texts > 0),
            "precision": (hits / given).where(given > 0),
            "mostly_taken_for": confused.reindex(texts.index.astype(str)).to_numpy(),
        }
    ).reset_index()
