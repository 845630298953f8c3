import pytest

from search_spaces import Choice, Space, TrialConfig, named_space
from tuner.errors import InputError
from tuner.search.searchers.grid_search import GridSearcher
from tuner.search.searchers.random_search import RandomSearcher

RECOMMENDED = TrialConfig(vocabulary_order="informative", weight_average=0.998)
"""What the space frontier begins with."""


def test_a_random_trial_is_a_function_of_seed_and_index():
    space = named_space("frontier")
    forwards = RandomSearcher(space, seed=3, fits=lambda _: True)
    backwards = RandomSearcher(space, seed=3, fits=lambda _: True)
    assert [forwards.propose(i) for i in range(8)] == [backwards.propose(i) for i in reversed(range(8))][::-1]
    assert forwards.propose(1) != RandomSearcher(space, seed=4, fits=lambda _: True).propose(1)


def test_a_budget_redraws_only_the_trials_that_do_not_fit():
    space = named_space("frontier")
    free = RandomSearcher(space, seed=0, fits=lambda _: True)
    tight = RandomSearcher(space, seed=0, fits=lambda config: config.units <= 16)
    for index in range(20):
        assert tight.propose(index).units <= 16
        if free.propose(index).units <= 16:
            assert tight.propose(index) == free.propose(index)


def test_a_budget_that_nothing_fits_is_one_line():
    with pytest.raises(InputError, match="none of 2000 configurations drawn from the space frontier fits"):
        RandomSearcher(named_space("frontier"), seed=0, fits=lambda _: False).propose(0)


def test_a_grid_has_the_points_that_fit():
    grid = GridSearcher(Space("small", {"units": Choice((8, 16, 32))}), seed=0, fits=lambda config: config.units > 8)
    assert len(grid) == 2
    assert {grid.propose(0).units, grid.propose(1).units} == {16, 32}


def test_the_first_points_of_a_grid_are_a_sample_of_it_that_the_seed_draws():
    def first(seed):
        grid = GridSearcher(named_space("trec_grid"), seed=seed, fits=lambda _: True)
        return [grid.propose(index) for index in range(40)]

    assert first(0) == first(0) != first(1)
    assert {config.optimizer for config in first(0)} == {"sgd", "adam", "adadelta", "adagrad", "rmsprop"}


def test_a_grid_over_a_continuous_range_names_it():
    with pytest.raises(InputError, match=r"dropout, learning_rate of space frontier .* `settings='dropout=VALUE"):
        GridSearcher(named_space("frontier"), seed=0, fits=lambda _: True)


def test_the_first_trial_is_the_recommended_network_as_far_as_the_space_holds_it():
    assert RandomSearcher(named_space("frontier"), seed=5, fits=lambda _: True).propose(0) == RECOMMENDED
    space = named_space("frontier").replaced({"units": Choice((8,)), "cell": Choice(("lstm",))})
    first = RandomSearcher(space, seed=5, fits=lambda _: True).propose(0)
    assert first == RECOMMENDED.model_copy(update={"units": 8, "cell": "lstm"})


def test_a_recommended_network_beyond_the_budget_is_drawn_instead():
    searcher = RandomSearcher(named_space("frontier"), seed=5, fits=lambda config: config.vocabulary < 5000)
    assert searcher.propose(0).vocabulary < 5000
