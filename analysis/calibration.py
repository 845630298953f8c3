"""Whether a confirmed model's probabilities mean what they say."""

import numpy as np
import pandas as pd

from analysis.columns import require

BINS = 15
"""Bins of equal width over confidences from 0 to 1, as in Guo et al. 2017 (arXiv 1706.04599)."""


def calibration_bins(answers: pd.DataFrame) -> pd.DataFrame:
    """The reliability diagram of a model, all repeats together: a row a bin of confidence that has answers.

    Columns: ``low`` and ``high`` (bounds of the bin, the upper one belongs to it), ``confidence`` (mean probability of the
    answers in it), ``accuracy`` (share of them that are right), ``answers`` and ``share`` (of all answers).

    Args:
        answers: what ``analysis.predictions`` gives.
    """
    require(answers, "confidence", "right")
    place = np.ceil(answers["confidence"].to_numpy() * BINS).clip(1, BINS).astype(int) - 1
    by_bin = answers.groupby(place)
    found = pd.DataFrame(
        {"confidence": by_bin["confidence"].mean(), "accuracy": by_bin["right"].mean(), "answers": by_bin.size()}
    )
    places = found.index.to_numpy()
    found.insert(0, "low", places / BINS)
    found.insert(1, "high", (places + 1) / BINS)
    return found.assign(share=found["answers"] / len(answers)).reset_index(drop=True)


def calibration_error(answers: pd.DataFrame) -> float:
    """The expected calibration error of a model, 0 to 1: the mean over its repeats.

    That of a repeat is the mean over its bins (``BINS`` of equal width), weighted by their answers, of the distance between
    accuracy and mean confidence (Naeini et al. 2015, in the form of Guo et al. 2017). Few answers a bin make it too large.
    """
    require(answers, "repeat")
    errors = []
    for _, one in answers.groupby("repeat"):
        bins = calibration_bins(one)
        errors.append(float((bins["share"] * (bins["accuracy"] - bins["confidence"]).abs()).sum()))
    return sum(errors) / len(errors)


def overconfidence(answers: pd.DataFrame) -> float:
    """Mean confidence less accuracy: above 0 where a model is surer than it is right."""
    require(answers, "confidence", "right")
    return float(answers["confidence"].mean() - answers["right"].mean())
