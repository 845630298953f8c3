"""Which words decide for each class over many texts: every word of each is left out once."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.class_words import COLUMNS
from tuner.export.explanation import left_out, log_odds
from tuner.export.predictor import Predictor

KEPT = 50
"""Words of each class."""

_LEAST_TEXTS = 3


def class_words(predictor: Predictor, texts: Iterable[str]) -> tuple[pd.DataFrame, int]:
    """The words that speak most for each class, and the number of texts that have words.

    A word's weight in a text is that of ``tuner.export.explanation.explain``, of every class; of a word that is there several
    times, the sum. Words of fewer than three texts are left out, since one text says little. The same texts give
    the same words.

    Args:
        predictor: the model.
        texts: raw.

    Returns:
        A table as of ``analysis.class_words.ClassWords``, at most 50 words a class, all of weight above 0; and the number.
    """
    totals: dict[str, NDArray[np.float64]] = {}
    counts: dict[str, int] = defaultdict(int)
    seen = 0
    for text in texts:
        found = left_out(predictor, text)
        if found is None:
            continue
        seen += 1
        in_text: dict[str, NDArray[np.float64]] = {}
        odds = np.stack([log_odds(found.probabilities, label) for label in range(len(predictor.labels))], axis=1)
        for word, weight in zip(found.words, odds[0] - odds[1:], strict=True):
            in_text[word] = in_text.get(word, 0.0) + weight
        for word, weight in in_text.items():
            totals[word] = totals.get(word, 0.0) + weight
            counts[word] += 1
    words = [word for word in totals if counts[word] >= _LEAST_TEXTS]
    rows = [
        (name, word, float(totals[word][label] / counts[word]), float(totals[word][label]), counts[word])
        for label, name in enumerate(predictor.labels)
        for word in sorted(words, key=lambda word: (-totals[word][label], word))[:KEPT]
        if totals[word][label] > 0
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)), seen
