"""What an analysis of trials needs of them, whoever ran them."""

from typing import Protocol

import pandas as pd

from tuner.metrics import Objective


class Results(Protocol):
    """Trials with a name: a run of ours, or a folder of another tool."""

    @property
    def name(self) -> str:
        """What the trials are called together."""
        ...

    @property
    def objective(self) -> Objective:
        """The metric that the trials are ranked by."""
        ...

    @property
    def trials(self) -> pd.DataFrame:
        """A row a trial: ``trial_id``, ``status``, ``config/<name>``..., ``parameters``, ``val_<metric>`` and more."""
        ...

    @property
    def epochs(self) -> pd.DataFrame:
        """A row a trial and epoch: ``trial_id``, ``epoch``, losses and metrics, ``seconds``."""
        ...
