"""Weights of the right shapes and texts of some variety, without training and data."""

import numpy as np

_LINE = "a good bad film story was not very l'été café привет 这部电影 never the it 😡 don't plot"
WORDS = _LINE.split()


def texts(count, seed):
    generator = np.random.default_rng(seed)
    return [" ".join(generator.choice(WORDS, generator.integers(1, 15))) + "!" for _ in range(count)]


def random_weights(network, seed=0):
    """Arrays of the right shapes, without the time that Keras takes to build a model."""
    from tuner.models.weights import weights_of

    generator = np.random.default_rng(seed)

    def one(weight):
        values = generator.normal(size=weight.shape) / np.sqrt(weight.shape[0])
        return (np.abs(values) + 0.5 if weight.role == "moving_variance" else values).astype(np.float32)

    return tuple(map(one, weights_of(network)))
