"""What the reports concluded, held against a run: it holds, it does not, or the run does not decide it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import yaml

from analysis.columns import CONFIG, varied
from analysis.loading import Run
from analysis.published.tables import having

Outcome = Literal["holds", "does not hold", "not decided", "not run"]

_ERRORS = 2.0
"""Standard errors by which two accuracies must differ for the difference to be called one."""


@dataclass(frozen=True)
class Verdict:
    """A report's conclusion, whether it holds in a run, and the figures that say so."""

    says: str
    outcome: Outcome
    figures: str


@cache
def _all_conclusions() -> Mapping[str, Sequence[Mapping[str, Any]]]:
    path = Path(__file__).parent / "conclusions.yaml"
    content: Mapping[str, Sequence[Mapping[str, Any]]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def verdicts(run: Run, experiment: str) -> list[Verdict]:
    """Every conclusion that the report drew from an experiment, held against a run of it.

    A difference counts where it exceeds two standard errors, of which one part is the number of validation texts and, where
    several pairs of trials are compared, the other the spread among the pairs. Every configuration was trained with one seed,
    the noise of which is not in it: a verdict is about these trials.
    """
    return [_verdict(run, conclusion) for conclusion in _all_conclusions().get(experiment, ())]


def _verdict(run: Run, conclusion: Mapping[str, Any]) -> Verdict:
    decide = {"order": _order, "best": _best, "stays": _stays, "reaches": _reaches}[conclusion["kind"]]
    trials = run.trials[run.trials["val_accuracy"].notna()]
    trials = having(trials, conclusion.get("where", {}))
    outcome, figures = decide(run, trials, conclusion) if len(trials) else ("not run", "no trial of this kind")
    return Verdict(conclusion["says"], outcome, figures)


def _error(accuracy: float, texts: int) -> float:
    return math.sqrt(max(accuracy * (1 - accuracy), 0.0) / texts)


def _order(run: Run, trials: pd.DataFrame, conclusion: Mapping[str, Any]) -> tuple[Outcome, str]:
    name, values = conclusion["by"], conclusion["best_first"]
    conditions = run.settings.resolved_space().conditions
    # What is active only under some of the compared values cannot be the same under all of them.
    bound = {child for child, condition in conditions.items() if name in condition.allowed}
    others = [CONFIG + other for other in varied(trials) if other != name and other not in bound]
    groups = [having(trials, {name: value}) for value in values]
    means = [group["val_accuracy"].mean() for group in groups]
    figures = ", ".join(
        f"{_text(value)} {mean:.4f}" for value, mean in zip(values, means, strict=True) if not math.isnan(mean)
    )
    outcomes: list[Outcome] = []
    for better, worse in pairwise(groups):
        outcomes.append(_higher(better, worse, others, run.settings.data.validation))
    if "not run" in outcomes:
        return "not run", figures or "no trials of these kinds"
    if "does not hold" in outcomes:
        return "does not hold", figures
    return ("holds" if set(outcomes) == {"holds"} else "not decided"), figures


def _higher(better: pd.DataFrame, worse: pd.DataFrame, others: list[str], texts: int) -> Outcome:
    """Whether the first trials are more accurate than the others that are alike but for one hyperparameter."""
    if others:
        keys = [frame.assign(**{name: frame[name].astype(str) for name in others}) for frame in (better, worse)]
        pairs = keys[0].merge(keys[1], on=others, suffixes=("", "_other"))
        first, second = pairs["val_accuracy"], pairs["val_accuracy_other"]
    else:
        first, second = better["val_accuracy"].reset_index(drop=True), worse["val_accuracy"].reset_index(drop=True)
    differences = (first - second).dropna().to_numpy(dtype=np.float64)
    if not len(differences):
        return "not run"
    sampling = math.hypot(_error(first.mean(), texts), _error(second.mean(), texts))
    spread = differences.std(ddof=1) / math.sqrt(len(differences)) if len(differences) > 1 else 0.0
    difference = differences.mean()
    if abs(difference) <= _ERRORS * max(sampling, spread):
        return "not decided"
    return "holds" if difference > 0 else "does not hold"


def _best(run: Run, trials: pd.DataFrame, conclusion: Mapping[str, Any]) -> tuple[Outcome, str]:
    top = trials.sort_values("val_accuracy", ascending=False).iloc[0]
    wanted = having(trials, conclusion["has"])
    best = ", ".join(f"{name} {_text(top[CONFIG + name])}" for name in conclusion["has"])
    if wanted.empty:
        return "not run", f"best {top['val_accuracy']:.4f} with {best}"
    own = wanted["val_accuracy"].max()
    figures = f"best {top['val_accuracy']:.4f} with {best}; the report's choice {own:.4f}"
    if own == top["val_accuracy"]:
        others = trials.drop(wanted.index)["val_accuracy"]
        margin = own - others.max() if len(others) else 0.0
        decided = margin > _ERRORS * math.sqrt(2) * _error(own, run.settings.data.validation)
        return ("holds" if decided else "not decided"), f"{figures}, the next {others.max():.4f}" if len(
            others
        ) else figures
    errors = math.hypot(*(_error(value, run.settings.data.validation) for value in (own, top["val_accuracy"])))
    return ("does not hold" if top["val_accuracy"] - own > _ERRORS * errors else "not decided"), figures


def _stays(run: Run, trials: pd.DataFrame, conclusion: Mapping[str, Any]) -> tuple[Outcome, str]:
    column = conclusion["column"]
    values = run.epochs[run.epochs["trial_id"].isin(trials["trial_id"])][column].dropna()
    figures = f"{column.replace('_', ' ')} {values.min():.4f} to {values.max():.4f}"
    within = ((values - conclusion["near"]).abs() <= conclusion["within"]).all()
    return ("holds" if within else "does not hold"), figures


def _reaches(run: Run, trials: pd.DataFrame, conclusion: Mapping[str, Any]) -> tuple[Outcome, str]:
    best = trials["val_accuracy"].max()
    bound = conclusion.get("at_least", conclusion.get("at_most"))
    margin = best - bound if "at_least" in conclusion else bound - best
    figures = f"best {best:.4f}"
    if abs(margin) <= _ERRORS * _error(best, run.settings.data.validation):
        return "not decided", figures
    return ("holds" if margin > 0 else "does not hold"), figures


def _text(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
