"""What the report says of a confirmation: its tables and texts."""

from dataclasses import dataclass

from analysis.columns import config_of, records
from analysis.confirmation import Confirmation, confirmation
from analysis.descriptions import baseline_text, network_text, percent
from analysis.ensembles import ENSEMBLE
from analysis.loading import Run
from analysis.predictions import BINS, calibration_error, overconfidence, predictions, recalls
from analysis.recommendation import Recommendation
from analysis.report.tables import Cell, Row, Table, number_cell, value_cell
from tuner.formatting import counted
from tuner.metrics import ACCURACY

_DASH = "–"


@dataclass(frozen=True, eq=False)
class Confirmed:
    """A confirmation as the report shows it.

    Attributes:
        found: the results.
        shown: the model whose calibration and confusion are shown: the trial to take where it was confirmed, else the most
            accurate of those that were.
        models, comparisons, labels: tables; the last one by label, for ``shown``.
        calibration: how well its probabilities are calibrated, in words.
        seen: by how many models the test set has been seen, in words.
    """

    found: Confirmation
    shown: str
    models: Table
    comparisons: Table
    labels: Table
    calibration: str
    seen: str

    @property
    def has_ensemble(self) -> bool:
        """Whether the ensemble is among the models."""
        return ENSEMBLE in set(self.found.models["model"])


def confirmed(run: Run, recommendation: Recommendation | None) -> Confirmed | None:
    """What there is to show; None before a confirmation."""
    found = confirmation(run)
    if found is None or recommendation is None:
        return None
    models = [model for model in found.models["model"] if model != ENSEMBLE]
    shown = str(recommendation.chosen["trial_id"])
    shown = shown if shown in models else models[0]
    return Confirmed(
        found=found,
        shown=shown,
        models=_models(run, found),
        comparisons=_comparisons(found),
        labels=_labels(run, shown),
        calibration=_calibration_text(run, shown),
        seen=f"The {counted(found.texts, 'test text')} have been seen by {counted(len(models), 'model')}.",
    )


def _models(run: Run, found: Confirmation) -> Table:
    objective = run.objective
    title = "validation" if objective == ACCURACY else f"validation {objective.metric.title}"
    pursued = found.objective
    columns = ["model", f"test {pursued.metric.title}", "from", "to", "± between repeats", title,
               *(f"test {other.metric.title}" for other in found.others), "parameters", "repeats", "", "network"]  # fmt: skip
    trials = {row["trial_id"]: row for _, row in run.models.iterrows()}
    rows = []
    for model in records(found.models):
        name = model["model"]
        network = network_text(config_of(trials[name])) if name in trials else baseline_text(name)
        broken = f" of {model['repeats'] + model['failed']}" if model["failed"] else ""
        cells = [
            Cell(name, name),
            *(value_cell(model[column], pursued) for column in (pursued.test_column, "low", "high")),
            number_cell(None if model["spread"] is None else 100 * model["spread"], ".2f"),
            value_cell(model[objective.column], objective),
            *(value_cell(model[other.test_column], other) for other in found.others),
            number_cell(model["parameters"]),
            Cell(f"{model['repeats']}{broken}", model["repeats"]),
            Cell("tied" if model["tied"] else "", "tied" if model["tied"] else ""),
            Cell(network, network),
        ]
        rows.append(Row(name, cells))
    return Table(columns, [False, *[True] * (len(columns) - 3), False, False], rows)


def _comparisons(found: Confirmation) -> Table:
    rows = [
        Row(
            "",
            [
                Cell(pair["better"], pair["better"]),
                Cell(pair["other"], pair["other"]),
                *(number_cell(pair[column], "+.2f") for column in ("difference", "low", "high")),
                Cell("tied" if pair["tied"] else "better", str(pair["tied"])),
            ],
        )
        for pair in records(found.comparisons)
    ]
    return Table(["model", "against", "points", "from", "to", ""], [False, False, True, True, True, False], rows)


def _labels(run: Run, model: str) -> Table:
    rows = [
        Row(
            "",
            [
                Cell(label["label"], label["label"]),
                number_cell(label["texts"]),
                value_cell(label["recall"], ACCURACY),
                value_cell(label["precision"], ACCURACY),
                Cell(label["mostly_taken_for"] or _DASH, label["mostly_taken_for"] or ""),
            ],
        )
        for label in records(recalls(predictions(run, model)))
    ]
    columns = ["label", "texts", "recall", "precision", "mostly taken for"]
    return Table(columns, [False, True, True, True, False], rows)


def _calibration_text(run: Run, model: str) -> str:
    predicted = predictions(run, model)
    excess = overconfidence(predicted)
    direction = "surer than it is right" if excess > 0 else "less sure than it is right"
    return (
        f"Expected calibration error {percent(calibration_error(predicted))}, over {BINS} bins of equal width; on average the "
        f"model is {abs(100 * excess):.1f} points {direction}."
    )
