"""What is confirmed: chosen trials, and the baseline that they have to beat."""

from collections.abc import Sequence
from dataclasses import dataclass

from search_spaces.config import TrialConfig
from search_spaces.own_config import Config, OwnConfig
from tuner.models.averaging import AVERAGED_EMBEDDINGS, AVERAGING_CONFIG
from tuner.runs.ledger import Ledger
from tuner.search.plan import Plan

# No search has so many trials: the baseline's seeds are nobody else's.
_BASELINE_INDEX = 2**32 - 1


@dataclass(frozen=True)
class Candidate:
    """A model to train again.

    Attributes:
        model: the trial's id, or the baseline's name.
        index: the trial's index, of which its seeds are made.
    """

    model: str
    index: int
    config: Config
    parameters: int

    @property
    def is_baseline(self) -> bool:
        """Whether it is averaged embeddings and no trial."""
        return self.model == AVERAGED_EMBEDDINGS


def candidates_of(plan: Plan, ledger: Ledger, trials: Sequence[str]) -> list[Candidate]:
    """The trials in the order given, each with its recorded configuration, and behind them the baseline."""
    records = [ledger.trials[trial] for trial in trials]
    of_record = TrialConfig.model_validate if plan.own is None else OwnConfig.of
    parameters = plan.count(AVERAGING_CONFIG).total
    return [
        *(Candidate(record.trial, record.index, of_record(record.config), record.size) for record in records),
        Candidate(AVERAGED_EMBEDDINGS, _BASELINE_INDEX, AVERAGING_CONFIG, parameters),
    ]


def repeat_seed(search_seed: int, index: int, repeat: int) -> tuple[int, int, int]:
    """The seed of a repeat, from 1. Trials of the search have (search seed, index).

    NumPy takes a seed sequence that ends in zeros for the one without them, so a repeat 0 would be the search's own trial.
    """
    if repeat < 1:
        raise ValueError(f"repeats count from 1; received {repeat}")
    return search_seed, index, repeat
