"""What the report says in words: figures, statuses, failures, how to repeat the search."""

import shlex
from collections import defaultdict
from dataclasses import dataclass

import pandas as pd
import yaml

from analysis.costs import PARAMETERS, Cost
from analysis.curves import WallTime
from analysis.descriptions import percent, value_text
from analysis.frontier import frontier, hypervolume
from analysis.loading import Results, Run
from analysis.recommendation import Recommendation
from analysis.scaling import ScalingFit
from search_spaces.experiment import named_experiment
from search_spaces.named import named_spaces
from tuner.formatting import counted, duration_text, epochs_text
from tuner.metrics import ACCURACY, Objective

_IDS_SHOWN = 6
# What `search` does to data: their own split, and these shares where they have none (tuner.data.pipeline).
_ORDINARY_PARTS = (True, 0.2, 0.125)


@dataclass(frozen=True)
class Fact:
    """A figure with what it is."""

    figure: str
    meaning: str


def meta_line(run: Results) -> str:
    """What was searched, in a line."""
    count = counted(len(run.trials), "trial")
    if not isinstance(run, Run):
        return f"read from a folder of {run.tool} · {count}"
    asked = run.settings
    epochs = counted(asked.epochs, "epoch")
    folds = "" if asked.folds is None else f" on {asked.folds.count} folds"
    return f"{asked.data.source} · {count}{folds} of at most {epochs} · seed {asked.seed} · {asked.created[:10]}"


def key_facts(run: Results, recommendation: Recommendation) -> list[Fact]:
    """The figures below the recommendation."""
    count = counted(len(run.trials), "trial")
    objective, cost = run.objective, recommendation.cost
    column = cost.column
    reached = Fact(
        value_text(recommendation.chosen[objective.column], objective),
        f"validation {objective.metric.title} of trial {recommendation.chosen['trial_id']}",
    )
    if pd.isna(recommendation.chosen[column]):
        return [
            reached,
            Fact(epochs_text(recommendation.chosen["best_epoch"]), f"epoch where it was reached, of {count}"),
        ]
    if recommendation.chosen["trial_id"] == recommendation.best["trial_id"]:
        third = Fact(f"{len(frontier(run.candidates, objective=objective, cost=column)):,}", "trials on the frontier")
    else:
        than = f"than the {objective.metric.best}, {recommendation.best['trial_id']}"
        less = "smaller" if cost == PARAMETERS else f"smaller in {cost.noun}"
        third = Fact(f"{recommendation.times_smaller:,.1f}×", f"{less} {than}")
    return [
        reached,
        Fact(
            cost.text(recommendation.chosen[column]),
            "parameters, word vectors included" if cost == PARAMETERS else cost.unit,
        ),
        third,
        Fact(
            f"{hypervolume(run.candidates, objective=objective, cost=column):.3f}",
            f"hypervolume of the frontier, {count}",
        ),
    ]


def reference_text(objective: Objective, cost: Cost) -> str:
    """What the hypervolume is measured from."""
    title = objective.metric.title
    return (
        f"Hypervolume: {title} times decades of {cost.noun} that the frontier dominates, "
        f"from {title} {'of the worst trial' if objective.worthless is None else f'{objective.worthless:g}'} and "
        f"{cost.amount(cost.worst)}."
    )


def statuses(trials: pd.DataFrame) -> list[Fact]:
    """How many trials ended in which way."""
    return [Fact(f"{count:,}", str(status)) for status, count in trials["status"].value_counts().items()]


def failures(trials: pd.DataFrame) -> list[Fact]:
    """First lines of errors with the trials that had them, the most frequent first."""
    by_error: dict[str, list[str]] = defaultdict(list)
    wrong = trials[trials["error"].notna()]
    for trial, error in zip(wrong["trial_id"].tolist(), wrong["error"].tolist(), strict=True):
        by_error[next(iter(error.strip().splitlines()), "no message")].append(trial)
    ordered = sorted(by_error.items(), key=lambda item: -len(item[1]))
    return [Fact(f"{len(ids):,}", f"{error} (trials {_some(ids)})") for error, ids in ordered]


def _some(ids: list[str]) -> str:
    more = f" and {len(ids) - _IDS_SHOWN:,} more" if len(ids) > _IDS_SHOWN else ""
    return ", ".join(ids[:_IDS_SHOWN]) + more


def scaling_text(fit: ScalingFit | None) -> str:
    """The fitted law and its ceiling, or why there is none."""
    if fit is None:
        return (
            "The frontier has fewer than five sizes, or does not bend as a saturating power law does: "
            "what larger networks would reach cannot be forecast from it."
        )
    ceiling, low, high = (value_text(value, fit.objective) for value in (fit.ceiling, *fit.ceiling_interval))
    sign = "−" if fit.objective.mode == "max" else "+"
    return (
        f"{fit.objective.metric.title} = {fit.ceiling:.3f} {sign} {fit.scale:.3g} · parameters^−{fit.exponent:.2f}, fitted to "
        f"the frontier. Ever larger networks would come to {ceiling} (90 % bootstrap interval {low} to {high}). "
        "A frontier is made of the luckiest trials, so this is optimistic."
    )


def time_text(time: pd.DataFrame, wall: WallTime) -> str:
    """How long it took, which shares of that went where, and what early stopping saved."""
    taken = f"The search took {duration_text(wall.seconds)}"
    if wall.expected is not None:
        low, middle, high = map(duration_text, wall.expected)
        taken += f"; forecast was {middle} ({low} to {high})"
    share = dict(zip(time["what"], time["share"], strict=True))
    text = (
        f"{taken}. Of the workers' time {percent(share['training'], 0)} went into training, {percent(share['tracing'], 0)} "
        f"into making graphs, {percent(share['compiling'], 0)} into compiling them and {percent(share['waiting'], 0)} into "
        "waiting: for workers to start, or for a trial."
    )
    saved = share["saved by early stopping"]
    return (
        f"{text} Early stopping saved about {percent(saved, 0)} of what the search would have taken." if saved else text
    )


@dataclass(frozen=True)
class Repetition:
    """How to repeat a search: command, settings and versions, and the space, a file unless it is of a custom model."""

    command: str
    settings: list[Fact]
    space: str
    space_is_file: bool


def repetition(run: Run) -> Repetition:
    """How to repeat this one."""
    return Repetition(repeat_command(run), settings_rows(run), space_yaml(run), run.settings.hypermodel is None)


def repeat_command(run: Run) -> str:
    """The command that asks for the same search, with the space in a file; of an experiment, the one that runs it."""
    asked, data, early = run.settings, run.settings.data, run.settings.scheduler
    parts = (data.given_split, data.test_share, data.validation_share)
    name = asked.space["name"]
    if parts != _ORDINARY_PARTS or (data.fraction < 1 and name in named_spaces() and named_experiment(name)):
        same = {
            "epochs": asked.epochs,
            "trials": asked.trials,
            "scheduler": early.name,
            "data_dir": _data_dir(run),
            "vectors": _vectors(run),
            "seed": asked.seed,
            "runs_dir": run.folder.elsewhere,
        }
        return _command(f"reproduce {name}", {"fraction": data.fraction, **same})
    own = asked.hypermodel
    options: dict[str, object]
    options = {"space": "space.yaml"} if own is None else {"hypermodel": own.name, "set": own.changes}
    if data.source != "corpus":
        columns = {name: getattr(data, name) for name in ("text_column", "label_column", "split_column")}
        apart = {"validation_data": data.validation_data, "test_data": data.test_data}
        options = {
            "data": data.source,
            **apart,
            "fraction": data.fraction if data.fraction < 1 else None,
            "data_dir": _data_dir(run),
            **columns,
            **options,
        }
    options |= {
        "trials": asked.configurations, "seeds_per_config": asked.repeats if asked.repeats > 1 else None,
        "folds": None if asked.folds is None else asked.folds.count,
        "epochs": asked.epochs, "searcher": asked.searcher,
        "reports_per_epoch": asked.reports_per_epoch if asked.reports_per_epoch > 1 else None,
        "objective": asked.objective if asked.searcher == "optuna" else None, "warm_start": asked.warm_start,
        "metric": None if asked.metric == ACCURACY.name else asked.metric,
        "metric_mode": "min" if asked.metric_mode == "min" else None,
        "scheduler": early.name, "grace_period": early.grace_period, "reduction_factor": early.reduction_factor,
        "rungs": ",".join(map(str, early.rungs)) if early.rungs and early.grace_period is None else None,
        "perturbation_interval": early.perturbation_interval, "patience": asked.patience, "seed": asked.seed,
        "max_params": asked.max_params, "time_budget": asked.time_budget,
        "stop_when_stable": asked.stop_when_stable or None, "vectors": _vectors(run),
        "no_rivals": None if asked.rivals else True, "epoch_timeout": asked.epoch_timeout, "max_length": data.max_length,
        "truncate": data.truncate if data.truncate != "head" else None,
        "min_freq": data.min_freq, "max_tokens": data.max_tokens,
        "promotion": early.promotion or None, "stop_words": data.stop_words or None,
        "fold_labels": data.fold_labels or None, "drop_rare": data.drop_rare or None,
        "min_class_count": data.min_class_count if data.min_class_count > 1 else None, "runs_dir": run.folder.elsewhere,
    }  # fmt: skip
    return _command("search", options)


def _command(name: str, options: dict[str, object]) -> str:
    """A command with the options that have a value: True is a flag, and a tuple gives the option several times."""
    words = [f"python -m tuner {name}"]
    for option, value in options.items():
        for one in value if isinstance(value, tuple) else (value,):
            if one is not None:
                words += [f"--{option.replace('_', '-')}", *([] if one is True else [shlex.quote(str(one))])]
    return " ".join(words)


def _data_dir(run: Run) -> str | None:
    """Where a named data set lies, whose source is a bare word; other data are named by their whole path or URL."""
    source = run.settings.data.source
    return run.settings.data.data_dir if source != "corpus" and source.isidentifier() else None


def _vectors(run: Run) -> str | None:
    return None if run.settings.vectors is None else run.settings.vectors.source


def settings_rows(run: Run) -> list[Fact]:
    """What the search was a function of, as pairs."""
    asked, data = run.settings, run.settings.data
    resources = asked.resources
    places = (place for place in (data.source, data.validation_data, data.test_data) if place is not None)
    return [
        Fact("data", f"{', '.join(places)} ({', '.join(data.label_names[:12])})"),
        Fact("columns", f"texts from {', '.join(data.text_column)}, labels from {data.label_column}"),
        Fact("texts", f"{data.train:,} train, {data.validation:,} validation, {data.test:,} test ({_seen(run)})"),
        *([] if asked.folds is None else [Fact("folds", f"{asked.folds.count}, of the training and validation texts")]),
        Fact("fingerprint", data.fingerprint),
        Fact(
            "vocabulary", f"{data.vocabulary_size:,} entries, at most {data.max_length} tokens a text ({data.truncate})"
        ),
        Fact(
            "workers",
            f"{resources.concurrency}, each {resources.cpus_per_trial:g} CPU, {resources.gpus_per_trial:g} GPU",
        ),
        *(Fact(name, version) for name, version in asked.versions.items()),
    ]


def _seen(run: Run) -> str:
    models = run.repeats.loc[run.repeats[run.objective.test_column].notna(), "model"].nunique()
    return f"seen by {counted(models, 'model')}" if models else "not touched"


def space_yaml(run: Run) -> str:
    """The space as YAML."""
    return yaml.safe_dump(run.settings.space, sort_keys=False, allow_unicode=True, width=88, default_flow_style=None)


def references_text(references: pd.DataFrame, objective: Objective) -> str:
    """What the chart draws beside the trials, and with how much care to compare it; empty where there is nothing."""
    baselines = references[(references["kind"] == "baseline") & (references["split"] == "validation")]
    published = references[references["kind"] == "published"]
    rivals = references[references["kind"] == "rival"]
    averaged = references[references["kind"] == "ensemble"]
    parts = []
    if not rivals.empty:
        triples = zip(rivals["system"], rivals[objective.key], rivals["parameters"], strict=True)
        named = ", ".join(
            f"{name} {value_text(value, objective)} ({size:,} parameters)" for name, value, size in triples
        )
        parts.append(f"Triangles are linear models of n-grams, trained on the same texts: {named}.")
    if not averaged.empty:
        value = value_text(averaged[objective.key].iloc[0], objective)
        parts.append(f"The cross is the ensemble, by its cross-fitted value, {value}.")
    if not baselines.empty:
        pairs = zip(baselines["system"], baselines[objective.key], strict=True)
        named = ", ".join(f"{name} {value_text(value, objective)}" for name, value in pairs)
        parts.append(f"In green, baselines: {named}.")
    if not published.empty:
        best = published.iloc[0]
        if published["parameters"].notna().any():
            parts.append(
                "Purple diamonds are published results on a data set of this name, where their sizes are known and they are "
                "not below all trials; point at one for its source."
            )
        parts.append(
            f"The most accurate in print on a data set of this name is {best['system']} with {percent(best['accuracy'])} on "
            f"the {best['split']} part ({best['source']}). Splits, texts and vocabularies may differ from this run's, and test "
            "accuracies are no validation accuracies: read them as a scale, not as a contest."
        )
    return " ".join(parts)
