"""The parameter counts that a report prints, against our closed form under the report's conventions."""

from collections.abc import Mapping

import pandas as pd

from analysis.published.tables import PublishedTable
from search_spaces.config import TrialConfig
from search_spaces.experiment import Experiment
from search_spaces.space import Space
from tuner.models.counting import TORCH, Convention, count_parameters
from tuner.models.network_spec import network_of

_CONVENTIONS: Mapping[str, Convention] = {"torch": TORCH, "keras": Convention(outputs_of_two_classes=2)}
_TWO_CLASSES = 2


def explained_counts(space: Space, experiment: Experiment, table: PublishedTable) -> list[bool]:
    """For every printed count, whether it is exactly that of our network as the report's framework counts it.

    The network has the vocabulary that the space names, whatever the data have, and two outputs, as every network whose
    count is printed.

    Args:
        space: of the experiment, finite.
        experiment: says whose bias vectors are counted.
        table: whose rows are looked at; those without a count, or without a point in the space, are left out.
    """
    if "parameters" not in table.rows:
        return []
    convention = _CONVENTIONS[experiment.framework]
    points = [config for config in space.grid() if isinstance(config, TrialConfig)]
    found = []
    for _, row in table.rows[table.rows["parameters"].notna()].iterrows():
        wanted = {name: row[name] for name in table.hyperparameters if pd.notna(row[name])}
        point = next((point for point in points if all(getattr(point, name) == wanted[name] for name in wanted)), None)
        if point is not None:
            found.append(_count(point, convention) == row["parameters"])
    return found


def _count(config: TrialConfig, convention: Convention) -> int:
    network = network_of(config, vocabulary_size=config.vocabulary, classes=_TWO_CLASSES)
    return count_parameters(network, convention).total
