"""Which hyperparameters mattered, and how: values in groups, effects, interactions, importance."""

import warnings
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.columns import CONFIG, scored, scores, varied
from analysis.frontier import pareto_ranks
from tuner.metrics import ACCURACY, Objective

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


MOST_VALUES = 8
"""More distinct numbers than this are cut into ranges."""

_RANGES = 5


def grouped(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Each value as the text of its group, an ordered categorical from low to high.

    Words, switches and few distinct numbers stay as they are. More numbers are cut at their quintiles, so that each range
    holds about as many trials.
    """
    distinct = sorted(values.dropna().unique().tolist(), key=lambda value: (isinstance(value, str), value))
    numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if numeric and len(distinct) > MOST_VALUES:
        ranges = pd.qcut(values.astype(float), _RANGES, duplicates="drop", precision=3)
        lowest, ends = float(values.min()), [part.right for part in ranges.cat.categories]
        edges = [0.0 if 0 < lowest < ends[0] / 100 else lowest, *ends]
        names = [f"{_number(low)}–{_number(high)}" for low, high in pairwise(edges)]
        return ranges.cat.rename_categories(_unique(names))
    texts = dict(zip(distinct, _distinct_numbers(distinct) if numeric else map(_word, distinct), strict=True))
    return pd.Series(pd.Categorical(values.map(texts), list(texts.values()), ordered=True), index=values.index)


def _number(value: float, digits: int = 2) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}g}" if value != int(value) else f"{value:.0f}"


def _distinct_numbers(values: list[float]) -> list[str]:
    """Numbers with as many digits as tell them apart, from two on; exact where no rounding does."""
    for digits in range(2, 7):
        texts = [_number(value, digits) for value in values]
        if len(set(texts)) == len(texts):
            return texts
    return [f"{value!r}" for value in values]


def _word(value: object) -> str:
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _unique(names: list[str]) -> list[str]:
    """Ranges that read the same after rounding get their number behind them."""
    return [name if names.count(name) == 1 else f"{name} ({place})" for place, name in enumerate(names, start=1)]


_EFFECTS = ["hyperparameter", "value", "trials", "lowest", "q1", "median", "q3", "highest"]


def effects(trials: pd.DataFrame, *, objective: Objective = ACCURACY) -> pd.DataFrame:
    """A row for each value (or range of values) of each hyperparameter that varies, with the objective at the best epoch of
    the trials that have it: ``hyperparameter``, ``value``, ``trials``, ``lowest``, ``q1``, ``median``, ``q3``, ``highest``.

    Trials that were stopped early count with what they had reached.

    >>> analysis.effects(trials).query("hyperparameter == 'cell'")["median"].tolist()
    [0.7975, 0.69125]
    """
    usable = scored(trials, objective)
    tables = [_effect(usable, name, objective) for name in varied(usable)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=_EFFECTS)


def _effect(usable: pd.DataFrame, name: str, objective: Objective) -> pd.DataFrame:
    groups = usable[objective.column].groupby(grouped(usable[CONFIG + name]), observed=True)
    table = groups.agg(["size", "min", "median", "max"]).set_axis(["trials", "lowest", "median", "highest"], axis=1)
    table["q1"], table["q3"] = groups.quantile(0.25), groups.quantile(0.75)
    table = table.rename_axis("value").reset_index().assign(hyperparameter=name)
    return table.astype({"value": str})[_EFFECTS]


def interactions(
    trials: pd.DataFrame, names: list[str] | None = None, *, objective: Objective = ACCURACY
) -> pd.DataFrame:
    """Mean objective of the trials that share two values, for every pair of hyperparameters that vary.

    Columns: ``first``, ``second`` (names), ``first_value``, ``second_value``, ``trials``, ``mean_<metric>``. Combinations that
    nobody tried have no row.

    Args:
        trials: as in ``Run.trials``.
        names: only pairs of these hyperparameters; None for all that vary.

    >>> analysis.interactions(trials, ["cell", "units"])["mean_accuracy"].max().round(2).item()
    0.88
    """
    usable = scored(trials, objective)
    chosen = varied(usable) if names is None else [name for name in names if name in varied(usable)]
    groups = {name: grouped(usable[CONFIG + name]) for name in chosen}
    tables = [_pair(usable[objective.column], groups, *pair) for pair in combinations(chosen, 2)]
    columns = ["first", "second", "first_value", "second_value", "trials", "mean"]
    table = pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)
    return table.rename(columns={"mean": f"mean_{objective.key}"})


def _pair(values: "pd.Series[float]", groups: dict[str, "pd.Series[Any]"], first: str, second: str) -> pd.DataFrame:
    keys = [groups[first].rename("first_value"), groups[second].rename("second_value")]
    table = values.groupby(keys, observed=True).agg(["size", "mean"]).reset_index()
    table = table.rename(columns={"size": "trials"}).assign(first=first, second=second)
    return table.astype({"first_value": str, "second_value": str})


FEWEST_TRIALS = 20
"""With fewer, a tenth is one trial, and its importances would be noise."""

_SPREAD_OF_LOGARITHMIC = 10.0


def importance(trials: pd.DataFrame, *, objective: Objective = ACCURACY) -> pd.DataFrame:
    """How much each hyperparameter that varies had to do with being among the best tenth; the shares of a target sum to 1.

    PED-ANOVA (Watanabe et al. 2023, arXiv 2304.10255, as in Optuna): the Pearson divergence between the values of the best
    tenth and those of all trials. It needs no model and no random numbers. Two targets: the objective's name, and "frontier",
    where the best are those of the lowest layer (where all sizes are known). Hyperparameters that only some trials have
    are left out. What early stopping cut short counts with what it had reached.

    Columns: ``hyperparameter``, ``target``, ``importance``. Empty with fewer than 20 scored trials.

    >>> analysis.importance(trials).nlargest(1, "importance")["hyperparameter"].item()
    'units'
    """
    usable = scored(trials, objective)
    names = [name for name in varied(usable) if usable[CONFIG + name].notna().all()]
    if len(usable) < FEWEST_TRIALS or not names:
        return pd.DataFrame(columns=["hyperparameter", "target", "importance"])
    losses = {objective.key: -scores(usable, objective)}
    if usable["parameters"].notna().all():
        losses["frontier"] = pareto_ranks(usable, objective=objective).astype(float)
    rows = [
        {"hyperparameter": name, "target": target, "importance": share}
        for target, loss in losses.items()
        for name, share in _shares(usable, names, loss).items()
    ]
    return pd.DataFrame(rows)


def _shares(usable: pd.DataFrame, names: list[str], loss: "pd.Series[float]") -> dict[str, float]:
    import optuna

    if loss.nunique() < 2:
        return dict.fromkeys(names, 0.0)
    distributions = {name: _distribution(usable[CONFIG + name]) for name in names}
    columns = {name: usable[CONFIG + name].tolist() for name in names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        verbosity = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            study = optuna.create_study(direction="minimize")
            study.add_trials(
                optuna.trial.create_trial(
                    params={name: columns[name][i] for name in names}, distributions=distributions, value=value
                )
                for i, value in enumerate(loss.tolist())
            )
            shares = optuna.importance.get_param_importances(
                study, evaluator=optuna.importance.PedAnovaImportanceEvaluator(target_quantile=0.1)
            )
        finally:
            optuna.logging.set_verbosity(verbosity)
    return {name: float(shares.get(name, 0.0)) for name in names}


def _distribution(values: "pd.Series[Any]") -> "BaseDistribution":
    """What the values look like they were drawn from: words, whole numbers or numbers, logarithmic where they spread wide."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        return CategoricalDistribution(sorted(values.unique().tolist()))
    low, high = values.min(), values.max()
    logarithmic = bool(low > 0 and high / low >= _SPREAD_OF_LOGARITHMIC)
    if pd.api.types.is_integer_dtype(values):
        return IntDistribution(int(low), int(high), log=logarithmic)
    return FloatDistribution(float(low), float(high), log=logarithmic)
