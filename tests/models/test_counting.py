from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.config import Cell
from support.covering import examples
from tuner.models.cells import CELLS
from tuner.models.counting import TORCH, count_parameters, multiply_adds, training_flops
from tuner.models.network_spec import Network


@st.composite
def networks(draw):
    cell = draw(st.sampled_from(["simple_rnn", "lstm", "gru", "elman", "mlp", "none"]))
    units, both = draw(st.integers(1, 24)), draw(st.booleans()) and cell not in ("mlp", "none")
    residual = cell == "elman" and draw(st.booleans())
    one_hot = cell != "none" and not residual and draw(st.booleans())
    return Network(
        cell=cell,
        layers=0 if cell == "none" else draw(st.integers(1, 4)),
        units=0 if cell == "none" else units,
        embedding=0 if one_hot else units * (1 + both) if residual else draw(st.integers(1, 24)),
        vocabulary=draw(st.integers(3, 200)),
        bidirectional=both,
        pooling=draw(st.sampled_from(["last", "mean", "max", "attention"])),
        dense_units=draw(st.sampled_from([0, 1, 7])),
        classes=draw(st.integers(2, 6)),
        residual=residual,
        projection=cell == "elman" and draw(st.booleans()),
        one_hot=one_hot,
        vectors="none" if one_hot else draw(st.sampled_from(["none", "frozen", "trained"])),
        dense_layers=draw(st.integers(1, 3)),
        batch_norm=draw(st.booleans()),
    )


# Layers, units, embedding and the parameter count of the 27 LSTMs that report 004 publishes, 37,996 words.
PUBLISHED = (
    (1, 100, 32, 1_269_674), (1, 100, 64, 2_498_346), (1, 100, 128, 4_955_690),
    (1, 200, 32, 1_403_474), (1, 200, 64, 2_644_946), (1, 200, 128, 5_127_890),
    (1, 300, 32, 1_617_274), (1, 300, 64, 2_871_546), (1, 300, 128, 5_380_090),
    (2, 100, 32, 1_350_474), (2, 100, 64, 2_579_146), (2, 100, 128, 5_036_490),
    (2, 200, 32, 1_725_074), (2, 200, 64, 2_966_546), (2, 200, 128, 5_449_490),
    (2, 300, 32, 2_339_674), (2, 300, 64, 3_593_946), (2, 300, 128, 6_102_490),
    (3, 100, 32, 1_431_274), (3, 100, 64, 2_659_946), (3, 100, 128, 5_117_290),
    (3, 200, 32, 2_046_674), (3, 200, 64, 3_288_146), (3, 200, 128, 5_771_090),
    (3, 300, 32, 3_062_074), (3, 300, 64, 4_316_346), (3, 300, 128, 6_824_890),
)  # fmt: skip


@pytest.mark.parametrize(
    ("vocabulary", "embedding", "units", "parameters"),
    [(1500, 4, 8, 6_689), (2000, 8, 16, 18_529), (5000, 16, 32, 89_665), (20000, 32, 64, 677_761)],
)
def test_bidirectional_grus_that_were_counted_elsewhere(vocabulary, embedding, units, parameters):
    network = Network("gru", 1, units, embedding, vocabulary, True, "max", 0, 2)
    assert count_parameters(network).total == parameters


@pytest.mark.parametrize(("layers", "units", "embedding", "parameters"), PUBLISHED)
def test_the_27_published_counts_follow_from_torchs_convention(layers, units, embedding, parameters):
    network = Network("lstm", layers, units, embedding, 37_996, False, "last", 0, 2)
    assert count_parameters(network, TORCH).total == parameters


@pytest.mark.parametrize(("cell", "biases"), [("simple_rnn", 1), ("elman", 1), ("lstm", 4), ("gru", 0)])
def test_torch_has_a_second_bias_vector_where_keras_has_one(cell, biases):
    network = Network(cell, 2, 10, 5, 100, True, "max", 0, 3)
    assert count_parameters(network, TORCH).total - count_parameters(network).total == 2 * 2 * 10 * biases


def test_one_hot_words_count_as_rows_of_the_first_kernel():
    """The LSTM of report 002: 4 gates of 32 units over 22,020 words and 32 states, and a bias."""
    network = Network("lstm", 1, 32, 0, 22_020, False, "last", 0, 2, one_hot=True)
    count = count_parameters(network)
    assert count.embedding + count.recurrent == 2_822_784
    assert count.embedding == 4 * 32 * 22_020


def products_one_by_one(network, tokens):
    """A forward pass that multiplies nothing and counts each product where it would be made: token by token, gate by gate."""
    count, gates = 0, CELLS[network.cell].gates if network.recurrent else 1
    sizes = []  # of the vector of each token, None where a one-hot word is looked up
    for _ in range(tokens):
        sizes.append(None if network.one_hot else network.embedding)
    for _ in range(network.layers):
        after = []
        for size in sizes:
            joined = 0
            for _ in range(network.directions):
                for _ in range(gates):
                    for _ in range(network.units):
                        count += size or 0
                        count += network.units if network.recurrent else 0
                if network.projection:
                    for _ in range(network.units):
                        count += network.units
                joined += network.units
            after.append(joined)
        sizes = after
    width = network.embedding if network.cell == "none" else sizes[0]
    if network.pooling == "attention":
        for _ in range(tokens):
            count += width  # the score
            count += width  # the share of the state
    for outputs in (*network.hidden, network.outputs):
        count += width if network.batch_norm else 0
        for _ in range(outputs):
            count += width
        width = outputs
    return count


@settings(max_examples=examples(60), deadline=None)
@given(networks(), st.integers(1, 9))
def test_multiply_adds_are_the_products_counted_one_by_one(network, tokens):
    assert multiply_adds(network, tokens) == products_one_by_one(network, tokens)


def test_multiply_adds_of_a_network_counted_by_hand():
    """A bidirectional GRU of 4 units over vectors of 3: 2 directions, 3 gates, 4 units, 3 + 4 inputs; then 8 numbers to 1."""
    network = Network("gru", 1, 4, 3, 50, True, "max", 0, 2)
    assert multiply_adds(network, 10) == 10 * 2 * 3 * 4 * (3 + 4) + 8
    assert multiply_adds(network, 0.5) == 84 + 8


def test_a_network_without_a_recurrence_costs_no_loops():
    words = Network("none", 0, 0, 10, 100, False, "mean", 0, 2)
    assert training_flops(words) == 0
    assert training_flops(replace(words, cell="mlp", layers=1, units=20)) == 3 * 2 * 10 * 20


@pytest.mark.tensorflow
@settings(max_examples=examples(40), deadline=None)
@given(networks())
def test_the_closed_form_equals_what_keras_counts(network):
    from tuner.models.keras_model import build_model
    from tuner.models.weights import weights_of

    model = build_model(network)
    count, weights = count_parameters(network), weights_of(network)
    assert model.count_params() == count.total
    assert [tuple(variable.shape) for variable in model.weights] == [weight.shape for weight in weights]
    assert [variable.trainable for variable in model.weights] == [weight.trained for weight in weights]
    if not network.one_hot:
        assert count.embedding == network.vocabulary * network.embedding


def test_every_cell_of_the_spaces_is_known():
    assert {*CELLS, "mlp", "none"} == set(get_args(Cell))
