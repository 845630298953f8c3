"""Exports trials of a run: one model per folder, or the frontier as a folder of them with an index."""

import platform
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from analysis.ensembles import ENSEMBLE
from analysis.loading import Run
from tuner import __version__
from tuner.data.encoder import Encoder
from tuner.errors import InputError
from tuner.export.card import model_card
from tuner.export.folder import DESCRIPTION, check_target, folder_bytes, write_folder, write_json
from tuner.export.trained import (
    FRONTIER,
    TrainedCustomModel,
    TrainedModel,
    TrainedNetwork,
    chosen_trials,
    open_run,
    read_model,
)
from tuner.export.trained_ensemble import TrainedEnsemble
from tuner.metrics import Objective
from tuner.models.device import quiet_tensorflow
from tuner.quiet import quiet_stderr
from tuner.rivals.names import RIVALS


def frontier_index(run: str, descriptions: list[dict[str, Any]], objective: Objective) -> str:
    """A table of the models by ascending parameters, each with a link to its folder.

    Args:
        run: name of the run.
        descriptions: the content of every model's ``export.json``.
    """
    metric = objective.metric
    rows = [
        f"| [{one['trial']}]({one['trial']}/README.md) | {one['parameters']:,} | {one[objective.column]:.4f} | "
        f"{'' if (test := one[objective.test_column]) is None else format(test, '.4f')} | {_network(one['config'])} |"
        for one in descriptions
    ]
    head = [
        f"# Frontier of {run}",
        "",
        f"No trial of the search was at once as small and {metric.better}, or as {metric.good} and smaller, than one of these.",
        "",
        f"| trial | parameters | validation {metric.title} | test {metric.title} | network |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    return "\n".join([*head, *rows]) + "\n"


def _network(config: dict[str, Any]) -> str:
    if "cell" not in config:  # a custom model's
        return ", ".join(f"{name} {value}" for name, value in config.items())
    direction = "bi-" if config["bidirectional"] else ""
    return f"{direction}{config['cell']} {config['layers']}x{config['units']}, {config['pooling']} pooling"


Format = Literal["saved_model", "keras", "tflite"]
FORMATS: tuple[Format, ...] = ("saved_model", "keras", "tflite")

_VERSIONED = ("tensorflow", "keras", "numpy")


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        folder: where.
        models: the ``export.json`` of every model, in the order in which they were written.
        bytes: size of all files.
        objective: what the search pursued.
    """

    folder: Path
    models: tuple[dict[str, Any], ...]
    bytes: int
    objective: Objective


def export_run(run: str, runs_dir: Path, *, trial: str, out: Path | None, kind: Format, force: bool) -> Exported:
    """Exports what the user asked for. The folder is there whole when this returns, and not at all where it raises.

    Args:
        run: name or folder.
        runs_dir: where runs are looked for by name.
        trial: "best", "knee", "frontier", "ensemble" or an id.
        out: the folder to write; by default ``exports/RUN-TRIAL``, with the format behind it where it is no SavedModel.
        force: replace the folder where it is an export already.

    Raises:
        InputError: for everything that cannot be exported or written.
    """
    loaded, encoder = open_run(run, runs_dir)
    trials = chosen_trials(loaded, trial)
    suffix = "" if kind == "saved_model" else f"-{kind}"
    name = FRONTIER if trial == FRONTIER else trials[0]
    target = out or Path("exports") / f"{loaded.folder.path.resolve().name}-{name}{suffix}"
    check_target(target, force=force)
    if kind != "saved_model" and trials[0] == ENSEMBLE:
        raise InputError(
            "is for one network, and an ensemble is several; export a saved_model", option="kind", value=kind
        )
    if kind == "tflite" and loaded.settings.hypermodel is not None:
        raise InputError(
            f"is for the networks of this program, and {loaded.name} is of {loaded.settings.hypermodel.name}; "
            "export a saved_model or a keras file",
            option="kind",
            value=kind,
        )
    if kind == "tflite" and find_spec("ai_edge_litert") is None:
        raise InputError(
            "LiteRT's interpreter measures the quantised files; install it: pip install ai-edge-litert",
            option="kind",
            value=kind,
        )
    if kind != "saved_model" and trials[0] in RIVALS:
        raise InputError(
            f"is for networks, and {trials[0]} is a linear model of n-grams; export a saved_model",
            option="kind",
            value=kind,
        )
    models = [read_model(loaded, encoder, one) for one in trials]
    quiet_tensorflow(threads=1)
    descriptions: list[dict[str, Any]] = []

    def fill(folder: Path) -> None:
        if trial != FRONTIER:
            descriptions.append(_write_model(models[0], kind, folder))
            return
        for model in models:
            (folder / model.trial).mkdir()
            descriptions.append(_write_model(model, kind, folder / model.trial))
        _write_index(loaded, encoder, descriptions, folder)

    write_folder(target, fill, force=force)
    return Exported(target, tuple(descriptions), folder_bytes(target), loaded.objective)


def _write_model(model: TrainedModel, kind: Format, folder: Path) -> dict[str, Any]:
    """Writes one model with its card and labels; returns the content of ``export.json``."""
    lite: list[dict[str, Any]] = []
    # TensorFlow is imported by what writes models, so these come only when it is wanted.
    if kind == "tflite" and isinstance(model, TrainedNetwork):
        from tuner.export.lite import write_lite

        lite = write_lite(model, folder)
    elif kind == "keras" and isinstance(model, TrainedNetwork | TrainedCustomModel):
        with quiet_stderr():
            _write_keras_file(model, folder / "model.keras")
    else:
        with quiet_stderr():
            from tuner.export.saved_model import write_saved_model

            write_saved_model(model, folder)
    if kind == "saved_model":  # what turns a text into ids is in its graph
        model.encoder.save_labels(folder)
    else:
        model.encoder.save(folder)
    versions = {"python": platform.python_version(), "frontier-tuner": __version__}
    versions |= {name: version(name) for name in _VERSIONED}
    (folder / "README.md").write_text(model_card(model, kind, versions=versions, lite=lite), encoding="utf-8")
    objective = model.settings.pursued
    description = {
        "run": model.run,
        "trial": model.trial,
        "format": kind,
        **{name: model.metrics[name] for name in (objective.column, objective.test_column)},
        "parameters": model.metrics["parameters"],
        "max_length": model.encoder.max_length,
        "truncate": model.encoder.tokenizer.truncate,
        "text_columns": list(model.settings.data.text_column),
        "thresholds": None if model.thresholds is None else model.thresholds.document(),
        "config": model.config.model_dump(),
        "versions": versions,
        **(
            {"hypermodel": model.source.name, "is_changed": model.is_changed}
            if isinstance(model, TrainedCustomModel)
            else {}
        ),
        **({"ensemble": model.chosen.document()} if isinstance(model, TrainedEnsemble) else {}),
        **({"quantised": lite} if lite else {}),
    }
    write_json(folder / DESCRIPTION, description)
    return description


def _write_keras_file(model: TrainedNetwork | TrainedCustomModel, path: Path) -> None:
    if isinstance(model, TrainedNetwork):
        model.keras_model().save(path)
        return
    from tuner.export.custom_network import write_keras_file

    write_keras_file(model, path)


def _write_index(run: Run, encoder: Encoder, descriptions: list[dict[str, Any]], folder: Path) -> None:
    encoder.save_labels(folder)
    write_json(folder / DESCRIPTION, {"run": run.name, "trial": FRONTIER, "models": descriptions})
    (folder / "README.md").write_text(frontier_index(run.name, descriptions, run.objective), encoding="utf-8")
