"""A custom model for inference: token ids to probabilities, from the weights as they were kept."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tuner.data.vocabulary import UNKNOWN_ID
from tuner.errors import InputError
from tuner.export.trained import TrainedCustomModel
from tuner.models.custom.building import BuiltModel, CustomModel, gives_logits
from tuner.models.custom.finding import HyperModelError, raised_by


def built_with_weights(model: TrainedCustomModel) -> BuiltModel:
    """The user's Keras model with the trial's weights.

    Raises:
        InputError: where its modules do not build it, or build one that these weights are not of.
    """
    name = model.source.name
    try:
        built = CustomModel(model.source, model.facts).built(model.config.model_dump(), seed=0)
    except HyperModelError as error:
        raise InputError(str(error), option="hypermodel", value=name) from None
    except Exception as error:  # noqa: BLE001  the user's code
        reason = raised_by(error, model.source.root)
        raise InputError(f"its build raised {reason}", option="hypermodel", value=name) from None
    variables = built.model.weights
    if [tuple(variable.shape) for variable in variables] != [weight.shape for weight in model.weights]:
        raise InputError(
            f"builds another model than in trial {model.trial}, whose weights do not fit; bring its module back as it was",
            option="hypermodel",
            value=name,
        )
    for variable, weight in zip(variables, model.weights, strict=True):
        variable.assign(weight)
    return built


class CustomNetwork(tf.Module):
    """The model without what only training needs. Each text is padded as it was in training, whatever the batch."""

    def __init__(self, model: TrainedCustomModel) -> None:
        super().__init__()
        built = built_with_weights(model)
        self._model = built.model
        self._lengths, self._width = built.lengths, built.outputs
        self._vocabulary = model.facts.vocabulary_size

    def probabilities(self, tokens: Any, lengths: Any) -> tuple[Any, Any]:
        """Return the class of each text, int32 ``[batch]``, and float32 ``[batch, classes]``, rows of which add up to 1.

        Args:
            tokens: int32 ``[batch, time]``, padded with 0 on the right, time at least 1; ids that the model does not know
                count as unknown, and what is longer than in training is cut.
            lengths: int32 ``[batch]``, tokens in each row, at least 1.
        """
        outputs = self._outputs(tf.where((tokens >= 0) & (tokens < self._vocabulary), tokens, UNKNOWN_ID), lengths)
        logits = gives_logits(self._model)
        if self._width == 1:
            likely = tf.sigmoid(outputs) if logits else outputs
            return tf.cast(likely[:, 0] > 0.5, tf.int32), tf.concat([1.0 - likely, likely], 1)
        likely = tf.nn.softmax(outputs) if logits else outputs
        return tf.argmax(outputs, 1, output_type=tf.int32), likely

    def _outputs(self, tokens: Any, lengths: Any) -> Any:
        """What the model gives, ``[batch, outputs]``: the texts of each padded length together."""
        boundaries, longest, rows = tf.constant(self._lengths), self._lengths[-1], tf.shape(tokens)[0]
        tokens = tf.pad(tokens[:, :longest], [[0, 0], [0, tf.maximum(0, longest - tf.shape(tokens)[1])]])
        bucket = tf.searchsorted(boundaries, tf.minimum(lengths, longest))
        fixed = longest if len(self._lengths) == 1 else None
        outputs = tf.zeros([rows, self._width])

        def answer(number: Any, outputs: Any) -> tuple[Any, Any]:
            chosen = tf.where(bucket == number)
            part = tf.ensure_shape(tf.gather_nd(tokens, chosen)[:, : boundaries[number]], [None, fixed])
            answers = tf.cast(self._model(part, training=False), tf.float32)
            return number + 1, tf.tensor_scatter_nd_update(outputs, chosen, answers)

        def there_are(number: Any, outputs: Any) -> tuple[Any, Any]:
            found = tf.reduce_any(bucket == number)
            after: tuple[Any, Any] = tf.cond(found, lambda: answer(number, outputs), lambda: (number + 1, outputs))
            return after

        return tf.while_loop(lambda number, _: number < len(self._lengths), there_are, (tf.constant(0), outputs))[1]
