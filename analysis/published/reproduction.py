"""A run beside a published table, and what keeps its figures from being compared with the printed ones."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.loading import Run
from analysis.published.conclusions import Verdict, verdicts
from analysis.published.tables import PublishedTable, beside, published_tables
from search_spaces.domains import Choice
from search_spaces.experiment import Experiment
from tuner.runs.atomic import write_text_atomically


def differences(run: Run, experiment: Experiment, table: PublishedTable | None) -> list[str]:
    """Sentences on how this run is not what the report did: first this run, then any run of the experiment.

    Args:
        run: that was made.
        experiment: that it is of.
        table: that the report printed, None where it printed none.
    """
    data = run.settings.data
    found = []
    if data.fraction < 1:
        found.append(
            f"This run uses a share of {data.fraction:g} of the data ({data.train:,} texts to train on): its accuracies are "
            "no reproduction of the printed ones."
        )
    if run.settings.epochs < experiment.epochs:
        found.append(f"Trials have at most {run.settings.epochs} of the experiment's {experiment.epochs} epochs.")
    if run.settings.scheduler.name != "none":
        found.append(
            f"Weak trials were stopped early ({run.settings.scheduler.name}); the report trained each to its end."
        )
    asked = run.settings.resolved_space().parameters.get("vocabulary")
    if isinstance(asked, Choice) and max(map(int, asked.values)) > data.vocabulary_size:
        found.append(
            f"The training texts have {data.vocabulary_size:,} ids, the report's network {max(map(int, asked.values)):,}: the "
            "table of word vectors is smaller by so many rows."
        )
    if table is not None and table.split == "test":
        found.append(
            "The report's accuracies are of the test set, ours of the validation set: the test set is seen once, by "
            "`tuner confirm`."
        )
    return [*found, *experiment.differences]


_HEADINGS = {
    "system": "system",
    "epochs": "epochs",
    "published_val_accuracy": "published val",
    "published_test_accuracy": "published test",
    "val_accuracy": "val acc",
    "test_accuracy": "test acc",
    "published_parameters": "published parameters",
    "parameters": "parameters",
    "published_seconds": "published seconds",
    "seconds": "seconds",
}


@dataclass(frozen=True)
class Reproduction:
    """An experiment's table and conclusions, beside a run.

    Attributes:
        experiment: name of the space.
        table: the printed table, None where the report prints none.
        rows: as ``beside`` gives them; no row without a printed table.
        verdicts: the report's conclusions.
        differences: sentences on what is not comparable.
        scope: on how much of the data the verdicts are.
    """

    experiment: str
    table: PublishedTable | None
    rows: pd.DataFrame
    verdicts: list[Verdict]
    differences: list[str]
    scope: str

    def shown(self) -> pd.DataFrame:
        """The rows as text, with headings, without the columns of which neither side has anything."""
        known = [name for name in _HEADINGS if name in self.rows and self.rows[name].notna().any()]
        return pd.DataFrame({_HEADINGS[name]: [_text(name, value) for value in self.rows[name]] for name in known})


def reproduction(run: Run, name: str, experiment: Experiment) -> Reproduction:
    """Sets a run beside the experiment of that name."""
    table = published_tables().get(name)
    rows = pd.DataFrame() if table is None else beside(run, table)
    share = run.settings.data.fraction
    scope = "on all of the data" if share == 1 else f"on a share of {share:g} of the data"
    return Reproduction(name, table, rows, verdicts(run, name), differences(run, experiment, table), scope)


def save_reproduction(run: Run, result: Reproduction) -> list[str]:
    """Writes ``reproduction.md``, and ``reproduction.csv`` where there are rows, into the run's folder; returns the names."""
    files = {"reproduction.md": _markdown(run, result)}
    if not result.rows.empty:
        files["reproduction.csv"] = result.rows.to_csv(index=False)
    for name, text in files.items():
        write_text_atomically(run.folder.path / name, text)
        run.folder.publish(run.folder.path / name)
    return list(files)


def _markdown(run: Run, result: Reproduction) -> str:
    title = result.table.title if result.table else "the report prints no table"
    lines = [f"# {result.experiment}: {title}", "", f"Run {run.label}.", ""]
    if not result.rows.empty:
        shown = result.shown()
        lines += [_line(shown.columns), _line("---" if name == "system" else "---:" for name in shown.columns)]
        lines += [*(_line(row) for row in shown.itertuples(index=False)), ""]
    if result.verdicts:
        lines += [f"## What the report concluded, {result.scope}", ""]
        lines += [f"- {verdict.says}: **{verdict.outcome}** ({verdict.figures})" for verdict in result.verdicts]
        lines.append("")
    lines += ["## What is not comparable", "", *(f"- {sentence}" for sentence in result.differences)]
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[Any]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _text(name: str, value: Any) -> str:
    if pd.isna(value):
        return ""
    if name.endswith("accuracy"):
        return f"{value:.4f}"
    if name.endswith("seconds"):
        return f"{value:,.0f}"
    return f"{value:,}" if name.endswith("parameters") else str(value)
