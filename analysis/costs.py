"""What accuracy costs in parameters, step by step along the frontier."""

import pandas as pd

from analysis.columns import non_embedding_parameters, require
from analysis.fronts import frontier


def accuracy_costs(trials: pd.DataFrame) -> pd.DataFrame:
    """The frontier from the smallest trial up, and what each step costs.

    Columns: ``trial_id``, ``val_accuracy``, ``parameters``, ``non_embedding_parameters``, ``seconds``, then against the
    trial before: ``points_gained`` (accuracy in percentage points), ``parameters_added``, ``parameters_per_point``
    (``parameters_added / points_gained``) and ``times_larger``; missing in the first row. Of twins the first is taken.
    """
    require(trials, "seconds")
    front = frontier(trials).drop_duplicates("parameters").reset_index(drop=True)
    steps = front[["trial_id", "val_accuracy", "parameters"]].copy()
    steps["non_embedding_parameters"] = non_embedding_parameters(front)
    steps["seconds"] = front["seconds"]
    steps["points_gained"] = 100 * steps["val_accuracy"].diff()
    steps["parameters_added"] = steps["parameters"].diff()
    steps["parameters_per_point"] = steps["parameters_added"] / steps["points_gained"]
    steps["times_larger"] = steps["parameters"] / steps["parameters"].shift()
    return steps
