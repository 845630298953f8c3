import numpy as np
import pytest

from support.fake_models import random_weights

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("cell", ["simple_rnn", "lstm", "gru"])
@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
@pytest.mark.parametrize(("bidirectional", "layers", "dense"), [(False, 1, 0), (True, 2, 3)])
@pytest.mark.parametrize("steps", [1, 9])
def test_inference_gives_what_the_training_recurrence_gives(cell, pooling, bidirectional, layers, dense, steps):
    from tuner.export.saved_model import InferenceNetwork
    from tuner.models.forward import logits
    from tuner.models.network_spec import Network

    network = Network(cell, layers, 5, 3, 30, bidirectional, pooling, dense, 3)
    weights = random_weights(network)
    generator = np.random.default_rng(0)
    lengths = generator.integers(1, steps + 1, 6).astype(np.int32)
    tokens = np.where(np.arange(steps) < lengths[:, None], generator.integers(1, 40, (6, steps)), 0).astype(np.int32)
    expected = logits(weights, tokens, lengths, network)
    np.testing.assert_allclose(InferenceNetwork(network, weights).logits(tokens, lengths), expected, atol=2e-6)
