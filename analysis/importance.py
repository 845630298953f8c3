"""Which hyperparameters mattered, for accuracy and for being near the frontier."""

import warnings
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.columns import CONFIG, varied, with_accuracy
from analysis.fronts import layers

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

FEWEST_TRIALS = 20
"""With fewer, a tenth is one trial, and its importances would be noise."""

_SPREAD_OF_LOGARITHMIC = 10.0


def importance(trials: pd.DataFrame) -> pd.DataFrame:
    """How much each hyperparameter that varies had to do with being among the best tenth; the shares of a target sum to 1.

    PED-ANOVA (Watanabe et al. 2023, arXiv 2304.10255, as in Optuna): the Pearson divergence between the values of the best
    tenth and those of all trials. It needs no model and no random numbers. Two targets: "accuracy", and "frontier", where
    the best are those of the lowest frontier layer (where all sizes are known). Hyperparameters that only some trials have
    are left out. What early stopping cut short counts with what it had reached.

    Columns: ``hyperparameter``, ``target``, ``importance``. Empty with fewer than 20 trials that have an accuracy.
    """
    usable = with_accuracy(trials)
    names = [name for name in varied(usable) if usable[CONFIG + name].notna().all()]
    if len(usable) < FEWEST_TRIALS or not names:
        return pd.DataFrame(columns=["hyperparameter", "target", "importance"])
    losses = {"accuracy": -usable["val_accuracy"]}
    if usable["parameters"].notna().all():
        losses["frontier"] = layers(usable).astype(float)
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
