"""Trials that differ in their seed alone, as one configuration: what is left of an accuracy when luck is averaged out."""

import pandas as pd

from analysis.columns import CONFIG, with_accuracy


def by_configuration(trials: pd.DataFrame) -> pd.DataFrame:
    """A row a configuration, the most accurate in the mean first.

    Columns: ``trials`` (ids, with commas), ``seeds`` (how many have an accuracy), ``val_accuracy`` (mean of the best epochs),
    ``spread`` (standard deviation, with n - 1; missing where there is one seed), ``lowest``, ``highest``, ``parameters``, and
    the hyperparameters. Trials that were stopped early count with what they reached.

    Args:
        trials: as in ``Run.trials``; rows without an accuracy are left out.
    """
    usable = with_accuracy(trials)
    names = [str(name) for name in usable.columns if str(name).startswith(CONFIG)]
    groups = [group for _, group in usable.groupby(names, dropna=False, sort=False)] if names else [usable]
    rows = [
        {
            "trials": ",".join(sorted(group["trial_id"])),
            "seeds": len(group),
            "val_accuracy": group["val_accuracy"].mean(),
            "spread": group["val_accuracy"].std(),
            "lowest": group["val_accuracy"].min(),
            "highest": group["val_accuracy"].max(),
            "parameters": group["parameters"].iloc[0],
            **group[names].iloc[0],
        }
        for group in groups
        if len(group)
    ]
    columns = ["trials", "seeds", "val_accuracy", "spread", "lowest", "highest", "parameters", *names]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["val_accuracy", "parameters"], ascending=[False, True], ignore_index=True)
