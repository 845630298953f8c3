import math

import numpy as np
import pandas as pd
import pytest
from optuna._hypervolume import compute_hypervolume

from analysis import REFERENCE, Reference, accuracy_costs, hypervolume
from tuner.errors import InputError


def table(points):
    accuracies, sizes = zip(*points, strict=True) if points else ((), ())
    names = [str(i) for i in range(len(points))]
    return pd.DataFrame({"trial_id": names, "val_accuracy": accuracies, "parameters": sizes})


def test_worked_out_on_paper():
    # From 100 to 1,000 parameters (one decade) 0.6, from there to 100,000 (two decades) 0.8: 0.6 + 1.6.
    trials = table([(0.6, 100), (0.8, 1000), (0.7, 5000)])
    assert hypervolume(trials, Reference(0.0, 100_000)) == pytest.approx(2.2)
    # Above an accuracy of 0.5: 0.1 + 2 * 0.3.
    assert hypervolume(trials, Reference(0.5, 100_000)) == pytest.approx(0.7)


def test_points_beyond_the_reference_add_nothing():
    inside = table([(0.6, 100)])
    assert hypervolume(table([(0.6, 100), (0.9, 2000)]), Reference(0.0, 1000)) == hypervolume(
        inside, Reference(0.0, 1000)
    )
    assert hypervolume(inside, Reference(0.7, 1000)) == 0
    assert hypervolume(table([])) == 0


def test_a_trial_of_the_default_reference_is_worth_nothing():
    assert hypervolume(table([(0.9, REFERENCE.parameters)])) == 0
    with pytest.raises(InputError, match="received 0"):
        Reference(parameters=0)


@pytest.mark.parametrize("seed", range(5))
def test_equals_optunas(seed):
    noise = np.random.default_rng(seed)
    accuracies, sizes = noise.uniform(0.3, 1, 40), noise.integers(100, 500_000, 40)
    losses = np.column_stack([-accuracies, np.log10(sizes)])
    corner = np.array([-0.5, math.log10(200_000)])
    expected = compute_hypervolume(losses[(losses < corner).all(axis=1)], corner)
    ours = hypervolume(table(list(zip(accuracies, sizes, strict=True))), Reference(0.5, 200_000))
    assert ours == pytest.approx(expected)


def test_costs_worked_out_on_paper():
    trials = table([(0.80, 1000), (0.85, 3000), (0.84, 9000), (0.86, 12_000)])
    trials = trials.assign(embedding_parameters=[600, 1000, 0, 2000], seconds=1.0)
    costs = accuracy_costs(trials)
    assert costs["trial_id"].tolist() == ["0", "1", "3"]
    assert costs["non_embedding_parameters"].tolist() == [400, 2000, 10_000]
    assert costs["parameters_per_point"].tolist()[1:] == pytest.approx([2000 / 5, 9000 / 1])
    assert costs["times_larger"].tolist()[1:] == pytest.approx([3, 4])
    assert math.isnan(costs["points_gained"].iloc[0])
