"""A custom model for inference: token ids to probabilities, from the weights as they were kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tuner.data.vocabulary import PADDING_ID, UNKNOWN_ID
from tuner.errors import InputError
from tuner.export.trained import TrainedCustomModel
from tuner.models.custom.building import BuiltModel, CustomModel, example_tokens
from tuner.models.custom.finding import HyperModelError, raised_by
from tuner.models.custom.loss import SMALLEST, gives_logits


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


def write_keras_file(model: TrainedCustomModel, path: Path) -> None:
    """Writes the user's model as a Keras file, which loads where its modules are imported.

    Raises:
        InputError: as ``built_with_weights``, or where Keras cannot save the model or load what it saved.
    """
    built = built_with_weights(model)
    tokens = example_tokens(model.facts, built.length)
    expected = np.asarray(built.model(tokens, training=False))
    try:
        built.model.save(path)
        loaded = keras.saving.load_model(path, compile=False, safe_mode=False)
        found = np.asarray(loaded(tokens, training=False))
    except OSError:
        raise  # the disk's, whatever the layers
    except Exception as error:  # noqa: BLE001  the user's layers
        path.unlink(missing_ok=True)
        classes = {type(layer).__name__ for layer in built.model._flatten_layers() if not _is_of_keras(layer)}
        raise InputError(
            f"Keras cannot save {model.source.name} and load it again ({type(error).__name__}); register "
            f"{' and '.join(sorted(classes)) or 'its layers'} with @keras.saving.register_keras_serializable(), with **kwargs "
            "for super().__init__ and a get_config that has the other arguments, or export a saved_model",
            option="kind",
            value="keras",
        ) from None
    if found.shape != expected.shape or not np.allclose(found, expected, atol=1e-5):
        path.unlink()
        raise InputError(
            f"what Keras loads again of {model.source.name} gives other answers: its layers do not save all that they are made "
            "of; export a saved_model",
            option="kind",
            value="keras",
        )


def _is_of_keras(layer: Any) -> bool:
    return type(layer).__module__.partition(".")[0] == "keras"


class CustomNetwork(tf.Module):
    """The model without what only training needs. Each text is padded as it was in training, whatever the batch.

    Attributes:
        lengths: ascending; a text is padded to the first that holds it.
    """

    def __init__(self, model: TrainedCustomModel) -> None:
        super().__init__()
        built = built_with_weights(model)
        self._model = built.model
        # Dropout within cells and layers of the user's read the states of their random generators even where they draw nothing.
        # Keras does not lay them where a SavedModel looks for variables.
        self._variables = [variable.value for variable in built.model.variables]
        self.lengths, self._width = built.lengths, built.outputs
        self._vocabulary = model.facts.vocabulary_size

    def probabilities(self, tokens: Any, lengths: Any) -> tuple[Any, Any]:
        """Return the class of each text, int32 ``[batch]``, and float32 ``[batch, classes]``, rows of which add up to 1.

        Args:
            tokens: int32 ``[batch, time]``, padded with 0 on the right, time at least 1; ids that the model does not know
                count as unknown, and what is longer than in training is cut.
            lengths: int32 ``[batch]``, tokens in each row, at least 1.
        """
        return self._answers(self._outputs(self._known(tokens), lengths))

    def of_one_length(self, tokens: Any) -> tuple[Any, Any]:
        """``probabilities`` of texts that are padded to the same length: that of the longest. Without loops over lengths.

        Args:
            tokens: int32 ``[batch, time]``, padded with 0 on the right; a text without tokens is the token unknown.
        """
        longest, fixed = self.lengths[-1], len(self.lengths) == 1
        found = tf.reduce_sum(tf.cast(tokens != PADDING_ID, tf.int32), 1)
        # What converters know: no search in a sorted list, and constants within the function.
        lengths = tf.constant(self.lengths)
        enough = tf.where(lengths >= tf.minimum(tf.reduce_max(found), longest), lengths, longest)
        width = longest if fixed else tf.reduce_min(enough)
        padded = tf.pad(tokens, [[0, 0], [0, longest]])[:, :width]
        first = tf.range(tf.shape(padded)[1])[None] == 0
        padded = tf.where((found[:, None] == 0) & first, UNKNOWN_ID, padded)
        padded = self._known(padded)
        padded.set_shape(
            [None, longest if fixed else None]
        )  # tf.ensure_shape would be an operator, which LiteRT has not
        return self._answers(tf.cast(self._model(padded, training=False), tf.float32))

    def _known(self, tokens: Any) -> Any:
        return tf.where((tokens >= 0) & (tokens < self._vocabulary), tokens, UNKNOWN_ID)

    def _answers(self, outputs: Any) -> tuple[Any, Any]:
        """Classes and probabilities from what the model gives."""
        logits = gives_logits(self._model)
        if self._width == 1:
            likely = tf.sigmoid(outputs) if logits else outputs
            return tf.cast(likely[:, 0] > 0.5, tf.int32), tf.concat([1.0 - likely, likely], 1)
        if logits:
            return tf.argmax(outputs, 1, output_type=tf.int32), tf.nn.softmax(outputs)
        # As in training: what does not add up to 1, such as sigmoids of several outputs, counts as shares.
        likely = tf.clip_by_value(outputs, SMALLEST, 1 - SMALLEST)
        return tf.argmax(outputs, 1, output_type=tf.int32), likely / tf.reduce_sum(likely, 1, keepdims=True)

    def _outputs(self, tokens: Any, lengths: Any) -> Any:
        """What the model gives, ``[batch, outputs]``: the texts of each padded length together."""
        boundaries, longest, rows = tf.constant(self.lengths), self.lengths[-1], tf.shape(tokens)[0]
        tokens = tf.pad(tokens[:, :longest], [[0, 0], [0, tf.maximum(0, longest - tf.shape(tokens)[1])]])
        bucket = tf.searchsorted(boundaries, tf.minimum(lengths, longest))
        fixed = longest if len(self.lengths) == 1 else None
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

        return tf.while_loop(lambda number, _: number < len(self.lengths), there_are, (tf.constant(0), outputs))[1]
