"""Keras' optimizers by the name that a configuration gives them."""

from typing import Any

import keras

from search_spaces.config import Optimizer

_CLASSES = {
    "adam": keras.optimizers.Adam,
    "rmsprop": keras.optimizers.RMSprop,
    "adagrad": keras.optimizers.Adagrad,
    "sgd": keras.optimizers.SGD,
}


def build_optimizer(name: Optimizer) -> Any:
    """An optimizer with Keras' defaults. Its learning rate is a variable: each trial assigns its own."""
    return _CLASSES[name](learning_rate=1e-3)
