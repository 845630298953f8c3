"""Effects, interactions, importance, scaling, curves: each on an example whose answer is known beforehand."""

import numpy as np
import pandas as pd
import pytest

from analysis import (
    effects,
    importance,
    interactions,
    knee_heights,
    overfitting_epochs,
    pareto_ranks,
    rank,
    recommend,
    scaling_fit,
)
from analysis.effects import grouped
from tuner.errors import InputError


def frame(**columns):
    count = len(next(iter(columns.values())))
    return pd.DataFrame({"trial_id": [f"{i:02d}" for i in range(count)], **columns})


def test_effects_by_hand():
    trials = frame(
        val_accuracy=[0.6, 0.8, 0.7, 0.9, None], parameters=[1, 2, 3, 4, 5],
        **{"config/cell": ["gru", "gru", "gru", "lstm", "lstm"], "config/pooling": ["max"] * 5},
    )  # fmt: skip
    table = effects(trials)
    assert table["hyperparameter"].unique().tolist() == ["cell"]
    assert table["value"].tolist() == ["gru", "lstm"]
    assert table["trials"].tolist() == [3, 1]
    assert table.loc[0, ["lowest", "q1", "median", "q3", "highest"]].tolist() == pytest.approx(
        [0.6, 0.65, 0.7, 0.75, 0.8]
    )


def test_interactions_by_hand():
    trials = frame(
        val_accuracy=[0.6, 0.8, 0.7, 0.9], parameters=[1, 2, 3, 4],
        **{"config/cell": ["gru", "gru", "gru", "lstm"], "config/units": [16, 16, 8, 8]},
    )  # fmt: skip
    table = interactions(trials).set_index(["first_value", "second_value"])
    assert table["mean_accuracy"].to_dict() == pytest.approx(
        {("gru", "8"): 0.7, ("gru", "16"): 0.7, ("lstm", "8"): 0.9}
    )
    assert table.loc[("gru", "16"), "trials"] == 2
    assert interactions(trials, ["cell"]).empty


def test_many_numbers_become_five_ranges_from_low_to_high():
    groups = grouped(pd.Series(np.linspace(0, 1, 100)))
    assert groups.cat.categories.tolist() == ["0–0.2", "0.2–0.4", "0.4–0.6", "0.6–0.8", "0.8–1"]
    assert groups.value_counts().tolist() == [20] * 5
    assert grouped(pd.Series([True, False, True])).cat.categories.tolist() == ["no", "yes"]
    assert grouped(pd.Series([10_000, 500, 10_000])).cat.categories.tolist() == ["500", "10,000"]


def test_importance_finds_the_hyperparameter_that_decides():
    noise = np.random.default_rng(0)
    units, dropout = noise.choice([8, 16, 32, 64], 200), noise.uniform(0, 0.5, 200)
    trials = frame(
        val_accuracy=0.5 + units / 200 + 0.001 * dropout, parameters=units * 100,
        **{"config/units": units, "config/dropout": dropout, "config/cell": noise.choice(["gru", "lstm"], 200)},
    )  # fmt: skip
    table = importance(trials)
    shares = table.pivot_table(index="hyperparameter", columns="target", values="importance")
    assert shares["accuracy"].idxmax() == "units"
    assert shares["accuracy"].sum() == pytest.approx(1)
    pd.testing.assert_frame_equal(table, importance(trials))
    assert importance(trials.head(19)).empty


def test_the_scaling_law_is_found_again():
    sizes = np.geomspace(1e3, 1e6, 30).round()
    trials = frame(val_accuracy=0.9 - 3.0 * sizes**-0.4, parameters=sizes)
    fit = scaling_fit(trials)
    assert fit is not None
    assert fit.ceiling == pytest.approx(0.9, abs=0.003)
    assert fit.exponent == pytest.approx(0.4, rel=0.1)
    assert fit.ceiling_interval[0] <= fit.ceiling + 0.003
    assert fit.ceiling_interval[1] <= 1
    assert (fit.curve["low"] <= fit.curve["high"]).all()
    assert scaling_fit(trials.head(4)) is None


def test_a_frontier_that_is_no_saturating_law_has_no_ceiling():
    sizes = np.geomspace(1e3, 1e6, 12).round()
    assert scaling_fit(frame(val_accuracy=0.1 * np.log10(sizes), parameters=sizes)) is None
    jump = np.where(sizes > 1e3, 0.9 + sizes / 1e9, 0.5)
    assert scaling_fit(frame(val_accuracy=jump, parameters=sizes)) is None


def test_overfitting_begins_after_the_lowest_loss():
    epochs = pd.DataFrame(
        {
            "trial_id": ["a"] * 4 + ["b"] * 2 + ["c"],
            "epoch": [1, 2, 3, 4, 1, 2, 1],
            "val_loss": [0.5, 0.4, 0.4, 0.6, 0.9, 0.8, None],
        }
    )
    assert overfitting_epochs(epochs).to_dict() == {"a": 3}


def test_layers_by_hand():
    trials = frame(val_accuracy=[0.7, 0.9, 0.6, 0.85, 0.85, None], parameters=[10, 100, 20, 200, 200, 1])
    assert pareto_ranks(trials).tolist() == [1, 1, 2, 2, 2]


def test_rank_within_a_budget_and_by_knee():
    trials = frame(val_accuracy=[0.5, 0.9, 0.95, 1.0], parameters=[10**2, 10**4, 10**5, 10**6])
    within = rank(trials, max_params=10**5)
    assert within["trial_id"].tolist() == ["02", "01", "00"]
    assert rank(trials, max_params=10).empty
    # Heights above the chord: 0, 0.8 - 0.5, 0.9 - 0.75, 0.
    assert knee_heights(trials).tolist() == pytest.approx([0, 0.3, 0.15, 0])
    assert rank(trials, by="knee")["trial_id"].tolist()[:2] == ["01", "02"]


def test_the_decision_is_a_sentence():
    trials = frame(val_accuracy=[0.5, 0.9, 0.95, 1.0], parameters=[10**2, 10**4, 10**5, 10**6])
    decision = recommend(trials)
    assert decision is not None
    assert decision.sentence == (
        "Take trial 01: 90.0\xa0% validation accuracy with 10,000 parameters; the most accurate, trial 03, gains 10.0 points "
        "with 100 times the parameters."
    )
    alone = recommend(trials.head(1))
    assert alone is not None
    assert alone.sentence.endswith("100 parameters; no other trial is more accurate.")
    assert recommend(trials.head(0)) is None


@pytest.mark.parametrize("function", [rank, effects, importance, pareto_ranks, scaling_fit])
def test_a_missing_column_is_named(function):
    with pytest.raises(InputError, match="'parameters'"):
        function(frame(val_accuracy=[0.5]))


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (
            [0.0101, 0.0104, 0.3],
            ["0.0101", "0.0104", "0.3"],
        ),  # as a rate drawn at random is, in a search of a few trials
        ([0.1, 0.25], ["0.1", "0.25"]),
        ([1000.2, 1000.4], ["1000.2", "1000.4"]),
        ([1 / 3, 1 / 3 + 1e-12], [repr(1 / 3), repr(1 / 3 + 1e-12)]),
        ([8, 16, 20_000], ["8", "16", "20,000"]),
    ],
)
def test_few_numbers_that_nearly_read_the_same_are_told_apart(values, texts):
    assert grouped(pd.Series(values)).cat.categories.tolist() == texts
