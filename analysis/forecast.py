"""What a larger network, longer training or more labelled texts would reach, from the curves of a run."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from analysis.folds import with_most_folds
from analysis.loading import Run
from tuner.errors import InputError
from tuner.metrics import Objective

Array = NDArray[np.float64]

MOST_TIMES = {"params": 10, "epochs": 4, "texts": 4}
"""How many times what a run has: farther ones were never checked against recorded curves, and are refused."""
FEWEST_TRIALS = 6
FACTORS = Path(__file__).with_name("forecast.yaml")
"""How wide intervals are; ``tests/benchmarks/bench_forecast.py --write`` makes it of recorded curves."""

_BOOTSTRAPS = 40
_NEAR, _A_DECADE, _A_DOUBLING = 0.1, 0.4, 0.35
"""Distances: of what is next to what there is, of ten times the parameters, and of twice the epochs or texts."""
_SIZE_EXPONENTS = np.geomspace(0.05, 1.5, 8)
_EPOCH_EXPONENTS = np.geomspace(0.25, 3.0, 7)
_TEXT_EXPONENTS = np.geomspace(0.1, 1.0, 10)


@dataclass(frozen=True)
class Curves:
    """The trials of a run, as forecasts see them.

    Attributes:
        sizes: parameters ``[trials]``.
        errors: what the best epoch so far lacks to a perfect score ``[trials, epochs]``; after a trial's end, its last.
    """

    sizes: Array
    errors: Array

    def within(self, size: float, epochs: int) -> float:
        """The smallest error of networks of at most so many parameters within so many epochs."""
        return float(self.errors[self.sizes <= size, epochs - 1].min())

    @property
    def largest(self) -> float:
        """Parameters of the largest network."""
        return float(self.sizes.max())

    @property
    def epochs(self) -> int:
        """Most epochs of a trial."""
        return int(self.errors.shape[1])

    @property
    def best(self) -> float:
        """The smallest error of all."""
        return float(self.errors[:, -1].min())

    def drawn(self, generator: np.random.Generator) -> "Curves":
        """As many trials, drawn with replacement."""
        rows = generator.integers(0, len(self.sizes), len(self.sizes))
        return Curves(self.sizes[rows], self.errors[rows])


class Bounds(NamedTuple):
    """Errors that are forecast: the middle one, and the ends of a 90 % interval."""

    middle: float
    low: float
    high: float


def forecast(
    run: Run, *others: Run, params: int | None = None, epochs: int | None = None, texts: int | None = None
) -> pd.DataFrame:
    """What the best network of a search like this one would reach, were it larger, trained longer or on more texts.

    The frontier's error (what the metric lacks to its best value) at p parameters and after t epochs is fitted by
    ``c + d p^-a + e t^-b`` (Hestness et al. 2017, arXiv 1712.00409; the sum of Rosenfeld et al. 2019, arXiv 1909.12673, with
    epochs in the place of texts), and at n texts by ``c + d n^-g`` through the best of several runs. Both are fitted to 40
    bootstrap samples of the trials; a forecast is the median of their gains over what the run has. Intervals grow with the
    distance: their factors are such that 90 % of them hold on recorded data sets, each left out in turn (split conformal
    prediction, Vovk et al. 2005); where they hold and where not is in ``tests/benchmarks/FORECASTS.md``. They are of
    searches of the same effort, and of validation figures.

    Args:
        run: a run of at least 6 trials with an epoch, of 3 sizes.
        others: runs on fewer or more texts of the same data, for ``texts``.
        params: of the larger network, at most 10 times the largest of the run; by default twice it.
        epochs: at most 4 times those trained; by default twice them.
        texts: to train on, at most 4 times the most that a run has; None to say nothing of texts.

    Returns:
        A row for "now", for each of the changes alone, and for all of them: ``what``, ``parameters``, ``epochs``, ``texts``,
        ``val_<metric>``, and ``low`` and ``high``, the ends of a 90 % interval (missing for "now").

    Raises:
        InputError: where the runs do not bear it, or a number is not more than what there is or too far beyond.

    >>> analysis.forecast(run, params=100_000)["what"].tolist()
    ['now', 'larger']
    """
    runs = sorted((run, *others), key=lambda one: one.settings.data.train)
    base, curves = runs[-1], [curves_of(one) for one in runs]
    now = curves[-1]
    there = {"params": int(now.largest), "epochs": now.epochs, "texts": base.settings.data.train}
    asked = {"params": params, "epochs": epochs, "texts": texts}
    if all(value is None for value in asked.values()):
        asked |= {"params": 2 * there["params"], "epochs": 2 * there["epochs"]}
    if texts is not None or others:
        _check_texts(runs, texts)
    changes = {name: value for name, value in asked.items() if value is not None}
    for name, value in changes.items():
        _check(name, value, there[name], base.name)
    rows: list[dict[str, object]] = [_row(base, "now", there, Bounds(now.best, np.nan, np.nan))]
    forecaster = Forecaster(curves, [one.settings.data.train for one in runs])
    whats = {"params": "larger", "epochs": "longer", "texts": "more texts"}
    steps = [{name: value} for name, value in changes.items()] + ([changes] if len(changes) > 1 else [])
    for step in steps:
        what = "all" if step is changes and len(changes) > 1 else whats[next(iter(step))]
        bounds = forecaster.expected(**step)
        rows.append(_row(base, what, there | step, bounds))
    return pd.DataFrame(rows)


def _row(run: Run, what: str, there: dict[str, int], errors: Bounds) -> dict[str, object]:
    middle, low, high = values_of(run.objective, errors)
    return {
        "what": what,
        "parameters": there["params"],
        "epochs": there["epochs"],
        "texts": there["texts"],
        run.objective.column: middle,
        "low": low,
        "high": high,
    }


def values_of(objective: Objective, errors: Bounds) -> tuple[float, float, float]:
    """Values of the metric for errors: the middle one, and the ends of the interval, the lower one first."""
    perfect = 1.0 if objective.mode == "max" else 0.0
    middle, *ends = (objective.turned(perfect - error) for error in errors)
    low, high = sorted(ends)
    return middle, low, high


def _check(name: str, value: int, there: int, run: str) -> None:
    """Refuses what a run knows already, and what is too far."""
    of_what = {"params": "parameters", "epochs": "epochs", "texts": "texts to train on"}[name]
    most = MOST_TIMES[name] * there
    if value <= there:
        raise InputError(
            f"{run} has {there:,} {of_what} already, and shows what these reach; give more, at most {most:,}",
            option=name,
            value=value,
        )
    if value > most:
        raise InputError(
            f"{run} has {there:,} {of_what}, and forecasts of more than {MOST_TIMES[name]} times as many were never "
            f"checked; give at most {most:,}, or search farther first",
            option=name,
            value=value,
        )


def _check_texts(runs: Sequence[Run], texts: int | None) -> None:
    """Refuses runs that tell nothing of more texts."""
    counts = [one.settings.data.train for one in runs]
    if texts is None:
        raise InputError(f"{len(runs)} runs tell of more texts; add `texts`, for instance `texts={2 * counts[-1]}`")
    if 2 * counts[0] > counts[-1] or len(set(counts)) < 2:
        raise InputError(
            f"the runs have {', '.join(f'{count:,}' for count in counts)} texts to train on, which says nothing of more; "
            "search on half of them or fewer too, for instance with `fraction=0.25`, and give that run as well",
            option="texts",
            value=texts,
        )
    first, objective = runs[-1].settings.data, runs[-1].objective
    for other in runs[:-1]:
        if other.settings.data.label_names != first.label_names or other.objective != objective:
            raise InputError(
                f"{other.name} and {runs[-1].name} are not of the same labels and metric; give runs of the same data",
                option="texts",
                value=texts,
            )


def curves_of(run: Run) -> Curves:
    """The curves of the trials that have an epoch; with folds, of the means over the folds.

    Raises:
        InputError: where they are too few, or all of a size.
    """
    objective = run.objective
    table = run.epochs[run.epochs[objective.column].notna()]
    trials = run.trials.set_index("trial_id")["parameters"].dropna()
    key = table["trial_id"]
    if run.configurations is not None:
        with_all = run.trials[run.trials["status"] == "completed"]
        first = (with_all["trial_id"].astype(int) - with_all["fold"] + 1).map("{:05d}".format)
        of_fold = dict(zip(with_all["trial_id"], first, strict=True))
        key = key.map(of_fold)
        wanted = set(with_most_folds(run.configurations)["trial_id"])
        table, key = table[key.isin(wanted)], key[key.isin(wanted)]
    # What was reported within an epoch counts as reached by its end.
    epochs = np.ceil(table["epoch"]).astype(int).rename("epoch")
    trial_and_fold = table["trial_id"].rename("fold")
    scores = objective.turned(table[objective.column]).groupby([trial_and_fold, key.rename("trial_id"), epochs]).max()
    scores = scores.groupby(["trial_id", "epoch"]).mean()
    values = scores.unstack().cummax(axis=1).ffill(axis=1)
    values = values[values.index.isin(trials.index)]
    sizes = trials.reindex(values.index).to_numpy(dtype=float)
    if len(values) < FEWEST_TRIALS or len(np.unique(sizes)) < 3:
        raise InputError(
            f"{run.name} has {len(values)} trials with an epoch, of {len(np.unique(sizes))} sizes; a forecast needs "
            f"{FEWEST_TRIALS} of 3: extend it with `python -m tuner resume {run.folder.reference}` and "
            f"`trials={2 * FEWEST_TRIALS}`"
        )
    if values.shape[1] < 2:
        raise InputError(f"{run.name} has one epoch a trial, which makes no curve; search with `epochs=4` or more")
    perfect = 1.0 if objective.mode == "max" else 0.0
    errors = (perfect - values.to_numpy(dtype=float)).clip(min=0.0)
    # An epoch that a trial lacks before its first is as bad as its worst.
    return Curves(sizes, np.where(np.isnan(errors), np.nanmax(errors, axis=1, keepdims=True), errors))


class Forecaster:
    """The laws of a run, or of several on different numbers of texts, fitted to bootstrap samples of their trials."""

    def __init__(self, curves: Sequence[Curves], counts: Sequence[int]) -> None:
        """Fits the laws.

        Args:
            curves: of the runs, by ascending number of texts; the last is what a forecast begins with.
            counts: texts to train on of each.
        """
        generator = np.random.default_rng(0)
        self._now, self._count = curves[-1], counts[-1]
        samples = [[one.drawn(generator) if number else one for one in curves] for number in range(_BOOTSTRAPS)]
        self._laws = [_law(sample[-1]) for sample in samples]
        self._text_laws = [_text_law(sample, counts, generator) for sample in samples] if len(curves) > 1 else []

    def expected(
        self, *, params: float | None = None, epochs: float | None = None, texts: float | None = None
    ) -> Bounds:
        """The error that is left: the median over the samples, and a 90 % interval; None is what there is."""
        best, middle = self._now.best, self.median(params=params, epochs=epochs, texts=texts)
        reach = best * self.distance(params=params, epochs=epochs, texts=texts)
        factors = _factors()
        return Bounds(
            middle, min(best, middle + factors["worse"] * reach), max(0.0, middle - factors["better"] * reach)
        )

    def distance(
        self, *, params: float | None = None, epochs: float | None = None, texts: float | None = None
    ) -> float:
        """How far a forecast reaches beyond what there is: intervals are as wide as this times the error that there is."""
        decades = math.log10((params or self._now.largest) / self._now.largest)
        doublings = math.log2((epochs or self._now.epochs) / self._now.epochs)
        of_texts = math.log2((texts or self._count) / self._count)
        return _NEAR + _A_DECADE * decades + _A_DOUBLING * (doublings + of_texts)

    def median(self, *, params: float | None = None, epochs: float | None = None, texts: float | None = None) -> float:
        """The error that is left, without an interval."""
        now, kept = self._now, np.ones(_BOOTSTRAPS)
        if now.best == 0:
            return 0.0
        for number, law in enumerate(self._laws):
            gain = law.gain(now.largest, params or now.largest, 1.0, (epochs or now.epochs) / now.epochs)
            kept[number] = 1 - min(gain / now.best, 1.0)
        if texts is not None:
            kept *= [1 - law.gain(texts / self._count) for law in self._text_laws]
        return float(np.median(kept)) * now.best


class _Law(NamedTuple):
    """``error = least + of_size (parameters / largest)^-a + of_epochs (epochs / most)^-b``, nothing below 0."""

    misses: float
    largest: float
    of_size: float
    size_exponent: float
    of_epochs: float
    epoch_exponent: float

    def gain(self, small: float, large: float, short: float, long: float) -> float:
        """How much less the error is of so many parameters, and so many times the epochs."""
        sizes, epochs = np.array([small, large]) / self.largest, np.array([short, long])
        terms = self.of_size * sizes**-self.size_exponent + self.of_epochs * epochs**-self.epoch_exponent
        return float(terms[0] - terms[1])


def _law(curves: Curves) -> _Law:
    """Fits the law to the frontier after every epoch, by least squares that weigh epochs by their number."""
    from scipy.optimize import nnls

    order = np.argsort(curves.sizes, kind="stable")
    sizes, errors = curves.sizes[order], np.minimum.accumulate(curves.errors[order], axis=0)
    steps = np.r_[True, (np.diff(errors, axis=0) < 0).any(axis=1)]
    shares = np.arange(1, errors.shape[1] + 1) / errors.shape[1]
    shape = (int(steps.sum()), len(shares))
    weights = np.broadcast_to(np.sqrt(shares), shape).ravel()
    best: _Law | None = None
    for a in _SIZE_EXPONENTS:
        of_size = np.broadcast_to(((sizes[steps] / sizes[-1]) ** -a)[:, None], shape).ravel()
        for b in _EPOCH_EXPONENTS:
            of_epochs = np.broadcast_to(shares**-b, shape).ravel()
            columns = np.column_stack([np.ones_like(weights), of_size, of_epochs]) * weights[:, None]
            (_, d, e), misses = nnls(columns, errors[steps].ravel() * weights)
            if best is None or misses < best.misses:
                best = _Law(float(misses), float(sizes[-1]), float(d), float(a), float(e), float(b))
    assert best is not None
    return best


class _TextLaw(NamedTuple):
    """``error = least + of_texts (texts / most)^-g``, as a share of the error with most texts; nothing below 0."""

    misses: float
    of_texts: float
    exponent: float

    def gain(self, times: float) -> float:
        """How much of the error goes with so many times the texts."""
        return float(min(self.of_texts * (1 - times**-self.exponent), 1.0))


def _text_law(curves: Sequence[Curves], counts: Sequence[int], generator: np.random.Generator) -> _TextLaw:
    """Fits the law to the best of each run, of networks and epochs that all runs have.

    Two runs do not tell the exponent, which is drawn; of more, it is the one that fits best.
    """
    from scipy.optimize import nnls

    size, epochs = min(one.largest for one in curves), min(one.epochs for one in curves)
    errors = np.array([one.within(max(size, float(one.sizes.min())), epochs) for one in curves])
    if errors[-1] == 0:
        return _TextLaw(0.0, 0.0, 1.0)
    exponents = _TEXT_EXPONENTS if len(errors) > 2 else generator.choice(_TEXT_EXPONENTS, 1)
    laws = []
    for exponent in exponents:
        powers = (np.array(counts) / counts[-1]) ** -exponent
        (_, of_texts), misses = nnls(np.column_stack([np.ones_like(powers), powers]), errors / errors[-1])
        laws.append(_TextLaw(float(misses), float(of_texts), float(exponent)))
    return min(laws)


@cache
def _factors() -> dict[str, float]:
    factors: dict[str, float] = yaml.safe_load(FACTORS.read_text(encoding="utf-8"))
    return factors
