"""What keeps a run's figures from being compared with the printed ones, row by row."""

from analysis.loading import Run
from analysis.published.tables import PublishedTable
from search_spaces.domains import Choice
from search_spaces.experiment import Experiment


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
            "The report's accuracies are of the test part, ours of the validation part: the test part is seen once, by "
            "`tuner confirm`."
        )
    return [*found, *experiment.differences]
