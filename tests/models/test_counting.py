import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuner.models.counting import count_parameters
from tuner.models.network_spec import Network

networks = st.builds(
    Network,
    cell=st.sampled_from(["simple_rnn", "lstm", "gru"]),
    layers=st.integers(1, 4),
    units=st.integers(1, 24),
    embedding=st.integers(1, 24),
    vocabulary=st.integers(3, 200),
    bidirectional=st.booleans(),
    pooling=st.sampled_from(["last", "mean", "max"]),
    dense_units=st.sampled_from([0, 1, 7]),
    classes=st.integers(2, 6),
)


@pytest.mark.parametrize(
    ("vocabulary", "embedding", "units", "parameters"),
    [(1500, 4, 8, 6_689), (2000, 8, 16, 18_529), (5000, 16, 32, 89_665), (20000, 32, 64, 677_761)],
)
def test_bidirectional_grus_that_were_counted_elsewhere(vocabulary, embedding, units, parameters):
    network = Network("gru", 1, units, embedding, vocabulary, True, "max", 0, 2)
    assert count_parameters(network).total == parameters


def test_published_compound_scaling_counts_after_their_second_bias_and_second_output():
    """The published counts have two bias vectors a gate and two outputs: 4h a layer and h + 1 more than ours."""
    published = {(1, 100, 32): 1_269_674, (2, 100, 32): 1_350_474, (3, 300, 128): 6_824_890}
    for (layers, units, embedding), parameters in published.items():
        network = Network("lstm", layers, units, embedding, 37_996, False, "last", 0, 2)
        assert count_parameters(network).total + layers * 4 * units + units + 1 == parameters


@pytest.mark.tensorflow
@settings(max_examples=60, deadline=None)
@given(networks)
def test_the_closed_form_equals_what_keras_counts(network):
    from tuner.models.keras_model import build_model

    model = build_model(network)
    count = count_parameters(network)
    assert model.count_params() == count.total
    assert count.embedding == network.vocabulary * network.embedding
