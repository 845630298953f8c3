"""Weights of the right shapes and texts of some variety, without training and data."""

import numpy as np

_LINE = "a good bad film story was not very l'été café привет 这部电影 never the it 😡 don't plot"
WORDS = _LINE.split()


def texts(count, seed):
    generator = np.random.default_rng(seed)
    return [" ".join(generator.choice(WORDS, generator.integers(1, 15))) + "!" for _ in range(count)]


def random_weights(network, seed=0):
    """Arrays of the right shapes, without the time that Keras takes to build a model."""
    generator = np.random.default_rng(seed)
    gates = {"simple_rnn": 1, "lstm": 4, "gru": 3}[network.cell]
    shapes, width = [(network.vocabulary, network.embedding)], network.embedding
    for _ in range(network.layers):
        bias = (2, 3 * network.units) if network.cell == "gru" else (gates * network.units,)
        one = [(width, gates * network.units), (network.units, gates * network.units), bias]
        shapes += one * network.directions
        width = network.units * network.directions
    for units in ((network.dense_units,) if network.dense_units else ()) + (network.outputs,):
        shapes += [(width, units), (units,)]
        width = units
    return tuple((generator.normal(size=shape) / np.sqrt(shape[0])).astype(np.float32) for shape in shapes)
