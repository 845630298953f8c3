"""The space of a custom model: names that are ours mean nothing here, and everything else is as in other spaces."""

from contextlib import closing

import numpy as np
import pyarrow as pa
import pytest

from search_spaces.config import CustomConfig
from search_spaces.custom_space import custom_space_of, kinds_of, with_settings
from search_spaces.documents import SpaceError, space_document
from search_spaces.domains import Choice, Grid, Integer, LogUniform, Uniform
from search_spaces.expressions import Condition
from search_spaces.families import CustomModels
from search_spaces.space import Space
from tuner.errors import InputError
from tuner.runs.events import SearchStarted, TrialBuilt, TrialProposed
from tuner.runs.journal import Journal, read_journal
from tuner.runs.search_state import SearchState
from tuner.runs.tables import trial_schema, trials_table
from tuner.search.searchers.bayesian_search import BayesianSearcher
from tuner.search.searchers.grid_search import GridSearcher
from tuner.search.searchers.optuna_search import OptunaSearcher
from tuner.search.searchers.random_search import RandomSearcher

# "layers", "units" and "cell" are hyperparameters of ours too, with other types and bounds.
OWN = Space(
    "models:build",
    {
        "layers": Choice(("one", "two")),
        "units": Grid(500, 2500, 3),
        "second units": Integer(1, 3),
        "cell": Choice((False, True)),
        "rate": LogUniform(1e-4, 1e-1),
    },
    conditions={"second units": Condition({"layers": ("two",)})},
    own={"layers": "two", "units": 1500, "second units": 2, "cell": True, "rate": 0.01},
)
FINITE = Space("models:build", {"layers": Choice((1, 9)), "width": Grid(0.5, 1.5, 3)}, own={"layers": 1, "width": 0.5})


def anything(config):
    return True


def test_the_first_trial_is_the_model_at_its_defaults_and_inactive_hyperparameters_are_absent():
    searcher = RandomSearcher(OWN, seed=0, fits=anything)
    assert searcher.propose(0).model_dump() == OWN.own
    drawn = [searcher.propose(index).model_dump() for index in range(1, 40)]
    assert {("second units" in config) == (config["layers"] == "two") for config in drawn} == {True}
    assert len({config["rate"] for config in drawn}) == 39


@pytest.mark.parametrize("space", [OWN, FINITE, Space("models:build", {}, own={})])
def test_its_document_gives_an_equal_space(space):
    read = custom_space_of(space_document(space), origin="search.yaml")
    assert read == space
    assert read.own == space.own


def test_a_damaged_document_is_refused():
    with pytest.raises(SpaceError, match=r"search\.yaml: is not the space of a model"):
        custom_space_of({"name": "x", "parameters": {"a": {"integer": [1, 2]}}}, origin="search.yaml")


def test_set_changes_what_the_model_has_and_nothing_else():
    space = with_settings(OWN, ["units=7,8", "layers=one"])
    assert space.parameters["units"] == Choice((7, 8))
    assert "second units" not in space.parameters
    with pytest.raises(SpaceError, match="dropout=0: unknown hyperparameter; known: layers, units, second units"):
        with_settings(OWN, ["dropout=0"])


def test_a_grid_has_every_point_once():
    searcher = GridSearcher(FINITE, seed=0, fits=anything)
    points = [searcher.propose(index).model_dump() for index in range(len(searcher))]
    assert len(points) == 6
    assert {tuple(point.values()) for point in points} == {(a, b) for a in (1, 9) for b in (0.5, 1.0, 1.5)}


def records(space, count):
    """A search_state of trials with an accuracy each, that rises with the width or units."""
    search_state = SearchState([SearchStarted(time=0, trials=count, own=kinds_of(space))])
    searcher = RandomSearcher(space, seed=1, fits=anything)
    for index in range(count):
        config = searcher.propose(index).model_dump()
        name = f"{index:05d}"
        search_state.apply(
            TrialProposed(time=1, trial=name, index=index, config=config, parameters=None, embedding_parameters=None)
        )
        search_state.apply(TrialBuilt(time=1, trial=name, parameters=1000 + index, embedding_parameters=10))
        record = search_state.trials[name]
        record.status = "completed"
        record.best = type(
            "Best", (), {"epoch": 1, "metrics": {"accuracy": 0.9 - abs(np.log10(config["rate"]) + 2) / 10}}
        )()
    return search_state.trials.values()


CONTINUOUS = Space(
    "models:build", {"rate": LogUniform(1e-4, 1e-1), "depth": Integer(1, 4)}, own={"rate": 1e-2, "depth": 1}
)


@pytest.mark.tensorflow
def test_the_bayesian_oracle_proposes_points_of_a_models_space():
    searcher = BayesianSearcher(CONTINUOUS, seed=0, fits=anything)
    at_random = RandomSearcher(CONTINUOUS, seed=0, fits=anything)
    for index in range(12, 15):
        config = searcher.propose(index, records(CONTINUOUS, 12))
        assert isinstance(config, CustomConfig)
        assert config == searcher.propose(index, records(CONTINUOUS, 12)) != at_random.propose(index)
        assert all(value in CONTINUOUS.parameters[name] for name, value in config.values)


@pytest.mark.tensorflow
def test_the_bayesian_oracle_refuses_conditions():
    with pytest.raises(InputError, match="searcher='bayesian': the space models:build has conditions"):
        BayesianSearcher(OWN, seed=0, fits=anything)


def test_optuna_proposes_for_a_conditional_space_of_a_model():
    searcher = OptunaSearcher(OWN, seed=0, fits=anything, epochs=1, objective="frontier")
    for index in range(12, 18):
        config = searcher.propose(index, records(OWN, 12)).model_dump()
        assert ("second units" in config) == (config["layers"] == "two")
        assert OWN.values(config) == config


def test_the_journal_says_what_the_columns_are(tmp_path):
    own = kinds_of(OWN)
    assert own == {"layers": "str", "units": "int", "second units": "int", "cell": "bool", "rate": "float"}
    config = {"layers": "one", "units": 500, "cell": True, "rate": 0.5}
    proposed = TrialProposed(time=1, trial="00000", index=0, config=config, parameters=None, embedding_parameters=None)
    events = [SearchStarted(time=0, trials=2, own=own), proposed]
    with closing(Journal(tmp_path / "journal.jsonl")) as journal:
        for event in events:
            journal.append(event)
    assert list(read_journal(tmp_path / "journal.jsonl")) == events
    search_state = SearchState(events)
    row = trials_table(search_state).to_pylist()[0]
    assert {name: row[f"config/{name}"] for name in own} == {**config, "second units": None}
    assert (row["parameters"], row["status"]) == (None, "pending")
    assert trial_schema(CustomModels(own)).field("config/second units").type == pa.int64()
    search_state.apply(TrialBuilt(time=2, trial="00000", parameters=30, embedding_parameters=20))
    assert trials_table(search_state).to_pylist()[0]["parameters"] == 30


def test_a_journal_with_a_hyperparameter_that_the_model_has_not_is_damaged(tmp_path):
    strange = TrialProposed(
        time=1, trial="00000", index=0, config={"depth": 3}, parameters=None, embedding_parameters=None
    )
    with closing(Journal(tmp_path / "journal.jsonl")) as journal:
        journal.append(SearchStarted(time=0, trials=1, own={"width": "int"}))
        journal.append(strange)
    with pytest.raises(InputError, match="line 2 is no event of a search"):
        list(read_journal(tmp_path / "journal.jsonl"))


def test_values_of_several_types_make_a_column_of_text():
    assert kinds_of(Space("m:b", {"a": Choice((1, "two")), "b": Uniform(0, 1), "c": Choice((1, 2.5))}, own={})) == {
        "a": "str", "b": "float", "c": "float",
    }  # fmt: skip
