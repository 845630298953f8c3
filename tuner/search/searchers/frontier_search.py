"""A searcher for the frontier: it knows the size of every network before it is trained, and forecasts the rest."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from search_spaces.config import CombinationError, Config, TrialConfig
from search_spaces.domains import Value
from search_spaces.space import Space
from tuner.errors import InputError
from tuner.models.counting import training_flops
from tuner.runs.pareto import pareto_front
from tuner.runs.search_state import TrialRecord
from tuner.search.searchers.random_search import RandomSearcher
from tuner.search.searchers.searcher import Fits, SearcherSpec

if TYPE_CHECKING:
    from tuner.search.plan import Plan

Array = NDArray[np.float64]
Known = Sequence[tuple[TrialRecord, TrialConfig]]
"""Trials so far, each with its configuration."""

DRAWN, CHANGED = 400, 200
"""Candidates: drawn from the space, and made of the frontier's trials by drawing some of their hyperparameters again."""
TREES = 60
RECORDED_WEIGHT = 3.0
"""What all recorded curves weigh together, in trials of this search."""
SIZE_LIMIT = 10_000_000
"""Parameters up to which a gain counts, as in the hypervolume of the analysis."""
RECORDED = Path(__file__).with_name("recorded_curves.csv")


@dataclass(frozen=True)
class RecordedCurves:
    """Means over data sets: configurations, shares of their epochs, and values ``[configurations, shares]``."""

    configs: tuple[TrialConfig, ...]
    shares: Array
    values: Array

    @classmethod
    def of(cls, table: pd.DataFrame) -> "RecordedCurves":
        """From a table of a row per configuration: hyperparameters, and values in columns ``after_<share>``."""
        after = [name for name in table.columns if name.startswith("after_")]
        rows = table.drop(columns=after).to_dict(orient="records")
        shares = np.array([float(name.removeprefix("after_")) for name in after])
        return cls(tuple(TrialConfig.model_validate(row) for row in rows), shares, table[after].to_numpy(dtype=float))


@cache
def recorded_curves() -> RecordedCurves:
    """Those that come with the package."""
    return RecordedCurves.of(pd.read_csv(RECORDED))


class FrontierSearcher:
    """Proposes what is expected to add most to the hypervolume for the time that it takes to train.

    It draws candidates, counts their parameters exactly, forecasts what they reach at their last epoch, and takes the one of
    the best expected gain for the square root of its seconds: by the gain a second, the trials on long texts are all tiny, and
    where the number of trials is given, as it mostly is, seconds are not all that counts.

    The forecast is a forest of randomised trees (Geurts et al. 2006) over all epochs of this run and over the recorded curves
    of other data sets; its trees, one by one, stand for what may come. Trials at work count with what is forecast.
    """

    def __init__(
        self, space: Space, *, seed: int, fits: Fits, plan: "Plan", recorded: RecordedCurves | None = None
    ) -> None:
        """Takes what there is to know before the first trial.

        Args:
            space: of the built-in networks.
            seed: of the search.
            fits: the budget of parameters.
            plan: what sizes and epochs are.
            recorded: curves on other data sets; None for those that come with the package.

        Raises:
            InputError: for a custom model, whose parameters are counted where it is built.
        """
        if space.own is not None:
            raise InputError(
                "counts parameters before a model is built, which cannot be done for a hypermodel; use "
                "`searcher='random'` or optuna",
                option="searcher",
                value="frontier",
            )
        self._space = space
        self._seed = seed
        self._fits = fits
        self._plan = plan
        self._recorded = recorded or recorded_curves()
        self._random = RandomSearcher(space, seed=seed, fits=fits)

    def propose(self, index: int, trials: Collection[TrialRecord]) -> Config:
        """The next configuration; one drawn at random where all that were drawn have been tried.

        Raises:
            InputError: where nothing that fits was drawn.
        """
        return self.propose_with_gain(index, trials)[0]

    def propose_with_gain(self, index: int, trials: Collection[TrialRecord]) -> tuple[Config, float | None]:
        """The same, and the most that a candidate is expected to add to the hypervolume, as a share of what there is.

        None where nothing is known yet, or all that were drawn have been tried.

        Raises:
            InputError: where nothing that fits was drawn.
        """
        known = [(record, TrialConfig.model_validate(record.config)) for record in trials]
        candidates = self._candidates(index, known)
        if not candidates:
            return self._random.propose(index, trials), None
        gains, there = self._expected_gains(index, candidates, known)
        chosen = candidates[int(np.argmax(gains / np.sqrt(forecast_seconds(candidates, known, self._plan))))]
        return chosen, float(gains.max()) / there if there > 0 else None

    def _candidates(self, index: int, known: Known) -> list[TrialConfig]:
        """Configurations that fit and have not been tried, each once."""
        generator = np.random.default_rng([self._seed, index])
        scored = [record for record, _ in known if record.score is not None]
        front = pareto_front([record.score or 0.0 for record in scored], [record.size for record in scored])
        sources = [self._space.values(scored[place].config) for place in front] if not self._space.variables else []
        tried, found = {config for _, config in known}, dict[TrialConfig, None]()
        for draw in range(DRAWN + CHANGED):
            try:
                if draw < DRAWN or not sources:
                    config = self._space.sample(generator)
                else:
                    config = self._changed(sources[int(generator.integers(len(sources)))], generator)
            except CombinationError:
                continue
            if isinstance(config, TrialConfig) and config not in tried and self._fits(config):
                found[config] = None
        return list(found)

    def _changed(self, source: Mapping[str, Value], generator: np.random.Generator) -> Config:
        """A trial's configuration with one to three of its hyperparameters drawn again, and those that this makes active."""
        names = list(self._space.varying())
        again = set(generator.permutation(names)[: int(generator.integers(1, 4))])
        values: dict[str, Value] = {}
        for name, domain in self._space.parameters.items():
            if self._space.active(name, values):
                kept = name in source and name not in again
                values[name] = source[name] if kept else domain.sample(generator)
        return self._space.config(values)

    def _expected_gains(self, index: int, candidates: Sequence[TrialConfig], known: Known) -> tuple[Array, float]:
        """What each candidate is expected to add to the hypervolume, and how much that is without them."""
        curves = self._curves([record for record, _ in known])
        at_work = [config for record, config in known if not (record.ended or record.paused)]
        forest = self._forest(index, [config for _, config in known], curves)
        asked = self._rows([*candidates, *at_work], 1.0)
        forecasts = np.stack([tree.predict(asked.astype(np.float32)) for tree in forest.estimators_])
        of_candidates, of_others = np.split(forecasts, [len(candidates)], axis=1)
        points = [(record.size, max(curve.values())) for (record, _), curve in zip(known, curves, strict=True) if curve]
        points += zip(self._sizes(at_work), of_others.mean(axis=0), strict=True)
        gains: Array = hypervolume_gains(self._sizes(candidates), of_candidates, points).mean(axis=0)
        return gains, hypervolume(points)

    def _curves(self, records: Sequence[TrialRecord]) -> list[dict[float, float]]:
        """The best value so far of each trial, by the share of its epochs: after 1, 2, 4... reports and its last.

        Values are scores on a scale where always giving the most frequent label is 0 and the best trial 1. A trial that
        diverged is worth 0, one that failed tells nothing.
        """
        objective = self._plan.objective
        scores = [record.score for record in records if record.score is not None]
        floor = objective.baseline if objective.baseline is not None else objective.metric.worthless
        lowest = min(scores, default=0.0) if floor is None else objective.turned(floor)
        scale = max(max(scores, default=0.0) - lowest, 1e-6)
        curves = []
        for record in records:
            curve, best = {}, 0.0
            for number, event in enumerate(record.epochs if record.status != "failed" else (), start=1):
                score = record.objective.score(event.metrics)
                best = best if score is None else max(best, (score - lowest) / scale)
                if number & (number - 1) == 0 or number == len(record.epochs):
                    curve[event.epoch / self._plan.epochs] = best
            curves.append({1.0: 0.0} if record.status == "diverged" else curve)
        return curves

    def _forest(self, index: int, configs: Sequence[TrialConfig], curves: Sequence[Mapping[float, float]]) -> Any:
        """Trees that give the value of a configuration after a share of its epochs, fitted to all that is known."""
        from sklearn.ensemble import ExtraTreesRegressor

        recorded, shares, values = self._recorded.configs, self._recorded.shares, self._recorded.values
        told = [(config, curve) for config, curve in zip(configs, curves, strict=True) if curve]
        rows = [(config, share) for config in recorded for share in shares]
        rows += [(config, share) for config, curve in told for share in curve]
        targets = [*values.ravel(), *(value for _, curve in told for value in curve.values())]
        weights = [RECORDED_WEIGHT / values.size] * values.size
        weights += [1 / len(curve) for _, curve in told for _ in curve]
        seed = int(np.random.SeedSequence([self._seed, index]).generate_state(1)[0])
        forest = ExtraTreesRegressor(TREES, max_features=0.6, random_state=seed)
        features = self._rows([config for config, _ in rows], np.array([share for _, share in rows]))
        return forest.fit(features, targets, sample_weight=weights)

    def _rows(self, configs: Sequence[TrialConfig], progress: float | Array) -> Array:
        """Features, a row per configuration: every hyperparameter as a number, the size, and the share of epochs trained."""
        columns = _numbers(configs)
        columns[:, _VOCABULARY] = np.minimum(columns[:, _VOCABULARY], math.log(self._plan.vocabulary_size))
        return np.column_stack([columns, np.log(self._sizes(configs)), np.broadcast_to(progress, len(configs))])

    def _sizes(self, configs: Sequence[TrialConfig]) -> Array:
        counts = (self._plan.count(config) for config in configs)
        return np.array([count.total for count in counts if count is not None], dtype=float)


def forecast_seconds(candidates: Sequence[TrialConfig], known: Known, plan: "Plan") -> Array:
    """Seconds of each candidate trained to its end: a start, and epochs by their loops and operations.

    The three factors are fitted to the relative errors of the trials so far, none below 0. Where fewer than four trials have
    an epoch, all candidates take the same.
    """
    from scipy.optimize import nnls

    def work(configs: Iterable[TrialConfig], epochs: Array) -> Array:
        networks = [plan.network(config) for config in configs]
        loops = np.array([network.loops for network in networks], dtype=float)
        flops = np.array([training_flops(network) for network in networks], dtype=float)
        return np.column_stack([np.ones_like(epochs), epochs * loops, epochs * flops])

    timed = [(record, config) for record, config in known if record.epochs]
    if len(timed) < 4:
        return np.ones(len(candidates))
    epochs = np.array([record.last_epoch for record, _ in timed], dtype=float)
    spent = np.array([record.seconds for record, _ in timed])
    factors, _ = nnls(work([config for _, config in timed], epochs) / spent[:, None], np.ones(len(timed)))
    seconds: Array = work(candidates, np.full(len(candidates), float(plan.epochs))) @ factors
    return seconds


def hypervolume_gains(sizes: Array, values: Array, points: Iterable[tuple[float, float]]) -> Array:
    """What points would add to the area under a frontier, in values times decades of parameters.

    Args:
        sizes: parameters ``[points]``.
        values: of one or several forecasts ``[forecasts, points]``.
        points: size and value of each that there is.
    """
    starts, ends, heights = _stair(points)
    widths = np.clip(ends - np.maximum(starts, np.log10(sizes)[:, None]), 0, None)
    gains: Array = np.einsum("pf,npf->np", widths, np.clip(values[:, :, None] - heights, 0, None))
    return gains


def hypervolume(points: Iterable[tuple[float, float]]) -> float:
    """The area under the frontier of points of a size and a value, as ``hypervolume_gains`` measures it."""
    starts, ends, heights = _stair(points)
    return float((np.clip(ends - starts, 0, None) * heights).sum())


def _stair(points: Iterable[tuple[float, float]]) -> tuple[Array, Array, Array]:
    """The steps of a frontier: where each starts and ends, in decades of parameters, and its height."""
    edges, heights = [0.0], [0.0]
    for size, value in sorted(points, key=lambda point: (point[0], -point[1])):
        if value > heights[-1]:
            edges.append(math.log10(size))
            heights.append(value)
    return np.array(edges), np.array([*edges[1:], math.log10(SIZE_LIMIT)]), np.array(heights)


_FIELDS = tuple(TrialConfig.model_fields)
_VOCABULARY = _FIELDS.index("vocabulary")
_LOGARITHMIC = {"units", "embedding", "vocabulary", "learning_rate", "batch_size"}


def _numbers(configs: Sequence[TrialConfig]) -> Array:
    """Hyperparameters as numbers, a row per configuration; a word is its place among those that there are."""
    words = {name: get_args(field.annotation) for name, field in TrialConfig.model_fields.items()}

    def number(name: str, value: Value) -> float:
        if isinstance(value, str):
            return float(words[name].index(value))
        return math.log(value) if name in _LOGARITHMIC else float(value)

    return np.array([[number(name, value) for name, value in config.model_dump().items()] for config in configs])


SPECS = {"frontier": SearcherSpec(FrontierSearcher, learns=True, settings=("plan",))}
