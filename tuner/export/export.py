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
from tuner.costs import record_measured
from tuner.data.encoder import Encoder
from tuner.errors import InputError
from tuner.export.card import model_card
from tuner.export.folder import DESCRIPTION, check_target, folder_bytes, write_folder, write_json
from tuner.export.measuring import Texts, measured
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


Format = Literal["saved_model", "keras", "tflite", "onnx"]
PREDICTING: tuple[Format, ...] = ("saved_model", "onnx")
"""The formats that ``tuner.export.predictor`` answers with."""

_NEEDED: dict[Format, tuple[tuple[str, ...], str, str]] = {
    "tflite": (("ai_edge_litert",), "ai-edge-litert", "LiteRT's interpreter measures the quantised files"),
    "onnx": (
        ("onnx", "onnxruntime", "tf2onnx"),
        "onnx onnxruntime tf2onnx",
        "packages of the format write and check it",
    ),
}
"""Of formats that need more than the installation brings: modules, what pip calls them, and what for."""

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


def export_run(
    run: str, runs_dir: Path, *, trial: str, out: Path | None, kind: Format, force: bool, measure: bool = False
) -> Exported:
    """Exports what the user asked for. The folder is there whole when this returns, and not at all where it raises.

    Args:
        run: name or folder.
        runs_dir: where runs are looked for by name.
        trial: "best", "knee", "frontier", "ensemble" or an id.
        out: the folder to write; by default ``exports/RUN-TRIAL``, with the format behind it where it is no SavedModel.
        force: replace the folder where it is an export already.
        measure: measure bytes and speed as well, which takes some 20 seconds a file.

    Raises:
        InputError: for everything that cannot be exported or written.
    """
    loaded, encoder = open_run(run, runs_dir)
    trials = chosen_trials(loaded, trial)
    suffix = "" if kind == "saved_model" else f"-{kind}"
    name = FRONTIER if trial == FRONTIER else trials[0]
    target = out or Path("exports") / f"{loaded.folder.path.resolve().name}-{name}{suffix}"
    check_target(target, force=force)
    _check_format(kind, loaded, trials[0])
    if measure and kind == "keras":
        raise InputError(
            "is for what answers without Keras; leave it out, or export saved_model, tflite or onnx", option="measure"
        )
    models = [read_model(loaded, encoder, one) for one in trials]
    quiet_tensorflow(threads=1)
    descriptions: list[dict[str, Any]] = []
    texts = Texts(models[0]) if measure else None

    def fill(folder: Path) -> None:
        if trial != FRONTIER:
            descriptions.append(_write_model(models[0], kind, folder, texts))
            return
        for model in models:
            (folder / model.trial).mkdir()
            descriptions.append(_write_model(model, kind, folder / model.trial, texts))
        _write_index(loaded, encoder, descriptions, folder)

    write_folder(target, fill, force=force)
    if measure:
        record_measured(loaded.folder, {one["trial"]: one["measured"] for one in descriptions})
    return Exported(target, tuple(descriptions), folder_bytes(target), loaded.objective)


def _check_format(kind: Format, run: Run, trial: str) -> None:
    """Refuses a format that these models have not, or whose packages are not installed.

    Raises:
        InputError: one line with the remedy.
    """
    if kind != "saved_model" and trial == ENSEMBLE:
        raise InputError(
            "is for one network, and an ensemble is several; export a saved_model", option="kind", value=kind
        )
    if kind in ("keras", "tflite") and trial in RIVALS:
        raise InputError(
            f"is for networks, and {trial} is a linear model of n-grams; export a saved_model or onnx",
            option="kind",
            value=kind,
        )
    modules, packages, purpose = _NEEDED.get(kind, ((), "", ""))
    if any(find_spec(module) is None for module in modules):
        raise InputError(f"{purpose}; install: pip install {packages}", option="kind", value=kind)


def _write_model(model: TrainedModel, kind: Format, folder: Path, texts: Texts | None) -> dict[str, Any]:
    """Writes one model with its card and labels; returns the content of ``export.json``."""
    lite: list[dict[str, Any]] = []
    onnx: dict[str, Any] | None = None
    # TensorFlow is imported by what writes models, so these come only when it is wanted.
    if kind == "tflite" and isinstance(model, TrainedNetwork | TrainedCustomModel):
        from tuner.export.lite import write_lite

        lite = write_lite(model, folder)
    elif kind == "onnx" and not isinstance(model, TrainedEnsemble):
        from tuner.export.onnx_file import write_onnx

        onnx = write_onnx(model, folder)
    elif kind == "keras" and isinstance(model, TrainedNetwork | TrainedCustomModel):
        with quiet_stderr():
            _write_keras_file(model, folder / "model.keras")
    else:
        with quiet_stderr():
            from tuner.export.saved_model import write_saved_model

            write_saved_model(model, folder)
    costs: list[dict[str, Any]] = []
    if texts is not None:
        costs = measured(model, kind, folder, texts)
    if kind == "saved_model":  # what turns a text into ids is in its graph
        model.encoder.save_labels(folder)
    else:
        model.encoder.save(folder)
    versions = {"python": platform.python_version(), "frontier-tuner": __version__}
    versions |= {name: version(name) for name in _VERSIONED}
    versions |= {name: version(name) for name in _NEEDED["onnx"][0] if onnx is not None}
    card = model_card(model, kind, versions=versions, lite=lite, onnx=onnx, measured=costs)
    (folder / "README.md").write_text(card, encoding="utf-8")
    objective = model.settings.pursued
    description = {
        "run": model.run,
        "trial": model.trial,
        "format": kind,
        **{name: model.metrics[name] for name in (objective.column, objective.test_column)},
        "parameters": model.metrics["parameters"],
        "max_length": model.encoder.max_length,
        **vars(model.encoder.tokenizer),  # a SavedModel has them in its graph, where nobody can read them
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
        **({"measured": costs} if costs else {}),
        **({} if onnx is None else {"onnx": onnx}),
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
