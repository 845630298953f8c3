import itertools
from pathlib import Path

import pytest

from search_spaces import SpaceError, named_space, named_spaces
from search_spaces.experiment import experiment_of, named_experiment
from tuner.models.counting import count_parameters
from tuner.models.network_spec import network_of

TEXTS = {"max_length": 10, "min_freq": 1, "max_tokens": 100}

SIZES = {
    "imdb_simple_rnn_state_size": 10,  # epochs are not trials: 35 printed rows
    "imdb_lstm_state_size": 12,
    "imdb_lstm_rate_dropout": 9,
    "imdb_learning_rate": 9,
    "imdb_first_epoch": 3,
    "imdb_elman_variants": 8,
    "airline_simple_rnn": 32,
    "airline_lstm": 32,
    "trec_grid": 300,
    "trec_regularization": None,
    "trec_input_embedding": 3,
    "trec_output_embedding": 4,
    "trec_architectures": 12,
    "imdb_optimizers": 8,
    "imdb_depth": 8,
    "imdb_width": 6,
    "imdb_embedding": 10,
    "imdb_bidirectional": 4,
    "imdb_lstm_compound_scaling": 27,
}


def test_every_experiment_of_the_reports_has_its_space():
    found = {name: named_experiment(name) for name in named_spaces()}
    assert {name: named_space(name).grid_size() for name, made in found.items() if made and made.report} == SIZES
    assert {made.report for made in found.values() if made} == {None, "000", "001", "002", "003", "004"}
    assert named_experiment("frontier") is None


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"data": "imdb", "texts": TEXTS}, "experiment.epochs: field required"),
        ({"data": "mnist", "texts": TEXTS, "epochs": 1}, "experiment.data: .*received 'mnist'"),
        (
            {"data": "imdb", "texts": {**TEXTS, "min_freq": 0}, "epochs": 1},
            r"experiment\.texts\.min_freq: .*received 0",
        ),
        ({"data": "imdb", "texts": TEXTS, "epochs": 1, "epoch": 2}, "experiment.epoch: extra inputs"),
        (7, "experiment: .*received 7"),
    ],
)
def test_errors_name_file_key_and_value(body, message):
    with pytest.raises(SpaceError, match=message) as error:
        experiment_of(body, origin=Path("mine.yaml"))
    assert str(error.value).startswith("mine.yaml: ")
    assert "\n" not in str(error.value)


def test_compound_scaling_doubles_the_parameters_with_every_step():
    """However a step is divided among depth, width, word vectors and vocabulary."""
    space = named_space("compound_scaling")
    for depth, vector in ((1.0, 1.15), (1.0, 1.45), (1.12, 1.15), (1.12, 1.45), (1.06, 1.3)):
        sizes = []
        for phi in range(11):
            config = space.config({"phi": phi, "cost": 2, "depth": depth, "vector": vector, "cell": "gru",
                                   "bidirectional": True, "pooling": "max", "vocabulary_order": "informative",
                                   "weight_average": 0.998})  # fmt: skip
            sizes.append(count_parameters(network_of(config, vocabulary_size=10**6, classes=2)).total)
        assert sizes[0] == 265
        growth = [larger / smaller for smaller, larger in itertools.pairwise(sizes)]
        assert all(1.4 < ratio < 3.4 for ratio in growth), growth  # of the small ones, whole numbers are coarse
        assert (sizes[-1] / sizes[0]) ** (1 / 10) == pytest.approx(2.0, abs=0.05)
