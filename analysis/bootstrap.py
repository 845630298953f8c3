"""How sure values of a metric and their differences are: models trained a few times, all evaluated on the same texts.

Two things are due to chance: the seed of a training, and which texts happen to be in the test set. Both are resampled,
crossed: a sample draws texts with replacement, the same ones for every model, and trainings with replacement, for each model
its own ("pigeonhole bootstrap", Owen 2007, doi:10.1214/07-AOAS122). Deviations between n trainings are stretched by
sqrt(n / (n - 1)), since resampling so few would make them look too small. In simulations of 1,000 texts
(``tests/benchmarks/bench_intervals.py``) 95 % intervals held the truth in 96 to 98 % of the cases from three trainings up, and
four equal models were all called tied in 97 to 100 %: it errs towards "tied". Of a model that was trained once nothing is known
about seeds, so it is tied with every other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Correct = Mapping[str, NDArray[np.bool_]]
"""By model: which texts each of its trainings got right, ``[trainings, texts]``, the same texts for all."""

_SAMPLES = 2_000
_SAMPLES_AT_ONCE = 100


def resampled_accuracies(correct: Correct, *, seed: int = 0, samples: int = _SAMPLES) -> dict[str, Floats]:
    """The mean accuracy of every model in each bootstrap sample: ``[samples]``, samples paired between models."""

    def shares(right: NDArray[np.bool_]) -> "_Values":
        answers = right.T.astype(np.float32)
        return lambda texts: (texts @ answers) / len(answers)

    return _resampled({model: (len(right), shares(right)) for model, right in correct.items()},
                      next(iter(correct.values())).shape[1], seed, samples)  # fmt: skip


Measure = Callable[[Floats], float]
"""From how many texts of each class (rows) were given each class, ``[classes, classes]``, to a metric."""


def resampled_metric(
    pairs: Mapping[str, NDArray[np.int64]], classes: int, measure: Measure, *, seed: int = 0, samples: int = _SAMPLES
) -> dict[str, Floats]:
    """The same of another metric of the answers.

    Args:
        pairs: by model: class and answer of every text, ``class * classes + answer``, ``[trainings, texts]``.
        classes: their number.
        measure: the metric.
    """
    from scipy import sparse  # here, for every command imports the analysis, and few resample

    def values(cells: NDArray[np.int64]) -> "_Values":
        texts = np.arange(cells.shape[1])
        places = [
            sparse.csr_matrix((np.ones(len(texts), np.float32), (one, texts)), shape=(classes**2, len(texts)))
            for one in cells
        ]

        def of(drawn: NDArray[np.float32]) -> Floats:
            counts = ((place @ drawn.T).T.reshape(-1, classes, classes).astype(np.float64) for place in places)
            return np.array([[measure(table) for table in tables] for tables in counts]).T

        return of

    return _resampled({model: (len(cells), values(cells)) for model, cells in pairs.items()},
                      next(iter(pairs.values())).shape[1], seed, samples)  # fmt: skip


_Values = Callable[[NDArray[np.float32]], "NDArray[np.floating[Any]]"]
"""From how often each text is drawn in each sample, ``[samples, texts]``, to values ``[samples, trainings]``."""


def _resampled(models: Mapping[str, tuple[int, _Values]], texts: int, seed: int, samples: int) -> dict[str, Floats]:
    """The mean value of every model, given with its trainings, in each sample."""
    generator = np.random.default_rng(seed)
    parts: dict[str, list[Floats]] = {model: [] for model in models}
    for start in range(0, samples, _SAMPLES_AT_ONCE):
        rows = min(_SAMPLES_AT_ONCE, samples - start)
        drawn = _draws(generator, rows, texts)
        for model, (trainings, values) in models.items():
            times = _draws(generator, rows, trainings)
            stretched = 1 + (times - 1) * np.sqrt(trainings / max(1, trainings - 1))
            parts[model].append((values(drawn) * stretched).mean(axis=1).astype(np.float64))
    return {model: np.concatenate(part) for model, part in parts.items()}


def _draws(generator: np.random.Generator, rows: int, count: int) -> NDArray[np.float32]:
    """How often each of ``count`` things is drawn in ``count`` draws with replacement, ``[rows, count]``."""
    drawn = generator.integers(0, count, (rows, count)) + count * np.arange(rows)[:, None]
    return np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, count).astype(np.float32)


@dataclass(frozen=True)
class Difference:
    """How much better one model is than another.

    Attributes:
        difference: of the means over trainings.
        low, high: simultaneous interval.
    """

    better: str
    other: str
    difference: float
    low: float
    high: float

    @property
    def tied(self) -> bool:
        """Whether the interval leaves open which one is better."""
        return self.low <= 0.0 <= self.high


def differences(
    values: Mapping[str, NDArray[Any]], resampled: Mapping[str, Floats], *, level: float = 0.95
) -> list[Difference]:
    """Every pair of models, compared on the same texts, the better first.

    All intervals hold together with probability ``level``, however many pairs there are: their half-width is the standard error
    of a difference times the ``level`` quantile, over the bootstrap samples, of the largest deviation among all pairs in
    standard errors (single-step max-t, Westfall and Young 1993; Romano and Wolf 2005, doi:10.1198/016214504000000539).

    Args:
        values: by model: the metric of each training, or, of accuracy, each training's right answers.
        resampled: samples of their means.
        level: as above.
    """
    means = {model: float(of_trainings.mean()) for model, of_trainings in values.items()}
    ordered = sorted(means, key=lambda model: -means[model])
    pairs = list(combinations(ordered, 2))
    if not pairs:
        return []
    gaps = np.array([means[better] - means[other] for better, other in pairs])
    spread = np.array([resampled[better] - resampled[other] for better, other in pairs]) - gaps[:, None]
    errors = spread.std(axis=1)
    often = np.array([min(len(values[better]), len(values[other])) > 1 for better, other in pairs])
    differ = errors > 0  # two models with the same answers are tied, and have no part in the largest deviation
    deviations = np.abs(spread[differ]) / errors[differ, None]
    largest = deviations.max(axis=0) if differ.any() else np.zeros(spread.shape[1])
    reach = np.where(often, float(np.quantile(largest, level)) * errors, np.inf)
    return [
        Difference(*pair, float(gap), float(gap - half), float(gap + half))
        for pair, gap, half in zip(pairs, gaps, reach, strict=True)
    ]
