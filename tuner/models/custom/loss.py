"""What the loss of a custom model says: whether outputs are logits, and how it wants its labels."""

from typing import Any

import keras

from tuner.models.custom.finding import HyperModelError

SMALLEST = 1e-7
"""Probabilities are read as at least this, and at most 1 less it."""

_SPARSE = (keras.losses.SparseCategoricalCrossentropy, keras.losses.sparse_categorical_crossentropy)


def gives_logits(model: Any) -> bool:
    """Whether a compiled Keras model's outputs are logits, as its loss says, and not probabilities."""
    return bool(getattr(_only_loss(model), "from_logits", False))


def wants_one_hot(model: Any, outputs: int) -> bool | None:
    """Whether the loss compares every output with a label of its own, float32 ``[batch, classes]``.

    Of Keras' losses only the sparse one takes class indices, int32 ``[batch]``, where there are several outputs. The others
    would fail on indices or, as the mean squared error does, spread them over the outputs without a word.

    Args:
        model: compiled.
        outputs: of the model for a text.

    Returns:
        None where the loss is the user's own, and only trying tells.

    Raises:
        HyperModelError: where Keras does not know the loss.
    """
    if outputs == 1:
        return False
    try:
        loss = keras.losses.get(_only_loss(model))
    except ValueError as error:
        raise HyperModelError(f"returned a model with an unknown loss ({' '.join(str(error).split())[:200]})") from None
    if loss is None:
        return False
    if loss is _SPARSE[1] or isinstance(loss, _SPARSE[0]):
        return False
    module = loss.__module__ if isinstance(loss, type) or callable(loss) else type(loss).__module__
    return True if module.partition(".")[0] == "keras" else None


def _only_loss(model: Any) -> Any:
    """The loss of a model with one output, which may stand in a list or a dict."""
    loss = model.loss
    if isinstance(loss, dict):
        loss = list(loss.values())
    return loss[0] if isinstance(loss, list | tuple) and len(loss) == 1 else loss
