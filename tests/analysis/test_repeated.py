"""Several seeds a configuration: which trials are whose, and what is said of them together."""

import numpy as np
import pandas as pd
import pytest

from analysis import by_configuration
from search_spaces import named_space
from search_spaces.config import TrialConfig
from tuner.runs.events import SearchStarted, TrialProposed
from tuner.runs.search_state import SearchState
from tuner.search.searchers.random_search import RandomSearcher
from tuner.search.searchers.searcher import Repeated


def anything(config):
    return True


def test_repeats_have_the_configurations_of_the_searcher_one_after_the_other():
    searcher = RandomSearcher(named_space("frontier"), seed=0, fits=anything)
    repeated = Repeated(searcher, 3, TrialConfig.model_validate)
    assert [repeated.propose(index, ()) for index in range(9)] == [searcher.propose(index // 3) for index in range(9)]


def test_a_searcher_that_learns_is_asked_once_for_each_configuration():
    class Counting:
        asked = 0

        def propose(self, index, trials):
            self.asked += 1
            return TrialConfig(units=index + 10 * len(trials) + 1)

    searcher, search_state = Counting(), SearchState([SearchStarted(time=0, trials=6)])
    repeated = Repeated(searcher, 3, TrialConfig.model_validate)
    for index in range(6):
        config = repeated.propose(index, search_state.trials.values()).model_dump()
        search_state.apply(
            TrialProposed(
                time=1, trial=str(index), index=index, config=config, parameters=1, embedding_parameters=1
            )
        )  # fmt: skip
    assert [record.config["units"] for record in search_state.trials.values()] == [1, 1, 1, 32, 32, 32]
    assert searcher.asked == 2


def test_configurations_are_ranked_by_their_mean_with_its_spread():
    trials = pd.DataFrame(
        {
            "trial_id": ["00000", "00001", "00002", "00003", "00004"],
            "val_accuracy": [0.70, 0.90, 0.85, np.nan, 0.83],
            "parameters": [10, 10, 20, 20, 20],
            "config/units": pd.array([4, 4, pd.NA, pd.NA, pd.NA], dtype="Int64"),
            "config/cell": ["gru", "gru", "none", "none", "none"],
        }
    )
    grouped = by_configuration(trials)
    assert grouped["trials"].tolist() == ["00002,00004", "00000,00001"]
    assert grouped["val_accuracy"].tolist() == pytest.approx([0.84, 0.80])
    assert grouped["spread"].tolist() == pytest.approx([0.02 / np.sqrt(2), 0.2 / np.sqrt(2)])
    assert grouped[["seeds", "lowest", "highest", "parameters"]].to_numpy().tolist() == [
        [2, 0.83, 0.85, 20], [2, 0.70, 0.90, 10],
    ]  # fmt: skip
