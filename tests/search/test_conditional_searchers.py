"""Every searcher keeps a space's conditions, and learns from trials in which a parameter was not active."""

import pytest

from search_spaces import Choice, Condition, LogUniform, Space
from support.made_up_trials import record_of
from tuner.search.plan import Plan
from tuner.search.searchers.frontier_search import FrontierSearcher
from tuner.search.searchers.grid_search import GridSearcher
from tuner.search.searchers.optuna_search import OptunaSearcher
from tuner.search.searchers.random_search import RandomSearcher

SPACE = Space(
    "conditional",
    {
        "optimizer": Choice(("adam", "sgd")),
        "momentum": Choice((0.5, 0.9)),
        "cell": Choice(("gru", "elman")),
        "activation": Choice(("tanh", "sigmoid")),
        "dropout": Choice((0.1, 0.3)),
    },
    conditions={
        "momentum": Condition({"optimizer": ("sgd",)}),
        "activation": Condition({"cell": ("elman",)}),
        "dropout": Condition({"activation": ("sigmoid",)}),
    },
)
GRID = set(SPACE.grid())


def learn(searcher, trials):
    records = []
    for index in range(trials):
        config = searcher.propose(index, records)
        assert config in GRID
        records.append(record_of(index, config, [0.6 + 0.1 * (config.optimizer == "adam")]))
    return records


def fits(_config):
    return True


@pytest.mark.parametrize(
    "searcher",
    [
        RandomSearcher(SPACE, seed=0, fits=fits),
        GridSearcher(SPACE, seed=0, fits=fits),
        OptunaSearcher(SPACE, seed=0, fits=fits, epochs=1, objective="metric"),
        OptunaSearcher(SPACE, seed=0, fits=fits, epochs=1, objective="frontier"),
        FrontierSearcher(SPACE, seed=0, fits=fits, plan=Plan(10, 1, 5_000, 2, None)),
    ],
    ids=["random", "grid", "optuna", "optuna for the frontier", "frontier"],
)
def test_proposals_keep_the_conditions(searcher):
    learn(searcher, len(GRID))


def test_a_continuous_conditional_space_is_explored_too():
    space = Space(
        "rates",
        {"optimizer": Choice(("adam", "sgd")), "learning_rate": LogUniform(1e-4, 1e-2)},
        conditions={"learning_rate": Condition({"optimizer": ("adam",)})},
    )
    searcher, records = OptunaSearcher(space, seed=0, fits=fits, epochs=1, objective="metric"), []
    for index in range(14):
        config = searcher.propose(index, records)
        assert config.optimizer == "adam" or config.learning_rate == 5e-3
        records.append(record_of(index, config, [0.5]))
