"""A rival as a SavedModel: raw strings to the probabilities of the fitted model."""

import numpy as np
import pytest

from tuner.data.encoded import EncodedDataset, EncodedSplits
from tuner.metrics import Scorer

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize(("classes", "characters"), [(2, False), (3, True)])
def test_the_graph_gives_the_probabilities_of_the_fitted_model(classes, characters):
    import tensorflow as tf

    from tuner.export.ngram_network import NgramNetwork
    from tuner.rivals.fitting import fit_rivals

    rng = np.random.default_rng(0)

    def drawn(examples: int) -> EncodedDataset:
        labels = rng.integers(classes, size=examples).astype(np.int32)
        texts = [np.append(rng.integers(1, 12, size=rng.integers(0, 8)), 2 + label) for label in labels]
        offsets = np.cumsum([0, *map(len, texts)])
        return EncodedDataset(np.concatenate(texts).astype(np.int32), offsets, labels)

    data = EncodedSplits(drawn(200), drawn(60))
    names = tuple(map(str, range(classes)))
    part = data.validation
    padded = np.zeros((len(part) + 1, int(part.lengths.max())), np.int32)
    padded[-1, 0] = 1  # a text of unknown words alone
    for row, (start, end) in enumerate(zip(part.offsets, part.offsets[1:], strict=False)):
        padded[row, : end - start] = part.tokens[start:end]
    for fitted in fit_rivals(data, Scorer(label_names=names), vocabulary_size=12, characters=characters):
        network = NgramNetwork(fitted.model)
        chosen, found = tf.function(network.probabilities)(padded, np.maximum(1, (padded > 0).sum(axis=1)))
        expected = np.exp(fitted.predictions.log_probabilities)
        np.testing.assert_allclose(found.numpy()[:-1], expected, atol=1e-5)
        assert chosen.numpy()[:-1].tolist() == expected.argmax(axis=1).tolist()
        np.testing.assert_allclose(found.numpy().sum(axis=1), 1, atol=1e-5)
        assert found.shape == (len(part) + 1, classes)
